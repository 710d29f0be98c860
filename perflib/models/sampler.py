"""Hamiltonian Monte Carlo for smooth posteriors, several chains in lockstep, with the diagnostics that must be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: positions (chains, dimensions) -> log densities (chains,) and gradients (chains, dimensions)
Density = Callable[[Floats], tuple[Floats, Floats]]

_QUARTER_TURN = np.pi / 2  # of a standard normal's orbit: the next draw is then independent of this one
_MOST_STEPS = 64
_DIVERGENT = 1000.0


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws (chains, draws, dimensions) with what tells whether to believe them."""

    values: Floats
    divergences: int
    acceptance: float
    step: float
    gradients: int

    @property
    def flat(self) -> Floats:
        """All draws of all chains, (chains * draws, dimensions)."""
        return self.values.reshape(-1, self.values.shape[-1])


class _Step:
    """Dual averaging of the step size towards a mean acceptance (Hoffman and Gelman 2014, section 3.2)."""

    def __init__(self, first: float, target: float) -> None:
        self.mu, self.target, self.count = np.log(4 * first), target, 0
        self.error, self.log, self.smooth = 0.0, np.log(first), np.log(first)

    def learn(self, acceptance: float) -> None:
        self.count += 1
        self.error += (self.target - acceptance - self.error) / (self.count + 10)
        self.log = self.mu - np.sqrt(self.count) / 0.05 * self.error
        self.smooth += self.count**-0.75 * (self.log - self.smooth)


