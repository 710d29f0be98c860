"""What a comparison concludes, as codes; sentences are made from them later, in one place."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The conclusion of one comparison.

    ``HIGHER`` and ``LOWER``: than peers or a baseline, by more than chance under the stated rule; ``AS_PEERS``:
    assessed, and not shown to differ from them. ``CHANGED`` and ``AS_BEFORE``: the same against an earlier period.
    ``UP``, ``DOWN`` and ``NO_CHANGE``: a count against the count expected; ``TOO_FEW``: of too few events to say.
    ``SEASONAL`` and ``NOT_SHOWN``: a pattern was looked for, and shown or not. ``NOT_ASSESSABLE``: the records cannot
    carry the comparison.
    """

    HIGHER = "higher"
    LOWER = "lower"
    AS_PEERS = "as peers"
    CHANGED = "changed"
    AS_BEFORE = "as before"
    SEASONAL = "seasonal"
    NOT_SHOWN = "not shown"
    UP = "up"
    DOWN = "down"
    NO_CHANGE = "no clear change"
    TOO_FEW = "too few events"
    NOT_ASSESSABLE = "not assessable"


#: the verdicts about an officer that ask for a review
FLAGS = (Verdict.HIGHER, Verdict.LOWER)
#: the verdicts that a count changed
CHANGES = (Verdict.UP, Verdict.DOWN)
