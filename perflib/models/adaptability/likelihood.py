"""What each officer's periods say about their slope on demand, with their own level out of the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
POINTS, REACH = 201, 1.6


@dataclass(frozen=True, eq=False)
class Lines:
    """Log likelihood (officers x ``grid``) of each slope; ``dispersion`` widened it."""

    grid: Floats
    log: Floats
    dispersion: float
    centre: float
    error: float


def poisson(rows: pd.DataFrame, starts: NDArray[np.intp]) -> Lines:
    """Counts with exposure. Given an officer's total, how it falls on the periods depends on the slope alone.

    ``rows`` (``value``, ``exposure``, ``demand``) are sorted by officer; ``starts`` are each one's first row.
    """
    value, exposure, demand = (rows[name].to_numpy(dtype=float) for name in ("value", "exposure", "demand"))
    total = np.add.reduceat(value, starts)
    score = np.add.reduceat(value * demand, starts)
    centre, error = _middle(value, exposure, demand, starts, total, score)
    scale = _dispersion(exposure, demand, value, starts, total, centre)
    grid = centre + np.linspace(-REACH, REACH, POINTS)
    weight = exposure[:, None] * np.exp(demand[:, None] * grid)
    log = score[:, None] * grid - total[:, None] * np.log(np.add.reduceat(weight, starts, axis=0))
    return Lines(grid, log / scale, scale, centre, error * np.sqrt(scale))


def _shares(exposure: Floats, demand: Floats, starts: NDArray[np.intp], slope: float) -> Floats:
    weight = exposure * np.exp(slope * demand)
    sizes = np.diff(np.append(starts, len(weight)))
    return np.asarray(weight / np.repeat(np.add.reduceat(weight, starts), sizes))


def _middle(
    value: Floats, exposure: Floats, demand: Floats, starts: NDArray[np.intp], total: Floats, score: Floats
) -> tuple[float, float]:
    """The common slope by Newton's steps, and its Poisson standard error."""
    slope, known = 0.0, 1.0
    for _ in range(50):
        share = _shares(exposure, demand, starts, slope)
        mean = np.add.reduceat(share * demand, starts)
        known = float(total @ (np.add.reduceat(share * demand**2, starts) - mean**2))
        step = float((score - total * mean).sum()) / max(known, 1e-9)
        slope += float(np.clip(step, -0.5, 0.5))
        if abs(step) < 1e-10:
            break
    return slope, 1 / np.sqrt(max(known, 1e-9))


def _dispersion(
    exposure: Floats, demand: Floats, value: Floats, starts: NDArray[np.intp], total: Floats, slope: float
) -> float:
    """Pearson's chi-square over its degrees of freedom, at least 1."""
    sizes = np.diff(np.append(starts, len(value)))
    mean = np.repeat(total, sizes) * _shares(exposure, demand, starts, slope)
    spare = max(len(value) - len(starts) - 1, 1)
    return max(1.0, float(((value - mean) ** 2 / mean).sum() / spare))
