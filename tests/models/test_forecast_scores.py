"""Scores of forecasts against values worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from perflib.errors import InputError
from perflib.models.forecast import mase, randomised_pit, seasonal_scale
from perflib.models.forecast.scores import pinball_sums, pit_share

TRAIN = [10, 12, 14, 16, 11, 13, 15, 17, 12, 14, 16, 18]


def test_mase_of_the_toy():
    # Seasonal differences (m = 4) are all 1; errors are 1, 0, 1, 1: 0.75 / 1.
    assert mase(TRAIN, [14, 15, 18, 20], [13, 15, 17, 19], 4) == pytest.approx(0.75, abs=1e-12)


def test_missing_values_leave_both_sums():
    train = [*TRAIN[:4], np.nan, *TRAIN[5:]]
    assert seasonal_scale(train, 4) == pytest.approx(1.0)
    assert mase(train, [14, np.nan, 18, 20], [13, 15, 17, 18], 4) == pytest.approx(4 / 3)


def test_a_constant_series_has_no_scale():
    assert np.isnan(seasonal_scale(np.ones(9), 4)) and np.isnan(seasonal_scale([1.0, 2.0], 4))


def test_unequal_lengths_are_refused():
    with pytest.raises(InputError, match="forecast"):
        mase(TRAIN, [1, 2], [1, 2, 3], 4)


def test_scaled_crps_by_hand():
    # All deciles 2, actual 5 and 0: pinball d * 3 and (1 - d) * 2, means 1.5 and 1; 2 * 2.5 / 5.
    assert pinball_sums(np.array([5.0, 0.0]), np.full((2, 9), 2.0)) == pytest.approx((5.0, 5.0), abs=1e-12)


def test_pit_lies_between_the_two_steps_of_the_cdf():
    rng = np.random.default_rng(1)
    drawn = randomised_pit(np.full(1000, 0.2), np.full(1000, 0.5), rng)
    assert drawn.min() >= 0.2 and drawn.max() <= 0.5
    assert pit_share(np.array([0.05, 0.1, 0.5, 0.9, np.nan]), 0.8) == 0.75
