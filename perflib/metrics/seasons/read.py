"""Records per local hour, with the hours there were, up to the last day that can be taken as complete."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from perflib import schema
from perflib.agency import COARSE, Department
from perflib.errors import InputError
from perflib.metrics.counts.availability import lacking
from perflib.metrics.counts.completeness import last_complete
from perflib.metrics.counts.series import daily
from perflib.models.levels import level_shifts, weekly
from perflib.privacy.quoting import no_such
from perflib.words import seasons as words

ALL = "all"
FEWEST = 28
_MISSED, _LATELY = 10, 62


@dataclass(frozen=True, eq=False)
class Hours:
    """``weights``: records per local hour (rows) and part (columns); ``exposure``: how often that hour passed (0 or 2
    at clock changes, else 1); ``first`` and ``last`` day.

    ``notes``: what a reader must know, as codes: ``stamp``, ``basis`` (why the last day is the last), ``recorded``
    (whether it is known who began the calls), ``stopped`` (district -> last day of its feed), ``jumps`` (``before``
    and ``after`` a week, ``at``).
    """

    weights: pd.DataFrame
    exposure: pd.Series
    first: dt.date
    last: dt.date
    notes: dict[str, Any]

    def only(self, part: str = "", by: str = "") -> Hours:
        """One part of it, or all together; InputError for a part that is not there."""
        parts = self.weights.columns
        if part and part not in parts:
            raise no_such("district", part, parts)
        hours = self.weights[part] if part else self.all()
        return replace(self, weights=hours.to_frame(part if by else ALL).rename_axis(columns="series"))

    def all(self) -> pd.Series:
        """The hours of all parts together."""
        return self.weights.sum(axis=1)

    def daily(self) -> pd.DataFrame:
        """``series, date, count``, every day of the period."""
        days = self.weights.resample("D").sum()
        return days.rename_axis("date").reset_index().melt("date", var_name="series", value_name="count")


def read(dept: Department, table: str = "calls", by: str = "", origin: str = "public", **cell: Any) -> Hours | str:
    """Hours of a table, or the reason why there are none.

    Parameters
    ----------
    table : dated by a time. by : a column whose values are told apart; empty: all together. origin : of calls, whose
        calls count ("public": without what officers began); empty: all; ignored where the table has no such column.
    cell : column = value; empty values mean all.

    Raises
    ------
    InputError : a column or value that does not exist.
    """
    chosen = schema.asked(cell)
    if dept.has(table, "district") and not set(chosen) - {"district"} and by in ("", "district"):
        hours = _read(dept, table, "district", origin, ())
        return hours if (by and not chosen) or isinstance(hours, str) else hours.only(chosen.get("district", ""), by)
    return _read(dept, table, by, origin, tuple(chosen.items()))


@lru_cache(maxsize=8)  # a report asks several questions of the same hours
def _read(dept: Department, table: str, by: str, origin: str, cell: tuple[tuple[str, str], ...]) -> Hours | str:
    chosen = dict(cell)
    columns = [*chosen, *([by] if by else [])]
    if reason := lacking(dept, table, columns) or _untimed(dept, table):
        return reason
    rows = _rows(dept, table, origin, chosen, by)
    last, basis, stopped = last_day(dept, table, "district" not in chosen)
    rows = rows.filter(rows.hour < ibis.literal(dt.datetime.combine(last + dt.timedelta(days=1), dt.time())))
    counts = rows.group_by(["hour", "part"]).agg(n=lambda each: each.count()).execute()
    if counts.empty:
        return "no record fits"
    first = counts["hour"].min().normalize()
    if (days := (pd.Timestamp(last) - first).days + 1) < FEWEST:
        return f"fewer than {FEWEST} complete days"
    wide = counts.pivot_table(index="hour", columns="part", values="n", aggfunc="sum", fill_value=0)
    weights = wide.reindex(pd.date_range(first, periods=24 * days, freq="h"), fill_value=0).astype(float)
    weights = weights.rename_axis(columns="series")
    jumps = level_shifts(weekly(weights.sum(axis=1).resample("D").sum()))  # of an extraction: they look like a season
    notes = {
        "stamp": dept.stamp(table),
        "basis": basis,
        "recorded": table != "calls" or not origin or dept.has(table, "origin"),
        "stopped": stopped,
        "jumps": [{"before": each.before, "after": each.after, "at": each.at} for each in jumps],
    }
    return Hours(weights, exposure(weights.index, dept.timezone), first.date(), last, notes)


def untimed(dept: Department, table: str) -> str:
    """Why no hours can be told of a table; empty where they can."""
    grain = dept.resolution(table) if table in dept.tables else ""
    return f"{table} are dated by the {grain}, not by a time" if grain not in ("", "time") else ""


def _untimed(dept: Department, table: str) -> str:
    grain = dept.resolution(table) or "year"
    return f"{table} are dated by the {grain}, not by a time" if grain in COARSE or not dept.timed(table) else ""


def _rows(dept: Department, table: str, origin: str, chosen: Mapping[str, str], by: str) -> ir.Table:
    rows = dept.table(table)
    if origin and dept.has(table, "origin"):
        rows = rows.filter(rows.origin == origin)
    if "service" in rows.columns and "service" not in chosen:
        rows = rows.filter(rows.service.isnull() | (rows.service == "police"))
    for name in [*chosen, *([by] if by else [])]:
        if name not in rows.columns:
            raise InputError(f"{table} has no column {name!r}", where="by", choices=rows.columns, found=name)
    for name, value in chosen.items():
        known = sorted(map(str, rows[[name]].distinct().execute()[name].dropna()))
        if value not in known:
            raise no_such(name, value, known)
        rows = rows.filter(rows[name].cast("string") == value)
    moment = rows[dept.stamp(table)]
    part = rows[by].cast("string").fill_null("not recorded") if by else ibis.literal(ALL)
    return rows.filter(moment.notnull()).select(hour=dept.local(moment).truncate("h"), part=part)


def exposure(hours: Any, timezone: str) -> pd.Series:
    """How often each local hour passed: twice when clocks go back, never when they go forward."""
    index = pd.DatetimeIndex(hours)
    ends = pd.DatetimeIndex([index[0], index[-1] + pd.Timedelta(hours=1)])
    start, end = ends.tz_localize(timezone, ambiguous=True, nonexistent="shift_forward").tz_convert("UTC")
    passed = pd.date_range(start, end, freq="h", inclusive="left").tz_convert(timezone).tz_localize(None)
    return pd.Series(1.0, index=passed).groupby(level=0).sum().reindex(index, fill_value=0.0)


def subject_of(dept: Department, table: str, origin: str) -> str:
    """What is counted, for a reader."""
    return words.subject(table, origin, dept.has(table, "origin"))


def last_day(dept: Department, table: str, feeds: bool = True) -> tuple[dt.date, str, dict[str, dt.date]]:
    """The last day to count, why, and the feeds that stopped: the last complete day, or (``feeds``) the last on which
    every district's feed still ran, whichever is earlier."""
    last, basis = last_complete(dept, table, daily(dept, table, ()))
    stopped = _stopped(dept, table, last) if feeds else {}
    return (min(stopped.values()), "", stopped) if stopped else (last, basis, {})


