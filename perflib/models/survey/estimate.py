"""Weighted means with linearised variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from perflib.errors import InputError
from perflib.models.survey.weights import effective, kish

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Estimate:
    """A weighted mean of ``n`` answers: ``n_effective``, ``deff`` (Kish), ``se`` (linearised), ends, ``freedom``."""

    mean: float
    se: float
    low: float
    high: float
    n: int
    n_effective: float
    deff: float
    freedom: int


def mean(
    values: Sequence[float] | Array,
    weights: Sequence[float] | Array | None = None,
    *,
    clusters: Sequence[Any] | Array | None = None,
    strata: Sequence[Any] | Array | None = None,
    level: float = 0.95,
) -> Estimate:
    """Weighted mean with a Taylor-linearised standard error and a t interval.

    Parameters
    ----------
    values : answers; missing ones are left out. weights : None for equal. clusters : first-stage units (respondents are
        their own by default). strata : within which clusters were drawn.

    Raises
    ------
    InputError : fewer than two answers, lengths differ, or a stratum has a single cluster.

    Source: Wolter 2007, Introduction to Variance Estimation, ch. 6; degrees of freedom clusters less strata.
    """
    from scipy.stats import t

    y = np.asarray(values, dtype=float)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    if len(w) != len(y) or any(each is not None and len(each) != len(y) for each in (clusters, strata)):
        raise InputError("values, weights, clusters and strata must have one length")
    known = np.isfinite(y) & (w > 0)
    if known.sum() < 2:
        raise InputError(f"{int(known.sum())} answers are too few for an interval", where="values")
    y, w = y[known], w[known]
    middle = float((w * y).sum() / w.sum())
    units = _codes(clusters, known, np.arange(len(y)))
    layers = _codes(strata, known, np.zeros(len(y), dtype=int))
    variance, freedom = _linearised(w * (y - middle), units, layers)
    se = float(np.sqrt(variance) / w.sum())
    reach = float(t.ppf((1 + level) / 2, freedom)) * se
    return Estimate(middle, se, middle - reach, middle + reach, len(y), effective(w), kish(w), freedom)


def difference(first: Estimate, second: Estimate, level: float = 0.95) -> tuple[float, float, float, float]:
    """Second less first of two independent samples: difference, its ends, and p (Welch)."""
    from scipy.stats import t

    gap, se = second.mean - first.mean, float(np.hypot(first.se, second.se))
    if se == 0:
        return gap, gap, gap, 1.0 if gap == 0 else 0.0
    freedom = se**4 / (first.se**4 / first.freedom + second.se**4 / second.freedom)
    reach = float(t.ppf((1 + level) / 2, freedom)) * se
    return gap, gap - reach, gap + reach, float(2 * t.sf(abs(gap) / se, freedom))


def _codes(given: Any, known: Array, default: Array) -> Array:
    return default if given is None else np.unique(np.asarray(given)[known], return_inverse=True)[1]


def _linearised(scores: Array, units: Array, layers: Array) -> tuple[float, int]:
    """Variance of a total of scores from the spread of cluster totals within strata, and its degrees of freedom."""
    total, clusters = 0.0, 0
    for layer in np.unique(layers):
        inside = layers == layer
        sums = np.bincount(np.unique(units[inside], return_inverse=True)[1], scores[inside])
        if len(sums) < 2:
            raise InputError("a stratum has a single cluster", where="strata", do="merge it with another")
        total += len(sums) / (len(sums) - 1) * float(((sums - sums.mean()) ** 2).sum())
        clusters += len(sums)
    return total, clusters - len(np.unique(layers))
