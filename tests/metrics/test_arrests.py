"""Arrests per exposure, their intervals, and what became of them."""

from __future__ import annotations

import pandas as pd
import pytest

import perflib
from perflib.errors import InputError
from perflib.metrics import arrests


def department(outcomes: bool = True) -> perflib.Department:
    at = pd.date_range("2025-01-01", periods=12, freq="D", tz="UTC")
    held = pd.DataFrame(
        {"arrest_id": [str(i) for i in range(12)], "arrested_at": at, "district": ["N"] * 10 + ["S"] * 2}
    )
    if outcomes:
        held["outcome"] = ["charged"] * 6 + ["declined"] * 3 + ["pending"] * 2 + [None]
    calls = pd.DataFrame(
        {
            "call_id": [str(i) for i in range(400)],
            "district": ["N"] * 100 + ["S"] * 300,
            "received_at": pd.date_range("2025-01-01", periods=400, freq="h", tz="UTC"),
        }
    )
    return perflib.from_frames(timezone="UTC", arrests=held, calls=calls)


def test_rates_by_hand():
    found = arrests.rates(department())
    assert found.facts["N"]["rate"] == pytest.approx(100.0) and found.facts["S"]["rate"] == pytest.approx(
        1000 * 2 / 300
    )
    # exact Poisson limits of 10: 4.7954 and 18.3904 (Garwood)
    assert (found.facts["N"]["low"], found.facts["N"]["high"]) == pytest.approx((47.954, 183.904), abs=1e-2)
    assert found.facts["overall"] == pytest.approx(30.0)
    assert any("not a success" in text for text in found.caveats)


def test_outcomes_are_shares_of_the_known():
    facts = arrests.outcomes(department()).facts
    assert facts["known"] == 9 and facts["arrests"] == 12
    assert facts["share"] == pytest.approx({"charged": 6 / 9, "declined": 3 / 9})
    table = arrests.outcomes(department(), "district").table
    assert table.loc[table["outcome"] == "pending", "share"].isna().all()
    assert set(table["outcome"]) == {"charged", "declined", "pending", "unknown"}


def test_what_is_not_recorded_has_a_reason():
    assert "outcome" in arrests.outcomes(department(outcomes=False)).reason
    assert "stops" in arrests.rates(department(), per="stops").reason
    with pytest.raises(InputError, match="exposure"):
        arrests.rates(department(), per="moons")
    with pytest.raises(InputError, match="cannot be grouped by"):
        arrests.rates(department(), by="shoe_size")


@pytest.mark.parametrize("per", ["calls", "stops", "officer_hours", "population"])
def test_every_exposure_of_the_sample(per):
    found = arrests.rates(perflib.open(""), per=per)
    assert not found.reason and found.facts["overall"] > 0
    named = found.table[found.table["district"] != "not recorded"]
    assert len(named) == 6 and (named["low"] < named["rate"]).all() and (named["rate"] < named["high"]).all()
