"""Issue 10, A.7: files damaged at random, 300 of each format: a plain message each, no execution, in bounded memory."""

from __future__ import annotations

import gzip
import io
import json
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from perflib.__main__ import main

FORMS = ("csv", "tsv", "json", "jsonl", "xlsx", "parquet", "duckdb", "zip", "csv.gz")
TOGETHER = 20
SECONDS, MEGABYTES = 15, 600
HOSTILE = (
    b"\0",
    b"\r",
    b"\n",
    b'"',
    b'""',
    b",",
    b"\t",
    b"\\",
    b"'",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xe9",
    "\u2028\u0085\ufffe\u202e".encode(),
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"null",
    b"{",
    b"}",
    b"[" * 3000,
    b"]",
    b":",
    b"\\ud800",
    b"9" * 6000,
    b"1" * 200_000,
    b"=cmd|' /C calc'!A0",
    b"'; DROP TABLE calls; --",
    b"<!DOCTYPE html>",
    b"PK\x03\x04",
    b"PAR1",
    b"\x1f\x8b\x08",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"../../x",
    b"%n%s",
    b'<c r="XFD1048576"><v>1</v></c>',
    b"&a;",
    b"<f>1+1</f>",
    b'"id":1,',
    b"x," * 6000,
)
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "socket.connect", "pickle.find_class", "ctypes.dlopen")
_watched: list[str] = []
_watching: list[bool] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Note what a check must not do: run a program, reach out, load code from data, write outside its folder."""
    if not _watching:
        return
    if event in FORBIDDEN or (event == "subprocess.Popen" and "workbook_process.py" not in str(arguments[1])):
        _watched.append(f"{event} {arguments}")
    elif event == "open" and isinstance(arguments[0], str) and set(str(arguments[1])) & set("wax+"):
        place = Path(arguments[0])
        if tempfile.gettempdir() not in str(place) and "perflib" not in str(place) and str(place) != "/dev/null":
            _watched.append(f"{event} {arguments}")


sys.addaudithook(_watch)


@contextmanager
def watched() -> Iterator[list[str]]:
    _watched.clear()
    _watching.append(True)
    try:
        yield _watched
    finally:
        _watching.clear()


def good(form: str, folder: Path) -> bytes:
    """A small sound file."""
    rows = {
        "id": [f"k{at}" for at in range(40)],
        "t": ["2024-01-01 10:00:00"] * 40,
        "d": ['N "1"', "Sé", "", "W, E"] * 10,
        "n": [*range(40)],
    }
    frame = pd.DataFrame(rows)
    buffer = io.BytesIO()
    if form == "duckdb":
        with duckdb.connect(str(folder / "good.duckdb")) as con:
            con.execute(
                "CREATE TABLE calls AS SELECT 'k' || range AS id, '2024-01-01 10:00:00' AS t, range AS n, "
                "'N' AS d FROM range(3000)"
            )
            con.execute("CREATE VIEW again AS SELECT * FROM calls")
        return (folder / "good.duckdb").read_bytes()
    if form == "xlsx":
        frame.to_excel(buffer, index=False)
    elif form == "parquet":
        pd.concat([frame] * 30).to_parquet(buffer)
    elif form in ("json", "jsonl"):
        return frame.to_json(orient="records", lines=form == "jsonl").encode()
    elif form == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("a.csv", frame.to_csv(index=False))
    else:
        text = frame.to_csv(index=False, sep="\t" if form == "tsv" else ",").encode()
        return gzip.compress(text, mtime=0) if form == "csv.gz" else text
    return buffer.getvalue()


def damaged(raw: bytes, form: str, rng: random.Random) -> bytes:
    """The file with some damage: in what is packed, where it is packed, as often as in the package."""
    if rng.random() < 0.6 and form in ("xlsx", "zip"):
        with zipfile.ZipFile(io.BytesIO(raw)) as given:
            parts = {name: given.read(name) for name in given.namelist()}
        name = rng.choice(sorted(parts))
        parts[name] = hurt(parts[name], rng)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
            for each, content in parts.items():
                made.writestr(each, content)
        return buffer.getvalue()
    if rng.random() < 0.6 and form == "csv.gz":
        return gzip.compress(hurt(gzip.decompress(raw), rng), mtime=0)
    return hurt(raw, rng)


def hurt(raw: bytes, rng: random.Random) -> bytes:
    found = bytearray(raw)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at, size = rng.randrange(len(found) + 1), rng.randrange(1, 60)
        way = rng.randrange(7)
        if way == 0:
            for _ in range(rng.randrange(1, 20)):
                if found:
                    found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
        elif way == 1:
            del found[at:]
        elif way == 2:
            del found[at : at + size]
        elif way == 3:
            start = rng.randrange(len(found) + 1)
            found[at:at] = found[start : start + size * rng.choice((1, 50))]
        elif way == 4:
            found[at : at + size] = bytes(rng.randrange(256) for _ in range(size))
        elif way == 5:
            found[at:at] = rng.choice(HOSTILE)
        else:
            new = rng.choice(HOSTILE)
            found[at : at + len(new)] = new
    return bytes(found)


def department(folder: Path, form: str, seeds: list[int]) -> Path:
    """A department whose sources are damaged files."""
    raw = good(form, folder)
    reader = "reader: {relation: again}\n" if form == "duckdb" else ""
    columns = (
        "table: calls\ncolumns: {call_id: id, received_at: t, district: {from: d, optional: true}, "
        "unit_count: {from: n, optional: true}}\n"
    )
    (folder / "m.yml").write_text(columns + reader, encoding="utf-8")
    listed = []
    for seed in seeds:
        (folder / f"x{seed}.{form}").write_bytes(damaged(raw, form, random.Random(f"{form} {seed}")))
        listed.append(f"  - {{table: calls, files: x{seed}.{form}, mapping: m.yml}}\n")
    text = "name: Town\ntimezone: America/Chicago\nsources:\n" + "".join(listed)
    (folder / "d.yml").write_text(text, encoding="utf-8")
    return folder / "d.yml"


def peak() -> int:
    """MB of memory that this process and its children took at most; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) >> 10


