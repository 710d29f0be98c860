"""How far counts scatter about their forecasts: dispersion and tails by maximum likelihood on the back-test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from perflib.models.forecast import kernel

Array = np.ndarray[Any, np.dtype[Any]]
GRID = np.exp(np.linspace(np.log(2e-4), np.log(4.0), 28))
GROWTH = (0.0, 0.5, 1.0, 2.0, 4.0, 9.0)
# Tails: weights and multipliers of the dispersion; from one negative binomial to a mixture of three.
TAILS = (
    (np.array([1.0, 0.0, 0.0]), np.array([1.0, 1.0, 1.0])),
    (np.array([0.45, 0.45, 0.10]), np.array([0.6, 1.1, 2.8])),
    (np.array([0.55, 0.35, 0.10]), np.array([0.35, 1.1, 5.0])),
)
_SAMPLE = 60
Shape = tuple[float, tuple[Array, Array]]


@dataclass(frozen=True, eq=False)
class Dispersion:
    """Dispersion at every coming step, (N, H, C), and the weights (C,) of its components."""

    values: Array
    weights: Array


def fit_dispersion(actual: Array, mean: Array, horizon: int, trust: float, shape: Shape | None = None) -> Dispersion:
    """Choose growth with the horizon and tails for all series together, then each series' own dispersion.

    ``actual`` and ``mean`` are (K, N, H): K back-test origins, NaN unknown. ``trust`` in (0, 1] discounts the
    likelihood because errors of one origin are related. A series' dispersion is its posterior mean under the
    distribution of all series' dispersions (non-parametric empirical Bayes: Laird, JASA 1978), so that a short series
    borrows strength. ``shape`` is growth and tails if they are known already.
    """
    growth, tail = shape or shape_of(actual, mean, horizon, trust)
    likelihood = _likelihood(actual, mean, growth, tail, horizon) * trust
    _, posterior = _evidence(likelihood)
    own = np.exp(posterior @ np.log(GRID))
    rise = _rise(growth, np.arange(1, horizon + 1), horizon)
    weights, multiples = (part[tail[0] > 0] for part in tail)
    return Dispersion(own[:, None, None] * rise[None, :, None] * multiples, weights)


def shape_of(actual: Array, mean: Array, horizon: int, trust: float) -> Shape:
    """Growth first, with the middle tails, then the tails with that growth, by the evidence on a coarse grid."""
    every = max(1, mean.shape[1] // _SAMPLE)
    actual, mean = actual[:, ::every], mean[:, ::every]

    def evidence(growth: float, tail: tuple[Array, Array]) -> float:
        return _evidence(_likelihood(actual, mean, growth, tail, horizon, GRID[::2]) * trust)[0]

    growth = max(GROWTH, key=lambda each: evidence(each, TAILS[1]))
    return growth, max(TAILS, key=lambda each: evidence(growth, each))


def _rise(growth: float, step: Array, horizon: int) -> Array:
    return (1 + growth * step / horizon) / (1 + growth / 2)


def _likelihood(
    actual: Array, mean: Array, growth: float, tail: tuple[Array, Array], horizon: int, grid: Array = GRID
) -> Array:
    """Log-likelihood of every grid value for every series, (N, len(grid))."""
    rise = _rise(growth, np.arange(1, actual.shape[-1] + 1), horizon)
    weights, multiples = tail
    used = weights > 0
    origin, series, step = np.nonzero(np.isfinite(actual))
    y, mu, rise = actual[origin, series, step], np.maximum(mean[origin, series, step], 1e-9), rise[step]
    return np.asarray(kernel.likelihoods(y, mu, rise, series, grid, weights[used], multiples[used], actual.shape[1]))


def _evidence(likelihood: Array, rounds: int = 30) -> tuple[float, Array]:
    """Total log evidence and the posterior over the grid, the prior being estimated from all series (EM)."""
    prior = np.full(likelihood.shape[1], 1 / likelihood.shape[1])
    top = likelihood.max(axis=1, keepdims=True)
    relative = np.exp(likelihood - top)
    for _ in range(rounds):
        joint = relative * prior
        total = joint.sum(axis=1, keepdims=True)
        posterior = joint / total
        prior = (posterior.sum(0) + 0.5 / likelihood.shape[1]) / (len(likelihood) + 0.5)
    return float((np.log(total) + top).sum()), posterior
