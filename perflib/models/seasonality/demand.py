"""Expected demand per hour of the week in the days to come, with intervals found from how wrong it has been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.figures import Chart
from perflib.models.forecast.core import predict
from perflib.models.forecast.dispersion import log_pmf
from perflib.models.forecast.distribution import mixture_quantile
from perflib.models.forecast.panel import Panel, panel
from perflib.models.seasonality.effects import WEEKDAYS
from perflib.models.threads import one_thread
from perflib.result import Result

Array = np.ndarray[Any, np.dtype[Any]]
#: days behind the shape of a week, events by which a weekday is drawn to its kind, days needed at the least.
SHAPE_DAYS, DRAWN, FEWEST = 364, 20.0, 84
METHOD = (
    "Level: rolling-origin weighted forecast of daily counts; shape: hour-of-week shares of the last year, each "
    "weekday drawn to its kind; negative-binomial counts whose dispersion comes from earlier months forecast alike; "
    "the total's interval from the relative errors of whole earlier periods, t for their number, never below Poisson."
)
_GRID = np.exp(np.linspace(np.log(1e-4), np.log(3.0), 60))
LABELS = {
    "series": "Series",
    "weekday": "Weekday",
    "hour": "Hour",
    "hours": "Such hours ahead",
    "expected": "Expected an hour",
    "low": "One hour, low",
    "high": "One hour, high",
    "mean_low": "Mean of the period, low",
    "mean_high": "Mean of the period, high",
}


@dataclass(frozen=True)
class Spread:
    """Dispersion of the count of one hour, and of the sum over the period of one hour of the week."""

    single: float
    summed: float


@dataclass(frozen=True)
class Total:
    """What the whole period may bring: ``expected``, the ends ``low`` and ``high``, and the earlier ``origins`` whose
    errors they rest on."""

    expected: float
    low: float
    high: float
    origins: int


def demand(
    weights: pd.DataFrame,
    start: object = None,
    days: int = 28,
    level: float = 0.80,
    *,
    candidates: Sequence[str] | None = None,
) -> Result:
    """How many events to expect in each hour of the week.

    Parameters
    ----------
    weights : events per hour, index every local hour of whole days, a column per series (``hourly(...).weights``).
    start : first day of the period asked about; default the day after the data. days : its length.
    level : central share of the intervals. candidates : of ``perflib.models.forecast``; None for the fast ones.

    Returns
    -------
    Result ``demand``: ``series, weekday, hour, hours`` (such hours in the period), ``expected`` (events in one such
    hour), ``low``, ``high`` (interval for a single such hour: what may come), ``mean_low``, ``mean_high`` (interval
    for the mean over the period: what to staff for). Facts ``first``, ``last``, ``total`` per series with
    ``total_low`` and ``total_high`` (interval for the count of the whole period: ``total_interval``), ``origins``
    (earlier periods it rests on), ``level``, ``dispersion``, ``busiest``, ``quietest``.

    Raises
    ------
    InputError : fewer than ``FEWEST`` whole days, a period before the end of the data or more than 92 days away.

    Notes
    -----
    A cell's share of its weekday is that of the last year, drawn to that of all working or weekend days with the
    weight of ``DRAWN`` events. The dispersion of one hour and of a month of hours is that of counts at
    the forecast's own earlier origins, with shares known then, so intervals are as wide as past errors were.
    """
    counts, held, gap = _checked(weights, start, days, level)
    horizon = gap + days
    with one_thread():
        found = predict(held, horizon, candidates)
    rows = [
        _series(name, counts[at], held, found.mean[at], found.test, at, gap, days, level)
        for at, name in enumerate(held.names)
    ]
    table = pd.concat([row for row, _ in rows], ignore_index=True)
    ahead = held.with_future(horizon)[len(held.dates) + gap :]
    spreads = {name: spread for name, (_, spread) in zip(held.names, rows, strict=True)}
    totals = {str(name): _total(found.mean[at], found.test, at, gap, level) for at, name in enumerate(held.names)}
    return _result(table, spreads, totals, ahead, level)


def _checked(weights: pd.DataFrame, start: object, days: int, level: float) -> tuple[Array, Panel, int]:
    """Counts (series, days, 24), their daily panel, and the days between the data and the period."""
    index = pd.DatetimeIndex(weights.index)
    whole = len(index) % 24 == 0 and len(index) > 0 and index[0].hour == 0
    if not whole or not (np.diff(index.to_numpy()) == np.timedelta64(1, "h")).all():
        raise InputError("not every hour of whole days", where="weights", do="give every local hour, zeros included")
    if len(index) < 24 * FEWEST:
        raise InputError(
            f"{len(index) // 24} days are too few to know the hours of a week",
            where="weights",
            do=f"give at least {FEWEST}",
        )
    if not 0 < level < 1:
        raise InputError(f"{level!r} is no share between 0 and 1", where="level")
    daily = (
        weights.resample("D")
        .sum()
        .rename_axis("date")
        .reset_index()
        .melt("date", var_name="series", value_name="count")
    )
    held = panel(daily, freq="D")
    begin = pd.Timestamp(start) if start is not None else held.dates[-1] + pd.Timedelta(days=1)  # type: ignore[arg-type]
    gap = (begin - held.dates[-1]).days - 1
    if gap < 0 or days < 1 or gap + days > 92:
        raise InputError(
            f"{days} days from {begin:%Y-%m-%d} do not lie within 92 days after {held.dates[-1]:%Y-%m-%d}",
            where="start",
        )
    counts = np.stack([weights[name].to_numpy(dtype=float).reshape(-1, 24) for name in held.names])
    return counts, held, gap


def shares(counts: Array, weekday: Array) -> Array:
    """Share of each hour in its weekday's events, (7, 24): the own one, drawn to that of all weekdays."""
    counts, weekday = counts[-SHAPE_DAYS:], weekday[-SHAPE_DAYS:]
    own = np.stack([counts[weekday == day].sum(axis=0) for day in range(7)])
    together = (own.sum(axis=0) + 0.5) / (own.sum() + 12)
    kind = (np.arange(7) >= 5).astype(int)  # the weekend has hours of its own
    near = np.stack([own[kind == each].sum(axis=0) for each in (0, 1)])
    near = (near + 5 * DRAWN * together) / (near.sum(axis=1, keepdims=True) + 5 * DRAWN)
    return np.asarray((own + DRAWN * near[kind]) / (own.sum(axis=1, keepdims=True) + DRAWN))


