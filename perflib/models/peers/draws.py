"""Draws of officers' rates from the posterior of the flag rule's model, and what is read off them."""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.models.counts.asked import Floats
from perflib.models.peers import kernels, rule

#: draws of every officer's rate: fewer for many officers, so that memory holds them.
DRAWS, LEAST, ALL = 2000, 400, 4_000_000


def rates(found: rule.Verdicts, events: Floats, expected: Floats, seed: int = 0) -> Floats:
    """Rates (draws, officers) per unit of ``expected``; all officers of one draw share centre, spread and odd share.

    Ordinary officers: gamma around the centre. The few: gamma around a multiple of it.
    """
    rng = np.random.default_rng(seed)
    size = int(np.clip(ALL // len(events), LEAST, DRAWS))
    out = np.empty((size, len(events)))
    for g, (fit, weight) in enumerate(zip(found.fits, found.posterior, strict=True)):
        at = np.flatnonzero(found.member == g)
        flat = rng.choice(weight.size, size, p=weight.ravel() / weight.sum())
        s, c, d = np.unravel_index(flat, weight.shape)
        out[:, at] = _group(rng, fit, events[at], expected[at], found.cv[s], fit.centres[s, c], rule.ODD[d])
    return out


def _group(
    rng: np.random.Generator, fit: rule.Fit, events: Floats, expected: Floats, cv: Floats, centre: Floats, odd: Floats
) -> Floats:
    multiples, share = rule.multiples(odd)
    pick = kernels.chosen(events, expected, cv, centre, multiples, share, rng.random((len(cv), len(events))))
    spread = np.maximum(cv[:, None] ** 2, 1e-8)
    mean = centre[:, None] * multiples[pick]
    shape = 1 / spread + events[None, :]
    return np.asarray(rng.gamma(shape) / (1 / (spread * mean) + expected[None, :]))


def told(sample: Floats, coverage: float) -> dict[str, Any]:
    """Mean, limits and rank (1 the highest) with limits, per officer."""
    tail = [(1 - coverage) / 2, (1 + coverage) / 2]
    low, high = np.quantile(sample, tail, axis=0)
    rank = sample.shape[1] - np.argsort(np.argsort(sample, axis=1), axis=1)
    first, last = np.quantile(rank, tail, axis=0, method="closest_observation")
    return {
        "estimate": sample.mean(axis=0),
        "low": low,
        "high": high,
        "rank": np.median(rank, axis=0),
        "rank_low": first,
        "rank_high": last,
    }
