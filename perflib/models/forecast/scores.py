"""How good forecasts were: MASE, scaled CRPS and randomised PIT."""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]
DECILES = np.arange(1, 10) / 10


def seasonal_scale(train: Array, season: int) -> Array:
    """Mean absolute difference of values ``season`` steps apart along the last axis, missing ones left out.

    The denominator of MASE (Hyndman & Koehler 2006); NaN where no such pair exists or all differences are zero.
    """
    values = np.asarray(train, dtype=float)
    if values.shape[-1] <= season:
        return np.full(values.shape[:-1], np.nan)
    steps = np.abs(values[..., season:] - values[..., :-season])
    counted = np.isfinite(steps).sum(axis=-1)
    total = np.nansum(steps, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((counted > 0) & (total > 0), total / counted, np.nan)


def mase(train: Array, actual: Array, forecast: Array, season: int) -> Array:
    """Mean absolute scaled error over the last axis (Hyndman & Koehler, Int. J. Forecasting 2006).

    ``train`` (..., T) gives the scale, the in-sample mean absolute error of the seasonal naive forecast; ``actual`` and
    ``forecast`` are (..., H). Missing actual values are left out.

    Raises
    ------
    InputError : ``actual`` and ``forecast`` differ in shape.
    """
    actual, forecast = np.asarray(actual, dtype=float), np.asarray(forecast, dtype=float)
    if actual.shape != forecast.shape:
        raise InputError(f"{actual.shape} actual and {forecast.shape} forecast values", where="forecast")
    return mean_present(np.abs(actual - forecast)) / seasonal_scale(train, season)


def pinball_sums(actual: Array, deciles: Array) -> tuple[float, float]:
    """The two sums whose ratio is the scaled CRPS: 2 x the mean pinball loss over the nine deciles, and |actual|.

    ``deciles`` has a last axis of nine; missing actual values are left out. A discrete approximation of the continuous
    ranked probability score (Gneiting & Raftery 2007), scaled so that series of several sizes can be pooled.
    """
    actual = np.asarray(actual, dtype=float)
    error = actual[..., None] - np.asarray(deciles, dtype=float)
    loss = np.maximum(DECILES * error, (DECILES - 1) * error).mean(axis=-1)
    return 2 * float(np.nansum(loss)), float(np.nansum(np.abs(actual)))


def randomised_pit(below: Array, upto: Array, rng: np.random.Generator) -> Array:
    """Uniform draws between P(Y < y) and P(Y <= y): uniform on (0, 1) exactly if the forecasts are calibrated.

    Counts are discrete, so that plain interval coverage over-states (Smith 1985; Czado, Gneiting & Held 2009).
    """
    return below + (upto - below) * rng.uniform(size=np.shape(upto))


def pit_share(pit: Array, level: float) -> float:
    """Share of PIT values in the central ``level`` of (0, 1); should be ``level``."""
    known = pit[np.isfinite(pit)]
    inside = (known >= (1 - level) / 2) & (known <= (1 + level) / 2)
    return float(inside.mean()) if known.size else float("nan")


def mean_present(values: Array) -> Array:
    """Mean over the last axis of the values that are present; NaN where there are none."""
    counted = np.isfinite(values).sum(axis=-1)
    return np.where(counted > 0, np.nansum(values, axis=-1) / np.maximum(counted, 1), np.nan)
