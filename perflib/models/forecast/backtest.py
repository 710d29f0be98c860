"""Rolling origins: what each candidate would have said earlier, how good it was, and the weights that follow."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from perflib.models.forecast import scores
from perflib.models.forecast.candidates import Candidate
from perflib.models.forecast.panel import FREQUENCIES, Panel
from perflib.models.threads import workers

Array = np.ndarray[Any, np.dtype[Any]]
#: Share of the likelihood that is believed, since the errors of one origin move together.
TRUST = {"D": 0.7, "W": 0.4, "M": 0.25}
_DROP, _POWER = 1.2, 6.0
#: Origins by default: scatter is learnt from all (months: a dozen years of them), candidates are judged by the latest.
ORIGINS, _JUDGED = {"D": 6, "W": 12, "M": 36}, 12


@dataclass(frozen=True, eq=False)
class Backtest:
    """What came (K, N, H) at K origins, the candidates' weights, and the means (K, N, H) of their combination."""

    origins: tuple[int, ...]
    actual: Array
    weights: dict[str, float]
    combined: Array

    @property
    def error_variance(self) -> Array:
        """Mean squared error of the combination, (N,), never below that of a Poisson count."""
        error = np.square(self.actual - self.combined).transpose(1, 0, 2).reshape(self.actual.shape[1], -1)
        return np.fmax(scores.mean_present(error), self.combined.mean(axis=(0, 2)))


def origins_of(length: int, horizon: int, freq: str) -> tuple[int, ...]:
    """Where to stand back: whole windows one horizon apart while they last, else closer ones, some cut by the end."""
    cycle = 14 if freq == "D" else int(FREQUENCIES[freq][1])
    need = min(2 * cycle + 1, max(int(0.6 * length), 4))
    step = horizon if freq == "D" else max(1, horizon // 3)
    whole = [length - horizon - step * back for back in range(ORIGINS[freq])]
    origins = [origin for origin in whole if origin >= need]
    if len(origins) < 3:
        step = max(1, min(horizon, length - need) // 4)
        origins = [length - step * back for back in range(1, ORIGINS[freq] + 1) if length - step * back >= need][:6]
    return tuple(sorted(origins))


def run(panel: Panel, horizon: int, candidates: Mapping[str, Candidate], origins: tuple[int, ...]) -> Backtest:
    """Forecast from every origin with nothing but what was known there; windows past the end are unknown."""
    counts = np.hstack([panel.counts, np.full((len(panel.names), horizon), np.nan)])
    actual = np.stack([counts[:, origin : origin + horizon] for origin in origins])

    def at(origin: int) -> dict[str, Array]:
        return {name: expected(candidate, panel.until(origin), horizon) for name, candidate in candidates.items()}

    # threads, not processes: the work is array arithmetic, which lets other threads run, and nothing has to be copied
    with ThreadPoolExecutor(workers()) as pool:
        made = list(pool.map(at, origins))
    means = {name: np.stack([each[name] for each in made]) for name in candidates}
    begun = np.all([np.isfinite(mean) for mean in means.values()], axis=0)
    actual, means = np.where(begun, actual, np.nan), {name: np.where(begun, mean, 0.0) for name, mean in means.items()}
    judged = {name: mean[-_JUDGED:] for name, mean in means.items()}
    weights = weigh(panel, actual[-_JUDGED:], judged)
    return Backtest(origins, actual, weights, combine(means, weights))


def expected(candidate: Candidate, panel: Panel, horizon: int) -> Array:
    """What a candidate expects, (N, H); missing for series that had hardly begun, which would spoil what all share."""
    enough = panel.enough
    means = np.full((len(enough), horizon), np.nan)
    if enough.any():
        means[enough] = candidate(panel.only(enough), horizon)
    return means


def weigh(panel: Panel, actual: Array, means: Mapping[str, Array]) -> dict[str, float]:
    """Weights falling with the sixth power of the mean scaled error; candidates 20 % worse than the best get none."""
    scale = scores.seasonal_scale(panel.counts, panel.lag)
    scale = np.where(np.isfinite(scale), scale, 1.0)
    errors = {name: float(np.nanmean(np.abs(actual - mean) / scale[:, None])) for name, mean in means.items()}
    best = max(min(errors.values()), 1e-12)
    raw = {
        name: (best / max(error, best)) ** _POWER if error <= _DROP * best else 0.0 for name, error in errors.items()
    }
    total = sum(raw.values())
    return {name: value / total for name, value in raw.items()}


def combine(means: Mapping[str, Array], weights: Mapping[str, float]) -> Array:
    """Weighted mean of the candidates' means."""
    return np.asarray(sum(weights[name] * mean for name, mean in means.items()))
