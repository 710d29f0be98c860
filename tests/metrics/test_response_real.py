"""The dispatch records of a real city against figures computed independently from the same files."""

from __future__ import annotations

from pathlib import Path

import pytest

import perflib as pf
from perflib.metrics import response as metric

DEPARTMENT = Path(__file__).parents[2] / "data" / "departments" / "decc.yml"
# all 28,751 rows; here 11 without an incident number are quarantined and five calls of the night of the clock change are
# read in order of time, hence the tolerance
EXPECTED = {"1": (708, 4.82, 9.27, 0.031), "2": (7772, 12.05, 39.08, 0.088), "3": (1599, 22.77, 90.9, 0.286),
            "4": (4053, 33.56, 195.34, 0.179)}


@pytest.mark.realdata
def test_dispatch_records_of_a_city(realdata: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERFLIB_REALDATA", str(realdata))
    dept = pf.open(DEPARTMENT)
    facts = metric.by_priority(dept).facts
    for priority, (n, median, ninth, missing) in EXPECTED.items():
        found = facts[priority]
        assert abs(found["n"] - n) <= 9
        assert found["median_min"] == pytest.approx(median, rel=0.01)
        assert found["p90_min"] == pytest.approx(ninth, rel=0.005)
        assert found["missing_share"] == pytest.approx(missing, abs=0.001)
    assert [facts[priority]["p90_upper"] is None for priority in "1234"] == [False, False, True, True]
    shift = metric.volume_shift(dept).facts
    assert shift["message"] == "both feeds jump together: check the extraction"
    assert (shift["week"], shift["week_number"], shift["before"]) == ("2025-10-05", 41, 744)
