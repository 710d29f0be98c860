"""Tests of equal rates over periods of unequal length: the variance is that of the pooled rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, binomtest, poisson

from perflib.models.composition import shift
from perflib.models.counts import e_test, e_test_p

PERIODS = [(1, 1), (1, 2), (1, 5), (52, 1), (1, 52)]
LEVELS = np.array([0.05, 0.01, 0.001])


def rejected(exposure, rates, p_of):
    """The share of pairs of counts that a test rejects at each level: by summation over all of them, not drawn."""
    means = [rate * length for rate, length in zip(rates, exposure, strict=True)]
    x, y = (
        part.ravel()
        for part in np.meshgrid(
            *(np.arange(max(poisson.ppf(1e-9, mean) - 1, 0), poisson.isf(1e-9, mean) + 1) for mean in means)
        )
    )
    chance = poisson.pmf(x, means[0]) * poisson.pmf(y, means[1])
    p = p_of(x, y, exposure)
    return np.array([chance[p <= level].sum() for level in LEVELS])


def conditional(x, y, exposure):
    """Given the total, the first count is binomial: twice the smaller tail, exact."""
    share = exposure[0] / sum(exposure)
    return np.minimum(1, 2 * np.minimum(binom.cdf(x, x + y, share), binom.sf(x - 1, x + y, share)))


def test_one_week_against_a_year():
    """20 in one week against 104 in 52; the exact conditional test gives 3e-13, the unpooled variance gave .096."""
    p = e_test(20, 104, exposure=(1, 52)).facts["p_value"]
    assert p == pytest.approx(1.4949489589496e-13, rel=1e-9)  # statsmodels 0.15: test_poisson_2indep(method="etest")
    assert binomtest(20, 124, 1 / 53).pvalue == pytest.approx(3e-13, rel=0.01)


@pytest.mark.parametrize("exposure", [*PERIODS, (4, 1.5)])
def test_it_is_the_score_e_test_of_statsmodels(exposure):
    from statsmodels.stats.rates import test_poisson_2indep as peer

    for a, b in [(1, 0), (0, 4), (3, 9), (7, 1), (10, 11), (25, 3), (2, 60)]:
        with np.errstate(divide="ignore"):
            wanted = peer(a, exposure[0], b, exposure[1], method="etest").pvalue
        assert e_test_p(a, b, exposure) == pytest.approx(wanted, rel=1e-7, abs=1e-15)


@pytest.mark.parametrize("exposure", PERIODS)
def test_it_holds_its_level(exposure):
    """At most a small excess above nominal, and never near 0 where both periods hold events enough to reject."""
    for rate in (0.5, 2, 10):
        size = rejected(exposure, (rate, rate), e_test_p)
        assert (size <= [0.0504, 0.0113, 0.00103]).all(), (rate, size)
        if exposure != (1, 1) and rate >= 2:
            assert (size >= [0.04, 0.009, 0.00065]).all(), (rate, size)
        assert (size >= rejected(exposure, (rate, rate), conditional)).all(), (rate, size)


@pytest.mark.parametrize("exposure", PERIODS)
def test_a_rise_of_the_shorter_period_is_seen_more_often_than_by_the_conditional_test(exposure):
    first_is_short = exposure[0] <= exposure[1]
    for rate in (0.5, 2, 10):
        rates = (2 * rate, rate) if first_is_short else (rate, 2 * rate)
        assert (rejected(exposure, rates, e_test_p) > rejected(exposure, rates, conditional)).all(), rate


def test_a_kind_in_a_mix_of_unequal_periods():
    """208 weeks with 26 of kind b, then 4 with 3: E-test p .008. The log ratio's variance gave .0007 as the floor, and
    exchanges of weeks, which never hold two of them, .007."""
    week = np.arange(212)
    b = np.where(week < 208, week % 8 == 0, week > 208).astype(int)
    days = pd.date_range("2020-01-06", periods=212, freq="7D")
    frame = pd.concat([pd.DataFrame({"date": days, "kind": kind, "count": n}) for kind, n in (("a", 70), ("b", b))])
    found = shift(frame, (days[0], days[207] + pd.Timedelta(days=6)), (days[208], days[211] + pd.Timedelta(days=6)))
    p = found.table.set_index("kind").loc["b", "p"]
    assert p == pytest.approx(e_test_p(3, 26, (1, 52)), rel=0.01) and p > 0.008
