"""Secrets stay out of everything that is written, and names of a mapping out of the SQL."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import duckdb
import nbformat
import pandas as pd
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook

import perflib as pf
from perflib import audit
from perflib.__main__ import main
from perflib.engine.sql import literal, name
from perflib.errors import PerflibError
from perflib.reports import run

ROOT = Path(__file__).parents[1]
PASSWORD = "hunter2Zx"
MAPPING = """
table: officers
reader: {format: postgresql, url_env: OURTOWN_DATABASE, relation: staff.officers}
columns: {officer_id: badge, hired_on: hired}
"""
ADDRESSES = {
    "unreachable": f"postgresql://reader:{PASSWORD}@127.0.0.1:1/rms?connect_timeout=2",
    "not understood": f"postgresql://reader:%zz{PASSWORD}@127.0.0.1:1/rms",
    "key and value": f"host=127.0.0.1 port=1 user=reader password={PASSWORD} connect_timeout=2",
    "encoded": "postgresql://reader:" + "".join(f"%{ord(sign):02x}" for sign in PASSWORD) + "@127.0.0.1:1/rms",
}
#: a driver whose server holds two officers; an id that no hash, clock or cell id can contain by chance
DRIVER = """
import types
class Error(Exception): sqlstate = None
class ProgrammingError(Error): pass
class sql:
    class Identifier(str): pass
    class SQL(str):
        def format(self, *parts): return self
        def join(self, parts): return self
class Cursor:
    description = [types.SimpleNamespace(name="badge"), types.SimpleNamespace(name="hired")]
    def __enter__(self): return self
    def __exit__(self, *ended): return False
    def __iter__(self): return iter([("badge-Q0412", "2020-01-01"), ("77", "2021-01-01")])
    def execute(self, asked): pass
    def cursor(self, name): return self
