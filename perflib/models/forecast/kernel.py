"""Compiled loops: exponential smoothing step by step, and the likelihood of counts under mixtures of dispersions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from perflib.models.compiled import jit

Array = np.ndarray[Any, np.dtype[Any]]
# How many standard deviations a value may lie off before it is drawn in; after how many in a row, on one side,
# it is the level that has moved.
FAR, SCALE_MEMORY, MOVED = 2.0, 0.1, 4
# For how many steps a level that has moved may still turn back to where it came from at one value's word.
SETTLED = 12
_FEW = 24  # counts up to which a product costs less than gamma functions


@jit
def run(
    root: Array, targets: Array, constants: Array, reach: Array, level: Array, scale: Array, burn: int, fade: float
) -> tuple:
    """Last levels and slopes and discounted mean losses, each (N, G), of ``root`` (N, T) under ``constants`` (G, 3).

    ``targets`` (N, T): what is to be foretold at each step; ``reach`` (G,): slopes that the forecast moves by;
    ``level`` and ``scale`` (N,): where each series starts.
    """
    count, sets = root.shape[0], constants.shape[0]
    levels, slopes, losses = np.empty((count, sets)), np.empty((count, sets)), np.empty((count, sets))
    for i in range(count):
        for g in range(sets):
            levels[i, g], slopes[i, g], losses[i, g] = _one(
                root[i], targets[i], constants[g], reach[g], level[i], scale[i], burn, fade
            )
    return levels, slopes, losses


@jit
def _one(
    root: Array, targets: Array, constants: Array, reach: float, level: float, scale: float, burn: int, fade: float
) -> tuple:
    alpha, beta, damping = constants[0], constants[1], constants[2]
    slope = loss = seen = streak = 0.0
    home, away = level, 0
    for step in range(root.size):
        if step >= burn:
            loss, seen = loss * fade, seen * fade
            if np.isfinite(targets[step]):
                loss += abs(targets[step] - level - slope * reach)
                seen += 1
        now = root[step]
        error = tame = 0.0
        if np.isfinite(now):
            error = now - (level + damping * slope)
            tame = min(max(error, -FAR * scale), FAR * scale)
            same_side = streak if streak * error > 0 else 0.0
            streak = 0.0 if tame == error else np.sign(error) + same_side
        back = away > 0 and tame != error and abs(now - home) < abs(now - level)
        if np.isfinite(now):
            scale = (1 - SCALE_MEMORY) * scale + SCALE_MEMORY * 1.25 * abs(tame)
        shifted = abs(streak) >= MOVED
        if back:
            level = home + alpha * min(max(now - home, -FAR * scale), FAR * scale)
            slope, away, streak = 0.0, 0, 0.0
        elif shifted:
            level += damping * slope + max(alpha, 0.5) * error
            slope, away = damping * slope, 1
        else:
            level += damping * slope + alpha * tame
            slope = damping * slope + alpha * beta * tame
            away = away + 1 if 0 < away < SETTLED else 0
        home = home if away > 0 else level
    return level, slope, loss / max(seen, 1.0)


@jit
def log_pmf(y: float, mean: float, dispersion: float, factorial: float) -> float:
    """Log probability of the count ``y``, negative binomial; ``factorial`` is the log of y!."""
    if y <= _FEW:  # the gamma functions' ratio is a product of few factors
        rising = 1.0
        for k in range(int(y)):
            rising *= 1.0 + k * dispersion
        ratio = math.log(rising)
    else:
        size = 1.0 / dispersion
        ratio = math.lgamma(y + size) - math.lgamma(size) + y * math.log(dispersion)
    return ratio + y * math.log(mean) - factorial - (y + 1.0 / dispersion) * math.log1p(mean * dispersion)


@jit
def likelihoods(
    y: Array, mean: Array, rise: Array, series: Array, grid: Array, weights: Array, multiples: Array, count: int
) -> Array:
    """Log-likelihood (``count`` series, ``grid``) of counts whose dispersion is grid value x rise x multiple, mixed."""
    made = np.zeros((count, grid.size))
    part = np.empty(weights.size)
    for row in range(y.size):
        factorial = math.lgamma(y[row] + 1.0)
        for at in range(grid.size):
            for c in range(weights.size):
                part[c] = log_pmf(y[row], mean[row], grid[at] * rise[row] * multiples[c], factorial)
            top = part.max()
            total = 0.0
            for c in range(weights.size):
                total += weights[c] * math.exp(part[c] - top)
            made[series[row], at] += top + math.log(total)
    return made
