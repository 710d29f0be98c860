"""Officers beside their own earlier years: hand-worked rows, a planted change, and an agency of fifteen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import perflib as pf
from perflib.errors import InputError
from perflib.metrics import officers


def agency(counts: dict[str, list[tuple[int, int]]]) -> pf.Department:
    """Officer -> (responses, complaints) of 2022, 2023, 2024."""
    sent, filed = [], []
    for who, years in counts.items():
        for year, (responses, complaints) in zip((2022, 2023, 2024), years, strict=True):
            when = pd.Timestamp(f"{year}-06-01 12:00", tz="UTC")
            sent += [
                {"call_id": f"{who}{year}{k}", "unit_id": "u", "officer_id": who, "assigned_at": when}
                for k in range(responses)
            ]
            filed += [
                {"complaint_id": f"{who}{year}{k}", "officer_id": who, "filed_at": when, "occurred_at": when}
                for k in range(complaints)
            ]
    return pf.from_frames(
        unit_responses=pd.DataFrame(sent),
        complaints=pd.DataFrame(filed),
        timezone="UTC",
        privacy={"pseudonyms": False, "because": "invented people"},
    )


def test_expected_from_the_own_past_hand_worked() -> None:
    found = officers.past(
        agency({"A": [(100, 9), (100, 10), (200, 30)], "B": [(50, 5), (50, 5), (10, 0)]}), "complaints"
    )
    rows = found.table.set_index("officer")
    assert rows.loc["A", ["exposure", "events", "periods"]].tolist() == [200, 30, 2]
    assert rows.loc["A", "expected"] == pytest.approx((19 + 0.5) / 200 * 200)
    assert rows.loc["B", "verdict"] == "not assessable" and "events expected" in rows.loc["B", "reason"]
    assert found.facts["latest"] == "2024-01-01" and found.facts["per"] == "responses"


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_nobody_without_work_has_a_ratio() -> None:
    found = officers.past(
        agency({"A": [(100, 9), (100, 10), (200, 30)], "B": [(50, 5), (50, 5), (0, 0)]}), "complaints"
    ).table.set_index("officer")
    assert found.loc["B", "reason"] == "no exposure recorded"
    assert found.loc["B", ["estimate", "low", "high"]].isna().all()


def test_fifteen_officers_and_the_one_who_changed() -> None:
    """Steady rates and one who doubles and more: found in nearly every draw, the others hardly ever."""
    hit, false = 0, 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        counts = {
            f"O{k:02d}": [(400, int(rng.poisson(14 * (3 if k == 4 and year == 2 else 1)))) for year in range(3)]
            for k in range(15)
        }
        flagged = officers.past(agency(counts), "complaints").table.query("verdict in ['higher', 'lower']")["officer"]
        hit += "O04" in set(flagged)
        false += bool(set(flagged) - {"O04"})
    assert hit >= 18 and false <= 5


def test_days_are_iso_dates_in_their_order_and_a_time_without_work_says_so() -> None:
    dept = agency({"A": [(10, 1), (10, 2), (10, 3)]})
    for function in (officers.compare, officers.past, officers.similar):
        with pytest.raises(InputError, match="'03.02.2025' is not a date"):
            function(dept, "complaints", first="03.02.2025")
    with pytest.raises(InputError, match="lies after"):
        officers.compare(dept, "complaints", first="2024-01-02", last="2024-01-01")
    found = officers.compare(dept, "complaints", first="2019-01-01", last="2019-12-31")
    assert "no officer has any responses to calls from 2019-01-01 to 2019-12-31" in found.reason
    assert "one year only" in officers.past(dept, "complaints", first="2019-01-01", last="2019-12-31").reason


def test_what_cannot_be_asked() -> None:
    dept = agency({"A": [(10, 1), (0, 0), (0, 0)]})
    assert "one year only" in officers.past(dept, "complaints").reason
    assert "no table force" in officers.past(dept, "force").reason
    with pytest.raises(InputError, match="no period"):
        officers.past(dept, "complaints", period="week")
