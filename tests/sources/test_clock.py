"""Clock changes, by hand: America/New_York 2025 goes forward on 9 March at 02:00 and back on 2 November at 02:00."""

from __future__ import annotations

import pandas as pd

import perflib
from perflib.engine.clock import changes

ZONE = "America/New_York"


def utc(**stamps: str) -> tuple[list[str], int]:
    """UTC hours and minutes of one call's local stamps, and the count of records touched by a clock change."""
    found = perflib.from_frames(timezone=ZONE, calls=pd.DataFrame([{"call_id": "1", **stamps}]))
    row = found.calls.execute().iloc[0]
    return [row[name].strftime("%d %H:%M") for name in stamps], found.sources[0].clock_change_rows


def test_the_two_changes_of_a_year() -> None:
    start, found = changes(ZONE, 2025, 2025)
    assert start == -5 * 3600
    assert [(str(change.start), str(change.end), change.gap) for change in found] == [
        ("2025-03-09 02:00:00", "2025-03-09 03:00:00", True),
        ("2025-11-02 01:00:00", "2025-11-02 02:00:00", False),
    ]


def test_a_time_that_never_was_moves_forward_by_the_gap() -> None:
    assert utc(received_at="2025-03-09 01:59", arrived_at="2025-03-09 02:30") == (["09 06:59", "09 07:30"], 1)
    assert utc(received_at="2025-03-09 01:59", arrived_at="2025-03-09 03:30") == (["09 06:59", "09 07:30"], 0)


def test_a_time_that_was_twice_is_the_first_unless_order_says_the_second() -> None:
    assert utc(received_at="2025-11-02 01:30") == (["02 05:30"], 1)
    # 01:42 before 01:13: the clock was put back in between
    stamps = {"received_at": "2025-11-02 00:50", "enroute_at": "2025-11-02 01:42", "arrived_at": "2025-11-02 01:13"}
    assert utc(**stamps) == (["02 04:50", "02 05:42", "02 06:13"], 1)
    # all that follows a second occurrence follows it
    later = {**stamps, "closed_at": "2025-11-02 01:45"}
    assert utc(**later) == (["02 04:50", "02 05:42", "02 06:13", "02 06:45"], 1)
    # begun in the double hour and ended after it: the reading that does not stretch the record by an hour
    assert utc(received_at="2025-11-02 01:50", arrived_at="2025-11-02 02:05") == (["02 06:50", "02 07:05"], 1)


def test_a_southern_zone_and_one_without_changes() -> None:
    _, found = changes("Australia/Sydney", 2024, 2024)
    assert [change.gap for change in found] == [False, True]
    assert changes("Asia/Tokyo", 2000, 2025) == (9 * 3600, ())
