"""The quality Result: totals, reasons, missing shares and what the dates show, from hand-made records."""

import json

import pandas as pd
import pytest

import perflib as pf
from perflib.agency import Department
from perflib.errors import InputError
from perflib.metrics.quality import quality, volume
from perflib.words import quality as words


def calls(per_day, start="2025-01-05", origin="public"):
    """One row per call: ``per_day`` calls on each day."""
    days = pd.date_range(start, periods=len(per_day), freq="D")
    moments = [
        day + pd.Timedelta(hours=12, minutes=7 * place)
        for day, many in zip(days, per_day, strict=True)
        for place in range(many)
    ]
    return pd.DataFrame(
        {
            "call_id": [f"{origin}{number}" for number in range(len(moments))],
            "received_at": pd.to_datetime(moments),
            "service": "police",
            "origin": origin,
        }
    )


@pytest.fixture(scope="module")
def jumping():
    """Two feeds that jump together in their seventh week, one unreadable and one duplicated record."""
    frames = [calls([30] * 42 + [60] * 42), calls([10] * 42 + [25] * 42, origin="officer")]
    frame = pd.concat([*frames, frames[0].iloc[[0]], frames[0].iloc[[1]].assign(call_id=None)], ignore_index=True)
    frame["priority"] = ["1", None] * (len(frame) // 2)
    return pf.from_frames(calls=frame, timezone="America/New_York")


def test_facts_account_for_every_record(jumping):
    facts = quality(jumping).facts
    rows = 42 * 90 + 42 * 35
    assert {key: facts[key] for key in ("rows_read", "accepted", "quarantined", "clock_change_rows")} == {
        "rows_read": rows + 2,
        "accepted": rows,
        "quarantined": 2,
        "clock_change_rows": 0,
    }
    assert facts["by_reason"] == {"call_id: duplicate of an earlier record": 1, "call_id: missing": 1}
    assert facts["missing"]["calls"]["priority"] == pytest.approx(0.5, abs=0.001)
    assert facts["missing"]["calls"]["call_id"] == 0
    json.dumps(facts, allow_nan=False)


def test_feeds_that_jump_together_are_a_caveat(jumping):
    found = quality(jumping)
    assert [item["week"] for item in found.facts["shared_shifts"]["calls"]] == ["2025-02-16"]
    assert any("both feeds jump together" in text and "check the extraction" in text for text in found.caveats)


def test_answer_and_table_carry_the_numbers(jumping):
    found = quality(jumping)
    assert found.name == "quality"
    assert found.answer.startswith("2 of 5,252 records (0.04%) are quarantined: ")
    (row,) = found.table.to_dict("records")
    assert (row["rows_read"], row["accepted"], row["quarantined"]) == (5252, 5250, 2)
    assert row["quarantined_share"] == pytest.approx(2 / 5252)
    assert row["first"] == "2025-01-05 12:00"
    assert set(found.table.columns) <= set(found.labels)


def test_what_the_words_say_of_records_and_weeks():
    facts = {"rows_read": 1240, "quarantined": 0, "clock_change_rows": 0, "by_reason": {}}
    files = pd.DataFrame({"files": [1, 2]})
    assert words.quality(facts, files).answer == "All 1,240 records were read without error, from 3 files."
    facts |= {"quarantined": 31, "by_reason": {"call_id: missing": 31, "call_id: odd": 0}, "clock_change_rows": 2}
    assert words.quality(facts, files).answer == (
        "31 of 1,240 records (2.50%) are quarantined: call_id: missing (31). "
        "2 records hold a time that a clock change makes happen twice or never."
    )
    weeks = pd.DataFrame({"week": [1, 1, 2], "records": [10, 5, 25]})
    assert words.volume({"table": "calls"}, weeks, jump="").answer == (
        "calls: 20 records a week at the median, 15 to 25, over 2 weeks. No feed jumps."
    )


def test_records_of_midnight_are_told_by_local_time():
    # noon in UTC is 07:00 in New York: a heap at local midnight stands at 05:00 UTC
    local = pd.to_datetime([f"2025-01-{day:02d} 00:00" for day in range(1, 29)] * 3)
    others = [pd.to_datetime([f"2025-01-{day:02d} {hour:02d}:00" for day in range(1, 29)]) for hour in (22, 23, 1, 2)]
    moments = local.append(others)
    frame = pd.DataFrame({"call_id": [str(number) for number in range(len(moments))], "received_at": moments})
    heap = quality(pf.from_frames(calls=frame, timezone="America/New_York")).facts["heaping"]["calls"]["midnight"]
    assert (heap["observed"], heap["expected"], heap["heaped"]) == (84, 28.0, True)


def test_without_source_reports_it_is_not_assessable(jumping):
    bare = Department("bare", "UTC", jumping.tables)
    assert quality(bare).reason


def test_volume_has_a_row_per_week_and_feed(jumping):
    found = volume(jumping)
    assert len(found.table) == 12 * 2
    public = found.table[found.table["feed"] == "police, public"]
    assert public["records"].tolist() == [210] * 6 + [420] * 6
    assert public["jump"].tolist() == [False] * 6 + [True] + [False] * 5
    assert "both feeds jump together in the week of 2025-02-16" in found.answer.replace("Both", "both")
    assert found.plot().axes


def test_volume_of_a_table_without_dates_is_refused():
    frame = pd.DataFrame({"officer_id": ["a", "b"]})
    with pytest.raises(InputError, match="no dated rows"):
        volume(pf.from_frames(officers=frame))
