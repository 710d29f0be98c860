"""Triangles from recorded_at, marks of incomplete periods, and the log of figures that moved."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import perflib
from perflib.errors import InputError
from perflib.metrics import asof
from perflib.result import Result


@pytest.fixture(scope="module")
def town():
    days = [
        ("2025-01-01", "2025-01-01"),
        ("2025-01-01", "2025-01-03"),
        ("2025-01-02", "2025-01-05"),
        ("2025-01-05", "2025-01-05"),
    ]
    frame = pd.DataFrame(
        {
            "incident_id": [str(place) for place in range(4)],
            "offence": ["Theft"] * 3 + ["Arson"],
            "reported_at": [pd.Timestamp(f"{day} 23:30", tz="America/New_York").tz_convert("UTC") for day, _ in days],
            "recorded_at": [pd.Timestamp(f"{day} 23:45", tz="America/New_York").tz_convert("UTC") for _, day in days],
        }
    )
    return perflib.from_frames(timezone="America/New_York", incidents=frame)


def test_the_triangle_by_hand(town):
    found = asof.triangle(town, every=2, releases=2)
    wide = found.pivot(index="date", columns="release", values="count")
    assert [f"{name:%m-%d}" for name in wide.columns] == ["01-03", "01-05"]
    assert wide["2025-01-03"].tolist()[:3] == [2, 0, 0] and wide["2025-01-03"].isna().sum() == 2
    assert wide["2025-01-05"].tolist() == [2, 1, 0, 0, 1]


def test_the_triangle_by_group_and_as_known(town):
    found = asof.triangle(town, by="offence", every=2, releases=2)
    assert set(found["group"]) == {"Theft", "Arson"} and found.groupby("release")["count"].sum().tolist() == [2, 4]
    assert asof.triangle(town.as_of("2025-01-03"), every=1, releases=1)["count"].tolist() == [2, 0, 0]


def test_without_recorded_at_it_says_so(town):
    frame = town.incidents.execute().drop(columns=["recorded_at"])
    lame = perflib.from_frames(timezone="America/New_York", incidents=frame)
    assert "recorded_at" in asof.nowcast(lame).reason
    with pytest.raises(InputError, match="recorded_at"):
        asof.triangle(lame)
    with pytest.raises(InputError):
        asof.complete_through(asof.nowcast(lame))


def test_the_nowcasts_of_the_sample_foretell_what_was_recorded_later():
    dept = perflib.open("")
    later = asof.triangle(dept, every=1, releases=1).set_index("date")["count"]
    made, raw, true, within = 0.0, 0.0, 0.0, 0
    for end in pd.date_range("2025-03-31", "2025-10-31", freq="ME"):
        day = f"{end:%Y-%m-%d}"
        then = asof.nowcast(dept.as_of(day))
        table = then.table.tail(7).set_index("date")
        known = later.reindex(table.index).sum()
        week = then.facts["recent"]["all"]["7"]
        made, raw, true = made + table["nowcast"].sum(), raw + table["count"].sum(), true + known
        within += week["low_95"] <= known <= week["high_95"]
    # in one week of this city nine records are late, give or take three: eight weeks tell more than chance
    assert abs(made - true) < 0.4 * abs(raw - true)
    assert within >= 7
    assert asof.complete_through(then) < pd.Timestamp("2025-10-31").date() and table["provisional"].iloc[-1]


def test_incomplete_periods_are_marked_and_their_comparison_warned_of():
    frame = pd.DataFrame({"end": ["2025-01-05", "2025-01-12"], "count": [5, 3]})
    assert asof.mark_provisional(frame, "end", "2025-01-08")["provisional"].tolist() == [False, True]
    assert list(frame.columns) == ["end", "count"]
    week, before = ("2025-01-06", "2025-01-12"), ("2024-12-30", "2025-01-05")
    assert len(asof.comparable(week, before, "2025-01-08")) == 1 and not asof.comparable(before, before, "2025-01-08")
    with pytest.raises(InputError, match="no column"):
        asof.mark_provisional(frame, "day", "2025-01-08")


def test_the_log_names_what_moved(tmp_path):
    before = {"a": {"n": 10, "share": 0.5}, "b": [1, 2], "gone": 1}
    after = {"a": {"n": 12, "share": 0.5}, "b": [1, 3], "new": "x"}
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(before), encoding="utf-8")
    log = asof.change_log(path, after)
    assert log.facts == {"compared": 4, "moved": 2, "appeared": 1, "vanished": 1}
    moved = log.table.set_index("figure")
    assert moved.loc["a.n", "change"] == 2 and moved.loc["a.n", "relative"] == pytest.approx(0.2)
    assert set(moved.index) == {"a.n", "b.1", "gone", "new"}
    assert asof.change_log(before, after, tolerance=0.6).facts["moved"] == 0
    assert "None of" in asof.change_log(before, before).answer
    with pytest.raises(InputError, match="no facts"):
        asof.change_log(tmp_path / "absent.json", after)


def test_a_figure_as_known_on_two_days(town):
    def count(dept: perflib.Department) -> Result:
        return Result("count", pd.DataFrame(), "", "", "", facts={"n": int(dept.incidents.count().execute())})

    log = asof.moved_since(town, "2025-01-03", count)
    assert log.table[["before", "after"]].to_numpy().tolist() == [[2, 4]] and "2025-01-03" in log.caveats[0]
