"""Refused records as they came leave perflib only in a file of their owner, and only when asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import perflib as pf
from perflib.__main__ import main


@pytest.fixture
def department(tmp_path: Path) -> Path:
    rows = "".join(f"{n},2025-01-01 10:00:00,2\n" for n in range(60))
    refused = '60,2025-01-01 11:00:00,"Spoke to John Doe, 12 Oak St"\n'
    (tmp_path / "calls.csv").write_text(f"id,received,note\n{rows}{refused}", encoding="utf-8")
    columns = "{call_id: id, received_at: received, unit_count: note}"
    (tmp_path / "calls.yml").write_text(f"table: calls\ncolumns: {columns}\n", encoding="utf-8")
    file = tmp_path / "department.yml"
    file.write_text(
        "name: Graz\ntimezone: UTC\nsources: [{table: calls, files: calls.csv, mapping: calls.yml}]\n", encoding="utf-8"
    )
    return file


def test_the_export_is_its_owners_alone_and_says_what_it_holds(
    department: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = os.umask(0o022)
    target = department.parent / "refused.csv"
    try:
        assert main(["quarantine", str(department), "--out", str(target)]) == 0
    finally:
        os.umask(before)
    said = capsys.readouterr().out
    assert "raw records: names, ids and narratives" in said and "John Doe" not in said
    assert "Spoke to John Doe, 12 Oak St" in target.read_text(encoding="utf-8-sig")
    if os.name == "posix":
        assert target.stat().st_mode & 0o777 == 0o600


def test_the_export_overwrites_nothing(department: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = department.parent / "refused.csv"
    target.write_text("mine", encoding="utf-8")
    assert main(["quarantine", str(department), "--out", str(target)]) == 1
    assert "not overwritten" in capsys.readouterr().err and target.read_text(encoding="utf-8") == "mine"


def test_a_department_shown_in_a_notebook_shows_no_refused_record(department: Path) -> None:
    dept = pf.open(department)
    assert dept.sources[0].quarantined == 1 and "John Doe" in dept.sources[0].quarantine["raw"][0]
    assert "John Doe" not in repr(dept) + repr(dept.sources)
