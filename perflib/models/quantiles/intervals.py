"""Sample quantiles with intervals, and with bounds for what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from perflib.errors import InputError
from perflib.figures import Chart
from perflib.models.quantiles.order import Floats, bounded_probabilities, clean, quantile_ranks
from perflib.result import Result


def quantile_interval(
    values: ArrayLike, q: float | Sequence[float] = 0.5, level: float = 0.95, *, method: str = "order",
    replicates: int = 2000, seed: int = 0, name: str = "quantile_interval", unit: str = "",
) -> Result:
    """Sample quantiles with intervals.

    Parameters
    ----------
    values : numbers; missing ones are left out and counted in a caveat (see ``quantile_bounds``).
    q : one or several quantile levels in (0, 1).
    method : "order": distribution-free interval between order statistics; "bootstrap": percentile bootstrap with
        ``replicates`` resamples from ``seed``.

    Returns a Result with columns ``q``, ``n``, ``value``, ``low``, ``high``, ``low_rank``, ``high_rank``; ``low`` or
    ``high`` is missing, and a caveat says so, where the sample is too small for that bound. Facts: ``n`` and, by
    quantile level as text, ``value``, ``low``, ``high``. Not assessable without values.
    """
    known, levels = clean(values), [float(level_q) for level_q in np.atleast_1d(np.asarray(q, dtype=float))]
    if method not in ("order", "bootstrap"):
        raise InputError(f"unknown method {method!r}", where="method", choices=("order", "bootstrap"), found=method)
    if len(known) == 0:
        return Result.not_assessable(name, "no values")
    rows = [_order_row(known, level_q, level) for level_q in levels]
    if method == "bootstrap":
        rows = [row | _bootstrap(np.sort(known), row["q"], level, replicates, seed) for row in rows]
    table = pd.DataFrame(rows)
    facts = {"n": len(known), **{f"{row['q']:g}": {key: row[key] for key in ("value", "low", "high")} for row in rows}}
    how = f"percentile bootstrap, {replicates} resamples" if method == "bootstrap" else \
        "order statistics (David and Nagaraja 2003)"
    missing = np.size(np.asarray(values)) - len(known)
    return Result(
        name, table, "Quantiles with intervals", " ".join(_say(row, level, unit) for row in rows),
        f"Sample quantiles, intervals by {how}.", _interval_caveats(rows, missing), facts,
        Chart("dots", "q", "value", "low", "high", y_label=unit),
        _units({"value": "Value", "low": "Low", "high": "High"}, unit))


def quantile_bounds(
    values: ArrayLike, missing: int, q: float, *, name: str = "quantile_bounds", unit: str = "",
) -> Result:
    """Bounds of a quantile of non-negative durations when ``missing`` of them are unknown.

    The lower bound puts every missing value at 0, the upper at infinity; the truth lies between, whatever the reason
    for missingness. Facts: ``value`` (known values only), ``low``, ``high`` (None when the missing share
    exceeds 1 - q), ``missing_share``, ``reason``.
    Source: Manski, Partial Identification of Probability Distributions, 2003, chapter 1.
    """
    known = np.sort(clean(values))
    if missing < 0 or (known < 0).any():
        raise InputError("durations and the number missing must not be negative", where="values, missing")
    if len(known) == 0:
        return Result.not_assessable(name, "no known values")
    share, levels = missing / (len(known) + missing), bounded_probabilities(len(known), missing, q)
    low, high = (None if p is None else float(np.quantile(known, p)) for p in levels)
    low = 0.0 if low is None else low
    reason = "" if high is not None else f"missing share {share:.1%} exceeds {1 - q:.0%}: no upper bound exists"
    facts = {"q": q, "value": float(np.quantile(known, q)), "low": low, "high": high, "missing_share": share,
             "n": len(known), "missing": missing, "reason": reason}
    until = f"is at least {low:.4g}" + (", without upper bound" if high is None else f" and at most {high:.4g}")
    answer = (f"The {q:.0%} quantile of the known values is {facts['value']:.4g}{' ' * bool(unit)}{unit}; with the "
              f"{share:.1%} missing it {until}.")
    return Result(name, pd.DataFrame([facts]), "What could the missing values change?", answer,
                  "Worst-case bounds: missing at 0 and at infinity (Manski 2003).", [reason] if reason else [], facts)


def _order_row(known: Floats, q: float, level: float) -> dict[str, Any]:
    ordered, n = np.sort(known), len(known)
    ranks = quantile_ranks(n, q, level)
    return {
        "q": q, "n": n, "value": float(np.quantile(ordered, q)),
        "low": float(ordered[ranks.low - 1]) if ranks.low >= 1 else None,
        "high": float(ordered[ranks.high - 1]) if ranks.high <= n else None,
        "low_rank": ranks.low, "high_rank": ranks.high,
    }


def _bootstrap(known: Floats, q: float, level: float, replicates: int, seed: int) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    draws = [float(np.quantile(generator.choice(known, len(known)), q)) for _ in range(replicates)]
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return {"low": float(low), "high": float(high), "low_rank": None, "high_rank": None}


def _say(row: dict[str, Any], level: float, unit: str) -> str:
    low, high = ("no bound" if row[key] is None else f"{row[key]:.4g}" for key in ("low", "high"))
    return f"The {row['q']:.0%} quantile of {row['n']:,} values is {row['value']:.4g} {unit}".rstrip() + \
        f" ({level:.0%} interval {low} to {high})."


def _interval_caveats(rows: list[dict[str, Any]], missing: int) -> list[str]:
    short = [f"{row['q']:.0%}" for row in rows if row["low"] is None or row["high"] is None]
    caveats = [f"Too few values for a two-sided interval of the quantiles {', '.join(short)}."] if short else []
    return caveats + ([f"{missing:,} missing values are left out; see the bounds."] if missing else [])


def _units(labels: dict[str, str], unit: str) -> dict[str, str]:
    return {key: f"{text} ({unit})" if unit else text for key, text in labels.items()}
