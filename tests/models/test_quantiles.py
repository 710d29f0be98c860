"""Quantiles: exact ranks, coverage on noise, bounds for the missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perflib.errors import InputError
from perflib.models.quantiles import bounded_probabilities, interval_se, quantile_ranks, quantile_regression


def test_regression_on_a_district_is_the_difference_of_medians():
    generator = np.random.default_rng(5)
    frame = pd.DataFrame({"minutes": np.exp(generator.normal(2, 0.6, 1001)), "district": ["0412"] * 500 + ["7"] * 501})
    frame["district"] = frame["district"].astype("string")
    frame.loc[1000, "district"] = pd.NA
    before = frame.copy()
    result = quantile_regression(frame, "minutes", ["district"], 0.5)
    known = frame.dropna().groupby("district")["minutes"].median()
    assert result.facts["n"] == 1000 and "1 rows" in result.caveats[0]
    gap = result.facts["0.5"]["district: 7"]["estimate"]
    assert gap == pytest.approx(known["7"] - known["0412"], abs=0.05)
    pd.testing.assert_frame_equal(frame, before)


def test_regression_refuses_what_it_cannot_answer():
    frame = pd.DataFrame({"y": np.arange(30.0), "x": np.arange(30.0) ** 2})
    assert "observations" in quantile_regression(frame, "y", ["x"], 0.99).reason
    with pytest.raises(InputError, match="no column 'z'"):
        quantile_regression(frame, "y", ["z"])


@pytest.mark.parametrize(
    ("n", "q", "ranks"),
    [(5, 0.5, (0, 6)), (6, 0.5, (1, 6)), (10, 0.5, (2, 9)), (100, 0.5, (40, 61)), (20, 0.5, (6, 15))],
)
def test_median_ranks(n, q, ranks):
    """David and Nagaraja, Order Statistics: the sign-test intervals of the median (95 %)."""
    assert tuple(quantile_ranks(n, q)) == ranks


@settings(deadline=None)
@given(st.integers(1, 2000), st.floats(0.02, 0.98), st.floats(0.5, 0.99))
def test_ranks_are_the_tightest_that_cover(n, q, level):
    from scipy.stats import binom

    low, high = quantile_ranks(n, q, level)
    tail = (1 - level) / 2 + 1e-12
    assert low == 0 or binom.cdf(low - 1, n, q) <= tail
    assert binom.cdf(low, n, q) >= tail - 2e-12 or low == n
    assert high == n + 1 or binom.sf(high - 1, n, q) <= tail
    assert binom.sf(high - 2, n, q) >= tail - 2e-12


def test_ranks_are_vectorised():
    many = quantile_ranks([0, 5, 100], 0.5)
    assert many.low.tolist() == [0, 0, 40] and many.high.tolist() == [1, 6, 61]


@pytest.mark.parametrize("q", [0.5, 0.9])
def test_intervals_cover_and_errors_are_right(q):
    generator = np.random.default_rng(2)
    truth = float(np.exp(2 + 0.6 * {0.5: 0.0, 0.9: 1.2815515655}[q]))
    samples = np.sort(np.exp(generator.normal(2, 0.6, (1500, 150))), axis=1)
    low, high = quantile_ranks(150, q)
    covered = np.mean((samples[:, low - 1] <= truth) & (truth <= samples[:, high - 1]))
    assert 0.94 <= covered <= 0.985
    spread = np.std(np.quantile(samples, q, axis=1))
    assert np.mean(interval_se(samples[:, low - 1], samples[:, high - 1], 150, q)) == pytest.approx(spread, rel=0.12)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1000), min_size=1, max_size=60), st.integers(0, 40), st.floats(0.05, 0.95))
def test_bounds_are_the_extremes(known, missing, q):
    low, high = (None if p is None else np.quantile(known, p) for p in bounded_probabilities(len(known), missing, q))
    total = len(known) + missing
    at_zero = np.quantile(np.concatenate([known, np.zeros(missing)]), q)
    at_worst = np.quantile(np.concatenate([known, np.full(missing, 1e9)]), q)
    # interpolation from the last zero to the first known value is not credited to the known values
    assert (total - 1) * q < missing if low is None else low == pytest.approx(at_zero)
    if high is None:
        assert missing / total > 1 - q - 1e-9
    else:
        assert high == pytest.approx(at_worst) or high == max(known)
    assert bounded_probabilities(714, 0, 0.9) == (pytest.approx(0.9), pytest.approx(0.9))


def test_null_regression_rejects_five_percent():
    generator = np.random.default_rng(4)
    p = []
    for _ in range(200):
        frame = pd.DataFrame({"y": np.exp(generator.normal(2, 0.6, 250)), "x": generator.normal(size=250)})
        p.append(quantile_regression(frame, "y", ["x"]).facts["0.5"]["x"]["p"])
    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.10
