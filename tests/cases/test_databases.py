"""Issue 10, A.1: a database given as data, or a query of a mapping, reads its own tables and does nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

Checked = Callable[..., dict[str, Any]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A DuckDB file of calls, and beside it a secret that its views try to read."""
    (tmp_path / "secret.txt").write_text("KEY-OF-THE-CODES", encoding="utf-8")
    (tmp_path / "secret.csv").write_text("id,t,d\n1,2024-01-01,x\n", encoding="utf-8")
    secret = (tmp_path / "secret.txt").as_posix()
    with duckdb.connect(str(tmp_path / "rms.duckdb")) as con:
        con.execute(
            "CREATE TABLE calls AS SELECT i AS id, TIMESTAMP '2024-01-01 10:00' + i * INTERVAL 1 HOUR AS t, "
            "'N' AS d FROM range(1, 11) AS s(i)"
        )
        con.execute("CREATE VIEW fine AS SELECT * FROM calls WHERE id > 5")
        con.execute(f"CREATE VIEW thief AS SELECT 1 AS id, now() AS t, content AS d FROM read_text('{secret}')")
        con.execute(f"CREATE MACRO stolen() AS TABLE SELECT content AS d FROM read_blob('{secret}')")
        con.execute("CREATE VIEW by_macro AS SELECT 1 AS id, now() AS t, d::VARCHAR AS d FROM stolen()")
        con.execute(f"CREATE VIEW replaced AS SELECT * FROM '{secret.replace('.txt', '.csv')}'")
        con.execute(f"CREATE VIEW listed AS SELECT 1 AS id, now() AS t, file AS d FROM glob('{tmp_path.as_posix()}/*')")
        con.execute("CREATE VIEW logger AS SELECT c.* FROM calls c, enable_logging() l")
        con.execute(
            "CREATE VIEW profiler AS SELECT c.* FROM calls c, "
            f"enable_profiling(save_location := '{tmp_path.as_posix()}/written.txt') l"
        )
        con.execute("CREATE VIEW settings AS SELECT 1 AS id, now() AS t, value AS d FROM duckdb_settings()")
    return tmp_path


@pytest.mark.parametrize("relation", ["calls", "fine", "main.calls"])
def test_tables_and_honest_views_are_read(data: Path, checked: Checked, relation: str) -> None:
    found = checked("rms.duckdb", reader={"format": "duckdb", "relation": relation})
    assert found["accepted"] == (5 if relation == "fine" else 10)
    assert found["sources"][0]["sha256"].keys() == {"rms.duckdb"}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM calls",
        "WITH a AS (SELECT * FROM calls) SELECT * FROM a;",
        "FROM calls",
        "SELECT c.* FROM calls AS c, range(1)",
        "SELECT * FROM calls -- ; COPY calls TO 'x'",
    ],
)
def test_one_select_is_read(data: Path, checked: Checked, query: str) -> None:
    assert checked("rms.duckdb", reader={"format": "duckdb", "query": query})["accepted"] == 10


@pytest.mark.parametrize("view", ["thief", "by_macro", "replaced", "listed", "logger", "profiler", "settings"])
def test_a_view_that_reaches_outside_is_refused(data: Path, checked: Checked, view: str) -> None:
    before = sorted(data.rglob("*"))
    found = checked("rms.duckdb", reader={"format": "duckdb", "relation": view})
    assert found["accepted"] == 0 and "KEY-OF" not in str(found)
    assert "a query is one SELECT over tables of the file" in found["errors"][0]
    assert {one.name for one in data.rglob("*")} == {one.name for one in before} | {"m0.yml", "department.yml"}


@pytest.mark.parametrize(
    "query",
    [
        "COPY calls TO '{out}'",
        "SELECT * FROM calls; COPY calls TO '{out}'",
        "COPY calls TO '{out}'; SELECT * FROM calls",
        "EXPORT DATABASE '{out}'",
        "IMPORT DATABASE '{out}'",
        "ATTACH '{out}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '99GB'",
        "SET lock_configuration = false; SELECT 1",
        "PRAGMA enable_profiling",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "EXPLAIN ANALYZE SELECT * FROM calls",
        "CREATE TABLE x (a INT)",
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM '{secret}'",
        'SELECT * FROM "{secret}"',
        "WITH a AS (SELECT * FROM read_csv('{secret}')) SELECT * FROM a",
        "SELECT * FROM sniff_csv('{secret}')",
        "SELECT * FROM calls, enable_logging()",
        "SELECT * FROM query('SELECT * FROM enable_' || 'logging()')",
        "SELECT (SELECT count(*) FROM enable_profiling(format := 'json')) FROM calls",
        "SELECT * FROM enable_profiling(save_location := '{out}.txt')",
        "SELECT * FROM parquet_metadata('{secret}')",
        "SELECT * FROM 'http://127.0.0.1:9/x.csv'",
        "SELECT getenv('HOME') FROM calls",
        "SELECT * FROM frame",
        "",
        ";",
        "SELECT 1; SELECT 2",
        "PREPARE x AS SELECT 1",
        "USE memory",
        "VACUUM",
        "CHECKPOINT",
        "SELECT * FROM nowhere",
    ],
)
def test_a_query_that_is_not_one_select_of_tables_does_nothing(data: Path, checked: Checked, query: str) -> None:
    frame = [1]  # a variable of Python is no table
    query = query.format(out=(data / "out").as_posix(), secret=(data / "secret.csv").as_posix())
    found = checked("rms.duckdb", reader={"format": "duckdb", "query": query})
    assert found["accepted"] == 0 and found["errors"] and frame
    assert not list(data.glob("out*")) and not list(data.glob("*.wal"))


