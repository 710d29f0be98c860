"""Differences of shares with the place held fixed, and the sampling interval of any weighted sum of shares."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.disparity.rows import counts, known_group
from perflib.rates import newcombe

WEIGHTS = ("overlap", "all")


@dataclass(frozen=True)
class Difference:
    """A difference of two shares with its interval, and what it rests on.

    ``value``, ``low``, ``high``: share of the group less that of the reference (missing where no place has both).
    ``places``: in which both are seen. ``group``, ``reference``: their records there.
    """

    value: float
    low: float
    high: float
    places: int
    group: int
    reference: int

    def facts(self) -> dict[str, float | int]:
        """As a plain dictionary."""
        return asdict(self)


def pairs(frame: pd.DataFrame, focus: str, reference: str, of: str, count: str) -> pd.DataFrame:
    """Per place where both groups have records: ``n1``, ``k1`` of ``focus`` and ``n0``, ``k0`` of ``reference``.

    Raises InputError for an unknown group, the same group twice, or impossible counts.
    """
    rows = counts(frame, (of, count))
    groups = rows["group"].unique()
    for name in (focus, reference):
        known_group(name, groups, "focus, reference")
    if focus == reference:
        raise InputError("a group is compared with itself", where="focus, reference")
    one, other = (rows[rows["group"] == name].set_index("place")[[of, count]] for name in (focus, reference))
    both = one.set_axis(["n1", "k1"], axis=1).join(other.set_axis(["n0", "k0"], axis=1), how="inner")
    return both[(both["n1"] > 0) & (both["n0"] > 0)]


def within_places(
    frame: pd.DataFrame,
    *,
    focus: str,
    reference: str,
    of: str,
    count: str,
    weights: str = "overlap",
    level: float = 0.95,
) -> Difference:
    """The difference of ``count / of`` between two groups, taken within each place and then averaged.

    ``frame`` has one row per ``place`` and ``group``. ``weights``: ``overlap`` weights a place by n1 n0 / (n1 + n0)
    (Mantel and Haenszel: little weight where either group is hardly seen), ``all`` by n1 + n0 (the mean over all
    records of both). Places where one group has no record are left out. Raises InputError as ``pairs``.
    """
    if weights not in WEIGHTS:
        raise InputError("no such weights", where="weights", choices=WEIGHTS, found=weights)
    both = pairs(frame, focus, reference, of, count)
    if both.empty:
        return Difference(np.nan, np.nan, np.nan, 0, 0, 0)
    one, other = both["n1"].to_numpy(float), both["n0"].to_numpy(float)
    w = one * other / (one + other) if weights == "overlap" else one + other
    w = w / w.sum()
    found = newcombe(np.append(w, -w), np.append(both["k1"], both["k0"]), np.append(one, other), level)
    return Difference(*found, len(both), int(one.sum()), int(other.sum()))


def pooled(frame: pd.DataFrame, *, focus: str, reference: str, of: str, count: str, level: float = 0.95) -> Difference:
    """As ``within_places`` with nothing held fixed: all places are one."""
    total = counts(frame, (of, count)).groupby("group", as_index=False)[[of, count]].sum()
    return within_places(total.assign(place="all"), focus=focus, reference=reference, of=of, count=count, level=level)
