"""Where did the level change? Bai-Perron breaks in a mean, with a guard against breaks in pure noise."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.figures import Chart
from perflib.models.trend.scan import (
    Floats,
    best_step,
    correlation,
    date_half_width,
    iso,
    likely_dates,
    long_run,
    noise,
)
from perflib.result import Result


def breaks(
    values: Sequence[float] | pd.Series,
    dates: Sequence[Any] | None = None,
    max_breaks: int = 5,
    min_segment: int | None = None,
    *,
    errors: Sequence[float] | None = None,
    level: float = 0.95,
    draws: int = 499,
    seed: int = 0,
    name: str = "breaks",
    unit: str = "",
) -> Result:
    """Breaks of the mean of a series, their number chosen by the data, with an interval for each date.

    The segments minimise the (weighted) sum of squares for each number of breaks m by dynamic programming. Breaks are
    added while a sup-F test inside a present segment finds one more (Bai and Perron's sequential procedure; Monte Carlo
    p-values, corrected for autocorrelation, Bonferroni over the segments), and never beyond the number that BIC
    prefers. Of series without a break about 1 - ``level`` or fewer get one.

    Parameters
    ----------
    values : one number per period in time order, deseasonalised; NaN is left out.
    dates : one per value.
    max_breaks : most breaks considered.
    min_segment : fewest points in a segment; default the larger of 5 and 10 % of the points.
    errors : known standard errors of the values (of medians, say): weights; their scale is estimated.
    level : one minus the false-alarm rate, and coverage of the intervals.

    Returns a Result with columns ``point``, ``date`` when given, ``value``, ``segment`` (from 1), ``mean`` of the
    segment and its interval ``mean_low``, ``mean_high``. Facts: ``n_breaks``; ``breaks``: list of {``after``: last
    point of the old level, ``first``: first of the new, ``low``, ``high``: interval of ``after``, the wider
    of Bai's and the inverted likelihood ratio, ``change``} (dates when given, else 1-based positions);
    ``breaks_after``; ``means``; ``rss``; ``bic`` and ``lwz`` per m; ``p`` of the first test.
    Not assessable with fewer points than two segments need.

    Raises InputError for lengths that differ or errors that are not positive.
    Sources: Bai and Perron 1998, Econometrica 66, and 2003, Journal of Applied Econometrics 18; Bai 1997;
    Hansen 2000, Econometrica 68 (likelihood-ratio dates); Yao 1988 (BIC); Liu, Wu and Zidek 1997 (LWZ).
    """
    x, w, known, labels = _series(values, dates, errors)
    edge = min_segment or max(5, int(np.ceil(0.1 * len(x))))
    if edge < 2 or max_breaks < 1:
        raise InputError(
            "min_segment needs at least 2 points and max_breaks at least 1", where="min_segment, max_breaks"
        )
    if len(x) < 2 * edge + 1 or len(x) < 10:
        return Result.not_assessable(
            name, f"{len(x)} points; two segments of {edge} or more, and 10 points, are needed"
        )
    plans = _plans(x, w, edge, min(max_breaks, len(x) // edge - 1))
    criteria = _criteria([rss for rss, _ in plans], len(x))
    count, p = _sequential(x, w, plans, edge, 1 - level, draws, seed)
    rss, cuts = plans[min(count, int(np.argmin(criteria["bic"])))]
    ends = [0, *cuts, len(x)]
    scale = float(long_run((x - _means(x, w, cuts))[None, :], w, len(cuts) + 1)[0])
    segments = _segments(x, w, ends, scale, level, labels)
    changes = [_break(place, x, w, scale, level, labels) for place in zip(ends, ends[1:], ends[2:], strict=False)]
    table = pd.DataFrame({"point": np.arange(1, len(known) + 1)})
    if dates is not None:
        table["date"] = list(dates)
    table["value"] = np.array(values, dtype=float)
    number = np.searchsorted(cuts, np.maximum(np.cumsum(known) - 1, 0), side="right")
    table["segment"] = number + 1
    for column in ("mean", "mean_low", "mean_high"):
        table[column] = [segments[at][column] for at in number]
    facts = {
        "n_breaks": len(changes),
        "breaks": [{key: iso(value) for key, value in change.items()} for change in changes],
        "breaks_after": [iso(change["after"]) for change in changes],
        "means": [segment["mean"] for segment in segments],
        "rss": rss,
        "p": p,
        **criteria,
        "segments": [{key: iso(value) for key, value in segment.items()} for segment in segments],
    }
    axis, marks = "point" if dates is None else "date", {"breaks": [change["first"] for change in changes]}
    return Result(name, table, facts=facts, chart=Chart("line", axis, "value", y_label=unit, marks=marks))


def _series(values: Any, dates: Any, errors: Any) -> tuple[Floats, Floats, Any, list[Any]]:
    x = np.array(values, dtype=float)
    for where, given in (("dates", dates), ("errors", errors)):
        if given is not None and len(given) != len(x):
            raise InputError(f"{len(given)} entries for {len(x)} values", where=where, do="give one per value")
    weight = np.ones(len(x)) if errors is None else np.array(errors, dtype=float)
    if (weight <= 0).any():
        raise InputError("an entry is not positive", where="errors")
    known = np.isfinite(x) & np.isfinite(weight)
    labels = list(range(1, len(x) + 1)) if dates is None else list(pd.Series(list(dates)))
    return x[known], weight[known] ** -2.0, known, [labels[i] for i in np.flatnonzero(known)]


def _plans(x: Floats, w: Floats, edge: int, most: int) -> list[tuple[float, list[int]]]:
    """For m = 0..most: (least sum of squares, 0-based first points of the segments after the first)."""
    n = len(x)
    cost = _costs(x, w, edge)
    best = [cost[0].copy()]  # best[m][j]: cheapest way to cover the first j points with m breaks
    start: list[Any] = []
    for _ in range(most):
        routes = best[-1][:, None] + cost
        start.append(np.argmin(routes, axis=0))
        best.append(np.min(routes, axis=0))
    plans = []
    for m in range(most + 1):
        cuts, end = [], n
        for back in reversed(start[:m]):
            end = int(back[end])
            cuts.append(end)
        plans.append((float(best[m][n]), sorted(cuts)))
    return [plan for plan in plans if np.isfinite(plan[0])]


def _costs(x: Floats, w: Floats, edge: int) -> Floats:
    """cost[i, j]: weighted sum of squares of points i..j-1 about their mean; infinite when shorter than ``edge``."""
    shifted = x - np.average(x, weights=w)  # keeps the difference of sums exact enough
    sums = [np.concatenate([[0.0], np.cumsum(part)]) for part in (w, w * shifted, w * shifted**2)]
    mass, first, second = (part[None, :] - part[:, None] for part in sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.maximum(second - first**2 / mass, 0.0)
    index = np.arange(len(x) + 1)
    return np.where(index[None, :] - index[:, None] >= edge, cost, np.inf)


def _criteria(rss: list[float], n: int) -> dict[str, list[float]]:
    """BIC and LWZ of m breaks: log(rss / n) + penalty; 2 m + 1 parameters (means and dates)."""
    tiny = np.finfo(float).tiny
    fit = [float(np.log(max(value, tiny) / n)) for value in rss]
    size = [2 * m + 1 for m in range(len(rss))]
    return {
        "bic": [f + p * float(np.log(n)) / n for f, p in zip(fit, size, strict=True)],
        "lwz": [f + p * 0.299 * float(np.log(n)) ** 2.1 / n for f, p in zip(fit, size, strict=True)],
    }


def _sequential(
    x: Floats, w: Floats, plans: list[tuple[float, list[int]]], edge: int, alpha: float, draws: int, seed: int
) -> tuple[int, float]:
    """(number of breaks, p of the first test). A pair that cancels hides from the first test: see ``_pair``."""
    first = 1.0
    for m, (_, cuts) in enumerate(plans):
        p = _one_more(x, w, cuts, edge, draws, seed)
        first = p if m == 0 else first
        if p > alpha * (0.6 if m == 0 else 1.0):
            if m > 0 or len(plans) < 3:
                return m, first
            return (2, first) if _pair(x, w, plans[2], edge, draws, seed) <= 0.1 * alpha else (0, first)
    return len(plans) - 1, first


def _one_more(x: Floats, w: Floats, cuts: list[int], edge: int, draws: int, seed: int) -> float:
    ends = [0, *cuts, len(x)]
    parts = [slice(a, b) for a, b in itertools.pairwise(ends) if b - a >= 2 * edge + 1]
    p = [best_step(x[part], w[part], edge, draws=draws, seed=seed + part.start).p for part in parts]
    return min(1.0, min(p) * len(p)) if p else 1.0


def _pair(x: Floats, w: Floats, plan: tuple[float, list[int]], edge: int, draws: int, seed: int) -> float:
    """p-value of two breaks at once (up and down again), by Monte Carlo of the same statistic on noise."""
    observed = _gain(x, w, plan)
    if observed <= 3.0 * float(np.log(len(x))):  # commonplace in noise: simulating would be wasted
        return 1.0
    r = float(correlation((x - _means(x, w, plan[1]))[None, :], w)[0])
    null = noise(w, r, draws, seed)
    reached = sum(_gain(series, w, _plans(series, w, edge, 2)[2]) >= observed for series in null)
    return (1 + reached) / (1 + draws)


def _gain(x: Floats, w: Floats, plan: tuple[float, list[int]]) -> float:
    rest = x - _means(x, w, plan[1])
    base = float(np.sum(w * (x - np.average(x, weights=w)) ** 2))
    scale = float(long_run(rest[None, :], w, len(plan[1]) * 2 + 1)[0])
    return (base - plan[0]) / max(scale, np.finfo(float).tiny)


def _means(x: Floats, w: Floats, cuts: list[int]) -> Floats:
    ends = [0, *cuts, len(x)]
    return np.concatenate([np.full(b - a, np.average(x[a:b], weights=w[a:b])) for a, b in itertools.pairwise(ends)])


def _segments(
    x: Floats, w: Floats, ends: list[int], scale: float, level: float, labels: list[Any]
) -> list[dict[str, Any]]:
    from scipy.stats import norm

    z, segments = float(norm.ppf((1 + level) / 2)), []
    for a, b in itertools.pairwise(ends):
        mean, half = float(np.average(x[a:b], weights=w[a:b])), z * float(np.sqrt(scale / w[a:b].sum()))
        interval = {"mean": mean, "mean_low": mean - half, "mean_high": mean + half}
        segments.append({"first": labels[a], "last": labels[b - 1], "n": b - a, **interval})
    return segments


def _break(
    place: tuple[int, int, int], x: Floats, w: Floats, scale: float, level: float, labels: list[Any]
) -> dict[str, Any]:
    """The break at the middle of ``place`` (its segment's start, the break, the next segment's end)."""
    start, cut, end = place
    change = float(np.average(x[cut:end], weights=w[cut:end]) - np.average(x[start:cut], weights=w[start:cut]))
    wide = date_half_width(change, scale, float(np.mean(w[max(0, cut - 5) : cut + 5])), level)
    first, last = likely_dates(x[start:end], w[start:end], scale, level)
    low, high = min(cut - wide, start + first), max(cut + wide, start + last)
    near = [labels[min(max(i - 1, 0), len(labels) - 1)] for i in (low, high)]
    return {"after": labels[cut - 1], "first": labels[cut], "low": near[0], "high": near[1], "change": change}