def fuzz(form: str, seeds: list[int], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = department(folder, form, seeds)
    before, names, begun = peak(), sorted(folder.rglob("*")), time.monotonic()
    with watched() as done:
        code = main(["check", "--json", str(given)])
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (code, err, done) == (bool(found["errors"]), "", [])
    for fault in found["errors"]:
        assert any(f"x{seed}.{form}" in fault for seed in seeds), fault
        assert len(fault) < 1500 and str(folder) not in fault and fault.isprintable(), fault
        assert not any(words in fault for words in ("Traceback", "INTERNAL", "Stack Trace")), fault
    read = {file for source in found["sources"] for file in source["files"]}
    assert all(f"x{seed}.{form}" in read or f"x{seed}.{form}" in str(found["errors"]) for seed in seeds)
    assert sorted(folder.rglob("*")) == names
    assert time.monotonic() - begun < SECONDS * len(seeds) and peak() - before < MEGABYTES


@pytest.mark.parametrize("form", FORMS)
def test_some_damaged_files(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fuzz(form, list(range(8)), tmp_path, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 300, TOGETHER))
@pytest.mark.parametrize("form", FORMS)
def test_many_damaged_files(form: str, start: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fuzz(form, list(range(start, start + TOGETHER)), tmp_path, capsys)


def test_the_files_are_sound_before_they_are_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else the fuzzing would test nothing but the first gate."""
    monkeypatch.setattr(sys.modules[__name__], "hurt", lambda raw, _: raw)
    for form in FORMS:
        assert main(["check", "--json", str(department(tmp_path, form, [0]))]) == 0, form
        assert json.loads(capsys.readouterr().out)["accepted"] >= 40
