"""Issue 10, B.3 and C.2: what a mapping says of a file is obeyed or refused, and files as they come are read."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import perflib

Checked = Callable[..., dict[str, Any]]
RECORDS = [{"id": str(place), "t": f"2024-01-{1 + place % 28:02} 10:00:00", "d": "N"} for place in range(50)]
CSV = "id,t,d\n" + "".join(f"{one['id']},{one['t']},{one['d']}\n" for one in RECORDS)


def book(path: Path, rows: list[list[Any]], **sheets: str) -> None:
    """A workbook of one sheet of these rows and of further ones, named, with their state."""
    found = openpyxl.Workbook()
    for row in rows:
        found.active.append(row)
    for name, state in sheets.items():
        found.create_sheet(name).sheet_state = state
    found.save(path)


@pytest.mark.parametrize("header", [7, "7"])
def test_title_rows_above_and_totals_below(tmp_path: Path, checked: Checked, header: object) -> None:
    """Case 05: 300 rows, 340 events; TOTAL and SOURCE are refused, not read."""
    rows: list[list[Any]] = [["MINISTRY"], ["POLICE"], [], [], ["OFFENCES OF THE YEAR"], []]
    rows.append(["Region", "Town", "Date of event", "Sex", "Number "])
    rows += [["R", f"T{at % 5}", dt.date(2024, 1, 1 + at % 28), "F", 2 if at < 40 else 1] for at in range(300)]
    rows += [["TOTAL", "", "", "", 340], ["SOURCE: crime unit, extracted 5 May 2025"]]
    book(tmp_path / "offences.xlsx", rows)
    columns = {
        "incident_id": {"row_number": True},
        "reported_at": "Date of event",
        "offence": {"value": "threat"},
        "district": "Town",
        "victims": "Number",
    }
    reader = {"format": "excel", "sheet": "Sheet", "header": header}
    found = checked("offences.xlsx", table="incidents", columns=columns, reader=reader)
    assert (found["rows_read"], found["accepted"], found["quarantined"]) == (302, 300, 2)
    assert perflib.open(tmp_path / "department.yml").incidents.victims.sum().execute() == 340
    found = checked("offences.xlsx", table="incidents", columns=columns, reader={**reader, "footer": 2})
    assert (found["rows_read"], found["accepted"], found["quarantined"]) == (300, 300, 0)
    assert any("the last 2 rows are left out" in note for note in found["sources"][0]["notes"])
    fault = checked("offences.xlsx", table="incidents", columns=columns, reader={"format": "excel"})["errors"][0]
    assert "a title, no header" in fault and "`reader: {header: 7}`" in fault


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.xlsx"])
def test_header_and_footer_mean_the_same_everywhere(tmp_path: Path, checked: Checked, name: str) -> None:
    rows = [["REPORT"], ['of the "town" force'], [], ["id", "t", "d"], *([*one.values()] for one in RECORDS), ["END"]]
    if name == "x.xlsx":
        book(tmp_path / name, rows)
    else:
        mark = "," if name == "x.csv" else "\t"
        (tmp_path / name).write_text("".join(mark.join(row) + "\r\n" for row in rows), encoding="utf-8", newline="")
    assert checked(name, reader={"header": 4, "footer": 1})["accepted"] == 50
    found = checked(name, reader={"header": 4})
    assert (found["accepted"], found["quarantined"]) == (50, 1)
    for reader, words in (
        ({"header": 3}, "blank" if name == "x.xlsx" else "line 3"),
        ({"header": 99}, "99"),
        ({"header": 0}, "header: '0'"),
        ({"header": "first"}, "header: 'first'"),
        ({"header": -1}, "header: '-1'"),
        ({"header": 1.5}, "header: '1.5'"),
        ({"footer": "nan"}, "footer: 'nan'"),
        ({"footer": 10**9}, "footer:"),
        ({"footer": "²"}, "footer:"),
        ({"header": "²"}, "header:"),
        ({"header": 10**12}, "header:"),
    ):
        fault = checked(name, reader=reader)["errors"][0]
        assert words in fault, fault


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.xlsx"])
def test_a_table_without_a_header(tmp_path: Path, checked: Checked, name: str) -> None:
    rows = [[*one.values()] for one in RECORDS]
    if name == "x.xlsx":
        book(tmp_path / name, rows)
    else:
        mark = "," if name == "x.csv" else "\t"
        (tmp_path / name).write_text("".join(mark.join(row) + "\n" for row in rows), encoding="utf-8")
    columns = {"call_id": "column1", "received_at": "column2", "district": "column3"}
    assert checked(name, columns=columns, reader={"header": False})["accepted"] == 50


FILES = {
    "csv": "x.csv",
    "tsv": "x.tsv",
    "excel": "x.xlsx",
    "json": "x.json",
    "parquet": "x.parquet",
    "duckdb": "x.duckdb",
}
VALUES = {
    "delimiter": ",",
    "encoding": "utf-8",
    "member": "a.csv",
    "header": "1",
    "footer": "0",
    "sheet": "Sheet",
    "relation": "calls",
    "query": "SELECT 1",
    "url_env": "TOWN",
}
OBEYED = {
    "csv": {"delimiter", "encoding", "member", "header", "footer"},
    "tsv": {"delimiter", "encoding", "member", "header", "footer"},
    "excel": {"sheet", "header", "footer"},
    "json": {"encoding", "member"},
    "parquet": set(),
    "duckdb": {"relation", "query"},
}


@pytest.mark.parametrize("option", VALUES)
@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("stated", [True, False])
def test_an_option_that_does_nothing_is_refused(
    tmp_path: Path, checked: Checked, form: str, option: str, stated: bool
) -> None:
    """Over every format and option, in a reader and in a lookup: the error names the options that do something."""
    (tmp_path / FILES[form]).write_text("x", encoding="utf-8")
    (tmp_path / "own.csv").write_text(CSV, encoding="utf-8")
    lookup = {"file": FILES[form], "on": ["id"], option: VALUES[option]}
    faults = checked(FILES[form], reader={option: VALUES[option], **({"format": form} if stated else {})})["errors"]
    faults += checked("own.csv", reader={"join": {"other": lookup}})["errors"] if not stated else []
    for fault in faults:
        if option not in OBEYED[form]:
            assert option in fault
            assert all(obeyed in fault for obeyed in OBEYED[form])
        else:
            assert "does nothing" not in fault


@pytest.mark.parametrize("option", VALUES)
@pytest.mark.parametrize("value", [["a"], {"a": "b"}, ""])
def test_an_option_of_a_wrong_type_is_refused(tmp_path: Path, checked: Checked, option: str, value: object) -> None:
    (tmp_path / "x.csv").write_text(CSV, encoding="utf-8")
    checked("x.csv", reader={option: value})


def test_a_member_of_what_is_no_archive_is_refused(tmp_path: Path, checked: Checked) -> None:
    (tmp_path / "x.csv").write_text(CSV, encoding="utf-8")
    assert "no zip archive" in checked("x.csv", reader={"member": "x.csv"})["errors"][0]


def test_what_an_archiver_adds_is_no_member(tmp_path: Path, checked: Checked) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("calls/", "")
        archive.writestr("calls/x.csv", CSV)
        archive.writestr("__MACOSX/calls/._x.csv", b"\0\5")
    assert checked("x.zip")["accepted"] == 50


@pytest.mark.parametrize(
    "made",
    [
        {"features": [{"attributes": one} for one in RECORDS], "fields": [{"name": "id"}], "objectIdFieldName": "id"},
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": one}
                for one in RECORDS
            ],
        },
        {"meta": {"n": 50}, "data": RECORDS},
        RECORDS,
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_records_of_a_service(tmp_path: Path, checked: Checked, made: object, indent: int | None) -> None:
    """Case 03: ArcGIS, and its siblings."""
    (tmp_path / "x.json").write_text(json.dumps(made, indent=indent), encoding="utf-8")
    found = checked("x.json")
    assert found["accepted"] == 50, found["errors"]


def test_a_part_of_the_records_and_an_error_of_a_service_are_said(tmp_path: Path, checked: Checked) -> None:
    made = {"features": [{"attributes": one} for one in RECORDS], "exceededTransferLimit": True}
    (tmp_path / "x.json").write_text(json.dumps(made), encoding="utf-8")
    assert "a part of the records only" in checked("x.json")["sources"][0]["notes"][0]
    (tmp_path / "x.json").write_text('{"error": {"code": 499, "message": "Token Required"}}', encoding="utf-8")
    assert "an error that a service gave" in checked("x.json")["errors"][0]
    (tmp_path / "x.json").write_text('{"a": [{"id": 1}], "b": [{"id": 2}]}', encoding="utf-8")
    assert "holds 2 lists" in checked("x.json")["errors"][0]


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\x1e", "\r"])
@pytest.mark.parametrize("name", ["x.jsonl", "x.ndjson", "x.json", "x.csv"])
def test_signs_that_some_take_for_the_end_of_a_line(tmp_path: Path, checked: Checked, sign: str, name: str) -> None:
    """Case 25, over every sign that Python's splitlines knows and every text of lines."""
    text = f"first{sign}second"
    if name == "x.csv":
        raw = CSV.replace(",N\n", f",{text}\n", 7)
    else:
        given = text.replace(sign, json.dumps(sign)[1:-1]) if sign < " " else text
        raw = "".join(json.dumps(one).replace('"N"', f'"{given}"') + "\n" for one in RECORDS)
    (tmp_path / name).write_text(raw, encoding="utf-8", newline="")
    assert checked(name)["accepted"] == 50


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-8", "cp1252"])
def test_text_named_as_a_workbook(tmp_path: Path, checked: Checked, encoding: str) -> None:
    """Case 11: the error says what the file is and how it is read; followed, every row is."""
    for mark, form in (("\t", "tsv"), (",", "csv")):
        text = CSV.replace(",", mark)
        marked = "\ufeff" + text if encoding == "utf-16-be" else text
        (tmp_path / "x.xls").write_bytes(marked.encode(encoding))
        fault = checked("x.xls")["errors"][0]
        wide = encoding[:6] if encoding[:6] in ("utf-16", "utf-32") else ""
        advice = f"`reader: {{format: {form}{f', encoding: {wide}' if wide else ''}}}`"
        assert advice in fault and "text" in fault
        reader = {"format": form, **({"encoding": wide} if wide else {})}
        assert checked("x.xls", reader=reader)["accepted"] == 50
        fault = checked("x.xls", reader={"format": form})["errors"] if wide else [f"encoding: {wide}"]
        assert f"encoding: {wide}" in fault[0]


