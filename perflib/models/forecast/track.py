"""The track record: did earlier intervals, as they would have been printed then, hold? If not, how much wider?"""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.models.forecast.dispersion import Dispersion, fit_dispersion, shape_of
from perflib.models.forecast.distribution import mixture_cdf

Array = np.ndarray[Any, np.dtype[Any]]
#: Multiples of the dispersion that are tried. Never below 1: a calm year does not prove that calm will last.
MULTIPLES = np.exp(np.linspace(0.0, np.log(20.0), 19))
LEVELS = (0.8, 0.95)
#: Origins that are judged, and the least of them; how many earlier ones each needs; the most series read.
_RECORDS, _LEAST, _EARLIER, _SAMPLE = 5, 2, 4, 200


def widening(origins: tuple[int, ...], actual: Array, mean: Array, horizon: int, trust: float) -> float:
    """The multiple of the dispersion with which the latest forecasts would have held what they promised.

    At each of the latest origins the dispersion is found anew from what was known *there*, since errors found in
    hindsight forget how far a break reaches beyond the errors before it. Every earlier origin counts half as much as
    the next. The multiple is the geometric mean of those that bring the shares inside the 80 and 95 % intervals to
    80 and 95 %, and never one that makes what came less probable (rare counts, whose zeros it could only add to); 1
    where they held, or where fewer than two origins can be judged (by four earlier ones each).

    ``actual`` and ``mean`` are (K, N, H) at ``origins``; NaN is unknown. At most 200 series are read.

    Sources: calibration on past forecast errors by time, Gibbs & Candes 2021, Adaptive conformal inference under
    distribution shift; Dawid 1984, the prequential approach.
    """
    every = max(1, mean.shape[1] // _SAMPLE)
    actual, mean = actual[:, ::every], mean[:, ::every]
    kept, total, log = np.zeros((len(LEVELS), len(MULTIPLES))), 0.0, np.zeros(len(MULTIPLES))
    judged = 0
    for at in range(len(origins) - 1, max(len(origins) - 1 - _RECORDS, 0), -1):
        known = _known(origins, actual, at)
        if np.isfinite(known).any(axis=(1, 2)).sum() < _EARLIER or not np.isfinite(actual[at]).any():
            continue
        shape = shape_of(known, mean[:at], horizon, trust)
        shares, probable = _held(actual[at], mean[at], fit_dispersion(known, mean[:at], horizon, trust, shape))
        weight = 0.5 ** (len(origins) - 1 - at) * np.isfinite(actual[at]).mean()
        kept, total, log, judged = kept + weight * shares, total + weight, log + weight * probable, judged + 1
    if judged < _LEAST:
        return 1.0
    needed = [np.interp(level, np.maximum.accumulate(share / total), MULTIPLES)
              for level, share in zip(LEVELS, kept, strict=True)]
    allowed = MULTIPLES[log >= log[0]].max()
    return float(min(np.sqrt(np.prod(needed)), allowed))


def _known(origins: tuple[int, ...], actual: Array, at: int) -> Array:
    """What had come at the earlier origins when the origin ``at`` was now."""
    seen = actual[:at].copy()
    for k in range(at):
        seen[k, :, max(origins[at] - origins[k], 0):] = np.nan
    return seen


def _held(actual: Array, mean: Array, found: Dispersion) -> tuple[Array, Array]:
    """For every multiple: expected share of the randomised PIT within each level, and the mean log probability."""
    there = np.isfinite(actual)
    mu = np.maximum(mean, 1e-9)
    shares, log = np.empty((len(LEVELS), len(MULTIPLES))), np.empty(len(MULTIPLES))
    for m, multiple in enumerate(MULTIPLES):
        upto, below = (mixture_cdf(np.where(there, actual, 0.0) - less, mu, found.values * multiple, found.weights)
                       for less in (0, 1))
        width = np.maximum(upto - below, 1e-12)
        log[m] = np.log(width)[there].mean()
        for k, level in enumerate(LEVELS):
            low, high = (1 - level) / 2, (1 + level) / 2
            overlap = np.clip(np.minimum(upto, high) - np.maximum(below, low), 0.0, None) / width
            shares[k, m] = np.minimum(overlap, 1.0)[there].mean()
    return shares, log
