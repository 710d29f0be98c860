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
from perflib.metrics.counts.completeness import last_complete
from perflib.metrics.counts.lacking import lacking
from perflib.metrics.counts.series import Series, daily
from perflib.models.levels import level_shifts, weekly
from perflib.privacy.quoting import no_such
from perflib.words.response import NOT_RECORDED

ALL = "all"
FEWEST = 28
_MISSED, _LATELY = 10, 62


@dataclass(frozen=True, eq=False)
class Hours:
    """``weights``: records per local hour (rows) and part (columns); ``exposure``: how often that hour passed (0 or 2
    at clock changes, else 1); ``first`` and ``last`` day; ``notes``: what a reader must know."""

    weights: pd.DataFrame
    exposure: pd.Series
    first: dt.date
    last: dt.date
    notes: tuple[str, ...]

    def only(self, part: str = "", by: str = "") -> Hours:
        """One part of it, or all together; InputError for a part that is not there."""
        parts = self.weights.columns
        if part and part not in parts:
            raise no_such("district", part, parts)
        chosen = self.weights[part] if part else self.weights.sum(axis=1)
        named = chosen.to_frame(part if by else ALL).rename_axis(columns="series")
        return replace(self, weights=named)

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
    asked = schema.asked(cell)
    if dept.has(table, "district") and not set(asked) - {"district"} and by in ("", "district"):
        held = _read(dept, table, "district", origin, ())
        return held if (by and not asked) or isinstance(held, str) else held.only(asked.get("district", ""), by)
    return _read(dept, table, by, origin, tuple(asked.items()))


@lru_cache(maxsize=8)  # a report asks several questions of the same hours
def _read(dept: Department, table: str, by: str, origin: str, cell: tuple[tuple[str, str], ...]) -> Hours | str:
    asked = dict(cell)
    columns = [*asked, *([by] if by else [])]
    if reason := lacking(dept, table, columns) or _untimed(dept, table):
        return reason
    rows, notes = _rows(dept, table, origin, asked, by)
    last, basis = until(dept, table, "district" not in asked)
    stamp = dept.stamp(table)
    kept = rows.filter(rows.hour < ibis.literal(dt.datetime.combine(last + dt.timedelta(days=1), dt.time())))
    found = kept.group_by(["hour", "part"]).agg(n=lambda held: held.count()).execute()
    if found.empty or (days := (pd.Timestamp(last) - found["hour"].min().normalize()).days + 1) < FEWEST:
        return f"fewer than {FEWEST} complete days" if not found.empty else "no record fits"
    weights = _filled(found, days)
    return Hours(
        weights,
        exposure(weights.index, dept.timezone),
        weights.index[0].date(),
        last,
        (f"Counted by the hour of {stamp}, local time.", basis, *notes, *_jumps(weights)),
    )


def _jumps(weights: pd.DataFrame) -> list[str]:
    """Level shifts of the total: an extraction that changed looks like a season, or hides one."""
    found = level_shifts(weekly(weights.sum(axis=1).resample("D").sum()))
    return [
        f"The level jumps from {each.before:,.0f} to {each.after:,.0f} a week at {each.at:%Y-%m-%d}: check the "
        "extraction before reading a season or a forecast."
        for each in found
    ]


def untimed(dept: Department, table: str) -> str:
    """Why no hours can be told of a table; empty where they can."""
    grain = dept.resolution(table) if table in dept.tables else ""
    return f"{table} are dated by the {grain}, not by a time" if grain not in ("", "time") else ""


def _untimed(dept: Department, table: str) -> str:
    grain = dept.resolution(table) or "year"
    return f"{table} are dated by the {grain}, not by a time" if grain in COARSE or not dept.timed(table) else ""


