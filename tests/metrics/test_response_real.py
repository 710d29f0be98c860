"""The dispatch records of a real city against figures computed independently from the same files."""

from __future__ import annotations

from pathlib import Path

import pytest

import perflib as pf
from perflib.metrics import response as metric

DEPARTMENT = Path(__file__).parents[2] / "data" / "departments" / "decc.yml"
# the published figures of all 28,751 rows, less the 11 without an incident number: one of priority 3, 8 of priority 4
EXPECTED = {
    "1": (708, 4.82, 9.27, 0.0311),
    "2": (7772, 12.05, 39.08, 0.0879),
    "3": (1598, 22.76, 90.91, 0.2866),
    "4": (4045, 33.78, 195.53, 0.1790),
}


@pytest.mark.realdata
def test_dispatch_records_of_a_city(realdata: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERFLIB_REALDATA", str(realdata))
    dept = pf.open(DEPARTMENT)
    facts = metric.by_priority(dept).facts
    for priority, (n, median, ninth, missing) in EXPECTED.items():
        found = facts[priority]
        assert found["n"] == n
        assert found["median_min"] == pytest.approx(median, abs=0.006)
        assert found["p90_min"] == pytest.approx(ninth, abs=0.006)
        assert found["missing_share"] == pytest.approx(missing, abs=0.0001)
    assert [facts[priority]["p90_upper"] is None for priority in "1234"] == [False, False, True, True]
    shift = metric.volume_shift(dept).facts
    assert shift["message"] == "both feeds jump together: check the extraction"
    assert (shift["week"], shift["week_number"], shift["before"]) == ("2025-10-05", 41, 744)
