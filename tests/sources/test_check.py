"""perflib check: every record accounted for, dates looked at, faults told in a sentence and exit code 1."""

import json
import textwrap

import pandas as pd
import pytest

from perflib.__main__ import main
from perflib.errors import PerflibError
from perflib.sources.check import check, export, quarantine

MAPPING = """
table: calls
missing: ["NULL"]
trust: a small file made by hand
columns:
  call_id: id
  received_at: {from: start, format: "%Y-%m-%d %H:%M"}
  dispatched_at: {from: sent, format: "%Y-%m-%d %H:%M"}
  arrived_at: {from: there, format: "%Y-%m-%d %H:%M"}
  priority: prio
  origin: {from: how, recode: {phone: public, radio: officer}}
quarantine_limit: 0.5
"""
ROWS = """id,start,sent,there,prio,how
1,2025-06-01 10:00,2025-06-01 10:02,2025-06-01 10:09,1,phone
2,2025-06-01 11:00,2025-06-01 11:02,NULL,2,phone
3,2025-06-02 12:00,2025-06-02 12:05,2025-06-02 12:04,2,radio
,2025-06-02 13:00,2025-06-02 13:05,2025-06-02 13:14,2,phone
5,2025-06-02 14:00,2025-06-02 13:05,2025-06-02 13:14,2,phone
6,yesterday,2025-06-02 14:05,2025-06-02 14:14,2,post
7,2025-11-02 01:40,2025-11-02 01:42,2025-11-02 01:10,1,phone
"""


@pytest.fixture
def department(tmp_path):
    """Writes a department of one source; returns the path of its file."""

    def write(rows=ROWS, mapping=MAPPING, more=""):
        (tmp_path / "calls.csv").write_text(rows, encoding="utf-8")
        (tmp_path / "calls.yml").write_text(mapping, encoding="utf-8")
        text = f"""
        name: Testville
        timezone: America/New_York
        sources:
          - {{table: calls, files: calls.csv, mapping: calls.yml}}
        {more}
        """
        file = tmp_path / "department.yml"
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return file

    return write


def test_every_record_is_accepted_or_quarantined_with_every_reason(department):
    (source,) = check(department()).sources
    assert (source.read, source.accepted, source.quarantined) == (7, 4, 3)
    assert source.reasons == {
        "arrived_before_received": 1,
        "call_id: missing": 1,
        "dispatched_before_received": 1,
        "origin: not an allowed value": 1,
        "received_at: cannot be read as timestamp": 1,
    }
    assert source.counted["arrived_before_dispatch"] == 1
    assert source.missing["arrived_at"] == pytest.approx(1 / 4)
    assert source.clock_change_rows == 1


def test_text_says_all_of_it_and_ends_with_the_verdict(department):
    text = check(department()).text()
    for words in (
        "Testville (America/New_York)",
        "7 read = 4 accepted + 3 quarantined (42.86%)",
        "1  call_id: missing",
        "1  arrived_before_dispatch (accepted)",
        "2025-06-01 10:00 to 2025-11-02 01:40 local time",
        "clock change 1  hold a time",
        "arrived_at 25.0%",
        "a small file made by hand",
    ):
        assert words in text
    assert text.endswith("Every record is accounted for; no source is refused.")


def test_json_is_for_machines_and_holds_no_record(department):
    found = json.loads(check(department()).json())
    assert {key: found[key] for key in ("rows_read", "accepted", "quarantined", "clock_change_rows", "exit_code")} == {
        "rows_read": 7,
        "accepted": 4,
        "quarantined": 3,
        "clock_change_rows": 1,
        "exit_code": 0,
    }
    (source,) = found["sources"]
    assert source["first"] == "2025-06-01 10:00"
    assert source["midnight"]["heaped"] is False
    assert "yesterday" not in json.dumps(found)


def test_past_the_limit_is_refused_and_still_accounted_for(department):
    found = check(department(mapping=MAPPING.replace("0.5", "0.4")))
    assert found.exit_code == 1
    assert "3 of 7 records (42.9%) refused, past the limit of 40.0%" in found.faults[0]
    assert found.sources[0].quarantined == 3
    assert "REFUSED" in found.text()