def test_an_endless_query_is_stopped(data: Path, checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    from perflib.files import limits

    monkeypatch.setattr(limits, "SECONDS", 1)
    query = "WITH RECURSIVE r AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM r) SELECT count(*) FROM r"
    assert "rms.duckdb" in checked("rms.duckdb", reader={"format": "duckdb", "query": query})["errors"][0]


def test_a_query_that_gives_no_end_of_rows_is_stopped(
    data: Path, checked: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    from perflib.files import limits

    monkeypatch.setattr(limits, "RESULT", 1 << 20)
    query = "SELECT range AS id, TIMESTAMP '2024-01-01' AS t FROM range(1000000000000)"
    assert "select less" in checked("rms.duckdb", reader={"format": "duckdb", "query": query})["errors"][0]


@pytest.mark.parametrize(
    ("reader", "words"),
    [
        ({"format": "duckdb"}, "needs either `relation` or `query`"),
        ({"format": "duckdb", "relation": "calls", "query": "SELECT 1"}, "needs either `relation` or `query`"),
        ({"format": "duckdb", "relation": "a.b.c.d.e"}, "cannot be read"),
        ({"format": "postgresql", "relation": "calls", "url_env": "X"}, "takes no `files`"),
        ({"format": "duckdb", "relation": "calls", "url_env": "X"}, "`url_env` does nothing for format duckdb"),
    ],
)
def test_what_a_reader_of_databases_needs(data: Path, checked: Checked, reader: dict, words: str) -> None:
    assert words in checked("rms.duckdb", reader=reader)["errors"][0]


@pytest.mark.parametrize("name", ["x.sqlite", "x.db", "x.csv", "x.duckdb", "x.xlsx", "x.json", "x.parquet"])
def test_an_sqlite_file_is_named(tmp_path: Path, checked: Checked, name: str) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / name) as con:
        con.execute("CREATE TABLE calls (id)")
    con.close()
    relation = {"relation": "calls"} if name.endswith("duckdb") else {}
    fault = checked(name, reader=relation)["errors"][0]
    assert "an SQLite database" in fault and "export the table as CSV or Parquet" in fault


def test_the_engine_of_the_analyses_cannot_be_opened_up(data: Path) -> None:
    """No extension, no setting, no variable of Python: whatever SQL comes to it."""
    import perflib

    (data / "x.csv").write_text("id,t\n1,2024-01-01 10:00:00\n", encoding="utf-8")
    (data / "m.yml").write_text("table: calls\ncolumns: {call_id: id, received_at: t}\n", encoding="utf-8")
    (data / "d.yml").write_text(
        "name: T\ntimezone: UTC\nsources: [{table: calls, files: x.csv, mapping: m.yml}]\n", encoding="utf-8"
    )
    con = perflib.open(data / "d.yml").calls.get_backend().con
    frame = [1]
    for statement in (
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET autoload_known_extensions = true",
        "SELECT * FROM frame",
        "SELECT * FROM 'http://127.0.0.1:9/x.parquet'",
        "SET memory_limit = '99GB'",
    ):
        with pytest.raises(duckdb.Error):
            con.execute(statement).fetchall()
    assert frame


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a PostgreSQL server of this test's own; skips where none can be started."""
    psycopg = pytest.importorskip("psycopg")
    initdb, postgres = shutil.which("initdb"), shutil.which("postgres")
    if not (initdb and postgres) or os.name == "nt":
        pytest.skip("no PostgreSQL server can be started here")
    folder = Path(tempfile.mkdtemp())  # a short path, as sockets need it
    other: dict[str, Any] = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "nobody")
        other = {"user": "nobody"}
    create = [initdb, "-D", str(folder / "data"), "-A", "trust", "-U", "me", "-E", "UTF8"]
    subprocess.run(create, check=True, capture_output=True, **other)
    start = [postgres, "-D", str(folder / "data"), "-k", str(folder), "-c", "listen_addresses="]
    running = subprocess.Popen(start, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **other)
    address = f"postgresql://me@/postgres?host={folder}"
    try:
        for _ in range(100):
            try:
                with psycopg.connect(address, autocommit=True) as con:
                    con.execute(
                        "CREATE TABLE calls AS SELECT i AS id, timestamp '2024-01-01 10:00' AS t, 'N' AS d "
                        "FROM generate_series(1, 10) AS i"
                    )
                    break
            except psycopg.OperationalError:
                time.sleep(0.1)
        yield address
    finally:
        running.terminate()
        running.wait()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize(
    ("query", "accepted"),
    [
        ("SELECT * FROM calls", 10),
        ("WITH a AS (SELECT * FROM calls) SELECT * FROM a", 10),
        ("SELECT * FROM calls; DROP TABLE calls", 0),
        ("SELECT * FROM calls; COMMIT; DROP TABLE calls", 0),
        ("DROP TABLE calls", 0),
        ("COPY calls TO PROGRAM 'touch x'", 0),
        ("DELETE FROM calls RETURNING *", 0),
        ("WITH d AS (DELETE FROM calls RETURNING *) SELECT * FROM d", 0),
        ("SELECT pg_sleep(60) FROM calls", 0),
    ],
)
def test_a_query_of_a_server_is_one_select(
    server: str, checked: Checked, monkeypatch: pytest.MonkeyPatch, query: str, accepted: int
) -> None:
    import psycopg

    from perflib.files import limits

    monkeypatch.setattr(limits, "SECONDS", 2)
    monkeypatch.setenv("TOWN_DATABASE", server)
    found = checked("", reader={"format": "postgresql", "url_env": "TOWN_DATABASE", "query": query})
    assert found["accepted"] == accepted and bool(found["errors"]) == (accepted == 0)
    with psycopg.connect(server) as con:
        assert con.execute("SELECT count(*) FROM calls").fetchone() == (10,)
