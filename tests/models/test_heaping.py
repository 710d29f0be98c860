"""Heaps at midnight and on the first of the month: hand-made counts."""

import numpy as np
import pandas as pd
import pytest

from perflib.errors import InputError
from perflib.models.heaping import first_of_month, midnight


def hours(at_midnight, slope=0.0):
    """Full-hour counts of a night that declines by ``slope`` an hour."""
    counts = dict.fromkeys(range(24), 100.0)
    for offset, hour in ((-2, 22), (-1, 23), (1, 1), (2, 2)):
        counts[hour] = 100.0 - slope * offset
    return pd.Series({**counts, 0: at_midnight})


def days(first=20, other=20, start="2024-01-01", end="2024-12-31"):
    every = pd.date_range(start, end, freq="D")
    return pd.Series(np.where(every.day == 1, first, other), index=every)


def test_midnight_is_measured_against_the_line_through_its_neighbours():
    found = midnight(hours(200, slope=20))
    assert (found.observed, found.expected, found.ratio) == (200, 100.0, 2.0)
    # Poisson variance 100, times 1 + 1/4 for the four neighbours that set the expectation
    assert found.z == pytest.approx(100 / np.sqrt(125))
    assert found.heaped


@pytest.mark.parametrize("slope", [0, 20])
def test_an_ordinary_night_is_no_heap(slope):
    assert not midnight(hours(100, slope)).heaped


def test_scattered_neighbours_raise_the_bar():
    counts = hours(160)
    counts[22], counts[23], counts[1], counts[2] = 30, 160, 40, 170
    assert midnight(counts).ratio == pytest.approx(1.6)
    assert not midnight(counts).heaped


def test_days_without_times_are_named_and_not_called_a_heap():
    found = midnight(pd.Series({0: 500}))
    assert found.reason == "days without times"
    assert not found.heaped


def test_firsts_are_compared_with_like_weekdays():
    found = first_of_month(days(first=40))
    # all 12 firsts; that of January has like weekdays on one side only
    assert found.observed == 12 * 40
    assert found.expected == pytest.approx(12 * 20)
    assert found.heaped
    assert found.share == pytest.approx(480 / (12 * 40 + 354 * 20))


def test_a_weekly_rhythm_is_no_heap():
    every = pd.date_range("2024-01-01", "2024-12-31", freq="D")
    rhythm = pd.Series(np.where(every.dayofweek >= 5, 60, 20), index=every)
    found = first_of_month(rhythm)
    assert found.ratio == pytest.approx(1.0)
    assert not found.heaped


def test_short_and_sparse_series_are_not_judged():
    assert first_of_month(days(start="2024-01-02", end="2024-01-31")).reason
    assert "fewer than 10" in first_of_month(days(first=0, other=0)).reason


def test_chance_rarely_makes_a_heap():
    rng = np.random.default_rng(4)
    every = pd.date_range("2023-01-01", "2024-12-31", freq="D")
    flagged = sum(first_of_month(pd.Series(rng.poisson(8, len(every)), index=every)).heaped for _ in range(200))
    assert flagged <= 3


def test_wrong_arguments_are_refused():
    with pytest.raises(InputError):
        midnight(pd.Series({24: 3}))
    with pytest.raises(InputError):
        midnight(pd.Series({3: -3}))
    with pytest.raises(InputError):
        first_of_month(pd.Series([1, 2]))
