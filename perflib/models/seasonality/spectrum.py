"""A test for stable seasonality that holds for over-dispersed and autocorrelated counts: power at the season's own
frequencies against a smooth spectrum fitted to the frequencies around them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
#: draws behind a p-value, and the fewest other frequencies a spectrum is fitted to.
DRAWS, FEWEST = 4000, 6
_BAND, _SEED, _SHORT = 8, 20, 600
_SLACK = 0.06  # of a cycle may be wanting, so that a feed's last weeks do not cost a whole year


@dataclass(frozen=True)
class Stable:
    """The test of one season: ``statistic`` (mean ratio of the season's power to that of its surroundings; 1 by
    chance), ``p``, ``cycles`` (whole cycles used), ``harmonics``, ``others`` (frequencies of the surroundings)."""

    statistic: float
    p: float
    cycles: int
    harmonics: int
    others: int


def stable(values: Array, cycle: float, harmonics: int, inner: float = 0.0) -> Stable | None:
    """Test whether ``values`` (regular steps, none missing, on a stabilised scale) repeat every ``cycle`` steps.

    Parameters
    ----------
    values : shape (T,). cycle : steps in a cycle; need not be whole. harmonics : waves per cycle that are tested.
    inner : a longer cycle within which this one repeats (a week of days); its waves are left out of the surroundings.

    Returns
    -------
    Stable, or None where fewer than two whole cycles or ``FEWEST`` other frequencies are there.

    Notes
    -----
    The last whole cycles are used, a straight line is taken out, and the periodogram ordinates at the season's waves
    are compared with log-linear fits (in log frequency for a season at the low end, in cos w and cos 2w elsewhere, as
    in the exponential model of Bloomfield 1973, Biometrika 60) to the ordinates around them. Ordinates of any
    stationary series with a smooth spectrum are asymptotically independent exponentials (Brillinger 1981), and the
    statistic does not change when the spectrum is multiplied by any member of the fitted family: its distribution
    without a season is therefore known and drawn once for a given length, whatever the dispersion or autocorrelation.
    """
    cycles = int(len(values) / cycle + _SLACK)
    if cycles < 2:
        return None
    length = min(len(values), round(cycles * cycle))
    power = periodogram(values[len(values) - length :])
    at, others = _places(length, cycles, harmonics, cycle, inner)
    if len(others) < FEWEST:
        return None
    power = np.maximum(power, max(float(power.max()), 1.0) * 1e-12)  # a constant series has no power at all
    design = _design(length, cycles)
    ratio = float(_statistic(power[None, at], power[None, others], design[at], design[others], _weights(at, inner))[0])
    null = _null(length, cycles, harmonics, float(cycle), float(inner))
    return Stable(ratio, float((1 + (null >= ratio).sum()) / (len(null) + 1)), cycles, len(at), len(others))


def periodogram(values: Array) -> Array:
    """Squared size of each Fourier wave after a straight line is taken out; place j is the wave of j cycles."""
    length = values.shape[-1]
    time = np.arange(length) - (length - 1) / 2
    detrended = values - values.mean(axis=-1, keepdims=True)
    detrended = detrended - (detrended @ time / (time @ time))[..., None] * time
    return np.asarray(np.abs(np.fft.rfft(detrended)) ** 2 / length)


def _places(length: int, cycles: int, harmonics: int, cycle: float, inner: float) -> tuple[Array, Array]:
    half = (length - 1) // 2
    every = np.arange(1, half + 1)
    at = cycles * np.arange(1, harmonics + 1)
    at = at[at <= half]
    low = max(1, cycles // 2) if inner else 1
    high = min(half, (harmonics if inner else _BAND) * cycles + cycles // 2)
    base = max(1, round(length / inner)) if inner else cycles
    others = every[(every >= low) & (every <= high) & (every % base != 0) & (every % cycles != 0)]
    return at, others


def _design(length: int, cycles: int) -> Array:
    """Columns in which the log spectrum is linear, for every place; a season at the low end has a power law."""
    place = np.arange(length // 2 + 1)
    turn = 2 * np.pi * np.maximum(place, 0.5) / length
    if cycles < length / 20:
        return np.column_stack([np.ones(len(turn)), np.log(turn)])
    return np.column_stack([np.ones(len(turn)), np.cos(turn), np.cos(2 * turn)])


def _weights(at: Array, inner: float) -> Array:
    """A year's slow waves count more, since seasons of the year are mostly one wave; waves of a week count alike."""
    weights = np.ones(len(at)) if inner else 1.0 / np.arange(1, len(at) + 1)
    return np.asarray(weights / weights.sum())


def _statistic(season: Array, others: Array, season_design: Array, design: Array, weights: Array) -> Array:
    """Mean ratio of seasonal ordinates to the spectrum fitted to the others (exponential likelihood, log link)."""
    beta = np.zeros((len(others), design.shape[1]))
    beta[:, 0] = np.log(others.mean(axis=1))
    inverse = np.linalg.inv(design.T @ design + 1e-9 * np.eye(design.shape[1]))
    for _ in range(25):  # Fisher scoring: the information of this likelihood does not depend on the coefficients
        step = (others * np.exp(-beta @ design.T) - 1) @ design @ inverse
        beta = beta + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-6:
            break
    return np.asarray((season * np.exp(-beta @ season_design.T)) @ weights)


@lru_cache(maxsize=64)
def _null(length: int, cycles: int, harmonics: int, cycle: float, inner: float) -> Array:
    """The statistic's distribution without a season."""
    at, others = _places(length, cycles, harmonics, cycle, inner)
    rng = np.random.default_rng(_SEED)
    design = _design(length, cycles)
    parts = []
    for _ in range(DRAWS // 500):  # in parts: long series have thousands of surroundings
        if length <= _SHORT:  # white noise itself, so that the line taken out is taken out here too
            power = periodogram(rng.normal(size=(500, length)))
            season, rest = power[:, at], power[:, others]
        else:
            season, rest = rng.exponential(size=(500, len(at))), rng.exponential(size=(500, len(others)))
        parts.append(_statistic(season, rest, design[at], design[others], _weights(at, inner)))
    return np.concatenate(parts)
