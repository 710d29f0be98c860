"""How many stops, searches and finds there are of each group: the plain counts before any test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.metrics.stops import words
from perflib.metrics.stops.scope import counted, refused, rules, silent
from perflib.metrics.stops.searches import NEEDED, searched
from perflib.privacy.people import people
from perflib.result import Result

TITLE = "How many stops, searches and finds are there of each group?"
METHOD = "Counts and shares as recorded; nothing is held fixed."
LABELS = {
    "group": "Group",
    "stops": "Stops",
    "searches": "Searched",
    "unsearched": "Not searched",
    "hits": "Finds",
    "nothing": "Searched, nothing found",
    "search_share": "Of stops, searched",
    "find_share": "Of searches, found",
    "frisks": "Patted down",
    "unfrisked": "Not patted down",
    "frisk_share": "Of stops, patted down",
}


def totals(dept: Department, by: str = "subject_race", *, place: str = "district") -> Result:
    """Stops, searches and finds of each group with at least 100 stops; pat-downs where no search is recorded.

    Result ``totals`` with a row per group: ``stops``, ``searches``, ``unsearched``, ``hits``, ``nothing`` (searches
    without a find), ``search_share``, ``find_share``, over the stops that the tests of searches use; or ``stops``,
    ``frisks``, ``unfrisked``, ``frisk_share`` over the stops that record a pat-down. Facts: sums of these.
    """
    if not refused(dept, "", by, (*NEEDED, place)):
        found = searched(dept, by, place)
        table, counts = _searches(found.rows), ["stops", "searches", "unsearched", "hits", "nothing"]
    elif reason := refused(dept, "", by, ("frisked", place)):
        return silent("totals", reason, TITLE, METHOD)
    else:
        known = dept.stops.filter(dept.stops.frisked.notnull())
        found = counted(
            replace(dept, tables={**dept.tables, "stops": known}),
            by,
            place,
            ("frisked",),
            kinds=rules(dept).search_kinds,
            unplaced=words.UNPLACED,
        )
        table = _told(found.rows.rename(columns={"frisked": "frisks"}), "frisks", "unfrisked", "frisk_share")
        counts = ["stops", "frisks", "unfrisked"]
    shares = [name for name in ("search_share", "find_share", "frisk_share") if name in table]
    made = _result(table[["group", *counts, *shares]], counts, found.caveats())
    return made if made.reason else replace(made, people=people(dept.settings, "stops", ("group",), tuple(counts)))


def _searches(rows: pd.DataFrame) -> pd.DataFrame:
    table = _told(rows, "searches", "unsearched", "search_share")
    found = (table["hits"] / table["searches"]).where(table["searches"] > 0)
    return table.assign(nothing=table["searches"] - table["hits"], find_share=found)


def _told(rows: pd.DataFrame, count: str, rest: str, share: str) -> pd.DataFrame:
    table = rows.drop(columns="place").groupby("group", as_index=False).sum()
    return table.assign(**{rest: table["stops"] - table[count], share: table[count] / table["stops"]})


def _result(table: pd.DataFrame, counts: list[str], caveats: list[str]) -> Result:
    if table.empty:
        return silent("totals", "no group has enough stops", TITLE, METHOD)
    sums: dict[str, Any] = {count: int(table[count].sum()) for count in counts}
    did = words.listed(
        f"{sums[name]:,} {said}"
        for name, said in (("searches", "searches"), ("hits", "finds"), ("frisks", "pat-downs"))
        if name in sums
    )
    return Result(
        "totals",
        table,
        TITLE,
        f"{sums['stops']:,} stops of {len(table)} groups, with {did}.",
        METHOD,
        caveats,
        sums,
        None,
        LABELS,
    )
