"""Stops: planted truths of the sample are found, what cannot be asked is said, and small counts stay hidden."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest

import perflib as pf
from perflib.errors import DepartmentError, InputError
from perflib.metrics import stops

PERSONAL = ["subject_race"]


@pytest.fixture(scope="module")
def city(small_city):
    return pf.open(small_city, personal=PERSONAL, tables=["stops", "arrests"])


def made(rows: pd.DataFrame, zone: str = "America/New_York", **settings) -> pf.Department:
    dept = pf.from_frames(stops=rows, timezone=zone, personal=PERSONAL)
    return replace(dept, settings={**dept.settings, "stops": settings})


def by_hand() -> pd.DataFrame:
    """Two districts; White 200 stops, 40 searches, 20 finds; Black 150 stops, 60 searches, 15 finds; 3 unknown."""
    cells = [("North", "White", 120, 20, 12), ("South", "White", 80, 20, 8), ("North", "Black", 50, 20, 6),
             ("South", "Black", 100, 40, 9), ("North", "Unknown", 3, 0, 0), ("North", "Asian", 40, 2, 1)]
    rows = [(place, group, number < searches, number < hits)
            for place, group, count, searches, hits in cells for number in range(count)]
    frame = pd.DataFrame(rows, columns=["district", "subject_race", "searched", "contraband"])
    frame["stop_id"] = [f"S{number}" for number in range(len(frame))]
    frame["stopped_at"] = pd.Timestamp("2025-03-01 12:00", tz="UTC")
    return frame.assign(kind="traffic")


def test_counts_by_hand() -> None:
    """White 20 of 40, Black 15 of 60; Asians (40 stops) and the unknown are left out and said to be."""
    result = stops.outcome(made(by_hand()))
    assert result.facts["hit_rates"] == {"Black": 0.25, "White": 0.5}
    assert any("3 stops without a known race or district" in caveat for caveat in result.caveats)
    assert any("40 stops of groups with fewer than 100" in caveat for caveat in result.caveats)


def test_bounds_by_hand() -> None:
    """Searched: White .2, Black .4. With 10 % undue, among Black stops .2 + .1 x .2 = .22."""
    result = stops.selection(made(by_hand()))
    assert result.facts["observed"] == pytest.approx(0.2)
    assert (result.facts["reference"], result.facts["focus"]) == ("White", "Black")
    rows = {round(row["undue"], 2): row for row in result.facts["rows"]}
    assert rows[0.0]["low"] == rows[0.0]["high"] == pytest.approx(0.2)
    assert rows[0.1]["att"] == pytest.approx(0.22)


def test_search_kinds_and_reference_come_from_the_department_file() -> None:
    """Of traffic stops alone (North) the 50 of Black persons are too few; with both kinds all count."""
    rows = by_hand()
    rows.loc[rows["district"] == "South", "kind"] = "investigative"
    assert stops.selection(made(rows, reference="Black")).facts["reference"] == "Black"
    assert "fewer than two groups" in stops.outcome(made(rows, search_kinds=["traffic"])).reason
    both = stops.outcome(made(rows, search_kinds=["traffic", "investigative"]))
    assert both.facts["hit_rates"] == {"Black": 0.25, "White": 0.5}


@pytest.mark.parametrize(("settings", "message"), [
    ({"lokation": {}}, "location"), ({"location": {"lat": 1}}, "lat and lon"), ({"refuse": {"viel": "x"}}, "veil"),
    ({"search_kinds": ["cars"]}, "traffic"),
])
def test_wrong_settings_are_refused(settings, message) -> None:
    with pytest.raises(DepartmentError, match=message):
        stops.veil(made(by_hand(), **settings))


def test_an_unknown_group_lists_those_there_are() -> None:
    with pytest.raises(InputError, match="Black, White"):
        stops.selection(made(by_hand()), reference="Whyte")


def test_what_cannot_be_asked_says_why() -> None:
    dept = made(by_hand(), refuse={"veil": "the time is that of the report"})
    assert "time is that of the report" in stops.veil(dept).reason
    assert "no baseline" in stops.baseline(dept).reason
    assert "at least 5" in stops.threshold(dept).reason
    assert "location" in stops.veil(made(by_hand())).reason
    bare = pf.from_frames(stops=by_hand().drop(columns="searched"), timezone="UTC", personal=PERSONAL)
    assert "no searched" in stops.threshold(bare).reason
    closed = pf.from_frames(stops=by_hand(), timezone="UTC")
    assert "personal=['subject_race']" in stops.outcome(closed).reason


def test_the_first_screen_says_what_can_and_cannot_be_ruled_out() -> None:
    dept = made(by_hand(), refuse={"veil": "the time is that of the report"})
    told = [getattr(stops, name)(dept) for name in ("veil", "outcome", "selection")]
    result = stops.reading(*told)
    assert "2 of 3 tests" in result.answer and "cannot rule out" in result.answer
    assert "hour" not in result.answer
    assert "no single score" in result.caveats[0]
    assert list(result.table["found"]) == [each.answer for each in told]
    assert "nothing about fairness" in stops.reading(stops.veil(dept)).answer
    with pytest.raises(InputError, match="outcome"):
        stops.reading(pf.Result("other", pd.DataFrame(), "t", "a", "m"))


def test_small_counts_cannot_be_worked_out_from_the_totals(city) -> None:
    shown = stops.threshold(city, draws=100, warmup=100).table
    full = stops.scope.counted(city, "subject_race", "district", ("searched", "contraband")).rows
    for seen, count in (("searches", "searched"), ("hits", "contraband")):
        both = shown.merge(full, on=["place", "group"])
        small = both[count].between(1, 4)
        assert both.loc[small, seen].isna().all()
        for key in ("place", "group"):
            hidden = both[both[seen].isna()].groupby(key)[seen].size()
            assert (hidden >= 2).all() or hidden.empty


def test_the_period_and_kind_are_logged(city) -> None:
    day = city.stops.stopped_at.max().execute().date()
    month = f"{(day - dt.timedelta(days=20)):%Y-%m}"
    narrowed = stops.chosen(city, period=month, kind="pedestrian")
    assert len(narrowed.log) == len(city.log) + 2
    assert set(narrowed.stops.kind.execute()) == {"pedestrian"}
    with pytest.raises(InputError, match="pedestrian"):
        stops.chosen(city, kind="cars")


@pytest.fixture(scope="module")
def sample():
    return pf.open(personal=PERSONAL, tables=["stops", "arrests"])


@pytest.mark.slow
def test_the_planted_threshold_is_found_and_the_veil_finds_nothing(sample) -> None:
    """truth.yml: the bar for Black persons is .18 in 0413 and .30 elsewhere; darkness changes nothing.

    The model's signals are beta and the sample's are not, so thresholds are compared, not equated.
    """
    found = stops.threshold(sample).facts["below"]
    assert [(row["place"], row["group"]) for row in found] == [("0413", "Black")]
    for group in stops.veil(sample).facts.values():
        assert group["low"] < 1 < group["high"]


@pytest.mark.realdata
def test_the_veil_on_washington(realdata) -> None:
    """Stamps are UTC: read as local time the evening would begin five hours off and the window would be empty of sense.

    Within latitude 38.9 civil twilight ends between 17:15 and 21:10 local time from January to June.
    """
    dept = pf.open("data/departments/dc.yml", personal=PERSONAL)
    result = stops.veil(dept)
    first, last = result.facts["Black"]["clock"]
    assert 17 * 60 - 15 < first < 18 * 60 + 15 and 20 * 60 < last < 21 * 60 + 15
    assert result.facts["Black"]["low"] < result.facts["Black"]["odds_ratio"] < result.facts["Black"]["high"]
    utc = stops.veil(replace(dept, timezone="UTC"))
    assert utc.reason or utc.facts["Black"]["clock"] != [first, last]
    told = stops.reading(*(getattr(stops, name)(dept) for name in stops.TESTS))
    assert "4 of 5 tests" in told.answer


@pytest.mark.realdata
def test_seattle_says_what_its_records_cannot_carry(realdata) -> None:
    dept = pf.open("data/departments/seattle.yml", personal=PERSONAL)
    results = [getattr(stops, name)(dept) for name in stops.TESTS]
    assert [bool(each.reason) for each in results] == [True, True, True, True, False]
    assert results[-1].facts["outcome"] == "frisked"
    assert "they can rule out nothing" in stops.reading(*results).answer
