"""Reviews that develop people: a balanced set of measures, each beside peers, and what might help."""

from perflib.metrics.review.areas import AREAS
from perflib.metrics.review.audit import audit, reweighted
from perflib.metrics.review.beside import Beside, beside, flagged, repeated
from perflib.metrics.review.choices import choices
from perflib.metrics.review.development import course, development, plan, suggested
from perflib.metrics.review.moves import adaptability, moved
from perflib.metrics.review.page import Areas, areas, card, weights
from perflib.metrics.review.praise import standouts
from perflib.metrics.review.standing import shown, standing

__all__ = [
    "AREAS",
    "Areas",
    "Beside",
    "adaptability",
    "areas",
    "audit",
    "beside",
    "card",
    "choices",
    "course",
    "development",
    "flagged",
    "moved",
    "plan",
    "repeated",
    "reweighted",
    "shown",
    "standing",
    "standouts",
    "suggested",
    "weights",
]
