"""Order statistics: which ranks bound a quantile, how precise it is, and what missing values can do to it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perflib.errors import InputError
from perflib.rates import inside

Floats = NDArray[np.floating[Any]]


class Ranks(NamedTuple):
    """1-based ranks of the order statistics that bound a quantile; 0 and n + 1 mean: no bound exists on that side."""

    low: Any
    high: Any


def quantile_ranks(n: ArrayLike, q: float, level: float = 0.95) -> Ranks:
    """Ranks (l, u) with P(X_(l) <= Q_q <= X_(u)) >= ``level`` whatever the distribution; vectorised over ``n``.

    B, the number of the n values at or below Q_q, is binomial(n, q) for a continuous distribution (for one with ties
    coverage is only higher). l is the largest rank with P(B < l) <= (1 - level) / 2, u the smallest with
    P(B >= u) <= (1 - level) / 2. An engine can fetch both values without moving rows. Integers or integer arrays.

    Raises InputError for q or level outside (0, 1) or negative n. Source: David and Nagaraja, Order Statistics, 7.1.
    """
    size = np.asarray(n)
    if (size < 0).any():
        raise InputError("must not be negative", where="n")
    tail = (1 - inside(level, "level")) / 2
    low = _binomial(tail, size, inside(q, "q"))
    high = _binomial(1 - tail, size, q) + 1
    low, high = np.where(size == 0, 0, low).astype(int), np.where(size == 0, 1, high).astype(int)
    return Ranks(int(low), int(high)) if np.ndim(n) == 0 else Ranks(low, high)


def _binomial(p: float, n: NDArray[Any], q: float) -> NDArray[Any]:
    """The smallest k with P(B <= k) >= p for B binomial(n, q)."""
    from scipy.special import bdtr, bdtrik

    near = np.ceil(bdtrik(p, np.maximum(n, 1), q))
    below = np.maximum(near - 1, 0)  # the inverse errs by one where p is met exactly
    return np.where(bdtr(below, np.maximum(n, 1), q) >= p, below, near)


def interval_se(low: ArrayLike, high: ArrayLike, n: ArrayLike, q: float = 0.5, level: float = 0.95) -> Any:
    """Standard error of a quantile from the two order statistics that ``quantile_ranks`` names; vectorised.

    (X_(u) - X_(l)) * sqrt(n q (1 - q)) / (u - l): the mean spacing between the ranks times the standard error of the
    rank, so that the discreteness of the ranks does not widen it. NaN where a bound does not exist.
    For control charts of medians whose values stay in the engine.
    """
    size = np.asarray(n)
    ranks = quantile_ranks(size, q, level)
    with np.errstate(invalid="ignore", divide="ignore"):
        se = (np.asarray(high, float) - np.asarray(low, float)) * np.sqrt(size * q * (1 - q)) / (ranks.high - ranks.low)
    known = (np.asarray(ranks.low) >= 1) & (np.asarray(ranks.high) <= size)
    return np.where(known, se, np.nan)[()]


def bounded_probabilities(n: ArrayLike, missing: ArrayLike, q: float) -> tuple[Any, Any]:
    """(p_low, p_high): quantile levels of the ``n`` known values that bound the ``q``-quantile of all n + missing.

    With the missing at 0 the q-quantile of all is the p_low-quantile of the known (None: the bound is 0); with the
    missing at infinity it is their p_high-quantile (None: it does not exist, the missing share exceeds 1 - q). Linear
    interpolation between order statistics, as pandas and DuckDB's quantile_cont do. An engine can evaluate both.
    Vectorised: arrays give arrays, with NaN in place of None.
    """
    known, lost = np.asarray(n, dtype=float), np.asarray(missing, dtype=float)
    total, gaps = known + lost, np.maximum(known - 1, 1)
    position = (total - 1) * inside(q, "q")
    low = np.where((known == 0) | (position < lost), np.nan, (position - lost) / gaps)
    high = np.where((known == 0) | (total * q > known + 1e-9), np.nan, np.minimum(1.0, position / gaps))
    if low.ndim == 0:
        return tuple(None if np.isnan(p) else float(p) for p in (low, high))  # type: ignore[return-value]
    return low, high
