"""No message, page or file shows a database's address or what a variable holds."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook

import perflib as pf
from perflib.__main__ import main
from perflib.errors import PerflibError

try:
    import psycopg
except ImportError:  # the extra postgres
    psycopg = None
#: every part of an address that must not be seen, and what stands for a record in the driver's words
SECRETS = ("hunter2Zx", "p@ss", "boss", "db.ourtown", "rmsdata", "5439", "appname7", "Jane Roe", "pgdata")
PW, ENCODED = "hunter2Zx", "p%40ss"
HOST = "127.0.0.1:1"
ADDRESS = f"postgresql://boss:{ENCODED}@{PW}@db.ourtown.invalid:5439/rmsdata?application_name=appname7"
SAID = (
    f'connection to server at "db.ourtown.invalid" (10.1.2.3), port 5439 failed: FATAL: password authentication '
    f'failed for user "boss"; database "rmsdata"; {ADDRESS}; DETAIL: Key (name)=(Jane Roe) in /srv/pgdata/base'
)


def department(folder: Path, **reader: str) -> Path:
    mapping = {
        "table": "calls",
        "reader": {"format": "postgresql", "url_env": "OURTOWN_DATABASE", **reader},
        "columns": {"call_id": "id", "received_at": "received"},
    }
    (folder / "m.yml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    described = {"name": "T", "timezone": "UTC", "sources": [{"table": "calls", "mapping": "m.yml"}]}
    (folder / "d.yml").write_text(yaml.safe_dump(described), encoding="utf-8")
    return folder / "d.yml"


def seen(said: str) -> list[str]:
    return [secret for secret in SECRETS if secret in said]


@pytest.mark.skipif(psycopg is None, reason="needs the extra postgres")
@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://boss:{PW}@{HOST}/rmsdata?application_name=appname7",
        f"postgres://boss:{PW}@{HOST}/rmsdata",
        f"postgresql://boss:p@ss@{PW}@{HOST}/rmsdata",
        f"postgresql://boss:{ENCODED}%2F{PW}@{HOST}/rmsdata",
        f"postgresql://boss:{PW}@127.0.0.1,[::1]:1,1/rmsdata",
        f"postgresql://boss:%zz{PW}@{HOST}/rmsdata",
        f"host=127.0.0.1 port=1 user=boss password='{PW} p@ss' dbname=rmsdata",
        f"boss {PW}",
        "host=/srv/pgdata user=boss dbname=rmsdata",
        f"user=boss password={PW} host='127.0.0.1",
        "postgresql://%2Fsrv%2Fpgdata/rmsdata?user=boss",
        f"postgresql://boss:{PW}@127.0.0.1:5439999/rmsdata",
        f"postgresql://boss:{PW}@{HOST}/rmsdata?no_such=appname7",
        f"mysql://boss:{PW}@db.ourtown.invalid/rmsdata",
    ],
)
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


ERRORS = psycopg.errors if psycopg else None
KINDS = (
    []
    if psycopg is None
    else [
        (psycopg.OperationalError, "does not accept this user"),
        (psycopg.ProgrammingError, "address is not understood"),
        (ERRORS.InvalidPassword, "does not accept this user"),
        (ERRORS.UndefinedTable, "no such table or view"),
        (ERRORS.InsufficientPrivilege, "may not read that"),
        (ERRORS.QueryCanceled, "took too long"),
        (ERRORS.ConnectionException, "no connection"),
        (ERRORS.InvalidCatalogName, "no such database"),
        (ERRORS.UniqueViolation, "an error of the server"),
        (ERRORS.InvalidTextRepresentation, "cannot be converted"),
        (ERRORS.ReadOnlySqlTransaction, "only a SELECT"),
        (ERRORS.SyntaxError, "query is not understood"),
        (psycopg.InterfaceError, ""),
        (psycopg.DataError, ""),
        (psycopg.InternalError, ""),
        (psycopg.NotSupportedError, ""),
        (UnicodeError, "address is not understood"),
    ]
)


@pytest.mark.parametrize(("kind", "words"), KINDS, ids=[kind.__name__ for kind, _ in KINDS])
def test_no_word_of_the_driver_is_printed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: type[Exception],
    words: str,
) -> None:
    monkeypatch.setenv("OURTOWN_DATABASE", ADDRESS)
    monkeypatch.setattr(psycopg, "connect", _fails(kind(SAID)))
    assert main(["check", str(department(tmp_path, relation="cad.calls"))]) == 1
    said = capsys.readouterr()
    assert "cad.calls: the database refused" in said.out and words in said.out and not seen(said.out + said.err)


#: what a variable holds: the name of a folder, which no message shows
NAMED, HELD = "Q7-priv\u00ef & 'own' share", "Q7-priv"
ROWS = "id,received\n1,2025-01-01 10:00:00\n2,2025-01-01 11:00:00\n"
PLAIN = {"table": "calls", "columns": {"call_id": "id", "received_at": "received"}}
OUTLINE = (
    '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "N"}, "geometry": '
    '{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}}]}'
)


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the variable OURSHARE names, apart from the department in ``work``."""
    place = tmp_path / NAMED / "more"
    for folder in (place, tmp_path / "work"):
        folder.mkdir(parents=True)
    (place / "x.csv").write_text(ROWS, encoding="utf-8")
    (place / "m.yml").write_text(yaml.safe_dump(PLAIN), encoding="utf-8")
    (place / "b.geojson").write_text(OUTLINE, encoding="utf-8")
    for name in ("bad.parquet", "bad.xlsx", "bad.csv.gz", "bad.json", "bad.duckdb", "bad.zip"):
        (place / name).write_bytes(b"\x1f\x8b no such thing" if name.endswith(".gz") else b"PK\x03\x04 no such thing")
    (place / "bad.yml").write_text("a: [", encoding="utf-8")
    (place / "folder.csv").mkdir()
    (place / "open.key").write_bytes(b"k" * 32)
    (place / "open.key").chmod(0o644)
    monkeypatch.setenv("OURSHARE", str(place.parent))
    monkeypatch.setenv("PERFLIB_AUDIT_FILE", str(tmp_path / "work" / "audit.jsonl"))
    return place


