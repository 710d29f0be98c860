"""How many records to look at."""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import NamedTuple

from perflib.errors import InputError
from perflib.rates import inside


class Sample(NamedTuple):
    """How many records to look at, and the chance of seeing no failure among them when failures are just tolerable."""

    n: int
    chance_missed: float


def discovery_sample(tolerable: float, level: float = 0.95, population: int | None = None) -> Sample:
    """The smallest sample which, if it holds no failure, shows that failures are rarer than ``tolerable``.

    n is the least number with P(no failure in n | share of failures = tolerable) <= 1 - level: binomial for an endless
    stream of records, hypergeometric with ceil(tolerable * population) failures for a finite one. It holds only for a
    random sample of all eligible records.

    Parameters
    ----------
    tolerable : the share of failures one wants to exclude, in (0, 1).
    level : confidence, in (0, 1).
    population : number of records sampled from without replacement, or None.

    Raises InputError for values out of range.
    Source: Arkin, Handbook of Sampling for Auditing and Accounting (discovery sampling).
    """
    from scipy.stats import hypergeom

    chance = 1 - inside(level)
    if population is None:
        n = math.ceil(math.log(chance) / math.log1p(-inside(tolerable, "tolerable")) - 1e-9)
        return Sample(n, (1 - tolerable) ** n)
    if population < 1:
        raise InputError(f"must be at least 1, found {population}", where="population")
    failures = math.ceil(inside(tolerable, "tolerable") * population - 1e-9)

    def missed(n: int) -> float:
        return float(hypergeom.pmf(0, population, failures, n))

    n = bisect_left(range(population - failures + 1), True, key=lambda n: missed(n) <= chance + 1e-12)
    return Sample(n, missed(n))
