"""How long until it ends, and how: competing ends, cases still open, and comparisons at equal circumstances."""

from perflib.models.survival.cox import cox
from perflib.models.survival.hazard import hazard_ratios
from perflib.models.survival.incidence import cumulative_incidence

__all__ = ["cox", "cumulative_incidence", "hazard_ratios"]