@pytest.mark.parametrize("text", ["<html><body><table>", "\ufeff<!DOCTYPE html>", "<?xml version='1.0'?>", " <table>"])
@pytest.mark.parametrize("name", ["x.xls", "x.csv", "x.json"])
def test_a_web_page_named_as_data(tmp_path: Path, checked: Checked, text: str, name: str) -> None:
    (tmp_path / name).write_text(text + CSV, encoding="utf-8")
    fault = checked(name)["errors"][0]
    assert "a web page" in fault and "CSV" in fault
    assert name != "x.xls" or "`reader: {format: csv}`" in fault


@pytest.mark.parametrize(("ends", "lone"), [("\r", ""), ("\n", "\r"), ("\r\n", "\r"), ("\r\r\n", "")])
def test_carriage_returns(tmp_path: Path, checked: Checked, ends: str, lone: str) -> None:
    """Files of old Macs; one carriage return in a text; line ends made twice: no record is broken or lost."""
    rows = CSV.replace(",N\n", f",N{lone}orth\n", 3).replace("\n", ends)
    (tmp_path / "x.csv").write_bytes(rows.encode())
    columns = {"call_id": "id", "received_at": "t", "district": "d"}
    found = checked("x.csv", columns=columns)
    assert (found["rows_read"], found["accepted"]) == (50, 50)


