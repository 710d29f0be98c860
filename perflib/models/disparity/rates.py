"""Rates that describe: against a benchmark, and what searches find; each with what it assumes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.figures import Chart
from perflib.models.disparity.rows import counts
from perflib.models.disparity.within import within_places
from perflib.rates import poisson_limits, wilson
from perflib.result import Result


def outcome_test(frame: pd.DataFrame, *, level: float = 0.95, name: str = "outcome_test") -> Result:
    """Hit rates by group, pooled and within places, with intervals.

    ``frame`` has one row per place and group: ``place``, ``group``, ``searches``, ``hits``. The rate within places
    weights each place by its searches of all groups, over the places where every group was searched. Returns a Result
    with one row per group: ``searches``, ``hits``, ``hit_rate``, ``low``, ``high`` (Wilson), ``within_places``.
    Facts: ``reversed``, pairs whose pooled and within-place differences have opposite signs (Simpson's paradox); a
    caveat names those whose difference within places (``within_places``, weights ``overlap``) is clearly the other way.
    Raises InputError for impossible counts. Sources: Becker 1957; Ayres 2002; Knowles, Persico and Todd 2001, JPE 109.
    """
    rows = counts(frame, ("searches", "hits"))
    total = rows.groupby("group")[["searches", "hits"]].sum()
    if len(total) < 2 or (total["searches"] == 0).any():
        return Result.not_assessable(name, "fewer than two groups, or a group that was never searched", title=_HITS)
    low, high = wilson(total["hits"], total["searches"], level)
    table = total.assign(hit_rate=total["hits"] / total["searches"], low=low, high=high, within_places=_within(rows))
    reversed_ = _reversed(table)
    doubts = [
        f"{a} against {b}: over all places together the hit rates differ one way, and within places clearly the "
        "other way (Simpson's paradox): the figure over all places compares places, not groups."
        for a, b in reversed_
        if _clearly(rows, table["hit_rate"], a, b, level)
    ]
    each = [f"{g} {v.hit_rate:.1%} ({v.low:.1%} to {v.high:.1%})" for g, v in table.iterrows()]
    return Result(
        name,
        table.reset_index(),
        _HITS,
        f"Searches that found something: {'; '.join(each)}.",
        "Outcome test (Becker 1957); Wilson intervals.",
        [
            "Assumes that the person at the margin of being searched is like the average one searched. "
            "Where people who carry something stand out more clearly in one group than in another, hit rates "
            "can differ without any bias, or agree despite it: read it with the threshold test.",
            *doubts,
        ],
        {
            "hit_rates": table["hit_rate"].to_dict(),
            "within_places": table["within_places"].to_dict(),
            "reversed": [list(pair) for pair in reversed_],
        },
        Chart("dots", "group", "hit_rate", "low", "high", y_label="Finds per search", alt="; ".join(each)),
    )


_HITS = "Do searches find as much in every group?"


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


def _reversed(table: pd.DataFrame) -> list[tuple[str, str]]:
    names = list(table.index)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    gap = {
        (a, b): table.loc[a, ["hit_rate", "within_places"]] - table.loc[b, ["hit_rate", "within_places"]]
        for a, b in pairs
    }
    return [pair for pair in pairs if gap[pair]["hit_rate"] * gap[pair]["within_places"] < 0]


def _clearly(rows: pd.DataFrame, pooled: pd.Series, a: str, b: str, level: float) -> bool:
    """Whether the interval of the difference within places lies wholly on the other side of 0 than the pooled one."""
    inside = within_places(rows, focus=a, reference=b, of="searches", count="hits", level=level)
    return bool(inside.high < 0 if pooled[a] > pooled[b] else inside.low > 0)


def benchmark(
    stops: Mapping[str, float], population: Mapping[str, float], *, level: float = 0.95, name: str = "stop_benchmark"
) -> Result:
    """Stops per head of a benchmark, by group: a description, not a test.

    ``stops`` are counts, ``population`` the benchmark (residents, drivers, suspects described ...) of the same groups.
    Returns a Result with ``group``, ``stops``, ``benchmark``, ``rate``, ``low``, ``high`` (exact Poisson).
    Raises InputError for groups that differ, or a benchmark that is not positive.
    """
    if set(stops) != set(population):
        raise InputError("stops and population name different groups", choices=sorted(population))
    table = pd.DataFrame(
        {"group": list(stops), "stops": list(stops.values()), "benchmark": [population[g] for g in stops]}
    )
    if not (table["benchmark"] > 0).all() or (table["stops"] < 0).any():
        raise InputError("a benchmark must be positive and stops at least 0", where="population, stops")
    low, high = poisson_limits(table["stops"], level)
    table = table.assign(
        rate=table["stops"] / table["benchmark"], low=low / table["benchmark"], high=high / table["benchmark"]
    )
    each = "; ".join(f"{r.group} {r.rate:.3g} ({r.low:.3g} to {r.high:.3g})" for r in table.itertuples())
    return Result(
        name,
        table,
        "How often is each group stopped, against a benchmark?",
        f"Stops per head: {each}.",
        "Ratio to an external benchmark; Garwood intervals.",
        [
            "Descriptive only: assumes that the benchmark is the population at risk of a stop. Residents are "
            "not those who drive or are out; no difference here shows bias, and no equality its absence."
        ],
        {"rates": dict(zip(table["group"], table["rate"], strict=True))},
        Chart("dots", "group", "rate", "low", "high", y_label="Stops per head of the benchmark", alt=each),
    )
