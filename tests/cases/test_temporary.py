"""What a process puts aside goes with it, however it ends; what a killed one left goes with the next command."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

DEPARTMENT = """name: T
timezone: UTC
privacy: {pseudonyms: false, because: invented}
sources:
  - {table: calls, files: calls.csv, mapping: calls.yml}
  - {table: officers, mapping: officers.yml}
"""
CALLS = "table: calls\ncolumns: {call_id: id, received_at: received}\n"
OFFICERS = """table: officers
reader: {format: postgresql, url_env: SILENT, relation: o}
columns: {officer_id: badge}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of temporary files that only this test uses; on POSIX alone, where a process can be killed apart."""
    if os.name == "nt":
        pytest.skip("signals are of POSIX")
    (tmp_path / "tmp").mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path / "tmp"))
    (tmp_path / "calls.csv").write_text("id,received\n1,2025-01-01 10:00:00\n2,2025-01-01 10:00:00\n", encoding="utf-8")
    (tmp_path / "calls.yml").write_text(CALLS, encoding="utf-8")
    (tmp_path / "officers.yml").write_text(OFFICERS, encoding="utf-8")
    (tmp_path / "d.yml").write_text(DEPARTMENT, encoding="utf-8")
    return tmp_path


def left(place: Path) -> list[Path]:
    """What was put aside and is still there."""
    files = [path for path in (place / "tmp").rglob("*") if path.is_file()]
    return [path for path in files if not path.name.endswith("lock")]


@pytest.fixture
def waiting(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A check that has read the calls and waits for a database that never answers."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("SILENT", f"host=127.0.0.1 port={silent.getsockname()[1]} dbname=x user=x")
        command = [sys.executable, "-m", "perflib", "check", "d.yml"]
        with subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            silent.settimeout(60)
            with silent.accept()[0]:
                yield process
            process.kill()


def test_raw_records_are_private_and_a_killed_check_leaves_none_for_long(
    waiting: subprocess.Popen[bytes], place: Path
) -> None:
    held = left(place)
    assert held, "the records that were read are put aside"
    folders = {parent for path in held for parent in path.parents if parent.is_relative_to(place / "tmp" / ".")}
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in folders - {place / "tmp"})
    done = subprocess.run([sys.executable, "-m", "perflib", "audit"], cwd=place, check=False, capture_output=True)
    assert set(held) <= set(left(place)), "the folder of a process that lives is left alone"
    waiting.kill()
    waiting.wait()
    assert left(place)
    done = subprocess.run([sys.executable, "-m", "perflib", "audit"], cwd=place, check=False, capture_output=True)
    assert not left(place), done.stderr.decode()


@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_check_that_is_asked_to_end_leaves_nothing(
    waiting: subprocess.Popen[bytes], place: Path, number: str, code: int
) -> None:
    assert left(place)
    waiting.send_signal(getattr(signal, number))
    assert waiting.wait(timeout=60) == code and not left(place)


def test_a_report_leaves_nothing_of_its_kernel(place: Path) -> None:
    (place / "d.yml").write_text(DEPARTMENT.rpartition("  - ")[0], encoding="utf-8")
    cells = [
        "import perflib as pf, tempfile, pathlib\ndept = pf.open(department)",
        "tempfile.mkstemp()\nassert pathlib.Path(tempfile.gettempdir()).stat().st_mode & 0o077 == 0",
    ]
    parameters = new_code_cell('department: str = ""', metadata={"tags": ["parameters"]})
    nbformat.write(new_notebook(cells=[parameters, *map(new_code_cell, cells)]), place / "one.ipynb")
    command = [sys.executable, "-m", "perflib", "run", "one.ipynb", "--department", "d.yml", "--out", "out"]
    done = subprocess.run(command, cwd=place, check=False, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    assert not left(place)


def test_a_folder_that_somebody_else_made_is_not_used(place: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can make a file of somebody else")
    taken = place / "tmp" / f"perflib-{os.getuid()}"
    taken.mkdir(mode=0o777)
    os.chown(taken, 12345, 12345)
    code = "from perflib.files import temporary; print(temporary.folder('x'))"
    environment = {**os.environ, "XDG_CONFIG_HOME": str(place / "config")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout.startswith(str(place / "config"))
    assert not list(taken.iterdir())
