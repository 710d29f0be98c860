"""Rates by hour of the week, each with its exposure: how many such hours there were."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from perflib.models.seasonality.effects import WEEKDAYS
from perflib.rates import poisson_limits

Array = np.ndarray[Any, np.dtype[Any]]


def profile(weights: pd.Series, exposure: pd.Series | None = None, level: float = 0.95) -> pd.DataFrame:
    """A row per hour of the week: ``weekday``, ``hour``, ``count``, ``hours``, ``rate``, ``low``, ``high``.

    Parameters
    ----------
    weights : events per hour, index local hours, every hour of the period (zeros included).
    exposure : hours each row stands for (default 1; 0 and 2 at clock changes).

    Returns
    -------
    ``rate`` is events per hour, ``hours`` its denominator, the interval that of a gamma (Garwood 1936, Biometrika 28)
    on counts divided by their dispersion (variance over mean around the rates of hour of week and month, at least 1).
    An hour of the week that never occurred has no rate.
    """
    index = pd.DatetimeIndex(weights.index)
    rows = pd.DataFrame(
        {
            "weekday": pd.Categorical(index.day_name(), WEEKDAYS),
            "hour": index.hour,
            "month": index.month,
            "count": weights.to_numpy(dtype=float),
            "hours": np.ones(len(index)) if exposure is None else exposure.reindex(index).to_numpy(dtype=float),
        }
    )
    sums = rows.groupby(["weekday", "hour"], observed=False)[["count", "hours"]].sum().reset_index()
    rates = rate_interval(sums["count"].to_numpy(), sums["hours"].to_numpy(), dispersion(rows), level)
    return pd.concat([sums, rates], axis=1).astype({"weekday": str})


def dispersion(rows: pd.DataFrame) -> float:
    """Variance over mean of hourly counts around the rates of hour of week times month, at least 1."""
    keys = ["weekday", "hour"]
    total = rows["count"].sum() / max(rows["hours"].sum(), 1)
    week = rows.groupby(keys, observed=True)[["count", "hours"]].transform("sum")
    month = rows.groupby("month", observed=True)[["count", "hours"]].transform("sum")
    if total <= 0:
        return 1.0
    mean = rows["hours"] * (week["count"] / week["hours"]) * (month["count"] / month["hours"]) / total
    used = mean > 0
    freedom = max(int(used.sum()) - 168 - 11, 1)
    return max(1.0, float(((rows["count"] - mean)[used] ** 2 / mean[used]).sum()) / freedom)


def leading(rates: pd.DataFrame, highest: bool = True, level: float = 0.95) -> Array:
    """Which kinds of hour may be the one with the highest (or lowest) rate of all.

    Parameters
    ----------
    rates : of ``profile``, 95 % intervals, every kind with a rate. level : chance that the true leader is among them.

    Returns
    -------
    Array of bool: kinds whose rate lies less below the leading one than chance would put the best of so many equal
    ones above another (multiple comparisons with the best: Hsu 1984, Ann. Statist. 12).
    """
    rate = rates["rate"].to_numpy(dtype=float) * (1 if highest else -1)
    error = (rates["high"] - rates["low"]).to_numpy(dtype=float) / (2 * 1.959964)
    top = int(rate.argmax())
    return np.asarray(rate[top] - rate <= _best_of(len(rate), level) * np.hypot(error, error[top]))


@lru_cache(maxsize=8)
def _best_of(kinds: int, level: float) -> float:
    """Quantile of the largest of the standardised differences of ``kinds`` - 1 equal rates from one more."""
    draws = np.random.default_rng(14).normal(size=(20_000, kinds))
    return float(np.quantile((draws[:, 1:].max(axis=1) - draws[:, 0]) / np.sqrt(2), level))


def rate_interval(count: Array, hours: Array, phi: float, level: float = 0.95) -> pd.DataFrame:
    """``rate``, ``low`` and ``high`` of counts with dispersion ``phi`` over ``hours``; missing without hours."""
    low, high = poisson_limits(count, level, phi)
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = pd.DataFrame({"rate": count / hours, "low": low / hours, "high": high / hours})
    rates[hours <= 0] = np.nan
    return rates
