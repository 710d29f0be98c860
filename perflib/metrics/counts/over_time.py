"""A count over time: per week or month, with limits that show the usual range."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from perflib import schema
from perflib.agency import Department
from perflib.errors import InputError
from perflib.metrics.counts.availability import lacking
from perflib.metrics.counts.compare import counted_people
from perflib.metrics.counts.completeness import faults, last_complete
from perflib.metrics.counts.series import Series, daily
from perflib.metrics.response.course import deseasonalised, years_of
from perflib.models.counts import successive_dispersion
from perflib.privacy.quoting import no_such
from perflib.result import Result
from perflib.words import counts as words

GRAINS = {"week": "W-MON", "month": "MS", "quarter": "QS", "year": "YS"}
#: variance over mean from which counts are no Poisson counts, and limits come from the counts themselves.
_DISPERSED = 1.2


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
    only = schema.asked(cell)
    if reason := lacking(dept, table, only):
        return Result.not_assessable(name, reason, title=words.trend_title(unit or table, every, only))
    series = daily(dept, table, tuple(only), unit, crosswalk)
    grains = list(GRAINS)
    if series.grain == "week" or (series.grain in GRAINS and grains.index(every) < grains.index(series.grain)):
        every = series.grain  # the dates tell no finer one, and weeks make up no months
    last, basis = last_complete(dept, table, series)
    frame = _counts(series, only, every, pd.Timestamp(last))
    if len(frame) < 3:
        reason = f"{len(frame)} whole {every}s; at least 3 are needed"
        return Result.not_assessable(name, reason, title=words.trend_title(unit or table, every, only))
    empty = every != "year" and not (frame["value"] > 0).all()
    adjusted, removed = (frame, False) if empty or every == "year" else deseasonalised(frame)
    dispersion = successive_dispersion(adjusted["value"].to_numpy())
    poisson = dispersion < _DISPERSED and not removed
    dates, axis = list(adjusted["date"]), f"{series.unit} a {every}"
    chart = control_chart(adjusted["value"], "c" if poisson else "i", dates=dates, name=name, unit=axis)
    facts = {
        **chart.facts,
        "every": every,
        "unit": series.unit,
        "last_complete": last.isoformat(),
        "season_removed": removed,
        "dispersion": dispersion,
    }
    return replace(
        chart,
        facts=facts,
        people=counted_people(
            dept,
            table,
            series.unit,
            ("point", "date"),
            ("value",),
            ("every", "unit", "last_complete", "season_removed", "n"),
            ("statistic",),
        ),
        words=partial(
            words.trend,
            only=only,
            years=years_of(frame),
            empty=empty,
            poisson=poisson,
            notes=[*series.notes, *faults(series, last)],
            basis=basis,
        ),
    )


def _counts(series: Series, only: dict[str, str], every: str, last: pd.Timestamp) -> pd.DataFrame:
    """Whole periods: ``date`` (first day), ``value``, ``se`` (Poisson)."""
    chosen = pd.Series(True, index=series.cells.index)
    for column, value in only.items():
        if value not in set(series.cells[column]):
            raise no_such(column, value, sorted(set(series.cells[column])))
        chosen &= series.cells[column] == value
    days = pd.Series(series.counts[chosen.to_numpy()].sum(axis=0), index=series.days)[:last]
    # weeks begin on Mondays, or on the day on which all the dates stand
    starts = pd.date_range(days.index[0], days.index[-1], freq="7D" if series.grain == "week" else GRAINS[every])
    step: Any = pd.Timedelta(days=7) if every == "week" else pd.tseries.frequencies.to_offset(GRAINS[every])
    whole = [start for start in starts if start + step <= last + pd.Timedelta(days=1)]
    values = np.array([days[start : start + step - pd.Timedelta(days=1)].sum() for start in whole], dtype=float)
    return pd.DataFrame({"date": pd.DatetimeIndex(whole), "value": values, "se": np.sqrt(np.maximum(values, 1))})
