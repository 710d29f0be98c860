"""The posterior of officers' propensities at the scenes they shared."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perflib.models import sampler
from perflib.models.same_scene import likelihood
from perflib.models.threads import one_thread

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WORKERS = 2


@dataclass(frozen=True, eq=False)
class Scenes:
    """Incidents at which officers used different levels, in compressed rows.

    ``starts`` (incidents + 1) delimits each incident's rows in ``officer`` and ``level`` (both counted from 0).
    """

    starts: Ints
    officer: Ints
    level: Ints
    officers: int
    levels: int
    prior: Floats

    @property
    def room(self) -> Ints:
        """Most officers, and most states of the recursion, at any incident."""
        most, states = 1, 1
        for first, last in zip(self.starts[:-1], self.starts[1:], strict=True):
            count = np.bincount(self.level[first:last], minlength=self.levels)
            most = max(most, int(last - first))
            states = max(states, int(np.prod(count + 1) // (count.max() + 1)))
        return np.array([most, states], dtype=np.int64)

    @property
    def parameters(self) -> int:
        return self.officers + self.levels - 2


@contextmanager
def density(scenes: Scenes) -> Iterator[sampler.Density]:
    """The log posterior and its gradient, chains shared out over two threads; each chain's numbers are its own."""
    room = scenes.room

    def some(q: Floats) -> tuple[Floats, Floats]:
        log, slope = likelihood.posteriors(
            np.ascontiguousarray(q), scenes.officers, scenes.starts, scenes.officer, scenes.level, room, scenes.prior
        )
        return log, slope

    with ThreadPoolExecutor(WORKERS) as pool:

        def shared(q: Floats) -> tuple[Floats, Floats]:
            if len(q) == 1:
                return some(q)
            parts = list(pool.map(some, np.array_split(q, WORKERS)))
            return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

        yield shared


def curvature(scenes: Scenes, at: Floats, steps: Floats) -> Floats:
    """Roughly minus the Hessian of the log posterior at a point, good enough for a metric.

    Within an incident the scores sum to a constant; their covariance is taken as that of independent scores given
    their sum, from the exact variances. ``steps`` are the variances taken for the log steps between scores: their
    joint mode with the propensities lies far from where the posterior has its mass, and tells nothing.
    """
    n = scenes.officers
    scores = np.concatenate([[0.0, 1.0], 1.0 + np.cumsum(np.exp(at[n:]))])
    spread = np.zeros(len(scenes.officer))
    likelihood.likelihood(
        at[:n],
        scores,
        scenes.starts,
        scenes.officer,
        scenes.level,
        scenes.room,
        np.zeros(n),
        np.zeros(len(scores)),
        spread,
    )
    bend = np.zeros((len(at), len(at)))
    bend[np.arange(n), np.arange(n)] = scenes.prior[0] ** -2
    for first, last in zip(scenes.starts[:-1], scenes.starts[1:], strict=True):
        v, who = spread[first:last], scenes.officer[first:last]
        total, square = v.sum(), (v**2).sum()
        if total**2 > square * (1 + 1e-9):
            scale = total**2 / (total**2 - square)  # two officers: exactly opposite scores
            bend[np.ix_(who, who)] += scale * (np.diag(v) - np.outer(v, v) / total)
    bend[np.arange(n, len(at)), np.arange(n, len(at))] = 1 / steps
    return bend


def _inverse(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def sample(scenes: Scenes, draws: int, warmup: int, chains: int, seed: int) -> sampler.Draws:
    """Draws from the posterior, chains started about the mode with the spread of the approximate posterior."""
    with one_thread(), density(scenes) as both:
        at = sampler.mode(both, np.zeros(scenes.parameters))
        covariance = _inverse(curvature(scenes, at, np.full(scenes.levels - 2, 0.5)))

        def relearn(early: Floats) -> Floats:
            spread = early[:, scenes.officers :].var(axis=0)
            return _inverse(curvature(scenes, early.mean(axis=0), np.clip(spread, 0.05, 2.0)))

        rng = np.random.default_rng([seed, 1])
        start = at + rng.standard_normal((chains, len(at))) @ np.linalg.cholesky(covariance).T
        return sampler.hmc(both, start, covariance, draws=draws, warmup=warmup, seed=seed, relearn=relearn)


def tails(draws: Floats, prior_sd: float, share: float, tail: float) -> dict[str, NDArray]:
    """Each officer against his or her peers, from draws (draws, officers) of the propensities.

    Peers of i: officers j with Var(lambda_i - lambda_j | data) below ``share`` of its prior variance. Returns arrays:
    ``peers`` (officers, officers), ``contrast`` (draws, officers) lambda less the mean of the peers, NaN without any,
    ``top`` and ``bottom`` the probabilities of lying in that ``tail`` of the peers and oneself.
    """
    cov = np.cov(draws, rowvar=False)
    spread = np.diag(cov)[:, None] + np.diag(cov)[None, :] - 2 * cov
    peers = spread < share * 2 * prior_sd**2
    np.fill_diagonal(peers, False)
    count = peers.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        contrast = draws - draws @ (peers.T / count)
    most = np.floor(tail * (count + 1) + 1e-9)
    with ThreadPoolExecutor(WORKERS) as pool:
        parts = list(pool.map(lambda part: likelihood.places(part, peers, most), np.array_split(draws, WORKERS)))
    top, bottom = sum(part[0] for part in parts) / len(draws), sum(part[1] for part in parts) / len(draws)
    return {"peers": peers, "contrast": contrast, "top": top, "bottom": bottom, "most": most}
