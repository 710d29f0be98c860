"""Paths of a department file, a mapping or a plan stay in its folder and in the roots it declares; keys stay apart."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

import perflib as pf
from perflib.__main__ import main
from perflib.errors import PerflibError

ROWS = "id,received,off\n1,2025-01-01 10:00:00,x\n2,2025-01-01 11:00:00,y\n"
COLUMNS = {"call_id": "id", "received_at": "received"}
LINE = "db.ourtown.invalid:5432:rms:boss:hunter2Zx"


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A department in ``work``; everything around it, and the home folder, is out of reach."""
    folder = tmp_path / "work"
    for name in ("work/exports/2025", "outside/sub", "home/keys"):
        (tmp_path / name).mkdir(parents=True)
    for place in (folder, folder / "exports", folder / "exports/2025", tmp_path / "outside", tmp_path / "home"):
        (place / "x.csv").write_text(ROWS, encoding="utf-8")
        (place / "m.yml").write_text(yaml.safe_dump({"table": "calls", "columns": COLUMNS}), encoding="utf-8")
    (tmp_path / "outside" / "pgpass").write_text(LINE + "\n", encoding="utf-8")
    if os.name != "nt":
        (folder / "link").symlink_to(tmp_path / "outside")
        (folder / "linked.csv").symlink_to(tmp_path / "outside" / "x.csv")
        (folder / "circle").symlink_to(folder / "circle")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.delenv("PERFLIB_REALDATA", raising=False)
    return folder


def write(work: Path, key: str = "", value: Any = None, **more: Any) -> Path:
    """A department file of which one key, named like ``privacy.key``, has this value."""
    source = {"table": "calls", "files": "x.csv", "mapping": "m.yml"}
    described: dict[str, Any] = {"name": "T", "timezone": "UTC", "sources": [source], **more}
    *outer, last = key.split(".")
    holder = source if key in ("files", "mapping") else described
    for name in outer:
        holder = holder.setdefault(name, {})
    if key:
        holder[last] = value
    (work / "d.yml").write_text(yaml.safe_dump(described), encoding="utf-8")
    return work / "d.yml"


KEYS = [
    "files",
    "mapping",
    "boundaries",
    "settings.boundaries",
    "privacy.key",
    "privacy.audit",
    "privacy.releases",
    "settings.review.development",
]
OUT = [
    "../outside/x.csv",
    "exports/../../outside/x.csv",
    "{out}/x.csv",
    "~/x.csv",
    r"\\host\share\x.csv",
    r"C:\x.csv",
    "C:x.csv",
    r"..\outside\x.csv",
    "//host/share/x.csv",
    "link/x.csv",
    "linked.csv",
    "circle",
    "/etc/passwd",
    "/proc/self/environ",
    "/dev/stdin",
    "file:" + "///etc/passwd",
    "s3://bucket/x.csv",
]
POSIX_ONLY = {"link/x.csv", "linked.csv", "circle", "/proc/self/environ", "/dev/stdin"}


def refused(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["check", str(path)]) == 1
    said = capsys.readouterr()
    return said.out + said.err


@pytest.mark.parametrize("text", OUT)
@pytest.mark.parametrize("key", KEYS)
def test_a_path_that_leads_out_is_refused(work: Path, capsys: pytest.CaptureFixture[str], key: str, text: str) -> None:
    if os.name == "nt" and text in POSIX_ONLY:
        pytest.skip("links need rights there")
    said = refused(write(work, key, text.replace("{out}", str(work.parent / "outside"))), capsys)
    assert "leads out of the department file's folder" in said or "cannot be followed" in said
    assert "cannot be followed" in said or "roots: [FOLDER]" in said


