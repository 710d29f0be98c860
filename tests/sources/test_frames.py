"""Frames: whole numbers in columns of texts are one text however pandas holds them; the limit of a file holds too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import perflib
from perflib.errors import SourceError

PLAIN = {"pseudonyms": False, "because": "invented people"}


def calls(**columns: object) -> pd.DataFrame:
    """Three calls with these columns."""
    return pd.DataFrame({"call_id": ["a", "b", "c"], "received_at": "2025-01-01 10:00", **columns})


@pytest.mark.parametrize(
    ("held", "texts"),
    [
        ([101.0, None, 7.0], ["101", None, "7"]),
        (pd.array([101, None, 7], dtype="Int64"), ["101", None, "7"]),
        (pd.Categorical([101.0, None, 7.0]), ["101", None, "7"]),
        (np.array([101, np.nan, -0.0], dtype="float32"), ["101", None, "0"]),
        (pd.Series([101.0, "x", np.nan], dtype=object), ["101", "x", None]),
        ([101.5, None, 7.0], ["101.5", None, "7"]),
        (["101.0", None, "7"], ["101", None, "7"]),
    ],
)
def test_whole_floats_are_integers_in_columns_of_texts(held: object, texts: list[str | None]) -> None:
    found = perflib.from_frames(privacy=PLAIN, calls=calls(officer_id=held, priority=held)).calls
    rows = found.order_by("call_id").execute()
    for column in ("officer_id", "priority"):
        assert [None if pd.isna(each) else each for each in rows[column]] == texts


def test_one_person_has_one_code_in_every_frame(tmp_path: Path) -> None:
    officers = pd.DataFrame({"officer_id": [101, 7]})
    made = perflib.from_frames(
        privacy={"key": str(tmp_path / "a.key")}, calls=calls(officer_id=[101.0, None, 7.0]), officers=officers
    )
    assert set(made.calls.execute()["officer_id"].dropna()) == set(made.officers.execute()["officer_id"])


def test_whole_floats_of_a_parquet_file_are_integers_too(tmp_path: Path) -> None:
    stamps = pd.to_datetime(["2025-01-01"] * 3, utc=True)
    calls(priority=[1.0, None, 2.0]).assign(received_at=stamps).to_parquet(tmp_path / "calls.parquet")
    assert set(perflib.open(tmp_path).calls.execute()["priority"].dropna()) == {"1", "2"}


def test_a_frame_past_the_limit_is_refused_like_a_file() -> None:
    frame = calls().assign(received_at=["2025-01-01 10:00", "x", "y"])
    with pytest.raises(SourceError, match=r"frame calls: 2 of 3 records \(66\.7%\) refused, past the limit of 33\.3%"):
        perflib.from_frames(calls=frame)
    with pytest.raises(SourceError, match=r"2 of 39 .* past the limit of 5\.0%"):
        perflib.from_frames(calls=pd.concat([frame, *[calls()] * 12]).assign(call_id=range(39)))
    report = perflib.from_frames(calls=frame, quarantine_limit=0.7).sources[0]
    assert (report.read, report.accepted, report.quarantined) == (3, 1, 2)
    assert perflib.from_frames(calls=frame.iloc[:2]).sources[0].quarantined == 1
    with pytest.raises(SourceError, match="1 of 2 records"):
        perflib.from_frames(calls=frame.iloc[:2], quarantine_limit=0)
