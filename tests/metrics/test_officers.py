"""Officers of a department beside their peers: hand-worked cells, planted officers, what is refused, real records."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
import yaml

import perflib as pf
from perflib.errors import InputError, PrivacyError
from perflib.metrics import officers
from perflib.metrics.officers.cells import cells
from perflib.metrics.officers.measures import measure

DEPARTMENTS = Path(__file__).parents[2] / "data" / "departments"
NAMES = ["officer", "exposure", "peers", "estimate", "low", "high", "posterior", "fdr", "verdict"]


def moment(day: str) -> pd.Timestamp:
    return pd.Timestamp(f"{day} 12:00", tz="UTC")


def town() -> pf.Department:
    """Two officers; A moves from North to South on 16 January, B stays North and leaves on 10 February."""
    posts = pd.DataFrame(
        {
            "officer_id": ["A", "A", "B"],
            "unit": ["North", "South", "North"],
            "start_on": pd.to_datetime(["2024-01-01", "2024-01-16", "2024-01-01"]).date,
            "end_on": [pd.Timestamp("2024-01-15").date(), None, None],
        }
    )
    work = pd.DataFrame(
        {
            "call_id": [f"c{k}" for k in range(6)],
            "unit_id": "car",
            "officer_id": ["A", "A", "A", "B", "B", None],
            "assigned_at": [
                moment(day)
                for day in ("2024-01-03", "2024-01-15", "2024-01-16", "2024-01-05", "2024-02-02", "2024-02-03")
            ],
        }
    )
    force = pd.DataFrame(
        {
            "force_id": ["f1", "f2", "f3", "f4"],
            "incident_id": ["i1", "i1", "i2", None],
            "officer_id": ["A", "A", "B", "C"],
            "used_at": [moment(day) for day in ("2024-01-03", "2024-01-03", "2024-02-02", "2024-02-02")],
        }
    )
    staff = pd.DataFrame({"officer_id": ["A", "B"], "left_on": [None, pd.Timestamp("2024-02-10").date()]})
    return pf.from_frames(
        assignments=posts,
        unit_responses=work,
        force=force,
        officers=staff,
        timezone="UTC",
        privacy={"pseudonyms": False, "because": "invented people"},
    )


def test_cells_hand_worked() -> None:
    found = cells(town(), measure("force"), "responses", ["unit"], "month", "", "")
    rows = {
        (row["officer"], str(row["period"])[:7], row["unit"]): (row["exposure"], row["events"])
        for row in found.frame.to_dict("records")
    }
    assert rows == {
        ("A", "2024-01", "North"): (2, 1),
        ("A", "2024-01", "South"): (1, 0),
        ("B", "2024-01", "North"): (1, 0),
        ("B", "2024-02", "North"): (1, 1),
        ("C", "2024-02", "not recorded"): (0, 1),
    }
    assert found.unplaced == 1 and found.without_officer == 0


def test_months_in_a_post() -> None:
    found = cells(town(), measure("force"), "months", ["unit"], "month", "2024-01-01", "2024-02-29").frame
    spent = found.groupby(["officer", "unit"])["exposure"].sum() * 30.4375
    assert spent["A", "North"] == pytest.approx(15) and spent["A", "South"] == pytest.approx(16 + 29)
    assert spent["B", "North"] == pytest.approx(31 + 10)


def test_an_agency_of_two_is_not_assessable() -> None:
    result = officers.compare(town(), "force")
    assert list(result.table.columns[:9]) == NAMES
    assert set(result.table["verdict"]) == {"not assessable"}
    assert set(result.table["reason"]) == {"fewer than 5 peers", "no exposure recorded"}
    assert any("too small" in caveat for caveat in result.caveats)


def test_what_cannot_be_asked() -> None:
    dept = town()
    with pytest.raises(InputError, match="no measure"):
        officers.compare(dept, "frce")
    with pytest.raises(InputError, match="have no 'shift'"):
        officers.compare(dept, "force", ["shift"])
    with pytest.raises(InputError, match="no exposure"):
        officers.compare(dept, "force", per="miles")
    with pytest.raises(InputError, match="no period"):
        officers.compare(dept, "force", period="week")
    with pytest.raises(PrivacyError, match="cannot be an input"):
        officers.compare(dept, "force", ["race"])
    assert "no table complaints" in officers.compare(dept, "complaints").reason


def test_small_city_by_duty(busy_city: Path) -> None:
    """60 officers in 18 posts have no peers by unit; by duty they do."""
    dept = pf.open(busy_city)
    by_unit = officers.compare(dept, "force")
    assert set(by_unit.table["verdict"]) == {"not assessable"}
    assert any("Tactical became Street Crimes" in caveat for caveat in by_unit.caveats)
    result = officers.compare(dept, "force", ["duty"])
    assert result.facts["assessed"] > 0 and result.facts["per"] == "responses"
    assert result.table["events"].sum() <= dept.force.incident_id.count().execute()
    assert officers.compare(dept, "frisks", ["duty"]).facts["per"] == "stops"


PLANTED = (("force", "force_outliers"), ("complaints", "complaint_outliers"), ("commendations", "top_performers"))


def planted(scale: str) -> dict[str, tuple[set[str], pd.DataFrame, pf.Result]]:
    """By measure: the officers planted at three times the rate in this department, the table and the whole result."""
    folder = Path(pf.synthetic.sample(scale))
    truth = yaml.safe_load((folder / "truth.yml").read_text(encoding="utf-8"))["truths"]
    results = {measure: officers.compare(pf.open(folder), measure) for measure, _ in PLANTED}
    return {
        measure: (set(truth[key]["officers"]), results[measure].table.set_index("officer"), results[measure])
        for measure, key in PLANTED
    }


def test_at_the_rates_of_a_real_department_the_planted_cannot_be_told() -> None:
    """Three times the rate, about one event expected: nobody is flagged, and the page says how many it would take."""
    for who, table, result in planted("sample").values():
        assert len(who) == 4 and set(table.loc[list(who), "verdict"]) <= {"not assessable", "as peers"}
        assert result.facts["flags"] == 0 and result.facts["assessed"] < 0.1 * result.facts["officers"]
        assert any("where 15 events are expected of each, half where 7 are" in caveat for caveat in result.caveats)


@pytest.mark.slow
def test_planted_outliers_are_found_where_events_are_many() -> None:
    """About 20 events expected: all twelve are flagged (.92 in benchmarks/peers_null), and two others at q = .10."""
    found = strange = 0
    for who, table, _ in planted("events").values():
        assert (table.loc[list(who), "verdict"] != "not assessable").all()
        flags = set(table.index[table["verdict"].isin(["higher", "lower"])])
        found, strange = found + len(flags & who), strange + len(flags - who)
    assert (found, strange) == (12, 2)


@pytest.mark.realdata
def test_frisks_of_seattle(realdata: Path) -> None:
    os.environ["PERFLIB_REALDATA"] = str(realdata)
    result = officers.compare(pf.open(DEPARTMENTS / "seattle.yml"), "frisks", ["district"], period="year")
    facts, table = result.facts, result.table
    assert 890 < facts["officers"] <= 899 and facts["assessed"] == 90
    assert facts["reasons"] == {"fewer than 50 stops with peers": facts["not_assessable"]}
    assert facts["assignment"] == ["district"] and facts["period"] == "year"
    assert facts["unknown"]["district"] == pytest.approx(0.39, abs=0.01) and 0.2 < facts["covered"] < 0.9
    assert (table.loc[table["verdict"] != "not assessable", "exposure"] >= 50).all()
    assert facts["cv"] > 0.35 and facts["flags_fixed_z"] > 5 * max(facts["flags"], 1)


@pytest.mark.slow
@pytest.mark.realdata
def test_complaints_of_chicago(realdata: Path) -> None:
    """Ten years pooled: a third of the officers can be assessed; they differ so widely that nobody stands out."""
    os.environ["PERFLIB_REALDATA"] = str(realdata)
    dept = pf.open(DEPARTMENTS / "chicago.yml")
    result = officers.compare(dept, "complaints", period="quarter", first="2005-01-01", last="2014-12-31")
    facts = result.facts
    assert facts["per"] == "months" and facts["assessed"] == pytest.approx(5768, rel=0.01)
    assert 0.75 < facts["cv"] < 0.9 and facts["flags"] <= 5 < 4000 < facts["flags_fixed_z"]
    assert any((each["before"], each["after"]) == ("143", "261") for each in facts["renamed"])
    short = officers.compare(dept, "complaints", first="2012-01-01", last="2012-12-31")
    assert short.facts["assessed"] < 50