def until(dept: Department, table: str) -> tuple[dt.date, str]:
    """``last_day``, with the sentence that says why."""
    last, basis, stopped = last_day(dept, table)
    return last, basis or words.counted(last, stopped)


def silent(dept: Department, table: str, last: dt.date) -> tuple[dt.date, str]:
    """The last day up to ``last`` on which every district's feed still ran, and the silent ones in words (or "")."""
    stopped = _stopped(dept, table, last)
    return min(stopped.values(), default=last), words.stopped(stopped)


def _stopped(dept: Department, table: str, last: dt.date) -> dict[str, dt.date]:
    """District -> last day with a record, where its feed is silent up to ``last``: a silent feed is no quiet month.

    A feed is silent when nothing came in its last days though more than ``_MISSED`` records were usual.
    """
    if not dept.has(table, "district"):
        return {}
    series = daily(dept, table, ("district",))
    if series.grain in COARSE:
        return {}
    reach = series.days.searchsorted(pd.Timestamp(last)) + 1
    ends = {}
    for name, counts in zip(series.cells["district"], series.counts[:, :reach], strict=True):
        seen = np.flatnonzero(counts)
        quiet = reach - 1 - seen[-1] if len(seen) else 0
        if 0 < quiet <= _LATELY and counts[max(0, seen[-1] - 180) : seen[-1] + 1].mean() * quiet > _MISSED:
            ends[name] = series.days[seen[-1]].date()
    return ends
