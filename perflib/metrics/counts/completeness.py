"""Up to which day a table is complete, and what in its counts is no change at all."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from perflib.agency import COARSE, Department
from perflib.metrics.counts.series import Series
from perflib.words import counts as words

#: a day counts as complete at the age by which this share of records has arrived, measured on days older than SETTLED.
SHARE, SETTLED, SILENT = 0.95, 60, 7


def last_complete(source: Department | pd.DataFrame, table: str, series: Series) -> tuple[dt.date, str]:
    """The last complete day, and the sentence that says why.

    With ``recorded_at``: the newest day at least as old as 95 % of records needed to arrive (measured on records whose
    event is 60 days old or more). Without: the day before the newest record, because that day may have been cut short.
    """
    newest = series.days[-1].date()
    if isinstance(source, pd.DataFrame):
        return newest, words.note("unknown", day=newest, grain="day")
    arrival = lag(source, table)
    if arrival is None:
        day = series.period(newest).first - dt.timedelta(days=1)
        return day, words.note("unknown", day=day, grain=series.grain)
    known, needed = arrival
    day = series.period(min(newest, known - dt.timedelta(days=needed))).last
    return day, words.note("complete", day=day, share=SHARE, needed=needed)


def lag(dept: Department, table: str) -> tuple[dt.date, int] | None:
    """The day up to which records are known, and the days that 95 % of them needed; None without ``recorded_at``."""
    rows, stamp = dept.table(table), dept.stamp(table)
    if "recorded_at" not in rows.columns or not rows[stamp].type().is_timestamp():
        return None
    dated = rows.filter(rows.recorded_at.notnull() & rows[stamp].notnull())
    days = dated.select(recorded=dept.local(dated.recorded_at).date(), event=dept.local(dated[stamp]).date())
    newest: Any = days.recorded.max().execute()
    if newest is None or pd.isna(newest):
        return None
    known = dept.known_on or pd.Timestamp(newest).date()
    gap = days.mutate(days=days.recorded.delta(days.event, unit="day"))
    settled = gap.filter(gap.event <= known - dt.timedelta(days=SETTLED))
    needed = settled.days.quantile(SHARE).execute()
    if needed is None or pd.isna(needed):
        return None
    return known, max(int(np.ceil(needed)), 1)


def faults(series: Series, last: dt.date) -> list[str]:
    """Caveats on negative corrections, renamed categories and groups that fell silent."""
    return [*_negative(series), *_renamed(series, last), *_silent(series, last)]


def _negative(series: Series) -> list[str]:
    where = np.argwhere(series.counts < 0)
    names = [" / ".join(map(str, row)) or "all" for row in series.cells[list(series.by)].to_numpy()]
    first = [f"{names[row]} {series.counts[row, day]:g} on {series.days[day]:%Y-%m-%d}" for row, day in where[:3]]
    return [words.note("corrections", n=len(where), first="; ".join(first))] if first else []


def _renamed(series: Series, last: dt.date) -> list[str]:
    """One category stops within a month of another's start, at a similar rate: probably one category."""
    notes = []
    last_place = int(series.days.searchsorted(pd.Timestamp(last)))
    for name in series.by:
        counts = _by_value(series, name)
        spans = {label: np.flatnonzero(row != 0) for label, row in zip(counts.index, counts.to_numpy(), strict=True)}
        spans = {label: days for label, days in spans.items() if len(days) and counts.loc[label].sum() >= 30}
        for old, stopped in spans.items():
            for new, started in spans.items():
                rows = counts.loc[old].to_numpy(), counts.loc[new].to_numpy()
                if old != new and _successor(*rows, stopped, int(started[0]), last_place):
                    end, start = (f"{series.days[at]:%Y-%m-%d}" for at in (stopped[-1], started[0]))
                    notes.append(words.note("renamed", column=name, old=old, end=end, new=new, start=start))
    return notes


def _successor(old: np.ndarray, new: np.ndarray, stopped: np.ndarray, start: int, end: int) -> bool:
    stop = int(stopped[-1])
    if stop > end - 28 or start < 28 or abs(start - stop) > 31:
        return False
    rates = [old[max(stop - 180, stopped[0]) : stop + 1].mean(), new[start : start + 180].mean()]
    return bool(0.4 < rates[1] / max(rates[0], 1e-9) < 2.5)


def _silent(series: Series, last: dt.date) -> list[str]:
    """Values of the first grouping without a record in the last week though chance would not leave it empty."""
    if not series.by or series.grain in COARSE:
        return []
    counts = _by_value(series, series.by[0]).iloc[:, : series.days.searchsorted(pd.Timestamp(last)) + 1]
    usual = counts.iloc[:, -180:-SILENT].mean(axis=1) * SILENT
    quiet = counts.index[(counts.iloc[:, -SILENT:].sum(axis=1) == 0) & (usual > 10)]
    of = {"column": series.by[0], "days": SILENT, "last": last}
    return [words.note("silent", value=name, usual=usual[name], **of) for name in quiet]


def _by_value(series: Series, name: str) -> pd.DataFrame:
    return pd.DataFrame(series.counts, index=series.cells[name].to_numpy()).groupby(level=0).sum()