def _series(
    name: Any, counts: Array, held: Panel, mean: Array, test: Any, at: int, gap: int, days: int, level: float
) -> tuple[pd.DataFrame, Spread]:
    weekday = held.dates.day_of_week.to_numpy()
    spread = _spread(counts, weekday, test, at, days)
    ahead = held.with_future(gap + days)[len(held.dates) + gap :].day_of_week.to_numpy()
    expected = mean[gap:, None] * shares(counts, weekday)[ahead]
    hours = np.bincount(ahead, minlength=7)
    summed = np.stack([expected[ahead == day].sum(axis=0) for day in range(7)])
    one = summed / np.maximum(hours, 1)[:, None]
    tails = np.array([(1 - level) / 2, (1 + level) / 2]).reshape(2, 1, 1)
    single = _quantiles(tails, one, spread.single)
    month = _quantiles(tails, summed, spread.summed) / np.maximum(hours, 1)[:, None]
    table = pd.DataFrame(
        {
            "series": name,
            "weekday": np.repeat(WEEKDAYS, 24),
            "hour": np.tile(np.arange(24), 7),
            "hours": np.repeat(hours, 24),
            "expected": one.ravel(),
            "low": single[0].ravel(),
            "high": single[1].ravel(),
            "mean_low": month[0].ravel(),
            "mean_high": month[1].ravel(),
        }
    )
    return table[table["hours"] > 0], spread


def _quantiles(tails: Array, mean: Array, dispersion: float) -> Array:
    return mixture_quantile(tails, np.maximum(mean, 1e-9), np.full((*mean.shape, 1), dispersion), np.ones(1))


def _spread(counts: Array, weekday: Array, test: Any, at: int, days: int) -> Spread:
    """Most likely dispersion of what came at earlier origins around what would have been said then."""
    single, summed = [], []
    for place, origin in enumerate(test.origins):
        end = min(origin + days, len(counts))
        came, when = counts[origin:end], weekday[origin:end]
        said = test.combined[place, at, : end - origin, None] * shares(counts[:origin], weekday[:origin])[when]
        single.append((came.ravel(), said.ravel()))
        if end - origin >= 7:
            sums = [[part[when == day].sum(axis=0) for day in range(7)] for part in (came, said)]
            summed.append(tuple(np.stack(each).ravel() for each in sums))
    return Spread(_likely(single), _likely(summed or single))


