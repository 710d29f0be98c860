"""The course of response times: a quantile per week or month, its control chart, and the steps in it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.files.shared import once_per_batch
from perflib.metrics.response.by import FEWEST
from perflib.metrics.response.cells import cells
from perflib.metrics.response.groups import grouped
from perflib.metrics.response.scope import Scope, in_service, measured, scope_of, unanswerable
from perflib.models.quantiles import interval_se
from perflib.result import Result
from perflib.words import response
from perflib.words import response_changes as words

GRAINS = {"week": "W", "month": "M"}
_YEARS = 2.0


def series(
    dept: Department, every: str = "week", by: str | None = None, q: float = 0.5, *, fewest: int = FEWEST, **scope: Any
) -> pd.DataFrame:
    """One quantile per period with its standard error: ``date`` (first day), ``series``, ``n``, ``known``, ``value``,
    ``low``, ``high``, ``se`` (minutes).

    Periods that the data (or the period asked for) cover only in part are left out; so are those with fewer than
    ``fewest`` known values or without an interval. Raises InputError for an unknown ``every`` or column.
    """
    if every not in GRAINS:
        raise InputError(f"no period {every!r}", where="every", choices=GRAINS, found=every)
    asked = Scope(**scope)
    keys = [every, *([by] if by else [])]
    table = cells(grouped(dept, measured(dept, asked), keys, fill=False), keys, [q], 0.95)
    frame = pd.DataFrame(
        {
            "date": pd.to_datetime(table[every]),
            "series": table[by].astype(str) if by else "all",
            **{name: table[name] for name in ("n", "known")},
            **{
                name: table[response.stem(q) + end].astype(float)
                for name, end in (("value", ""), ("low", "_low"), ("high", "_high"))
            },
        }
    )
    frame["se"] = interval_se(frame["low"].to_numpy(), frame["high"].to_numpy(), frame["known"].to_numpy(), q)
    whole = frame["date"].isin(_whole(dept, asked, every)) & (frame["known"] >= fewest) & (frame["se"] > 0)
    return frame[whole].sort_values(["series", "date"], ignore_index=True)


def _whole(dept: Department, asked: Scope, every: str) -> pd.DatetimeIndex:
    """First days of the periods that the data and the period asked for cover whole."""
    calls = in_service(dept, asked)
    local = dept.local(calls.received_at)
    edges = calls.agg(first=local.min().date(), last=local.max().date()).execute().iloc[0]
    first, last = (
        pd.Timestamp(given or edge) for given, edge in ((asked.first, edges["first"]), (asked.last, edges["last"]))
    )
    if pd.isna(first):
        return pd.DatetimeIndex([])
    starts = pd.date_range(first, last, freq="W-MON" if every == "week" else "MS")
    length = pd.Timedelta(days=7) if every == "week" else pd.offsets.MonthBegin(1)
    return starts[[start + length <= last + pd.Timedelta(days=1) for start in starts]]


@once_per_batch
def trend(dept: Department, *, every: str = "week", q: float = 0.5, **scope: Any) -> Result:
    """Control chart of a quantile per week or month; limits from the order-statistic errors of the quantile.

    With two years of data or more the season (two annual harmonics of the logarithm) is taken out first. Result
    ``response_trend``: columns and facts of ``perflib.models.trend.control_chart``, and ``season_removed``.
    """
    from perflib.models.trend import control_chart

    asked = scope_of(dept, **scope)
    title = words.changed_title(every, q, None, asked.codes())
    if reason := unanswerable(dept, asked.interval):
        return Result.not_assessable("response_trend", reason, title=title)
    frame = series(dept, every, None, q, **scope)
    if len(frame) < 3:
        return Result.not_assessable(
            "response_trend", f"{len(frame)} whole {every}s; at least 3 are needed", title=title
        )
    adjusted, removed = deseasonalised(frame)
    chart = control_chart(
        adjusted["value"],
        "i",
        dates=list(adjusted["date"]),
        errors=list(adjusted["se"]),
        direction="down",
        name="response_trend",
        unit="minutes",
    )
    say = partial(words.trend, every=every, q=q, asked=asked.codes(), years=years_of(frame))
    return replace(chart, facts={**chart.facts, "season_removed": removed}, words=say)


@once_per_batch
def steps(
    dept: Department, *, every: str = "week", by: str | None = "district", q: float = 0.5, **scope: Any
) -> Result:
    """Did a level change, when, and where? Result ``response_steps``.

    With ``by``: ``perflib.models.trend.step_test`` (a series against what all share). Without, or with fewer than three
    series: ``perflib.models.trend.breaks`` of the whole.
    """
    from perflib.models.trend import breaks, step_test

    asked = scope_of(dept, **scope)
    title = words.changed_title(every, q, None, asked.codes())
    if reason := unanswerable(dept, asked.interval):
        return Result.not_assessable("response_steps", reason, title=title)
    frame = series(dept, every, by, q, **scope) if by and dept.has("calls", by) else pd.DataFrame({"series": []})
    if by and frame["series"].nunique() >= 3:
        tested = step_test(frame[["series", "date", "value", "se"]], name="response_steps")
        say = partial(words.steps, every=every, q=q, by=by, asked=asked.codes())
        return replace(tested, words=say)
    whole = series(dept, every, None, q, **scope)
    adjusted, removed = deseasonalised(whole)
    tested = breaks(
        adjusted["value"], list(adjusted["date"]), errors=list(adjusted["se"]), name="response_steps", unit="minutes"
    )
    if tested.reason:
        return replace(tested, title=title)
    say = partial(words.breaks, every=every, q=q, asked=asked.codes(), years=years_of(whole), removed=removed)
    return replace(tested, words=say)


def years_of(frame: pd.DataFrame) -> float:
    """The years from the first to the last date of a series."""
    return float((frame["date"].max() - frame["date"].min()).days / 365.25) if len(frame) else 0.0


def deseasonalised(frame: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """``frame`` (date, value, se) without its annual season, and whether there was enough of it to remove one.

    The logarithm is regressed, weighted by (value / se)^2, on a constant, a straight line and two annual harmonics;
    only the harmonics are taken out. Below two years nothing is: one winter cannot tell season from change.
    """
    if years_of(frame) < _YEARS - 0.05:
        return frame, False
    time = (frame["date"] - frame["date"].min()).dt.days.to_numpy() / 365.25
    waves = np.column_stack([wave(2 * np.pi * k * time) for k in (1, 2) for wave in (np.sin, np.cos)])
    design = np.column_stack([np.ones_like(time), time, waves])
    weight = (frame["value"] / frame["se"]).to_numpy()
    fit, *_ = np.linalg.lstsq(design * weight[:, None], np.log(frame["value"].to_numpy()) * weight, rcond=None)
    factor = np.exp(-waves @ fit[2:])
    columns = {name: frame[name] * factor for name in ("value", "low", "high", "se") if name in frame}
    return frame.assign(**columns), True
