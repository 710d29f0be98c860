"""``--resume`` redoes exactly the reports that depend on what changed, whatever kind of input it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import nbformat
import pandas as pd
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook

from perflib.__main__ import main

ROWS = "id,received,off\n1,2025-01-01 10:00:00,x\n2,2025-01-01 11:00:00,y\n"
OUTLINE = (
    '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "West"}, "geometry": '
    '{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}}]}'
)
CELL = """import pandas as pd, perflib as pf
dept = pf.open(place, tables=["calls"])
rows = int(dept.calls.count().execute())
"""
#: the notebooks: each opens one department, and one reads files of its own besides
BOOKS = {
    "plain": 'place: str = "a/d.yml"',
    "other": 'place: str = "b/d.yml"',
    "canonical": 'place: str = "c"',
    "more": 'place: str = "b/d.yml"\nholidays: str = "days.csv"',
}
MORE = """import helper
pf.metrics.maps.boundaries(dept)
pf.metrics.counts.read_calendar(holidays)
words = open("stop words.txt", encoding="utf-8").read()
"""
RESULT = 'pf.Result("r", pd.DataFrame({"n": [rows]}), "T", "A.", "", facts={"rows": rows})'


def dump(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three departments, four notebooks that depend on different files, and one plan."""
    work = tmp_path / "work"
    columns = {"call_id": "id", "received_at": "received", "officer_id": "off"}
    join = {"l": {"file": "look.csv", "on": ["off"], "partial": "true"}}
    for name, mapping in (
        ("a", {"table": "calls", "reader": {"join": join}, "columns": {**columns, "district": "l.d"}}),
        ("b", {"table": "calls", "columns": columns}),
    ):
        dump(work / name / "calls.yml", mapping)
        dump(work / name / "officers.yml", {"table": "officers", "columns": {"officer_id": "badge"}})
        dump(work / name / "roster" / "officers.csv", "badge\nx\ny\n")
        dump(work / name / "exports" / "one.csv", ROWS)
        dump(work / name / "exports" / "look.csv.txt", "no export")
        sources = [
            {"table": "calls", "files": "exports/o*.csv", "mapping": "calls.yml"},
            {"table": "officers", "files": "roster/*.csv", "mapping": "officers.yml"},
        ]
        described = {"name": name, "timezone": "UTC", "sources": sources, "privacy": {"key": "k/it.key"}}
        dump(work / name / "d.yml", described)
    dump(work / "a" / "exports" / "look.csv", "off,d\nx,West\ny,\n")
    described = yaml.safe_load((work / "b" / "d.yml").read_text(encoding="utf-8"))
    described["roots"] = ["${OURS}"]
    described["boundaries"] = "b.geojson"
    described["sources"][0]["files"] = "${OURS}/o*.csv"
    dump(work / "b" / "d.yml", described)
    dump(work / "b" / "b.geojson", OUTLINE)
    monkeypatch.setenv("OURS", str(work / "b" / "exports"))
    (work / "c").mkdir()
    stamps = pd.to_datetime(["2025-01-01 10:00"]).tz_localize("UTC")
    pd.DataFrame({"call_id": ["1"], "received_at": stamps}).to_parquet(work / "c" / "calls.parquet")
    dump(work / "days.csv", "date,name\n2025-01-01,New Year\n")
    dump(work / "stop words.txt", "the\n")
    dump(work / "helper.py", "A = 1\n")
    for name, parameters in BOOKS.items():
        book(work, name, parameters, CELL + (MORE if name == "more" else "") + RESULT)
    dump(work / "plan.yml", {"runs": [{"notebook": name} for name in BOOKS]})
    return work


def book(work: Path, name: str, parameters: str, cell: str) -> None:
    cells = [new_code_cell(parameters, metadata={"tags": ["parameters"]}), new_code_cell(cell)]
    for number, each in enumerate(cells):
        each["id"] = f"c{number}"
    nbformat.write(new_notebook(cells=cells), work / f"{name}.ipynb")


def redone(work: Path) -> set[str]:
    """The notebooks that ``--resume`` ran again."""
    assert main(["report", str(work / "plan.yml"), "--resume", "--workers", "2"]) == 0
    status = json.loads((work / "out" / "status.json").read_text(encoding="utf-8"))
    assert status["failed"] == 0
    return {run["notebook"].removesuffix(".ipynb") for run in status["runs"] if not run.get("resumed")}