def test_files_of_old_macs_in_one_with_others(tmp_path: Path, checked: Checked) -> None:
    lines = CSV.splitlines()
    (tmp_path / "x.csv").write_bytes("\n".join([*lines[:20], "\r".join(lines[20:40]), *lines[40:], ""]).encode())
    assert checked("x.csv")["accepted"] == 50


def test_texts_in_two_encodings_in_one_file(tmp_path: Path, checked: Checked) -> None:
    raw = CSV.replace(",N\n", ",Québec\n").encode().splitlines(keepends=True)
    raw[10:30] = [line.decode().encode("cp1252") for line in raw[10:30]]
    (tmp_path / "x.csv").write_bytes(b"".join(raw))
    found = checked("x.csv")
    assert found["accepted"] == 50 and "cp1252" in found["sources"][0]["notes"][0]
    assert set(perflib.open(tmp_path / "department.yml").calls.district.execute()) == {"Québec"}


@pytest.mark.parametrize(
    "encoding",
    [
        "rot13",
        "zlib",
        "idna",
        "unicode_escape",
        "raw_unicode_escape",
        "utf-7",
        "punycode",
        "undefined",
        "base64",
        "hex",
        "no such",
        "é",
        "cp037",
        "hz",
    ],
)
def test_an_encoding_that_is_none_of_texts_is_refused(tmp_path: Path, checked: Checked, encoding: str) -> None:
    (tmp_path / "x.csv").write_text(CSV, encoding="utf-8")
    assert "no encoding of texts" in checked("x.csv", reader={"encoding": encoding})["errors"][0]


@pytest.mark.parametrize("encoding", ["latin-1", "cp437", "shift_jis", "gb18030", "big5", "koi8-r", "mac_roman"])
def test_encodings_of_the_world(tmp_path: Path, checked: Checked, encoding: str) -> None:
    (tmp_path / "x.csv").write_bytes(CSV.encode(encoding))
    assert checked("x.csv", reader={"encoding": encoding})["accepted"] == 50


