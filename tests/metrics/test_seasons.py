"""Seasons of a department: hand-made hours and clock changes, stopped feeds, planted truths, refusals."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import perflib
from perflib.errors import InputError
from perflib.metrics import seasons
from perflib.metrics.seasons.ahead import started
from perflib.metrics.seasons.extremes import ends
from perflib.metrics.seasons.read import exposure
from perflib.models.seasonality import rate_interval
from perflib.models.seasonality.effects import WEEKDAYS
from perflib.models.seasonality.profile import leading
from perflib.words import seasons as words

ZONE = "America/New_York"


def department(local, district="A", origin="public"):
    stamps = pd.DatetimeIndex(local).tz_localize(ZONE, ambiguous=True, nonexistent="shift_forward").tz_convert("UTC")
    calls = pd.DataFrame(
        {
            "call_id": [str(at) for at in range(len(stamps))],
            "received_at": stamps,
            "district": district,
            "origin": origin,
        }
    )
    return perflib.from_frames(timezone=ZONE, calls=calls)


def one_an_hour(first, days):
    return pd.date_range(first, periods=24 * days, freq="h") + pd.Timedelta(minutes=7)


@pytest.fixture(scope="module")
def steady():
    return department(one_an_hour("2024-01-01", 61))


def test_one_call_an_hour_is_one_call_an_hour(steady):
    made = seasons.hours(steady)
    # the last day is left out: without recorded_at it may have been cut short
    assert len(made.table) == 168 and made.facts["days"] == 60 and made.facts["per_day"] == pytest.approx(24)
    assert made.table["rate"].to_numpy() == pytest.approx(1) and made.table["hours"].sum() == 60 * 24
    assert (made.table["low"] < 1).all() and (made.table["high"] > 1).all()


def test_clock_changes_are_hours_that_pass_twice_or_never():
    hours = pd.date_range("2024-03-10", "2024-03-10 23:00", freq="h")
    spring = exposure(hours, ZONE)
    assert spring["2024-03-10 02:00"] == 0 and spring.sum() == 23
    autumn = exposure(pd.date_range("2024-11-03", "2024-11-03 23:00", freq="h"), ZONE)
    assert autumn["2024-11-03 01:00"] == 2 and autumn.sum() == 25


def test_the_hour_that_happens_twice_is_no_peak():
    utc = pd.date_range("2024-10-01 04:00", "2024-12-31 04:00", freq="h", tz="UTC", inclusive="left")
    calls = pd.DataFrame({"call_id": [str(at) for at in range(len(utc))], "received_at": utc})
    made = seasons.hours(perflib.from_frames(timezone=ZONE, calls=calls)).table
    sunday = made[(made["weekday"] == "Sunday") & (made["hour"] == 1)].iloc[0]
    assert sunday["rate"] == pytest.approx(1) and sunday["hours"] == sunday["count"] == 13 + 1


def test_what_officers_begin_is_left_out_and_said():
    at = one_an_hour("2024-01-01", 40)
    mixed = department(at.append(at), origin=["public"] * len(at) + ["officer"] * len(at))
    made = seasons.hours(mixed)
    assert made.facts["per_day"] == pytest.approx(24) and "calls from the public" in made.title
    assert seasons.hours(mixed, origin="").facts["per_day"] == pytest.approx(48)


def test_a_stopped_feed_ends_the_period_and_is_named():
    at = one_an_hour("2024-01-01", 80)
    held = department(at.append(at[: 24 * 74]), district=["A"] * len(at) + ["B"] * (24 * 74))
    made = seasons.hours(held)
    assert made.facts["last"] == "2024-03-14"
    notes = seasons.read(held).notes
    assert notes["stopped"] == {"B": dt.date(2024, 3, 14)} and words.basis(notes)[0] in made.caveats


def test_a_jump_of_the_feed_is_named():
    at = one_an_hour("2024-01-01", 140)
    (jump,) = seasons.read(department(at.append(at[24 * 70 :]))).notes["jumps"]
    assert (jump["before"], jump["after"], f"{jump['at']:%Y-%m-%d}") == (168, 336, "2024-03-11")


def test_a_year_needs_two_and_says_so(steady):
    made = seasons.months(steady)
    assert made.reason == "60 days cannot show a season of the year: two whole cycles are 730"
    assert seasons.weekdays(steady).facts["verdict"] == "not shown"
    assert "days are too few" in seasons.ahead(steady).reason
    assert "days are too few" in seasons.staffing(seasons.ahead(steady)).reason
    short = seasons.outlook(steady, seasons.ahead(steady))
    assert "cannot be said: 60 complete days are too few" in short.answer and "month" not in short.facts


def test_wrong_questions_are_refused(steady):
    with pytest.raises(InputError, match="no district 'Z'"):
        seasons.hours(steady, district="Z")
    with pytest.raises(InputError, match="no column 'colour'"):
        seasons.hours(steady, colour="red")
    with pytest.raises(InputError, match="1,15"):
        seasons.months(steady, paydays="first")
    assert "hold no incidents" in seasons.hours(steady, "incidents").reason
    assert (
        "do not record the occurred_from"
        in seasons.spans(
            perflib.from_frames(
                timezone=ZONE,
                incidents=pd.DataFrame(
                    {"incident_id": ["1"], "offence": "x", "reported_at": [pd.Timestamp("2024-01-01", tz="UTC")]}
                ),
            )
        ).reason
    )


def test_spans_are_spread():
    begun = pd.Timestamp("2024-01-01 20:00", tz=ZONE)
    rows = pd.DataFrame(
        {
            "incident_id": [str(at) for at in range(140)],
            "offence": "Burglary",
            "occurred_from": [(begun + pd.Timedelta(days=at // 4)).tz_convert("UTC") for at in range(140)],
        }
    )
    rows["occurred_to"] = rows["occurred_from"] + pd.Timedelta(hours=4)
    rows["reported_at"] = rows["occurred_to"] - pd.Timedelta(minutes=1)
    later = {"incident_id": "later", "occurred_from": begun.tz_convert("UTC") + pd.Timedelta(hours=16, days=35)}
    rows = pd.concat([rows, pd.DataFrame([later | {"reported_at": later["occurred_from"], "offence": "Burglary"}])])
    made = seasons.spans(perflib.from_frames(timezone=ZONE, incidents=rows))
    assert made.facts["days"] == 36 and made.facts["last"] == "2024-02-05"  # the day before the newest report
    rate = made.table.groupby("hour")["count"].sum()
    assert rate[[20, 21, 22, 23]].to_numpy() == pytest.approx(35, abs=0.5) and rate[3] == 0
    assert made.facts["spans"] == 140


def test_spans_are_cut_at_the_first_and_the_last_day_that_can_be_counted():
    """30 days of 5 exact offences, first reported on 1 March; one span of two days half before, one half after."""
    day = pd.date_range("2024-03-01 17:00", periods=31, freq="D", tz="UTC").repeat(5)
    edge = [
        ("2024-02-29 05:00", "2024-03-02 05:00", "2024-03-02 06:00"),  # midnight in New York is 05:00 in London
        ("2024-03-30 04:00", "2024-04-01 04:00", "2024-03-31 04:00"),
    ]
    spans = pd.DataFrame(edge, columns=["occurred_from", "occurred_to", "reported_at"]).apply(pd.to_datetime, utc=True)
    rows = pd.concat([pd.DataFrame({"occurred_from": day, "occurred_to": day, "reported_at": day}), spans])
    rows = rows.assign(incident_id=[str(at) for at in range(len(rows))], offence="Theft")
    made = seasons.spans(perflib.from_frames(timezone=ZONE, incidents=rows))
    # the newest report is of 31 March, which may be cut short: 30 days of 5, and half of each span
    assert (made.facts["first"], made.facts["last"], made.facts["days"]) == ("2024-03-01", "2024-03-30", 30)
    assert made.facts["events"] == pytest.approx(30 * 5 + 0.5 + 0.5)
    assert made.facts["exact"]["events"] == 150 and made.facts["span_hours"] == 48
    assert made.table["exact"].sum() * 30 / 7 == pytest.approx(150, rel=0.2)


def test_hours_that_cannot_be_told_apart_are_named_together():
    # ten weeks; Saturday 16 and 17 and Friday 17 have 400 and 399 events, Tuesday 4 none, all the others 100
    counts = {("Saturday", 16): 400, ("Saturday", 17): 399, ("Friday", 17): 399, ("Tuesday", 4): 4}
    rows = pd.DataFrame(
        [(day, hour, counts.get((day, hour), 100), 10.0) for day in WEEKDAYS for hour in range(24)],
        columns=["weekday", "hour", "count", "hours"],
    )
    rate = rate_interval(rows["count"].to_numpy(), rows["hours"].to_numpy(), 1.0)
    most = ends(pd.concat([rows, rate], axis=1))
    top = most["busiest"]
    assert top["alike"] == ["Friday 17", "Saturday 16", "Saturday 17"] and (top["start"], top["end"]) == (16, 18)
    assert top["together"] == pytest.approx(39.95) and top["others"] == 1 and top["hour"] == 16
    assert most["quietest"]["alike"] == ["Tuesday 4"]
    assert words.place(top, "busiest") == "Saturday 16:00 to 18:00 is among the 3 busiest hours of the week"
    assert words.place(most["quietest"], "quietest") == "Tuesday 04:00 to 05:00 is quietest"


def test_where_no_hour_stands_out_none_is_named(steady):
    facts = seasons.hours(steady).facts
    assert not facts["busiest"]["told"] and not facts["quietest"]["told"]
    assert words.place(facts["busiest"], "busiest") == "no hour stands out as busiest"


def test_the_night_belongs_to_the_day_on_which_it_starts():
    rows = pd.DataFrame(
        [(day, hour, 1.0) for day in WEEKDAYS for hour in range(24)], columns=["weekday", "hour", "expected"]
    )
    rows.loc[(rows["weekday"] == "Friday") & (rows["hour"] == 2), "expected"] = 11.0  # in the night of Thursday
    rows.loc[(rows["weekday"] == "Monday") & (rows["hour"] == 6), "expected"] = 21.0  # in the night of Sunday
    rows.loc[(rows["weekday"] == "Monday") & (rows["hour"] == 7), "expected"] = 5.0  # in the day of Monday
    made = started(rows).set_index(["weekday", "shift"])["expected"]
    assert made["Thursday", "Night"] == 18 and made["Friday", "Night"] == 8 and made["Sunday", "Night"] == 28
    assert made["Monday", "Day"] == 12 and len(made) == 21 and made.sum() == 168 + 10 + 20 + 4


def test_next_month_and_its_shifts():
    rng = np.random.default_rng(5)
    shape = 1 + 0.6 * np.sin(2 * np.pi * (np.arange(24) - 9) / 24)
    counts = rng.poisson(np.tile(3 * shape, 200))
    at = np.repeat(pd.date_range("2024-01-01", periods=4800, freq="h") + pd.Timedelta(minutes=5), counts)
    made = seasons.ahead(department(at))
    assert made.facts["month"] == "2024-08" and len(made.table) == 168 and made.table["hours"].sum() == 31 * 24
    assert made.facts["total"]["all"] == pytest.approx(3 * 24 * 31, rel=0.05)
    total = made.facts["total"]["all"]
    assert made.facts["total_low"]["all"] < total < made.facts["total_high"]["all"]
    short = seasons.outlook(department(at), made)
    ahead = short.table.iloc[-1]
    assert ahead["basis"] == "expected" and ahead["per_day"] == pytest.approx(total / 31)
    assert ahead["low"] == pytest.approx(made.facts["total_low"]["all"] / 31) and len(short.table) == 7
    assert short.table["count"].iloc[0] == counts[: 24 * 31].sum() and short.facts["total"] == total
    shifts = seasons.staffing(made)
    assert shifts.facts["level"] == 0.8
    assert len(shifts.table) == 21 and shifts.table["expected"].sum() == pytest.approx(made.table["expected"].sum())
    assert shifts.facts["busiest"]["shift"] == "Evening" or shifts.facts["busiest"]["shift"] == "Day"
    assert (shifts.table["low"] < shifts.table["expected"]).all()
    with pytest.raises(InputError, match="within two months"):
        seasons.ahead(department(at), month="2025-08")


def test_staffing_names_no_weekday_without_saying_whether_the_week_repeats():
    rng = np.random.default_rng(8)
    hours = pd.date_range("2024-01-01", periods=24 * 200, freq="h") + pd.Timedelta(minutes=5)
    flat = np.repeat(hours, rng.poisson(2, len(hours)))
    weekly = np.repeat(hours, rng.poisson(np.where(hours.day_of_week >= 5, 4, 2)))
    for at, start in ((flat, "No pattern of the week is shown to repeat: "), (weekly, "S")):
        dept = department(at)
        shifts, days = seasons.staffing(seasons.ahead(dept)), seasons.weekdays(dept)
        assert shifts.answer.startswith(start)
        assert {key: shifts.facts["week"][key] for key in ("verdict", "p")} == {
            key: days.facts[key] for key in ("verdict", "p")
        }


def test_districts_are_tested_apart(small_city):
    dept = perflib.open(small_city, tables=["calls"])
    made = seasons.tested(dept)
    week = made.table[made.table["season"] == "week"]
    assert len(week) == 6 and (made.table.loc[made.table["season"] == "year", "verdict"] == "not assessable").all()
    assert made.facts["assessable"]["year"] == 0


def test_the_hours_of_the_sample_are_those_planted(small_city):
    import yaml

    truth = yaml.safe_load((small_city / "truth.yml").read_text(encoding="utf-8"))["truths"]["hour"]["multiple"]
    made = seasons.hours(perflib.open(small_city, tables=["calls"]), origin="").table
    total = made.groupby("hour")[["count", "hours"]].sum()
    rate = total["count"] / total["hours"]
    assert (rate / rate.mean()).to_numpy() == pytest.approx(np.array(truth), abs=0.16)
    assert np.corrcoef(rate, truth)[0, 1] > 0.97


@pytest.mark.realdata
def test_decc_hours(realdata, monkeypatch):
    """18 weeks of real calls: hours and weekdays are told, a year is refused with the reason."""
    monkeypatch.setenv("PERFLIB_REALDATA", str(realdata))
    dept = perflib.open("data/departments/decc.yml", tables=["calls"])
    made = seasons.hours(dept)
    assert made.reason == "" and 100 < made.facts["per_day"] < 140
    assert "cannot show a season of the year" in seasons.months(dept).reason
    assert dt.date.fromisoformat(made.facts["last"]) <= dt.date(2025, 12, 27)
    # the notes of the data: volume jumps at week 41, officer and phone rows together, by the extraction
    assert any(f"{each['at']:%Y-%m}" == "2025-10" for each in seasons.read(dept).notes["jumps"])


def test_where_the_week_is_too_thin_the_hours_of_all_days_are_compared():
    # two events in every hour of the week, but four from 10 to 12 on every day: 28 to 14 of each hour in seven weeks
    rows = pd.DataFrame(
        [(day, hour, 4 if 10 <= hour < 12 else 2, 7.0) for day in WEEKDAYS for hour in range(24)],
        columns=["weekday", "hour", "count", "hours"],
    )
    rate = rate_interval(rows["count"].to_numpy() * 10, rows["hours"].to_numpy(), 10.0)
    assert leading(pd.concat([rows, rate], axis=1)).all()  # no hour of the week can be told from another
    many = rows.assign(count=rows["count"] * 10)
    found = ends(pd.concat([many, rate_interval(many["count"].to_numpy(), many["hours"].to_numpy(), 3.0)], axis=1))
    top = found["busiest"]
    assert (top["weekday"], top["start"], top["end"], top["others"], top["told"]) == ("any day", 10, 12, 0, True)
    assert top["together"] == pytest.approx(40 / 7) and not found["quietest"]["told"]
    assert words.place(top, "busiest") == "10:00 to 12:00 is busiest on all days"


# words --------------------------------------------------------------------------------------------------------------

NOTES = {"stamp": "received_at", "basis": "", "recorded": True, "stopped": {}, "jumps": []}


def weekly(verdict="seasonal", **more):
    facts = {"verdict": verdict, "cycles": 3, "ratio": {"Saturday": 1.14, "Tuesday": 0.85, "1 January": 2.0}}
    how = {"season": "week", "selection": {}, "notes": NOTES, "faint": False, "heap": {}} | more
    return words.season(facts, pd.DataFrame(), **how)


def test_a_season_in_words():
    assert weekly().answer == "Saturday is 14 % busier than the mean day, Tuesday 15 % quieter."
    assert weekly(faint=True).answer.endswith("The pattern is no stronger than that of noise.")
    assert weekly("not shown").answer == "No pattern of the week is shown to repeat."
    assert weekly(selection={"district": "A"}).title == "Which days are busier? District A"
    jumped = {**NOTES, "jumps": [{"before": 168.0, "after": 336.0, "at": pd.Timestamp("2024-03-11")}]}
    assert weekly(notes=jumped).caveats[0].startswith("The records jump from 168 to 336 a week on 11 March 2024")


@pytest.mark.parametrize("reason", ["", "60 complete days are too few"])
def test_the_report_opens_with_two_short_sentences(reason):
    top = {"told": True, "weekday": "Saturday", "start": 15, "end": 21}
    facts = {"per_day": 169.6, "busiest": top, "month": "2026-01", "total": 4554.2}
    how = {"subject": "calls from the public", "selection": {}, "notes": NOTES, "reason": reason}
    first, second = words.outlook(facts, pd.DataFrame(), **how).answer.removesuffix(".").split(". ")
    assert first == "170 calls from the public come in a day, most on Saturday from 15:00 to 21:00"
    assert second == (f"What is expected next month cannot be said: {reason}" if reason else SECOND)
    for sentence in (first, second):
        assert len(sentence.split()) <= 25 and sum(any(c.isdigit() for c in word) for word in sentence.split()) <= 3


SECOND = "About 4,554 are expected in January 2026, 147 a day"


def test_a_stopped_feed_and_an_unknown_origin_are_caveats():
    said = words.basis({**NOTES, "recorded": False, "stopped": {"B": "2024-03-14"}})
    assert len(said) == 2 and "district B (last on 2024-03-14)" in said[1]
    assert words.subject("calls", "public", False) == "calls (who began them is not recorded)"
    assert words.subject("incidents", "public", False) == "incidents"
