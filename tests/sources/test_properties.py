"""What must hold of any file at all: refused by name or fully accounted for, the same on every machine."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import perflib
from perflib.errors import PerflibError
from perflib.sources import one_pass

MAPPING = """\
table: calls
quarantine_limit: 1
columns:
  call_id: id
  received_at: t
  arrived_at: a
  priority: p
  service: {from: s, recode: {P: police}, otherwise: reject}
"""
DEPARTMENT = "name: x\ntimezone: America/New_York\nsources: [{table: calls, files: x.csv, mapping: m.yml}]\n"
HEADER = "id,t,a,p,s"

stamps = st.sampled_from(
    [
        "2025-01-01 10:00:00",
        "2025-11-02 01:30:00",
        "2025-03-09 02:30:00",
        "2025-01-01 10:00:00.25",
        "2025-01-01",
        "2025-01-01 10:00:00+02",
        "2025-01-01T10:00:00Z",
        "",
        "NULL",
        " NULL ",
        "x",
        " 2025-01-01 10:00:00 ",
        "infinity",
        "1776-07-04 10:00:00",
        "2025-01-01 10:00+02:00",
        "9999-12-31 00:00:00",
    ]
)
records = st.tuples(
    st.sampled_from(["1", "2", "3", "4", " 5", "", "NA", "é"]),
    stamps,
    stamps,
    st.sampled_from(["1", " 2 ", "-"]),
    st.sampled_from(["P", "police", " P", "Q", ""]),
)
ragged = st.sampled_from(["", " ", "1,2", "1,2025-01-01 10:00:00,,,,", "1,2,3,4,5,6", ","])
lines = st.one_of(records.map(",".join), ragged)
odd = st.text(st.sampled_from('ab1,"\n\r;\t é'), max_size=60)


def load(content: bytes) -> perflib.Department:
    """The department of a CSV file of this content."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "m.yml").write_text(MAPPING, encoding="utf-8")
        (place / "d.yml").write_text(DEPARTMENT, encoding="utf-8")
        (place / "x.csv").write_bytes(content)
        return perflib.open(place / "d.yml")


def outcome(content: bytes) -> object:
    """Accepted rows, refused rows and counts, or the words of the refusal."""
    try:
        found = load(content)
    except PerflibError as fault:
        return str(fault)
    report = found.sources[0]
    rows = found.calls.execute().astype(str).to_numpy().tolist()
    held = report.quarantine.astype(str).sort_values(["record"]).to_numpy().tolist()
    return sorted(map(tuple, rows)), held, report.clock_change_rows, dict(report.counted)


@settings(max_examples=60)
@given(st.one_of(st.binary(max_size=80), odd.map(str.encode), odd.map(lambda text: f"{HEADER}\n{text}".encode())))
@example(f"{HEADER}\n\r\r1,2025-01-01 10:00:00,,,\r".encode())
def test_any_file_is_refused_or_accounted_for(content: bytes) -> None:
    try:
        report = load(content).sources[0]
    except PerflibError:
        return
    counted = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) if row]
    assert report.read == len(counted) - 1 == report.accepted + report.quarantined
    assert len(report.quarantine) == report.quarantined


@settings(max_examples=40)
@given(st.lists(lines, min_size=1, max_size=12), st.sampled_from(["\n", "\r\n"]))
@example(["1,2025-01-01 10:00:00,2025-01-01 10:00:00,1,P", "2,2025-11-02 01:42:00,2025-11-02 01:13:00,1,P"], "\n")
def test_both_ways_give_the_same(rows: list[str], end: str) -> None:
    content = end.join([HEADER, *rows]).encode()
    exact = outcome(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_pass, "SMALLEST", 0)
        patch.setattr(one_pass, "DOUBTFUL", 1.0)
        assert outcome(content) == exact


def test_the_quick_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    original = one_pass.read
    monkeypatch.setattr(one_pass, "SMALLEST", 0)
    monkeypatch.setattr(one_pass, "read", lambda *given: taken.append(original(*given)) or taken[-1])
    rows = [f"{place},2025-01-01 10:00:00,,1,P" for place in range(20)] + ["7,2025-01-01 10:00:00,,1,P", "x,y,,,"]
    report = load("\n".join([HEADER, *rows]).encode()).sources[0]
    assert len(taken[0]) == 2
    assert (report.read, report.accepted) == (22, 20)
    assert report.quarantine[["record", "line", "raw"]].to_numpy().tolist() == [[21, 22, rows[20]], [22, 23, rows[21]]]


@settings(max_examples=25)
@given(
    st.lists(records, min_size=2, max_size=10, unique_by=lambda row: row[0].strip()).flatmap(
        lambda rows: st.tuples(st.just(rows), st.permutations(rows))
    )
)
def test_row_order_is_irrelevant(pair: tuple[list[tuple[str, ...]], list[tuple[str, ...]]]) -> None:
    found = [outcome("\n".join([HEADER, *map(",".join, rows)]).encode()) for rows in pair]
    if isinstance(found[0], str):
        assert isinstance(found[1], str)
    else:
        assert found[0][0] == found[1][0]
        assert sorted(row[3:] for row in found[0][1]) == sorted(row[3:] for row in found[1][1])


def test_results_do_not_depend_on_the_machines_zone(tmp_path: Path) -> None:
    (tmp_path / "m.yml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "d.yml").write_text(DEPARTMENT, encoding="utf-8")
    rows = ["1,2025-11-02 01:42:26,2025-11-02 01:13:37,1,P", "2,2025-03-09 02:30:00,,2,P"]
    rows += ["3,2025-07-01 10:00:00Z,,2,P"]
    (tmp_path / "x.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    code = (
        f"import perflib; d = perflib.open({str(tmp_path / 'd.yml')!r}); r = d.sources[0]\n"
        "t = d.calls.mutate(l=d.local(d.calls.received_at)).order_by('call_id').execute()\n"
        "print(t.to_csv(), r.first, r.last, r.clock_change_rows)"
    )
    shown = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "TZ": zone}, capture_output=True, text=True, check=True
        ).stdout
        for zone in ("UTC", "Asia/Tokyo", "America/New_York")
    }
    assert len(shown) == 1
    assert "2025-11-02 06:13:37" in shown.pop()


def test_frames_are_not_changed() -> None:
    frame = pd.DataFrame(
        {
            "call_id": ["1", "2"],
            "received_at": ["2025-01-01 10:00", None],
            "lat": [1.0, 2.0],
            "priority": pd.Categorical(["1", "2"]),
        },
        index=[5, 9],
    )
    copy = frame.copy(deep=True)
    found = perflib.from_frames(calls=frame)
    pd.testing.assert_frame_equal(frame, copy)
    assert found.sources[0].accepted == 1
    assert "lat" not in found.calls.columns


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ({"cals": pd.DataFrame({"a": [1]})}, "did you mean 'calls'"),
        ({"calls": pd.DataFrame({"call_id": ["1"], "received": [1]})}, "did you mean 'received_at'"),
        ({"calls": pd.DataFrame({"call_id": ["1"]})}, "required column received_at is absent"),
        ({"calls": [1]}, "a pandas DataFrame was wanted"),
        ({"calls": pd.DataFrame({"call_id": [], "received_at": []})}, "no rows"),
        ({"calls": pd.DataFrame({"call_id": ["1"], "received_at": ["soon"]})}, "cannot be read as timestamp"),
        ({}, "no frames"),
    ],
)
def test_wrong_frames_are_refused(frames: dict, words: str) -> None:
    with pytest.raises(PerflibError, match=words):
        perflib.from_frames(**frames)