def written(work: Path, roots: list[str], **source: object) -> Path:
    other = {key: source.pop(key) for key in list(source) if key in ("boundaries", "privacy", "settings", "name")}
    read = {"table": "calls", "files": "${OURSHARE}/more/x.csv", "mapping": "${OURSHARE}/more/m.yml", **source}
    described = {"name": "T", "timezone": "UTC", "roots": roots, "sources": [read], **other}
    (work / "d.yml").write_text(yaml.safe_dump(described), encoding="utf-8")
    return work / "d.yml"


WRONG = [
    {"files": "${OURSHARE}/more/*.nothing"},
    {"files": "${OURSHARE}/nothing/x.csv"},
    {"files": "${OURSHARE}"},
    *(
        {"files": f"${{OURSHARE}}/more/{name}"}
        for name in ("bad.parquet", "bad.xlsx", "bad.csv.gz", "bad.json", "bad.duckdb", "bad.zip", "folder.csv")
    ),
    {"mapping": "${OURSHARE}/more/none.yml"},
    {"mapping": "${OURSHARE}/more/bad.yml"},
    {"mapping": "${OURSHARE}"},
    {"files": "${OURSHARE}/../x.csv"},
    {"privacy": {"key": "${OURSHARE}/more/open.key"}},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_a_declared_variable_holds_is_not_printed(
    share: Path, capsys: pytest.CaptureFixture[str], wrong: dict[str, object]
) -> None:
    work = share.parents[1] / "work"
    if "privacy" in wrong:
        mapping = {**PLAIN, "columns": {**PLAIN["columns"], "officer_id": "id"}}  # type: ignore[dict-item]
        (share / "m.yml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
        (share / "data").mkdir()
        (share / "x.csv").rename(share / "data" / "x.csv")
        wrong = {**wrong, "files": "${OURSHARE}/more/data/x.csv"}
    path = written(work, ["${OURSHARE}"], **wrong)
    for form in ([], ["--json"]):
        assert main(["check", str(path), *form]) == 1
        said = capsys.readouterr()
        assert HELD not in said.out + said.err and len(said.out + said.err) > 20
    with pytest.raises(PerflibError) as raised:
        pf.open(path)
    assert HELD not in "".join(traceback.format_exception(raised.value)).replace(str(path), "")


SECRET = "wJalr+XUtnFEMI/K7MDENG"
UNDECLARED = [
    {"files": "${AWS_SECRET}/*.csv"},
    {"mapping": "${AWS_SECRET}.yml"},
    {"mapping": "${AWS_SECRET}/m.yml"},
    {"boundaries": "${AWS_SECRET}.geojson"},
    {"settings": {"boundaries": "${AWS_SECRET:-x}/b.geojson"}},
    {"privacy": {"key": "${AWS_SECRET}/k"}},
    {"privacy": {"audit": "/proc/${AWS_SECRET}/a"}},
    {"privacy": {"releases": "${AWS_SECRET}"}},
    {"settings": {"review": {"development": "x${AWS_SECRET}"}}},
    {"files": "x_${AWS_SECRET:-a}.csv"},
    {"files": "${OURSHARE}/${AWS_SECRET}/x.csv"},
]


@pytest.mark.parametrize("declared", [False, True])
@pytest.mark.parametrize("wrong", UNDECLARED, ids=str)
def test_a_variable_that_is_no_folder_never_expands(
    share: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    wrong: dict[str, object],
    declared: bool,
) -> None:
    monkeypatch.setenv("AWS_SECRET", SECRET)
    roots = ["${OURSHARE}", *(["${AWS_SECRET}"] if declared else [])]
    path = written(share.parents[1] / "work", roots, **wrong)
    assert main(["check", str(path)]) == 1
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err and HELD not in said.out + said.err
    assert "the environment variable AWS_SECRET" in said.out or "a variable stands elsewhere" in said.out


def test_the_name_of_a_department_does_not_expand(share: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(written(share.parents[1] / "work", ["${OURSHARE}"], name="Leak ${OURSHARE}"))]) == 0
    assert "Leak ${OURSHARE}" in capsys.readouterr().out


FINE = "import perflib as pf\ndept = pf.open(department)\npf.metrics.quality.quality(dept)"
TELLING = FINE + "\nprint(dept.settings['boundaries'])\nopen(dept.settings['boundaries'] + 'x')"


def test_reports_do_not_show_what_a_declared_variable_holds(share: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = share.parents[1] / "work"
    for name, cell in (("fine", FINE), ("telling", TELLING)):
        parameters = new_code_cell('department: str = ""', metadata={"tags": ["parameters"]})
        nbformat.write(new_notebook(cells=[parameters, new_code_cell(cell)]), work / f"{name}.ipynb")
    plan = {
        "department": "d.yml",
        "runs": [{"notebook": "fine"}, {"notebook": "telling"}],
        "hooks": [{"on": "completion", "file": "told.json"}],
    }
    (work / "plan.yml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    seen = []
    for number, (key, name) in enumerate((("boundaries", "b.geojson"), ("files", "bad.zip"))):
        written(work, ["${OURSHARE}"], **{key: f"${{OURSHARE}}/more/{name}"})
        assert main(["report", str(work / "plan.yml"), "--workers", "2", "--out", str(work / f"out{number}")]) == 1
        said = capsys.readouterr()
        seen += ["printed"] if HELD in said.out + said.err else []
    first = work / "out0"
    assert "${OURSHARE}/more/x.csv" in next(first.glob("fine*/manifest.json")).read_text(encoding="utf-8")
    assert "FileNotFoundError" in next(first.glob("telling*/failure.html")).read_text(encoding="utf-8")
    files = [path for path in work.rglob("*") if path.is_file()]
    assert len(files) > 15
    assert not seen + [str(path) for path in files if HELD in path.read_text(encoding="utf-8", errors="replace")]
