"""The step function of competing ends: at risk, ended by each cause, incidence, variance, interval.

Not statsmodels' ``CumIncidenceRight``: it gives no standard error for cases that are counted (frequency weights), and
none from the time on at which nobody is left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Floats = Any  # numpy arrays of float64


def risk_table(time: Floats, event: Floats, weight: Floats, causes: list[int]) -> dict[Any, Floats]:
    """Per distinct time: ``time``, ``at_risk`` just before it, ``censored`` and one count per cause, as arrays.

    A case censored at a time counts as at risk at that time.
    """
    times, place = np.unique(time, return_inverse=True)
    counts = {code: np.bincount(place, weight * (event == code), len(times)) for code in (0, *causes)}
    left = np.sum(list(counts.values()), axis=0)
    at_risk = left[::-1].cumsum()[::-1]
    return {"time": times, "at_risk": at_risk, "censored": counts[0], **{cause: counts[cause] for cause in causes}}


def incidence(table: dict[Any, Floats], causes: list[int]) -> dict[int, tuple[Floats, Floats, Floats]]:
    """Per cause: cumulative incidence, its standard error, and the naive 1 - Kaplan-Meier that censors the others.

    Aalen and Johansen 1978; variance by the delta method (Gaynor et al. 1993, JASA 88), which without censoring is
    the binomial F (1 - F) / n.
    """
    at_risk = table["at_risk"]
    ended = np.sum([table[cause] for cause in causes], axis=0)
    before = np.concatenate([[1.0], np.cumprod(1 - ended / at_risk)[:-1]])
    curves = {}
    for cause in causes:
        hits = table[cause]
        curve = np.cumsum(before * hits / at_risk)
        naive = 1 - np.cumprod(1 - hits / at_risk)
        curves[cause] = (curve, np.sqrt(_variance(curve, before, hits, ended, at_risk)), naive)
    return curves


def _variance(curve: Floats, before: Floats, hits: Floats, ended: Floats, at_risk: Floats) -> Floats:
    """Sums over earlier times of (F(t) - F(s))^2 a + b - 2 (F(t) - F(s)) c, written as running sums."""
    left = at_risk - ended
    a = np.divide(ended, at_risk * left, out=np.zeros_like(left), where=left > 0)  # nobody left: F(t) = F(s)
    b = before**2 * hits * (at_risk - hits) / at_risk**3
    c = before * hits / at_risk**2
    sums = [np.cumsum(term) for term in (a, a * curve, a * curve**2, b, c, c * curve)]
    total = curve**2 * sums[0] - 2 * curve * sums[1] + sums[2] + sums[3] - 2 * (curve * sums[4] - sums[5])
    return np.maximum(total, 0.0)


def interval(curve: Floats, error: Floats, first: float, level: float) -> tuple[Floats, Floats]:
    """Limits on the scale log(-log F), which stay between 0 and 1; ``first`` is the number followed from the start.

    Where nothing has happened, or everything at once, the scale does not exist: exact binomial limits stand in.
    """
    from scipy.stats import norm

    z, rest = norm.ppf((1 + level) / 2), ((1 - level) / 2) ** (1 / max(first, 1.0))
    inside = (curve > 0) & (curve < 1) & (error > 0)
    safe = np.where(inside, curve, 0.5)
    width = np.where(inside, z * error / (safe * -np.log(safe)), 0.0)
    low, high = safe ** np.exp(width), safe ** np.exp(-width)
    low = np.where(inside, low, np.where(curve >= 1, rest, 0.0))
    high = np.where(inside, high, np.where(curve <= 0, 1 - rest, 1.0))
    return low, high
