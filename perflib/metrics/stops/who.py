"""Who is stopped: the veil of darkness, and counts against a baseline with the place held fixed."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.stops.scope import compared, counted, named, refused, rules, silent
from perflib.models.disparity import multilevel_counts, veil_of_darkness
from perflib.result import Result

VEIL = "Is a group a smaller share of stops after dark, at the same clock time?"
COUNTS = "Is a group stopped more than its share of arrests says, within districts?"
_VEIL_METHOD = "Veil of darkness (Grogger and Ridgeway 2006), clock time and district held fixed."
_COUNTS_METHOD = "Poisson regression with offset and places (Gelman, Fagan and Kiss 2007)."


def veil(dept: Department, by: str = "subject_race", *, kind: str = "traffic", place: str = "district") -> Result:
    """Odds that a stop is of each group, dark against light, at the same clock time and district.

    ``kind``: which stops (empty: all); the argument is about drivers. Times are made local from UTC here. A group is
    shown when it has at least 100 stops in light and in dark. Result ``veil`` with rows ``group``, ``period``,
    ``stops``, ``dark``, ``odds_ratio``, ``low``, ``high``. Facts per group. Not assessable without a location.
    """
    if reason := refused(dept, "veil", by, ("stopped_at", "kind", place)):
        return silent("veil", reason, VEIL, _VEIL_METHOD)
    where = rules(dept).location
    if where is None:
        return silent("veil", "the department file has no location (settings: stops: location), so the sun cannot be "
                      "placed", VEIL, _VEIL_METHOD)
    stops = _moments(dept, by, kind, place)
    groups = stops[by].value_counts()
    found = {str(group): veil_of_darkness(stops, "time", by, focus=str(group), lat=where[0], lon=where[1], place=place)
             for group in groups[groups >= 200].index} if len(stops) else {}
    told = {group: each for group, each in found.items() if not each.reason}
    if not told:
        reason = next((each.reason for each in found.values()), f"no group has enough {kind or ''} stops")
        return silent("veil", reason, VEIL, _VEIL_METHOD)
    table = pd.concat([each.table.assign(group=group) for group, each in told.items()], ignore_index=True)
    return _veil(table[["group", *[c for c in table.columns if c != "group"]]], told, kind)


def _moments(dept: Department, by: str, kind: str, place: str) -> pd.DataFrame:
    table = dept.stops
    table = table.filter(named(table, by) & named(table, place) & table.stopped_at.notnull())
    table = table.filter(table.kind == kind) if kind else table
    rows = table.select("stopped_at", by, place).execute()
    return rows.assign(time=pd.to_datetime(rows["stopped_at"], utc=True).dt.tz_convert(dept.timezone))


def _veil(table: pd.DataFrame, told: dict[str, Result], kind: str) -> Result:
    first = next(iter(told.values()))
    whole = table[table["period"] == "all seasons"].to_dict("records")
    each = "; ".join(f"{row['group']} {row['odds_ratio']:.2f} ({row['low']:.2f} to {row['high']:.2f})" for row in whole)
    facts = {group: {**{key: found.facts[key] for key in ("stops", "odds_ratio", "low", "high")},
                     "clock": [found.facts["first_minute"], found.facts["last_minute"]]}
             for group, found in told.items()}
    smaller, larger = ([str(row["group"]) for row in whole if apart(row)] for apart in (_below, _above))
    verdict = (f"A smaller share after dark, as bias by sight would give: {', '.join(smaller)}. " if smaller else
               "No group is a clearly smaller share after dark. ")
    verdict += f"A larger share after dark: {', '.join(larger)}. " if larger else ""
    doubt = _seasons(table)
    return Result(
        "veil", table, VEIL, f"{verdict}Odds, dark against light: {each}.", first.method,
        [*first.caveats, f"{len(told)} groups are tested side by side; one in twenty such intervals misses by chance.",
         *([f"Stops of kind {kind} only."] if kind else []), *doubt],
        facts, Chart("dots", "group", "odds_ratio", "low", "high", by="period" if len(table) > len(whole) else None,
                     y_label="Odds ratio, dark against light", alt=each,
                     marks={"target": 1.0, "target_words": "no difference"}),
        {"odds_ratio": "Odds ratio", "low": "Low", "high": "High", "dark": "In the dark (stops)", "stops": "Stops"})


def _below(row: dict[Hashable, Any]) -> bool:
    return bool(row["high"] < 1)


def _above(row: dict[Hashable, Any]) -> bool:
    return bool(row["low"] > 1)


def _seasons(table: pd.DataFrame) -> list[str]:
    """Groups for which the window about the clock change disagrees with the whole: season may confound."""
    pairs = table.pivot(index="group", columns="period", values=["odds_ratio", "low", "high"])
    if pairs["low"].shape[1] < 2:
        return ["No check about a clock change: too few stops near one. Season can confound the figure."]
    near = next(name for name in pairs["low"].columns if name != "all seasons")
    value = pairs["odds_ratio"]["all seasons"]
    apart = pairs.index[(value < pairs["low"][near]) | (value > pairs["high"][near])]
    return [f"For {', '.join(apart)} the days about a clock change give another figure: season may be confounding."
            ] if len(apart) else []


def baseline(dept: Department, by: str = "subject_race", *, place: str = "district", reference: str = "") -> Result:
    """Stops by group against the group's arrests (a baseline that may itself be biased), within places.

    Result ``baseline`` as ``multilevel_counts``. Not assessable where arrests record no group or place.
    """
    if reason := refused(dept, "baseline", by, (place,)):
        return silent("baseline", reason, COUNTS, _COUNTS_METHOD)
    if not dept.has("arrests", by, place):
        return silent("baseline", f"no baseline: the department has no arrests with {by} and {place}", COUNTS,
                      _COUNTS_METHOD)
    found = counted(dept, by, place)
    table = dept.arrests
    arrests = table.group_by([place, by]).agg(baseline=table.count()).execute()
    rows = found.rows.merge(arrests.rename(columns={place: "place", by: "group"}), on=["place", "group"], how="left")
    rows["baseline"] = rows["baseline"].fillna(0).astype(int)
    if rows.empty or not (rows["baseline"] > 0).any():
        return silent("baseline", "no group has both stops and arrests", COUNTS, _COUNTS_METHOD)
    base = compared(rows, reference or rules(dept).reference, "reference")
    made = multilevel_counts(rows, reference=base, name="baseline")
    return replace(made, title=COUNTS).with_caveats(
        "The baseline is arrests of the same period by the same officers: where arrests follow stops, it hides what "
        "it should show.", *found.caveats())
