"""Canonical Parquet as it stands: the quick way says what the general way says, and leaves broken files to it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest

import perflib
from perflib.errors import SourceError
from perflib.sources import opening

CALLS = pd.DataFrame(
    {
        "call_id": ["a", "b", "c", "d"],
        "received_at": pd.to_datetime(
            ["2025-03-09 06:59", "2025-11-02 05:30", "2025-11-02 06:30", "2025-06-01 00:00"], utc=True
        ),
        "dispatched_at": pd.to_datetime(["2025-03-09 07:01", "2025-11-02 05:31", None, "2025-06-01 00:09"], utc=True),
        "arrived_at": pd.to_datetime(["2025-03-09 07:00", "2025-11-02 05:40", None, "2025-06-01 00:10"], utc=True),
        "priority": ["1", None, "2", "01"],
        "service": ["police", "fire", None, "police"],
        "unit_count": pd.array([1, 2, None, 0], dtype="Int64"),
        "lat": [38.8, 38.9, None, 38.7],
    }
)


def folder(place: Path, calls: pd.DataFrame) -> Path:
    """A folder with these calls."""
    place.mkdir(exist_ok=True)
    (place / "department.yml").write_text("name: Town\ntimezone: America/New_York\n", encoding="utf-8")
    calls.to_parquet(place / "calls.parquet", index=False)
    return place


def both(place: Path, calls: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> list[perflib.Department | str]:
    """What the quick way gives (or the words of its refusal), then the general way alone."""
    found: list[perflib.Department | str] = []
    for only_general in (False, True):
        with monkeypatch.context() as patch:
            if only_general:
                patch.setattr(opening, "ready", lambda *given: None)
            try:
                found.append(perflib.open(folder(place, calls), personal=["lat"]))
            except perflib.errors.PerflibError as fault:
                found.append(str(fault))
    return found


def same(one: perflib.Department, other: perflib.Department) -> None:
    """Reports and rows are alike."""
    for part in fields(one.sources[0]):
        left, right = (getattr(found.sources[0], part.name) for found in (one, other))
        if isinstance(left, pd.DataFrame):
            pd.testing.assert_frame_equal(left, right)
        else:
            assert left == right, part.name
    rows = [found.calls.order_by("call_id").execute() for found in (one, other)]
    pd.testing.assert_frame_equal(*rows)


def test_a_sound_file_is_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick, general = both(tmp_path / "t", CALLS, monkeypatch)
    same(quick, general)
    report = quick.sources[0]
    assert (report.read, report.accepted, report.quarantined) == (4, 4, 0)
    assert report.counted["arrived_before_dispatch"] == 1
    assert report.missing["arrived_at"] == 0.25
    assert report.clock_change_rows == 0
    assert str(report.first) == "2025-03-09 06:59:00+00:00"


def test_the_quick_way_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "validate", lambda *given: pytest.fail("the general way was taken"))
    assert perflib.open(folder(tmp_path / "t", CALLS)).calls.count().execute() == 4


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("call_id", None, "call_id: missing"),
        ("service", "navy", "service: not an allowed value"),
        ("unit_count", -1, "unit_count: outside 0 to any"),
        ("lat", float("inf"), "lat: cannot be read as number"),
        ("lat", -90.5, "lat: outside -90 to 90"),
        ("arrived_at", pd.Timestamp("2025-05-31 23:59", tz="UTC"), "arrived_before_received"),
        ("received_at", pd.Timestamp("1750-01-01", tz="UTC"), "received_at: cannot be read as timestamp"),
        ("priority", " 1 ", ""),
        ("priority", "\u00a01", ""),
        ("priority", "", ""),
    ],
)
def test_what_breaks_a_rule_is_read_the_general_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str, value: object, reason: str
) -> None:
    calls = pd.concat([CALLS] * 8, ignore_index=True).assign(call_id=lambda held: [f"k{at}" for at in held.index])
    calls.loc[0, "call_id"] = "a"
    calls[column] = calls[column].astype("datetime64[us, UTC]" if column.endswith("_at") else calls[column].dtype)
    calls.loc[len(calls) - 1, column] = value
    quick, general = both(tmp_path / "t", calls, monkeypatch)
    same(quick, general)
    assert quick.sources[0].reasons == ({reason: 1} if reason else {})
    assert set(quick.calls.priority.execute().dropna()) == {"1", "2", "01"}


def test_a_copy_is_left_out_and_a_key_of_two_rows_that_differ_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick, general = both(tmp_path / "t", pd.concat([CALLS, CALLS.iloc[[0]]]), monkeypatch)
    same(quick, general)
    assert quick.sources[0].reasons == {"call_id: duplicate of an earlier record": 1}
    with pytest.raises(SourceError, match="2 records share 1 values of call_id and differ in: priority .*before"):
        perflib.open(folder(tmp_path / "u", pd.concat([CALLS, CALLS.iloc[[0]].assign(priority="9")])))


@pytest.mark.parametrize(("column", "type_"), [("priority", "int64"), ("unit_count", "float64")])
def test_another_type_is_read_the_general_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str, type_: str
) -> None:
    quick, general = both(tmp_path / "t", CALLS.fillna({"priority": "3"}).astype({column: type_}), monkeypatch)
    same(quick, general)
