"""Compiled likelihood of counts whose rates vary: negative binomial, with a few officers far from the rest."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perflib.models.compiled import jit

Floats = NDArray[np.float64]
#: multiples of the peers' rate at which the few who differ are supposed to be: above, and below.
ABOVE = np.array([2.0, 2.8, 4.0, 6.0])
BELOW = np.array([1 / 2.0, 1 / 3.5, 1 / 6.0])
_POISSON = 1e-9  # below this squared CV the count is Poisson


@jit
def log_count(o: float, mean: float, spread: float, gammas: float) -> float:
    """Log probability of ``o`` events: negative binomial, squared CV of rates ``spread``; ``gammas`` from constants."""
    if spread < _POISSON:
        return o * math.log(mean) - mean + gammas
    size = 1.0 / spread
    return gammas + o * math.log(mean * spread) - (o + size) * math.log1p(mean * spread)


@jit
def constant(o: float, spread: float) -> float:
    """The part of the log probability that does not depend on the mean."""
    if spread < _POISSON:
        return -math.lgamma(o + 1.0)
    size = 1.0 / spread
    return math.lgamma(o + size) - math.lgamma(size) - math.lgamma(o + 1.0)


@jit
def densities(
    events: Floats, expected: Floats, extra: Floats, cv: Floats, centres: Floats, above: Floats, below: Floats
) -> tuple:
    """Probability of each count among the many, the few above and the few below, (officers, CVs, centres).

    ``centres`` (CVs, centres) are multiples of ``expected``; ``extra`` is the squared CV of each expected count.
    """
    n, kinds, places = events.size, cv.size, centres.shape[1]
    many, high, low = np.empty((n, kinds, places)), np.empty((n, kinds, places)), np.empty((n, kinds, places))
    for i in range(n):
        for s in range(kinds):
            spread = cv[s] ** 2 + extra[i]
            fixed = constant(events[i], spread)
            for c in range(places):
                mean = expected[i] * centres[s, c]
                many[i, s, c] = math.exp(log_count(events[i], mean, spread, fixed))
                high[i, s, c] = mixed(events[i], mean, spread, fixed, above)
                low[i, s, c] = mixed(events[i], mean, spread, fixed, below)
    return many, high, low


@jit
def mixed(o: float, mean: float, spread: float, fixed: float, multiples: Floats) -> float:
    """Probability of the count when the rate is one of these multiples, each as likely."""
    total = 0.0
    for k in range(multiples.size):
        total += math.exp(log_count(o, mean * multiples[k], spread, fixed))
    return total / multiples.size


@jit
def joint(many: Floats, high: Floats, low: Floats, odd: Floats) -> Floats:
    """Sum over officers of the log likelihood, (CVs, centres, rows of ``odd``: shares above and below)."""
    n, kinds, places = many.shape
    total = np.zeros((kinds, places, odd.shape[0]))
    for s in range(kinds):
        for c in range(places):
            for d in range(odd.shape[0]):
                up, down = odd[d, 0], odd[d, 1]
                rest, run = 1 - up - down, 1.0
                for i in range(n):
                    run *= max(rest * many[i, s, c] + up * high[i, s, c] + down * low[i, s, c], 1e-60)
                    if run < 1e-200:  # the logarithm of a product costs less than a sum of logarithms
                        total[s, c, d] += math.log(run)
                        run = 1.0
                total[s, c, d] += math.log(run)
    return total


@jit
def left_out(many: Floats, high: Floats, low: Floats, weight: Floats, odd: Floats) -> tuple:
    """Weights of CV and centre given all officers but one, per officer; and each one's chance to be among the few.

    ``weight``: posterior over CVs, centres and rows of ``odd``; points of no weight are passed over.
    """
    n, kinds, places = many.shape
    left, few = np.zeros(many.shape), np.zeros(n)
    most = weight.max()
    for s in range(kinds):
        for c in range(places):
            for d in range(odd.shape[0]):
                w = weight[s, c, d]
                if w < 1e-9 * most:
                    continue
                up, down = odd[d, 0], odd[d, 1]
                for i in range(n):
                    far = up * high[i, s, c] + down * low[i, s, c]
                    part = w / max((1 - up - down) * many[i, s, c] + far, 1e-60)
                    left[i, s, c] += part
                    few[i] += part * far
    for i in range(n):
        left[i] /= left[i].sum()
    return left, few


@jit
def centre_of(events: Floats, expected: Floats, extra: Floats, cv: float, above: Floats, below: Floats) -> float:
    """Where most officers' rates lie for one CV: quasi-likelihood, each officer weighed by being one of the many."""
    at = float(np.median(events / expected))
    if at <= 0:
        at = max(events.sum(), 0.5) / expected.sum()
    for _ in range(8):
        top = bottom = 0.0
        for i in range(events.size):
            spread, mean = cv**2 + extra[i], expected[i] * at
            fixed = constant(events[i], spread)
            inside = 0.95 * math.exp(log_count(events[i], mean, spread, fixed))
            outside = mixed(events[i], mean, spread, fixed, above) + mixed(events[i], mean, spread, fixed, below)
            weight = inside / (inside + 0.025 * outside + 1e-300) / (1 + spread * mean)
            top += weight * events[i]
            bottom += weight * expected[i]
        at = max(top, 1e-3) / max(bottom, 1e-12)
    return at
