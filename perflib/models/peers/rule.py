"""The flag rule of all officer comparisons: who differs beyond the differences that officers commonly have?

Officers differ. Most differ a little: their rates are spread around the peers' rate with a coefficient of variation
that is fitted. A few may differ a lot. The fit knows both kinds, so that the few do not widen the spread of the many
and hide behind it. An officer's count is then held against what the *other* officers lead one to expect, averaged over
everything the data leave open about centre, spread and share of odd officers; Benjamini-Hochberg does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from perflib.models.counts import adjusted
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
    """One peer group's likelihood on a grid of CVs and centres.

    ``many``, ``high``, ``low``: probability of each officer's count (officers, CVs, centres); ``log``: sum over
    officers (CVs, centres, shares of odd officers).
    """

    centres: Floats
    many: Floats
    high: Floats
    low: Floats
    log: Floats


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What the rule finds: tail probabilities given the others, and the hyper-parameters with their uncertainty.

    ``upper``/``lower``: P(at least / at most so many events | the other officers); ``p`` two-sided: an unusually high
    count adds the largest lower tail no greater than its own, an unusually low one counts double; ``odd``: posterior
    probability of being one of the few; ``cv`` grid with ``weight``; ``fits`` per group and ``member`` of each officer.
    """

    upper: Floats
    lower: Floats
    p: Floats
    odd: Floats
    cv: Floats
    weight: Floats
    fits: tuple[Fit, ...]
    posterior: tuple[Floats, ...]
    member: NDArray[np.int64]

    @cached_property
    def spread(self) -> tuple[float, float, float]:
        """Posterior mean and 95 % limits of the CV among ordinary officers."""
        run = np.cumsum(self.weight) / self.weight.sum()
        low, high = (float(np.interp(at, run, self.cv)) for at in (0.025, 0.975))
        return float(self.weight @ self.cv / self.weight.sum()), low, high

    @property
    def centre(self) -> Floats:
        """Posterior mean of each officer's group centre."""
        each = np.array([(w.sum(axis=2) * fit.centres).sum() for fit, w in zip(self.fits, self.posterior, strict=True)])
        return each[self.member]


def judge(
    events: Floats,
    expected: Floats,
    extra: Floats | None = None,
    group: NDArray[np.int64] | None = None,
    cv_scale: float = CV_SCALE,
    *,
    whole: bool = True,
) -> Verdicts:
    """Hold every officer against the others.

    Parameters
    ----------
    events, expected : counts, and what they would be at the peers' rate up to a common factor; all positive expected.
    extra : squared CV of each expected count (it is an estimate too); default 0.
    group : group number from 0 of each officer; each has its own centre, drawn towards the mean of all groups; the CV
        is shared.
    whole : events are whole numbers; False for counts scaled so that their variance is that of a Poisson count.
    """
    doubt = np.zeros(len(events)) if extra is None else np.asarray(extra, float)
    member = np.zeros(len(events), np.int64) if group is None else group
    rows = [np.flatnonzero(member == one) for one in range(int(member.max()) + 1)]
    parts = [(events[at], expected[at], doubt[at]) for at in rows]
    logs = np.array([_middle(part) for part in parts])
    coarse = sum(_profile(fit) for fit in _fits(parts, _COARSE, logs, _ROUGH)) + _prior(_COARSE, cv_scale)
    cv = _closer(_COARSE, coarse)
    fits = _fits(parts, cv, np.array([np.interp(cv, _COARSE, each) for each in logs]))
    log_prior = _prior(cv, cv_scale)[:, None] + np.log(ODD_PRIOR)[None, :]
    return _verdicts(events, expected, doubt, member, rows, fits, cv, log_prior, whole)


def _prior(cv: Floats, scale: float) -> Floats:
    """Log prior density times the width that each grid point stands for."""
    width = np.gradient(cv) if len(cv) > 1 else np.ones(1)
    width[[0, -1]] /= 2
    return np.asarray(np.log(np.maximum(width, 1e-12)) - 0.5 * (cv / scale) ** 2)


def _closer(cv: Floats, log: Floats) -> Floats:
    """A finer grid where the coarse one has its mass."""
    near = np.flatnonzero(log > log.max() - _REACH)
    first, last = max(near[0] - 1, 0), min(near[-1] + 1, len(cv) - 1)
    return np.linspace(cv[first], cv[last], _FINE)


def _profile(fit: Fit) -> Floats:
    """Log likelihood of each CV, centre and share of odd officers summed out."""
    return np.asarray(_log_sum(fit.log + np.log(ODD_PRIOR), (1, 2)))


