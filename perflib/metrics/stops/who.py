"""Who is stopped: the veil of darkness, and counts against a baseline with the place held fixed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.stops.scope import LEAST, counted, named, not_assessable, reference_of, refused, rules
from perflib.models.disparity import Estimates, multilevel_counts, ratios_by_place, veil_of_darkness
from perflib.models.disparity.veil import WHOLE
from perflib.privacy.people import people
from perflib.result import Result
from perflib.words import stops as words

#: a group's own stops in light, and in the dark, below which it is not assessed
_OWN = 20
#: the most that counts may vary, as a multiple of chance, for one ratio per group to describe the districts
MOST_DISPERSION = 5.0
#: ... or the most that a group's ratios in the districts may lie apart: with many counts more than chance may be little
MOST_SPREAD = 1.5


def veil(dept: Department, by: str = "subject_race", *, kind: str = "traffic", place: str = "district") -> Result:
    """Odds that a stop is of each group rather than of any other, dark against light, at one clock time and district.

    ``kind``: which stops (empty: all); the argument is about drivers. Times are made local from UTC here. A group is
    assessed when at least 20 of its own stops are in light and 20 in the dark, and all groups together have 100 each.
    Result ``veil`` with rows ``group``, ``period``, ``stops`` and ``dark`` (the group's own), ``odds_ratio``, ``low``,
    ``high``. Facts per group: ``stops``, ``dark``, ``odds_ratio``, ``low``, ``high``, ``clock``, ``kind``. Not
    assessable without a location. What it holds fixed is clock time and district, not the season.
    """
    if reason := refused(dept, "veil", by, ("stopped_at", "kind", place)):
        return not_assessable("veil", reason)
    if (where := rules(dept).location) is None:
        return not_assessable(
            "veil", "the department file has no location (settings: stops: location), so the sun cannot be placed"
        )
    if dept.resolution("stops") not in ("time", ""):
        return not_assessable("veil", "stopped_at has no time of day")
    stops = _moments(dept, by, kind, place)
    sizes = stops[by].value_counts()
    fits = {
        str(group): veil_of_darkness(stops, "time", by, focus=str(group), lat=where[0], lon=where[1], place=place)
        for group in sizes[sizes >= 2 * LEAST].index
    }
    made = {group: each for group, each in fits.items() if not each.reason}
    rows = [_enough(each.table.assign(group=group)) for group, each in made.items()]
    table = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    if table.empty:
        return not_assessable(
            "veil", next((each.reason for each in fits.values() if each.reason), f"no group has enough {kind} stops")
        )
    groups = set(table["group"])
    facts = _veil_facts(table, made, kind)
    chart = Chart(
        "dots",
        "group",
        "odds_ratio",
        "low",
        "high",
        by="period" if table["period"].nunique() > 1 else None,
        y_label="Odds ratio against all other groups, dark against light",
        marks={"target": 1.0, "target_words": "no difference"},
    )
    about = people(
        dept.settings,
        "stops",
        ("group", "period"),
        ("stops", "dark"),
        rests=(("stops", "dark"),),
        own=("odds_ratio", "low", "high"),
        again=partial(_veil_again, facts=facts),
    )
    few = [group for group in made if group not in groups]
    say = partial(words.veil, kind=kind, few=few, whole=WHOLE)
    return Result("veil", table, facts=facts, chart=chart, people=about, words=say)


def _enough(table: pd.DataFrame) -> pd.DataFrame:
    """A group's rows with its own stops in place of all, where enough are in light and in the dark over all seasons."""
    own = table.assign(stops=table["own"], dark=table["own_dark"])
    enough = (own["dark"] >= _OWN) & (own["stops"] - own["dark"] >= _OWN)
    rows = own[enough & bool(enough[own["period"] == WHOLE].all())]
    return rows[["group", "period", "stops", "dark", "odds_ratio", "low", "high"]]


def _moments(dept: Department, by: str, kind: str, place: str) -> pd.DataFrame:
    table = dept.stops
    table = table.filter(named(table, by) & named(table, place) & table.stopped_at.notnull())
    table = table.filter(table.kind == kind) if kind else table
    rows = table.select("stopped_at", by, place).execute()
    return rows.assign(time=pd.to_datetime(rows["stopped_at"], utc=True).dt.tz_convert(dept.timezone))


def _veil_facts(table: pd.DataFrame, fits: Mapping[str, Estimates], kind: str) -> dict[str, Any]:
    whole = table[table["period"] == WHOLE].set_index("group")
    return {
        str(group): {
            **{key: row[key] for key in ("odds_ratio", "low", "high")},
            **{key: int(row[key]) for key in ("stops", "dark")},
            "kind": kind,
            "clock": [fits[str(group)].facts["first_minute"], fits[str(group)].facts["last_minute"]],
        }
        for group, row in whole.iterrows()
    }


def _veil_again(table: pd.DataFrame, *, facts: Mapping[str, Any]) -> dict[str, Any]:
    shown = set(table["group"]) - set(table.loc[table["stops"].isna(), "group"])
    return {group: each for group, each in facts.items() if group in shown}


def baseline(dept: Department, by: str = "subject_race", *, place: str = "district", reference: str = "") -> Result:
    """Stops by group against the group's arrests (a baseline that may itself be biased), within places.

    Result ``baseline`` with rows ``place``, ``group``, ``stops``, ``arrests`` and, against the reference group in the
    same place, ``ratio`` with its interval ``low``, ``high`` (``ratios_by_place``). Facts as ``multilevel_counts``,
    with ``one_ratio``: whether one ratio per group describes the districts (``alike``), ``ratios`` of that model,
    ``spans`` (smallest and largest ratio of each group), ``stops``, ``arrests``. Not assessable where arrests record no
    group or place.
    """
    if reason := refused(dept, "baseline", by, (place,)):
        return not_assessable("baseline", reason)
    if not dept.has("arrests", by, place):
        recorded = words.RECORDED.get(by, by)
        return not_assessable("baseline", f"no baseline: there are no arrests that record {recorded} and the {place}")
    cells = counted(dept, by, place)
    arrests = dept.arrests.group_by([place, by]).agg(baseline=dept.arrests.count()).execute()
    arrests = arrests.rename(columns={place: "place", by: "group"})
    rows = cells.rows.merge(arrests, on=["place", "group"], how="left")
    rows["baseline"] = rows["baseline"].fillna(0).astype(int)
    if not (rows["baseline"] > 0).any():
        return not_assessable("baseline", "no group has both stops and arrests")
    base = reference_of(dept, rows, by, reference)
    model = multilevel_counts(rows, reference=base)
    if model.reason:
        return not_assessable("baseline", model.reason)
    table = ratios_by_place(rows, reference=base).rename(columns={"baseline": "arrests"})
    spans = _spans(table)
    facts = {
        **model.facts,
        "one_ratio": alike(model.facts["dispersion"], spans),
        "spans": spans,
        "ratios": model.table[["group", "ratio", "low", "high"]].to_dict("records"),
        "stops": int(rows["stops"].sum()),
        "arrests": int(rows["baseline"].sum()),
    }
    limits = [each for subject in ("stops", "arrests") if (each := people(dept.settings, subject, (), ()))]
    about = people(
        dept.settings,
        max(limits, key=lambda each: each.threshold).subject if limits else "stops",
        ("place", "group"),
        ("stops", "arrests"),
        across="group",
        against=("ratio", "low", "high"),
        reference=base,
        rounded=("ratios",),
        facts=("reference", "one_ratio", "stops", "arrests"),
        again=lambda left: {"spans": _spans(left)},
    )
    chart = Chart(
        "dots",
        "place",
        "ratio",
        "low",
        "high",
        by="group" if table["group"].nunique() > 2 else None,
        y_label=f"Stops per arrest, as a ratio to {words.people(base)} in the same district",
        marks={"target": 1.0, "target_words": "no difference"},
    )
    return Result("baseline", table, facts=facts, chart=chart, people=about, words=words.baseline)


def alike(dispersion: float | None, spans: list[dict[str, Any]]) -> bool:
    """Whether one ratio per group describes the districts; ``spans`` as in the facts of ``baseline``."""
    if dispersion is not None and dispersion <= MOST_DISPERSION:
        return True
    return bool(spans) and all(each["high"] <= MOST_SPREAD * each["low"] for each in spans)


def _spans(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The smallest and largest ratio of each group among the districts, groups of most stops first."""
    known = table[table["ratio"].notna()].sort_values("ratio")
    spans = []
    for group in known.groupby("group")["stops"].sum().sort_values(ascending=False).index:
        own = known[known["group"] == group]
        first, last = own.iloc[0], own.iloc[-1]
        ends = {"low": first["ratio"], "low_place": first["place"], "high": last["ratio"], "high_place": last["place"]}
        spans.append({"group": group, **ends})
    return spans
