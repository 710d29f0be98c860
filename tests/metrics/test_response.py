"""Response times on cases worked by hand, planted truths, and properties any statistic of calls must have."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import zoneinfo
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from perflib.agency import Department
from perflib.errors import InputError
from perflib.metrics import response as metric

ROOT = Path(__file__).parents[2]
STAMPS = ("received_at", "queued_at", "dispatched_at", "enroute_at", "arrived_at")


def department(calls: pd.DataFrame, **settings: Any) -> Department:
    connection = ibis.duckdb.connect()
    connection.raw_sql("SET TimeZone = 'UTC'")
    table = connection.create_table("calls", calls)
    return Department("Toy", "America/New_York", {"calls": table}, settings=settings)


def calls(minutes: list[float | None], start: str = "2025-03-03T12:00Z", **columns: Any) -> pd.DataFrame:
    received = pd.Series(pd.Timestamp(start), index=range(len(minutes))).astype("datetime64[us, UTC]")
    frame = pd.DataFrame({"call_id": [f"c{i}" for i in range(len(minutes))], "received_at": received})
    frame["dispatched_at"] = received
    frame["arrived_at"] = received + pd.to_timedelta(pd.Series(minutes, dtype=float) * 60e6, unit="us")
    frame["arrived_at"] = frame["arrived_at"].astype("datetime64[us, UTC]")
    fixed = {"priority": "1", "origin": "public", "closing": "unknown", "service": "police", "district": "0412"}
    return frame.assign(**{**fixed, **columns})


def test_median_interval_and_bounds_by_hand() -> None:
    # 1..20 known and 5 missing. Median 10.5; order statistics 6 and 15 (binomial(20, 1/2): P(B < 6) = .0207).
    # Of all 25 the median is number 13: with the missing at 0 the 8th known, with them at infinity the 13th.
    facts = metric.by_priority(department(calls([*map(float, range(1, 21)), *[None] * 5]))).facts["1"]
    assert facts["n"] == 25
    assert facts["missing_share"] == pytest.approx(0.2)
    assert (facts["median_min"], facts["median_low"], facts["median_high"]) == (10.5, 6.0, 15.0)
    assert (facts["median_lower"], facts["median_upper"]) == (8.0, 13.0)
    assert facts["p90_min"] == pytest.approx(18.1)
    assert facts["p90_upper"] is None  # 20 % are missing, more than 10 %
    assert "upper bound does not exist" in facts["reason"]
    assert facts["p90_lower"] == pytest.approx(17.6)  # position 22.6 of 25, five of them at 0


def test_too_few_gives_words_not_numbers() -> None:
    result = metric.by_priority(department(calls([1.0] * 9)))
    assert result.facts["1"]["median_min"] is None
    assert result.facts["1"]["reason"] == "too few: 9 known of 9"


def test_missing_arrivals_are_classified() -> None:
    frame = calls(
        [5.0] * 12 + [None] * 5,
        closing=["attended"] * 12 + ["cancelled", "without_arrival", "unknown", "attended", "unknown"],
    )
    frame.loc[16, "dispatched_at"] = pd.NaT  # no unit was ever assigned
    facts = metric.by_priority(department(frame)).facts["1"]
    assert (facts["cancelled"], facts["without_arrival"], facts["stamp_missing"]) == (1, 2, 2)
    assert facts["n"] == facts["known"] + 5


def test_negative_interval_is_counted_and_not_used() -> None:
    facts = metric.by_priority(department(calls([-3.0, *[4.0] * 10, 0.0]))).facts["1"]
    assert (facts["negative"], facts["zero"], facts["known"], facts["median_min"]) == (1, 1, 11, 4.0)


def test_origins_are_never_mixed() -> None:
    frame = calls([10.0] * 10 + [0.0] * 30 + [1.0] * 5, origin=["public"] * 10 + ["officer"] * 30 + [None] * 5)
    dept = department(frame)
    result = metric.by_priority(dept)
    assert result.facts["1"]["n"] == 10
    assert result.facts["1"]["median_min"] == 10.0
    assert any("30 begun by officers and 5 of unknown origin" in caveat for caveat in result.caveats)
    assert metric.by_priority(dept, origin="officer").facts["1"]["n"] == 30
    assert metric.by_priority(dept, origin="all").facts["1"]["n"] == 45


def test_period_means_local_days() -> None:
    # 03:30 UTC on 1 April is still 31 March in New York
    frame = calls(
        [5.0] * 20,
        received_at=pd.to_datetime(["2025-04-01T03:30Z"] * 12 + ["2025-04-01T04:30Z"] * 8).astype(
            "datetime64[us, UTC]"
        ),
    )
    frame["arrived_at"] = frame["received_at"] + pd.Timedelta(minutes=5)
    dept = department(frame)
    assert metric.by_priority(dept, period="2025-03").facts["1"]["n"] == 12
    assert metric.by_priority(dept, period="2025-04-01..2025-04-30").facts["1"]["n"] == 8
    by_month = metric.response(dept, "month").facts
    assert by_month["2025-03"]["n"] == 12


def test_shifts_past_midnight() -> None:
    frame = calls([5.0] * 24, received_at=pd.date_range("2025-03-03T05:30Z", periods=24, freq="h", unit="us"))
    dept = department(frame, shifts={"day": ["07:00", "19:00"], "night": ["19:00", "07:00"]})
    facts = metric.response(dept, "shift").facts  # 05:30 UTC is 00:30 in New York
    assert {name: part["n"] for name, part in facts.items()} == {"day": 12, "night": 12}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"interval": "respons"}, "did you mean 'response'"),
        ({"origin": "citizen"}, "valid: public"),
        ({"district": "0413"}, "valid: 0412"),
        ({"period": "2025-13"}, "is not one"),
        ({"period": "2025-04-02..2025-04-01"}, "ends before"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], word: str) -> None:
    with pytest.raises(InputError, match=word):
        metric.by_priority(department(calls([5.0] * 12)), **arguments)


def test_unknown_group_lists_the_choices() -> None:
    with pytest.raises(InputError, match="did you mean 'district'"):
        metric.response(department(calls([5.0] * 12)), "distrct")


def test_no_calls_is_not_assessable() -> None:
    result = metric.by_priority(department(calls([5.0] * 12)), period="2024-01")
    assert result.reason.startswith("no calls from the public")


def test_intervals_count_steps_and_clock_changes() -> None:
    # clocks go back on 2 November 2025 at 06:00 UTC: received before, arrived after
    frame = calls(
        [30.0] * 11 + [None],
        received_at=pd.Series(pd.to_datetime(["2025-11-02T05:45Z"] + ["2025-11-03T15:00Z"] * 11)).astype(
            "datetime64[us, UTC]"
        ),
    )
    frame["dispatched_at"] = frame["received_at"]
    frame["arrived_at"] = (frame["received_at"] + pd.Timedelta(minutes=30)).where(frame.index < 11)
    facts = metric.intervals(department(frame)).facts
    assert set(facts) == {"dispatched_arrived", "response"}
    assert facts["response"]["clock_change"] == 1
    assert facts["response"]["end_missing"] == pytest.approx(1 / 12)
    assert facts["response"]["median"] == 30.0


def _city(seed: int = 1, days: int = 420, step: float = 1.0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    n = days * 40
    received = pd.Timestamp("2024-01-01T05:00Z") + pd.to_timedelta(
        np.sort(generator.integers(0, days * 86_400, n)), unit="s"
    )
    frame = calls([1.0] * n, received_at=received.astype("datetime64[us, UTC]"))
    frame["district"] = generator.choice(["0412", "north", "south", "west"], n)
    frame["priority"] = generator.choice(["1", "2"], n)
    minutes = np.exp(generator.normal(2.0, 0.6, n)) * np.where(frame["priority"] == "2", 1.5, 1.0)
    late = (frame["received_at"] >= pd.Timestamp("2024-10-01T04:00Z")) & (frame["district"] == "0412")
    frame["arrived_at"] = (
        frame["received_at"] + pd.to_timedelta(np.where(late, step, 1.0) * minutes * 60e6, unit="us")
    ).astype("datetime64[us, UTC]")
    return frame


def test_planted_step_is_found_where_and_when_it_is() -> None:
    result = metric.steps(department(_city(step=1.25)))
    assert result.facts["flagged"] == ["0412"]
    found = result.table.set_index("series").loc["0412"]
    assert abs(pd.Timestamp(found["break_date"]) - pd.Timestamp("2024-10-01")) <= dt.timedelta(days=31)
    assert 1.15 < found["ratio"] < 1.35


def test_trend_leaves_out_part_weeks_and_draws() -> None:
    dept = department(_city(days=200))
    weekly = metric.series(dept)
    assert weekly["date"].min() == pd.Timestamp("2024-01-01")  # a Monday, covered whole
    assert len(weekly) == 28  # 200 days from a Monday: 28 whole weeks and 4 days
    assert metric.trend(dept).plot().axes


def test_compare_covers_the_planted_difference() -> None:
    frame = _city(step=2.0)
    dept = department(frame)
    result = metric.compare(dept, "2024-10", "2024-08", by="district")
    assert result.facts["0412"]["median"]["clear"]
    assert (
        result.facts["0412"]["median"]["low"]
        < result.facts["0412"]["median"]["before"]
        < (result.facts["0412"]["median"]["high"])
    )  # doubled: the difference is the old median
    assert not result.facts["north"]["median"]["clear"]
    with pytest.raises(InputError, match="overlap"):
        metric.compare(dept, "2024-10", "2024-10-15..2024-11-15")


def test_adjusted_ratio_removes_the_mix_of_priorities() -> None:
    frame = _city(days=200)
    generator = np.random.default_rng(3)
    rare = (frame["district"] == "west") & (frame["priority"] == "1") & (generator.random(len(frame)) < 0.9)
    dept = department(frame[~rare])  # the west is sent to slow calls only, and is no slower on them
    raw = metric.response(dept, "district").facts
    assert raw["west"]["median_min"] > 1.12 * raw["north"]["median_min"]
    found = metric.adjusted(dept, "district", tau=0.5, most=6_000).table.set_index("group")
    west = found.loc["west"] if "west" in found.index else found.iloc[0]
    assert west["low"] < 1 < west["high"]


def test_volume_shift_of_both_feeds_points_at_the_extraction() -> None:
    days = pd.date_range("2025-01-05T17:00Z", periods=112, freq="D", unit="us")
    many = np.where(np.arange(112) < 56, 1, 2)
    moments = days.repeat(20 * many)
    frame = calls([5.0] * len(moments), received_at=moments)
    frame["origin"] = np.where(np.arange(len(frame)) % 2, "public", "officer")
    facts = metric.volume_shift(department(frame)).facts
    assert facts["message"] == "both feeds jump together: check the extraction"
    assert (facts["week"], facts["before"], facts["after"]) == ("2025-03-02", 140, 280)


def test_targets_use_the_wilson_interval() -> None:
    # Wilson 1927: 8 of 10, 95 %: (.4902, .9433)
    dept = department(calls([5.0] * 8 + [9.0] * 2 + [None] * 2), priority_targets={"1": {"minutes": 7, "share": 0.9}})
    facts = metric.targets(dept).facts["1"]
    assert facts["share"] == 0.8
    assert (facts["low"], facts["high"]) == (pytest.approx(0.49016, abs=1e-4), pytest.approx(0.94331, abs=1e-4))
    assert (facts["share_lower"], facts["share_upper"]) == (pytest.approx(8 / 12), pytest.approx(10 / 12))
    assert metric.targets(department(calls([5.0] * 10))).reason


def test_order_of_rows_is_irrelevant_and_points_agree() -> None:
    frame = _city(days=60)
    one = metric.response(department(frame), ["month", "district"])
    shuffled = frame.sample(frac=1, random_state=5)
    before = shuffled.copy()
    two = metric.response(department(shuffled), ["month", "district"])
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(shuffled, before)
    quick = metric.response(department(frame), ["month", "district"], level=None, quantiles=(0.5, 0.9)).table
    joined = one.table.merge(quick, on=["month", "district"])
    np.testing.assert_allclose(joined["median_x"], joined["median_y"], rtol=1e-12)
    np.testing.assert_allclose(joined["p90_x"], joined["p90_y"], rtol=1e-12)


def test_against_numpy_in_every_cell() -> None:
    frame = _city(days=30)
    minutes = (frame["arrived_at"] - frame["received_at"]).dt.total_seconds() / 60
    expected = minutes.groupby(frame["district"]).quantile([0.5, 0.8, 0.9]).unstack()
    found = metric.response(department(frame), "district").table.set_index("district")
    np.testing.assert_allclose(found[["median", "p80", "p90"]], expected.loc[found.index], rtol=1e-9)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_machine_zone_is_irrelevant(zone: str) -> None:
    if zone not in zoneinfo.available_timezones():
        pytest.skip(f"no zone {zone} on this machine")
    code = (
        f"import importlib.util as u; s = u.spec_from_file_location('t', r'{__file__}'); t = u.module_from_spec(s);"
        "s.loader.exec_module(t); t.test_period_means_local_days(); t.test_shifts_past_midnight();"
        "t.test_intervals_count_steps_and_clock_changes()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_three_districts_too_short_for_steps_are_not_assessable() -> None:
    weeks = pd.date_range("2025-01-06", periods=3, freq="7D", tz="UTC")
    received = [at + pd.Timedelta(minutes=i) for at in weeks for i in range(60)]
    frame = calls(
        [float(5 + i % 7) for i in range(180)], received_at=pd.to_datetime(received), district=["A", "B", "C"] * 60
    )
    result = metric.steps(department(frame))
    assert result.reason and result.answer.startswith("Not assessable")