def _log_sum(values: Floats, axis: int | tuple[int, ...]) -> Floats:
    top = values.max(axis=axis, keepdims=True)
    return np.asarray(np.log(np.exp(values - top).sum(axis=axis)) + np.squeeze(top, axis=axis))


def _fits(parts: list[tuple[Floats, Floats, Floats]], cv: Floats, middle: Floats, places: int = _PLACES) -> list[Fit]:
    error = np.array([_error(part, cv, each) for part, each in zip(parts, middle, strict=True)])
    prior = _between(middle, error)
    return [_fit(part, cv, middle[g], error[g], prior, places) for g, part in enumerate(parts)]


def _middle(part: tuple[Floats, Floats, Floats]) -> Floats:
    """Log centre of a group for each coarse CV: where the grid of centres is laid."""
    events, expected, extra = part
    return np.log([kernels.centre_of(events, expected, extra, s, kernels.ABOVE, kernels.BELOW) for s in _COARSE])


def _error(part: tuple[Floats, Floats, Floats], cv: Floats, middle: Floats) -> Floats:
    """Standard error of a group's log centre for each CV."""
    _, expected, extra = part
    mean = expected[None, :] * np.exp(middle)[:, None]
    known = (mean / (1 + (cv[:, None] ** 2 + extra) * mean)).sum(axis=1)
    return np.asarray(1 / np.sqrt(np.maximum(known, 0.05)))


def _between(middle: Floats, error: Floats) -> tuple[Floats, Floats] | None:
    """Mean and variance of groups' log centres for each CV (DerSimonian and Laird); None for fewer than 3 groups."""
    if len(middle) < 3:
        return None
    weight = 1 / error**2
    total = weight.sum(axis=0)
    mean = (weight * middle).sum(axis=0) / total
    q = (weight * (middle - mean) ** 2).sum(axis=0)
    between = np.maximum((q - len(middle) + 1) / (total - (weight**2).sum(axis=0) / total), 0.0)
    weight = 1 / (error**2 + between)
    mean = (weight * middle).sum(axis=0) / weight.sum(axis=0)
    return mean, between + 1 / weight.sum(axis=0)


def _fit(
    part: tuple[Floats, Floats, Floats],
    cv: Floats,
    middle: Floats,
    error: Floats,
    prior: tuple[Floats, Floats] | None,
    places: int,
) -> Fit:
    steps = np.linspace(-4.5, 4.5, places)
    log_prior = np.zeros((len(cv), places))
    if prior is not None:  # the grid follows the prior where it is the narrower of the two
        width = 1 / (1 / error**2 + 1 / prior[1])
        middle = width * (middle / error**2 + prior[0] / prior[1])
        logs = middle[:, None] + steps * np.sqrt(width)[:, None]
        log_prior = -0.5 * (logs - prior[0][:, None]) ** 2 / prior[1][:, None]
        error = np.sqrt(width)
    centres = np.exp(middle[:, None] + steps * error[:, None])
    many, high, low = kernels.densities(*part, cv, centres, kernels.ABOVE, kernels.BELOW)
    log = kernels.joint(many, high, low, ODD) + (log_prior + np.log(error)[:, None])[:, :, None]
    return Fit(centres, many, high, low, log)


def _verdicts(
    events: Floats,
    expected: Floats,
    extra: Floats,
    member: NDArray[np.int64],
    rows: list[NDArray[np.intp]],
    fits: list[Fit],
    cv: Floats,
    log_prior: Floats,
    whole: bool,
) -> Verdicts:
    by_group = np.array([_log_sum(fit.log, 1) for fit in fits])
    every = by_group.sum(axis=0) + log_prior
    upper, lower, p, odd = (np.empty(len(events)) for _ in range(4))
    posterior = []
    for g, (at, fit) in enumerate(zip(rows, fits, strict=True)):
        log = fit.log + (every - by_group[g])[:, None, :]
        weight = np.exp(log - log.max())
        weight /= weight.sum()
        posterior.append(weight)
        left, odd[at] = kernels.left_out(fit.many, fit.high, fit.low, weight, ODD)
        tails = _Tails(expected[at], extra[at], cv, fit.centres, left)
        upper[at] = tails.at_least(events[at], np.arange(len(at)))
        exact = (left * fit.many).sum(axis=(1, 2))
        lower[at] = np.maximum(1 - upper[at] + exact, exact)
        double = np.minimum(1.0, 2 * np.minimum(upper[at], lower[at]))
        few = whole & (expected[at] * (weight.sum(axis=2) * fit.centres).sum() < _FEW)
        p[at] = _two_sided(tails, few, double, upper[at], lower[at], events[at])
    total = np.exp(_log_sum(every, 1) - every.max())
    return Verdicts(upper, lower, p, odd, cv, total / total.sum(), tuple(fits), tuple(posterior), member)


