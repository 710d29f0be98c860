"""Control charts: is this month different, or is it the usual variation?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.figures import Chart
from perflib.models.trend import rules
from perflib.models.trend.limits import SHEWHART, Floats, Limits, Mask, cusum, ewma, shewhart
from perflib.result import Result

KINDS = (*SHEWHART, "ewma", "cusum")
_SIZED = ("p", "p_prime", "u")
#: with fewer points it is not asked whether neighbours resemble each other
_FEW = 12


def control_chart(
    values: Sequence[float] | pd.Series,
    kind: str = "p",
    sizes: Sequence[float] | pd.Series | None = None,
    *,
    dates: Sequence[Any] | None = None,
    target: float | None = None,
    direction: str = "none",
    rebase: Sequence[Any] = (),
    sigma: float = 3.0,
    baseline: int | None = None,
    errors: Sequence[float] | None = None,
    sd: float | None = None,
    weight: float = 0.2,
    k: float | None = None,
    h: float | None = None,
    name: str = "control_chart",
    unit: str = "",
) -> Result:
    """Shewhart, EWMA and CUSUM charts with limits, signals and their meaning.

    Parameters
    ----------
    values : one number per period, in time order. p, p_prime: how many had the attribute; c, u: counts; g: how many
        opportunities passed between two events; i, ewma, cusum: measurements. A gap (NaN) is kept and not judged.
    kind : "p" proportion, "p_prime" or "laney" (Laney p', for large or over-dispersed samples), "c" count,
        "u" rate, "i" individual values, "g" gap between rare events, "ewma", "cusum".
    sizes : denominators (p, p_prime) or exposure (u), one per value; a size of 0 is a gap.
    dates : one per value, for the table and the axis.
    target : a wished-for level, drawn; for ewma and cusum the level drift is measured from (default: the mean).
    direction : of improvement: "up", "down" or "none".
    rebase : 1-based positions, or dates, at which a new process begins and limits are computed afresh.
    sigma : half-width of the limits in standard errors.
    baseline : compute the limits of each segment from its first ``baseline`` points only.
    errors : kind "i": the standard error of each value (of a median, see ``quantiles.interval_se``).
    sd, weight, k, h : ewma and cusum: known standard deviation, EWMA weight, CUSUM slack and decision interval
        (k and h in the units of the data).

    Returns
    -------
    Result whose table has ``point`` (1-based), ``date`` when given, ``value``, ``statistic`` (what is drawn),
    ``centre``, ``lower``, ``upper``, ``signal`` (beyond the limits), ``rule`` (every rule met and its meaning).
    Facts: ``centre``, ``lower``, ``upper`` (a number, or a list per point where it varies; for cusum ``upper`` and
    ``lower`` are the lists of upper and lower sums and ``h`` the limit), ``signals`` (1-based positions beyond the
    limits, always), ``signal_dates`` (when dates are given), ``run_points`` (positions met by a run rule: 8 in a row on
    one side, 2 of 3 beyond two standard errors), ``improvements``, ``deteriorations``, ``inflation`` (short-term
    variation of the points over their standard errors), ``related`` (the correlation of neighbouring points where it is
    beyond chance: limits are then too narrow). Not assessable below 3 points.

    Raises
    ------
    InputError : unknown kind or direction, lengths that differ, a count above its size, negative or missing sizes.

    Sources: Shewhart 1931; Montgomery, Introduction to Statistical Quality Control; and those of each kind.
    """
    kind = {"laney": "p_prime", "individuals": "i", "p'": "p_prime"}.get(kind, kind)
    if kind not in KINDS:
        raise InputError(f"no control chart of kind {kind!r}", where="kind", choices=KINDS, found=kind)
    if direction not in rules.DIRECTIONS:
        raise InputError(f"unknown direction {direction!r}", where="direction", choices=rules.DIRECTIONS)
    points = _points(values, kind, sizes, errors, dates, rebase)
    for where, wrong in (
        ("sigma", not sigma > 0),
        ("weight", not 0 < weight <= 1),
        ("baseline", baseline is not None and baseline < 2),
        ("sd", sd is not None and not sd > 0),
        ("h", h is not None and not h > 0),
    ):
        if wrong:
            raise InputError("out of range", where=where)
    n = int(points.known.sum())
    if n < 3:
        return Result.not_assessable(name, f"{n} points; a control chart needs at least 3")
    parts = []
    for segment in points.segments:
        x = points.values[segment]
        size, error = (None if part is None else part[segment] for part in (points.sizes, points.errors))
        base = np.arange(len(x)) < (baseline or len(x))
        if kind == "ewma":
            parts.append(ewma(x, base, sigma, target=target, sd=sd, weight=weight))
        elif kind == "cusum":
            parts.append(cusum(x, base, target=target, sd=sd, k=k, h=h))
        else:
            parts.append(shewhart(kind, x, size, error, base, sigma))
    table, facts = _judged(points, kind, _joined(parts), direction)
    marks: dict[str, Any] = {each: each for each in ("centre", "lower", "upper", "signal", "rule")}
    marks |= {"target": target} if target is not None and kind != "cusum" else {}
    axis, label = ("point", "Point") if dates is None else ("date", "")
    chart = Chart("control", axis, "statistic", x_label=label, y_label=unit, marks=marks)
    return Result(name, table, facts=facts, chart=chart)


@dataclass(frozen=True)
class _Points:
    """The checked series; ``known``: points that can be judged; ``segments``: those between rebasing points."""

    values: Floats
    sizes: Floats | None
    errors: Floats | None
    dates: pd.Series | None
    known: Mask
    segments: list[Mask]


def _points(values: Any, kind: str, sizes: Any, errors: Any, dates: Any, rebase: Sequence[Any]) -> _Points:
    given = {"values": values, "sizes": sizes, "errors": errors}
    x, size, error = (_numbers(part, where, values) for where, part in given.items())
    assert x is not None
    known = np.isfinite(x)
    for where, wrong, why in (
        ("sizes", kind in _SIZED and size is None, f"a {kind} chart needs the denominators"),
        ("sizes", kind not in _SIZED and size is not None, f"a {kind} chart takes no sizes"),
        ("sizes", size is not None and (size < 0).any(), "an entry is negative"),
        ("errors", error is not None and kind != "i", "standard errors are for kind 'i'"),
        ("errors", error is not None and (error <= 0).any(), "an entry is not positive"),
        ("values", kind in (*_SIZED, "c", "g") and (x < 0).any(), "a count is negative"),
        ("values", kind in ("p", "p_prime") and size is not None and (x > size).any(), "a count exceeds its size"),
    ):
        if wrong:
            raise InputError(why, where=where)
    if size is not None:
        known &= np.isfinite(size) & (size > 0)
    if error is not None:
        known &= np.isfinite(error)
    days = None if dates is None else pd.Series(list(dates))
    if days is not None and len(days) != len(x):
        raise InputError(f"{len(days)} dates for {len(x)} values", where="dates", do="give one per value")
    if days is not None and pd.api.types.is_datetime64_any_dtype(days) and not days.is_monotonic_increasing:
        raise InputError("dates are not in time order", where="dates", do="sort the series first")
    starts = sorted({position(point, days, "rebase") for point in rebase} - {1})
    if starts and not 1 <= starts[0] <= starts[-1] <= len(x):
        raise InputError(f"no such point in a series of {len(x)}", where="rebase")
    number = np.searchsorted(starts, np.arange(1, len(x) + 1), side="right")
    segments = [known & (number == at) for at in range(len(starts) + 1)]
    return _Points(x, size, error, days, known, [segment for segment in segments if segment.any()])


def _numbers(given: Any, where: str, values: Any) -> Floats | None:
    if given is None:
        return None
    try:
        numbers = np.array([given] * len(values) if isinstance(given, (int, float)) else given, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError("not all entries are numbers", where=where, do="convert or drop them first") from error
    if numbers.shape != (len(values),):
        raise InputError(f"{len(numbers)} entries for {len(values)} values", where=where, do="give one per value")
    if np.isinf(numbers).any():
        raise InputError("an entry is infinite", where=where, do="give missing points as NaN")
    return numbers


def position(point: Any, dates: Any, where: str) -> int:
    """A 1-based position as it is; a date as that of the first point on or after it."""
    if isinstance(point, (int, np.integer)) and not isinstance(point, bool):
        return int(point)
    if dates is None:
        raise InputError(f"{point!r} is not a position and no dates were given", where=where)
    return int((pd.to_datetime(pd.Series(list(dates))) < pd.Timestamp(point)).sum()) + 1


def _joined(parts: list[Limits]) -> Limits:
    """The limits of all segments; facts that are lists go on, of the others the last counts."""
    columns = ("statistic", "centre", "lower", "upper", "spread")
    joined = {key: np.concatenate([getattr(part, key) for part in parts]) for key in columns}
    facts: dict[str, Any] = {}
    for key, value in ((key, value) for part in parts for key, value in part.facts.items()):
        facts[key] = facts.get(key, []) + value if isinstance(value, list) else value
    return Limits(facts=facts, **joined)


def _judged(points: _Points, kind: str, limits: Limits, direction: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The table and the facts of all points."""
    # a geometric lies below its mean 63 % of the time: runs of a g chart are counted about its median
    middle = limits.centre if kind != "g" else np.log(0.5) / np.log1p(-1 / (1.000001 + limits.centre))
    out, run, texts = rules.label(limits, direction, middle, kind in SHEWHART)
    table = pd.DataFrame({"point": np.arange(1, len(points.values) + 1)})
    if points.dates is not None:
        table["date"] = points.dates
    columns = {"value": limits.statistic if kind in SHEWHART else points.values[points.known]}
    columns |= {key: getattr(limits, key) for key in ("statistic", "centre", "lower", "upper")}
    for key, column in columns.items():
        table[key] = np.nan
        table.loc[points.known, key] = column
    table["signal"], table["rule"] = False, ""
    table.loc[points.known, "signal"], table.loc[points.known, "rule"] = out != 0, texts
    at = table.loc[points.known, "point"].to_numpy()
    meanings = np.array([rules.meaning(side, direction) if side else "" for side in out])
    facts = {key: _one_or_all(getattr(limits, key)) for key in ("centre", "lower", "upper")} | {
        "n": len(at),
        "signals": at[out != 0].tolist(),
        "run_points": at[run].tolist(),
        "improvements": at[meanings == "improvement"].tolist(),
        "deteriorations": at[meanings == "deterioration"].tolist(),
        "related": _related(points),
        **limits.facts,
    }
    if kind == "cusum":
        facts |= {"centre": facts["target"], "upper": facts["upper_sums"], "lower": facts["lower_sums"]}
    if points.dates is not None:
        dates = table.loc[table["signal"], "date"]
        facts["signal_dates"] = [f"{day:%Y-%m-%d}" if isinstance(day, pd.Timestamp) else str(day) for day in dates]
    return table, facts


def _one_or_all(column: Floats) -> float | list[float]:
    return float(column[0]) if np.allclose(column, column[0], rtol=1e-12, atol=0) else column.tolist()


def _related(points: _Points) -> float | None:
    """The lag-1 autocorrelation of the points about the mean of their segment where it is beyond chance, else None."""
    raw = points.values if points.sizes is None else points.values / np.where(points.known, points.sizes, np.nan)
    centred = np.concatenate([raw[segment] - raw[segment].mean() for segment in points.segments])
    first, p = autocorrelation(centred) if len(centred) >= _FEW else (0.0, 1.0)
    return first if p < 0.01 else None


def autocorrelation(values: Floats) -> tuple[float, float]:
    """(lag-1 autocorrelation, Ljung-Box p-value over min(10, n // 5) lags); Ljung and Box 1978, Biometrika 65."""
    from scipy.stats import chi2

    n, centred = len(values), values - values.mean()
    lags = np.arange(1, max(1, min(10, n // 5)) + 1)
    total = float(centred @ centred)
    if total == 0:
        return 0.0, 1.0
    r = np.array([centred[lag:] @ centred[:-lag] / total for lag in lags])
    return float(r[0]), float(chi2.sf(n * (n + 2) * np.sum(r**2 / (n - lags)), len(lags)))
