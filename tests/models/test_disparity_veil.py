"""Veil of darkness: the sun where almanacs put it, a planted bias found, and none found where none is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perflib.errors import InputError
from perflib.models.disparity import veil_of_darkness
from perflib.models.disparity.sun import elevation
from perflib.models.disparity.veil import natural_spline


@pytest.mark.parametrize("sunset", ["2024-06-20 20:21", "2024-03-20 18:14", "2024-12-21 15:53"])
def test_sunset_at_greenwich(sunset: str) -> None:
    """Almanac times to the minute; in a minute the sun falls by up to .16 degrees there."""
    assert elevation(pd.DatetimeIndex([sunset], tz="UTC"), 51.478, 0.0) == pytest.approx([-0.833], abs=0.17)


def test_spline_is_linear_beyond_its_ends_and_of_the_asked_size() -> None:
    basis = natural_spline(np.array([1.0, 2.0, 3.0]) + 5, np.array([0.0, 1.0, 2.5, 4.0]))
    assert basis.shape == (3, 3)
    assert basis[0] - 2 * basis[1] + basis[2] == pytest.approx(np.zeros(3), abs=1e-9)


def stops(ratio: float) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 365, 40_000), unit="D")
    minute = rng.integers(16 * 60, 22 * 60, 40_000)
    time = pd.Series(days + pd.to_timedelta(minute, unit="min")).dt.tz_localize("America/New_York")
    dark = elevation(time, 38.9, -77.0) < -6
    odds = 0.5 * np.exp((minute - 1140) / 200) * np.where(dark, ratio, 1.0)
    group = np.where(rng.uniform(size=40_000) < odds / (1 + odds), "x", "y")
    return pd.DataFrame({"time": time, "group": group})


@pytest.mark.parametrize("ratio", [1.0, 0.7])
def test_the_planted_odds_ratio_is_recovered(ratio: float) -> None:
    result = veil_of_darkness(stops(ratio), "time", "group", focus="x", lat=38.9, lon=-77.0)
    assert result.facts["low"] < ratio < result.facts["high"]
    assert result.facts["high"] / result.facts["low"] < 1.25
    assert len(result.table) == 2
    assert 16 * 60 < result.facts["first_minute"] < 18 * 60 < 20 * 60 < result.facts["last_minute"] < 21.5 * 60


def test_times_without_a_zone_are_refused() -> None:
    rows = stops(1.0).head(10)
    with pytest.raises(InputError, match="zone"):
        veil_of_darkness(rows.assign(time=rows["time"].dt.tz_localize(None)), "time", "group", focus="x", lat=1, lon=1)