@dataclass(frozen=True, eq=False)
class _Tails:
    """Predictive distribution of each officer's count, averaged over what the others leave open."""

    expected: Floats
    extra: Floats
    cv: Floats
    centres: Floats
    left: Floats

    def at_least(self, events: Floats, who: NDArray[np.intp]) -> Floats:
        """P(at least ``events``), one count for each of the officers ``who``."""
        from scipy.special import betainc, gammainc

        left, some = self.left[who], np.maximum(events, 1.0)
        found, used = np.zeros(len(who)), np.zeros(len(who))
        for s, c in np.argwhere(self.left.max(axis=0) > 1e-5):
            mean, spread = self.expected[who] * self.centres[s, c], self.cv[s] ** 2 + self.extra[who]
            if spread.max() > 1e-9:
                size = 1 / np.maximum(spread, 1e-9)
                tail = betainc(some, size, mean / (mean + size))
            else:
                tail = gammainc(some, mean)
            found += left[:, s, c] * tail
            used += left[:, s, c]
        return np.where(events > 0, found / used, 1.0)


def _two_sided(
    tails: _Tails, few: NDArray[np.bool_], double: Floats, upper: Floats, lower: Floats, events: Floats
) -> Floats:
    """Two-sided p-values: for few expected events a high count adds what the lower tail can attain, not its double."""
    p = double.copy()
    exact = few & (upper < lower) & (p < 0.2)
    who = np.flatnonzero(exact)
    if not who.size:
        return p
    # The largest count whose lower tail is no greater than the upper one: between none (-1) and the officer's own.
    low, high, found = np.full(who.size, -1.0), events[who], np.zeros(who.size)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        below = 1 - tails.at_least(middle + 1, who)
        fits, open_to = below <= upper[who], high - low > 1
        found = np.where(open_to & fits, below, found)
        low, high = np.where(open_to & fits, middle, low), np.where(open_to & ~fits, middle, high)
    p[who] = upper[who] + found
    return p


def false_discovery(p: Floats, assessable: NDArray[np.bool_]) -> Floats:
    """Benjamini-Hochberg adjusted p-values over those assessed; missing for the others."""
    return np.asarray(adjusted(np.where(assessable, p, np.nan)))


def multiples(odd: Floats) -> tuple[Floats, Floats]:
    """Multiples of the centre at which officers are supposed to be, and the share at each for each row of ``odd``."""
    above, below = len(kernels.ABOVE), len(kernels.BELOW)
    share = np.column_stack(
        [
            1 - odd.sum(axis=1),
            np.repeat(odd[:, :1] / above, above, axis=1),
            np.repeat(odd[:, 1:] / below, below, axis=1),
        ]
    )
    return np.concatenate([[1.0], kernels.ABOVE, kernels.BELOW]), share


def exceeds(found: Verdicts, events: Floats, expected: Floats, times: float) -> Floats:
    """Posterior P(rate > ``times`` x the centre of the officer's group), per officer: summed over the fit's grid."""
    out, limit = np.empty(len(events)), times * found.centre
    for g, (fit, weight) in enumerate(zip(found.fits, found.posterior, strict=True)):
        at = np.flatnonzero(found.member == g)
        out[at] = _beyond(fit, weight, events[at], expected[at], found.cv, limit[at[0]])
    return out


def _beyond(fit: Fit, weight: Floats, events: Floats, expected: Floats, cv: Floats, limit: float) -> Floats:
    """Each officer's rate is gamma around the centre, or around one of the multiples where the few are."""
    from scipy.special import gammaincc

    times, share = multiples(ODD)
    count, exposed, whole = events[:, None], expected[:, None], weight.sum(axis=2)
    total, used = np.zeros(len(events)), 0.0
    for s, c in np.argwhere(whole > _NEGLIGIBLE * whole.max()):
        spread, mean = max(cv[s] ** 2, 1e-8), fit.centres[s, c] * times
        log = count * np.log(mean) - (count + 1 / spread) * np.log1p(exposed * mean * spread)
        chance = np.exp(log - log.max(axis=1, keepdims=True))
        part = chance * ((weight[s, c] / (chance @ share.T)) @ share)
        shape, rate = 1 / spread + count, (1 / (spread * mean) + exposed) * limit
        much = part > _NEGLIGIBLE * whole[s, c]
        tail = gammaincc(np.broadcast_to(shape, part.shape)[much], rate[much])
        total += np.bincount(np.nonzero(much)[0], part[much] * tail, len(events))
        used += whole[s, c]
    return total / used
