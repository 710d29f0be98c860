"""Count distributions: never negative, cdf and quantile inverse to each other, equal to scipy's where it has them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from perflib.errors import InputError
from perflib.models.forecast import CountForecast
from perflib.models.forecast.dispersion import fit_dispersion

PROBABILITIES = [0.001, 0.025, 0.1, 0.37, 0.5, 0.9, 0.975, 0.999]
means = st.floats(1e-4, 5e4)
dispersions = st.floats(0, 5)


def made(mean, dispersion, weights=(1.0,)):
    mean = np.atleast_1d(np.asarray(mean, dtype=float))
    dates = pd.date_range("2026-01-01", periods=len(mean))
    shape = (len(mean), len(weights))
    return CountForecast("a", dates, mean, np.broadcast_to(dispersion, shape).astype(float), np.asarray(weights))


@pytest.mark.parametrize("mean, dispersion", [(0.3, 0.5), (4.0, 0.02), (250.0, 0.1), (12000.0, 0.01)])
def test_one_component_is_scipys_negative_binomial(mean, dispersion):
    theirs = stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean))
    ours = made(mean, dispersion)
    assert ours.quantile(PROBABILITIES)[:, 0] == pytest.approx(theirs.ppf(PROBABILITIES), abs=0)
    for y in theirs.ppf([0.1, 0.5, 0.9]):
        assert ours.cdf(y)[0] == pytest.approx(theirs.cdf(y), rel=1e-9)


def test_without_dispersion_it_is_poisson():
    assert made(2.5, 0.0).cdf(3)[0] == pytest.approx(stats.poisson(2.5).cdf(3), rel=1e-12)


@given(means, dispersions, dispersions, st.floats(0.01, 0.99), st.sampled_from(PROBABILITIES))
def test_the_quantile_is_the_smallest_count_that_reaches_its_probability(mean, first, second, weight, q):
    ours = made(mean, [first, second], (weight, 1 - weight))
    found = ours.quantile(q)
    assert found[0] >= 0 and found[0] == np.floor(found[0])
    assert ours.cdf(found)[0] >= q - 1e-12
    assert found[0] == 0 or ours.cdf(found - 1)[0] < q


@given(means, dispersions)
def test_cdf_rises_from_zero_to_one(mean, dispersion):
    ours = made(np.full(60, mean), dispersion)
    values = np.linspace(-2, 12 * mean * (1 + dispersion) + 60, 60)
    below = ours.cdf(values)
    assert below[0] == 0 and np.all(np.diff(below) >= -1e-12) and np.all((below >= 0) & (below <= 1))


def test_shapes_and_refusals():
    ours = made([1.0, 2.0, 3.0], 0.1)
    assert ours.quantile(0.5).shape == (3,) and ours.quantile([0.1, 0.9]).shape == (2, 3)
    assert ours.cdf([0, 1, 2]).shape == (3,)
    with pytest.raises(InputError, match="between 0 and 1"):
        ours.quantile([0.5, 1.0])


@pytest.mark.parametrize("true", [0.02, 0.2, 1.0])
def test_dispersion_is_found_from_errors(true):
    rng = np.random.default_rng(5)
    mean = np.full((20, 15, 10), 30.0)
    actual = stats.nbinom(1 / true, 1 / (1 + true * 30)).rvs(mean.shape, random_state=rng).astype(float)
    actual[0, 0, :3] = np.nan
    found = fit_dispersion(actual, mean, 10, 1.0)
    second_moment = (found.values @ found.weights).mean()
    assert second_moment == pytest.approx(true, rel=0.2)
