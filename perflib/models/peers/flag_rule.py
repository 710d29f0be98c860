"""The flag rule of all officer comparisons: who differs beyond the differences that officers commonly have?

Officers differ. Most differ a little: their rates are spread around the peers' rate with a coefficient of variation
that is fitted. A few may differ a lot. The fit knows both kinds, so that the few do not widen the spread of the many
and hide behind it. An officer's count is then compared with the count expected from the *other* officers, averaged over
everything the data leave open about centre, spread and share of odd officers; Benjamini-Hochberg does the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perflib.models.peers import kernels

Floats = NDArray[np.float64]
#: prior: the CV of ordinary officers' rates is half-normal with this scale.
CV_SCALE = 0.5
#: shares of officers far above and far below, and their prior: few or none, and not as many on both sides.
ODD = np.array(
    [
        (0, 0),
        (0.01, 0),
        (0.025, 0),
        (0.05, 0),
        (0.1, 0),
        (0.2, 0),
        (0, 0.025),
        (0, 0.1),
        (0.01, 0.01),
        (0.025, 0.025),
        (0.05, 0.05),
        (0.1, 0.1),
    ],
    dtype=float,
)
ODD_PRIOR = np.array([0.3, 0.1, 0.1, 0.1, 0.05, 0.03, 0.07, 0.05, 0.05, 0.05, 0.05, 0.05])
_COARSE = np.array([0.0, 0.06, 0.12, 0.18, 0.25, 0.33, 0.42, 0.55, 0.7, 0.9, 1.2, 1.6, 2.2])
_PLACES, _ROUGH, _FINE, _REACH = 15, 7, 16, 10.0
_NEGLIGIBLE = 5e-4  # a part of the posterior that moves no probability that anybody reads
_FEW = 60.0  # expected events above which doubling the smaller tail costs nothing


@dataclass(frozen=True, eq=False)
class Fit:
    """What the rule concludes: tail probabilities given the others, and the hyper-parameters with their uncertainty.

    ``upper``/``lower``: P(at least / at most so many events | the other officers); ``p`` two-sided: an unusually high
    count adds the largest lower tail no greater than its own, an unusually low one counts double; ``odd``: posterior
    probability of being one of the few; ``weight``: posterior over ``cv`` (of ordinary officers' rates), ``centres``
    (CVs, centres) and rows of ``ODD``.
    """

    upper: Floats
    lower: Floats
    p: Floats
    odd: Floats
    cv: Floats
    centres: Floats
    weight: Floats

    @property
    def spread(self) -> tuple[float, float, float]:
        """Posterior mean and 95 % limits of the CV among ordinary officers."""
        weight = self.weight.sum(axis=(1, 2))
        low, high = np.interp((0.025, 0.975), np.cumsum(weight), self.cv)
        return float(weight @ self.cv), float(low), float(high)

    @property
    def centre(self) -> float:
        """Posterior mean of the multiple of ``expected`` where ordinary officers lie."""
        return float((self.weight.sum(axis=2) * self.centres).sum())


def judge(
    events: Floats, expected: Floats, extra: Floats | None = None, cv_scale: float = CV_SCALE, *, whole: bool = True
) -> Fit:
    """Compare every officer with the others.

    Parameters
    ----------
    events, expected : counts, and what they would be at the peers' rate up to a common factor; all positive expected.
    extra : squared CV of each expected count (it is an estimate too); default 0.
    whole : events are whole numbers; False for counts scaled so that their variance is that of a Poisson count.
    """
    from scipy.special import logsumexp

    doubt = np.zeros(len(events)) if extra is None else np.asarray(extra, float)
    data = events, expected, doubt
    middle = np.log([kernels.centre_of(*data, cv, kernels.ABOVE, kernels.BELOW) for cv in _COARSE])
    rough = _likelihood(data, _COARSE, middle, _ROUGH)[-1] + _prior(_COARSE, cv_scale)
    profile = logsumexp(rough, axis=(1, 2))
    near = np.flatnonzero(profile > profile.max() - _REACH)
    cv = np.linspace(_COARSE[max(near[0] - 1, 0)], _COARSE[min(near[-1] + 1, len(_COARSE) - 1)], _FINE)
    centres, (many, high, low), log = _likelihood(data, cv, np.interp(cv, _COARSE, middle), _PLACES)
    log += _prior(cv, cv_scale)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    left, odd = kernels.left_out(many, high, low, weight, ODD)
    at_least = _predictive(expected, doubt, cv, centres, left)
    upper = at_least(events, np.arange(len(events)))
    exact = (left * many).sum(axis=(1, 2))
    lower = np.maximum(1 - upper + exact, exact)
    p = np.minimum(1.0, 2 * np.minimum(upper, lower))
    fit = Fit(upper, lower, p, odd, cv, centres, weight)
    few = whole & (expected * fit.centre < _FEW) & (upper < lower) & (p < 0.2)
    p[few] = upper[few] + _lower_tail(at_least, np.flatnonzero(few), upper[few], events[few])
    return fit


def _prior(cv: Floats, scale: float) -> Floats:
    """Log prior of CV (density times the width that each point stands for), centre (flat) and share of odd officers."""
    width = np.gradient(cv)
    width[[0, -1]] /= 2
    log = np.log(np.maximum(width, 1e-12)) - 0.5 * (cv / scale) ** 2
    return np.asarray(log[:, None, None] + np.log(ODD_PRIOR))


def _likelihood(
    data: tuple[Floats, Floats, Floats], cv: Floats, middle: Floats, places: int
) -> tuple[Floats, tuple[Floats, Floats, Floats], Floats]:
    """Centres about ``middle`` for each CV, the densities of every count there, and their joint log likelihood."""
    _, expected, extra = data
    mean = expected * np.exp(middle)[:, None]
    known = (mean / (1 + (cv[:, None] ** 2 + extra) * mean)).sum(axis=1)
    error = 1 / np.sqrt(np.maximum(known, 0.05))  # standard error of the log centre
    centres = np.exp(middle[:, None] + np.linspace(-4.5, 4.5, places) * error[:, None])
    densities = kernels.densities(*data, cv, centres, kernels.ABOVE, kernels.BELOW)
    return centres, densities, kernels.joint(*densities, ODD) + np.log(error)[:, None, None]


def _predictive(
    expected: Floats, extra: Floats, cv: Floats, centres: Floats, left: Floats
) -> Callable[[Floats, NDArray[np.intp]], Floats]:
    """P(at least so many events) for each of some officers, averaged over what the others leave open (``left``)."""
    from scipy.special import betainc, gammainc

    places = np.argwhere(left.max(axis=0) > 1e-5)

    def at_least(events: Floats, who: NDArray[np.intp]) -> Floats:
        some, total, used = np.maximum(events, 1.0), np.zeros(len(who)), np.zeros(len(who))
        for s, c in places:
            mean, spread = expected[who] * centres[s, c], cv[s] ** 2 + extra[who]
            if spread.max() > 1e-9:
                size = 1 / np.maximum(spread, 1e-9)
                tail = betainc(some, size, mean / (mean + size))
            else:
                tail = gammainc(some, mean)
            total += left[who, s, c] * tail
            used += left[who, s, c]
        return np.where(events > 0, total / used, 1.0)

    return at_least


def _lower_tail(
    at_least: Callable[[Floats, NDArray[np.intp]], Floats], who: NDArray[np.intp], upper: Floats, events: Floats
) -> Floats:
    """The largest lower tail no greater than ``upper``, by bisection between no count (-1) and the officer's own."""
    low, high, tail = np.full(who.size, -1.0), events, np.zeros(who.size)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        below = 1 - at_least(middle + 1, who)
        fits, open_to = below <= upper, high - low > 1
        tail = np.where(open_to & fits, below, tail)
        low, high = np.where(open_to & fits, middle, low), np.where(open_to & ~fits, middle, high)
    return tail


def exceeds(fit: Fit, events: Floats, expected: Floats, times: float) -> Floats:
    """Posterior P(rate > ``times`` x the centre), per officer, summed over the grid of the fit.

    Each officer's rate is gamma around the centre, or around one of the multiples where the few are.
    """
    from scipy.special import gammaincc

    multiples, share = mixture()
    count, exposed, whole, limit = events[:, None], expected[:, None], fit.weight.sum(axis=2), times * fit.centre
    total, used = np.zeros(len(events)), 0.0
    for s, c in np.argwhere(whole > _NEGLIGIBLE * whole.max()):
        spread, mean = max(fit.cv[s] ** 2, 1e-8), fit.centres[s, c] * multiples
        log = log_chance(events, expected, mean, spread)
        chance = np.exp(log - log.max(axis=1, keepdims=True))
        part = chance * ((fit.weight[s, c] / (chance @ share.T)) @ share)
        shape, rate = 1 / spread + count, (1 / (spread * mean) + exposed) * limit
        much = part > _NEGLIGIBLE * whole[s, c]
        tail = gammaincc(np.broadcast_to(shape, part.shape)[much], rate[much])
        total += np.bincount(np.nonzero(much)[0], part[much] * tail, len(events))
        used += whole[s, c]
    return total / used


def mixture() -> tuple[Floats, Floats]:
    """Multiples of the centre (1, then where the few are), and the share of officers at each, per row of ``ODD``."""
    above, below = (
        np.repeat(ODD[:, [k]] / len(at), len(at), axis=1) for k, at in enumerate((kernels.ABOVE, kernels.BELOW))
    )
    multiples = np.concatenate([[1.0], kernels.ABOVE, kernels.BELOW])
    return multiples, np.column_stack([1 - ODD.sum(axis=1), above, below])


def log_chance(events: Floats, expected: Floats, mean: Floats, spread: float) -> Floats:
    """Log probability, up to a constant, of each count (rows) at each mean of a gamma of squared CV ``spread``."""
    count, exposed = events[:, None], expected[:, None]
    return np.asarray(count * np.log(mean) - (count + 1 / spread) * np.log1p(exposed * mean * spread))
