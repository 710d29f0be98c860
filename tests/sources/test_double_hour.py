"""The hour that happens twice: 2025-11-02 01:00-02:00 in New York (05:00Z-06:00Z, then 06:00Z-07:00Z)."""

import pandas as pd
import pytest

import perflib as pf

COLUMNS = ["received_at", "dispatched_at", "arrived_at", "cleared_at", "closed_at"]


def utc(*clock):
    """The UTC times, as HH:MM, of local times of that night."""
    stamps = {name: pd.Timestamp(f"2025-11-02 {text}") for name, text in zip(COLUMNS, clock, strict=False) if text}
    frame = pd.DataFrame([{"call_id": "1", **stamps}])
    row = pf.from_frames(calls=frame, timezone="America/New_York").calls.execute().iloc[0]
    return [f"{row[name]:%H:%M}" if name in stamps else "" for name in COLUMNS[: len(clock)]]


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        # set back on the way: the stamps order themselves
        (("01:42", "01:42", "01:13"), ["05:42", "05:42", "06:13"]),
        (("01:38", "01:06", "01:10", "", "08:16"), ["05:38", "06:06", "06:10", "", "13:16"]),
        # before the hour, into it: first occurrence, nothing is stretched
        (("00:39", "00:42", "01:12"), ["04:39", "04:42", "05:12"]),
        (("00:39", "00:42", "01:12", "", "03:00"), ["04:39", "04:42", "05:12", "", "08:00"]),
        # out of the hour: second occurrence, nothing is stretched
        (("01:47", "02:06", "02:11"), ["06:47", "07:06", "07:11"]),
        (("01:53", "01:56", "02:00", "", "02:24"), ["06:53", "06:56", "07:00", "", "07:24"]),
        (("01:28", "01:34", "01:46", "02:41", "03:40"), ["06:28", "06:34", "06:46", "07:41", "08:40"]),
        # wholly within: first occurrence by rule
        (("01:16", "01:20", "01:30", "", "01:42"), ["05:16", "05:20", "05:30", "", "05:42"]),
        # untouched
        (("02:21", "02:46", "02:47"), ["07:21", "07:46", "07:47"]),
    ],
)
def test_the_stamps_of_a_record_decide(local, expected):
    assert utc(*local) == expected


def test_a_few_seconds_out_of_order_are_not_an_hour():
    assert utc("01:10", "01:20:05", "01:20:01", "", "01:30") == ["05:10", "05:20", "05:20", "", "05:30"]
