"""Intervals of shares and rates: published numbers, other programs' numbers, coverage by exact sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, nbinom, poisson
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.rates import confint_poisson

from perflib.errors import InputError
from perflib.rates import clopper_pearson, combined, newcombe, poisson_limits, wilson


def test_clopper_pearson():
    """R: binom.test(0, 59), binom.test(3, 59)."""
    assert clopper_pearson(0, 59) == (0.0, pytest.approx(0.060609, abs=5e-7))
    assert clopper_pearson(3, 59) == (pytest.approx(0.010611, abs=5e-7), pytest.approx(0.141487, abs=5e-7))


def test_wilson():
    """Newcombe 1998, Statistics in Medicine 17, table I: 81/263, 15/148, 0/20 and 1/29."""
    for k, n, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        assert wilson(k, n) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_poisson_limits_of_one_count():
    """Garwood 1936: 10 events 4.7954 to 18.3904, none 0 to 3.6889; 15 over 15 expected .5596924 to 1.649348."""
    low, high = poisson_limits([10, 0])
    assert low == pytest.approx([4.7954, 0], abs=5e-5) and high == pytest.approx([18.3904, 3.6889], abs=5e-5)
    assert np.array(poisson_limits(15)) / 15 == pytest.approx([0.5596924, 1.649348], abs=5e-7)


def test_dispersed_counts_are_worth_fewer():
    """30 events that come three times as irregularly are three times what is known of 10."""
    assert poisson_limits(30, dispersion=3) == pytest.approx((3 * 4.7954, 3 * 18.3904), abs=2e-4)
    assert poisson_limits(0, dispersion=2) == (0, pytest.approx(2 * 3.6889, abs=1e-4))
    assert poisson_limits(30, dispersion=0.4) == poisson_limits(30)
    assert np.isnan(poisson_limits([np.nan, 4.0], dispersion=2)[0]).tolist() == [True, False]


def test_newcombe():
    """Newcombe 1998, table II (a), method 10: 56/70 less 48/80 is .2, with the interval .0524 to .3339."""
    assert newcombe((1, -1), (56, 48), (70, 80)) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_combined_by_hand_and_along_the_first_axis():
    """2 less 1, limits 1 to 5 and 0.4 to 1.3: the distances are 1 and .3 down, 3 and .6 up."""
    one = (1, pytest.approx(1 - np.hypot(1, 0.3)), pytest.approx(1 + np.hypot(3, 0.6)))
    assert combined((1, -1), (2, 1), (1, 0.4), (5, 1.3)) == one
    many = combined((1, -1), [[2, 9], [1, 3]], [[1, 8], [0.4, 2]], [[5, 10], [1.3, 5]])
    assert (many[0][0], many[1][0], many[2][0]) == one and many[0][1] == 6


def test_other_programs_agree():
    k, n = np.array([0, 1, 7, 30, 60]), np.array([60, 60, 19, 60, 60])
    for ours, method in ((wilson, "wilson"), (clopper_pearson, "beta")):
        theirs = np.nan_to_num(proportion_confint(k, n, 0.1, method), nan=0.0)
        assert np.array(ours(k, n, 0.9)) == pytest.approx(theirs, abs=1e-9)
    each = [confint_poisson(float(count), 1.0, "exact-c", 0.1) for count in (1, 7, 30)]
    assert pytest.approx(np.array(each), abs=1e-9) == np.array(poisson_limits([1, 7, 30], 0.9)).T
    theirs = confint_proportions_2indep(7, 19, 30, 60, method="newcomb", compare="diff")
    assert newcombe((1, -1), (7, 30), (19, 60))[1:] == pytest.approx(theirs, abs=1e-9)


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
    k = np.arange(31)
    low, high = clopper_pearson(k, 30)
    shares = np.linspace(0.005, 0.995, 100)
    covered = [binom.pmf(k, 30, share)[(low <= share) & (share <= high)].sum() for share in shares]
    assert min(covered) >= 0.95
    low, high = wilson(k, 30)
    assert 0.94 < np.mean([binom.pmf(k, 30, p)[(low <= p) & (p <= high)].sum() for p in shares]) < 0.97


@pytest.mark.parametrize("phi", [1, 1.5, 2, 3, 5])
@pytest.mark.parametrize("mean", [1, 2, 3, 5, 10, 20, 30, 60, 100])
def test_neither_end_misses_more_than_it_may(mean, phi):
    """Exact sums over negative-binomial counts with this mean and variance over mean."""
    n = np.arange(int(mean + 12 * np.sqrt(phi * mean) + 30))
    chance = poisson.pmf(n, mean) if phi == 1 else nbinom.pmf(n, mean / (phi - 1), 1 / phi)
    low, high = poisson_limits(n, dispersion=phi)
    assert chance[mean < low].sum() <= 0.025 and chance[mean > high].sum() <= 0.025
    assert chance[(low <= mean) & (mean <= high)].sum() <= 0.99  # and they are not wider for nothing


@pytest.mark.parametrize(
    "call",
    [
        lambda: clopper_pearson(5, 3),
        lambda: wilson(1.5, 3),
        lambda: wilson(1, 3, level=95),
        lambda: wilson(5, 10, population=8),
        lambda: poisson_limits(-1),
        lambda: newcombe((1, -1), (0, 1), (0, 3)),
    ],
)
def test_impossible_counts_are_refused(call):
    with pytest.raises(InputError):
        call()
