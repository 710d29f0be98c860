"""The chance of a cluster in any window (Naus 1982)."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from perflib.errors import InputError
from perflib.models.counts.arguments import positive
from perflib.result import Result

Chance = Callable[[int], float]


def scan(length: float, window: float, mean: float, n: int) -> Result:
    """P(some window, wherever it begins, holds at least ``n`` events) while the rate is constant.

    Parameters
    ----------
    length : the period searched, counted in windows (8 years of fortnights: 208).
    window : how many windows the first factor of the formula covers; the paper's formula has 2.
    mean : expected events in one window.
    n : events in the fullest window; at least 3.

    Returns
    -------
    Result with facts ``p_value``, ``p_value_all_terms`` and ``p_value_one_window`` (a window named beforehand).

    Raises
    ------
    InputError : n below 3, a mean that is not positive, length not above window.

    Notes
    -----
    Assumes a constant rate and Poisson counts: a season or over-dispersion makes clusters commoner.
    1 - Q2 (Q3/Q2)^(length - window), Q2 and Q3 exact (Naus 1982, JASA 77, 177-183). The published figure for cyclists'
    deaths in London (Aberdein and Spiegelhalter 2013) leaves out the last term of the sum A4, and so does ``p_value``;
    ``p_value_all_terms`` has it. Where p is below 0.5 the two differ by less than 0.1 % of p.
    """
    if n != int(n) or n < 3:
        raise InputError(f"must be a whole number of at least 3, found {n}", where="n")
    positive(mean, "mean")
    positive(window, "window")
    if not length > window:
        raise InputError(f"length {length:g} must exceed window {window:g}", where="length")
    short, full, once = _values(length - window, float(mean), int(n))
    facts = {"p_value": short, "p_value_all_terms": full, "p_value_one_window": once}
    return Result("scan", pd.DataFrame([facts]), facts=facts)


def _values(exponent: float, mean: float, n: int) -> tuple[float, float, float]:
    from scipy.stats import poisson

    def p(j: int) -> float:
        return float(poisson.pmf(j, mean))  # 0 below 0, as the cumulated one

    def cdf(j: int) -> float:
        return float(poisson.cdf(j, mean))

    two, three, last = _q2(p, cdf, mean, n), _q3(p, cdf, mean, n), _fourth(p, cdf, mean, n, n - 1)
    chances = [min(max(1 - two * (value / two) ** exponent, 0.0), 1.0) for value in (three, three - last)]
    return chances[0], chances[1], float(poisson.sf(n - 1, mean))


def _q2(p: Chance, cdf: Chance, mean: float, n: int) -> float:
    return cdf(n - 1) ** 2 - (n - 1) * p(n) * p(n - 2) - (n - 1 - mean) * p(n) * cdf(n - 3)


def _q3(p: Chance, cdf: Chance, mean: float, n: int) -> float:
    """Q3 without the last term of A4."""
    one = 2 * p(n) * cdf(n - 1) * ((n - 1) * cdf(n - 2) - mean * cdf(n - 3))
    two = 0.5 * p(n) ** 2 * ((n - 1) * (n - 2) * cdf(n - 3) - 2 * (n - 2) * mean * cdf(n - 4) + mean**2 * cdf(n - 5))
    three = sum(p(2 * n - r) * cdf(r - 1) ** 2 for r in range(1, n))
    four = sum(_fourth(p, cdf, mean, n, r) for r in range(2, n - 1))
    return cdf(n - 1) ** 3 - one + two + three - four


def _fourth(p: Chance, cdf: Chance, mean: float, n: int, r: int) -> float:
    return p(2 * n - r) * p(r) * ((r - 1) * cdf(r - 2) - mean * cdf(r - 3))