def test_numbers_of_json_are_what_was_written(tmp_path: Path, checked: Checked) -> None:
    cells = ["1e3", "1007.0", "12345678901234567890123", "true", "NaN", "Infinity", "1e999"]
    cells += ['"\\ud83d"', '"\\ud83d\\ude00"']
    rows = [f'{{"id": "{place}", "t": "2024-01-01 10:00:00", "d": {cell}}}' for place, cell in enumerate(cells)]
    (tmp_path / "x.jsonl").write_text("\n".join(rows), encoding="utf-8")
    found = checked("x.jsonl")
    assert found["accepted"] == len(cells) and "half a character" in found["sources"][0]["notes"][0]
    calls = perflib.open(tmp_path / "department.yml").calls.order_by("call_id").execute()
    assert calls["district"].fillna("none").tolist() == [
        "1000",
        "1007",
        "12345678901234567890123",
        "true",
        "none",
        "Infinity",
        "1e999",
        "\ufffd",
        "\U0001f600",
    ]


def test_sheets_a_person_does_not_see(tmp_path: Path, checked: Checked) -> None:
    rows = [["id", "t", "d"], *([*one.values()] for one in RECORDS)]
    book(tmp_path / "x.xlsx", rows, codes="hidden", more="veryHidden")
    assert "2 hidden ones were not" in checked("x.xlsx")["sources"][0]["notes"][0]
    book(tmp_path / "x.xlsx", rows, other="visible")
    assert "`reader: {sheet: ...}`" in checked("x.xlsx")["errors"][0]
    assert checked("x.xlsx", reader={"sheet": "Sheet"})["accepted"] == 50
    assert "is empty" in checked("x.xlsx", reader={"sheet": "other"})["errors"][0]
    assert "no sheet 'Shet'; did you mean 'Sheet'" in checked("x.xlsx", reader={"sheet": "Shet"})["errors"][0]


def test_cells_of_excel(tmp_path: Path, checked: Checked) -> None:
    """Errors are said and blank, durations and dates of either epoch read, formulas without a value refused."""
    rows: list[list[Any]] = [["id", "t", "d"]]
    cells = ["#N/A", True, dt.timedelta(hours=30, minutes=5), dt.date(2024, 2, 29), dt.time(9, 5), 7.0, 0.1, "a\ufffeb"]
    rows += [[f"{place}", dt.datetime(2024, 1, 1, 10), cell] for place, cell in enumerate(cells)]
    for epoch in (openpyxl.utils.datetime.CALENDAR_WINDOWS_1900, openpyxl.utils.datetime.CALENDAR_MAC_1904):
        found = openpyxl.Workbook()
        found.epoch = epoch
        for row in rows:
            found.active.append(row)
        found.active["C2"].data_type = "e"
        found.active["C4"].number_format = "[h]:mm:ss"
        found.save(tmp_path / "x.xlsx")
        checkd = checked("x.xlsx")
        assert "1 cells hold an error of Excel and were read as blank, the first C2" in checkd["sources"][0]["notes"][0]
        calls = perflib.open(tmp_path / "department.yml").calls.order_by("call_id").execute()
        assert calls["district"].fillna("none").tolist()[:7] == [
            "none",
            "true",
            "30:05:00",
            "2024-02-29",
            "09:05:00",
            "7",
            "0.1",
        ]
        assert {str(stamp) for stamp in calls["received_at"]} == {"2024-01-01 16:00:00+00:00"}
    book(tmp_path / "x.xlsx", [*rows[:3], ["9", dt.datetime(2024, 1, 1), '=CONCAT("a","b")']])
    fault = checked("x.xlsx")["errors"][0]
    assert "cell C4 holds a formula that was never computed" in fault and "save it" in fault


@pytest.mark.parametrize("name", ["look.csv", "look.tsv", "look.xlsx", "look.json", "look.parquet", "look.csv.gz"])
def test_a_lookup_is_read_as_any_file(tmp_path: Path, checked: Checked, name: str) -> None:
    import gzip

    import pandas as pd

    (tmp_path / "x.csv").write_text(CSV, encoding="utf-8")
    frame = pd.DataFrame({"id": [one["id"] for one in RECORDS], "post": "P"})
    if name.endswith(".xlsx"):
        frame.to_excel(tmp_path / name, index=False)
    elif name.endswith(".json"):
        frame.to_json(tmp_path / name, orient="records")
    elif name.endswith(".parquet"):
        frame.to_parquet(tmp_path / name)
    else:
        text = frame.to_csv(index=False, sep="\t" if name.endswith(".tsv") else ",")
        (tmp_path / name).write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    columns = {"call_id": "id", "received_at": "t", "district": "look.post"}
    found = checked("x.csv", columns=columns, reader={"join": {"look": {"file": name, "on": ["id"]}}})
    assert found["accepted"] == 50 and found["sources"][0]["missing"]["district"] == 0
    assert name in found["sources"][0]["sha256"]
