"""Issue 10, A.7: a file that is damaged, hostile or endless is refused by name, at once and in little memory."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Checked = Callable[..., dict[str, Any]]
ROW = "2024-01-01 10:00:00"
CSV = f"id,t,d\n1,{ROW},N\n"
NAMES = ("x.csv", "x.tsv", "x.json", "x.jsonl", "x.xlsx", "x.parquet", "x.duckdb", "x.csv.gz", "x.zip")
#: MB that a check may take beyond what the program itself takes
SPARE = 400


def refused(checked: Checked, file: str, **mapping: Any) -> str:
    """The one message with which a file is refused; a DuckDB file is asked for a table."""
    reader = {"relation": "calls"} if file.endswith(".duckdb") else {}
    found = checked(file, **{"reader": reader, **mapping})
    assert found["accepted"] == 0 and len(found["errors"]) == 1 and file.rstrip("*") in found["errors"][0]
    return str(found["errors"][0])


def sheet(path: Path, cells: Iterator[bytes] | list[bytes]) -> None:
    """A workbook whose one sheet has this content."""
    openpyxl.Workbook().save(path)
    with zipfile.ZipFile(path) as given:
        parts = {name: given.read(name) for name in given.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            with made.open(name, "w", force_zip64=True) as part:
                for piece in [content] if name != "xl/worksheets/sheet1.xml" else cells:
                    part.write(piece)


def xml(*rows: str) -> list[bytes]:
    """The content of a sheet with these rows."""
    start = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return [start.encode(), *(row.encode() for row in rows), b"</sheetData></worksheet>"]


def cell(place: str, text: str) -> str:
    attribute = f' r="{place}"' if place else ""
    return f'<c{attribute} t="inlineStr"><is><t>{text}</t></is></c>'


_RUN = """
import resource, sys
from perflib.__main__ import main
if sys.argv[2:]:
    size = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
code = main(["check", "--json", sys.argv[1]])
print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, file=sys.stderr)
"""


def apart(department: Path, *limits: str) -> tuple[str, int]:
    """Check in a process of its own: what it says, and the MB of memory it took at most."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(department), *limits],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        encoding="utf-8",
    )
    code, size = done.stderr.split()
    assert code in ("0", "1"), done.stderr
    return done.stdout, int(size)