def _rows(dept: Department, table: str, origin: str, asked: Mapping[str, str], by: str) -> tuple[ir.Table, list[str]]:
    rows, notes = dept.table(table), []
    if origin and dept.has(table, "origin"):
        rows = rows.filter(rows.origin == origin)
        notes.append(f"Only {table} whose origin is {origin}: what officers begin themselves follows their shifts.")
    elif origin and table == "calls":
        notes.append(NOT_RECORDED)
    if "service" in rows.columns and "service" not in asked:
        rows = rows.filter(rows.service.isnull() | (rows.service == "police"))
    for name in [*asked, *([by] if by else [])]:
        if name not in rows.columns:
            raise InputError(f"{table} has no column {name!r}", where="by", choices=rows.columns, found=name)
    for name, value in asked.items():
        known = sorted(map(str, rows[[name]].distinct().execute()[name].dropna()))
        if value not in known:
            raise no_such(name, value, known)
        rows = rows.filter(rows[name].cast("string") == value)
    moment = rows[dept.stamp(table)]
    part = rows[by].cast("string").fill_null("not recorded") if by else ibis.literal(ALL)
    return rows.filter(moment.notnull()).select(hour=dept.local(moment).truncate("h"), part=part), notes


def _filled(found: pd.DataFrame, days: int) -> pd.DataFrame:
    wide = found.pivot_table(index="hour", columns="part", values="n", aggfunc="sum", fill_value=0)
    every = pd.date_range(found["hour"].min().normalize(), periods=24 * days, freq="h")
    return wide.reindex(every, fill_value=0).astype(float).rename_axis(columns="series")


def exposure(hours: Any, timezone: str) -> pd.Series:
    """How often each local hour passed: twice when clocks go back, never when they go forward."""
    index = pd.DatetimeIndex(hours)
    ends = pd.DatetimeIndex([index[0], index[-1] + pd.Timedelta(hours=1)])
    start, end = ends.tz_localize(timezone, ambiguous=True, nonexistent="shift_forward").tz_convert("UTC")
    passed = pd.date_range(start, end, freq="h", inclusive="left").tz_convert(timezone).tz_localize(None)
    return pd.Series(1.0, index=passed).groupby(level=0).sum().reindex(index, fill_value=0.0)


def until(dept: Department, table: str, feeds: bool = True) -> tuple[dt.date, str]:
    """The last day to count, and the sentence that says why: the last complete one, or (``feeds``) the last on which
    every district's feed still ran, whichever is earlier."""
    last, basis = last_complete(dept, table, daily(dept, table, ()))
    stop, named = silent(dept, table, last) if feeds else (last, "")
    if not named:
        return last, basis
    return stop, f"Counted to {stop}. Some feeds stopped: {named}. All later days are left out; check the feed."


def silent(dept: Department, table: str, last: dt.date) -> tuple[dt.date, str]:
    """The last day up to ``last`` on which every district's feed still ran, and the silent ones in words (or "")."""
    return _fed(daily(dept, table, ("district",)), last) if dept.has(table, "district") else (last, "")


def _fed(series: Series, last: dt.date) -> tuple[dt.date, str]:
    """The last day on which every district's feed still ran: a silent feed is no quiet month.

    A feed is silent when nothing came in its last days though more than ``_MISSED`` records were usual.
    """
    if series.grain in COARSE:
        return last, ""
    reach = series.days.searchsorted(pd.Timestamp(last)) + 1
    days = series.days[:reach]
    ends = {}
    for name, counts in zip(series.cells[series.by[0]], series.counts[:, :reach], strict=True):
        seen = np.flatnonzero(counts)
        gone = reach - 1 - seen[-1] if len(seen) else 0
        if 0 < gone <= _LATELY and counts[max(0, seen[-1] - 180) : seen[-1] + 1].mean() * gone > _MISSED:
            ends[name] = days[seen[-1]].date()
    if not ends:
        return last, ""
    named = ", ".join(f"{series.by[0]} {name} (last on {end})" for name, end in ends.items())
    return min(ends.values()), named
