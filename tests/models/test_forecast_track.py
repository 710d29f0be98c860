"""Intervals that did not hold are widened, by as much as is needed and from nothing but what was known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perflib.models.forecast import forecast, track
from perflib.models.forecast.dispersion import shape_of

MEAN, DISPERSION, HORIZON = 400.0, 0.01, 12
ORIGINS = tuple(range(100, 100 + 4 * 12, 4))


def long(counts: np.ndarray) -> pd.DataFrame:
    dates = pd.date_range("2014-01-01", periods=counts.shape[1], freq="MS", name="date")
    return pd.DataFrame(counts.T, dates).reset_index().melt("date", var_name="series", value_name="count")


def drawn(seed: int, last: float, series: int = 40) -> np.ndarray:
    """Counts about their mean; from month 136 on, the last 20 months, with ``last`` times the dispersion."""
    rng = np.random.default_rng(seed)
    months = np.arange(min(ORIGINS), max(ORIGINS) + HORIZON)
    spread = np.where(months >= 136, last, 1.0) * DISPERSION
    counts = rng.poisson(MEAN * rng.gamma(1 / spread, spread, (series, len(months)))).astype(float)
    windows = [counts[:, origin - 100 : origin - 100 + HORIZON] for origin in ORIGINS]
    return np.stack(windows)


def wider(seed: int, last: float) -> float:
    return judged(ORIGINS, drawn(seed, last))


def judged(origins: tuple[int, ...], actual: np.ndarray) -> float:
    mean = np.full(actual.shape, MEAN)
    return track.widening(origins, actual, mean, HORIZON, 0.25, shape_of(actual, mean, HORIZON, 0.25))


def test_intervals_that_held_are_left_alone() -> None:
    assert np.mean([wider(seed, 1.0) for seed in range(20)]) == pytest.approx(1.05, abs=0.1)
    assert min(wider(seed, 0.3) for seed in range(5)) == 1.0, "a calm year does not make them narrower"


def test_a_break_widens_them_by_about_as_much_as_it_scatters() -> None:
    found = [wider(seed, 6.0) for seed in range(20)]
    assert 3.0 < np.median(found) < 7.0 and min(found) > 2.0


def test_nothing_is_known_before_it_came() -> None:
    actual = drawn(1, 1.0)
    seen = track._known(ORIGINS, actual, 5)  # at month 120: windows from 100, 104 ... 116
    assert [int(np.isfinite(window[0]).sum()) for window in seen] == [12, 12, 12, 8, 4]
    assert np.array_equal(seen[3][:, :8], actual[3][:, :8])


def test_too_few_origins_prove_nothing() -> None:
    assert judged(ORIGINS[:5], drawn(2, 6.0)[:5]) == 1.0


def test_the_forecast_says_by_how_much_it_was_widened() -> None:
    rng = np.random.default_rng(5)
    counts = rng.poisson(200, (10, 120)).astype(float)
    calm = forecast(long(counts), HORIZON, freq="M")
    assert calm.widened < 1.25
    counts[:, -14:] = rng.poisson(200 * rng.gamma(4, 1 / 4, (10, 14)))
    broken = forecast(long(counts), HORIZON, freq="M")
    assert broken.widened > 2
    low, high = calm.table["high_80"] - calm.table["low_80"], broken.table["high_80"] - broken.table["low_80"]
    assert high.mean() > 2 * low.mean()
