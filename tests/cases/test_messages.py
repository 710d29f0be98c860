"""No message repeats what a record, a key of a lookup or a name in a file says, whatever column it was mapped to.

Every cell is a marker of its own: a name, a narrative, an id, a telephone number. Departments with every kind of fault
are opened, checked and reported; no marker may stand in anything that is printed, raised or written.
"""

from __future__ import annotations

import json
import traceback
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import nbformat
import pandas as pd
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook

import perflib as pf
from perflib import schema, selection
from perflib.__main__ import main

MARK = "Qzjxv"
ZONE = "America/New_York"
#: a marker of each class; what must not be repeated of it stands in SECRET
CLASSES: dict[str, Callable[[str], str]] = {
    "name": lambda at: f"{MARK}{at.lower()}, {MARK}{at.lower()}son",
    "narrative": lambda at: f"Spoke to {MARK}{at} about {MARK}{at}, who lives in 12 {MARK}{at} Street, would not talk",
    "word": lambda at: f"{MARK}{at}",
    "id": lambda at: f"9137{sum(map(ord, at)):03d}{len(at)}",
    "phone": lambda at: f"617-555-{sum(map(ord, at)):04d}",
    "address": lambda at: f"{MARK}{at}@example.org",
}
SECRET = (MARK.lower(), "9137", "617-555")
VALID = {
    "timestamp": "2025-01-{:02d} 10:00:00",
    "date": "2025-01-{:02d}",
    "integer": "{}",
    "number": "{}.5",
    "boolean": "true",
}


def marker(kind: str, *at: object) -> str:
    return CLASSES[kind]("".join(chr(97 + int(sign)) if sign.isdigit() else sign for sign in "x".join(map(str, at))))


def rows_of(table: str, typed: bool, rows: int = 12) -> list[list[str]]:
    """The header and rows of a table: every cell a marker of one class, or (``typed``) where any text will do."""
    kinds = list(CLASSES)
    columns = schema.get(table).columns
    found = [[f"col_{name}" for name in columns]]
    for n in range(1, rows + 1):
        cells = []
        for place, column in enumerate(columns.values()):
            text = column.allowed[0] if column.allowed else VALID.get(column.type, "").format(n + int(column.low or 0))
            text = str(column.low) if column.high is not None else text
            cells.append(text if typed and text else marker(kinds[(n + place) % len(kinds)], n, place))
        found.append(cells)
    return found


def written(folder: Path, table: str, rows: Sequence[Sequence[str]], **more: object) -> Path:
    """A department of one CSV and the mapping of all its columns; ``more`` are further keys of the mapping."""
    pd.DataFrame(rows).to_csv(folder / "export.csv", index=False, header=False)
    return described(folder, table, "export.csv", **more)


