"""Rolling origins: what each candidate would have said earlier, how good it was, and the weights that follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perflib.models.forecast import scores
from perflib.models.forecast.dispersion import Dispersion, Shape, fit_dispersion
from perflib.models.forecast.distribution import mixture_cdf, mixture_quantile
from perflib.models.forecast.panel import FREQUENCIES, Panel
from perflib.models.forecast.parallel import over_origins

Array = np.ndarray[Any, np.dtype[Any]]
COMBINATION = "combination"
#: Share of the likelihood that is believed, since the errors of one origin move together.
TRUST = {"D": 0.7, "W": 0.4, "M": 0.25}
_DROP, _POWER = 1.2, 6.0
#: Origins by default: scatter is learnt from all (months: a dozen years of them), candidates are judged by the latest.
ORIGINS, _JUDGED = {"D": 6, "W": 12, "M": 36}, 12


@dataclass(frozen=True, eq=False)
class Backtest:
    """Means (K, N, H) of every candidate at K origins, what came (K, N, H), and the weights of the combination."""

    origins: tuple[int, ...]
    actual: Array
    means: Mapping[str, Array]
    weights: Mapping[str, float]

    @property
    def latest(self) -> Backtest:
        """The latest origins alone: those by which candidates are judged."""
        means = {name: mean[-_JUDGED:] for name, mean in self.means.items()}
        return Backtest(self.origins[-_JUDGED:], self.actual[-_JUDGED:], means, self.weights)

    @property
    def combined(self) -> Array:
        """Means of the combination at every origin."""
        return combine(self.means, self.weights)

    @property
    def error_variance(self) -> Array:
        """Mean squared error of the combination, (N,), never below that of a Poisson count."""
        error = np.square(self.actual - self.combined).transpose(1, 0, 2).reshape(self.actual.shape[1], -1)
        poisson = self.combined.mean(axis=(0, 2))
        return np.fmax(scores.mean_present(error), poisson)


def origins_of(length: int, horizon: int, freq: str, most: int | None = None) -> tuple[int, ...]:
    """Where to stand back: whole windows one horizon apart while they last, else closer ones, some cut by the end."""
    need = _needed(length, freq)
    step = horizon if freq == "D" else max(1, horizon // 3)
    most = most or ORIGINS[freq]
    whole = [length - horizon - step * back for back in range(most)]
    kept = [origin for origin in whole if origin >= need]
    if len(kept) < 3:
        step = max(1, min(horizon, length - need) // 4)
        kept = [length - step * back for back in range(1, most + 1) if length - step * back >= need][:6]
    return tuple(sorted(kept))


def _needed(length: int, freq: str) -> int:
    cycle = 14 if freq == "D" else int(FREQUENCIES[freq][1])
    return min(2 * cycle + 1, max(int(0.6 * length), 4))


def run(
    panel: Panel,
    horizon: int,
    candidates: Mapping[str, Callable[[Panel, int], Array]],
    origins: tuple[int, ...],
    progress: bool | None = False,
) -> Backtest:
    """Forecast from every origin with nothing but what was known there; windows past the end are unknown."""
    ahead = np.full((len(panel.names), horizon), np.nan)
    counts = np.hstack([panel.counts, ahead])
    actual = np.stack([counts[:, origin : origin + horizon] for origin in origins])

    def at(origin: int) -> dict[str, Array]:
        return {name: foretold(candidate, panel.until(origin), horizon) for name, candidate in candidates.items()}

    made = over_origins(at, origins, len(panel.names), progress)
    means = {name: np.stack([each[name] for each in made]) for name in candidates}
    begun = np.all([np.isfinite(mean) for mean in means.values()], axis=0)
    actual, means = np.where(begun, actual, np.nan), {name: np.where(begun, mean, 0.0) for name, mean in means.items()}
    judged = {name: mean[-_JUDGED:] for name, mean in means.items()}
    return Backtest(origins, actual, means, weigh(panel, actual[-_JUDGED:], judged))


def foretold(candidate: Callable[[Panel, int], Array], panel: Panel, horizon: int) -> Array:
    """What a candidate expects, (N, H); missing for series that had hardly begun, which would spoil what all share."""
    enough = panel.enough
    if enough.all():
        return candidate(panel, horizon)
    found = np.full((len(enough), horizon), np.nan)
    if enough.any():
        found[enough] = candidate(panel.only(enough), horizon)
    return found


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


def table(panel: Panel, test: Backtest, horizon: int, seed: int, shape: Shape) -> pd.DataFrame:
    """One row per candidate and the combination: MASE, sCRPS and shares of the randomised PIT, and its weight.

    Every candidate gets count distributions of its own, with dispersion found at the *other* origins, so that no row
    is judged by what it was fitted to; growth with the horizon and tails (``shape``) are those of the combination.
    """
    rows = []
    for name, mean in {COMBINATION: test.combined, **test.means}.items():
        disp = crossed(test.actual, mean, horizon, TRUST[panel.freq], shape)
        weight = test.weights.get(name, np.nan)
        rows.append({"candidate": name, **_scored(panel, test, mean, disp, seed), "weight": weight})
    return pd.DataFrame(rows)


def crossed(actual: Array, mean: Array, horizon: int, trust: float, shape: Shape, folds: int = 2) -> list[Dispersion]:
    """The dispersion for every origin, found at the origins of the other folds (its own if it is the only one)."""
    which = np.arange(len(actual)) * folds // max(len(actual), 1)
    found = {}
    for fold in np.unique(which):
        others = which != fold if (which != fold).any() else which == fold
        found[fold] = fit_dispersion(actual[others], mean[others], horizon, trust, shape)
    return [found[fold] for fold in which]


def _scored(panel: Panel, test: Backtest, mean: Array, disp: list[Dispersion], seed: int) -> dict[str, float]:
    errors, losses, pits = [], [], []
    rng = np.random.default_rng(seed)
    for at, origin in enumerate(test.origins):
        mu, values, weights = np.maximum(mean[at], 1e-9), disp[at].values, disp[at].weights
        probability = scores.DECILES.reshape(-1, 1, 1)
        deciles = np.moveaxis(mixture_quantile(probability, mu, values, weights), 0, -1)
        actual = test.actual[at]
        errors.append(scores.mase(panel.counts[:, :origin], actual, deciles[..., 4], panel.lag))
        losses.append(scores.pinball_sums(actual, deciles))
        upto, below = (mixture_cdf(actual - less, mu, values, weights) for less in (0, 1))
        pits.append(np.where(np.isfinite(actual), scores.randomised_pit(below, upto, rng), np.nan))
    pit = np.stack(pits)
    loss, size = np.sum(losses, axis=0)
    return {
        "mase": float(np.nanmean(errors)) if np.isfinite(errors).any() else float("nan"),
        "scrps": float(loss / size) if size > 0 else float("nan"),
        "pit_80": scores.pit_share(pit, 0.8),
        "pit_95": scores.pit_share(pit, 0.95),
    }
