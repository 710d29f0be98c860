"""The course of a count: per week or month, with limits that say how far chance alone moves it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from perflib import schema
from perflib.agency import COARSE, Department
from perflib.errors import InputError
from perflib.metrics.counts.compare import counted_people
from perflib.metrics.counts.complete import faults, last_complete
from perflib.metrics.counts.lacking import lacking
from perflib.metrics.counts.series import Series, daily
from perflib.metrics.response.course import deseasonalised, years_of
from perflib.privacy.quoting import no_such
from perflib.result import Result
from perflib.words.response import season

GRAINS = {"week": "W-MON", "month": "MS", "quarter": "QS", "year": "YS"}
#: variance over mean from which counts are no Poisson counts, and limits come from the counts themselves.
_SPREAD = 1.2


def trend(
    dept: Department | pd.DataFrame,
    table: str = "incidents",
    every: str = "week",
    *,
    unit: str | None = None,
    crosswalk: Any = None,
    name: str = "count_trend",
    **cell: Any,
) -> Result:
    """Control chart of a count per whole week (from Monday), month, quarter or year, up to the last complete day.

    Where the dates tell no day, the periods are at least as long as what they tell.

    Parameters
    ----------
    dept, table, unit, crosswalk : what is counted (``daily``). every : "week", "month", "quarter" or "year".
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
    from perflib.models.trend import control_chart

    if every not in GRAINS:
        raise InputError(f"no period {every!r}", where="every", choices=GRAINS, found=every)
    asked = schema.asked(cell)
    if reason := lacking(dept, table, asked):
        return Result.not_assessable(name, reason, title=_title(unit or table, every, asked))
    series = daily(dept, table, tuple(asked), unit, crosswalk)
    every = _told(series, every)
    title = _title(unit or table, every, asked)
    last, basis = last_complete(dept, table, series)
    frame = _counts(series, asked, every, last)
    if len(frame) < 3:
        return Result.not_assessable(name, f"{len(frame)} whole {every}s; at least 3 are needed", title=title)
    adjusted, removed, notes = frame, False, [f"Some {every}s have none: no season is removed."]
    if every == "year":
        notes = ["A year holds all its seasons: none is removed."]
    elif (frame["value"] > 0).all():
        adjusted, removed = deseasonalised(frame)
        notes = season(removed, years_of(frame))
    dispersed = spread(adjusted["value"].to_numpy())
    plain = dispersed < _SPREAD and not removed
    found = control_chart(
        adjusted["value"],
        "c" if plain else "i",
        dates=list(adjusted["date"]),
        name=name,
        title=title,
        unit=f"{series.unit} a {every}",
    )
    facts = {
        **found.facts,
        "every": every,
        "unit": series.unit,
        "last_complete": last.isoformat(),
        "season_removed": removed,
        "dispersion": dispersed,
    }
    people = counted_people(dept, table, series.unit, ("point", "date"), ("value",), ("every", "unit", "last_complete"))
    return replace(found, facts=facts, people=people).with_caveats(basis, *notes, *series.notes, *faults(series, last))


def _told(series: Series, every: str) -> str:
    """The grain asked for, or the one that the dates tell where they tell no finer one; weeks make up no months."""
    told = series.grain
    if told not in COARSE:
        return every
    return told if told == "week" or list(GRAINS).index(every) < list(GRAINS).index(told) else every


def _title(counted: str, every: str, asked: dict[str, str]) -> str:
    return f"Has the {every}ly number of {counted} changed?{_where(asked)}"


def _where(asked: dict[str, str]) -> str:
    return f" {', '.join(f'{column} {value}' for column, value in asked.items()).capitalize()}" if asked else ""


def _counts(series: Series, asked: dict[str, str], every: str, last: dt.date) -> pd.DataFrame:
    """Whole periods: ``date`` (first day), ``value``, ``se`` (Poisson)."""
    chosen = pd.Series(True, index=series.cells.index)
    for column, value in asked.items():
        if value not in set(series.cells[column]):
            raise no_such(column, value, sorted(set(series.cells[column])))
        chosen &= series.cells[column] == value
    days = pd.Series(series.counts[chosen.to_numpy()].sum(axis=0), index=series.days)
    days = days[: pd.Timestamp(last)]
    # weeks begin on Mondays, or on the day on which all the dates stand
    starts = pd.date_range(days.index[0], days.index[-1], freq="7D" if series.grain == "week" else GRAINS[every])
    step: Any = pd.Timedelta(days=7) if every == "week" else pd.tseries.frequencies.to_offset(GRAINS[every])
    whole = [start for start in starts if start + step <= pd.Timestamp(last) + pd.Timedelta(days=1)]
    values = np.array([days[start : start + step - pd.Timedelta(days=1)].sum() for start in whole], dtype=float)
    return pd.DataFrame({"date": pd.DatetimeIndex(whole), "value": values, "se": np.sqrt(np.maximum(values, 1))})


def spread(values: np.ndarray) -> float:
    """Variance over mean of counts in time order, from the differences of neighbours: a trend or step hardly counts."""
    mean = float(values.mean())
    return float((np.diff(values) ** 2).mean() / 2 / mean) if mean > 0 and len(values) > 1 else 1.0
