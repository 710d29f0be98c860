"""Expected demand per hour of the week in the days to come, with intervals found from how wrong it has been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.forecast import kernel
from perflib.models.forecast.core import predict
from perflib.models.forecast.distribution import mixture_quantile
from perflib.models.forecast.panel import Panel, panel
from perflib.models.seasonality.effects import WEEKDAYS
from perflib.models.threads import one_thread
from perflib.rates import inside

Array = np.ndarray[Any, np.dtype[Any]]
#: days behind the shape of a week, events by which a weekday is drawn to its kind, days needed at the least.
SHAPE_DAYS, DRAWN, FEWEST = 364, 20.0, 84
_GRID = np.exp(np.linspace(np.log(1e-4), np.log(3.0), 60))


@dataclass(frozen=True, eq=False)
class Demand:
    """The expected events of a period.

    Attributes
    ----------
    table : a row per hour of the week: ``weekday, hour, hours`` (such hours in the period), ``expected`` (events in one
        such hour), ``low``, ``high`` (interval for a single such hour: what may come), ``mean_low``, ``mean_high``
        (interval for the mean over the period: what to staff for).
    first, last : days of the period.
    total, low, high : expected count of the whole period, and its interval (``total_interval``).
    origins : earlier periods whose errors that interval rests on.
    single, summed : dispersion of the count of one hour, and of the sum over the period of one hour of the week.
    """

    table: pd.DataFrame
    first: pd.Timestamp
    last: pd.Timestamp
    total: float
    low: float
    high: float
    origins: int
    single: float
    summed: float


def demand(weights: pd.Series, start: object = None, days: int = 28, level: float = 0.80) -> Demand:
    """How many events to expect in each hour of the week.

    Parameters
    ----------
    weights : events per hour, index every local hour of whole days (``hourly(...).weights``).
    start : first day of the period asked about; default the day after the data. days : its length.
    level : central share of the intervals.

    Raises
    ------
    InputError : fewer than ``FEWEST`` whole days, a period before the end of the data or more than 92 days away.

    Notes
    -----
    A cell's share of its weekday is that of the last year, drawn to that of all working or weekend days with the
    weight of ``DRAWN`` events. The dispersion of one hour and of a month of hours is that of counts at
    the forecast's own earlier origins, with shares known then, so intervals are as wide as past errors were.
    """
    daily = _daily(weights)
    last = daily.dates[-1]
    begin = last + pd.Timedelta(days=1) if start is None else pd.Timestamp(start)  # type: ignore[arg-type]
    gap = (begin - last).days - 1
    if gap < 0 or days < 1 or gap + days > 92:
        raise InputError(
            f"{days} days from {begin:%Y-%m-%d} do not lie within 92 days after {last:%Y-%m-%d}", where="start"
        )
    tail = (1 - inside(level, "level")) / 2
    with one_thread():
        prediction = predict(daily, gap + days)
    counts, weekday = weights.to_numpy(dtype=float).reshape(-1, 24), daily.dates.day_of_week.to_numpy()
    predicted = prediction.test.combined[:, 0]
    single, summed = _dispersion(counts, weekday, prediction.test.origins, predicted, days)
    ahead = pd.date_range(begin, periods=days)
    mean = prediction.mean[0, gap:]
    table = _table(mean[:, None] * shares(counts, weekday)[ahead.day_of_week], ahead, tail, single, summed)
    came = prediction.test.actual[:, 0, gap:]
    whole = np.isfinite(came).all(axis=1)
    total = float(mean.sum())
    low, high = total_interval(came[whole].sum(axis=1), predicted[whole, gap:].sum(axis=1), total, level)
    return Demand(table, ahead[0], ahead[-1], total, low, high, int(whole.sum()), single, summed)


def _daily(weights: pd.Series) -> Panel:
    """The panel of the daily sums of hourly weights."""
    index = pd.DatetimeIndex(weights.index)
    whole = len(index) % 24 == 0 and len(index) > 0 and index[0].hour == 0
    if not whole or not (np.diff(index.to_numpy()) == np.timedelta64(1, "h")).all():
        raise InputError("not every hour of whole days", where="weights", do="give every local hour, zeros included")
    if len(index) < 24 * FEWEST:
        few = f"{len(index) // 24} days are too few to know the hours of a week"
        raise InputError(few, where="weights", do=f"give at least {FEWEST}")
    sums = weights.resample("D").sum()
    return panel(pd.DataFrame({"series": "all", "date": sums.index, "count": sums.to_numpy()}), "D")


def shares(counts: Array, weekday: Array) -> Array:
    """Share of each hour in its weekday's events, (7, 24): the own one, drawn to that of all weekdays."""
    counts, weekday = counts[-SHAPE_DAYS:], weekday[-SHAPE_DAYS:]
    own = np.stack([counts[weekday == day].sum(axis=0) for day in range(7)])
    together = (own.sum(axis=0) + 0.5) / (own.sum() + 12)
    kind = (np.arange(7) >= 5).astype(int)  # the weekend has hours of its own
    near = np.stack([own[kind == each].sum(axis=0) for each in (0, 1)])
    near = (near + 5 * DRAWN * together) / (near.sum(axis=1, keepdims=True) + 5 * DRAWN)
    return np.asarray((own + DRAWN * near[kind]) / (own.sum(axis=1, keepdims=True) + DRAWN))


