"""What searches find: hit rates by group, over all places and within them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from perflib.models.disparity.rows import Estimates, counts
from perflib.models.disparity.within import within_places
from perflib.rates import wilson


def outcome_test(frame: pd.DataFrame, *, level: float = 0.95) -> Estimates:
    """Hit rates by group, pooled and within places, with intervals.

    ``frame`` has one row per place and group: ``place``, ``group``, ``searches``, ``hits``. The rate within places
    weights each place by its searches of all groups, over the places where every group was searched. The table has one
    row per group: ``searches``, ``hits``, ``hit_rate``, ``low``, ``high`` (Wilson), ``within_places``.
    Facts: ``reversed``, pairs whose pooled and within-place differences have opposite signs (Simpson's paradox), and
    ``clearly_reversed``, those whose difference within places (``within_places``, weights ``overlap``) is clear.
    Raises InputError for impossible counts. Sources: Becker 1957; Ayres 2002; Knowles, Persico and Todd 2001, JPE 109.
    """
    rows = counts(frame, ("searches", "hits"))
    total = rows.groupby("group")[["searches", "hits"]].sum()
    if len(total) < 2 or (total["searches"] == 0).any():
        return Estimates(reason="fewer than two groups, or a group that was never searched")
    low, high = wilson(total["hits"], total["searches"], level)
    table = total.assign(hit_rate=total["hits"] / total["searches"], low=low, high=high, within_places=_within(rows))
    rates = table[["hit_rate", "within_places"]]
    gaps = {(a, b): rates.loc[a] - rates.loc[b] for a, b in combinations(table.index, 2)}
    reversals = [[a, b] for (a, b), gap in gaps.items() if gap.prod(skipna=False) < 0]
    facts = {
        "hit_rates": table["hit_rate"].to_dict(),
        "within_places": table["within_places"].to_dict(),
        "reversed": reversals,
        "clearly_reversed": [[a, b] for a, b in reversals if _clearly(rows, gaps[a, b]["hit_rate"], a, b, level)],
    }
    return Estimates(table.reset_index(), facts)


def _within(rows: pd.DataFrame) -> pd.Series:
    """Hit rates at equal shares of places, over places where every group was searched; missing without any."""
    groups = rows["group"].nunique()
    searched = rows[rows["searches"] > 0]
    common = searched[searched.groupby("place")["group"].transform("size") == groups]
    if common.empty:
        return pd.Series(np.nan, index=sorted(rows["group"].unique()))
    weight = common.groupby("place")["searches"].transform("sum")
    rate = weight * common["hits"] / common["searches"]
    return rate.groupby(common["group"]).sum() / weight.groupby(common["group"]).sum()


def _clearly(rows: pd.DataFrame, gap: float, a: str, b: str, level: float) -> bool:
    """Whether the interval of the difference within places lies wholly on the other side of 0 than the pooled one."""
    inside = within_places(rows, focus=a, reference=b, of="searches", count="hits", level=level)
    return bool(inside.high < 0 if gap > 0 else inside.low > 0)
