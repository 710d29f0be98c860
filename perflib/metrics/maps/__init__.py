"""Where? Rates, changes with their evidence and response times on the department's own districts or beats."""

from perflib.metrics.maps.boundaries import Boundaries, boundaries
from perflib.metrics.maps.shaded import change_map, rate_map, response_map

__all__ = ["Boundaries", "boundaries", "change_map", "rate_map", "response_map"]
