"""Intervals of shares and rates: numbers or arrays in, the same shape out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perflib.errors import InputError

Floats = NDArray[np.float64]
Pair = tuple[Any, Any]


def inside(value: float, where: str = "level") -> float:
    """A number strictly between 0 and 1. Raises InputError otherwise, naming the argument."""
    if not 0 < value < 1:
        raise InputError(f"must lie between 0 and 1, found {value}", where=where)
    return float(value)


def wilson(k: ArrayLike, n: ArrayLike, level: float = 0.95, *, population: float | None = None) -> Pair:
    """(low, high) of a proportion ``k / n`` by inverting the score test.

    With ``population`` (the number of records sampled from) the sample counts for n (N - 1) / (N - n), and a complete
    count has no sampling error left. n = 0 gives (0, 1). Raises InputError for impossible counts or a population
    below n. Sources: Wilson 1927, JASA 22; finite-population correction: Cochran, Sampling Techniques, section 2.6.
    """
    from scipy.special import ndtri

    hits, total = _counts(k, n)
    share = np.divide(hits, total, out=np.full(hits.shape, 0.5), where=total > 0)
    size = total if population is None else _effective(total, population)
    z2 = float(ndtri((1 + inside(level)) / 2)) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(np.isinf(size), 0.0, z2 / size)
        centre = (share + scale / 2) / (1 + scale)
        half = np.sqrt(scale * share * (1 - share) + scale**2 / 4) / (1 + scale)
    low = np.where((total == 0) | (hits == 0), 0.0, centre - half)
    high = np.where((total == 0) | (hits == total), 1.0, centre + half)
    if population is not None:  # what was counted is certain: the share cannot leave these bounds
        low, high = np.maximum(low, hits / population), np.minimum(high, 1 - (total - hits) / population)
    return low[()], high[()]


def clopper_pearson(k: ArrayLike, n: ArrayLike, level: float = 0.95) -> Pair:
    """(low, high) of a proportion ``k / n`` by the exact method: coverage is at least ``level`` for every true share.

    With n = 0 nothing is known: (0, 1). Each tail is (1 - level) / 2; with 0 or all successes the other tail is unused.
    Raises InputError for counts that are negative, fractional or above n. Source: Clopper and Pearson 1934,
    Biometrika 26.
    """
    from scipy.special import betaincinv

    hits, total = _counts(k, n)
    tail = (1 - inside(level)) / 2
    low = np.where(hits == 0, 0.0, betaincinv(np.maximum(hits, 1), total - hits + 1, tail))
    high = np.where(hits == total, 1.0, betaincinv(hits + 1, np.maximum(total - hits, 1), 1 - tail))
    return low[()], high[()]


def poisson_limits(count: ArrayLike, level: float = 0.95, dispersion: ArrayLike = 1.0) -> Pair:
    """(low, high) of the mean of a count: exact for Poisson counts, widened where counts vary more.

    ``dispersion`` is variance over mean; below 1 it counts as 1. A count n with dispersion phi is taken for phi times
    a Poisson count of n / phi. For negative-binomial and for clustered counts of mean 1 to 100 and phi 1 to 5 these
    95 % limits hold the mean in at least 95.5 %, with at most 2.5 % beyond either end. (Powers of the ratio of limit
    to count, the other formula in use, miss up to 3.6 % on one side and 6.9 % in all, and are wider.) Missing counts
    stay missing. Raises InputError for a negative count. Sources: Garwood 1936, Biometrika 28; McCullagh and Nelder,
    Generalized Linear Models, 1989, section 6.2.3.
    """
    from scipy.special import gammaincinv

    n, tail = np.asarray(count, dtype=float), (1 - inside(level)) / 2
    if (n < 0).any():
        raise InputError(f"holds the negative count {np.nanmin(n):g}", where="count")
    phi = np.maximum(1.0, np.asarray(dispersion, dtype=float))
    worth = n / phi
    low = np.where(n == 0, 0.0, phi * gammaincinv(np.where(n == 0, 1.0, worth), tail))
    return low[()], (phi * gammaincinv(worth + 1, 1 - tail))[()]


def combined(weights: ArrayLike, values: ArrayLike, low: ArrayLike, high: ArrayLike) -> tuple[Any, Any, Any]:
    """(value, low, high) of a weighted sum of independent estimates from their own limits; the weights are known.

    The sum runs over the first axis; with the weights (1, -1) it is a difference. The distances to the limits are
    added up as squares (MOVER), so that limits need not be symmetric.
    Source: Zou and Donner 2008, Statistics in Medicine 27.
    """
    each, below, above = (np.asarray(part, dtype=float) for part in (values, low, high))
    w = np.asarray(weights, dtype=float).reshape(-1, *[1] * (each.ndim - 1))
    value = (w * each).sum(axis=0)
    sides = np.where(w > 0, below, above), np.where(w > 0, above, below)
    down, up = (np.linalg.norm(w * (each - side), axis=0) for side in sides)
    return value[()], (value - down)[()], (value + up)[()]


def newcombe(weights: ArrayLike, k: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Any, Any, Any]:
    """(value, low, high) of a weighted sum of shares ``k / n``; with the weights (1, -1) of a difference of two.

    Wilson limits put together (``combined``). Raises InputError for impossible counts or an n of 0.
    Source: Newcombe 1998, Statistics in Medicine 17, method 10.
    """
    hits, total = _counts(k, n)
    if (total == 0).any():
        raise InputError("a share of nothing", where="n", do="leave out what has no records")
    return combined(weights, hits / total, *wilson(hits, total, level))


def _counts(k: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    hits, total = np.broadcast_arrays(np.asarray(k, dtype=float), np.asarray(n, dtype=float))
    if not (np.isfinite(hits).all() and np.isfinite(total).all()):
        raise InputError("counts must be numbers", where="k, n")
    if (hits < 0).any() or (hits > total).any():
        raise InputError("k must lie between 0 and n", where="k, n")
    if (hits % 1 != 0).any() or (total % 1 != 0).any():
        raise InputError(
            "k and n must be whole numbers", where="k, n", do="weighted shares need a design-based interval"
        )
    return hits, total


def _effective(total: Floats, population: float) -> Floats:
    if (total > population).any():
        raise InputError(f"a sample of {total.max():,.0f} from {population:,.0f} records", where="population")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total == population, np.inf, total * (population - 1) / (population - total))
