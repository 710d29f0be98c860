"""The course of a count: per week or month, with limits that say how far chance alone moves it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.metrics.counts.compare import counted_people
from perflib.metrics.counts.complete import complete_after, faults, lag, last_complete
from perflib.metrics.counts.lacking import lacking
from perflib.metrics.counts.series import Series, daily
from perflib.metrics.response.course import deseasonalised
from perflib.privacy.people import People
from perflib.result import Result

GRAINS = {"week": "W-MON", "month": "MS"}
#: variance over mean from which counts are no Poisson counts, and limits come from the counts themselves.
_SPREAD = 1.2


def trend(
    dept: Department | pd.DataFrame, table: str = "incidents", every: str = "week", *, unit: str | None = None,
    crosswalk: Any = None, name: str = "count_trend", **cell: Any,
) -> Result:
    """Control chart of a count per whole week (from Monday) or month, up to the last complete day.

    Parameters
    ----------
    dept, table, unit, crosswalk : what is counted (``daily``). every : "week" or "month".
    cell : column = value, such as ``district="0412"``; empty values mean all.

    Returns
    -------
    Result ``count_trend``: columns and facts of ``perflib.models.trend.control_chart``, and the facts ``every``,
    ``unit``, ``season_removed``, ``last_complete``, ``dispersion``. With two years or more the season is taken out. A
    Poisson (c) chart, or one of individual values where counts vary more than Poisson counts do. Not assessable below
    three whole periods.

    Raises
    ------
    InputError : an unknown grain, column or value.
    """
    if every not in GRAINS:
        raise InputError(f"no period {every!r}", where="every", choices=GRAINS, found=every)
    asked = {column: str(value) for column, value in cell.items() if value not in ("", None)}
    title = _title(unit or table, every, asked)
    if reason := lacking(dept, table, asked):
        return Result.not_assessable(name, reason, title=title)
    series = daily(dept, table, tuple(asked), unit, crosswalk)
    found = told(series, last_complete(dept, table, series), asked, every, name=name, title=title)
    return replace(found, people=_people(dept, table, series))


def told(
    series: Series, complete: tuple[dt.date, str], asked: dict[str, str], every: str, *, name: str, title: str
) -> Result:
    """The Result of ``trend`` where the daily counts by the columns ``asked`` and the last complete day are known."""
    from perflib.models.trend import control_chart

    last, basis = complete
    frame = _counts(series, asked, every, last)
    if len(frame) < 3:
        return Result.not_assessable(name, f"{len(frame)} whole {every}s; at least 3 are needed", title=title)
    adjusted, note = deseasonalised(frame) if (frame["value"] > 0).all() else (
        frame, f"Some {every}s hold none: no season is removed.")
    dispersed = spread(adjusted["value"].to_numpy())
    plain = dispersed < _SPREAD and not note.startswith("The season")
    found = control_chart(adjusted["value"], "c" if plain else "i", dates=list(adjusted["date"]), name=name,
                          title=title, unit=f"{series.unit} a {every}")
    facts = {**found.facts, "every": every, "unit": series.unit, "last_complete": last.isoformat(),
             "season_removed": note.startswith("The season"), "dispersion": dispersed}
    return replace(found, facts=facts).with_caveats(basis, note, *series.notes, *faults(series, last))


class Held:
    """The daily counts of a table, read from the engine once for every choice of columns.

    ``trend`` then answers for any district and offence without the engine, with the figures of the function ``trend``
    (a test compares them).
    """

    def __init__(self, dept: Department, table: str = "incidents") -> None:
        self.dept, self.table = dept, table
        self._lag: tuple[dt.date, int] | None = None
        self._read: dict[tuple[str, ...], tuple[Series, tuple[dt.date, str]]] = {}

    def trend(self, every: str = "week", *, name: str = "count_trend", **cell: Any) -> Result:
        """As the function ``trend`` of this department and table."""
        asked = {column: str(value) for column, value in cell.items() if value not in ("", None)}
        title = _title(self.table, every, asked)
        if reason := lacking(self.dept, self.table, asked):
            return Result.not_assessable(name, reason, title=title)
        series, complete = self.read(*asked)
        found = told(series, complete, asked, every, name=name, title=title)
        return replace(found, people=_people(self.dept, self.table, series))

    def read(self, *columns: str) -> tuple[Series, tuple[dt.date, str]]:
        """The counts by these columns and the last complete day, kept from the first time they are asked for."""
        if columns not in self._read:
            series = daily(self.dept, self.table, columns)
            self._lag = lag(self.dept, self.table) if not self._read else self._lag
            self._read[columns] = series, complete_after(series, self._lag)
        return self._read[columns]


def _people(dept: Any, table: str, series: Series) -> People | None:
    return counted_people(dept, table, series.unit, ("point", "date"), ("value",), ("every", "unit", "last_complete"))


def _title(counted: str, every: str, asked: dict[str, str]) -> str:
    return f"Has the {every}ly number of {counted} changed?{_where(asked)}"


def _where(asked: dict[str, str]) -> str:
    return f" {', '.join(f'{column} {value}' for column, value in asked.items()).capitalize()}" if asked else ""


def _counts(series: Series, asked: dict[str, str], every: str, last: dt.date) -> pd.DataFrame:
    """Whole periods: ``date`` (first day), ``value``, ``se`` (Poisson)."""
    chosen = pd.Series(True, index=series.cells.index)
    for column, value in asked.items():
        if value not in set(series.cells[column]):
            raise InputError(f"no {column} {value!r}", where=column, choices=sorted(set(series.cells[column])),
                             found=value)
        chosen &= series.cells[column] == value
    days = pd.Series(series.counts[chosen.to_numpy()].sum(axis=0), index=series.days)
    days = days[: pd.Timestamp(last)]
    starts = pd.date_range(days.index[0], days.index[-1], freq=GRAINS[every])
    step = pd.Timedelta(days=7) if every == "week" else pd.offsets.MonthBegin(1)
    whole = [start for start in starts if start + step <= pd.Timestamp(last) + pd.Timedelta(days=1)]
    values = np.array([days[start: start + step - pd.Timedelta(days=1)].sum() for start in whole], dtype=float)
    return pd.DataFrame({"date": pd.DatetimeIndex(whole), "value": values, "se": np.sqrt(np.maximum(values, 1))})


def spread(values: np.ndarray) -> float:
    """Variance over mean of counts in time order, from the differences of neighbours: a trend or step hardly counts."""
    mean = float(values.mean())
    return float((np.diff(values) ** 2).mean() / 2 / mean) if mean > 0 and len(values) > 1 else 1.0