def hmc(
    density: Density,
    start: Floats,
    covariance: Floats,
    *,
    draws: int,
    warmup: int,
    seed: int = 0,
    target: float = 0.8,
    relearn: Callable[[Floats], Floats] | None = None,
) -> Draws:
    """Draw from a posterior by Hamiltonian Monte Carlo with a dense metric and jittered trajectory length.

    All chains move together, so that one call of ``density`` serves them all; each chain accepts or rejects for itself.

    Parameters
    ----------
    density : positions (chains, dimensions) -> log densities and gradients; may return -inf.
    start : (chains, dimensions), dispersed wider than the posterior.
    covariance : rough posterior covariance (dimensions, dimensions), used as the inverse metric.
    draws, warmup : kept and discarded iterations of each chain.
    target : mean acceptance aimed at.
    relearn : the metric after half of the warm-up, from the draws of its second quarter; default their covariance,
        shrunk to its diagonal.

    Sources: Neal 2011, Handbook of MCMC, chapter 5; Hoffman and Gelman 2014, JMLR 15.
    """
    rng = np.random.default_rng(seed)
    walk = _Walk(density, np.array(start, dtype=float), covariance, rng)
    size = _Step(min(1.0, 1.5 * start.shape[1] ** -0.25), target)
    early = []
    for i in range(warmup):
        size.learn(walk.move(float(np.exp(size.log))))
        early.append(walk.position.copy())
        if i + 1 == warmup // 2:
            walk.use((relearn or _learned)(np.concatenate(early[warmup // 4 :])))
            size = _Step(float(np.exp(size.smooth)), target)
    step, walk.divergences, accepted = float(np.exp(size.smooth)), 0, 0.0
    kept = np.empty((start.shape[0], draws, start.shape[1]))
    for i in range(draws):
        accepted += walk.move(step) / draws
        kept[:, i] = walk.position
    return Draws(kept, walk.divergences, accepted, step, walk.gradients)


class _Walk:
    """The state of all chains and one Hamiltonian move of them."""

    def __init__(self, density: Density, position: Floats, covariance: Floats, rng: np.random.Generator) -> None:
        self.density, self.position, self.rng = density, position, rng
        self.log, self.slope = density(position)
        self.divergences = self.gradients = 0
        self.use(covariance)

    def use(self, covariance: Floats) -> None:
        self.covariance = covariance
        self.root = np.linalg.cholesky(np.linalg.inv(covariance))

    def move(self, step: float) -> float:
        """One trajectory of every chain; returns the mean acceptance probability."""
        push = self.rng.standard_normal(self.position.shape) @ self.root.T
        turns = self.rng.uniform(0.6, 1.4) * _QUARTER_TURN
        before = self.log - 0.5 * np.einsum("cd,cd->c", push @ self.covariance, push)
        q, log, slope, push = self._glide(push, step, int(np.clip(round(turns / step), 1, _MOST_STEPS)))
        with np.errstate(invalid="ignore", over="ignore"):
            gain = log - 0.5 * np.einsum("cd,cd->c", push @ self.covariance, push) - before
        gain = np.where(np.isfinite(gain), gain, -np.inf)
        self.divergences += int((gain < -_DIVERGENT).sum())
        chance = np.exp(np.minimum(gain, 0.0))
        taken = self.rng.uniform(size=len(chance)) < chance
        self.position = np.where(taken[:, None], q, self.position)
        self.slope = np.where(taken[:, None], slope, self.slope)
        self.log = np.where(taken, log, self.log)
        return float(chance.mean())

    def _glide(self, push: Floats, step: float, steps: int) -> tuple[Floats, Floats, Floats, Floats]:
        q, log, slope = self.position, self.log, self.slope
        push = push + 0.5 * step * slope
        for i in range(steps):
            q = q + step * (push @ self.covariance)
            log, slope = self.density(q)
            slope = np.where(np.isfinite(slope), slope, 0.0)
            push = push + (step if i + 1 < steps else 0.5 * step) * slope
        self.gradients += steps * len(q)
        return q, log, slope, push


def _learned(sample: Floats) -> Floats:
    """Sample covariance, shrunk towards its diagonal by the weight of about its dimension in draws."""
    found = np.cov(sample, rowvar=False)
    weight = sample.shape[1] / (sample.shape[1] + len(sample))
    return (1 - weight) * found + weight * np.diag(np.diag(found))


def curvature(density: Density, at: Floats, width: float = 1e-4) -> Floats:
    """Minus the Hessian of the log density at a point, from central differences of the gradient, made symmetric."""
    moves = width * np.eye(len(at))
    rise = density(at + moves)[1] - density(at - moves)[1]
    return -(rise + rise.T) / (4 * width)


def mode(density: Density, start: Floats, *, tolerance: float = 1e-5) -> Floats:
    """The point of highest density found from ``start`` by quasi-Newton steps (L-BFGS)."""
    from scipy.optimize import minimize

    def down(at: Floats) -> tuple[float, Floats]:
        log, slope = density(at[None, :])
        return (-float(log[0]), -slope[0]) if np.isfinite(log[0]) else (1e10, np.zeros_like(at))

    options = {"maxiter": 2000, "maxfun": 4000, "gtol": tolerance, "ftol": 1e-15, "maxcor": 30}
    return np.asarray(minimize(down, start, jac=True, method="L-BFGS-B", options=options).x)


def diagnose(values: Floats) -> dict[str, Any]:
    """Worst rank-normalised split R-hat and least bulk effective sample size over the dimensions of ``values``.

    ``values`` is (chains, draws, dimensions). Source: Vehtari, Gelman, Simpson, Carpenter and Buerkner 2021.
    """
    folded = np.abs(values - np.median(values, axis=(0, 1)))
    rhat = np.fmax(_rhat(_split(_ranked(values))), _rhat(_split(_ranked(folded))))
    ess = effective(_ranked(values))
    return {"rhat": float(np.nanmax(rhat)), "ess": float(np.nanmin(ess))}


def _ranked(values: Floats) -> Floats:
    from scipy.special import ndtri

    flat = values.reshape(-1, values.shape[-1])
    order = np.argsort(np.argsort(flat, axis=0, kind="stable"), axis=0, kind="stable")
    return np.asarray(ndtri((order + 0.625) / (len(flat) + 0.25)).reshape(values.shape))


def _split(values: Floats) -> Floats:
    half = values.shape[1] // 2
    return np.concatenate([values[:, :half], values[:, half : 2 * half]])


def _rhat(values: Floats) -> Floats:
    length = values.shape[1]
    within = values.var(axis=1, ddof=1).mean(axis=0)
    between = values.mean(axis=1).var(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt((length - 1) / length + between / within)


def effective(values: Floats) -> Floats:
    """Effective sample size of the mean per dimension, over split chains (Geyer's initial monotone sequence)."""
    halves = _split(values)
    chains, length, _ = halves.shape
    centred = halves - halves.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, n=2 * length, axis=1)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2, n=2 * length, axis=1)[:, :length].mean(axis=0) / length
    within = covariance[0] * length / (length - 1)
    total = covariance[0] + halves.mean(axis=1).var(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = 1 - (within - covariance) / total
    rho[0] = 1.0
    pairs = rho[0 : 2 * (length // 2) : 2] + rho[1 : 2 * (length // 2) : 2]
    alive = np.cumprod(pairs > 0, axis=0).astype(bool)
    tau = -1 + 2 * np.where(alive, np.minimum.accumulate(pairs, axis=0), 0.0).sum(axis=0)
    count = chains * length
    return np.asarray(count / np.maximum(tau, 1 / np.log10(max(count, 10))))
