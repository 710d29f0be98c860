"""What searches find: plain counts, hit rates, and the threshold test that hit rates need beside them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.stops.scope import (
    Counted,
    by_place,
    counted,
    not_assessable,
    recording,
    reference_of,
    refused,
    rules,
)
from perflib.models.disparity import Estimates, outcome_test, pooled, threshold_test, within_places
from perflib.privacy.people import people
from perflib.result import Result
from perflib.words import stops as words

NEEDED = ("searched", "contraband")
COUNTED = ("stops", "searches", "hits")
_RESTS = (("stops", "searches"), ("searches", "hits"))


def totals(dept: Department, by: str = "subject_race", *, place: str = "district") -> Result:
    """Stops, searches and finds of each group with at least 100 stops; pat-downs where no search is recorded.

    Result ``totals`` with a row per group: ``stops``, ``searches``, ``unsearched``, ``hits``, ``nothing`` (searches
    without a find), ``search_share``, ``find_share``, over the stops that the tests of searches use; or ``stops``,
    ``frisks``, ``unfrisked``, ``frisk_share`` over the stops that record a pat-down. Facts: sums of these.
    """
    parts = [("stops", "searches", "unsearched", "search_share"), ("searches", "hits", "nothing", "find_share")]
    if not refused(dept, "", by, (*NEEDED, place)):
        cells = searched(dept, by, place)
    elif reason := refused(dept, "", by, ("frisked", place)):
        return not_assessable("totals", reason)
    else:
        known, _ = recording(dept, ["frisked"])
        cells = counted(known, by, place, ["frisked"], kinds=rules(dept).search_kinds, unplaced=words.UNPLACED)
        cells.rows.rename(columns={"frisked": "frisks"}, inplace=True)
        parts = [("stops", "frisks", "unfrisked", "frisk_share")]
    table = cells.rows.drop(columns="place").groupby("group", as_index=False).sum()
    if table.empty:
        return not_assessable("totals", "no group has enough stops")
    for whole, part, rest, share in parts:
        table[rest] = table[whole] - table[part]
        table[share] = (table[part] / table[whole]).where(table[whole] > 0)
    counts = ("stops", *(name for _, part, rest, _ in parts for name in (part, rest)))
    shares = tuple(share for *_, share in parts)
    facts = {name: int(table[name].sum()) for name in counts}
    return Result(
        "totals",
        table[["group", *counts, *shares]],
        facts=facts,
        people=people(dept.settings, "stops", ("group",), counts, own=shares, facts=counts),
        words=partial(words.totals, left=cells.caveats()),
    )


def outcome(dept: Department, by: str = "subject_race", *, place: str = "district", reference: str = "") -> Result:
    """Finds per search by group, and how they differ from the reference group's within places.

    Result ``outcome`` with a row per group: ``searches``, ``hits``, ``nothing`` (searches without a find),
    ``hit_rate`` (``hit_share`` with its Wilson interval), and in points against the reference ``difference`` within
    places (``low``, ``high``; ``within_places`` of the models, weights ``overlap``) and ``together``, with nothing
    held fixed. Facts as ``outcome_test``, with ``reference``, ``differences``, ``places`` (differences of
    districts with 50 searches of both groups), ``stops``, ``searches``, ``hits``.
    """
    cells = _searches(dept, "outcome", by, place)
    if isinstance(cells, str):
        return not_assessable("outcome", cells)
    rows = cells.rows[cells.rows.groupby("group")["searches"].transform("sum") > 0]
    test = outcome_test(rows)
    if test.reason:
        return not_assessable("outcome", test.reason)
    base = reference_of(dept, rows, by, reference)
    others = [group for group in test.table["group"] if group != base]
    among: dict[str, Any] = {"reference": base, "of": "searches", "count": "hits"}
    differences = {
        group: {
            "within": within_places(rows, focus=group, **among).facts(),
            "pooled": pooled(rows, focus=group, **among).facts(),
        }
        for group in others
    }
    safe = {"reference": base, "kinds": list(cells.kinds), **_sums(cells.rows)}
    facts = {**test.facts, "differences": differences, "places": by_place(rows, others, base, **_OF), **safe}
    own = ("hit_rate", "hit_share", "hit_share_low", "hit_share_high")
    about = people(
        dept.settings,
        "stops",
        ("group",),
        ("searches", "hits", "nothing"),
        own=own,
        against=_AGAINST,
        reference=base,
        rounded=_AGAINST,
        facts=tuple(safe),
        again=partial(_outcome_again, others=others, base=base),
        parts=_parts(dept, rows),
    )
    chart = Chart(
        "dots",
        "group",
        "difference",
        "low",
        "high",
        marks={
            "target": 0.0,
            "target_words": "no difference",
            "label": "in the same district",
            "also": [
                {"y": "together", "low": "together_low", "high": "together_high", "label": "all districts together"}
            ],
        },
        y_label=f"Finds per 100 searches, less those of {words.people(base)}",
    )
    table = _outcome_table(test.table, differences)[["group", "searches", "hits", "nothing", *own, *_AGAINST]]
    return Result("outcome", table, facts=facts, chart=chart, people=about, words=words.outcome)


_OF: dict[str, Any] = {"of": "searches", "count": "hits"}
_ENDS = {"difference": "value", "low": "low", "high": "high"}
_ENDS_TOGETHER = {"together": "value", "together_low": "low", "together_high": "high"}
_AGAINST = (*_ENDS, *_ENDS_TOGETHER)


def _outcome_table(test: pd.DataFrame, differences: Mapping[str, Any]) -> pd.DataFrame:
    table = test.rename(columns={"low": "hit_share_low", "high": "hit_share_high"})
    table = table.assign(nothing=table["searches"] - table["hits"], hit_share=table["hit_rate"])
    for kind, ends in (("within", _ENDS), ("pooled", _ENDS_TOGETHER)):
        for name, key in ends.items():
            values = {group: 100 * each[kind][key] for group, each in differences.items()}
            table[name] = table["group"].map(values)
    return table


def _outcome_again(table: pd.DataFrame, cells: pd.DataFrame, *, others: list[str], base: str) -> dict[str, Any]:
    table = table[table["searches"].notna()]
    rows = {row["group"]: row for row in table.to_dict("records") if row["group"] != base}
    differences = {
        group: {
            kind: {key: row[name] / 100 for name, key in ends.items()}
            for kind, ends in (("within", _ENDS), ("pooled", _ENDS_TOGETHER))
        }
        for group, row in rows.items()
    }
    return {
        "hit_rates": table.set_index("group")["hit_rate"].to_dict(),
        "within_places": None,
        "reversed": None,
        "differences": differences,
        "places": by_place(cells, others, base, **_OF),
    }


def threshold(
    dept: Department,
    by: str = "subject_race",
    *,
    place: str = "district",
    reference: str = "",
    draws: int = 1500,
    warmup: int = 500,
    seed: int = 0,
) -> Result:
    """The chance of a find at which officers search, by group and place. Result ``threshold`` as ``threshold_test``.

    Where the sampler has not settled it draws once more with four times the draws; where it still has not, the test is
    not assessable. ``threshold_share`` repeats ``threshold`` with its interval for print. Further facts: ``below``
    (rows whose interval ends below the start of the reference group's at the same place) and sums of counts.
    """
    cells = _searches(dept, "threshold", by, place)
    if isinstance(cells, str):
        return not_assessable("threshold", cells)
    base = reference_of(dept, cells.rows, by, reference)
    test = _settled(cells.rows, base, draws, warmup, seed)
    if test.reason:
        return not_assessable("threshold", test.reason)
    shares = {"threshold_share": "threshold", "search_share": "search_rate", "hit_share": "hit_rate"}
    ends = {"low": "threshold_share_low", "high": "threshold_share_high"}
    table = test.table.assign(**{name: test.table[column] for name, column in shares.items()}).rename(columns=ends)
    safe = {"kinds": list(cells.kinds), **_sums(cells.rows)}
    facts = {**test.facts, "below": _below(table, base), **safe}
    about = people(
        dept.settings,
        "stops",
        ("place", "group"),
        COUNTED,
        across="group",
        rests=_RESTS,
        own=("search_rate", "hit_rate", "search_share", "hit_share"),
        rounded=("threshold", "threshold_share", *ends.values(), "thresholds", "differences", "hit_misfit"),
        facts=("reference", "settled", "divergences", "draws", *safe),
        again=partial(_below_again, base=base),
    )
    chart = Chart(
        "dots",
        "place",
        "threshold_share",
        ends["low"],
        ends["high"],
        by="group",
        y_label="Chance of a find at which officers search",
    )
    return Result("threshold", table, facts=facts, chart=chart, people=about, words=words.threshold)


def _settled(rows: pd.DataFrame, base: str, draws: int, warmup: int, seed: int) -> Estimates:
    """The threshold test, drawn longer where it has not settled; without an answer where that does not help."""
    for times in (1, 4):
        test = threshold_test(rows, reference=base, draws=times * draws, warmup=min(times, 2) * warmup, seed=seed)
        if test.reason or test.facts["settled"]:
            return test
    health = f"R-hat {test.facts['rhat']:.3f}, effective draws {test.facts['ess']:.0f}"
    return Estimates(reason=f"the sampler has not settled ({health}): give more draws")


def _below(table: pd.DataFrame, base: str) -> list[Any]:
    other = table[table["group"] == base].set_index("place")[["threshold", "threshold_share_low"]]
    pairs = table.join(other.set_axis(["other", "other_low"], axis=1), on="place")
    lower = pairs["threshold_share_high"] < pairs["other_low"]
    return pairs.loc[lower, ["place", "group", "threshold", "other"]].to_dict("records")


def _below_again(table: pd.DataFrame, base: str) -> dict[str, Any]:
    return {"below": _below(table, base)}


def _searches(dept: Department, test: str, by: str, place: str) -> Counted | str:
    """Stops, searches and hits by place and group, or why they cannot be had."""
    if reason := refused(dept, test, by, (*NEEDED, place)):
        return reason
    cells = searched(dept, by, place)
    return cells if cells.rows["searches"].sum() > 0 else "no search is recorded"


def searched(dept: Department, by: str, place: str) -> Counted:
    """``stops``, ``searches`` and ``hits`` by place and group, of stops that record searches and finds, as ``counted``.

    A find without a search is not counted.
    """
    known, _ = recording(dept, NEEDED)
    cells = counted(known, by, place, NEEDED, kinds=rules(dept).search_kinds)
    rows = cells.rows.rename(columns={"searched": "searches", "contraband": "hits"})
    extra = int((rows["hits"] - rows["searches"]).clip(lower=0).sum())
    rows["hits"] = rows[["hits", "searches"]].min(axis=1)
    return Counted(rows, {**cells.left_out, "find_without_search": extra}, by, cells.kinds)


def _parts(dept: Department, rows: pd.DataFrame) -> tuple[Any, ...]:
    """The counts by district that facts are made of, and that they are counts of people."""
    about = people(dept.settings, "stops", ("place", "group"), COUNTED, across="group", rests=_RESTS)
    return ((rows, about),) if about else ()


def _sums(rows: pd.DataFrame) -> dict[str, int]:
    return {count: int(rows[count].sum()) for count in COUNTED}