def test_nothing_accepted_is_refused(department):
    found = check(department(rows="id,start,sent,there,prio,how\n,,,,,\n1,x,y,z,1,phone\n"))
    assert found.exit_code == 1
    assert "none of 2 records was accepted" in found.faults[0]
    assert found.sources[0].accepted == 0


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (ROWS.replace("there", "their", 1), "no column 'there'"),
        (ROWS.replace("prio,how", "start,how", 1), "column 'start' stands 2 times in the header"),
        ("<!DOCTYPE html><html></html>", "a web page"),
        ("", "empty"),
        ("id,start,sent,there,prio,how\n", "a header without rows"),
    ],
)
def test_a_faulty_file_is_one_sentence_and_exit_code_1(department, capsys, rows, words):
    file = department(rows=rows)
    found = check(file)
    assert found.exit_code == 1
    assert words in found.faults[0]
    assert main(["check", str(file)]) == 1
    assert words in capsys.readouterr().out


def test_a_missing_department_file_is_a_fault_too(tmp_path):
    found = check(tmp_path / "nowhere.yml")
    assert found.exit_code == 1 and len(found.faults) == 1
    assert json.loads(found.json())["errors"]


def test_a_source_after_a_refused_one_is_read_all_the_same(department, tmp_path):
    second = "  - {table: officers, files: officers.csv, mapping: officers.yml}"
    (tmp_path / "officers.csv").write_text("uid,hired\n7,2001-02-03\n", encoding="utf-8")
    (tmp_path / "officers.yml").write_text(
        "table: officers\ncolumns: {officer_id: uid, hired_on: hired}\n", encoding="utf-8"
    )
    found = check(department(rows="", more=second))
    assert found.exit_code == 1
    assert [source.table for source in found.sources] == ["officers"]
    assert found.sources[0].span(found.timezone) == ("2001-02-03", "2001-02-03")


def test_quarantine_gives_the_record_back_for_repair(department):
    rows = quarantine(department())
    assert rows.columns.tolist() == ["table", "file", "record", "line", "reasons", "raw"]
    assert rows["record"].tolist() == [4, 5, 6]
    assert rows["line"].tolist() == [5, 6, 7]
    assert rows["raw"].tolist() == ROWS.splitlines()[4:7]
    assert rows["reasons"][1] == "dispatched_before_received; arrived_before_received"


def test_quarantine_of_a_refused_source_shows_what_to_repair(department):
    assert len(quarantine(department(mapping=MAPPING.replace("0.5", "0.1")))) == 3


def test_quarantine_of_a_file_that_cannot_be_read_says_so(department):
    with pytest.raises(PerflibError, match="no column 'there'"):
        quarantine(department(rows=ROWS.replace("there", "their", 1)))


def test_export_is_safe_in_a_spreadsheet(department, tmp_path):
    dangerous = ROWS + "=cmd(),not a time,2025-06-02 14:05,2025-06-02 14:14,2,phone\n"
    target = export(quarantine(department(rows=dangerous)), tmp_path / "out.csv")
    written = pd.read_csv(target, dtype=str)
    assert written["raw"].iloc[-1].startswith("'=cmd()")


def test_export_into_no_folder_is_a_sentence(tmp_path):
    with pytest.raises(PerflibError, match="cannot be written"):
        export(pd.DataFrame({"raw": ["x"]}), tmp_path / "no" / "out.csv")


def test_command_line_writes_the_quarantine(department, tmp_path, capsys):
    target = tmp_path / "bad.csv"
    assert main(["quarantine", str(department()), "--out", str(target)]) == 0
    assert "3 records written" in capsys.readouterr().out
    assert len(pd.read_csv(target)) == 3
    assert main(["check", str(department()), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows_read"] == 7


def test_a_folder_of_parquet_is_checked_as_well(tmp_path):
    frame = pd.DataFrame(
        {"call_id": ["1", "2"], "received_at": pd.to_datetime(["2025-01-01T00:00Z", "2025-01-02T00:00Z"])}
    )
    frame.to_parquet(tmp_path / "calls.parquet")
    found = check(tmp_path)
    assert found.exit_code == 0
    assert found.sources[0].accepted == 2
