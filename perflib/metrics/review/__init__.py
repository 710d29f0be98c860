"""Reviews that develop people: a balanced set of measures, each against peers, and what might help."""

import warnings

from perflib.metrics.review.agreement import OtherComparisons, flagged, other_comparisons, repeated
from perflib.metrics.review.areas import AREAS
from perflib.metrics.review.audit import audit, reweighted
from perflib.metrics.review.card import Areas, areas, card, weights
from perflib.metrics.review.changes import adaptability, moved
from perflib.metrics.review.choices import choices
from perflib.metrics.review.development import course, development, plan, suggested
from perflib.metrics.review.ruled_out import ruled_out, shareable
from perflib.metrics.review.standouts import standouts

__all__ = [
    "AREAS",
    "Areas",
    "OtherComparisons",
    "adaptability",
    "areas",
    "audit",
    "card",
    "choices",
    "course",
    "development",
    "flagged",
    "moved",
    "other_comparisons",
    "plan",
    "repeated",
    "reweighted",
    "ruled_out",
    "shareable",
    "standouts",
    "suggested",
    "weights",
]

_OLD_NAMES = {"beside": "other_comparisons", "standing": "ruled_out", "shown": "shareable"}


def __getattr__(name: str) -> object:
    """Old names of functions, which notebooks copied earlier still call; they warn."""
    if name not in _OLD_NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(f"review.{name} is now review.{_OLD_NAMES[name]}", DeprecationWarning, stacklevel=2)
    return globals()[_OLD_NAMES[name]]
