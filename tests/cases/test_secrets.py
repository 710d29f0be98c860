"""No message, page or file shows a database's address or what a variable holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from perflib.__main__ import main

psycopg = pytest.importorskip("psycopg")
#: every part of an address that must not be seen, and what stands for a record in the driver's words
SECRETS = ("hunter2Zx", "p@ss", "boss", "db.ourtown", "rmsdata", "5439", "appname7", "Jane Roe", "pgdata")
PW, ENCODED = "hunter2Zx", "p%40ss"
HOST = "127.0.0.1:1"
ADDRESS = f"postgresql://boss:{ENCODED}@{PW}@db.ourtown.invalid:5439/rmsdata?application_name=appname7"
SAID = (f'connection to server at "db.ourtown.invalid" (10.1.2.3), port 5439 failed: FATAL: password authentication '
        f'failed for user "boss"; database "rmsdata"; {ADDRESS}; DETAIL: Key (name)=(Jane Roe) in /srv/pgdata/base')


def department(folder: Path, **reader: str) -> Path:
    mapping = {"table": "calls", "reader": {"format": "postgresql", "url_env": "OURTOWN_DATABASE", **reader},
               "columns": {"call_id": "id", "received_at": "received"}}
    (folder / "m.yml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    described = {"name": "T", "timezone": "UTC", "sources": [{"table": "calls", "mapping": "m.yml"}]}
    (folder / "d.yml").write_text(yaml.safe_dump(described), encoding="utf-8")
    return folder / "d.yml"


def seen(said: str) -> list[str]:
    return [secret for secret in SECRETS if secret in said]


@pytest.mark.parametrize("address", [
    f"postgresql://boss:{PW}@{HOST}/rmsdata?application_name=appname7", f"postgres://boss:{PW}@{HOST}/rmsdata",
    f"postgresql://boss:p@ss@{PW}@{HOST}/rmsdata", f"postgresql://boss:{ENCODED}%2F{PW}@{HOST}/rmsdata",
    f"postgresql://boss:{PW}@127.0.0.1,[::1]:1,1/rmsdata", f"postgresql://boss:%zz{PW}@{HOST}/rmsdata",
    f"host=127.0.0.1 port=1 user=boss password='{PW} p@ss' dbname=rmsdata", f"boss {PW}",
    "host=/srv/pgdata user=boss dbname=rmsdata", f"user=boss password={PW} host='127.0.0.1",
    "postgresql://%2Fsrv%2Fpgdata/rmsdata?user=boss", f"postgresql://boss:{PW}@127.0.0.1:5439999/rmsdata",
    f"postgresql://boss:{PW}@{HOST}/rmsdata?no_such=appname7", f"mysql://boss:{PW}@db.ourtown.invalid/rmsdata",
])
def test_no_part_of_an_address_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    monkeypatch.setenv("OURTOWN_DATABASE", address)
    for form in ([], ["--json"]):
        assert main(["check", str(department(tmp_path, relation="cad.calls")), *form]) == 1
        said = capsys.readouterr()
        assert "cad.calls: the database refused" in said.out and not seen(said.out + said.err)


def _fails(error: Exception) -> Callable[..., object]:
    def connect(*_: object, **__: object) -> object:
        raise error

    return connect


ERRORS = psycopg.errors
KINDS = [
    (psycopg.OperationalError, "does not accept this user"), (psycopg.ProgrammingError, "address is not understood"),
    (ERRORS.InvalidPassword, "does not accept this user"), (ERRORS.UndefinedTable, "no such table or view"),
    (ERRORS.InsufficientPrivilege, "may not read that"), (ERRORS.QueryCanceled, "took too long"),
    (ERRORS.ConnectionException, "no connection"), (ERRORS.InvalidCatalogName, "no such database"),
    (ERRORS.UniqueViolation, "an error of the server"), (ERRORS.InvalidTextRepresentation, "cannot be converted"),
    (ERRORS.ReadOnlySqlTransaction, "only a SELECT"), (ERRORS.SyntaxError, "query is not understood"),
    (psycopg.InterfaceError, ""), (psycopg.DataError, ""), (psycopg.InternalError, ""), (psycopg.NotSupportedError, ""),
    (UnicodeError, "address is not understood"),
]


@pytest.mark.parametrize(("kind", "words"), KINDS, ids=[kind.__name__ for kind, _ in KINDS])
def test_no_word_of_the_driver_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: type[Exception],
    words: str,
) -> None:
    monkeypatch.setenv("OURTOWN_DATABASE", ADDRESS)
    monkeypatch.setattr(psycopg, "connect", _fails(kind(SAID)))
    assert main(["check", str(department(tmp_path, relation="cad.calls"))]) == 1
    said = capsys.readouterr()
    assert "cad.calls: the database refused" in said.out and words in said.out and not seen(said.out + said.err)
