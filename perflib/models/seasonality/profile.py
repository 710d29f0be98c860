"""Rates by hour, weekday and month, each with its exposure: how many hours of that kind there were."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.seasonality.effects import MONTHS, WEEKDAYS
from perflib.rates import poisson_limits

Array = np.ndarray[Any, np.dtype[Any]]
KINDS = ("hour", "weekday", "month")


def profile(
    weights: pd.Series | pd.DataFrame,
    by: Sequence[str] = ("weekday", "hour"),
    exposure: pd.Series | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """A row per kind of hour: ``series`` (where several), ``by``, ``count``, ``hours``, ``rate``, ``low``, ``high``.

    Parameters
    ----------
    weights : events per hour, index local hours, every hour of the period (zeros included); a column per series.
    by : of "hour", "weekday" and "month". exposure : hours each row stands for (default 1; 0 and 2 at clock changes).

    Returns
    -------
    ``rate`` is events per hour, ``hours`` its denominator, the interval that of a gamma (Garwood 1936, Biometrika 28)
    on counts divided by their dispersion (variance over mean around the rates of hour of week and month, at least 1).
    A kind that never occurred has no rate.
    """
    unknown = [name for name in by if name not in KINDS]
    if unknown:
        raise InputError(f"no kind of hour {unknown[0]!r}", where="by", choices=KINDS, found=unknown[0])
    if isinstance(weights, pd.Series):
        return _one(weights, list(by), exposure, level)
    parts = [_one(weights[name], list(by), exposure, level).assign(series=name) for name in weights.columns]
    found = pd.concat(parts, ignore_index=True)
    return found[["series", *[name for name in found.columns if name != "series"]]]


def _one(weights: pd.Series, by: list[str], exposure: pd.Series | None, level: float) -> pd.DataFrame:
    index = pd.DatetimeIndex(weights.index)
    hours = np.ones(len(index)) if exposure is None else exposure.reindex(index).to_numpy(dtype=float)
    kinds = pd.DataFrame(
        {
            "hour": index.hour,
            "weekday": np.array(WEEKDAYS)[index.day_of_week],
            "month": np.array(MONTHS)[index.month - 1],
        }
    )
    kinds["weekday"] = pd.Categorical(kinds["weekday"], WEEKDAYS)
    kinds["month"] = pd.Categorical(kinds["month"], [name for name in MONTHS if (kinds["month"] == name).any()])
    held = kinds.assign(count=weights.to_numpy(dtype=float), hours=hours)
    found = held.groupby(by, observed=False)[["count", "hours"]].sum().reset_index()
    found = pd.concat(
        [found, rate_interval(found["count"].to_numpy(), found["hours"].to_numpy(), dispersion(held), level)], axis=1
    )
    return found.assign(**{name: found[name].astype(str) for name in by if name != "hour"})


def dispersion(held: pd.DataFrame) -> float:
    """Variance over mean of hourly counts around the rates of hour of week times month, at least 1."""
    keys = ["weekday", "hour"]
    total = held["count"].sum() / max(held["hours"].sum(), 1)
    week = held.groupby(keys, observed=True)[["count", "hours"]].transform("sum")
    month = held.groupby("month", observed=True)[["count", "hours"]].transform("sum")
    if total <= 0:
        return 1.0
    mean = held["hours"] * (week["count"] / week["hours"]) * (month["count"] / month["hours"]) / total
    used = mean > 0
    freedom = max(int(used.sum()) - 168 - 11, 1)
    return max(1.0, float(((held["count"] - mean)[used] ** 2 / mean[used]).sum()) / freedom)


def leading(found: pd.DataFrame, highest: bool = True, level: float = 0.95) -> Array:
    """Which kinds of hour may be the one with the highest (or lowest) rate of all.

    Parameters
    ----------
    found : of ``profile``, 95 % intervals, every kind with a rate. level : chance that the true leader is among them.

    Returns
    -------
    Array of bool: kinds whose rate lies less below the leading one than chance would put the best of so many equal
    ones above another (multiple comparisons with the best: Hsu 1984, Ann. Statist. 12).
    """
    rate = found["rate"].to_numpy(dtype=float) * (1 if highest else -1)
    error = (found["high"] - found["low"]).to_numpy(dtype=float) / (2 * 1.959964)
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
        made = pd.DataFrame({"rate": count / hours, "low": low / hours, "high": high / hours})
    made[hours <= 0] = np.nan
    return made
