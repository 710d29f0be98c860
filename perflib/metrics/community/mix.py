"""What do residents ask for, and has that changed? The mix of 311 requests or of calls, by area, over time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pandas as pd

from perflib import schema
from perflib.agency import COARSE, Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.community.shares import periods
from perflib.metrics.counts.availability import lacking
from perflib.metrics.counts.completeness import last_complete
from perflib.metrics.counts.series import Series, daily
from perflib.metrics.seasons.read import silent
from perflib.models.composition import shift
from perflib.models.counts import adjusted
from perflib.period import Period
from perflib.privacy.quoting import no_such
from perflib.result import Result
from perflib.verdicts import Verdict
from perflib.words import community as words

KIND = {"requests": "kind", "calls": "call_type", "incidents": "offence", "feedback": "topic"}
#: kinds told apart; the rarest are put together. The share of areas called in error that is accepted.
MOST, Q = 10, 0.10
#: years back to what the mix is compared with, where the records reach.
YEARS = 3
REST = "all others"
#: how the kind that adds most to an area's shift moved.
_MOVED = ["kind", "share_before", "share_after", "change", "change_low", "change_high"]
_TESTED = ["jsd", "null_95", "p"]


@dataclass(frozen=True, eq=False)
class Mix:
    """Counts (``date, kind, count``, and ``area``) to the ``last`` complete day; or the ``reason`` why there are none.

    ``basis``: to which day they count and why; ``stopped``: the feeds that ended before it.
    """

    reason: str = ""
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    last: dt.date = dt.date.min
    basis: str = ""
    stopped: str = ""

    def windows(self, since: str) -> tuple[Period, Period, bool]:
        """``windows`` of these records."""
        return windows(self.frame["date"].min().date(), self.last, since)


def course(
    dept: Department, table: str = "requests", origin: str = "public", *, name: str = "mix_course", **cell: Any
) -> Result:
    """The share of each kind by quarter.

    Parameters
    ----------
    table : requests or calls. origin : of calls, whose calls count ("public": without what officers began); empty: all;
        ignored where the table has no such column. cell : column = value, such as ``district="0412"``; empty values
        mean all.

    Returns
    -------
    Result ``mix_course``: ``quarter, kind, count, share`` with ``share_low`` and ``share_high`` (95 %, from the
    variation between weeks). Facts ``kinds``, ``quarters``. Whole quarters only; months where there is no whole
    quarter. Not assessable where the table or a column is missing.
    """
    of, asked = words.mix_of(table, origin), schema.asked(cell)
    mix = _mix(dept, table, asked, origin=origin)
    shares, grain = periods(mix.frame, mix.last) if not mix.reason else (mix.frame, "")
    if shares.empty:
        reason = mix.reason or "no whole month of records"
        return Result.not_assessable(name, reason, title=words.course_title(of, asked))
    chart = Chart(
        "line", "quarter", "share", "share_low", "share_high", by="kind", y_label=f"share of {of}", marks={"zero": True}
    )
    facts = {"kinds": sorted(shares["kind"].unique()), "quarters": shares["quarter"].nunique(), "grain": grain}
    return Result(
        name, shares, facts=facts, chart=chart, words=partial(words.course, of=of, cell=asked, basis=mix.basis)
    )


def drivers(
    dept: Department,
    table: str = "requests",
    since: str = "",
    origin: str = "public",
    *,
    name: str = "mix_drivers",
    **cell: Any,
) -> Result:
    """Whether the mix changed, tested as a whole, and which kinds drive it.

    Parameters
    ----------
    since : the day (YYYY-MM-DD) from which the mix is compared with the same days a year earlier; empty: the last 52
        weeks against the same weeks up to three years before, so that a shift in between lies in neither; or two
        halves where the records are shorter than that. origin : as of ``course``.

    Returns
    -------
    Result ``mix_drivers``: columns and facts of ``perflib.models.composition.shift``, and the fact ``cell``; what is
    put together stands last.

    Raises
    ------
    InputError : a day that is none or lies outside the records, a column or value that does not exist.
    """
    of, asked = words.mix_of(table, origin), schema.asked(cell)
    title = words.drivers_title(of, asked)
    mix = _mix(dept, table, asked, origin=origin)
    if mix.reason:
        return Result.not_assessable(name, mix.reason, title=title, method=words.MIX)
    before, after, unlike = mix.windows(since)
    tested = shift(mix.frame, before, after)
    if tested.reason:
        return Result.not_assessable(name, tested.reason, title=title, method=words.MIX)
    kinds = tested.table.sort_values("kind", key=lambda kind: kind == REST, kind="stable", ignore_index=True)
    kinds["because"] = [words.because(row, tested.facts["changed"]) for _, row in kinds.iterrows()]
    kinds["stands_out"] = kinds["verdict"] != Verdict.AS_BEFORE
    chart = Chart(
        "dots",
        "kind",
        "change",
        "change_low",
        "change_high",
        y_label="change of its share (points of 100)",
        marks={"highlight": "stands_out", "name": "because"},
    )
    facts = {**tested.facts, "before": str(before), "after": str(after), "cell": asked}
    say = partial(words.drivers, of=of, unlike=unlike, basis=mix.basis)
    return Result(name, kinds, facts=facts, chart=chart, words=say)


def by_area(
    dept: Department,
    table: str = "requests",
    by: str = "district",
    since: str = "",
    origin: str = "public",
    *,
    name: str = "mix_by_area",
) -> Result:
    """Where did the mix change? One test per area, adjusted for their number; the strongest first.

    Returns
    -------
    Result ``mix_by_area``: the area, ``verdict``, ``drivers``, ``kind`` (its first driver, or what adds most to its
    shift) with ``share_before``, ``share_after`` and ``change`` (points, with ends), ``records`` (after), ``jsd``
    (bits), ``null_95``, ``p``, ``adjusted``, ``changed``, ``beyond`` (``jsd`` over ``null_95``).
    Facts ``changed`` (areas), ``moves`` (area -> its kind and how it moved), ``q``, ``before``, ``after``. Areas with
    too little are "not assessable".
    """
    of = words.mix_of(table, origin)
    title = words.by_area_title(of, by)
    mix = _mix(dept, table, {}, by, origin)
    if mix.reason:
        return Result.not_assessable(name, mix.reason, title=title, method=words.MIX)
    before, after, unlike = mix.windows(since)
    tests = [{by: str(area), **_area(part, before, after)} for area, part in mix.frame.groupby("area")]
    areas = pd.DataFrame(tests, columns=[by, "records", *_TESTED, "drivers", *_MOVED])
    known = areas["p"].notna()
    if not known.any():
        return Result.not_assessable(name, f"too few records in every {by}", title=title, method=words.MIX)
    areas["adjusted"] = adjusted(areas["p"].to_numpy(dtype=float))
    areas["changed"] = known & (areas["adjusted"] < Q)
    areas["verdict"] = np.where(
        areas["changed"], Verdict.CHANGED, np.where(known, Verdict.AS_BEFORE, Verdict.NOT_ASSESSABLE)
    )
    areas["drivers"] = areas["drivers"].where(areas["changed"], "")
    areas["beyond"] = areas["jsd"] / areas["null_95"]
    areas = areas.sort_values("beyond", ascending=False, ignore_index=True)
    changed = areas[areas["changed"]]
    facts = {
        "changed": changed[by].tolist(),
        "assessable": int(known.sum()),
        "q": Q,
        "before": [str(before.first), str(before.last)],
        "after": [str(after.first), str(after.last)],
        "moves": changed.set_index(by)[_MOVED].to_dict("index"),
    }
    chart = Chart(
        "bars",
        by,
        "beyond",
        y_label="shift of the mix (1: limit of chance)",
        marks={"highlight": "changed", "name": "kind", "target": 1.0, "target_words": "limit of chance"},
    )
    order = [by, "verdict", "drivers", *_MOVED, "records", *_TESTED, "adjusted", "beyond", "changed"]
    say = partial(words.by_area, of=of, by=by, unlike=unlike, stopped=mix.stopped, basis=mix.basis)
    return Result(name, areas[order], facts=facts, chart=chart, words=say)


def _area(part: pd.DataFrame, before: Period, after: Period) -> dict[str, Any]:
    """The test of one area and its first driver, or what adds most to its shift."""
    tested = shift(part, before, after, draws=1999)
    row: dict[str, Any] = {
        "records": float(part.loc[part["date"] >= pd.Timestamp(after.first), "count"].sum()),
        "kind": "",
    }
    if tested.reason:
        return row
    called = tested.table["verdict"].ne(Verdict.AS_BEFORE)
    most = tested.table[called if called.any() else ~called].iloc[0]
    figures = {key: tested.facts[key] for key in _TESTED}
    return row | {name: most[name] for name in _MOVED} | figures | {"drivers": ", ".join(tested.facts["drivers"])}


def windows(first: dt.date, last: dt.date, since: str = "") -> tuple[Period, Period, bool]:
    """The two periods compared, the same season of two years where the records allow; and whether they are unlike."""
    year, day = dt.timedelta(days=364), dt.timedelta(days=1)
    if since:
        try:
            start = dt.date.fromisoformat(since)
        except ValueError:
            raise InputError(f"{since!r} is no day", where="since", do="write it as YYYY-MM-DD") from None
        if not first < start <= last:
            raise InputError(
                f"{since} lies outside the records", where="since", do=f"choose a day from {first} to {last}"
            )
        after = Period(start, min(last, start + year - day))
        unlike = start - year < first
        return Period(first, start - day) if unlike else after.shifted(year.days), after, unlike
    if (last - first).days + 1 >= 2 * year.days:
        after = Period(last - year + day, last)
        return after.shifted(year.days * min((after.first - first).days // year.days, YEARS)), after, False
    half = first + (last - first) / 2
    return Period(first, half), Period(half + day, last), True


def _mix(dept: Department, table: str, cell: dict[str, str], by: str = "", origin: str = "") -> Mix:
    if table not in KIND:
        raise InputError(f"no kinds are known for {table!r}", where="table", choices=KIND, found=table)
    parts = [*cell, *([by] if by else [])]
    if reason := lacking(dept, table, [KIND[table], *parts]):
        return Mix(reason)
    if (grain := dept.resolution(table)) in COARSE and grain != "week":
        return Mix(f"the dates tell the {grain} alone; a mix is compared week by week")
    if dept.has(table, "district") and set(parts) <= {"district"}:
        parts = ["district"]  # one reading for all districts
    begun = {"origin": origin} if origin and dept.has(table, "origin") and "origin" not in parts else {}
    series, last, basis, stopped = _counted(dept, table, (KIND[table], *parts, *begun))
    if begun and origin not in set(series.cells["origin"]):
        return Mix(f"no {table} has the origin {origin}")
    for column, value in cell.items():
        known = sorted(set(series.cells[column]))
        if value not in known:
            raise no_such(column, value, known)
    return Mix("", _long(series, cell | begun, KIND[table], by, last), last, basis, stopped)


@lru_cache(maxsize=8)
def _counted(dept: Department, table: str, by: tuple[str, ...]) -> tuple[Series, dt.date, str, str]:
    series = daily(dept, table, by)
    last, basis = last_complete(dept, table, series)
    # the windows stay whole: a few days of one district move no mix, a shorter record might lose a year's season
    _, stopped = silent(dept, table, last)
    return series, last, " ".join([basis, *series.notes]), stopped


def _long(series: Series, cell: dict[str, str], kind: str, by: str, last: dt.date) -> pd.DataFrame:
    """Daily counts by kind (and area) of the cells that match, the rarest kinds put together."""
    wanted = (series.cells[list(cell)] == pd.Series(cell, dtype=object)).all(axis=1).to_numpy()
    cells, until = series.cells[wanted], series.days.searchsorted(pd.Timestamp(last)) + 1
    counts = series.counts[wanted]
    common = pd.Series(counts.sum(axis=1)).groupby(cells[kind].to_numpy()).sum().nlargest(MOST).index
    keys = {"kind": cells[kind].where(cells[kind].isin(common), REST).to_numpy()}
    keys = ({"area": cells[by].to_numpy()} if by else {}) | keys
    wide = pd.DataFrame(counts[:, :until].T, index=series.days[:until].rename("date"))
    long = wide.melt(ignore_index=False, var_name="cell", value_name="count").reset_index()
    place = long.pop("cell").to_numpy(dtype=int)
    long = long.assign(**{name: values[place] for name, values in keys.items()})
    return long.groupby(["date", *keys])["count"].sum().reset_index()
