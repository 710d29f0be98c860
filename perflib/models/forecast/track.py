"""The track record: did earlier intervals, as they would have been printed then, hold? If not, how much wider?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from perflib.models.forecast.dispersion import Dispersion, Shape, fit_dispersion
from perflib.models.forecast.distribution import mixture_cdf
from perflib.models.threads import workers

Array = np.ndarray[Any, np.dtype[Any]]
#: Multiples of the dispersion that are tried. Never below 1: a calm year does not prove that calm will last.
MULTIPLES = np.exp(np.linspace(0.0, np.log(20.0), 19))
LEVELS = (0.8, 0.95)
#: Origins that are judged, and the least of them; how many earlier ones each needs; the most series read.
_RECORDS, _LEAST, _EARLIER, _SAMPLE = 5, 2, 4, 200


def widening(origins: tuple[int, ...], actual: Array, mean: Array, horizon: int, trust: float, shape: Shape) -> float:
    """The multiple of the dispersion with which the latest forecasts would have held what they promised.

    At each of the latest origins the dispersion is found anew from what was known *there*, since errors found in
    hindsight forget how far a break reaches beyond the errors before it. Every earlier origin counts half as much as
    the next. The multiple is the geometric mean of those that bring the shares inside the 80 and 95 % intervals to
    80 and 95 %, and never one that makes what came less probable (rare counts, whose zeros it could only add to); 1
    where they held, or where fewer than two origins can be judged (by four earlier ones each).

    ``actual`` and ``mean`` are (K, N, H) at ``origins``; NaN is unknown. ``shape`` (growth with the horizon and tails)
    is that of all errors. At most 200 series are read.

    Sources: calibration on past forecast errors by time, Gibbs & Candes 2021, Adaptive conformal inference under
    distribution shift; Dawid 1984, the prequential approach.
    """
    every = max(1, mean.shape[1] // _SAMPLE)
    actual, mean = actual[:, ::every], mean[:, ::every]
    judged: list[tuple[float, Array, Array, Dispersion]] = []
    for at in range(len(origins) - 1, max(len(origins) - 1 - _RECORDS, 0), -1):
        known = _known(origins, actual, at)
        if np.isfinite(known).any(axis=(1, 2)).sum() >= _EARLIER and np.isfinite(actual[at]).any():
            weight = 0.5 ** (len(origins) - 1 - at) * np.isfinite(actual[at]).mean()
            dispersion = fit_dispersion(known, mean[:at], horizon, trust, shape)
            judged.append((weight, actual[at], np.maximum(mean[at], 1e-9), dispersion))
    if len(judged) < _LEAST or (_coverage(judged, 1.0)[0] >= LEVELS).all():
        return 1.0
    with ThreadPoolExecutor(workers()) as pool:
        every_multiple = list(pool.map(partial(_coverage, judged), MULTIPLES))
    shares, log = np.array([share for share, _ in every_multiple]).T, np.array([log for _, log in every_multiple])
    needed = [
        np.interp(level, np.maximum.accumulate(share), MULTIPLES) for level, share in zip(LEVELS, shares, strict=True)
    ]
    allowed = MULTIPLES[log >= log[0]].max()
    return float(min(np.sqrt(np.prod(needed)), allowed))


def _known(origins: tuple[int, ...], actual: Array, at: int) -> Array:
    """What had come at the earlier origins when the origin ``at`` was now."""
    seen = actual[:at].copy()
    for k in range(at):
        seen[k, :, max(origins[at] - origins[k], 0) :] = np.nan
    return seen


def _coverage(judged: list[tuple[float, Array, Array, Dispersion]], multiple: float) -> tuple[Array, float]:
    """Expected shares of the randomised PIT within the levels, and the mean log probability, weighted over origins."""
    shares, log, total = np.zeros(len(LEVELS)), 0.0, 0.0
    for weight, actual, mean, dispersion in judged:
        there = np.isfinite(actual)
        y, mu = actual[there], mean[there]
        spread = np.broadcast_to(dispersion.values * multiple, (*mean.shape, dispersion.values.shape[-1]))[there]
        upto, below = (mixture_cdf(y - less, mu, spread, dispersion.weights) for less in (0, 1))
        width = np.maximum(upto - below, 1e-12)
        for k, level in enumerate(LEVELS):
            low, high = (1 - level) / 2, (1 + level) / 2
            overlap = np.clip(np.minimum(upto, high) - np.maximum(below, low), 0.0, None) / width
            shares[k] += weight * np.minimum(overlap, 1.0).mean()
        log, total = log + weight * float(np.log(width).mean()), total + weight
    return shares / total, log / total
