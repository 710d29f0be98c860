"""Sample sizes and intervals of shares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perflib.errors import InputError
from perflib.models.sampling import clopper_pearson, discovery_sample, wilson


@pytest.mark.parametrize(("population", "n"), [(None, 59), (100, 45), (500, 56), (1000, 57), (5000, 59)])
def test_discovery_sample(population, n):
    facts = discovery_sample(0.05, 0.95, population).facts
    assert facts["n"] == n and facts["chance_missed"] <= 0.05


def test_clopper_pearson():
    """R: binom.test(0, 59), binom.test(3, 59)."""
    assert clopper_pearson(0, 59) == (0.0, pytest.approx(0.060609, abs=5e-7))
    assert clopper_pearson(3, 59) == (pytest.approx(0.010611, abs=5e-7), pytest.approx(0.141487, abs=5e-7))


def test_wilson():
    """Newcombe 1998, Statistics in Medicine 17, table I: 81/263, 15/148, 0/20 and 1/29."""
    for k, n, low, high in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611),
                            (1, 29, 0.0061, 0.1718)]:
        assert wilson(k, n) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_finite_population_correction():
    assert wilson(30, 100, population=100) == (0.3, 0.3)
    low, high = wilson(30, 100, population=200)
    plain_low, plain_high = wilson(30, 100)
    assert plain_low < low < 0.3 < high < plain_high
    assert wilson(0, 10, population=20)[1] <= 0.5


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(0, 400))
def test_intervals_hold_the_share_and_are_symmetric(a, b):
    n = a + b
    for method in (clopper_pearson, wilson):
        low, high = method(a, n)
        assert 0 <= low <= (a / n if n else 0) + 1e-12 and (a / n if n else 1) - 1e-12 <= high <= 1
        mirrored = method(b, n)
        assert (1 - mirrored[1], 1 - mirrored[0]) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))


def test_exact_interval_covers_whatever_the_share():
    from scipy.stats import binom

    k = np.arange(31)
    low, high = clopper_pearson(k, 30)
    shares = np.linspace(0.005, 0.995, 100)
    covered = [binom.pmf(k, 30, share)[(low <= share) & (share <= high)].sum() for share in shares]
    assert min(covered) >= 0.95
    low, high = wilson(k, 30)
    assert 0.94 < np.mean([binom.pmf(k, 30, p)[(low <= p) & (p <= high)].sum() for p in shares]) < 0.97


@pytest.mark.parametrize("call", [
    lambda: clopper_pearson(5, 3), lambda: wilson(1.5, 3), lambda: wilson(1, 3, level=95),
    lambda: wilson(5, 10, population=8), lambda: discovery_sample(5), lambda: discovery_sample(0.05, population=0),
])
def test_impossible_counts_are_refused(call):
    with pytest.raises(InputError):
        call()