def _table(expected: Array, ahead: pd.DatetimeIndex, tail: float, single: float, summed: float) -> pd.DataFrame:
    """The hours of the week of a period, from the ``expected`` events (days, 24) of its days ``ahead``."""
    weekday = ahead.day_of_week.to_numpy()
    hours = np.bincount(weekday, minlength=7)
    sums = np.stack([expected[weekday == day].sum(axis=0) for day in range(7)])
    each = np.maximum(hours, 1)[:, None]
    low, high = _quantiles(tail, sums / each, single)
    mean_low, mean_high = _quantiles(tail, sums, summed) / each
    columns = {"expected": sums / each, "low": low, "high": high, "mean_low": mean_low, "mean_high": mean_high}
    table = pd.DataFrame({"weekday": np.repeat(WEEKDAYS, 24), "hour": np.tile(np.arange(24), 7)})
    table = table.assign(hours=np.repeat(hours, 24), **{name: values.ravel() for name, values in columns.items()})
    return table[table["hours"] > 0]


def _quantiles(tail: float, mean: Array, dispersion: float) -> Array:
    ends = np.array([tail, 1 - tail]).reshape(2, 1, 1)
    return mixture_quantile(ends, np.maximum(mean, 1e-9), np.full((*mean.shape, 1), dispersion), np.ones(1))


def _dispersion(
    counts: Array, weekday: Array, origins: tuple[int, ...], daily: Array, days: int
) -> tuple[float, float]:
    """Most likely dispersion, of single hours and of sums, of what came at earlier ``origins`` around the ``daily``
    means (origins, days) that would have been forecast then."""
    single, summed = [], []
    for origin, forecast in zip(origins, daily, strict=True):
        end = min(origin + days, len(counts))
        came, when = counts[origin:end], weekday[origin:end]
        predicted = forecast[: end - origin, None] * shares(counts[:origin], weekday[:origin])[when]
        single.append((came.ravel(), predicted.ravel()))
        if end - origin >= 7:
            sums = [[part[when == day].sum(axis=0) for day in range(7)] for part in (came, predicted)]
            summed.append(tuple(np.stack(each).ravel() for each in sums))
    return _likely(single), _likely(summed or single)


def total_interval(came: Array, predicted: Array, ahead: float, level: float = 0.80) -> tuple[float, float]:
    """Ends of the count of a whole period of which ``ahead`` are expected, from earlier periods foretold alike.

    Parameters
    ----------
    came, said : what came in each earlier period, and what would have been said of it.

    Returns
    -------
    The ends of a negative-binomial count with mean ``ahead``. Its variance is ``ahead`` squared times the mean square
    of the relative errors, never below that of a Poisson count, times the square of t over z, since few periods tell
    how wrong such a forecast is (Student 1908; degrees of freedom: the periods). No earlier period: no ends.
    """
    from scipy.stats import nbinom, norm, t

    if not len(came):
        return float("nan"), float("nan")
    tail, mean = (1 + level) / 2, max(ahead, 1e-9)
    wrong = float(np.mean((np.asarray(came) / np.maximum(predicted, 1e-9) - 1) ** 2))
    variance = max(wrong * mean**2, mean) * float(t.ppf(tail, len(came)) / norm.ppf(tail)) ** 2
    size = mean**2 / max(variance - mean, 1e-9 * mean)
    low, high = nbinom.ppf([1 - tail, tail], size, size / (size + mean))
    return float(low), float(high)


def _likely(pairs: list[Any]) -> float:
    """Dispersion with the highest negative-binomial likelihood; counts are rounded, since spans give fractions."""
    came = np.round(np.concatenate([pair[0] for pair in pairs]))
    predicted = np.maximum(np.concatenate([pair[1] for pair in pairs]), 1e-9)
    each, one = np.zeros(came.size, int), np.ones(1)
    return float(_GRID[kernel.likelihoods(came, predicted, np.ones(came.size), each, _GRID, one, one, 1)[0].argmax()])