def connect(url): return Cursor()
"""


@pytest.fixture
def department(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "officers.yml").write_text(MAPPING, encoding="utf-8")
    described = {"name": "Ourtown", "timezone": "UTC", "sources": [{"table": "officers", "mapping": "officers.yml"}]}
    (folder / "department.yml").write_text(yaml.safe_dump(described), encoding="utf-8")
    monkeypatch.setenv("PERFLIB_AUDIT_FILE", str(tmp_path / "audit.jsonl"))
    monkeypatch.setenv("PERFLIB_KEY_FILE", str(tmp_path / "keys" / "it.key"))
    return folder / "department.yml"


def notebook(folder: Path, *more: str) -> Path:
    path = folder / "one.ipynb"
    cells = [
        new_code_cell('department: str = ""', metadata={"tags": ["parameters"]}),
        new_code_cell("import perflib as pf\ndept = pf.open(department)"),
        *map(new_code_cell, more),
    ]
    nbformat.write(new_notebook(cells=cells), path)
    return path


def written(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != "lib")
    return {path.name: path.read_bytes() for path in files if path.suffix != ".key"}


def leaks(folder: Path, *secrets: bytes) -> list[str]:
    return [name for name, held in written(folder).items() for secret in secrets if secret in held]


@pytest.mark.parametrize("kind", ["unreachable", "not understood"])
def test_a_report_that_fails_at_the_database_writes_no_password(
    department: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    address = ADDRESSES[kind]
    monkeypatch.setenv("OURTOWN_DATABASE", address)
    done = run(notebook(tmp_path), department=department, out=tmp_path / "out")
    assert done.status == "failed" and done.manifest["error"]["exception"] == "SourceError"
    assert {"failure.html", "one.html", "one.ipynb", "manifest.json", "audit.jsonl"} <= set(written(tmp_path))
    assert "the database refused" in (tmp_path / "out" / "failure.html").read_text(encoding="utf-8")
    assert not leaks(tmp_path, PASSWORD.encode(), address.encode())


@pytest.mark.parametrize("kind", ADDRESSES)
def test_a_check_that_fails_at_the_database_says_no_password(
    department: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    monkeypatch.setenv("OURTOWN_DATABASE", ADDRESSES[kind])
    assert main(["check", str(department)]) == 1
    said = capsys.readouterr()
    assert "the database refused" in said.out and PASSWORD not in said.out + said.err
    with pytest.raises(PerflibError) as raised:
        pf.open(department)
    assert PASSWORD not in str(raised.value) and raised.value.__cause__ is raised.value.__context__ is None


@pytest.mark.parametrize("fails", [False, True], ids=["done", "failed"])
def test_a_report_from_a_database_writes_no_password_key_or_id(
    department: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    library = tmp_path / "lib"
    library.mkdir()
    (library / "psycopg.py").write_text(DRIVER, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(library))
    monkeypatch.setenv("OURTOWN_DATABASE", ADDRESSES["unreachable"])
    book = notebook(tmp_path, "dept.officers.execute()", *(["dept.officers.nothing"] if fails else []))
    done = run(book, department=department, out=tmp_path / "out")
    assert done.status == ("failed" if fails else "done")
    key = (tmp_path / "keys" / "it.key").read_bytes()
    assert b"P-" in (tmp_path / "out" / "one.html").read_bytes()
    assert not leaks(tmp_path, PASSWORD.encode(), b"badge-Q0412", key, key.hex().encode())
    assert [entry["result"] for entry in audit.entries(tmp_path / "audit.jsonl")] == [done.status]


SECRETS = {
    "private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
    "password in an address": r"\b[a-z][a-z0-9+]{2,}://[^\s/:@'\"{}$<>]+:[^\s/@'\"{}$<>]{3,}@[\w.-]+",
    "access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "token": r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|xox[abprs]-[\w-]{10,}"
    r"|sk-[A-Za-z0-9]{32,})\b",
    "assigned secret": r"(?i)\b(?:password|passwd|secret_key|api_?key|auth_token)\b\s*[:=]\s*"
    r"[\"'][^\"'\s{}$<>]{8,}[\"']",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_no_file_of_the_project_holds_a_secret(kind: str) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = [name for name in listed.stdout.split("\0") if name and name != "tests/test_secrets.py"]
    if not names:
        pytest.skip("not a checkout")
    small = [ROOT / name for name in names if (ROOT / name).is_file() and (ROOT / name).stat().st_size < 2_000_000]
    found = [
        (path.name, hit[0])
        for path in small
        for hit in re.finditer(SECRETS[kind], path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert not found
    assert not [name for name in names if name.endswith((".key", ".pem", ".p12", ".pfx", ".jsonl"))]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("private key", "-----BEGIN RSA PRIVATE KEY-----"),
        ("access key", "AKIAABCDEFGHIJKLMNOP"),
        ("password in an address", "postgresql://me:secret1@db.example/x"),
        ("token", "ghp_" + "a" * 36),
        ("assigned secret", "password = 'hunter2hunter2'"),
    ],
)
def test_the_scan_finds_what_it_looks_for(kind: str, text: str) -> None:
    assert re.search(SECRETS[kind], text)


HOSTILE = [
    'x"; DROP TABLE kept; --',
    "x'; DROP TABLE kept; --",
    'a"b',
    "a'b",
    "a;b",
    "a--b",
    "a/*b",
    "SELECT",
    "c0",
    "ünï cødé",
]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("form", ["csv", "parquet", "duckdb"])
def test_a_hostile_column_name_is_only_a_name(tmp_path: Path, hostile: str, form: str) -> None:
    frame = pd.DataFrame({hostile: ["0412", "77"], "hired": ["2020-01-01", "2021-01-01"]})
    file, reader = tmp_path / f"export.{form}", {"format": form}
    if form == "csv":
        frame.to_csv(file, index=False)
    elif form == "parquet":
        frame.to_parquet(file)
    else:
        table = hostile.replace(".", "_")
        reader["relation"] = f"main.{table}"
        with duckdb.connect(str(file)) as con:
            con.execute(f'CREATE TABLE "{table.replace(chr(34), chr(34) * 2)}" AS SELECT * FROM frame')
            con.execute("CREATE TABLE kept AS SELECT 1 AS a")
    opened = described(tmp_path, file, reader, {"officer_id": {"from": hostile}, "hired_on": {"from": "hired"}})
    assert opened.officers.count().execute() == 2
    if form == "duckdb":
        with duckdb.connect(str(file), read_only=True) as con:
            assert con.execute("SELECT a FROM kept").fetchall() == [(1,)]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_values_recodes_and_filters_are_only_values(tmp_path: Path, hostile: str) -> None:
    file = tmp_path / "export.csv"
    frame = pd.DataFrame({"who": ["1", "2", hostile], "hired": "2020-01-01", "rank": ["a", hostile, "b"]})
    frame.to_csv(file, index=False)
    columns = {"officer_id": "who", "hired_on": "hired", "rank": {"from": "rank", "missing": [hostile]}}
    opened = described(tmp_path, file, {"format": "csv"}, columns)
    found = opened.officers.execute()
    assert len(found) == 3 and found["rank"].isna().sum() == 1
    assert opened.keep({"rank": [hostile]}, because=hostile).officers.count().execute() == 0


def described(folder: Path, file: Path, reader: dict[str, str], columns: dict[str, object]) -> pf.Department:
    mapping = {"table": "officers", "reader": reader, "columns": columns}
    (folder / "mapping.yml").write_text(yaml.safe_dump(mapping, allow_unicode=True), encoding="utf-8")
    sources = [{"table": "officers", "files": file.name, "mapping": "mapping.yml"}]
    content = {"name": "Hostile", "timezone": "UTC", "sources": sources}
    content["privacy"] = {"pseudonyms": False, "because": "invented"}
    (folder / "department.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return pf.open(folder / "department.yml")


def test_the_names_sent_to_a_database_server_are_quoted() -> None:
    sql = pytest.importorskip("psycopg.sql")
    for hostile in HOSTILE:
        asked = sql.SQL("SELECT * FROM {}").format(sql.SQL(".").join([sql.Identifier(hostile)])).as_string(None)
        assert asked == 'SELECT * FROM "' + hostile.replace('"', '""') + '"'


def test_the_two_ways_into_a_statement_quote_everything() -> None:
    with duckdb.connect() as con:
        for hostile in HOSTILE:
            con.execute(f"CREATE OR REPLACE TABLE t ({name(hostile)} VARCHAR)")
            con.execute(f"INSERT INTO t VALUES ({literal(hostile)})")
            assert con.execute(f"SELECT {name(hostile)} FROM t").fetchall() == [(hostile,)]
