"""The last day whose records can be taken as complete, and faults of a series that no test can repair."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from perflib.agency import COARSE, Department
from perflib.metrics.counts.series import Series

#: a day counts as complete at the age by which this share of records has arrived; older than SETTLED it is not asked.
SHARE, SETTLED, SILENT = 0.95, 60, 7


def last_complete(source: Department | pd.DataFrame, table: str, series: Series) -> tuple[dt.date, str]:
    """The last complete day, and the sentence that says why.

    With ``recorded_at``: the newest day at least as old as 95 % of records needed to arrive (measured on records whose
    event is 60 days old or more). Without: the day before the newest record, because that day may have been cut short.
    """
    newest = series.days[-1].date()
    if isinstance(source, pd.DataFrame):
        return newest, f"Counted to {newest}, the last day of the counts; whether it is complete is not known."
    arrival = lag(source, table)
    if arrival is None:
        day = series.period(newest).first - dt.timedelta(days=1)
        return day, (
            f"Counted to {day}, the {series.grain} before that of the newest record: without recorded_at "
            "later additions cannot be foreseen, so the newest days may be low."
        )
    known, needed = arrival
    day = series.period(min(newest, known - dt.timedelta(days=needed))).last
    return day, (
        f"Counted to {day}: records known on {known}, and {SHARE:.0%} of them arrive within {needed} days; "
        "newer days are left out."
    )


def lag(dept: Department, table: str) -> tuple[dt.date, int] | None:
    """The day up to which records are known, and the days that 95 % of them needed; None without ``recorded_at``."""
    rows, stamp = dept.table(table), dept.stamp(table)
    if "recorded_at" not in rows.columns or not rows[stamp].type().is_timestamp():
        return None
    held = rows.filter(rows.recorded_at.notnull() & rows[stamp].notnull())
    days = held.select(recorded=dept.local(held.recorded_at).date(), event=dept.local(held[stamp]).date())
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
    """Caveats on negative corrections, renamed categories and cells that fell silent."""
    return [*_negative(series), *_renamed(series, last), *_silent(series, last)]


def _negative(series: Series) -> list[str]:
    where = np.argwhere(series.counts < 0)
    if not len(where):
        return []
    shown = [
        f"{_name(series, cell)} {series.counts[cell, day]:g} on {series.days[day]:%Y-%m-%d}" for cell, day in where[:3]
    ]
    return [
        f"{len(where)} negative counts are corrections of earlier periods ({'; '.join(shown)}"
        f"{'; ...' if len(where) > 3 else ''}): a cell with one in a period compared is not assessed."
    ]


def _name(series: Series, cell: int) -> str:
    return " / ".join(str(series.cells.iloc[cell][name]) for name in series.by) or "all"


def _renamed(series: Series, last: dt.date) -> list[str]:
    """One category stops within a month of another's start, at a similar rate: probably one category."""
    found = []
    for name in series.by:
        held = pd.DataFrame(series.counts, index=series.cells[name].to_numpy()).groupby(level=0).sum()
        spans = {label: np.flatnonzero(row != 0) for label, row in zip(held.index, held.to_numpy(), strict=True)}
        spans = {label: days for label, days in spans.items() if len(days) and held.loc[label].sum() >= 30}
        end = series.days.searchsorted(pd.Timestamp(last))
        for old, gone in spans.items():
            for new, came in spans.items():
                if old != new and _successor(held.loc[old].to_numpy(), held.loc[new].to_numpy(), gone, came, int(end)):
                    found.append(
                        f"{name} {old!r} ends on {series.days[gone[-1]]:%Y-%m-%d} where {new!r} begins on "
                        f"{series.days[came[0]]:%Y-%m-%d}: probably renamed; their changes are not real."
                    )
    return found


def _successor(old: np.ndarray, new: np.ndarray, gone: np.ndarray, came: np.ndarray, end: int) -> bool:
    if gone[-1] > end - 28 or came[0] < 28 or abs(int(came[0]) - int(gone[-1])) > 31:
        return False
    rates = [old[max(gone[-1] - 180, gone[0]) : gone[-1] + 1].mean(), new[came[0] : came[0] + 180].mean()]
    return bool(0.4 < rates[1] / max(rates[0], 1e-9) < 2.5)


def _silent(series: Series, last: dt.date) -> list[str]:
    """Values of the first grouping without a record in the last week though chance would not leave it empty."""
    if not series.by or series.grain in COARSE:
        return []
    until = series.days.searchsorted(pd.Timestamp(last)) + 1
    held = pd.DataFrame(series.counts[:, :until], index=series.cells[series.by[0]].to_numpy()).groupby(level=0).sum()
    usual = held.iloc[:, -180:-SILENT].mean(axis=1)
    quiet = held.index[(held.iloc[:, -SILENT:].sum(axis=1) == 0) & (usual * SILENT > 10)]
    return [
        f"{series.by[0]} {name}: nothing in the {SILENT} days to {last}, {usual[name] * SILENT:,.0f} are usual: "
        "check the feed before reading a fall."
        for name in quiet
    ]
