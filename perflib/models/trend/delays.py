"""How complete a day is at a given age: the reporting delay, estimated from successive releases of the same counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

Floats = Any  # numpy arrays of float64
#: ages, in days, between which log completeness runs straight; the last knot is the horizon.
KNOTS = (0, 1, 2, 3, 5, 8, 12, 18, 26, 40, 60, 90, 180, 365)
_STEPS, _FLOOR, _PULL = 25, 0.02, 400.0
#: counts of settled days still waver by about this share: less would let one recoded day decide.
_LEAST = 0.01


@dataclass(frozen=True)
class Delay:
    """Completeness by age: ``log F(age) = -sum drop_j ramp_j(age)``; ``rho``: correlation of one day's reports."""

    knots: tuple[float, ...]
    drop: Floats
    covariance: Floats
    rho: float

    def share(self, age: Any, target: Any = None) -> Floats:
        """Share of the count at age ``target`` (default: when the delay is over) that is there at ``age``."""
        return np.clip(np.exp(-self._between(age, target) @ self.drop), _FLOOR, 1.0)

    def error(self, age: Any, target: Any = None) -> Floats:
        """Standard error of the logarithm of that share as a mean over days."""
        ramps = self._between(age, target)
        return np.sqrt(np.einsum("ij,jk,ik->i", ramps, self.covariance, ramps))

    def variance(self, age: Any, target: Any = None) -> Floats:
        """Variance of one day's share: between days (beta-binomial) and from estimating the mean."""
        share = self.share(age, target)
        return self.rho * share * (1 - share) + (share * self.error(age, target)) ** 2

    def _between(self, age: Any, target: Any) -> Floats:
        late = ramps(age, self.knots)
        return late if target is None else late - ramps(target, self.knots)


def ramps(age: Any, knots: tuple[float, ...]) -> Floats:
    """One column per stretch between knots: 1 before it, falling straight to 0 at its end."""
    at = np.atleast_1d(np.asarray(age, float))[:, None]
    left, right = np.array(knots[:-1], float), np.array(knots[1:], float)
    return np.clip((right - at) / (right - left), 0.0, 1.0)


def until(horizon: float) -> tuple[float, ...]:
    """The knots of a delay that is over at ``horizon`` days."""
    return (*(float(knot) for knot in KNOTS if knot < horizon), float(horizon))


def fit(pairs: pd.DataFrame, knots: tuple[float, ...], prior: Delay | None = None) -> Delay:
    """Completeness from pairs of counts of the same day (``Releases.pairs``).

    The earlier count is a thinned later count: mean ``later * F(age) / F(later_age)``, beta-binomial variance. The
    drops are pulled lightly towards none, or towards those of ``prior`` (all groups together), the more so the fewer
    the counts. Source: the chain ladder as a regression (Renshaw and Verrall 1998, British Actuarial Journal 4).
    """
    if prior is not None and pairs["later"].sum() < 5:
        return replace(prior)
    design = ramps(pairs["age"], knots) - ramps(pairs["later_age"], knots)
    early, late = pairs["count"].to_numpy(float), pairs["later"].to_numpy(float)
    centre = prior.drop if prior is not None else np.zeros(design.shape[1])
    spread = np.maximum(centre, 0.004) if prior is not None else np.full(design.shape[1], 0.5)
    drop = centre.copy() if prior is not None else np.full(design.shape[1], 0.02)
    rho, grip = (prior.rho if prior is not None else 0.0), np.eye(design.shape[1])
    for _ in range(_STEPS):
        share = np.maximum(np.exp(-design @ drop), _FLOOR)
        mean, open_share = late * share, np.maximum(1 - share, _LEAST)
        noise = mean * open_share * (1 + np.maximum(late - 1, 0) * rho) + 0.05
        slope = -design * mean[:, None]
        grip = slope.T @ (slope / noise[:, None]) + np.diag(1 / spread**2)
        step = np.linalg.solve(grip, slope.T @ ((early - mean) / noise) + (centre - drop) / spread**2)
        drop = np.clip(drop + np.clip(step, -0.5, 0.5), -0.02, 3.0)
        rho = _correlation(early, late, share, prior)
        if np.abs(step).max() < 1e-6:
            break
    return Delay(knots, drop, np.linalg.inv(grip), rho)


def _correlation(early: Floats, late: Floats, share: Floats, prior: Delay | None) -> float:
    """Correlation of the reports of one day, by moments; pulled towards that of all groups where data are few."""
    thin = late * share * np.maximum(1 - share, _LEAST / 10)
    stable = np.maximum(thin, 0.3)
    excess, lever = ((early - late * share) ** 2 - thin) / stable, thin * np.maximum(late - 1, 0) / stable
    top, below = float((excess * lever).sum()), float((lever**2).sum())
    if prior is not None:
        top, below = top + prior.rho * _PULL, below + _PULL
    return float(np.clip(top / max(below, 1e-9), 0.0, 0.5))
