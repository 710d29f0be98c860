"""What a comparison concludes, as codes; words are made from them later, in one place."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The conclusion of one comparison.

    ``HIGHER`` and ``LOWER``: than peers, a baseline or an earlier period, by more than chance under the stated rule.
    ``NO_CHANGE``: assessed, and not shown to differ. ``NOT_ASSESSABLE``: the records cannot carry the comparison.
    ``NOT_SHOWN``: a pattern was looked for and not shown to exist. ``SEASONAL``, ``CHANGED``: a pattern or a mix was.
    ``BORDERLINE``: the answer depends on a choice that others could make differently.
    """

    HIGHER = "higher"
    LOWER = "lower"
    NO_CHANGE = "no_change"
    CHANGED = "changed"
    SEASONAL = "seasonal"
    NOT_SHOWN = "not_shown"
    BORDERLINE = "borderline"
    NOT_ASSESSABLE = "not_assessable"
