"""Interventions: the seat-belt law, a planted effect, and silence on noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from perflib.errors import InputError
from perflib.models.trend import intervention

GOLDEN = Path(__file__).parents[1] / "golden" / "uk_seat_belts.csv"


def test_seat_belt_law():
    """Law -.237582 (.046291), petrol -.291564 (.098250).

    The likelihood is flat: optimisers that stop a little apart differ in the fifth decimal of the coefficients, 0.1 %
    of a standard error; hence the tolerance. Harvey and Durbin 1986 publish -23 % for drivers from a longer series and
    another model; exp(-.2376) - 1 = -21.1 % is close, not the same.
    """
    data = pd.read_csv(GOLDEN)
    terms = pd.DataFrame({"law": data["law"], "petrol": np.log(data["petrol_price"])})
    before = terms.copy()
    result = intervention(data["drivers"], terms)
    law, petrol = result.facts["law"], result.facts["petrol"]
    assert (law["estimate"], law["se"]) == (pytest.approx(-0.237582, abs=2e-5), pytest.approx(0.046291, abs=2e-5))
    assert (petrol["estimate"], petrol["se"]) == (pytest.approx(-0.291564, abs=5e-5), pytest.approx(0.098250, abs=5e-5))
    assert law["ratio"] - 1 == pytest.approx(-0.211, abs=5e-4)
    pd.testing.assert_frame_equal(terms, before)


def test_date_of_the_measure_gives_the_same_term():
    data = pd.read_csv(GOLDEN)
    by_date = intervention(data["drivers"], at="1983-02-01", dates=pd.to_datetime(data["month"]))
    by_position = intervention(data["drivers"], at=170)
    assert by_date.facts["step"] == by_position.facts["step"]
    assert int(data["law"].to_numpy().argmax()) == 169


def test_effect_scales_with_the_unit():
    generator = np.random.default_rng(1)
    y = 50 + np.cumsum(generator.normal(0, 0.3, 60)) + generator.normal(0, 1, 60)
    one = intervention(y, at=40, season=None, log=False).facts["step"]
    ten = intervention(10 * y, at=40, season=None, log=False).facts["step"]
    assert ten["estimate"] == pytest.approx(10 * one["estimate"], rel=0.02)
    assert ten["se"] == pytest.approx(10 * one["se"], rel=0.02)


def test_planted_effect_is_covered_and_noise_is_not_flagged():
    generator = np.random.default_rng(6)
    covered, alarms, runs = 0, 0, 60
    for _ in range(runs):
        y = np.exp(2 + np.cumsum(generator.normal(0, 0.02, 72)) + generator.normal(0, 0.05, 72))
        alarms += intervention(y, at=40, season=None).facts["step"]["p"] < 0.05
        step = intervention(y * np.where(np.arange(72) >= 39, 1.2, 1.0), at=40, season=None).facts["step"]
        covered += step["ratio_low"] <= 1.2 <= step["ratio_high"]
    assert alarms <= 8 and covered >= 52


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({}, "no measure"),
        ({"at": "2024-01-01"}, "no dates"),
        ({"at": 5, "trend": "steep"}, "trend"),
        ({"terms": pd.DataFrame({"x": [1.0]})}, "rows"),
    ],
)
def test_wrong_arguments_are_named(arguments, word):
    with pytest.raises(InputError, match=word):
        intervention(np.arange(1.0, 40.0), **arguments)


def test_too_little_is_not_assessable():
    assert "periods" in intervention(np.arange(1.0, 20.0), at=10).reason
    assert "fewer than 3" in intervention(np.arange(1.0, 60.0), at=59).reason
