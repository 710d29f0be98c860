"""Counts that vary more than Poisson: one period against others, for many cells at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from perflib.errors import InputError
from perflib.models.counts.arguments import Floats, counts, exposures, share
from perflib.models.counts.dispersion import Dispersion

#: nodes of the integral over the dispersion's uncertainty; totals above LISTED are approximated.
NODES, LISTED, _BLOCK = 15, 4000, 2_000_000


def nb_p(now: ArrayLike, before: ArrayLike, exposure: Any, found: Dispersion) -> Floats:
    """Two-sided p-values per cell (twice the smaller tail, at most 1) under a ``Dispersion``; 1 where both are 0.

    Given its total, a count is beta-binomial when both periods are negative binomial with one ratio of variance to
    mean; the tail is averaged over the scaled inverse chi-square distribution of that ratio, which makes it a t-test
    for large counts. Ratios below 1 count as 1: then the test is the exact conditional test of two Poisson counts.
    """
    x, y, n1, n2 = _cells(now, before, exposure)
    p = np.ones(len(x))
    total, expected = x + y, n1 / (n1 + n2)
    use = np.flatnonzero(total > 0)
    over, weight = _nodes(np.broadcast_to(found.cell, x.shape)[use], np.broadcast_to(found.df, x.shape)[use])
    seen, totals, shares = (np.repeat(part[use], NODES) for part in (x, total, expected))
    lower, upper = _tails(seen, totals, shares, over.ravel())
    tails = [(tail.reshape(over.shape) * weight).sum(axis=1) for tail in (lower, upper)]
    p[use] = np.minimum(2 * np.minimum(*tails), 1.0)
    return p


def ratio_interval(
    now: ArrayLike, before: ArrayLike, exposure: Any, found: Dispersion, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Interval of the ratio of two rates per cell: exact binomial limits on counts divided by their dispersion.

    The dispersion is enlarged by (t/z)^2 for its degrees of freedom. The upper limit is infinite where nothing was
    counted before. Source: Clopper and Pearson 1934; quasi-likelihood, McCullagh and Nelder 1989, section 4.5.
    """
    from scipy.stats import beta, norm, t

    x, y, n1, n2 = _cells(now, before, exposure)
    tail = (1 - share(level, "level")) / 2
    df = np.broadcast_to(found.df, x.shape)
    scale = np.maximum(found.cell, 1) * (t.ppf(tail, df) / norm.ppf(tail)) ** 2
    a, b = x / scale, y / scale
    low = np.where(x > 0, beta.ppf(tail, np.maximum(a, 1e-12), b + 1), 0.0)
    high = np.where(y > 0, beta.ppf(1 - tail, a + 1, np.maximum(b, 1e-12)), 1.0)
    with np.errstate(divide="ignore"):
        return low / (1 - low) * n2 / n1, high / (1 - high) * n2 / n1


def _cells(now: ArrayLike, before: ArrayLike, exposure: Any) -> tuple[Floats, Floats, Floats, Floats]:
    x, y = (np.atleast_1d(counts(part, name)) for part, name in ((now, "now"), (before, "before")))
    first, second = exposures(exposure)
    try:
        x, y, first, second = np.broadcast_arrays(x, y, first, second)
    except ValueError:
        raise InputError(f"{len(x)} cells now, {len(y)} before", where="before") from None
    return x, y, first, second


def _nodes(cell: Floats, df: Floats) -> tuple[Floats, Floats]:
    """Dispersions and their weights (cells x NODES): trapezoids on the logarithm of a chi-square."""
    from scipy.stats import chi2

    over, weight = np.empty((len(df), NODES)), np.empty((len(df), NODES))
    over[:], weight[:] = np.maximum(cell, 1)[:, None], 1 / NODES
    for value in np.unique(df[np.isfinite(df)]):
        first, last = np.log(chi2.ppf([1e-6, 1 - 1e-6], value))
        x = np.exp(np.linspace(first, last, NODES))
        density = chi2.pdf(x, value) * x
        rows = df == value
        over[rows] = np.maximum(cell[rows, None] * value / x, 1.0)
        weight[rows] = density / density.sum()
    return over, weight


def _tails(x: Floats, total: Floats, expected: Floats, over: Floats) -> tuple[Floats, Floats]:
    """P(X <= x) and P(X >= x) for beta-binomial X with the given totals, mean shares and dispersions."""
    lower, upper = np.empty(len(x)), np.empty(len(x))
    order = np.argsort(total, kind="stable")
    large = order[total[order] > LISTED]
    lower[large], upper[large] = _smooth(x[large], total[large], expected[large], over[large])
    order = order[total[order] <= LISTED]
    while len(order):
        rows = order[-max(1, int(_BLOCK / (total[order[-1]] + 1))) :]
        order = order[: len(order) - len(rows)]
        lower[rows], upper[rows] = _listed(x[rows], total[rows], expected[rows], over[rows])
    return lower, upper


def _listed(x: Floats, total: Floats, expected: Floats, over: Floats) -> tuple[Floats, Floats]:
    size = total / np.maximum(over - 1, 1e-9)
    alpha, beta, n = (part[:, None] for part in (expected * size, (1 - expected) * size, total))
    j = np.arange(int(total.max()))[None, :]
    inside = j < n
    left = np.where(inside, n - j, 1.0)
    ratio = left * (j + alpha) / ((j + 1) * (left - 1 + beta))
    log = np.cumsum(np.log(np.where(inside, ratio, 1.0)), axis=1)
    log = np.column_stack([np.zeros(len(x)), np.where(inside, log, -np.inf)])
    chance = np.exp(log - log.max(axis=1, keepdims=True))
    cumulated = np.cumsum(chance, axis=1)
    place = x.astype(int)[:, None]
    to, at = (np.take_along_axis(part, place, axis=1)[:, 0] for part in (cumulated, chance))
    whole = cumulated[:, -1]
    return to / whole, (whole - to + at) / whole


def _smooth(x: Floats, total: Floats, expected: Floats, over: Floats) -> tuple[Floats, Floats]:
    """Binomial tails of the counts divided by their dispersion, each with half a count of continuity."""
    from scipy.special import betainc

    scale = total * over / (total + over - 1)

    def beyond(edge: Floats) -> Floats:
        first, second = (np.maximum(part / scale + 0.5, 1e-9) for part in (edge, total - edge))
        return np.asarray(betainc(first, second, expected))

    return 1 - beyond(x + 0.5), beyond(x - 0.5)
