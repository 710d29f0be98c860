"""One step at an unknown date: the statistic, its null distribution by simulation, and the interval of the date.

A series of length T has values x_t with variances phi / w_t; ``w`` are known up to phi. For a step before position t
(0-based; the first point of the new level) the weighted F statistic compares the two means. Its supremum over t is
divided by phi estimated from what remains, and by (1 + r) / (1 - r), r being the first autocorrelation of the remainder
when positive, so that slow natural movement is not taken for a step.
Sources: Andrews 1993, Econometrica 61 (sup F); Bai 1997, Review of Economics and Statistics 79 (interval of the date).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_MOST_CORRELATED = 0.9


class Step(NamedTuple):
    """``at``: first position of the new level; ``change`` in the unit of x; ``scale``: long-run phi."""

    statistic: float
    at: int
    change: float
    se: float
    scale: float
    p: float


def scan(x: Floats, w: Floats, edge: int) -> tuple[Floats, NDArray[np.int_], Floats, Floats]:
    """(sup F, position, change, long-run phi) of each row of ``x``; steps keep ``edge`` points to both ends."""
    total = w.sum()
    centred = x - (x @ w / total)[:, None]
    before = np.cumsum(w)[:-1]
    sums = np.cumsum(centred * w, axis=1)[:, :-1]
    gain = sums**2 / (before * (1 - before / total))
    allowed = np.zeros(x.shape[1] - 1, dtype=bool)
    allowed[edge - 1 : x.shape[1] - edge] = True
    at = np.argmax(np.where(allowed, gain, -1.0), axis=1)
    rows = np.arange(len(x))
    share = before[at] / total
    change = -sums[rows, at] / (total * share * (1 - share))
    level = np.where(np.arange(x.shape[1]) > at[:, None], share[:, None], share[:, None] - 1) * change[:, None]
    scale = long_run(centred - level, w, 2)
    tiny = np.finfo(float).tiny
    return gain[rows, at] / np.maximum(scale, tiny), at + 1, change, scale


def long_run(rest: Floats, w: Floats, used: int) -> Floats:
    """Long-run phi of each row of residuals: mean weighted square times (1 + r) / (1 - r)."""
    r = correlation(rest, w)
    return np.sum(rest**2 * w, axis=1) / max(rest.shape[1] - used, 1) * (1 + r) / (1 - r)


def correlation(rest: Floats, w: Floats) -> Floats:
    """First autocorrelation of each row of standardised residuals, 0 when negative, corrected for fitted levels."""
    scaled = rest * np.sqrt(w)
    square = np.sum(scaled**2, axis=1)
    product = np.sum(scaled[:, 1:] * scaled[:, :-1], axis=1)
    r = np.divide(product, square, out=np.zeros_like(square), where=square > 0)
    # each fitted level takes about (1 + 3 r) / T away (Kendall 1954), and there are two
    return np.clip(r + 2 * (1 + 3 * r) / rest.shape[1], 0, _MOST_CORRELATED)


def noise(w: Floats, r: float, draws: int, seed: int) -> Floats:
    """``draws`` series without a step: first-order autoregressive with correlation ``r``, variances 1 / w."""
    white = np.random.default_rng(seed).standard_normal((draws, len(w)))
    for t in range(1, len(w) if r > 0 else 0):
        white[:, t] = r * white[:, t - 1] + np.sqrt(1 - r * r) * white[:, t]
    return white / np.sqrt(w)


def best_step(x: Floats, w: Floats, edge: int, *, draws: int = 999, seed: int = 0) -> Step:
    """The most likely step and its p-value, (1 + b) / (1 + draws), b of ``draws`` noise series reaching its statistic.

    The noise has the same weights and the first autocorrelation that remains beside the step.
    """
    statistic, at, change, scale = (part[0] for part in scan(x[None, :], w, edge))
    level = np.where(np.arange(len(x)) < at, np.average(x[:at], weights=w[:at]), np.average(x[at:], weights=w[at:]))
    # half a standard error more than estimated: an estimate that is too low makes noise look like steps
    r = min(_MOST_CORRELATED, float(correlation((x - level)[None, :], w)[0]) + 0.5 / np.sqrt(len(x)))
    null = scan(noise(w, r, draws, seed), w, edge)[0]
    p = (1 + int(np.sum(null >= statistic))) / (1 + draws)
    se = float(np.sqrt(scale * (1 / w[:at].sum() + 1 / w[at:].sum())))
    return Step(float(statistic), int(at), float(change), se, float(scale), p)


def date_half_width(change: float, scale: float, weight: float, level: float) -> int:
    """Points to each side of the estimated date that its interval reaches.

    c * phi / (weight * change^2) rounded down plus 1, c being the quantile of the place where Brownian motion with
    triangular drift peaks (Yao 1987; Bai 1997, formula 6): 11.03 at 95 %.
    """
    if change == 0:
        return np.iinfo(np.int32).max
    return int(min(peak_quantile(level) * scale / (weight * change**2), 1e9)) + 1


def likely_dates(x: Floats, w: Floats, scale: float, level: float) -> tuple[int, int]:
    """(first, last) position of a new level that a likelihood-ratio test at ``level`` does not rule out.

    The positions whose gain falls short of the best by at most -2 log(1 - sqrt(level)) * scale: 7.35 at 95 %. In short
    series it covers better than the symmetric interval. Source: Hansen 2000, Econometrica 68, theorem 2.
    """
    total = w.sum()
    before = np.cumsum(w)[:-1]
    sums = np.cumsum((x - x @ w / total) * w)[:-1]
    gain = sums**2 / (before * (1 - before / total))
    possible = np.flatnonzero(gain.max() - gain <= -2 * np.log(1 - np.sqrt(level)) * scale) + 1
    return int(possible[0]), int(possible[-1])


def iso(value: Any) -> Any:
    """A moment as an ISO date; anything else as it is."""
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else value


def peak_quantile(level: float) -> float:
    """c with P(|argmax of W(s) - |s| / 2| <= c) = level."""
    from scipy.optimize import brentq
    from scipy.stats import norm

    def excess(c: float) -> float:
        # exp(c) * Phi(-1.5 sqrt(c)) overflows when multiplied naively
        last = 1.5 * np.exp(c + norm.logcdf(-1.5 * np.sqrt(c)))
        above = 1 + np.sqrt(c / (2 * np.pi)) * np.exp(-c / 8) - 0.5 * (c + 5) * norm.cdf(-np.sqrt(c) / 2) + last
        return float(above - (1 + level) / 2)

    return float(brentq(excess, 1e-9, 500))
