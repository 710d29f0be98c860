"""Predictive distributions of counts: mixtures of negative binomials, so that no quantile is ever negative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import betainc, gammaincc, ndtri

from perflib.errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]
# Below this over-dispersion a negative binomial and a Poisson agree to 1e-9, and the beta function loses digits.
_POISSON = 1e-9
# Means up to which quantiles are found by adding probabilities up from zero, and how many of them.
_SMALL, _MOST = 30.0, 400


@dataclass(frozen=True, eq=False)
class CountForecast:
    """The distribution of one series' counts at each of the coming dates.

    Attributes
    ----------
    series : name of the series.
    dates : the H coming dates.
    mean : expected counts, shape (H,).
    dispersion : shape (H, C): component c has the mean ``mean`` and the variance ``mean + dispersion * mean ** 2``.
    weights : shape (C,), the components' weights, summing to 1. Components of unequal dispersion give heavier tails
        than one negative binomial has.
    """

    series: str
    dates: pd.DatetimeIndex
    mean: Array
    dispersion: Array
    weights: Array

    def cdf(self, y: float | Sequence[float] | Array) -> Array:
        """P(count <= y) at each date: shape (H,), for one number or one number per date."""
        values = np.broadcast_to(np.asarray(y, dtype=float), self.mean.shape)
        return mixture_cdf(values, self.mean, self.dispersion, self.weights)

    def quantile(self, q: float | Sequence[float] | Array) -> Array:
        """The smallest count whose cdf reaches ``q``: shape (H,) for a number, (len(q), H) for several.

        Raises
        ------
        InputError : a probability outside the open interval (0, 1).
        """
        probability = np.asarray(q, dtype=float)
        if not np.all((probability > 0) & (probability < 1)):
            raise InputError("a quantile's probability lies between 0 and 1", where="q", found=q)
        return mixture_quantile(probability[..., None], self.mean, self.dispersion, self.weights)


def mixture_cdf(y: Array, mean: Array, dispersion: Array, weights: Array) -> Array:
    """P(count <= y) of a mixture of negative binomials; ``dispersion`` has one axis more, that of ``weights``."""
    count, mean = np.broadcast_arrays(np.floor(y), mean)
    parts = _component_cdf(count[..., None], mean[..., None], dispersion)
    return np.clip(parts @ weights, 0.0, 1.0)


def mixture_quantile(q: Array, mean: Array, dispersion: Array, weights: Array) -> Array:
    """The smallest count with cdf >= q, elementwise over ``q`` and ``mean`` broadcast together.

    Small means: the cdf is added up from zero. Large ones: bisection between bounds from the normal approximation.
    """
    q, mean = np.broadcast_arrays(np.asarray(q, dtype=float), mean)
    spread = np.broadcast_to(dispersion, (*mean.shape, dispersion.shape[-1]))
    small = mean <= _SMALL
    quantiles = np.empty(mean.shape)
    if small.any():
        quantiles[small] = _added(q[small], mean[small], spread[small], weights)
    if not small.all():
        quantiles[~small] = _bisected(q[~small], mean[~small], spread[~small], weights)
    return quantiles


def _added(q: Array, mean: Array, dispersion: Array, weights: Array) -> Array:
    """Quantiles by the recursion of the probabilities, p(k + 1) = p(k) * mean * (1 + k d) / ((k + 1) (1 + mean d))."""
    mean, quantiles = np.maximum(mean, 1e-12)[:, None], np.zeros(q.shape)
    over = np.maximum(dispersion, _POISSON)
    part = np.exp(-np.log1p(mean * over) / over)
    ratio, total, at = mean / (1 + mean * over), part @ weights, np.arange(q.size)
    for k in range(_MOST):
        at = at[total[at] < q[at]]
        if not at.size:
            return quantiles
        quantiles[at] = k + 1
        part[at] *= ratio[at] * (1 + k * over[at]) / (k + 1)
        total[at] += part[at] @ weights
    quantiles[at] = _bisected(q[at], mean[at, 0], dispersion[at], weights)  # a tail so long that adding up takes longer
    return quantiles


def _bisected(q: Array, mean: Array, dispersion: Array, weights: Array) -> Array:
    """Quantiles by bisection between ends that are moved out from the normal approximation until they hold them."""
    spread = np.sqrt(mean + mean**2 * (dispersion @ weights))
    guess, step = np.maximum(np.floor(mean + spread * ndtri(q)), 0.0), 0.25 * spread + 1.0
    low, high = np.maximum(np.floor(guess - step), -1.0), np.ceil(guess + step)
    while (below := mixture_cdf(low, mean, dispersion, weights) >= q).any():
        step = 2 * step
        low, high = np.where(below, np.maximum(np.floor(low - step), -1.0), low), np.where(below, low, high)
    while (above := mixture_cdf(high, mean, dispersion, weights) < q).any():
        step = 2 * step
        low, high = np.where(above, high, low), np.where(above, np.ceil(high + step), high)
    while True:
        open_ = high - low > 1
        if not open_.any():
            return high
        middle = np.floor((low + high) / 2)
        enough = mixture_cdf(middle, mean, dispersion, weights) >= q
        high = np.where(open_ & enough, middle, high)
        low = np.where(open_ & ~enough, middle, low)


def _component_cdf(count: Array, mean: Array, dispersion: Array) -> Array:
    count, mean, dispersion = np.broadcast_arrays(count, np.maximum(mean, 1e-12), dispersion)
    known = np.maximum(count, 0.0)
    poisson = gammaincc(known + 1.0, mean)
    over = dispersion > _POISSON
    size = 1.0 / np.where(over, dispersion, 1.0)
    below = np.where(over, betainc(size, known + 1.0, size / (size + mean)), poisson) if over.any() else poisson
    return np.where(count < 0, 0.0, below)
