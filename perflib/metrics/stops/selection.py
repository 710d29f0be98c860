"""What stops themselves hide: bounds on a difference in what happens after a stop, when some stops are undue."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.stops.scope import (
    by_place,
    compared,
    counted,
    not_assessable,
    recording,
    reference_of,
    refused,
    rules,
)
from perflib.models.disparity import Bounded, bounds_within, pooled, within_places
from perflib.privacy.people import People, people
from perflib.result import Result
from perflib.words import stops as words

UNDUE = (0.0, 0.05, 0.10, 0.20, 0.30)
_BOUNDS = ("lower", "upper", "own")
_OF: dict[str, Any] = {"of": "stops", "count": "led"}


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
    50 stops of each), ``rows`` (``undue``, ``att``, ``low``, ``high``).
    """
    outcome = outcome or next((name for name in words.DID if dept.has("stops", name)), "searched")
    if reason := refused(dept, "selection", by, (outcome, place)):
        return not_assessable("selection", reason)
    known, unknown = recording(dept, [outcome])
    kinds = () if outcome == "arrested" else rules(dept).search_kinds
    cells = counted(known, by, place, [outcome], kinds=kinds, unplaced=words.UNPLACED)
    rows = cells.rows.rename(columns={outcome: "led"})
    total = rows.groupby("group")[["stops", "led"]].sum()
    if len(total) < 2:
        return not_assessable("selection", "fewer than two groups have enough stops")
    base = reference_of(dept, rows, by, reference)
    group = compared(rows, focus or str(total["stops"].drop(base).sort_values(kind="stable").index[-1]), "focus")
    among: dict[str, Any] = {"focus": group, "reference": base, **_OF}
    within = within_places(rows, weights="all", **among)
    if not within.places:
        return not_assessable("selection", "no district has stops of both groups")
    bounds = [bounds_within(rows, undue=share, **among) for share in UNDUE]
    rates = total.assign(share=total["led"] / total["stops"]).loc[[group, base]]
    facts = {
        "outcome": outcome,
        "focus": group,
        "reference": base,
        "observed": within.value,
        "within": within.facts(),
        "together": pooled(rows, **among).facts(),
        "rates": {name: {**row, "stops": int(row["stops"]), "led": int(row["led"])} for name, row in rates.T.items()},
        "rows": [{"undue": b.undue, "att": b.own[0], "low": b.lower[0], "high": b.upper[0]} for b in bounds],
        **_districts(rows, (group, base)),
    }
    chart = Chart(
        "dots",
        "assumed",
        "lower",
        "lower_low",
        "lower_high",
        marks={
            "target": 0.0,
            "target_words": "no difference",
            "label": "lower bound",
            "also": [{"y": "upper", "low": "upper_low", "high": "upper_high", "label": "upper bound"}],
        },
        y_label=f"Points, {words.people(group)} less {words.people(base)}; whiskers are sampling error",
    )
    return Result(
        "selection",
        _table(bounds),
        facts=facts,
        chart=chart,
        people=_people(dept, rows, (group, base)),
        words=partial(
            words.selection,
            left=words.left_out({"outcome_unknown": unknown}, by, kinds, words.DID.get(outcome, outcome)),
        ),
    )


def _people(dept: Department, rows: pd.DataFrame, groups: tuple[str, str]) -> People | None:
    """Nothing is shown where the totals of a group are small; where a district's are, estimates are rounded."""
    rest = (("stops", "led"),)
    total = rows.groupby("group", as_index=False)[["stops", "led"]].sum()
    whole = people(dept.settings, "stops", ("group",), ("stops", "led"), rests=rest, needs=groups)
    cells = people(dept.settings, "stops", ("place", "group"), ("stops", "led"), across="group", rests=rest)
    if whole is None or cells is None:
        return None
    columns = tuple(f"{name}{end}" for name in _BOUNDS for end in ("", "_low", "_high"))
    return people(
        dept.settings,
        "stops",
        ("assumed",),
        (),
        rounded=(*columns, "observed", "within", "together", "rows"),
        parts=((total, whole), (rows, cells)),
        again=partial(_again, groups=groups),
    )


def _again(table: pd.DataFrame, total: pd.DataFrame, rows: pd.DataFrame, *, groups: tuple[str, str]) -> dict[str, Any]:
    return _districts(rows, groups)


def _districts(rows: pd.DataFrame, groups: tuple[str, str]) -> dict[str, Any]:
    """``places``: the difference in each district with enough stops of both groups, smallest first; ``unplaced``: the
    stops that record no district."""
    unplaced = rows["place"] == words.UNPLACED
    places = by_place(rows[~unplaced], groups[:1], groups[1], **_OF)
    stops = rows.loc[unplaced & rows["group"].isin(groups), "stops"]
    return {"places": sorted(places, key=lambda each: each["value"]), "unplaced": int(stops.sum())}


def _table(bounds: Sequence[Bounded]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "assumed": f"{each.undue:.0%} undue",
            **{
                name + end: 100 * value
                for name in _BOUNDS
                for end, value in zip(("", "_low", "_high"), getattr(each, name), strict=True)
            },
        }
        for each in bounds
    )