@pytest.mark.parametrize("text", [*OUT, "${SECRET_FOLDER}/x.csv"])
def test_a_lookup_that_leads_out_is_refused(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    if os.name == "nt" and text in POSIX_ONLY:
        pytest.skip("links need rights there")
    monkeypatch.setenv("SECRET_FOLDER", str(work.parent / "outside"))
    join = {"look": {"file": text.replace("{out}", str(work.parent / "outside")), "on": ["off"], "partial": "true"}}
    mapping = {"table": "calls", "reader": {"join": join}, "columns": {**COLUMNS, "district": "look.id"}}
    (work / "m.yml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    said = refused(write(work), capsys)
    assert any(words in said for words in ("leads out of", "cannot be followed", "SECRET_FOLDER is not declared"))
    assert "root:x" not in said and ("{out}" in text or str(work.parent / "outside") not in said)


@pytest.mark.parametrize(
    "text",
    [
        "*/../../outside/x.csv",
        "link/*.csv",
        "l*/x.csv",
        "**/../../outside/*.csv",
        "linked*.csv",
        "../*/x.csv",
        "/**/x.csv",
        "~/*.csv",
        "[l]ink/x.csv",
    ],
)
def test_a_glob_that_leads_out_is_refused(work: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    if os.name == "nt" and "l" in text:
        pytest.skip("links need rights there")
    assert "leads out of" in refused(write(work, "files", text), capsys)


@pytest.mark.parametrize(
    ("text", "count"),
    [("x.csv", 1), ("exports/*.csv", 1), ("exports/**/*.csv", 2), (r"exports\*.csv", 1), ("./exports/../x.csv", 1)],
)
def test_paths_that_stay_are_read(work: Path, text: str, count: int) -> None:
    mapping = {"table": "calls", "columns": COLUMNS, "quarantine_limit": "0.9"}  # both files hold the same calls
    (work / "m.yml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    report = pf.open(write(work, "files", text)).sources[0]
    assert (len(report.files), report.accepted) == (count, 2)


def test_a_folder_whose_name_is_a_pattern_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "a[1]*" if os.name != "nt" else tmp_path / "a[1]"
    (folder / "exports").mkdir(parents=True)
    (folder / "exports" / "x.csv").write_text(ROWS, encoding="utf-8")
    (folder / "m.yml").write_text(yaml.safe_dump({"table": "calls", "columns": COLUMNS}), encoding="utf-8")
    assert pf.open(write(folder, "files", "exports/*.csv")).calls.count().execute() == 2


@pytest.mark.parametrize(
    ("root", "text"),
    [
        ("../outside", "../outside/x.csv"),
        ("{out}", "{out}/*.csv"),
        ("~", "~/x.csv"),
        ("~/keys/..", "~/x.csv"),
        ("${EXPORTS}", "${EXPORTS}/x.csv"),
        ("${NOWHERE:-../outside}", "${NOWHERE:-../outside}/x.csv"),
        ("../outside", "link/x.csv"),
        ("${EXPORTS:-elsewhere}", "${EXPORTS}/*.csv"),
    ],
)
def test_a_declared_root_is_read(work: Path, monkeypatch: pytest.MonkeyPatch, root: str, text: str) -> None:
    out = work.parent / "outside"
    monkeypatch.setenv("EXPORTS", str(out))
    path = write(work, "files", text.replace("{out}", str(out)), roots=[root.replace("{out}", str(out))])
    if root.startswith("~"):
        with pytest.raises(PerflibError, match="holds too much"):
            pf.open(path)
    else:
        assert pf.open(path).calls.count().execute() == 2


@pytest.mark.parametrize(
    "roots", ["/", ["/"], ["~"], {"a": "b"}, [["a"]], [""], ["${UNSET_ONE}"], ["a${EXPORTS}"], "exports"]
)
def test_a_root_that_is_none_or_everything_is_refused(
    work: Path, capsys: pytest.CaptureFixture[str], roots: Any
) -> None:
    assert "d.yml, roots: " in refused(write(work, roots=roots), capsys)


def test_a_plan_may_name_a_file_only_in_its_folder(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for key in ("department", "out"):
        for text in (*OUT, "${HOME}/x"):
            plan = {key: text.replace("{out}", str(work.parent)), "runs": [{"notebook": "01_response_times"}]}
            (work / "plan.yml").write_text(yaml.safe_dump(plan), encoding="utf-8")
            assert main(["report", str(work / "plan.yml")]) == 1
            said = capsys.readouterr().err
            assert any(words in said for words in ("leads out of", "cannot be followed", "is not declared")), text


KEY_PLACES = [
    ("exports/*.csv", "exports/it.key"),
    ("exports/**/*.csv", "exports/it.key"),
    ("exports/**/*.csv", "exports/2025/it.key"),
    ("exports/**/*.csv", "exports/new/it.key"),
    ("**/*.csv", "it.key"),
    ("*/x.csv", "exports/it.key"),
    ("*/x.csv", "keys/it.key"),
    ("exports/[0-9]*/x.csv", "exports/2025/it.key"),
    ("exports/2025/x.csv", "exports/2025/it.key"),
    ("exports/2025/x.csv", "exports/2025/deep/it.key"),
    ("exports/202?/*.csv", "exports/2024/it.key"),
    ("exports", "exports/it.key"),
    ("exports/x.csv", "inexports/it.key"),
    ("inexports/x.csv", "exports/it.key"),
    ("exports/x.csv", "exports/2025/../it.key"),
    ("exports/x.csv", "exports/out.key"),
    ("*.csv", "it.key"),
]


@pytest.mark.parametrize(("files", "key"), KEY_PLACES)
@pytest.mark.parametrize("named", ["file", "environment"])
def test_a_key_is_neither_made_nor_used_where_data_are_read(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, files: str, key: str, named: str
) -> None:
    if os.name == "nt":
        pytest.skip("links need rights there")
    (work / "inexports").symlink_to(work / "exports")
    (work / "exports" / "out.key").symlink_to(work / "kept.key")
    (work / "kept.key").write_bytes(b"k" * 32)
    (work / "kept.key").chmod(0o600)
    (work / "link").unlink()
    (work / "linked.csv").unlink()
    mapping = {"table": "calls", "columns": {**COLUMNS, "officer_id": "off"}, "quarantine_limit": "0.9"}
    (work / "m.yml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    monkeypatch.setenv("PERFLIB_KEY_FILE", str(work / key))
    before = set(work.rglob("*.key"))
    said = refused(write(work, "files", files, **({"privacy": {"key": key}} if named == "file" else {})), capsys)
    if files != "exports":  # a folder is no file, and is refused as such
        assert "the key lies in the folder of the data" in said
    assert set(work.rglob("*.key")) == before


def test_a_key_beside_a_lookup_is_refused(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "lookups").mkdir()
    (work / "lookups" / "l.csv").write_text("off,d\nx,West\n", encoding="utf-8")
    join = {"l": {"file": "../lookups/l.csv", "on": ["off"], "partial": "true"}}
    columns = {**COLUMNS, "officer_id": "off", "district": "l.d"}
    mapping = {"table": "calls", "reader": {"join": join}, "columns": columns}
    (work / "m.yml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    path = write(work, "files", "exports/x.csv", privacy={"key": "lookups/it.key"})
    assert "the key lies in the folder of the data" in refused(path, capsys)


def test_a_key_apart_from_the_data_is_used(work: Path) -> None:
    columns = {**COLUMNS, "officer_id": "off"}
    (work / "m.yml").write_text(yaml.safe_dump({"table": "calls", "columns": columns}), encoding="utf-8")
    for files, key, roots in (("exports/**/*.csv", "keys/it.key", []), ("exports/*.csv", "~/keys/it.key", ["~/keys"])):
        privacy = {"key": key}
        found = pf.open(write(work, "files", files.replace("**/", ""), privacy=privacy, roots=roots)).calls.execute()
        assert found["officer_id"].str.startswith("P-").all()
    assert (work / "keys" / "it.key").is_file() and (work.parent / "home" / "keys" / "it.key").is_file()


def test_no_reader_prints_a_line_of_a_file_that_is_something_else(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = work / "pgpass"
    said = []
    for content in (
        LINE,
        f"{LINE}: [",
        f"a: {LINE}\n b: '",
        f'{{"{LINE}": 1}}',
        f"{LINE},{LINE}\n{LINE}\n",
        f"\t{LINE}",
        f"date,name\n{LINE},x\n",
        f"local,nibrs\n{LINE},1\n{LINE},2\n",
        f"@{LINE}",
        f"- !{LINE} x",
    ):
        for suffix in ("", ".yml", ".csv", ".json"):
            path = secret.with_suffix(suffix)
            path.write_text(content, encoding="utf-8")
            dept = pf.from_frames(calls=_frame())
            for call in (
                lambda path=path: pf.metrics.counts.read_calendar(path),
                lambda path=path: pf.metrics.counts.read_crosswalk(path),
                lambda path=path, dept=dept: pf.metrics.review.plan(dept, path),
                lambda path=path: pf.metrics.asof.change_log(path, path),
                lambda path=path: pf.metrics.maps.boundaries(pf.open(write(work, "boundaries", path.name))),
                lambda path=path: pf.open(write(work, "mapping", path.name)),
                lambda path=path: main(["report", str(path)]),
            ):
                try:
                    call()
                except PerflibError as fault:
                    said.append(str(fault))
    captured = capsys.readouterr()
    lines = [*said, *captured.out.splitlines(), *captured.err.splitlines()]
    assert len(said) > 100
    assert not [line for line in lines if any(part in line for part in LINE.split(":") if part != "5432")]


def _frame() -> Any:
    import pandas as pd

    return pd.DataFrame({"call_id": ["1"], "received_at": pd.to_datetime(["2025-01-01 10:00"])})


CELL = """import perflib as pf
pf.metrics.counts.read_calendar(holidays)
pf.Result("r", __import__("pandas").DataFrame({"n": [1]}), "T", "A.", "")"""


def test_a_parameter_of_a_plan_names_files_of_its_folder_only(work: Path) -> None:
    parameters = {
        "cell_type": "code",
        "metadata": {"tags": ["parameters"]},
        "execution_count": None,
        "outputs": [],
        "source": 'department: str = ""\nholidays: str = ""',
    }
    cell = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": CELL}
    book = {"cells": [parameters, cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    (work / "h.ipynb").write_text(json.dumps(book), encoding="utf-8")
    (work / "days.csv").write_text("date,name\n2025-01-01,New Year\n", encoding="utf-8")
    listed = ["days.csv", "../outside/pgpass", str(work.parent / "outside" / "pgpass")]
    listed += ["link/pgpass"] if os.name != "nt" else []
    (work / "plan.yml").write_text(
        yaml.safe_dump({"runs": [{"notebook": "h", "parameters": {"holidays": listed}}]}), encoding="utf-8"
    )
    assert main(["report", str(work / "plan.yml"), "--workers", "2"]) == 1
    runs = json.loads((work / "out" / "status.json").read_text(encoding="utf-8"))["runs"]
    assert [run["status"] for run in runs] == ["done"] + ["failed"] * (len(listed) - 1)
    assert all("leads out of the plan's folder" in run["error"]["message"] for run in runs[1:])
    assert not [path for path in (work / "out").rglob("*") if path.is_file() and "hunter2Zx" in path.read_text("utf-8")]
