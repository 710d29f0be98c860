"""Whether a handful of events is spread evenly over a few bins: the exact test."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, lgamma

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.counts.asked import Floats, counts
from perflib.result import Result

#: more ways to spread the events than this, and the p-value is simulated.
MOST, DRAWS = 300_000, 100_000


def small_sample_g(values: Sequence[float], expected: Sequence[float] | None = None) -> Result:
    """G = 2 sum O ln(O/E) of events in bins (days of the week, shifts), with its exact p-value.

    Parameters
    ----------
    values : events per bin. expected : share of each bin under the null hypothesis; equal shares by default.

    Returns
    -------
    Result with facts ``g``, ``p_value`` (probability of a G at least as large among all ways to spread the same
    number of events), ``n``, ``exact`` (false: simulated with a fixed seed, too many ways to list).

    Raises
    ------
    InputError : negative or fractional counts, fewer than two bins, no event, shares that are not positive.
    Source: exact multinomial test, Cressie and Read 1989, International Statistical Review 57.
    """
    found = counts(values, "values")
    if found.ndim != 1 or found.size < 2 or found.sum() == 0:
        raise InputError("needs at least two bins and one event", where="values")
    shares = _shares(expected, found.size)
    n = int(found.sum())
    exact = comb(n + found.size - 1, found.size - 1) <= MOST
    g = float(_g(found[None, :], shares)[0])
    p = _listed(g, n, shares) if exact else _simulated(g, n, shares)
    facts = {"g": g, "p_value": p, "n": n, "exact": exact}
    table = pd.DataFrame({"bin": range(1, found.size + 1), "count": found.astype(int), "expected": n * shares})
    answer = f"{n} events over {found.size} bins: G = {g:.2f}, exact p = {p:.3g}."
    return Result("small_sample_g", table, "Are these events spread evenly?", answer,
                  "Exact multinomial test by likelihood ratio (Cressie and Read 1989).", (), facts)


def _shares(expected: Sequence[float] | None, bins: int) -> Floats:
    if expected is None:
        return np.full(bins, 1 / bins)
    shares = np.asarray(expected, dtype=float)
    if shares.shape != (bins,) or not (np.isfinite(shares).all() and (shares > 0).all()):
        raise InputError(f"needs {bins} positive shares", where="expected")
    return shares / shares.sum()


def _g(spread: Floats, shares: Floats) -> Floats:
    expected = spread.sum(axis=1, keepdims=True) * shares
    ratio = np.where(spread > 0, spread / expected, 1.0)
    return np.asarray(2 * (spread * np.log(ratio)).sum(axis=1))


def _ways(n: int, bins: int) -> Floats:
    """Every way to spread n events over the bins, one per row."""
    rows = np.zeros((1, 0))
    left = np.array([n])
    for _ in range(bins - 1):
        repeats = left + 1
        index = np.repeat(np.arange(len(left)), repeats)
        put = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        rows, left = np.column_stack([rows[index], put]), left[index] - put
    return np.column_stack([rows, left])


def _listed(g: float, n: int, shares: Floats) -> float:
    from scipy.special import gammaln

    ways = _ways(n, shares.size)
    log = lgamma(n + 1) - gammaln(ways + 1).sum(axis=1) + ways @ np.log(shares)
    return float(min(np.exp(log[_g(ways, shares) >= g - 1e-9]).sum(), 1.0))


def _simulated(g: float, n: int, shares: Floats) -> float:
    draws = np.random.default_rng(20131).multinomial(n, shares, DRAWS).astype(float)
    return float((1 + (_g(draws, shares) >= g - 1e-9).sum()) / (1 + DRAWS))
