"""Case resolution: a hand-worked department, the planted clearance lag, and the figures of real incidents."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

import perflib
from perflib.errors import InputError
from perflib.metrics import cases
from perflib.result import Result
from perflib.selection import select

ZONE = "America/New_York"


def utc(text: str | None) -> pd.Timestamp:
    return pd.Timestamp(text, tz=ZONE).tz_convert("UTC") if text else pd.NaT


@pytest.fixture(scope="module")
def town():
    rows = [
        ("1", "Assault", "2025-01-01 23:30", "2025-01-01 23:50", "arrest", "cleared_arrest", "A"),
        ("1", "Theft", "2025-01-01 23:30", "2025-01-01 23:50", "arrest", "cleared_arrest", "A"),
        ("2", "Theft", "2025-01-01 10:00", "2025-01-03 01:00", "exceptional", "cleared_exceptional", "A"),
        ("3", "Theft", "2025-01-02 10:00", None, None, "open", "B"),
        ("4", "Theft", "2025-01-02 10:00", None, None, "unfounded", "B"),
        ("5", "Theft", "2025-01-03 10:00", "2025-01-10 09:00", "arrest", "cleared_arrest", "B"),
        ("6", "Theft", "2025-01-05 10:00", "2025-01-04 10:00", "arrest", "cleared_arrest", "B"),
        ("7", "Theft", "2025-01-11 10:00", None, None, "inactive", "A"),
    ]
    frame = pd.DataFrame(
        {
            "incident_id": [row[0] for row in rows],
            "offence": [row[1] for row in rows],
            "reported_at": [utc(row[2]) for row in rows],
            "cleared_at": [utc(row[3]) for row in rows],
            "clearance": [row[4] for row in rows],
            "status": [row[5] for row in rows],
            "district": [row[6] for row in rows],
        }
    )
    return perflib.from_frames(timezone=ZONE, incidents=frame)


def test_by_hand(town):
    found = cases.clearance(town, fewest=1, at=(0, 1, 7, 8))
    assert found.facts["n"] == 5 and found.facts["open"] == 2 and found.facts["followed_to"] == "2025-01-11"
    days = {day: share["estimate"] for day, share in found.facts["at"]["arrest"].items()}
    assert days["0"] == pytest.approx(0.2) and days["1"] == pytest.approx(0.2)
    # at 0 one of five is cleared and one censored; at 2 one of three exceptionally; at 7 one of two by arrest
    assert days["7"] == pytest.approx(0.2 + 0.8 * (2 / 3) * (1 / 2))
    assert any("1 unfounded and 1 cleared before they were reported" in text for text in found.caveats)


def test_incidents_count_once_and_offences_when_grouped_by_them(town):
    assert cases.clearance(town).facts["n"] == 5
    found = cases.clearance(town, "offence", fewest=1)
    assert found.facts["Assault"]["n"] == 1 and found.facts["Theft"]["n"] == 5


def test_what_was_known_earlier_has_no_later_clearance(town):
    then = cases.clearance(town.as_of("2025-01-05"), at=(0,))
    assert then.facts["followed_to"] == "2025-01-05" and then.facts["events"] == {"arrest": 1, "exceptional": 1}


def test_backlog_by_hand(town):
    found = cases.backlog(town)
    assert found.facts["open"] == 1 and found.facts["inactive"] == 1 and found.facts["by_age"]["8-30 days"] == 1


def test_time_to_arrest_stands_beside_the_share(town):
    found = cases.time_to_arrest(town)
    assert found.facts["arrests"] == 2 and found.facts["max"] == 7 and found.facts["arrest_share"] == pytest.approx(0.4)
    assert any("solved cases only" in text for text in found.caveats)


def test_a_choice_is_logged_and_an_unknown_district_is_refused(town):
    chosen = select(town, "incidents", period="2025-01-01..2025-01-02", district="A")
    assert cases.clearance(chosen).facts["n"] == 2 and len(chosen.decisions()) == 2
    with pytest.raises(InputError, match="no district"):
        select(town, "incidents", district="C")


def test_without_incidents_it_says_so(town):
    lame = perflib.from_frames(timezone=ZONE, incidents=town.incidents.execute().drop(columns=["clearance"]))
    assert "clearance" in cases.clearance(lame).reason and "clearance" in cases.cohorts(lame).reason


def cohorts_of(low: float, high: float) -> Result:
    ends = {name: {"cohort": f"{year}-01-01", "estimate": 0.2} for name, year in (("first", 2023), ("last", 2025))}
    change = {"estimate": (low + high) / 2, "low": low, "high": high}
    return Result("clearance_cohorts", pd.DataFrame(), facts=ends | {"change": change})


@pytest.mark.parametrize(
    ("change", "finding", "leads"),
    [
        (
            cohorts_of(-0.05, -0.01),
            "change",
            "Clearance by arrest fell by 3.0 points between the cases of January 2023 and of January 2025.",
        ),
        (cohorts_of(-0.05, 0.01), "none", "Clearance by arrest shows no clear change."),
        (
            Result("clearance_cohorts", pd.DataFrame()),
            "not_assessable",
            "Whether clearance by arrest changed cannot be ",
        ),
    ],
)
def test_the_opening_leads_with_the_change_and_gives_the_level(town, change, finding, leads):
    made = cases.opening(cases.clearance(town, at=(0, 7, 30)), change)
    assert made.facts["finding"] == finding and made.facts["level"]["day"] == "7"
    assert made.answer.startswith(leads) and made.answer.endswith(
        "Of 5 cases, 47 % were cleared by arrest within 7 days."
    )


def test_words_of_clearance_from_facts():
    from perflib.words import cases as words

    groups = {name: {"at": {"arrest": {"30": {"estimate": share}}}} for name, share in (("A", 0.2), ("B", 0.4))}
    left = {"end": "2025-12-31", "unfounded": 2, "backwards": 0}
    said = words.clearance(groups, pd.DataFrame(), by="offence", level=0.95, left=left, small=["C"], fewest=30)
    assert said.answer == "Cleared by arrest within 30 days: from 20 % (A) to 40 % (B)."
    assert said.caveats == ["C has fewer than 30 cases: no figure."]
    assert said.method.endswith("Cases were followed to 31 December 2025. Left out: 2 unfounded.")
    facts = {"open": 1, "inactive": 3, "open_median_days": 9.0, "by_age": {"old": 0}, "followed_to": "2025-12-31"}
    assert words.backlog(facts, pd.DataFrame(), oldest="old").answer == (
        "1 case open on 31 December 2025, half of them for over 9 days."
    )
    row = {"value": "B", "ratio": 1.3, "low": 1.1, "high": 1.5, "coefficient": 0.26}
    said = words.adjusted(
        {"reference": "A"}, pd.DataFrame([row]), compare="district", terms=["offence"], level=0.95, left=left
    )
    assert said.answer == "District B clears like cases at 1.30 times the rate of A."


@pytest.fixture(scope="module")
def sample():
    return perflib.open("")


def test_the_planted_lag_is_no_fall_of_clearance(sample):
    found = cases.cohorts(sample, "quarter", within=30)
    facts, table = found.facts, found.table
    # Half of the clearances come at once, so the naive share falls by a tenth; the cohort figure does not fall.
    assert facts["so_far_last"] < 0.92 * facts["so_far_first"]
    change = facts["change"]
    assert abs(change["estimate"]) < 3 * (change["high"] - change["low"]) / (2 * 1.96)
    assert table["arrest"].max() - table["arrest"].min() < 5.5 * np.sqrt(0.2 * 0.8 / table["cases"].min())
    assert table["provisional"].tolist() == [False] * 11 + [True]


def test_the_planted_hazard_is_recovered(sample):
    from perflib.synthetic import sample as folder

    planted = yaml.safe_load((folder() / "truth.yml").read_text(encoding="utf-8"))["truths"]["clearance_lag"]
    found = cases.clearance(sample, "offence", at=(7, 30, 180, 365))
    for offence, days in planted["cleared_by_day"].items():
        for day, share in days.items():
            read = found.facts[offence]["at"]
            total = sum(read[cause][str(day)]["estimate"] for cause in ("arrest", "exceptional"))
            assert total == pytest.approx(share, abs=0.03 if day > 7 else 0.025), (offence, day)


def test_no_district_is_planted_to_clear_faster(sample):
    table = cases.adjusted(sample).table
    assert table["ratio"].between(0.9, 1.1).all() and (table["p"] > 0.01).all()


@pytest.mark.realdata
def test_real_incidents(realdata, monkeypatch):
    from pathlib import Path

    monkeypatch.setenv("PERFLIB_REALDATA", str(realdata))
    dept = perflib.open(Path(__file__).parents[2] / "data" / "departments" / "nibrs_az.yml")
    facts = cases.time_to_arrest(dept).facts
    assert facts["arrest_share"] == pytest.approx(0.334, abs=5e-4)
    assert (facts["p50"], facts["p90"], round(facts["p99"]), facts["max"]) == (0, 1, 107, 526)
    incidence = [facts["incidence"][day]["estimate"] for day in ("0", "7", "30", "365")]
    assert incidence == pytest.approx([0.284, 0.314, 0.324, 0.334], abs=5.1e-4)
    assert cases.clearance(dept).facts["exceptional_share"] == pytest.approx(0.018, abs=5e-4)
