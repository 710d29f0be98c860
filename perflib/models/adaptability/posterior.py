"""Slopes drawn towards the peers': a normal spread that may be none and a few far off, the unknown averaged over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perflib.models.adaptability.likelihood import Lines

Floats = NDArray[np.float64]
#: prior: with one half the slopes do not differ at all; else their spread is half-normal with this scale (log rate).
NONE_DIFFER, SPREAD_SCALE = 0.5, 0.25
_SPREADS = np.array([0.025, 0.05, 0.075, 0.1, 0.14, 0.19, 0.25, 0.33, 0.43, 0.56, 0.75])
_CENTRES, _WIDE, _ZERO = 17, 4.5, 150
#: a few officers may be far off, so that they do not widen the spread of the many: shares with their prior, and how far
FEW = np.array([(0.0, 0.5), (0.03, 0.2), (0.08, 0.2), (0.15, 0.1)])
FAR = 0.5


@dataclass(frozen=True, eq=False)
class Differences:
    """Per officer: CDF of slope less peers' slope (officers x ``at``), chances above, below and at no difference."""

    at: Floats
    cdf: Floats
    above: Floats
    below: Floats
    same: Floats
    spread: float
    none_differ: float
    centre: float


def differences(lines: Lines, spread: float | None = None) -> Differences:
    """The posterior of every officer's difference; ``spread`` (sd of slopes) may be given, else it is averaged over."""
    spreads, prior = _spreads(lines, spread)
    few = np.array([[0.0, 1.0]]) if spread is not None else FEW
    likely = np.exp(lines.log - lines.log.max(axis=1, keepdims=True))
    cells = [
        _cell(lines, likely, s, p, c, step, few)
        for s, p in zip(spreads, prior, strict=True)
        for c, step in _centres(lines, s)
    ]
    log = np.array([cell.log for cell in cells])
    weight = np.exp(log - log.max())
    return _mixed(lines, likely, cells, weight / weight.sum(), few)


@dataclass(frozen=True, eq=False)
class _Cell:
    """One spread and centre: the chance of each officer's data as one of the many, or of the few; ``log`` by share."""

    spread: float
    centre: float
    many: Floats
    few: Floats
    log: Floats


def _cell(lines: Lines, likely: Floats, spread: float, prior: float, centre: float, step: float, few: Floats) -> _Cell:
    if spread == 0:
        many = np.exp(_at(lines, lines.log, centre) - lines.log.max(axis=1))
    else:
        many = likely @ _normal(lines.grid, centre, spread)
    far = likely @ _normal(lines.grid, centre, FAR)
    mixed = (1 - few[:, :1]) * many + few[:, :1] * far
    log = np.log(np.maximum(mixed, 1e-300)).sum(axis=1) + np.log(step * prior * few[:, 1])
    return _Cell(spread, centre, many, far, log)


def _spreads(lines: Lines, spread: float | None) -> tuple[Floats, Floats]:
    if spread is not None:
        return np.array([spread]), np.ones(1)
    width = np.gradient(_SPREADS)
    prior = np.exp(-0.5 * (_SPREADS / SPREAD_SCALE) ** 2) * width
    return (np.append(0.0, _SPREADS), np.append(NONE_DIFFER, (1 - NONE_DIFFER) * prior / prior.sum()))


def _centres(lines: Lines, spread: float) -> list[tuple[float, float]]:
    """Peers' slopes to average over, with their widths, as wide as this spread leaves them unknown.

    The prior of the peers' slope is flat; the same for every spread.
    """
    officers = len(lines.log)
    error = float(np.sqrt(lines.error**2 + 2 * spread**2 / officers + (lines.error * spread) ** 2))
    steps = np.linspace(-_WIDE, _WIDE, _CENTRES) * error
    return [(float(lines.centre + step), float(steps[1] - steps[0])) for step in steps]


def _normal(grid: Floats, centre: float, spread: float) -> Floats:
    weight = np.exp(-0.5 * ((grid - centre) / spread) ** 2)
    return np.asarray(weight / weight.sum())


def _at(lines: Lines, values: Floats, place: float) -> Floats:
    """Columns of ``values`` at a slope between grid points, by the parabola through the three nearest."""
    step = lines.grid[1] - lines.grid[0]
    i = int(np.clip(round((place - lines.grid[0]) / step), 1, len(lines.grid) - 2))
    f = (place - lines.grid[i]) / step
    before, here, after = values[:, i - 1], values[:, i], values[:, i + 1]
    return np.asarray(here + f * (after - before) / 2 + f**2 * (after - 2 * here + before) / 2)


def _mixed(lines: Lines, likely: Floats, cells: list[_Cell], weight: Floats, few: Floats) -> Differences:
    reach = 0.75 * (lines.grid[-1] - lines.grid[0]) / 2
    at = np.linspace(-reach, reach, 2 * _ZERO + 1)
    cdf, same = np.zeros((len(likely), len(at))), np.zeros(len(likely))
    above, below, total = np.zeros(len(likely)), np.zeros(len(likely)), 0.0
    for cell, shares in zip(cells, weight, strict=True):
        if shares.sum() < 1e-6:
            continue
        total += shares.sum()
        odd = sum(
            w * share * cell.few / np.maximum((1 - share) * cell.many + share * cell.few, 1e-300)
            for w, share in zip(shares, few[:, 0], strict=True)
        )
        for chance, sd in ((odd, FAR), (shares.sum() - odd, cell.spread)):
            if sd == 0:
                same += chance
                cdf += chance[:, None] * (at >= 0)
                continue
            part = _cdf(lines, likely * _normal(lines.grid, cell.centre, sd), cell.centre + at)
            cdf += chance[:, None] * part
            above += chance * (1 - part[:, _ZERO])
            below += chance * part[:, _ZERO]
    each = weight.sum(axis=1)
    spreads, centres = np.array([cell.spread for cell in cells]), np.array([cell.centre for cell in cells])
    return Differences(
        at,
        cdf / total,
        above / total,
        below / total,
        same / total,
        float(each @ spreads),
        float(each[spreads == 0].sum()),
        float(each @ centres),
    )


def _cdf(lines: Lines, density: Floats, at: Floats) -> Floats:
    """Distribution functions (officers x ``at``); mass of a grid point is spread evenly about it."""
    step = lines.grid[1] - lines.grid[0]
    run = np.concatenate([np.zeros((len(density), 1)), np.cumsum(density, axis=1)], axis=1)
    run /= run[:, -1:]
    place = np.clip((at - lines.grid[0]) / step + 0.5, 0, len(lines.grid))
    i = np.minimum(place.astype(int), len(lines.grid) - 1)
    f = place - i
    return np.asarray(run[:, i] * (1 - f) + run[:, i + 1] * f)


def quantiles(found: Differences, level: float) -> tuple[Floats, Floats, Floats]:
    """Median and limits of every officer's difference; the chance of no difference lies whole at 0."""
    tail = (1 - level) / 2
    at = np.insert(found.at, _ZERO, found.at[_ZERO])
    cdf = np.insert(found.cdf, _ZERO, found.cdf[:, _ZERO] - found.same, axis=1)
    each = np.array([np.interp([0.5, tail, 1 - tail], row + 1e-12 * np.arange(len(row)), at) for row in cdf])
    return each[:, 0], each[:, 1], each[:, 2]
