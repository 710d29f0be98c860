"""Exponential smoothing of many series at once: a level with a damped trend on the square-root scale, after the season.

The square root steadies the variance of counts and lets zeros through. All series and all smoothing constants move
through time together, so that a thousand series cost little more than one.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from perflib.models.forecast import kernel
from perflib.models.forecast.scores import mean_present

Array = np.ndarray[Any, np.dtype[Any]]
# Smoothing constants tried: level, trend as a share of level, damping per step.
ALPHAS = (0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8)
TRENDS = ((0.0, 0.0), (0.05, 0.9), (0.1, 0.9), (0.2, 0.9), (0.05, 0.97), (0.1, 0.97))
_SHIFT = 3 / 8  # Anscombe's
# A panel counts as much as this many steps of a series' own when constants are chosen; evidence grows with the steps.
_POOL_STEPS, _SHARPNESS = 60.0, 0.5
# How many standard deviations of a series about its running median, season included, make a campaign.
_CAMPAIGN = 4.0


def seasonal_index(counts: Array, period: int, half: float = 6.0, prior: float = 1.0) -> Array:
    """Multiplicative factors of each place in the period, (N, period), of geometric mean 1; place 0 is the first step.

    Log ratios to a centred moving average, discounted (half gone after ``half`` periods) and averaged, each series
    drawn to all of them together by the weight of ``prior`` periods.
    """
    trend = centred_mean(_without_campaigns(counts, period), period)
    ratio = _tamed(np.log((counts + 0.5) / (trend + 0.5)), period)
    known = np.isfinite(ratio)
    length = counts.shape[1]
    weight = 0.5 ** ((length - 1 - np.arange(length)) / (half * period)) * known
    at = (np.arange(length) % period)[:, None] == np.arange(period)
    turns, sums = weight @ at, (np.where(known, ratio, 0) * weight) @ at
    # Larger series say more about the common season: the variance of a log ratio falls with the count.
    size = np.sqrt(mean_present(counts))[:, None]
    common = (size * sums).sum(0) / np.maximum((size * turns).sum(0), 1e-9)
    drawn = (sums + prior * common) / (turns + prior)
    return np.exp(drawn - drawn.mean(1, keepdims=True))


def _without_campaigns(counts: Array, period: int) -> Array:
    """Counts without those far from the median of the period around them: they would bend the trend for long."""
    half = period // 2
    padded = np.pad(np.log(counts + 0.5), ((0, 0), (half, half)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a window without a single known count stays unknown
        gap = np.log(counts + 0.5) - np.nanmedian(windows, axis=2)
        spread = 1.4826 * np.asarray(np.nanmedian(np.abs(gap), axis=1)).reshape(-1, 1)
    return np.where(np.abs(gap) > _CAMPAIGN * np.maximum(spread, 0.01), np.nan, counts)


def _tamed(ratio: Array, period: int) -> Array:
    """Log ratios with those far from their place's median drawn in: one campaign is not a season."""
    pad = -ratio.shape[1] % period
    cycles = np.pad(ratio, ((0, 0), (0, pad)), constant_values=np.nan).reshape(len(ratio), -1, period)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a place without a single known ratio stays unknown
        middle = np.nanmedian(cycles, axis=1, keepdims=True)
        far = 1.4826 * np.nanmedian(np.abs(cycles - middle), axis=(1, 2), keepdims=True)
    drawn = middle + np.clip(cycles - middle, -kernel.FAR * far, kernel.FAR * far)
    return drawn.reshape(len(ratio), -1)[:, : ratio.shape[1]]


def centred_mean(counts: Array, period: int) -> Array:
    """Centred moving average over one period (half weights at the ends when even); unknown near the ends."""
    half = period // 2
    weights = np.ones(2 * half + 1)
    if period % 2 == 0:
        weights[[0, -1]] = 0.5
    total, weight = _summed(counts, weights, (half, half))
    # A cut window does not hold every season: nothing is learnt about the season there.
    return np.where(weight >= 0.9 * period, total / np.maximum(weight, 1e-9), np.nan)


