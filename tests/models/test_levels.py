"""Level shifts and shared shifts: a jump is found at its week, a climb and chance are not."""

import numpy as np
import pandas as pd
import pytest

from perflib.errors import InputError
from perflib.models.levels import level_shifts, shared_shifts, weekly
from perflib.models.timeline import timeline

START = "2025-08-24"
#: weekly police rows of a real dispatch extract (public aggregate), which jumps in its seventh week
POLICE = [813, 758, 717, 767, 752, 744, 1238, 1283, 1355, 1298, 1398, 1274, 1195, 997, 1175, 1203, 1128, 894]


def weeks(counts):
    return pd.Series(counts, index=pd.date_range(START, periods=len(counts), freq="7D"))


def test_the_jump_of_a_changed_extraction_is_found_at_its_week():
    (shift,) = level_shifts(weeks(POLICE))
    assert f"{shift.at:%Y-%m-%d}" == "2025-10-05"
    assert (shift.before, shift.after) == (748.0, 1290.5)
    assert shift.ratio == pytest.approx(1290.5 / 748)


def test_a_fall_is_a_shift_too():
    (shift,) = level_shifts(weeks(POLICE[::-1]))
    assert shift.ratio < 1 and shift.z < 0


def test_a_climb_is_not_a_jump():
    assert level_shifts(weeks([int(500 * 1.06**week) for week in range(26)])) == ()


def test_one_odd_week_is_not_a_level():
    counts = [500] * 20
    counts[9] = 1500
    assert level_shifts(weeks(counts)) == ()


def test_short_or_rare_series_give_none():
    assert level_shifts(weeks([100, 100, 100, 300, 300, 300])) == ()
    assert level_shifts(weeks([2] * 10 + [5] * 10)) == ()


def test_chance_rarely_jumps():
    rng = np.random.default_rng(7)
    overdispersed = [rng.negative_binomial(100, 0.4, 52) for _ in range(200)]
    assert sum(bool(level_shifts(weeks(counts))) for counts in overdispersed) <= 4


def test_feeds_that_jump_together_point_at_the_extraction():
    other = [50] * 6 + [310] * 12
    shared = shared_shifts({"public": weeks(POLICE), "officer": weeks(other), "fire": weeks([160] * 18)})
    (at,) = shared
    assert f"{at:%Y-%m-%d}" == "2025-10-05"
    assert set(shared[at]) == {"public", "officer"}


def test_one_feed_alone_or_opposite_jumps_are_not_shared():
    falling = [310] * 6 + [50] * 12
    assert shared_shifts({"public": weeks(POLICE), "fire": weeks([160] * 18)}) == {}
    assert shared_shifts({"public": weeks(POLICE), "moved": weeks(falling)}) == {}


def test_weeks_start_on_the_first_day_and_a_rest_is_left_out():
    daily = pd.Series(range(17), index=pd.date_range(START, periods=17))
    found = weekly(daily)
    assert found.tolist() == [sum(range(7)), sum(range(7, 14))]
    assert f"{found.index[0]:%Y-%m-%d}" == START
    with pytest.raises(InputError):
        weekly(pd.Series([1, 2]))


def test_the_sentence_says_what_to_check():
    rows = [
        (day, feed, counts[place // 7] // 7)
        for feed, counts in (("police, public", POLICE), ("police, officer", [49] * 6 + [308] * 12))
        for place, day in enumerate(pd.date_range(START, periods=7 * 18))
    ]
    frame = pd.DataFrame(rows, columns=["day", "feed", "records"])
    kept = frame.copy()
    found = timeline(frame, pd.Series(dtype="int64"))
    assert any(
        text == "both feeds jump together in the week of 2025-10-05 (police, officer; police, public): "
        "check the extraction"
        for text in found.sentences()
    )
    assert {item["feed"] for item in found.facts()["level_shifts"]} == {"police, public", "police, officer"}
    assert timeline(frame, pd.Series(dtype="int64"), jumps=False).shifts == {}
    pd.testing.assert_frame_equal(frame, kept)


def test_no_records_is_not_a_fault():
    assert timeline(pd.DataFrame({"day": [], "feed": [], "records": []}), pd.Series(dtype="int64")).sentences() == []
    with pytest.raises(InputError):
        timeline(pd.DataFrame({"day": []}), pd.Series(dtype="int64"))