def append(name: str, text: str) -> Callable[[Path], None]:
    def change(work: Path) -> None:
        path = work / name
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    return change


def new(name: str, text: str) -> Callable[[Path], None]:
    return lambda work: dump(work / name, text)


def parquet(work: Path) -> None:
    pd.DataFrame({"officer_id": ["x"]}).to_parquet(work / "c" / "officers.parquet")


def key(work: Path) -> None:
    (work / "a" / "k" / "it.key").write_bytes(b"z" * 32)


MORE_CALLS = "id,received,off\n3,2025-01-03 10:00:00,x\n"
#: what changes -> the notebooks that depend on it
CHANGES: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "nothing": (lambda work: None, set()),
    "touched, not changed": (lambda work: os.utime(work / "a" / "exports" / "one.csv"), set()),
    "rows of a file": (append("a/exports/one.csv", "4,2025-01-04 10:00:00,x\n"), {"plain"}),
    "a new file of a glob": (new("a/exports/oh.csv", MORE_CALLS), {"plain"}),
    "a file less": (lambda work: (work / "a/exports/oh.csv").unlink(), {"plain"}),
    "a file of no glob": (new("a/exports/notes.txt", "x"), set()),
    "a lookup": (append("a/exports/look.csv", "z,East\n"), {"plain"}),
    "a mapping": (append("a/calls.yml", "notes: [changed]\n"), {"plain"}),
    "a mapping of a table that is not read": (append("a/officers.yml", "notes: [changed]\n"), set()),
    "a file of a table that is not read": (append("a/roster/officers.csv", "z\n"), set()),
    "a department file": (append("a/d.yml", "notes: [changed]\n"), {"plain"}),
    "the key": (key, {"plain"}),
    "a file below a variable": (append("b/exports/one.csv", "4,2025-01-04 10:00:00,x\n"), {"other", "more"}),
    "boundaries": (append("b/b.geojson", "\n"), {"more"}),
    "a calendar": (append("days.csv", "2025-12-25,Christmas\n"), {"more"}),
    "a file the notebook reads itself": (append("stop words.txt", "of\n"), {"more"}),
    "a module the notebook imports": (append("helper.py", "B = 2\n"), {"more"}),
    "a table of a folder": (parquet, {"canonical"}),
    "a department file that was not there": (new("c/department.yml", "name: C\ntimezone: UTC\n"), {"canonical"}),
    "a notebook": (lambda work: book(work, "other", BOOKS["other"], CELL + "rows += 1\n" + RESULT), {"other"}),
}