def _summed(values: Array, weights: Array, ends: tuple[int, int]) -> tuple[Array, Array]:
    """Weighted sums over windows, and the weight known in each; ``ends``: steps added before and after."""
    known = np.isfinite(values)
    padded = [np.pad(part, ((0, 0), ends)) for part in (np.where(known, values, 0.0), known.astype(float))]
    total, weight = (np.lib.stride_tricks.sliding_window_view(part, len(weights), axis=1) @ weights for part in padded)
    return total, weight


def smooth(root: Array, constants: Array, burn: int, ahead: int, memory: float) -> tuple[Array, Array, Array]:
    """Run G sets of constants (alpha, beta, damping) over N series: the last levels and slopes and the losses, (N, G).

    The loss is the mean absolute error of the mean of the next ``ahead`` steps, which is what is to be forecast; a loss
    one step ahead chooses constants that follow noise. Errors ``memory`` steps old count half.
    """
    level = np.nan_to_num(mean_present(root[:, : max(burn, 1)]))
    reach = np.array([reaches(each, ahead).mean() for each in constants[:, 2]])
    return kernel.run(
        root, _means_ahead(root, ahead), constants, reach, level, _step_scale(root), burn, 0.5 ** (1 / memory)
    )


def _step_scale(root: Array) -> Array:
    """A first scale of one-step errors, (N,): the median absolute step of the first three dozen."""
    steps = np.abs(np.diff(root[:, :36], axis=1))
    known = np.where(np.asarray(np.isfinite(steps).any(axis=1)).reshape(-1, 1), steps, 0.5)
    return np.maximum(np.nanmedian(known, axis=1), 0.25)


def reaches(damping: float, ahead: int) -> Array:
    """By how many slopes the forecast has moved after 1 .. ``ahead`` steps: the sums of powers of the damping."""
    return np.cumsum(damping ** np.arange(1, ahead + 1)) if damping > 0 else np.zeros(ahead)


def _means_ahead(root: Array, ahead: int) -> Array:
    total, there = (part[:, :-1] for part in _summed(root, np.ones(ahead), (0, ahead)))
    whole = np.arange(root.shape[1]) + ahead <= root.shape[1]
    return np.where((there > 0) & whole, total / np.maximum(there, 1), np.nan)


def damped(
    counts: Array, period: int, horizon: int, trends: Sequence[tuple[float, float]] = TRENDS, memory: float = 48.0
) -> Array:
    """Expected counts at the coming steps, (N, H): every set of constants, weighted by how well it did.

    Weights fall exponentially with the loss, the series' own and that of all together, so that short series do not
    choose by luck (averaging instead of selecting: Kolassa, Int. J. Forecasting 2011).
    """
    length = counts.shape[1]
    index = seasonal_index(counts, period) if period > 1 else np.ones((len(counts), 1))
    factor = index[:, np.arange(length + horizon) % index.shape[1]]
    root = np.sqrt(counts / factor[:, :length] + _SHIFT)
    constants = np.array([(alpha, beta, damping) for alpha in ALPHAS for beta, damping in trends])
    burn, ahead = min(max(period, 4), length // 3), min(horizon, max(length // 4, 1))
    level, slope, loss = smooth(root, constants, burn, ahead, memory)
    weight = _weights(loss, length)
    travel = np.stack([reaches(damping, horizon) for damping in constants[:, 2]])
    path = np.maximum((weight * level).sum(1)[:, None] + (weight * slope) @ travel, 0.0)
    return np.maximum(path**2 - _SHIFT, 1e-3) * factor[:, length:]


def _weights(loss: Array, length: int) -> Array:
    relative = loss / np.maximum(loss.mean(1, keepdims=True), 1e-12)
    own = length / (length + _POOL_STEPS)
    relative = own * relative + (1 - own) * relative.mean(0)
    weight = np.exp(-_SHARPNESS * min(length, 300) * (relative - relative.min(1, keepdims=True)))
    return weight / weight.sum(1, keepdims=True)
