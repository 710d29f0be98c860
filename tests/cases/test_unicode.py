"""An accent is one sign with its letter wherever a text enters, however the system that wrote it composed the two."""

from __future__ import annotations

import json
from unicodedata import normalize

import pandas as pd
import pytest

import perflib as pf
from perflib.__main__ import main
from perflib.errors import PerflibError

NAME = "Évrécy-Nord"
FORMS = [normalize(form, NAME) for form in ("NFC", "NFD")]
COLUMNS = {"call_id": "id", "received_at": "t", "arrived_at": "a", "district": "d"}


@pytest.fixture
def calls(town):
    """Case 20: 400 calls of two districts, one of them written in both forms, and declared in either."""

    def make(declared: str = FORMS[0], rule: object = "d", header: str = "d", **mapping: object):
        days = pd.date_range("2023-01-01 10:00", periods=400, freq="D")
        rows = [
            f"{at},{day},{day + pd.Timedelta(minutes=7)},{FORMS[at // 2 % 2] if at % 2 == 0 else 'Verdal'}"
            for at, day in enumerate(days)
        ]
        text = f"id,t,a,{header}\n" + "\n".join(rows) + "\n"
        columns = {"columns": {**COLUMNS, "district": rule}, **mapping}
        return town(
            {"c.csv": text}, [("calls", "c.csv", columns)], timezone="America/Toronto", districts=[declared, "Verdal"]
        )

    return make


@pytest.mark.parametrize("declared", FORMS)
def test_one_district_whoever_wrote_it(calls, capsys, declared):
    path = calls(declared)
    assert main(["check", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == []
    assert pf.open(path).calls.district.value_counts().execute().set_index("district")["district_count"].to_dict() == {
        NAME: 200,
        "Verdal": 200,
    }


@pytest.mark.parametrize("asked", FORMS)
def test_a_district_is_met_in_either_form(calls, asked):
    dept = pf.open(calls(FORMS[1]))
    chosen = [
        dept.keep({"district": asked}, because="a test"),
        dept.keep({"district": [asked]}, because="a test"),
        pf.select(dept, district=asked),
    ]
    assert [int(each.calls.count().execute()) for each in chosen] == [200, 200, 200]
    pf.metrics.response.trend(dept, district=asked, origin="all")  # refuses a district that does not occur
    assert not pf.metrics.counts.trend(dept, "calls", every="month", district=asked).reason
    assert len(pf.metrics.counts.records(dept, ("2023-01-01", "2024-02-04"), "calls", district=asked)) == 200
    with pytest.raises(PerflibError):
        pf.select(dept, district="Évrecy-Nord")


@pytest.mark.parametrize("written", FORMS)
def test_recodes_filters_headers_and_derived_columns(calls, written):
    found = pf.open(calls(rule={"from": "d", "recode": {written: "North"}, "otherwise": "keep"}))
    assert set(found.calls.district.execute()) == {"North", "Verdal"}
    found = pf.open(calls(filter=[{"column": "d", "keep": [written], "because": "a test"}]))
    assert int(found.calls.count().execute()) == 200
    cases = {"cases": [{"when": {"d": [written]}, "value": "N"}], "otherwise": "S"}
    found = pf.open(calls(derive={"x": cases}, rule="x"))
    assert sorted(found.calls.district.value_counts().execute()["district_count"]) == [200, 200]
    for header in FORMS:
        assert pf.open(calls(rule=written, header=header)).calls.district.nunique().execute() == 2


@pytest.mark.parametrize("form", FORMS)
def test_lookups_other_files_and_frames(town, tmp_path, form):
    other = FORMS[1 - FORMS.index(form)]
    mapping = {
        "reader": {"join": {"r": {"file": "j.csv", "on": {"d": "né"}}}},
        "columns": {"call_id": "id", "received_at": "t", "district": "r.x"},
    }
    files = {"x.csv": f"id,t,d\n1,2023-01-01,{form}\n", "j.csv": f"{normalize('NFD', 'né')},x\n{other},{other}\n"}
    assert pf.open(town(files, [("calls", "x.csv", mapping)])).calls.execute()["district"].tolist() == [NAME]
    when = pd.to_datetime(["2023-01-01"], utc=True)
    frame = pd.DataFrame({"call_id": ["1"], "received_at": when, "district": [form]})
    assert pf.from_frames(calls=frame).calls.execute()["district"].tolist() == [NAME]
    frame.to_parquet(tmp_path / "calls.parquet")
    (tmp_path / "department.yml").unlink()
    assert pf.open(tmp_path).calls.execute()["district"].tolist() == [NAME]
    frame.drop(columns="received_at").assign(t="2023-01-01").to_json(tmp_path / "x.json", orient="records")
    path = town({}, [("calls", "x.json", {"call_id": "call_id", "received_at": "t", "district": "district"})])
    assert pf.open(path).calls.execute()["district"].tolist() == [NAME]


@pytest.mark.slow
@pytest.mark.parametrize("asked", FORMS)
def test_a_report_of_a_district_is_made(calls, tmp_path, asked):
    code = main(
        [
            "run",
            "notebooks/01_response_times.ipynb",
            "--department",
            str(calls()),
            "-p",
            f"district={asked}",
            "--out",
            str(tmp_path / "out"),
        ]
    )
    assert code == 0