@pytest.mark.slow
def test_resume_redoes_exactly_what_depends_on_a_change(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert redone(work) == set(BOOKS)
    wrong = {}
    for name, (change, expected) in CHANGES.items():
        time.sleep(0.02)
        change(work)
        found = redone(work)
        if found != expected:
            wrong[name] = (found, expected)
    shutil.copytree(work / "b" / "exports", work / "b" / "moved")
    monkeypatch.setenv("OURS", str(work / "b" / "moved"))
    if (found := redone(work)) != {"other", "more"}:
        wrong["a variable"] = (found, {"other", "more"})
    assert not wrong
    manifest = json.loads(next((work / "out").glob("more*/manifest.json")).read_text(encoding="utf-8"))
    named = {item["path"] for item in manifest["inputs"]}
    assert {
        "b/d.yml",
        "b/calls.yml",
        "${OURS}/one.csv",
        "files that match ${OURS}/o*.csv",
        "days.csv",
        "helper.py",
        "stop words.txt",
        "b/b.geojson",
        "environment variable OURS (keyed hash)",
        "key of the pseudonyms (fingerprint)",
    } <= named
    assert str(work) not in json.dumps(manifest)


def test_resume_redoes_what_a_lookup_or_a_new_file_changes(work: Path) -> None:
    for name in ("more", "canonical"):
        (work / f"{name}.ipynb").unlink()
    dump(work / "plan.yml", {"runs": [{"notebook": "plain"}, {"notebook": "other"}]})
    assert redone(work) == {"plain", "other"}
    append("a/exports/look.csv", "z,East\n")(work)
    new("b/exports/oh.csv", MORE_CALLS)(work)
    assert redone(work) == {"plain", "other"}
    assert redone(work) == set()


def test_resume_sees_what_a_database_holds(work: Path) -> None:
    file = work / "a" / "calls.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute("CREATE TABLE calls AS SELECT 1 AS id, TIMESTAMP '2025-01-01 10:00:00' AS received")
    mapping = {
        "table": "calls",
        "reader": {"format": "duckdb", "relation": "calls"},
        "columns": {"call_id": "id", "received_at": "received"},
    }
    dump(work / "a" / "calls.yml", mapping)
    sources = [{"table": "calls", "files": "calls.duckdb", "mapping": "calls.yml"}]
    dump(work / "a" / "d.yml", {"name": "a", "timezone": "UTC", "sources": sources})
    dump(work / "plan.yml", {"runs": [{"notebook": "plain"}, {"notebook": "other"}]})
    assert redone(work) == {"plain", "other"}
    with duckdb.connect(str(file)) as con:
        con.execute("INSERT INTO calls VALUES (2, TIMESTAMP '2025-01-02 10:00:00')")
    assert redone(work) == {"plain"}


def test_a_report_run_in_a_folder_of_everything_depends_on_what_is_its_own(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(work)
    environment = work / ".venv" / "lib"
    dump(environment / "installed.py", "B = 1\n")
    cell = f"import sys\nsys.path.insert(0, {str(environment)!r})\nimport installed, helper\n"
    cell += 'open("own.txt", "w").write("x")\nopen("own.txt").read()\n'
    book(work, "plain", BOOKS["plain"], cell + CELL)
    assert main(["run", "plain.ipynb", "--out", "made"]) == 0
    manifest = json.loads((work / "made" / "manifest.json").read_text(encoding="utf-8"))
    files = {item["path"] for item in manifest["inputs"] if item["kind"] == "file"}
    assert files == {"helper.py", "a/d.yml", "a/calls.yml", "a/exports/one.csv", "a/exports/look.csv"}


#: a driver whose server holds the calls of a file
DRIVER = """
import csv, os, types
class Error(Exception): sqlstate = None
class ProgrammingError(Error): pass
class sql:
    class Identifier(str): pass
    class SQL(str):
        def format(self, *parts): return self
        def join(self, parts): return self
class Cursor:
    description = [types.SimpleNamespace(name="id"), types.SimpleNamespace(name="received")]
    def __enter__(self): return self
    def __exit__(self, *ended): return False
    def __iter__(self): return iter([tuple(row)[:2] for row in list(csv.reader(open(os.environ["SERVED"])))[1:]])
    def execute(self, asked): pass
    def cursor(self, name): return self
def connect(url): return Cursor()
"""


@pytest.mark.slow
def test_resume_sees_what_a_server_holds(work: Path, tmp_path: Path) -> None:
    dump(tmp_path / "lib" / "psycopg.py", DRIVER)
    dump(tmp_path / "served.csv", ROWS)
    reader = {"format": "postgresql", "url_env": "SERVER", "relation": "calls"}
    dump(
        work / "a" / "calls.yml",
        {"table": "calls", "reader": reader, "columns": {"call_id": "id", "received_at": "received"}},
    )
    sources = [{"table": "calls", "mapping": "calls.yml"}]
    dump(work / "a" / "d.yml", {"name": "a", "timezone": "UTC", "sources": sources})
    dump(work / "plan.yml", {"runs": [{"notebook": "plain"}, {"notebook": "other"}]})
    secret = "hunter2Zx"
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path / "lib"),
        "SERVED": str(tmp_path / "served.csv"),
        "SERVER": f"postgresql://boss:{secret}@here/x",
    }

    def again(**more: str) -> set[str]:
        command = [sys.executable, "-m", "perflib", "report", "plan.yml", "--resume", "--workers", "2"]
        subprocess.run(command, cwd=work, env={**environment, **more}, check=True, capture_output=True)
        runs = json.loads((work / "out" / "status.json").read_text(encoding="utf-8"))["runs"]
        return {run["notebook"].removesuffix(".ipynb") for run in runs if not run.get("resumed")}

    assert again() == {"plain", "other"}
    assert again() == set()
    dump(tmp_path / "served.csv", ROWS + "3,2025-01-03 10:00:00,x\n")
    assert again() == {"plain"}
    assert again(SERVER=f"postgresql://boss:{secret}@elsewhere/x") == {"plain"}
    assert not [path for path in (work / "out").rglob("*") if path.is_file() and secret in path.read_text("utf-8")]
