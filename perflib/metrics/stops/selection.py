"""What stops themselves hide: bounds on a difference in what happens after a stop, when some stops are undue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.stops import hiding, words
from perflib.metrics.stops.districts import by_place
from perflib.metrics.stops.scope import Counted, base_of, compared, counted, refused, rules, silent
from perflib.models.disparity import Bounded, Difference, bounds_within, pooled, within_places
from perflib.result import Result

TITLE = "What could selection into stops hide?"
METHOD = (
    "Bounds under selection into stops (Knox, Lowe and Mummolo 2020) within districts, weighted by the stops of "
    "both groups, for several assumed shares of undue stops; sampling intervals from Wilson limits (Newcombe "
    "1998; Zou and Donner 2008)."
)
UNDUE = (0.0, 0.05, 0.10, 0.20, 0.30)
OUTCOMES = words.DID
_ENDS = {"lower": "Lower bound, points", "upper": "Upper bound, points", "own": "Among the group's own stops, points"}


def selection(
    dept: Department,
    by: str = "subject_race",
    *,
    outcome: str = "",
    reference: str = "",
    focus: str = "",
    place: str = "district",
) -> Result:
    """Bounds of the difference in ``outcome`` (searched, frisked or arrested) between ``focus`` and ``reference``.

    ``outcome``: the first of these that the stops record. ``reference``: as the department file says,
    else the group with most stops; ``focus``: the largest other one. Within a stop recorded for no reason but the
    person's group nothing can be compared; how many such stops there are these records cannot show, so bounds are given
    for several shares, taken within districts (``bounds_within``); stops without a district are a stratum of their own.

    Result ``selection``, a row per share: ``assumed``, and in points with sampling limits ``lower`` and ``upper`` (of
    the effect among all stops) and ``own`` (the effect among the group's own stops, a point given the share). Facts:
    ``within`` and ``together`` (difference as recorded, in the same district, weighted by stops, and with nothing held
    fixed), ``observed`` (the value of ``within``), ``rates`` of both groups, ``places`` (differences of districts with
    50 stops of each), ``rows`` (``undue``, ``att``, ``low``, ``high``). Not assessable where counts are too small.
    """
    found = outcome or next((name for name in OUTCOMES if dept.has("stops", name)), "searched")
    if reason := refused(dept, "selection", by, (found, place)):
        return silent("selection", reason, TITLE, METHOD)
    held = _recorded(dept, by, place, found)
    groups = held.rows.groupby("group")["stops"].sum()
    if len(groups) < 2:
        return silent("selection", "fewer than two groups have enough stops", TITLE, METHOD)
    base = base_of(dept, held.rows, by, reference)
    other = focus or str(groups.drop(index=base).sort_values(kind="stable").index[-1])
    compared(held.rows, other, "focus")
    smallest = hiding.least(dept.settings, "stops")
    if not _shown(held.rows, (other, base), smallest):
        return silent(
            "selection",
            f"too few stops of {words.people(other)} or {words.people(base)} led to "
            f"{OUTCOMES.get(found, found)}, or did not, for their counts to be shown",
            TITLE,
            METHOD,
        )
    among: dict[str, Any] = {"focus": other, "reference": base, "of": "stops", "count": "led"}
    within = within_places(held.rows, weights="all", **among)
    if not within.places:
        return silent("selection", "no district has stops of both groups", TITLE, METHOD)
    told = [bounds_within(held.rows, undue=each, **among) for each in UNDUE]
    facts = {
        "outcome": found,
        **_facts(held.rows, within, pooled(held.rows, **among), told, (other, base)),
        "places": _places(held.rows, other, base, smallest),
    }
    return _tell(told, facts, held.caveats())


def _recorded(dept: Department, by: str, place: str, found: str) -> Counted:
    """Stops that record the outcome, and how many ``led`` to it, by place and group."""
    known = dept.stops.filter(dept.stops[found].notnull())
    unknown = int(dept.stops.count().execute()) - int(known.count().execute())
    held = counted(
        replace(dept, tables={**dept.tables, "stops": known}),
        by,
        place,
        (found,),
        unplaced=words.UNPLACED,
        kinds=() if found == "arrested" else rules(dept).search_kinds,
    )
    rows = held.rows.rename(columns={found: "led"})
    return Counted(rows, {**held.left_out, f"that do not record {OUTCOMES.get(found, found)}": unknown})


def _shown(rows: pd.DataFrame, groups: Sequence[str], smallest: int) -> bool:
    """Whether the counts of both groups may be shown beside those of the others."""
    total = rows.groupby("group", as_index=False)[["stops", "led"]].sum()
    total = total.assign(rest=total["stops"] - total["led"])
    gone = hiding.lists(total, ("stops", "led", "rest"), smallest)
    return not bool(total.loc[gone, "group"].isin(groups).any())


def _facts(
    rows: pd.DataFrame, within: Difference, together: Difference, told: Sequence[Bounded], groups: tuple[str, str]
) -> dict[str, Any]:
    total = rows.groupby("group")[["stops", "led"]].sum()
    stops, led = total["stops"].to_dict(), total["led"].to_dict()
    rates = {
        group: {"stops": int(stops[group]), "led": int(led[group]), "share": float(led[group] / stops[group])}
        for group in groups
    }
    unplaced = rows[(rows["place"] == words.UNPLACED) & rows["group"].isin(groups)]
    return {
        "focus": groups[0],
        "reference": groups[1],
        "observed": within.value,
        "within": within.facts(),
        "together": together.facts(),
        "rates": rates,
        "unplaced": int(unplaced["stops"].sum()),
        "rows": [
            {"undue": each.undue, "att": each.own[0], "low": each.lower[0], "high": each.upper[0]} for each in told
        ],
    }


def _places(rows: pd.DataFrame, focus: str, base: str, smallest: int) -> list[dict[str, Any]]:
    """The difference in each district with enough stops of both groups whose counts may be shown, smallest first."""
    rest = rows.assign(rest=rows["stops"] - rows["led"])
    gone = hiding.cells(rest, ("stops", "led", "rest"), smallest)
    found = by_place(rows[~gone & (rows["place"] != words.UNPLACED)], (focus,), base, of="stops", count="led")
    return sorted(found, key=lambda each: each["value"])


def _tell(told: Sequence[Bounded], facts: dict[str, Any], more: list[str]) -> Result:
    rows = [
        {
            "assumed": f"{each.undue:.0%} undue",
            **{
                name + end: 100 * value
                for name in _ENDS
                for end, value in zip(("", "_low", "_high"), getattr(each, name), strict=True)
            },
        }
        for each in told
    ]
    last = rows[-1]
    group, base = words.people(facts["focus"]), words.people(facts["reference"])
    answer = (
        f"{words.selection(facts)} All districts together {words.between(facts['together'])}. If "
        f"{told[-1].undue:.0%} of the stops of {group} were undue, the difference among all stops of both groups "
        f"would lie between {last['lower']:+.1f} and {last['upper']:+.1f} points (with sampling error "
        f"{last['lower_low']:+.1f} to {last['upper_high']:+.1f})."
    )
    caveats = [
        f"Assumes that nobody is stopped only for being among {base}, that undue stops are not the more severe ones, "
        "that circumstances are alike within a district, and the stated share of undue stops, which these records "
        "cannot show: try several. Only the district is held fixed: not the hour, the reason or the place within it.",
        f"The effect among the stops of {group} weights districts by these, the bounds by the stops of both groups: "
        "where districts differ, so do the two.",
    ]
    if facts["unplaced"]:
        caveats.append(
            f"{facts['unplaced']:,} of these stops record no district: they are a stratum of their own, "
            "within which no place is held fixed."
        )
    chart = Chart(
        "dots",
        "assumed",
        "lower",
        "lower_low",
        "lower_high",
        alt=answer,
        marks={
            "target": 0.0,
            "target_words": "no difference",
            "label": "lower bound",
            "also": [{"y": "upper", "low": "upper_low", "high": "upper_high", "label": "upper bound"}],
        },
        y_label=f"Points, {group} less {base}; whiskers are sampling error",
    )
    return Result(
        "selection",
        pd.DataFrame(rows),
        TITLE,
        answer,
        METHOD,
        [*caveats, *more],
        facts,
        chart,
        {"assumed": "Assumed", **_ENDS},
    )
