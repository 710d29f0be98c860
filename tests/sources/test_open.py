"""A department file, a mapping and files of many kinds: what is read, and what each bad file is told."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml

import perflib
from perflib.errors import DepartmentError, MappingError, PerflibError, SourceError

COLUMNS = {"call_id": "id", "received_at": "t", "arrived_at": {"from": "a", "optional": True}}
GOOD = "id,t,a\n1,2025-01-01 10:00:00,2025-01-01 10:05:00\n2,2025-07-01 10:00:00,\n"


def given(folder: Path, files: str = "x.csv", columns: dict | None = None, **mapping: object) -> Path:
    """A department of one source in ``folder``."""
    raw = {"table": "calls", "columns": columns or COLUMNS, **mapping}
    (folder / "m.yml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    sources = [{"table": "calls", "files": files, "mapping": "m.yml"}]
    raw = {"name": "Town", "timezone": "America/New_York", "sources": sources, "districts": ["0412"]}
    raw |= {"roots": [str(Path(files).parent)]} if Path(files).is_absolute() else {}
    (folder / "d.yml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    return folder / "d.yml"


def opened(folder: Path, text: str | bytes, **mapping: object) -> perflib.Department:
    """A department of one CSV file of this content."""
    raw = text if isinstance(text, bytes) else text.encode()
    (folder / "x.csv").write_bytes(raw)
    return perflib.open(given(folder, **mapping))


def test_stamps_are_local_and_kept_in_utc(tmp_path: Path) -> None:
    found = opened(tmp_path, GOOD)
    stamps = found.calls.order_by("call_id").received_at.execute()
    assert [str(stamp) for stamp in stamps] == ["2025-01-01 15:00:00+00:00", "2025-07-01 14:00:00+00:00"]
    local = found.calls.select("call_id", at=found.local(found.calls.received_at)).order_by("call_id").execute()
    assert [str(stamp) for stamp in local["at"]] == ["2025-01-01 10:00:00", "2025-07-01 10:00:00"]
    assert found.settings == {"districts": ["0412"]}
    assert (found.name, found.timezone, found.main) == ("Town", "America/New_York", "calls")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"id,t,a\n", "header without rows"),
        (b"<!DOCTYPE html>\n<html><body>1,2</body></html>", "web page"),
        (b"id,t,a\n1,2025-01-01 10:00:00,\x00\n", "line 2: a NUL byte"),
        (b'id,t,a\n1,"2025-01-01 10:00:00,\n2,2025-01-01 10:00:00,\n', "line 2: a quote is opened and never closed"),
        (b'id,t,a\n1,"2025,\n2,2025,\n3,"x",\n4,2025-01-01 10:00:00,\n', "line 2: a broken quote would swallow 3"),
        (b"id,t,a\n1," + b"9" * 3_000_000, "line 2: a line of more than"),
        (b"id,time,a\n1,2,3\n", "no column 't', wanted for 'received_at'"),
        (b"id,t,t\n1,2,3\n", "'t' stands 2 times in the header (positions 2, 3)"),
        (GOOD.encode("utf-16"), "UTF-16"),
        (gzip.compress(GOOD.encode() * 999)[:-30], "damaged or cut short"),
        (b"id,t,a\n1,yesterday,\n", "none of 1 records was accepted: received_at: cannot be read as timestamp"),
        (b"id,t,a\n1,2025-01-01 10:00:00,\n2,,\n", "past the limit of 5.0%"),
        (b"id,t,a\n1,2025-01-01 10:00:00,\n1,2025-01-01 11:00:00,\n", "differ in: received_at"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(PerflibError) as caught:
        opened(tmp_path, content)
    assert words in str(caught.value)
    assert "x.csv" in str(caught.value)
    assert caught.value.__class__ in (SourceError, MappingError)


def test_a_stated_encoding_that_is_wrong_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"byte 0xe9.*utf-8 was wanted"):
        opened(tmp_path, "id,t,a\né,2025-01-01 10:00:00,\n".encode("cp1252"), reader={"encoding": "utf-8"})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = "id,t,a\né,2025-01-01 10:00:00,\n"
    found = opened(tmp_path, text.encode(encoding), reader={"encoding": encoding})
    assert found.calls.call_id.execute().tolist() == ["é"]


def test_a_folder_a_missing_file_and_an_empty_glob_are_said(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    with pytest.raises(SourceError, match="is a folder, a file was wanted"):
        perflib.open(given(tmp_path, "sub"))
    with pytest.raises(SourceError, match="no file matches"):
        perflib.open(given(tmp_path, "none-*.csv"))
    with pytest.raises(DepartmentError, match="no such department file"):
        perflib.open(tmp_path / "other.yml")


def test_a_file_held_by_another_program_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from perflib.sources import unpacked

    def held(*_: object, **__: object) -> None:
        raise PermissionError(13, "held")

    monkeypatch.setattr(unpacked, "open", held, raising=False)
    with pytest.raises(SourceError, match="close it in Excel"):
        opened(tmp_path, GOOD)


def test_every_reason_is_given_and_the_raw_text_kept(tmp_path: Path) -> None:
    rows = [
        "id,t,a,n,s",
        "1,2025-01-01 10:00:00,2025-01-01 09:00:00,-1,X",
        ",nonsense,,1.5,P",
        '"3","2025-01-01 10:00:00",,,"P"',
        "4,2025-01-01 10:00:00",
        "1,2025-01-01 10:00:00,,2,P",
        "1,2025-01-01 10:00:00,,2,P",
    ]
    columns = {**COLUMNS, "unit_count": "n", "service": {"from": "s", "recode": {"P": "police"}}}
    found = opened(tmp_path, "\n".join(rows), columns=columns, quarantine_limit=0.9)
    report = found.sources[0]
    assert (report.read, report.accepted, report.quarantined) == (6, 2, 4)
    held = report.quarantine
    assert list(held.columns) == ["file", "record", "line", "reasons", "raw"]
    assert held.record.tolist() == [1, 2, 4, 6]
    assert held.line.tolist() == [2, 3, 5, 7]
    assert held.raw.tolist() == [rows[place] for place in (1, 2, 4, 6)]
    assert held.reasons.tolist() == [
        "service: not an allowed value; unit_count: outside 0 to any; arrived_before_received",
        "call_id: missing; received_at: cannot be read as timestamp; unit_count: cannot be read as integer",
        "fields: not the 5 of the header",
        "call_id: duplicate of an earlier record",
    ]


def test_headers_of_one_glob_may_change(tmp_path: Path) -> None:
    (tmp_path / "w1.csv").write_text("id,t,Beat\n1,2025-01-01 10:00:00,0412\n", encoding="utf-8")
    (tmp_path / "w2.csv").write_text("extra,BEAT,t,id\nx,832.0,2025-01-02 10:00:00,2\n", encoding="utf-8")
    columns = {**COLUMNS, "beat": {"from": {"any": ["Beat", "BEAT"]}, "strip_decimal": True, "pad": 4}}
    found = perflib.open(given(tmp_path, "w*.csv", columns))
    assert found.calls.order_by("call_id").beat.execute().tolist() == ["0412", "0832"]
    assert found.sources[0].files == ("w1.csv", "w2.csv")
    assert found.sources[0].missing["arrived_at"] == 1.0


def test_the_language(tmp_path: Path) -> None:
    text = "i;d;h;lat;n;f\n1;03/04/29;14:30;42,5;1.234;Y\n2;03/04/31;14:30;-0,5;-;\n"
    columns = {
        "call_id": "i",
        "received_at": {"from": ["d", "h"], "format": "%d/%m/%y %H:%M", "pivot": 30},
        "lat": {"from": "lat", "decimal": ","},
        "unit_count": {"from": "n", "decimal": ","},
        "district": {"value": "all"},
    }
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    found = perflib.open(given(tmp_path, columns=columns), personal=["lat"])
    rows = found.calls.order_by("call_id").execute()
    assert [str(found) for found in rows.received_at] == ["2029-04-03 18:30:00+00:00", "1931-04-03 19:30:00+00:00"]
    assert rows.lat.tolist() == [42.5, -0.5]
    assert rows.unit_count.tolist()[0] == 1234 and pd.isna(rows.unit_count[1])
    assert set(rows.district) == {"all"}
    assert "lat" not in perflib.open(tmp_path / "d.yml").calls.columns
    with pytest.raises(MappingError, match="no personal column 'latt'"):
        perflib.open(tmp_path / "d.yml", personal=["latt"])


def test_stamps_with_an_offset_and_missing_dates(tmp_path: Path) -> None:
    text = "id,t,a\n1,2025-01-01T10:00:00Z,1900-01-01 00:00:00\n2,2025-01-01 10:00:00+02:00,\n3,2025-01-01,\n"
    columns = {**COLUMNS, "arrived_at": {"from": "a", "missing": ["1900-01-01"]}}
    rows = opened(tmp_path, text, columns=columns).calls.order_by("call_id").execute()
    assert [str(stamp) for stamp in rows.received_at] == [
        "2025-01-01 10:00:00+00:00",
        "2025-01-01 08:00:00+00:00",
        "2025-01-01 05:00:00+00:00",
    ]
    assert rows.arrived_at.isna().all()


def test_a_filter_is_logged_and_its_rows_are_no_duplicates(tmp_path: Path) -> None:
    text = "id,t,v\n1,2025-01-01 10:00:00,2\n1,2025-01-01 10:00:00,1\n2,2025-01-01 10:00:00,1\n"
    rule = {"column": "v", "keep": ["1"], "because": "two releases overlap"}
    found = opened(tmp_path, text, filter=[rule])
    step = found.log[0]
    assert (step.rows_before, step.rows_after, step.because) == (3, 2, "two releases overlap")
    assert found.sources[0].accepted == 3 and found.calls.count().execute() == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"columns": {**COLUMNS, "beet": "x"}}, "did you mean 'beat'"),
        ({"colums": {}}, "unknown key 'colums'"),
        ({"columns": {"call_id": "id"}}, "no rule for the required column received_at"),
        ({"columns": {**COLUMNS, "beat": {"from": "b", "formt": "x"}}}, "did you mean 'format'"),
        ({"timezone": "Mars/Base"}, "unknown time zone"),
        ({"reader": {"format": "cvs"}}, "did you mean 'csv'"),
    ],
)
def test_a_wrong_mapping_is_refused(tmp_path: Path, change: dict, words: str) -> None:
    with pytest.raises(MappingError, match=words):
        opened(tmp_path, GOOD, **change)


def test_names_from_a_mapping_are_never_statements(tmp_path: Path) -> None:
    name = "x\"'; DROP TABLE calls; --"
    text = f'id,t,"{name.replace(chr(34), chr(34) * 2)}"\n1,2025-01-01 10:00:00,it\'s\n'
    columns = {**COLUMNS, "district": {"from": name, "recode": {"it's": "o'clock"}, "otherwise": "'"}}
    assert opened(tmp_path, text, columns=columns).calls.district.execute().tolist() == ["o'clock"]


def test_the_other_readers(tmp_path: Path) -> None:
    stamps = pd.to_datetime(["2025-01-01 10:00", "2025-07-01 10:00"])
    frame = pd.DataFrame({"id": ["1", "2"], "t": stamps, "a": [None] * 2})
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    frame.to_parquet(tmp_path / "b.parquet")
    frame.to_csv(tmp_path / "c.tsv", sep="\t", index=False)
    frame.to_csv(tmp_path / "d.zip", sep="|", index=False)
    frame.to_csv(tmp_path / "e.csv.gz", sep=";", index=False)
    records = frame.astype({"t": str}).to_json(orient="records")
    (tmp_path / "f.json").write_text(records, encoding="utf-8")
    (tmp_path / "g.json.gz").write_bytes(gzip.compress(records.encode()))
    with duckdb.connect(str(tmp_path / "h.duckdb")) as con:
        con.execute('CREATE TABLE "my ""calls" AS SELECT id, t, NULL::VARCHAR AS a FROM frame')
    for file in ("a.xlsx", "b.parquet", "c.tsv", "d.zip", "e.csv.gz", "f.json", "g.json.gz", "h.duckdb"):
        reader = {"relation": 'my "calls'} if file == "h.duckdb" else {}
        found = perflib.open(given(tmp_path, file, reader=reader))
        stamps = [str(stamp) for stamp in found.calls.order_by("call_id").received_at.execute()]
        assert stamps == ["2025-01-01 15:00:00+00:00", "2025-07-01 14:00:00+00:00"], file


def test_a_folder_of_canonical_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame({"call_id": ["1"], "received_at": pd.to_datetime(["2025-01-01 10:00"]).tz_localize("UTC")})
    frame.to_parquet(tmp_path / "calls.parquet")
    (tmp_path / "department.yml").write_text("name: Town\ntimezone: Asia/Tokyo\n", encoding="utf-8")
    found = perflib.open(tmp_path)
    assert (found.name, found.timezone) == ("Town", "Asia/Tokyo")
    assert str(found.calls.received_at.execute()[0]) == "2025-01-01 10:00:00+00:00"


@pytest.mark.realdata
def test_dispatch_records_are_all_accounted_for(tmp_path: Path, realdata: Path) -> None:
    columns = {
        "call_id": "Master_Incident_Number",
        "received_at": "Incident_Start_Time",
        "arrived_at": "Incident_Arrival_Time",
        "dispatched_at": "Incident_Dispatch_Time",
        "enroute_at": "Incident_Enroute_Time",
    }
    report = perflib.open(given(tmp_path, str(realdata / "decc_cad" / "week[0-9]*.csv"), columns)).sources[0]
    assert (report.read, report.accepted, report.quarantined) == (28_751, 28_740, 11)
    assert report.reasons == {"call_id: missing": 11}
    assert len(report.files) == 18
    assert report.clock_change_rows > 0


@pytest.mark.realdata
def test_a_published_web_page_is_refused(tmp_path: Path, realdata: Path) -> None:
    with pytest.raises(SourceError, match="a web page, not a table of records"):
        perflib.open(given(tmp_path, str(realdata / "html_as_csv" / "911.csv")))


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = given(tmp_path)
    (tmp_path / "x.csv").write_text(GOOD, encoding="utf-8")
    mapping = (tmp_path / "m.yml").read_text(encoding="utf-8")
    doubled = mapping.replace("  call_id: id\n", "  call_id: id\n  call_id: t\n")
    (tmp_path / "m.yml").write_text(doubled, encoding="utf-8")
    with pytest.raises(MappingError, match=r"m\.yml.*key 'call_id' stands twice"):
        perflib.open(path)
    (tmp_path / "m.yml").write_text(mapping, encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8") + "name: Other\n", encoding="utf-8")
    with pytest.raises(DepartmentError, match="key 'name' stands twice"):
        perflib.open(path)


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for year, text in (("2024", GOOD), ("2025", "id,t,a\n3,2025-01-01 10:00:00,\n" + GOOD.splitlines()[1] + "\n")):
        (tmp_path / year).mkdir()
        (tmp_path / year / "calls.csv").write_text(text, encoding="utf-8")
    report = perflib.open(given(tmp_path, files="**/calls.csv", quarantine_limit=1)).sources[0]
    assert report.files == ("2024/calls.csv", "2025/calls.csv")
    assert report.quarantine["file"].tolist() == ["2025/calls.csv"]
    assert len(report.sha256) == 2


def test_a_record_that_is_not_known_apart_from_its_padding(tmp_path: Path) -> None:
    found = opened(tmp_path, "id,t,a\n\u00a01,2025-01-01 10:00:00,\n")
    assert found.calls.call_id.execute().tolist() == ["1"]


def test_the_file_inside_a_folder_of_tables_points_to_its_folder(small_city) -> None:
    with pytest.raises(DepartmentError, match="name the folder, not this file"):
        perflib.open(Path(small_city) / "department.yml")
