"""How many records to look at, and how far a share found in them can be trusted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from perflib.errors import InputError
from perflib.result import Result

Pair = tuple[Any, Any]


def clopper_pearson(k: ArrayLike, n: ArrayLike, level: float = 0.95) -> Pair:
    """(low, high) of a proportion ``k / n`` by the exact method: coverage is at least ``level`` for every true share.

    ``k`` and ``n`` are counts or arrays of counts; with n = 0 nothing is known: (0, 1). Each tail is (1 - level) / 2;
    with 0 or all successes the other tail is unused, as usual for the two-sided interval.

    Raises InputError for counts that are negative, fractional or above n.
    Source: Clopper and Pearson 1934, Biometrika 26.
    """
    from scipy.stats import beta

    hits, total = _counts(k, n)
    tail = (1 - _level(level)) / 2
    low = np.where(hits == 0, 0.0, beta.ppf(tail, np.maximum(hits, 1), total - hits + 1))
    high = np.where(hits == total, 1.0, beta.ppf(1 - tail, hits + 1, np.maximum(total - hits, 1)))
    return _plain(low), _plain(high)


def wilson(k: ArrayLike, n: ArrayLike, level: float = 0.95, *, population: float | None = None) -> Pair:
    """(low, high) of a proportion ``k / n`` by inverting the score test.

    With ``population`` (the number of records sampled from) the sample counts for n (N - 1) / (N - n), and a complete
    count has no sampling error left. n = 0 gives (0, 1). Raises InputError for impossible counts or a population
    below n. Sources: Wilson 1927, JASA 22; finite-population correction: Cochran, Sampling Techniques, section 2.6.
    """
    from scipy.stats import norm

    hits, total = _counts(k, n)
    share = np.divide(hits, total, out=np.full(hits.shape, 0.5), where=total > 0)
    size = total if population is None else _effective(total, population)
    z2 = norm.ppf((1 + _level(level)) / 2) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(np.isinf(size), 0.0, z2 / size)
        centre = (share + scale / 2) / (1 + scale)
        half = np.sqrt(scale * share * (1 - share) + scale**2 / 4) / (1 + scale)
    low = np.where(total == 0, 0.0, np.where(hits == 0, 0.0, centre - half))
    high = np.where(total == 0, 1.0, np.where(hits == total, 1.0, centre + half))
    if population is not None:  # what was counted is certain: the share cannot leave these bounds
        low, high = np.maximum(low, hits / population), np.minimum(high, 1 - (total - hits) / population)
    return _plain(low), _plain(high)


def discovery_sample(tolerable: float, level: float = 0.95, population: int | None = None) -> Result:
    """The smallest sample which, if it holds no failure, shows that failures are rarer than ``tolerable``.

    n is the least number with P(no failure in n | share of failures = tolerable) <= 1 - level: binomial for an endless
    stream of records, hypergeometric with ceil(tolerable * population) failures for a finite one.

    Parameters
    ----------
    tolerable : the share of failures one wants to exclude, in (0, 1).
    level : confidence, in (0, 1).
    population : number of records sampled from without replacement, or None.

    Returns a Result with facts ``n``, ``level``, ``tolerable``, ``population`` and ``chance_missed``, the probability
    of seeing no failure when their share is the tolerable one. Raises InputError for values out of range.
    Source: Arkin, Handbook of Sampling for Auditing and Accounting (discovery sampling).
    """
    if not 0 < tolerable < 1:
        raise InputError(f"must lie between 0 and 1, found {tolerable}", where="tolerable")
    if population is not None and population < 1:
        raise InputError(f"must be at least 1, found {population}", where="population")
    n, missed = _endless(tolerable, _level(level)) if population is None else _finite(tolerable, level, population)
    of = "" if population is None else f" of {population:,}"
    answer = (f"Look at {n:,} records{of}: if none fails, one may say at {level:.0%} confidence that fewer than "
              f"{tolerable:.1%} fail. One failure found means the claim cannot be made.")
    facts = {"n": n, "level": level, "tolerable": tolerable, "population": population, "chance_missed": missed}
    return Result("discovery_sample", pd.DataFrame([facts]), "How many records must be looked at?", answer,
                  "Discovery sampling, binomial or hypergeometric (Arkin 1984).",
                  ["Holds only for a random sample of all eligible records."], facts)


def _endless(tolerable: float, level: float) -> tuple[int, float]:
    n = math.ceil(math.log(1 - level) / math.log1p(-tolerable) - 1e-9)
    return n, (1 - tolerable) ** n


def _finite(tolerable: float, level: float, population: int) -> tuple[int, float]:
    from scipy.stats import hypergeom

    failures = math.ceil(tolerable * population - 1e-9)
    low, high = 0, population - failures + 1
    while low < high:
        middle = (low + high) // 2
        enough = hypergeom.pmf(0, population, failures, middle) <= 1 - level + 1e-12
        low, high = (low, middle) if enough else (middle + 1, high)
    return low, float(hypergeom.pmf(0, population, failures, low))


def _counts(k: ArrayLike, n: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    hits, total = np.broadcast_arrays(np.asarray(k, dtype=float), np.asarray(n, dtype=float))
    if not (np.isfinite(hits).all() and np.isfinite(total).all()):
        raise InputError("counts must be numbers", where="k, n")
    if (hits < 0).any() or (hits > total).any():
        raise InputError("k must lie between 0 and n", where="k, n")
    if (hits % 1 != 0).any() or (total % 1 != 0).any():
        raise InputError("k and n must be whole numbers", where="k, n",
                         do="weighted shares need a design-based interval")
    return hits, total


def _effective(total: NDArray[np.float64], population: float) -> NDArray[np.float64]:
    if (total > population).any():
        raise InputError(f"a sample of {total.max():,.0f} from {population:,.0f} records", where="population")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total == population, np.inf, total * (population - 1) / (population - total))


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise InputError(f"must lie between 0 and 1, found {level}", where="level")
    return level


def _plain(values: NDArray[np.float64]) -> Any:
    return float(values) if np.ndim(values) == 0 else np.asarray(values)