def described(folder: Path, table: str, file: str, **more: object) -> Path:
    extra = more.pop("department", {})
    columns = more.pop("columns", {name: f"col_{name}" for name in schema.get(table).columns})
    mapping = {"table": table, "columns": columns, **more}
    (folder / "mapping.yml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    sources = [{"table": table, "files": file, "mapping": "mapping.yml"}]
    content = {"name": "Graz", "timezone": ZONE, "sources": sources, **extra}  # type: ignore[dict-item]
    (folder / "department.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder / "department.yml"


def said(department: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """All that the commands print of a department, and all that opening it raises, causes included."""
    for command in (["check"], ["check", "--json"], ["quarantine"]):
        main([command[0], str(department), *command[1:]])
    try:
        dept = pf.open(department)
        raised = repr(dept) + pf.metrics.quality.quality(dept).summary()
    except Exception as fault:
        assert isinstance(fault, pf.errors.PerflibError), fault
        raised = "".join(traceback.format_exception(fault)) + str(vars(fault))
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    return printed.out + printed.err + raised


def leaks(text: str) -> list[str]:
    return [text[max(0, text.lower().index(secret) - 60) :][:160] for secret in SECRET if secret in text.lower()]


@pytest.mark.parametrize("table", schema.names())
def test_a_text_of_the_wrong_type_is_told_by_its_shape(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = said(written(tmp_path, table, rows_of(table, typed=False)), capsys)
    assert not leaks(found)


@pytest.mark.parametrize("table", schema.names())
def test_records_without_a_header_show_none(table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = said(written(tmp_path, table, rows_of(table, typed=True)[1:]), capsys)
    assert "no column" in found and not leaks(found)


@pytest.mark.parametrize("table", schema.names())
def test_doubled_keys_undeclared_districts_and_filters_show_none(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = rows_of(table, typed=True)
    first = [*rows, *rows[1:]]
    # the department still opens, and its texts are in the tables; what is looked at are the words about it
    file = written(tmp_path, table, first, quarantine_limit=0.9, department={"districts": ["North", "South"]})
    main(["check", str(file)])
    main(["quarantine", str(file)])
    assert not leaks(capsys.readouterr().out)
    keep = [marker(kind, 99) for kind in CLASSES if kind != "word"]  # one strange word may be any place: it is repeated
    kept = {"column": rows[0][0], "keep": keep, "because": "a test"}
    main(["check", str(written(tmp_path, table, rows, filter=[kept]))])
    found = capsys.readouterr().out
    assert "no record is left" in found and not leaks(found)
    found = said(written(tmp_path, table, rows, filter=[kept | {"column": "nowhere"}]), capsys)
    assert "no column 'nowhere'" in found and not leaks(found)


LOOKUPS = {
    "a key that stands twice": [["badge", "title"], ["{0}", "{1}"], ["{0}", "{2}"]],
    "no key that matches": [["badge", "title"], ["{1}", "{2}"]],
    "no header": [["{0}", "{1}"], ["{2}", "{3}"]],
    "a column of another name": [["{0}", "title"], ["{1}", "{2}"]],
}


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("fault", LOOKUPS)
def test_a_lookup_shows_neither_key_nor_row(
    fault: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = [marker(kind, 70, n) for n in range(4)]
    look = [[cell.format(*texts) for cell in row] for row in LOOKUPS[fault]]
    pd.DataFrame(look).to_csv(tmp_path / "roster.csv", index=False, header=False)
    rows = [["id", "received", "officer"], *([str(n), f"2025-01-01 10:{n:02d}:00", texts[0]] for n in range(9))]
    columns = {"call_id": "id", "received_at": "received", "disposition": "roster.title"}
    reader = {"join": {"roster": {"file": "roster.csv", "on": {"officer": "badge"}}}}
    file = written(tmp_path, "calls", rows, columns=columns, reader=reader)
    main(["check", str(file)])
    try:
        raised = repr(pf.open(file).sources)
    except pf.errors.PerflibError as error:
        raised = "".join(traceback.format_exception(error))
    assert ("match" in fault) == ("Error" not in raised)
    assert not leaks(capsys.readouterr().out + raised)


def workbook(folder: Path, texts: list[str]) -> tuple[str, dict[str, str]]:
    with pd.ExcelWriter(folder / "export.xlsx") as book:
        for text in texts[:3]:
            sheet = "".join(sign for sign in text if sign.isalnum() or sign in " -,")[:31]
            pd.DataFrame({"id": ["1"]}).to_excel(book, sheet_name=sheet, index=False)
    return "export.xlsx", {"sheet": "Calls"}


def nameless_sheet(folder: Path, texts: list[str]) -> tuple[str, dict[str, str]]:
    name, _ = workbook(folder, texts)
    return name, {}


def archive(folder: Path, texts: list[str]) -> tuple[str, dict[str, str]]:
    with zipfile.ZipFile(folder / "export.zip", "w") as packed:
        for text in texts[:3]:
            packed.writestr(f"{text}.csv", "id\n1\n")
    return "export.zip", {"member": "calls.csv"}


def broken_archive(folder: Path, texts: list[str]) -> tuple[str, dict[str, str]]:
    with zipfile.ZipFile(folder / "export.zip", "w") as packed:
        packed.writestr(f"{texts[0]}.csv", "id,received\n" + "1,2025-01-01\n" * 9)
    held = bytearray((folder / "export.zip").read_bytes())
    at = held.index(b"id,received")
    held[at : at + 5] = b"xxxxx"
    (folder / "export.zip").write_bytes(bytes(held))
    return "export.zip", {}


def keyed_json(folder: Path, texts: list[str]) -> tuple[str, dict[str, str]]:
    content = {text: {"id": n, "received": "2025-01-01"} for n, text in enumerate(texts)}
    (folder / "export.json").write_text(json.dumps(content), encoding="utf-8")
    return "export.json", {}


def strange_json(folder: Path, texts: list[str]) -> tuple[str, dict[str, str]]:
    content = [{"id": n, text: "2025-01-01"} for n, text in enumerate(texts)]
    (folder / "export.json").write_text(json.dumps(content), encoding="utf-8")
    return "export.json", {}


def broken_json(folder: Path, texts: list[str]) -> tuple[str, dict[str, str]]:
    (folder / "export.json").write_text(f'[{{"id": "{texts[0]}", "x": {texts[1]}}}]', encoding="utf-8")
    return "export.json", {}


def parquet(folder: Path, texts: list[str]) -> tuple[str, dict[str, str]]:
    pd.DataFrame({"id": ["1"], **{text: ["x"] for text in texts}}).to_parquet(folder / "export.parquet")
    return "export.parquet", {}


def database(query: str) -> Callable[[Path, list[str]], tuple[str, dict[str, str]]]:
    def make(folder: Path, texts: list[str]) -> tuple[str, dict[str, str]]:
        (folder / "export.duckdb").unlink(missing_ok=True)
        with duckdb.connect(str(folder / "export.duckdb")) as con:
            con.register("held", pd.DataFrame({"id": texts, texts[0]: texts}))
            con.execute("CREATE TABLE calls AS SELECT * FROM held")
        return "export.duckdb", {"query": query}

    return make


FORMS = {
    "sheets named after people": workbook,
    "a sheet to choose": nameless_sheet,
    "members of a zip": archive,
    "a damaged zip": broken_archive,
    "an object keyed by person": keyed_json,
    "records with strange keys": strange_json,
    "JSON that is broken": broken_json,
    "columns of Parquet": parquet,
    "a cast in a query": database("SELECT CAST(id || 'x' AS INTEGER) AS id, now() AS received FROM calls"),
    "a column a query lacks": database("SELECT nothing FROM calls"),
    "columns of a database": database("SELECT * FROM calls"),
    "a date in a query": database("SELECT strptime(id, '%Y') AS received, id FROM calls"),
}


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("form", FORMS)
def test_names_within_a_file_are_masked(
    form: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, reader = FORMS[form](tmp_path, [marker(kind, 40, n) for n in range(4)])
    file = described(tmp_path, "calls", name, reader=reader, columns={"call_id": "id", "received_at": "received"})
    found = said(file, capsys)
    assert "REFUSED" in found and not leaks(found)


@pytest.mark.parametrize("kind", CLASSES)
def test_columns_of_a_folder_of_parquet_and_of_frames_are_masked(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.DataFrame(
        {"call_id": ["1"], "received_at": [pd.Timestamp("2025-01-01", tz="UTC")], marker(kind, 1): ["x"]}
    )
    frame.to_parquet(tmp_path / "calls.parquet")
    assert not leaks(said(tmp_path, capsys))
    for given in (frame, pd.concat([frame, frame[[marker(kind, 1)]]], axis=1)):
        with pytest.raises(pf.errors.PerflibError) as caught:
            pf.from_frames(calls=given)
        assert not leaks("".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize("kind", CLASSES)
def test_the_districts_and_offences_of_the_records_are_not_the_choices_of_a_message(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A surname mapped to a district is frequent and there are few: it is masked all the same."""
    texts = [marker(kind, 7, n) for n in range(3)]
    rows = [[str(n), f"2025-01-{n % 28 + 1:02d} 10:00:00", texts[n % 3], texts[n % 3]] for n in range(60)]
    header = ["col_call_id", "col_received_at", "col_district", "col_priority"]
    columns = {name[4:]: name for name in header}
    file = written(tmp_path, "calls", [header, *rows], columns=columns)
    book = notebook(tmp_path, 'district: str = ""', 'priority: str = ""')
    for asked in ("district=Nowhere", "priority=Nowhere"):
        command = ["run", str(book), "--department", str(file), "--out", str(tmp_path / "out"), "-p", asked]
        assert main(command) == 1
    dept = pf.open(file)
    with pytest.raises(pf.errors.PerflibError) as caught:
        selection.select(dept, district="Nowhere")
    printed = capsys.readouterr()
    assert "has no district 'Nowhere'" in printed.err and not leaks(printed.out + printed.err + str(vars(caught.value)))


def notebook(folder: Path, *parameters: str) -> Path:
    path = folder / "one.ipynb"
    cells = [
        new_code_cell("\n".join(['department: str = ""', *parameters]), metadata={"tags": ["parameters"]}),
        new_code_cell("import perflib as pf\ndept = pf.open(department)"),
    ]
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.mark.parametrize("headless", [False, True])
def test_a_batch_of_failures_writes_no_marker(
    headless: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Failure page, executed notebook, manifest, index, status and what a hook is given."""
    rows = rows_of("calls", typed=headless)
    written(tmp_path, "calls", rows[1:] if headless else rows)
    notebook(tmp_path)
    plan = {
        "department": "department.yml",
        "out": "out",
        "runs": [{"notebook": "one.ipynb"}],
        "hooks": [{"on": "failure", "file": "alarm.json"}],
    }
    (tmp_path / "plan.yml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    assert main(["report", str(tmp_path / "plan.yml"), "--workers", "1"]) == 1
    printed = capsys.readouterr()
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert {"failure.html", "manifest.json", "index.html", "status.json", "one.ipynb", "alarm.json"} <= {
        path.name for path in files
    }
    texts = [printed.out + printed.err, *(path.read_text(encoding="utf-8") for path in files)]
    words = "does not look like column names" if headless else "cannot be read as timestamp"
    assert any(words in text for text in texts)
    assert not [found for text in texts for found in leaks(text)]


OWN_CODE = {
    "a number of a text": "float(one)",
    "a key that is absent": "{}[one]",
    "a date of a text": "pd.to_datetime([one])",
    "a mean of texts": "pd.Series([one, one]).mean()",
    "a cast in the engine": "rows.disposition.cast('int').execute()",
    "a row that is not there": "frame.set_index('disposition').loc[one + '?']",
    "an assertion": "assert one == '', one",
    "two errors": "try:\n    float(one)\nexcept ValueError:\n    {}[one]",
    "an error of several lines": "raise ValueError('not this:' + chr(10) + one + chr(10) + one)",
}


@pytest.mark.parametrize("fault", OWN_CODE)
def test_an_error_of_a_notebooks_own_code_repeats_no_record(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [["id", "received", "told"], *([str(n), f"2025-01-01 10:{n:02d}:00", marker("name", n)] for n in range(9))]
    columns = {"call_id": "id", "received_at": "received", "disposition": "told"}
    file = written(tmp_path, "calls", rows, columns=columns)
    book = notebook(tmp_path)
    content = nbformat.read(book, as_version=4)
    read = "import pandas as pd\nrows = dept.calls\nframe = rows.execute()\none = frame.disposition[0]"
    content.cells += [new_code_cell(read), new_code_cell(OWN_CODE[fault])]
    nbformat.write(content, book)
    assert main(["run", str(book), "--department", str(file), "--out", str(tmp_path / "out")]) == 1
    texts = [capsys.readouterr().err, *(path.read_text(encoding="utf-8") for path in (tmp_path / "out").iterdir())]
    assert len(texts) > 4 and not [found for text in texts for found in leaks(text)]
    assert "code cell 4" in texts[0]


HEADERLESS = """1,2025-01-01 10:00:00,1042,"Spoke to John Doe, 12 Oak St, 555-0134",1
2,2025-01-01 11:00:00,1043,"Spoke to Jane Roe, 9 Elm Ave, SSN 123-45-6789",1
3,2025-01-02 11:00:00,1042,"Victim Amy Poe, DOB 01/02/1990",2
"""
LEAKED = ("John", "Doe", "Jane", "Roe", "Amy", "Poe", "Oak", "Elm", "0134", "6789", "1990", "1042", "Smith")
COLUMNS = {"call_id": "call_id", "received_at": "received_at", "officer_id": "officer_id"}


def outcome(folder: Path, header: str, capsys: pytest.CaptureFixture[str], **more: object) -> str:
    (folder / "calls.csv").write_text(header + HEADERLESS, encoding="utf-8")
    assert main(["check", str(described(folder, "calls", "calls.csv", **more))]) == 1
    found = capsys.readouterr().out
    assert not [text for text in LEAKED if text in found]
    return found


def test_a_headerless_file_is_told_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = outcome(tmp_path, "", capsys, columns=COLUMNS)
    assert "the first row does not look like column names (5 of 5 look like data)" in found


NAMED = "call_id,received_at,officer_id,Narrative,units\n"


def test_a_narrative_mapped_to_a_number_shows_its_length_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = outcome(tmp_path, NAMED, capsys, columns={**COLUMNS, "unit_count": "Narrative"})
    assert "cannot be read as integer (3), such as 'Aaaaa aa Aaaa Aaa, 99 Aaa Aa, 999-9999' (line 2)" in found


def test_a_format_that_is_wrong_shows_the_shape_of_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {"from": "received_at", "format": "%m/%d/%Y %H:%M"}
    found = outcome(tmp_path, NAMED, capsys, columns={**COLUMNS, "received_at": wrong})
    assert "such as '9999-99-99 99:99:99' (line 2)" in found


def test_a_key_that_stands_twice_is_told_by_shape_and_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "roster.csv").write_text('badge,name\n1042,"Smith, John"\n1043,"Smith, John"\n', encoding="utf-8")
    reader = {"join": {"roster": {"file": "roster.csv", "on": {"Narrative": "name"}}}}
    found = outcome(tmp_path, NAMED, capsys, columns=COLUMNS, reader=reader)
    assert "a key such as 'Aaaaa, Aaaa' stands 2 times in roster.csv (records 1, 2)" in found


def test_a_misspelt_column_still_finds_its_name_and_the_plain_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = "IncidentNo,CallRecieved,Officer Smith,Narrative,Zeitpunkt\n"
    found = outcome(tmp_path, header, capsys, columns={"call_id": "IncidentNo", "received_at": "CallReceived"})
    assert "no column 'CallReceived'" in found and "did you mean 'CallRecieved'?" in found
    assert "IncidentNo" in found and "Officer Aaaaa" in found
