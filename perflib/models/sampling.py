"""How many records to look at."""

from __future__ import annotations

import math

import pandas as pd

from perflib.errors import InputError
from perflib.rates import inside
from perflib.result import Result


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
    inside(tolerable, "tolerable")
    if population is not None and population < 1:
        raise InputError(f"must be at least 1, found {population}", where="population")
    n, missed = _endless(tolerable, inside(level)) if population is None else _finite(tolerable, level, population)
    of = "" if population is None else f" of {population:,}"
    answer = (
        f"Look at {n:,} records{of}: if none fails, one may say at {level:.0%} confidence that fewer than "
        f"{tolerable:.1%} fail. One failure found means the claim cannot be made."
    )
    facts = {"n": n, "level": level, "tolerable": tolerable, "population": population, "chance_missed": missed}
    return Result(
        "discovery_sample",
        pd.DataFrame([facts]),
        "How many records must be looked at?",
        answer,
        "Discovery sampling, binomial or hypergeometric (Arkin 1984).",
        ["Holds only for a random sample of all eligible records."],
        facts,
    )


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
