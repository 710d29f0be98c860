"""The compiled and the added-up ways give the numbers of the plain ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import nbinom

from perflib.models.forecast import kernel
from perflib.models.forecast.distribution import _added, _bisected
from perflib.models.peers import flag_rule, kernels


@pytest.mark.parametrize("count", [0, 1, 7, 24, 25, 300, 5_000])
@pytest.mark.parametrize("dispersion", [2e-4, 0.03, 1.0, 20.0])
def test_probabilities_are_scipys(count: int, dispersion: float) -> None:
    mean, size = 40.0, 1 / dispersion
    known = nbinom.logpmf(count, size, size / (size + mean))
    found = kernel.log_pmf(float(count), mean, dispersion, math.lgamma(count + 1.0))
    assert found == pytest.approx(known, rel=1e-8, abs=1e-7)


def test_mixtures_are_mixed() -> None:
    y, grid = np.array([3.0, 40.0, 0.0]), np.array([0.05, 0.5])
    weights, multiples = np.array([0.6, 0.4]), np.array([0.5, 4.0])
    found = kernel.likelihoods(y, np.full(3, 10.0), np.ones(3), np.array([0, 1, 1]), grid, weights, multiples, 2)
    for at, value in enumerate(grid):
        size = 1 / (value * multiples)
        each = np.log(nbinom.pmf(y[:, None], size, size / (size + 10.0)) @ weights)
        assert found[:, at] == pytest.approx([each[0], each[1] + each[2]], rel=1e-8)


def test_small_quantiles_added_up_are_those_of_bisection() -> None:
    rng = np.random.default_rng(0)
    mean, q = rng.uniform(0, 30, 400), rng.uniform(0.005, 0.995, 400)
    spread, weights = rng.uniform(1e-10, 3, (400, 3)), np.array([0.45, 0.45, 0.1])
    assert np.array_equal(_added(q, mean, spread, weights), _bisected(q, mean, spread, weights))


def drawn(fit: flag_rule.Fit, events: np.ndarray, expected: np.ndarray, times: float, size: int) -> np.ndarray:
    """P(rate > times x centre) by drawing CV, centre, share of odd officers, and then every officer's rate."""
    rng = np.random.default_rng(0)
    multiples, sides = np.concatenate([[1.0], kernels.ABOVE, kernels.BELOW]), (len(kernels.ABOVE), len(kernels.BELOW))
    above = np.zeros(len(events))
    for at in rng.choice(fit.weight.size, size, p=fit.weight.ravel()):
        s, c, d = np.unravel_index(at, fit.weight.shape)
        up, down = flag_rule.ODD[d]
        share = np.array([1 - up - down, *[up / sides[0]] * sides[0], *[down / sides[1]] * sides[1]])
        spread, mean = max(fit.cv[s] ** 2, 1e-8), fit.centres[s, c] * multiples
        law = nbinom(1 / spread, 1 / (1 + spread * expected[:, None] * mean))
        chance = law.pmf(events[:, None]) * share
        pick = (chance.cumsum(axis=1) / chance.sum(axis=1, keepdims=True) < rng.random((len(events), 1))).sum(axis=1)
        rate = rng.gamma(1 / spread + events) / (1 / (spread * mean[pick]) + expected)
        above += rate > times * fit.centre
    return above / size


def test_the_summed_posterior_is_the_drawn_one() -> None:
    rng = np.random.default_rng(1)
    expected = rng.lognormal(np.log(12), 0.5, 150)
    events = rng.poisson(expected * rng.gamma(25, 1 / 25, 150) * np.where(np.arange(150) < 6, 3, 1)).astype(float)
    fit = flag_rule.judge(events, expected)
    by_draws = drawn(fit, events, expected, 1.5, 20_000)  # standard error at most .0035
    assert flag_rule.exceeds(fit, events, expected, 1.5) == pytest.approx(by_draws, abs=0.012)
