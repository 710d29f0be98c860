"""What selection into stops hides: bounds on the effect of a group on what happens after a stop."""

from __future__ import annotations

import pandas as pd

from perflib.errors import InputError
from perflib.result import Result


def bounds(reference: float, group: float, *, undue: float, share_reference: float, name: str = "bounds") -> Result:
    """Bounds of the effect of the group on an outcome (force, say) when stops themselves may be biased.

    Parameters
    ----------
    reference, group : share of stops of the reference group, and of the group, with the outcome.
    undue : assumed share of the group's stops that would not have been made of a like person of the reference, [0, 1).
    share_reference : the reference group's share of all stops of both.

    Returns a Result with one row: ``observed`` difference, ``att`` (effect among the group's stops, a point given
    ``undue``) and ``low``, ``high`` of the effect among all stops; facts the same. With ``undue`` 0 all are equal.
    Raises InputError for shares out of range. Source: Knox, Lowe and Mummolo 2020, APSR 114, propositions 1 and 2.
    """
    if not all(0 <= each <= 1 for each in (reference, group, share_reference)) or not 0 <= undue < 1:
        raise InputError("shares must lie between 0 and 1 (undue below 1)",
                         where="reference, group, undue, share_reference")
    observed = group - reference
    att = observed + undue * reference
    low = observed + undue * reference * (1 - share_reference)
    least = max(0.0, (group - (1 - undue)) / undue) if undue else group
    high = low + undue / (1 - undue) * (group - least) * share_reference
    facts = {"observed": observed, "att": att, "low": low, "high": high, "undue": undue}
    return Result(
        name, pd.DataFrame([facts]), "What does selection into stops hide?",
        f"Observed difference {observed:+.1%}; if {undue:.0%} of the group's stops are undue, the effect among all "
        f"stops lies between {low:+.1%} and {high:+.1%}, and among the group's own stops it is {att:+.1%}.",
        "Bounds under selection into stops (Knox, Lowe and Mummolo 2020).",
        ["Assumes that nobody is stopped only for being of the reference group, that undue stops are not the more "
         "severe ones, that circumstances are alike within the stratum, and the stated share of undue stops, which "
         "these records cannot show: try several. Sampling error is not included."], facts)
