"""The dictionary of indicators, worked by hand, and the rules that hold for every record of it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import perflib
from perflib import schema
from perflib.__main__ import main
from perflib.errors import InputError
from perflib.metrics import indicators
from perflib.metrics.indicators.record import KINDS, Exposure, columns

ALL = indicators.INDICATORS


def hourly(n: int, start: str = "2025-01-01") -> pd.DatetimeIndex:
    return pd.date_range(start, periods=n, freq="h", tz="UTC")


@pytest.fixture(scope="module")
def department() -> perflib.Department:
    received = hourly(400)
    calls = pd.DataFrame(
        {
            "call_id": [f"c{i}" for i in range(400)],
            "received_at": received,
            "queued_at": received,
            "dispatched_at": received + pd.to_timedelta(2, "min"),
            "enroute_at": received + pd.to_timedelta(3, "min"),
            "arrived_at": received + pd.to_timedelta([5 + i % 10 for i in range(400)], "min"),
            "cleared_at": received + pd.to_timedelta(40, "min"),
            "district": ["N"] * 100 + ["S"] * 300,
            "closing": ["cancelled"] * 40 + ["attended"] * 340 + [None] * 20,
            "service": ["police"] * 390 + ["fire"] * 10,
        }
    )
    arrests = pd.DataFrame(
        {
            "arrest_id": [f"a{i}" for i in range(12)],
            "arrested_at": hourly(12),
            "district": ["N"] * 10 + ["S"] * 2,
            "outcome": ["charged"] * 5 + ["convicted"] + ["declined"] * 3 + ["pending"] * 2 + [None],
        }
    )
    stops = pd.DataFrame(
        {
            "stop_id": [f"s{i}" for i in range(100)],
            "stopped_at": hourly(100),
            "district": ["N"] * 40 + ["S"] * 60,
            "searched": [True] * 20 + [False] * 70 + [None] * 10,
            "contraband": [True] * 6 + [False] * 12 + [None] * 82,
            "duration_min": [float(i % 5) for i in range(100)],
        }
    )
    force = pd.DataFrame(
        {
            "force_id": ["f1", "f1", "f2"],
            "officer_id": ["1", "2", "1"],
            "used_at": hourly(3),
            "district": ["N", "N", "S"],
        }
    )
    complaints = pd.DataFrame(
        {
            "complaint_id": ["k1", "k1", "k2"],
            "officer_id": ["1", "2", "1"],
            "allegation": ["a", "a", "b"],
            "filed_at": hourly(3),
            "district": ["N", "N", "S"],
        }
    )
    incidents = pd.DataFrame(
        {
            "incident_id": ["i1", "i1", "i2", "i3"],
            "offence": ["x", "y", "x", "x"],
            "reported_at": hourly(4),
            "district": ["N", "N", "S", "S"],
            "status": ["cleared_arrest", "open", "unfounded", None],
            "cleared_at": [hourly(1)[0], None, None, None],
        }
    )
    shifts = pd.DataFrame(
        {
            "officer_id": ["1", "2"],
            "started_at": hourly(2),
            "ended_at": hourly(2) + pd.to_timedelta(8, "h"),
            "district": ["N", "S"],
        }
    )
    population = pd.DataFrame({"area": ["N", "S"], "year": [2025, 2025], "residents": [1000.0, 4000.0]})
    requests = pd.DataFrame(
        {"request_id": ["r1", "r2"], "received_at": hourly(2), "kind": ["a", "b"], "district": ["N", "S"]}
    )
    return perflib.from_frames(
        timezone="UTC",
        calls=calls,
        arrests=arrests,
        stops=stops,
        force=force,
        complaints=complaints,
        incidents=incidents,
        shifts=shifts,
        population=population,
        requests=requests,
    )


#: indicator -> (numerator, denominator, value) of district N; None where there is no denominator
BY_HAND = {
    "calls": (100, None, 100),
    "incidents": (1, None, 1),
    "offences": (2, None, 2),
    "arrests": (10, None, 10),
    "stops": (40, None, 40),
    "force_reports": (1, None, 1),
    "complaints": (1, None, 1),
    "requests": (1, None, 1),
    "arrests_per_calls": (10, 100, 100),
    "arrests_per_stops": (10, 40, 250),
    "arrests_per_officer_hours": (10, 8, 1250),
    "arrests_per_residents": (10, 1000, 10),
    "offences_per_residents": (2, 1000, 2),
    "force_per_arrests": (1, 10, 100),
    "charged": (6, 9, 6 / 9),
    "arrests_charged": (5, 9, 5 / 9),
    "arrests_declined": (3, 9, 3 / 9),
    "arrests_diverted": (0, 9, 0),
    "arrests_dismissed": (0, 9, 0),
    "arrests_convicted": (1, 9, 1 / 9),
    "searched": (20, 40, 0.5),
    "found": (6, 18, 6 / 18),
    "cancelled": (40, 100, 0.4),
    "cleared": (1, 2, 0.5),
}
#: indicator -> (rows, known, median) of district N
QUANTILES = {
    "response_minutes": (100, 100, 9.5),
    "dispatch_minutes": (100, 100, 2),
    "travel_minutes": (100, 100, 6.5),
    "scene_minutes": (100, 100, 30.5),
    "stop_minutes": (40, 40, 2),
}


def test_every_indicator_is_worked_by_hand():
    assert set(BY_HAND) | set(QUANTILES) == set(ALL)


@pytest.mark.parametrize("name", BY_HAND)
def test_counts_rates_and_shares(name: str, department: perflib.Department):
    facts = indicators.measure(department, name, "district").facts["N"]
    numerator, denominator, value = BY_HAND[name]
    assert (facts["numerator"], facts.get("denominator")) == (numerator, denominator)
    assert facts["value"] == pytest.approx(value, rel=1e-12)
    assert facts["low"] <= facts["value"] <= facts["high"]


@pytest.mark.parametrize("name", QUANTILES)
def test_quantiles(name: str, department: perflib.Department):
    facts = indicators.measure(department, name, "district").facts["N"]
    assert (facts["n"], facts["known"], facts["median"]) == pytest.approx(QUANTILES[name])


def test_intervals_are_those_of_the_books(department: perflib.Department):
    # Garwood's limits of 10 events are 4.7954 and 18.3904; Wilson's of 6 in 9 are .3542 and .8794
    arrests = indicators.measure(department, "arrests", "district").facts["N"]
    assert (arrests["low"], arrests["high"]) == pytest.approx((4.7954, 18.3904), abs=1e-4)
    charged = indicators.measure(department, "charged", "district").facts["N"]
    assert (charged["low"], charged["high"]) == pytest.approx((0.35420, 0.87942), abs=1e-4)


def test_a_day_without_a_record_is_a_zero(department: perflib.Department):
    at = pd.to_datetime(["2025-01-01", "2025-01-04"], utc=True)
    frame = pd.DataFrame({"arrest_id": ["1", "2"], "arrested_at": at})
    table = indicators.measure(perflib.from_frames(timezone="UTC", arrests=frame), "arrests", "day").table
    assert table["numerator"].tolist() == [1, 0, 0, 1]


def test_counts_of_anything_by_anything_add_up(department: perflib.Department):
    whole = indicators.measure(department, "calls").facts["all"]["numerator"]
    for by in ("district", "day", "weekday", "hour", ("weekday", "hour"), ("month", "district"), "closing", "quarter"):
        assert indicators.measure(department, "calls", by).table["numerator"].sum() == whole, by
    chosen = indicators.measure(department, "calls", period="2025-01-02", district="N")
    assert chosen.facts["all"]["numerator"] == 24


@pytest.mark.parametrize("name", ALL)
def test_what_is_not_recorded_is_not_assessable(name: str):
    frame = pd.DataFrame({"area": ["N"], "year": [2025], "residents": [1.0]})
    found = indicators.measure(perflib.from_frames(timezone="UTC", population=frame), name)
    assert found.reason.startswith("the department has no table")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"indicator": "arests"}, "arrests"),
        ({"by": "distrikt"}, "district"),
        ({"district": "X"}, "valid: N, S"),
        ({"period": "2025-13"}, "is not one"),
        ({"by": ("day", "hour", "district")}, "two at most"),
    ],
)
def test_what_does_not_exist_is_refused_with_the_choices(wrong: dict, words: str, department: perflib.Department):
    asked = {"indicator": "calls", "by": (), **wrong}
    with pytest.raises(InputError, match=words):
        indicators.measure(department, **asked)


@pytest.mark.parametrize("name", [name for name, each in ALL.items() if each.people and each.kind != "quantile"])
def test_small_counts_of_people_are_hidden(name: str, department: perflib.Department):
    table = indicators.measure(department, name, "district").shared().table
    for column in {"numerator", "others"} & set(table.columns):
        shown = table[column].dropna()
        assert not shown.between(1, 4).any()


@pytest.mark.parametrize("record", ALL.values(), ids=ALL)
def test_a_record_is_whole(record: indicators.Indicator):
    spec = schema.get(record.table)
    assert record.kind in KINDS and record.label and record.unit and record.definition.endswith(".")
    assert record.better in ("lower", "higher", "") and record.time in spec.columns
    assert columns(record.table, record.numerator) <= set(spec.columns)
    assert (record.denominator is None) == (record.kind in ("count", "quantile"))
    assert isinstance(record.denominator, Exposure) == (record.kind == "rate")


def test_row_order_does_not_matter(department: perflib.Department):
    rng = np.random.default_rng(7)
    frame = department.calls.execute()
    mixed = perflib.from_frames(timezone="UTC", calls=frame.iloc[rng.permutation(len(frame))])
    for name in ("calls", "cancelled", "response_minutes"):
        one, other = (indicators.measure(dept, name, "district").table for dept in (department, mixed))
        pd.testing.assert_frame_equal(one, other)


def test_the_dictionary_is_printed(capsys: pytest.CaptureFixture[str]):
    assert main(["indicators", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(ALL)
    assert main(["indicators"]) == 0
    assert all(each.definition in capsys.readouterr().out for each in list(ALL.values())[:1])
