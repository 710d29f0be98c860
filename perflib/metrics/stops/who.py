"""Who is stopped: the veil of darkness, and counts against a baseline with the place held fixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.stops import hiding, words
from perflib.metrics.stops.districts import alike, doubts, spans
from perflib.metrics.stops.hiding import least
from perflib.metrics.stops.scope import LEAST, RECORDED, base_of, counted, named, refused, rules, silent
from perflib.metrics.stops.words import listed, people
from perflib.models.disparity import multilevel_counts, ratios_by_place, veil_of_darkness
from perflib.models.disparity.veil import WHOLE
from perflib.result import Result

VEIL = "Is a group a smaller share of stops after dark, at the same clock time?"
COUNTS = "Is a group stopped more than its share of arrests says, within districts?"
_VEIL_METHOD = "Veil of darkness (Grogger and Ridgeway 2006), clock time and district held fixed."
_COUNTS_METHOD = (
    "Ratios of stops per arrest, logarithmic intervals; one ratio over all districts by Poisson "
    "regression with offset and places (Gelman, Fagan and Kiss 2007)."
)
#: a group's own stops in light, and in the dark, below which it is not shown
_OWN = 20


def veil(dept: Department, by: str = "subject_race", *, kind: str = "traffic", place: str = "district") -> Result:
    """Odds that a stop is of each group rather than of any other, dark against light, at one clock time and district.

    ``kind``: which stops (empty: all); the argument is about drivers. Times are made local from UTC here. A group is
    shown when at least 20 of its own stops are in light and 20 in the dark, and all groups together have 100 of each.
    Result ``veil`` with rows ``group``, ``period``, ``stops`` and ``dark`` (the group's own), ``odds_ratio``, ``low``,
    ``high``. Facts per group: ``stops``, ``dark``, ``odds_ratio``, ``low``, ``high``, ``clock``, ``kind``. Not
    assessable without a location. What it holds fixed is clock time and district, not the season.
    """
    if reason := refused(dept, "veil", by, ("stopped_at", "kind", place)):
        return silent("veil", reason, VEIL, _VEIL_METHOD)
    where = rules(dept).location
    if where is None:
        return silent(
            "veil",
            "the department file has no location (settings: stops: location), so the sun cannot be placed",
            VEIL,
            _VEIL_METHOD,
        )
    if dept.resolution("stops") not in ("time", ""):
        return silent("veil", "stopped_at has no time of day", VEIL, _VEIL_METHOD)
    stops = _moments(dept, by, kind, place)
    groups = stops[by].value_counts()
    found = (
        {
            str(group): veil_of_darkness(stops, "time", by, focus=str(group), lat=where[0], lon=where[1], place=place)
            for group in groups[groups >= 2 * LEAST].index
        }
        if len(stops)
        else {}
    )
    told = {group: each for group, each in found.items() if not each.reason}
    fewest = max(_OWN, least(dept.settings, "stops"))
    rows = [_enough(each.table.assign(group=group), fewest) for group, each in told.items()]
    table = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    if table.empty:
        reason = next((each.reason for each in found.values() if each.reason), f"no group has enough {kind} stops")
        return silent("veil", reason, VEIL, _VEIL_METHOD)
    few = [group for group in told if group not in set(table["group"])]
    made = _veil(table, {group: each for group, each in told.items() if group not in few}, kind)
    return made.with_caveats(
        *(
            [f"Fewer than {fewest} stops in light or in the dark, and not shown: {listed(map(people, few))}."]
            if few
            else []
        )
    )


def _enough(table: pd.DataFrame, fewest: int) -> pd.DataFrame:
    """A group's rows with its own stops in place of all, where enough are in light and in the dark over all seasons."""
    own = table.assign(stops=table["own"], dark=table["own_dark"])
    enough = (own["dark"] >= fewest) & (own["stops"] - own["dark"] >= fewest)
    kept = own[enough & bool(enough[own["period"] == WHOLE].all())]
    return kept[["group", "period", "stops", "dark", "odds_ratio", "low", "high"]]


def _moments(dept: Department, by: str, kind: str, place: str) -> pd.DataFrame:
    table = dept.stops
    table = table.filter(named(table, by) & named(table, place) & table.stopped_at.notnull())
    table = table.filter(table.kind == kind) if kind else table
    rows = table.select("stopped_at", by, place).execute()
    return rows.assign(time=pd.to_datetime(rows["stopped_at"], utc=True).dt.tz_convert(dept.timezone))


def _veil(table: pd.DataFrame, told: dict[str, Result], kind: str) -> Result:
    first = next(iter(told.values()))
    whole = table[table["period"] == WHOLE].set_index("group")
    each = "; ".join(f"{g} {row.odds_ratio:.2f} ({row.low:.2f} to {row.high:.2f})" for g, row in whole.iterrows())
    facts = {
        str(group): {
            **{key: row[key] for key in ("odds_ratio", "low", "high")},
            **{key: int(row[key]) for key in ("stops", "dark")},
            "kind": kind,
            "clock": [told[str(group)].facts["first_minute"], told[str(group)].facts["last_minute"]],
        }
        for group, row in whole.iterrows()
    }
    return Result(
        "veil",
        table,
        VEIL,
        f"{words.veil(facts)} Odds ratios of a stop being of a group rather than of any other, "
        f"dark against light: {each}.",
        first.method,
        [
            *first.caveats,
            f"{len(whole)} groups are tested side by side; one in twenty such intervals misses by chance.",
            *([f"{kind.capitalize()} stops only."] if kind else []),
            *_seasons(table),
        ],
        facts,
        Chart(
            "dots",
            "group",
            "odds_ratio",
            "low",
            "high",
            by="period" if len(table) > len(whole) else None,
            y_label="Odds ratio against all other groups, dark against light",
            alt=each,
            marks={"target": 1.0, "target_words": "no difference"},
        ),
        {
            "odds_ratio": "Odds ratio",
            "low": "Low",
            "high": "High",
            "dark": "Of these in the dark",
            "stops": "Stops of the group",
        },
    )


def _seasons(table: pd.DataFrame) -> list[str]:
    """Groups for which the window about the clock change disagrees with the whole: season may confound."""
    pairs = table.pivot(index="group", columns="period", values=["odds_ratio", "low", "high"])
    if pairs["low"].shape[1] < 2:
        return ["No check about a clock change: too few stops near one. Season can confound the figure."]
    near = next(name for name in pairs["low"].columns if name != WHOLE)
    value = pairs["odds_ratio"][WHOLE]
    apart = pairs.index[(value < pairs["low"][near]) | (value > pairs["high"][near])]
    return (
        [f"For {', '.join(apart)} the days about a clock change give another figure: season may be confounding."]
        if len(apart)
        else []
    )


def baseline(dept: Department, by: str = "subject_race", *, place: str = "district", reference: str = "") -> Result:
    """Stops by group against the group's arrests (a baseline that may itself be biased), within places.

    Result ``baseline`` with rows ``place``, ``group``, ``stops``, ``arrests`` and, against the reference group in the
    same place, ``ratio`` with its interval ``low``, ``high`` (``ratios_by_place``); small counts, and what would give
    them away, are not in the table. Facts as ``multilevel_counts``, with ``one_ratio``: whether one ratio per group
    describes the districts (``alike``), ``ratios`` of that model, ``spans`` (smallest and largest ratio of
    each group), ``stops``, ``arrests``. Not assessable where arrests record no group or place.
    """
    if reason := refused(dept, "baseline", by, (place,)):
        return silent("baseline", reason, COUNTS, _COUNTS_METHOD)
    if not dept.has("arrests", by, place):
        return silent(
            "baseline",
            f"no baseline: there are no arrests that record {RECORDED.get(by, by)} and the {place}",
            COUNTS,
            _COUNTS_METHOD,
        )
    found = counted(dept, by, place)
    table = dept.arrests
    arrests = table.group_by([place, by]).agg(baseline=table.count()).execute()
    rows = found.rows.merge(arrests.rename(columns={place: "place", by: "group"}), on=["place", "group"], how="left")
    rows["baseline"] = rows["baseline"].fillna(0).astype(int)
    if rows.empty or not (rows["baseline"] > 0).any():
        return silent("baseline", "no group has both stops and arrests", COUNTS, _COUNTS_METHOD)
    base = base_of(dept, rows, by, reference)
    made = multilevel_counts(rows, reference=base, name="baseline")
    if made.reason:
        return made
    smallest = max(least(dept.settings, subject) for subject in ("stops", "arrests"))
    return _by_district(made, rows, base, smallest, found.caveats())


def _by_district(made: Result, rows: pd.DataFrame, base: str, smallest: int, left: Sequence[str]) -> Result:
    """``multilevel_counts`` told by district: the Result of ``baseline``, without small counts."""
    table = ratios_by_place(rows, reference=base)
    gone = hiding.cells(table, ("stops", "baseline"), smallest)
    near = gone | table["place"].isin(table.loc[gone & (table["group"] == base).to_numpy(), "place"]).to_numpy()
    table = table.rename(columns={"baseline": "arrests"})
    table.loc[near, ["ratio", "low", "high"]] = float("nan")
    shown = hiding.noted(table, gone, ("stops", "arrests"))
    found = spans(shown)
    ratios = made.table[["group", "ratio", "low", "high"]].to_dict("records")
    facts = {
        **made.facts,
        "one_ratio": alike(made.facts["dispersion"], found),
        "spans": found,
        "ratios": ratios,
        "stops": int(rows["stops"].sum()),
        "arrests": int(rows["baseline"].sum()),
    }
    caveats = [
        made.caveats[0],
        *doubts(facts),
        *left,
        *hiding.words(gone, smallest, "stops or arrests"),
        "Places are looked at one by one: with many of them some intervals miss by chance.",
    ]
    answer = words.baseline(facts)
    chart = Chart(
        "dots",
        "place",
        "ratio",
        "low",
        "high",
        by="group",
        alt=answer,
        y_label=f"Stops per arrest, as a ratio to {people(base)} in the same district",
        marks={"target": 1.0, "target_words": "no difference"},
    )
    drawn = replace(chart, by=None) if shown["group"].nunique() == 2 else chart
    return Result(
        "baseline",
        shown,
        COUNTS,
        answer,
        _COUNTS_METHOD,
        caveats,
        facts,
        drawn,
        {
            "place": "District",
            "group": "Group",
            "stops": "Stops",
            "arrests": "Arrests",
            "ratio": f"Ratio to {base}",
            "low": "Low",
            "high": "High",
        },
    )