def total_interval(came: Array, said: Array, ahead: float, level: float = 0.80) -> tuple[float, float]:
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
    wrong = float(np.mean((np.asarray(came) / np.maximum(said, 1e-9) - 1) ** 2))
    variance = max(wrong * mean**2, mean) * float(t.ppf(tail, len(came)) / norm.ppf(tail)) ** 2
    size = mean**2 / max(variance - mean, 1e-9 * mean)
    low, high = nbinom.ppf([1 - tail, tail], size, size / (size + mean))
    return float(low), float(high)


def _total(mean: Array, test: Any, at: int, gap: int, level: float) -> Total:
    """The whole period, with the errors of the same stretch ahead at the origins that saw it whole."""
    came, said = test.actual[:, at, gap:], test.combined[:, at, gap:]
    whole = np.isfinite(came).all(axis=1)
    expected = float(mean[gap:].sum())
    low, high = total_interval(came[whole].sum(axis=1), said[whole].sum(axis=1), expected, level)
    return Total(expected, low, high, int(whole.sum()))


def _likely(pairs: list[Any]) -> float:
    """Dispersion with the highest negative-binomial likelihood; counts are rounded, since spans give fractions."""
    came = np.round(np.concatenate([pair[0] for pair in pairs]))
    said = np.maximum(np.concatenate([pair[1] for pair in pairs]), 1e-9)
    return float(max(_GRID, key=lambda value: float(log_pmf(came, said, np.asarray(value)).sum())))


def _result(
    table: pd.DataFrame, spread: dict[Any, Spread], totals: dict[str, Total], ahead: pd.DatetimeIndex, level: float
) -> Result:
    whole = table.assign(part=table["expected"]).groupby(["weekday", "hour"], sort=False)["part"].sum()
    top, low = (list(whole.index)[place] for place in (int(whole.to_numpy().argmax()), int(whole.to_numpy().argmin())))
    first, last = f"{ahead[0]:%Y-%m-%d}", f"{ahead[-1]:%Y-%m-%d}"
    facts = {
        "first": first,
        "last": last,
        "level": level,
        **_totals(totals),
        "dispersion": {str(name): vars(each) for name, each in spread.items()},
        "busiest": {"weekday": top[0], "hour": top[1], "expected": float(whole.max())},
        "quietest": {"weekday": low[0], "hour": low[1], "expected": float(whole.min())},
    }
    answer = _answer(table, facts, totals, level)
    chart = (
        Chart(
            "heat",
            "hour",
            "expected",
            by="weekday",
            x_label="hour of the day",
            y_label="expected an hour",
            marks={"unit": "expected in one hour"},
            alt=answer,
        )
        if len(spread) == 1
        else None
    )
    caveats = (
        f"Each {level:.0%} interval holds for its own hour; of the 168, about {1 - level:.0%} will lie outside.",
        "Holidays and events of the coming period are not foreseen beyond those of earlier years.",
    )
    title = f"What is expected per hour of the week, {first} to {last}?"
    return Result("demand", table, title, answer, METHOD, caveats, facts, chart, LABELS)


def _totals(totals: dict[str, Total]) -> dict[str, Any]:
    ends = {"total": "expected", "total_low": "low", "total_high": "high"}
    made: dict[str, Any] = {
        fact: {name: getattr(each, kept) for name, each in totals.items()} for fact, kept in ends.items()
    }
    return {**made, "origins": min(each.origins for each in totals.values())}


def _answer(table: pd.DataFrame, facts: dict[str, Any], totals: dict[str, Total], level: float) -> str:
    top, low = facts["busiest"], facts["quietest"]
    words = (
        f"{total_words(facts)} are expected from {facts['first']} to {facts['last']}; most on {top['weekday']} "
        f"from {top['hour']:02d}:00 ({top['expected']:.1f} an hour), fewest on {low['weekday']} from "
        f"{low['hour']:02d}:00 ({low['expected']:.1f})."
    )
    if len(totals) > 1:
        return words
    row = table[(table["weekday"] == top["weekday"]) & (table["hour"] == top["hour"])].iloc[0]
    return (
        f"{words} In that hour {row['low']:.0f} to {row['high']:.0f} may come on a single day, "
        f"{row['mean_low']:.1f} to {row['mean_high']:.1f} in the mean of the period ({level:.0%} intervals)."
    )


def total_words(facts: Mapping[str, Any]) -> str:
    """The total of a ``demand`` in words, with its interval where it has one and there is a single series."""
    total = sum(facts["total"].values())
    if len(facts["total"]) > 1 or not np.isfinite(low := next(iter(facts["total_low"].values()))):
        return f"{total:,.0f}"
    high = next(iter(facts["total_high"].values()))
    return f"{total:,.0f} ({low:,.0f} to {high:,.0f}; {facts['level']:.0%} interval)"
