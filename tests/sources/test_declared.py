"""Names in a department file stay as written, targets are numbers, and what is declared is met with the records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perflib.errors import DepartmentError
from perflib.reports.values import choices
from perflib.sources import department_file
from perflib.sources.check import check, quarantine
from perflib.sources.opening import open as opened

MAPPING = "table: calls\ncolumns: {call_id: id, received_at: t, district: d}\n"
ROWS = "id,t,d\n1,2025-01-01 10:00,04\n2,2025-01-01 11:00,04\n3,2025-01-01 12:00,4\n4,2025-01-01 13:00,\n"
SOURCES = "sources:\n  - {table: calls, files: x.csv, mapping: m.yml}\n"


def given(folder: Path, more: str = "", mapping: str = MAPPING) -> Path:
    """A department file with these lines."""
    (folder / "x.csv").write_text(ROWS, encoding="utf-8")
    (folder / "m.yml").write_text(mapping, encoding="utf-8")
    text = f"name: Town\ntimezone: America/New_York\n{SOURCES}{more}\n"
    (folder / "d.yml").write_text(text, encoding="utf-8")
    return folder / "d.yml"


@pytest.mark.parametrize("indent", ["", "settings:\n  "])
def test_names_stay_as_written(tmp_path: Path, indent: str) -> None:
    lines = [
        "districts: [04, 1e3, no, {name: 007, size: 3}, 1.50]",
        "shifts: {1: [07:00, 15:00]}",
        "priority_targets: {01: 7, 1: {minutes: 7.5, share: 0.9}, on: 12}",
    ]
    joint = "\n  " if indent else "\n"
    found = department_file.read(given(tmp_path, indent + joint.join(lines))).settings
    assert found["districts"] == ["04", "1e3", "no", {"name": "007", "size": 3}, "1.50"]
    assert found["shifts"] == {"1": ["07:00", "15:00"]}
    assert found["priority_targets"] == {"01": 7, "1": {"minutes": 7.5, "share": 0.9}, "on": 12}


def test_a_district_can_be_chosen_as_it_is_written(tmp_path: Path) -> None:
    assert choices(opened(given(tmp_path, "districts: [04, 05]")), "district") == ["04", "05"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("priority_targets: {1: acht}", "d.yml, priority_targets '1': minutes 'acht' is not a positive number"),
        ('priority_targets: {"2": -4}', "priority_targets '2': minutes '-4' is not"),
        ("priority_targets: {1: 0}", "minutes '0' is not"),
        ("priority_targets: {1: .inf}", "minutes '.inf' is not"),
        ("priority_targets: {1: 7:30}", "minutes '7:30' is not"),
        ("priority_targets: {1: {share: 1}}", "no minutes"),
        ("priority_targets: {1: {minutes: 7, share: 90}}", "share 90 is more than 1"),
        ("priority_targets: {1: {minuts: 7}}", "did you mean 'minutes'"),
        ("priority_targets: [7, 8]", "names no priorities"),
        ("districts: North", "not a list of names"),
        ("districts: [North, ]\nshifts: 7\nsettings: {districts: [~]}", "a district without a name"),
    ],
)
def test_what_is_no_name_or_no_target_is_refused(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(DepartmentError) as caught:
        department_file.read(given(tmp_path, line))
    assert words in str(caught.value) and "d.yml" in str(caught.value)


def test_check_tells_the_districts_that_do_not_meet(tmp_path: Path) -> None:
    found = check(given(tmp_path, "districts: [04, 05]"))
    assert found.exit_code == 0
    assert found.notes == (
        "declared districts that no record has (1 of 2): '05'",
        "districts of records that the department file does not declare: '4' (calls 1)",
    )
    assert all(note in found.text() for note in found.notes)
    assert json.loads(found.json())["notes"] == list(found.notes)
    assert check(given(tmp_path, 'districts: ["04", "4"]')).notes == check(given(tmp_path)).notes == ()


def test_check_fails_when_a_filter_leaves_nothing(tmp_path: Path) -> None:
    rule = "filter: [{column: d, keep: ['4 ', 05], because: one district}]\n"
    path = given(tmp_path, mapping=MAPPING + rule)
    found = check(path)
    assert found.exit_code == 1
    assert "no record is left of 4" in found.faults[0] and "(one district)" in found.faults[0]
    assert len(quarantine(path)) == 0