needs_resource = pytest.mark.skipif(sys.platform == "win32", reason="Windows tells and bounds no such thing")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_a_file(tmp_path: Path, checked: Checked, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    refused(checked, name)
    (tmp_path / name).write_bytes({".gz": gzip.compress(b"")}.get(Path(name).suffix, b"\n"))
    refused(checked, name)


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_a_pipe_a_loop_and_a_device(tmp_path: Path, checked: Checked, name: str) -> None:
    (tmp_path / name).mkdir()
    assert "is a folder" in refused(checked, name)
    (tmp_path / name).rmdir()
    if hasattr(os, "mkfifo"):
        for make, words in (
            (lambda: os.mkfifo(tmp_path / name), "a pipe or a device"),
            (lambda: (tmp_path / name).symlink_to(name), "cannot be followed"),
            (lambda: (tmp_path / name).symlink_to("/dev/zero"), "leads out of"),
        ):
            make()
            assert words in refused(checked, name)
            (tmp_path / name).unlink()


def test_loops_of_folders_have_an_end(tmp_path: Path, checked: Checked) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.csv").write_text(CSV, encoding="utf-8")
    for name in ("one", "two", "three"):
        (tmp_path / "a" / name).symlink_to(".", target_is_directory=True)
    begun = time.monotonic()
    assert checked("a/**/*.csv")["rows_read"] >= 1
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.json", "[" * 200_000 + "]" * 200_000, "in one another"),
        ("x.json", '[{"id": 1, "t": "' + ROW + '", "d": ' + "[" * 60 + "]" * 60 + "}]", "in one another"),
        ("x.jsonl", '{"id": ' + '{"a":' * 50_000 + "1" + "}" * 50_001, "in one another"),
        ("x.json", '[{"id": ' + "9" * 6000 + "}]", "digits"),
        ("x.json", '[{"id": ' + "9" * 1001 + "}]", "digits"),
        ("x.json", '[{"id": 1, "id": 2, "t": "' + ROW + '"}]', "'id' stands twice"),
        ("x.jsonl", '{"id": 1, "t": {"a": 1, "a": 2}}', "'a' stands twice"),
        ("x.json", "[1, 2]", "not a list of records"),
        ("x.json", '[{"id": 1}, null]', "record 2: not a list of"),
        ("x.json", "null", "not a list of records"),
        ("x.json", '"text"', "not a list of records"),
        ("x.json", "[[1, 2], [3, 4]]", "not a list of records"),
        ("x.json", '{"a": []}', "without rows"),
        ("x.json", "[]", "without rows"),
        ("x.json", '[{"id": 1},]', "line 1: not readable as JSON"),
        ("x.json", '[{"id": 1}', "line 1: not readable"),
        ("x.json", '[{"id": 1}]\n\n[', "line 3: not readable"),
        ("x.jsonl", '{"id": 1}\n{"id": \n', "line 3: not readable"),
        ("x.json", '[{"id": 1} {"id": 2}]', "a comma"),
        ("x.json", "[" + '{"id": "' + "x" * 40_000_000 + '"}]', "of more than 32 million characters"),
        ("x.json", "[{" + ",".join(f'"k{at}":1' for at in range(400_000)) + "}]", "more than 5,000 columns"),
        ("x.jsonl", "".join(f'{{"k{at}": 1}}\n' for at in range(6_000)), "more than 5,000 columns"),
        ("x.json", '[{"' + "k" * 1001 + '": 1}]', "a column with a name of 1,001"),
        ("x.csv", "id,t,d" + ",x" * 400_000 + "\n1,2,3\n", "more than 5,000 columns"),
        ("x.csv", "id,t," + "x" * 1001 + "\n1,2,3\n", "a column with a name of 1,001"),
        ("x.csv", "id,t,d\n1," + "9" * 3_000_000, "line 2: a line of more than"),
        ("x.csv", "id,t,d\n1," + "9" * 200_000, "line 2: not readable as a record (field larger"),
        ("x.csv", "REPORT OF THE TOWN\n" + CSV, "a title, no header"),
        ("x.csv", CSV.encode("utf-32"), "UTF-32 found"),
        ("x.csv", CSV.encode("utf-16-le"), "a NUL byte"),
        ("x.csv", CSV.encode() + b"\0\n", "line 3: a NUL byte"),
        ("x.csv", b"\x28\xb5\x2f\xfd" + b"1" * 99, "a zstd file"),
        ("x.csv", b"BZh91AY", "a bzip2 file"),
        ("x.csv", b"%PDF-1.7", "a PDF"),
        ("x.csv", b"Rar!\x1a", "a rar archive"),
        ("x.csv", b"PAR1" + b"1" * 99, "`reader: {format: parquet}`"),
        ("x.csv", b"\xd0\xcf\x11\xe0", "format: excel"),
        ("x.csv", b"12345678DUCK", "format: duckdb"),
        ("x.json", b"PAR1", "a Parquet file"),
        ("x.parquet", CSV, "not a Parquet file"),
        ("x.duckdb", CSV, "not a DuckDB file"),
        ("x.parquet", b"PAR1" + b"junk" * 99 + b"PAR1", "not readable as Parquet"),
        ("x.duckdb", b"12345678DUCK" + b"junk" * 9999, "cannot be read"),
        ("x.xlsx", b"PK\x03\x04" + b"junk" * 99, "not readable as an Excel"),
        ("x.xls", b"\xd0\xcf\x11\xe0" + b"junk" * 999, "not readable as an Excel"),
        ("x.xlsx", b"\x80\x04\0\0posix\nsystem\n.", "neither a workbook nor text"),
        ("x.csv.gz", gzip.compress(CSV.encode() * 999, mtime=0)[:-30], "damaged or cut short"),
        ("x.csv.gz", gzip.compress(gzip.compress(CSV.encode(), mtime=0), mtime=0), "a gzip file, text was wanted"),
        ("x.zip", b"PK\x03\x04" + b"junk" * 99, "damaged or cut short"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, checked: Checked, name: str, content: str | bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    fault = refused(checked, name)
    assert words in fault, fault
    assert str(tmp_path) not in fault and len(fault) < 600 and fault.isprintable()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives(tmp_path: Path, checked: Checked) -> None:
    file = tmp_path / "x.zip"
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("a.csv", CSV)
    good = file.read_bytes()
    raw = bytearray(good)
    raw[6] |= 1
    raw[raw.find(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(raw)
    assert "encrypted, a password is needed" in refused(checked, "x.zip")
    raw = bytearray(good)
    raw[8] = raw[raw.find(b"PK\x01\x02") + 10] = 99
    file.write_bytes(raw)
    assert "damaged or cut short" in refused(checked, "x.zip")
    file.write_bytes(good[:-40])
    refused(checked, "x.zip")
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("../../../leaves_the_archive.csv", CSV)
    assert checked("x.zip")["accepted"] == 1 and not list(tmp_path.parent.rglob("leaves_the_archive.csv"))
    with zipfile.ZipFile(file, "w") as made:
        made.write(__file__, "inner.zip")
        made.writestr("inner.zip", good)
    refused(checked, "x.zip")
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("inner.zip", good)
    assert "a zip archive or a workbook, text was wanted" in refused(checked, "x.zip")
    with zipfile.ZipFile(file, "w") as made:
        for place in range(11_000):
            made.writestr(f"{place}.csv", "")
    assert "more than 10,000 files" in refused(checked, "x.zip")
    with zipfile.ZipFile(file, "w") as made:
        for place in range(20):
            made.writestr(str(place) + "x" * 60_000 + "/" * (place == 0) + ".csv", "")
    refused(checked, "x.zip", reader={"member": "a.csv"})


def test_workbooks(tmp_path: Path, checked: Checked) -> None:
    head = f'<row r="1">{cell("A1", "id")}{cell("B1", "t")}</row>'
    sheet(tmp_path / "x.xlsx", xml(head, f'<row r="1048576">{cell("A1048576", "1")}{cell("B1048576", ROW)}</row>'))
    assert checked("x.xlsx")["accepted"] == 1
    sheet(tmp_path / "x.xlsx", xml(head, f'<row r="1048576">{cell("XFD1048576", "1")}</row>'))
    assert "two cells may stand far apart" in refused(checked, "x.xlsx")
    sheet(tmp_path / "x.xlsx", xml(head, '<row r="4294967295"><c r="A4294967295"><v>1</v></c></row>'))
    refused(checked, "x.xlsx")
    sheet(tmp_path / "x.xlsx", xml('<row r="1">' + cell("", "id") * 400_000 + "</row>" + head))
    refused(checked, "x.xlsx")
    entity = b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:' + b'///etc/passwd">]>'
    sheet(tmp_path / "x.xlsx", [entity, *xml(head.replace("id", "&a;"))])
    assert "root" not in refused(checked, "x.xlsx")
    good = tmp_path / "good.xlsx"
    pd.DataFrame({"id": ["1"], "t": [ROW], "d": ["N"]}).to_excel(good, index=False)
    for size in (10, 100, 1000, 4000):
        (tmp_path / "x.xlsx").write_bytes(good.read_bytes()[:size])
        refused(checked, "x.xlsx")


def test_parquet(tmp_path: Path, checked: Checked) -> None:
    file = tmp_path / "x.parquet"
    good = pa.table({"id": [str(at) for at in range(5000)], "t": [ROW] * 5000, "d": ["N"] * 5000})
    pq.write_table(good, file, row_group_size=500)
    raw = file.read_bytes()
    for at in (40, 400, len(raw) // 2):  # a page of data, not the footer
        file.write_bytes(raw[:at] + bytes(255 - one for one in raw[at : at + 200]) + raw[at + 200 :])
        checked("x.parquet")
    for cut in (5, 20, 500):
        file.write_bytes(raw[:-cut])
        refused(checked, "x.parquet")
    pq.write_table(good.append_column("file_row_number", pa.array(range(5000))), file)
    checked("x.parquet")
    pq.write_table(pa.table({f"k{at}": [1] for at in range(20_000)}), file)
    assert "more than 5,000 columns" in refused(checked, "x.parquet")
    odd = pa.table(
        {
            "id": [b"\xff\xfe", b"2"],
            "t": [ROW, ROW],
            "d": [[{"a": 1}], []],
            "l": [["a"], []],
            'e"); DROP TABLE x; --': [1, 2],
        }
    )
    pq.write_table(odd, file)
    assert checked("x.parquet")["accepted"] == 2
    pq.write_table(pa.table([["1"], ["2"], [ROW]], names=["id", "id", "t"]), file)
    checked("x.parquet")


def repeated(path: Path, form: str) -> None:
    """A small file in which one text of 4 MB stands in each of 100,000 rows."""
    if form == "duckdb":
        with duckdb.connect(str(path)) as con:
            con.execute(
                f"CREATE VIEW calls AS SELECT range AS id, '{ROW}' AS t, repeat('x', 4000000) AS d FROM range(100000)"
            )
    else:
        column = pa.DictionaryArray.from_arrays(pa.array([0] * 10**5, pa.int32()), pa.array(["x" * 4_000_000]))
        table = pa.table({"id": range(10**5), "t": [ROW] * 10**5, "d": column})
        pq.write_table(table, path, compression="gzip", write_statistics=False)


@needs_resource
@pytest.mark.parametrize("form", ["parquet", "duckdb"])
def test_a_long_text_that_stands_in_every_row(tmp_path: Path, town: Callable[..., Path], form: str) -> None:
    (tmp_path / "small.csv").write_text(CSV, encoding="utf-8")
    columns = {"call_id": "id", "received_at": "t", "district": "d"}
    _, least = apart(town({}, [("calls", "small.csv", columns)]))
    repeated(tmp_path / f"x.{form}", form)
    reader = {"reader": {"relation": "calls"}} if form == "duckdb" else {}
    out, size = apart(town({}, [("calls", f"x.{form}", {"columns": columns, **reader})]))
    assert "a text of 4,000,000 bytes" in json.loads(out)["errors"][0] and size < least + SPARE


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "parquet", "duckdb"])
def test_too_long_a_text_and_too_many_records(
    tmp_path: Path, checked: Checked, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from perflib.files import limits

    frame = pd.DataFrame({"id": ["1", "2"], "t": [ROW, ROW], "d": ["N", "x" * 140_000]})
    file = tmp_path / f"x.{form}"
    if form == "duckdb":
        with duckdb.connect(str(file)) as con:
            con.execute("CREATE TABLE calls AS SELECT * FROM frame")
    elif form == "parquet":
        frame.to_parquet(file)
    elif form == "csv":
        frame.to_csv(file, index=False)
    else:
        frame.to_json(file, orient="records", lines=form == "jsonl")
    fault = refused(checked, file.name)
    assert "a text of 140,000 bytes" in fault or "field larger than" in fault
    monkeypatch.setattr(limits, "RECORDS", 1)
    monkeypatch.setattr(limits, "CELL", 10**6)
    if form in ("parquet", "duckdb"):
        assert "more than 1 records" in refused(checked, file.name)


def test_lookups_and_folders_of_tables_are_guarded_too(tmp_path: Path, checked: Checked) -> None:
    from perflib.__main__ import main

    (tmp_path / "x.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "look.json").write_text("[" * 99_999, encoding="utf-8")
    (tmp_path / "look.zip").write_bytes(b"PK\x03\x04junk")
    for file in ("look.json", "look.zip", "none.csv", "."):
        found = checked("x.csv", reader={"join": {"look": {"file": file, "on": ["id"]}}})
        assert found["accepted"] == 0 and len(found["errors"]) == 1
    folder = tmp_path / "tables"
    folder.mkdir()
    for content in (b"", b"PAR1" + b"junk" * 99 + b"PAR1"):
        (folder / "calls.parquet").write_bytes(content)
        assert main(["check", str(folder)]) == 1
    if hasattr(os, "mkfifo"):
        (folder / "calls.parquet").unlink()
        os.mkfifo(folder / "calls.parquet")
        assert main(["check", str(folder)]) == 1


@needs_resource
@pytest.mark.parametrize("form", ["csv", "json", "xlsx", "parquet"])
def test_a_full_disk_is_said(tmp_path: Path, town: Callable[..., Path], form: str) -> None:
    rows = [{"id": f"{at}-{at * 7919 % 10**9}", "t": ROW, "d": f"N{at * 104729 % 10**9}"} for at in range(60_000)]
    frame = pd.DataFrame(rows if form != "xlsx" else rows[:20_000])
    {
        "csv": lambda: frame.to_csv(tmp_path / "x.csv", index=False),
        "xlsx": lambda: frame.to_excel(tmp_path / "x.xlsx", index=False),
        "json": lambda: frame.to_json(tmp_path / "x.json", orient="records"),
        "parquet": lambda: frame.to_parquet(tmp_path / "x.parquet"),
    }[form]()
    columns = {"call_id": "id", "received_at": "t", "district": "d"}
    out, _ = apart(town({}, [("calls", f"x.{form}", columns)]), "65536")
    assert "no room in the temporary folder" in json.loads(out)["errors"][0]


def packed_rows(write: Callable[[bytes], Any], head: bytes, piece: bytes, tail: bytes = b"") -> None:
    write(head)
    for _ in range(1500):
        write(piece * ((1 << 20) // len(piece)))
    write(tail)


def bomb(path: Path, kind: str) -> None:
    """A small file that unpacks to 1.5 GB, or one that would take as much to hold."""
    row = f"1,{ROW},N\n".encode()
    if kind == "zip":
        made = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        with made, made.open("a.csv", "w", force_zip64=True) as part:
            packed_rows(part.write, b"id,t,d\n", row)
    elif kind == "xlsx":
        rows = f"<row>{cell('', 'aaaaaaaa')}</row>".encode() * 2000
        sheet(path, [xml()[0], *[rows] * 15_000, xml()[1]])
    else:
        head, piece, tail = {
            "gz": (b"id,t,d\n", row, b""),
            "string": (b'[{"id":"', b"x", b'"}]'),
            "blanks": (b"[", b" ", b"]"),
            "lists": (b'[{"id":', b"[],", b"}]"),
            "nothing": (b"", b"\n", b""),
            "line": (b"id,t,d\n", b"x", b""),
        }[kind]
        with gzip.open(path, "wb", compresslevel=6) as packed:
            packed_rows(packed.write, head, piece, tail)


@needs_resource
@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("gz", "x.csv.gz"),
        ("zip", "x.zip"),
        ("xlsx", "x.xlsx"),
        ("line", "x.csv.gz"),
        ("string", "x.json.gz"),
        ("blanks", "x.json.gz"),
        ("lists", "x.json.gz"),
        ("nothing", "x.csv.gz"),
    ],
)
def test_what_unpacks_without_end_is_refused_in_little_memory(
    tmp_path: Path, town: Callable[..., Path], kind: str, name: str
) -> None:
    (tmp_path / "small.csv").write_text(CSV, encoding="utf-8")
    columns = {"call_id": "id", "received_at": "t"}
    _, least = apart(town({}, [("calls", "small.csv", columns)]))
    bomb(tmp_path / name, kind)
    begun = time.monotonic()
    out, size = apart(town({}, [("calls", name, columns)]))
    assert json.loads(out)["errors"] and name in json.loads(out)["errors"][0]
    assert size < least + SPARE and time.monotonic() - begun < 60


@needs_resource
@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "xlsx", "wide"])
def test_large_files_are_read_within_the_stated_memory(tmp_path: Path, town: Callable[..., Path], form: str) -> None:
    from perflib.files import limits

    columns = {"call_id": "id", "received_at": "t"}
    count = {"xlsx": 150_000, "wide": 2_000}.get(form, 1_000_000)
    file = tmp_path / f"x.{'csv' if form == 'wide' else form}"
    more = [f"k{at}" for at in range(4_000)] if form == "wide" else ["d", "e", "f"]
    if form == "xlsx":
        book = openpyxl.Workbook(write_only=True)
        made = book.create_sheet()
        made.append(["id", "t", *more])
        for at in range(count):
            made.append([str(at), ROW, *(f"{name}{at}" for name in more)])
        book.save(file)
    elif form in ("csv", "wide"):
        with file.open("w", encoding="utf-8") as out:
            out.write(",".join(["id", "t", *more]) + "\n")
            out.writelines(f'{at},{ROW},"{at}"' + ",x" * (len(more) - 1) + "\n" for at in range(count))
    else:
        with file.open("w", encoding="utf-8") as out:
            rows = (json.dumps({"id": at, "t": ROW, **dict.fromkeys(more, f"text {at}")}) for at in range(count))
            out.write("\n".join(rows) if form == "jsonl" else "[" + ",\n".join(rows) + "]")
    said, size = apart(town({}, [("calls", file.name, columns)]))
    assert json.loads(said)["accepted"] == count, json.loads(said)["errors"]
    assert size << 20 < limits.MEMORY / 2
