"""Dates that tell a month, quarter, year or week alone: counted by whole periods, and nothing shorter is said."""

from __future__ import annotations

import datetime as dt
import json

import pandas as pd
import pytest

import perflib as pf
from perflib.__main__ import main
from perflib.errors import PerflibError

GRAINS = {"week": "W-SUN", "month": "MS", "quarter": "QS", "year": "YS"}
COLUMNS = {
    "incident_id": "ref",
    "reported_at": {"from": "month", "format": "%Y-%m"},
    "offence": "kind",
    "district": "area",
}
KINDS = ("burglary", "theft")


@pytest.fixture
def offences(town):
    """Case 02: 36 months of 300 offences, November 2023 of 900, dated by the month."""
    rows = []
    for month in pd.date_range("2021-01-01", "2023-12-01", freq="MS"):
        for at in range(900 if month == pd.Timestamp("2023-11-01") else 300):
            rows.append(f"X{len(rows):07d},{month:%Y-%m},Area {at % 3 + 1},{KINDS[len(rows) * 7 % 11 % 2]}")
    text = "ref,month,area,kind\n" + "\n".join(rows) + "\n"
    return town({"x.csv": text}, [("incidents", "x.csv", COLUMNS)], timezone="Europe/London")


def dated(town, filled, tmp_path, table: str, grain: str, zone: str = "America/Chicago"):
    """A department of one table whose dates are the first days of periods, 40 records in each."""
    columns = pf.schema.get(table).columns.items()
    stamp = next(name for name, column in columns if column.required and column.type == "timestamp")
    key = pf.schema.get(table).key[0]
    starts = pd.date_range("2016-01-01", "2023-12-31", freq=GRAINS[grain])
    days = [f"{start:%Y-%m-%d}" for start in starts for _ in range(40)]
    rows = range(len(days))
    frame = filled(table, **{key: list(map(str, rows)), stamp: days, "district": [f"D{at % 2}" for at in rows]})
    frame.to_csv(tmp_path / "x.csv", index=False)
    return town(
        {},
        [(table, "x.csv", {name: name for name in frame.columns})],
        timezone=zone,
        privacy={"pseudonyms": False, "because": "invented"},
    )


def test_months_are_counted_as_months(offences):
    dept = pf.open(offences)
    for every in ("week", "month"):
        found = pf.metrics.counts.trend(dept, every=every)
        assert (found.facts["every"], found.facts["n"], found.facts["signal_dates"]) == ("month", 35, ["2023-11-01"])
        assert found.title.startswith("Has the monthly number")
        assert not [text for text in found.caveats if "feed" in text or "days to" in text]


def test_limits_are_those_of_months(offences):
    found = pf.metrics.counts.trend(pf.open(offences))
    assert (round(found.facts["lower"]), round(found.facts["upper"])) == (218, 417)


def test_no_weekly_figure_and_no_feed_warning(offences):
    dept = pf.open(offences)
    meeting = pf.metrics.counts.compstat(dept)
    assert not [name for name in meeting.table if name.startswith(("7d_", "28d_"))]
    assert {"ytd_now", "ytd_last_year"} <= set(meeting.table)
    for window, words in (("7d", "7 days"), ("28d", "28 days")):
        page = pf.metrics.counts.compstat_page(meeting, window)
        assert page.reason == f"the dates tell the month alone, and {words} are not whole months"
    assert not pf.metrics.counts.compstat_page(meeting, "ytd").reason
    for period in ("", "2023-11"):
        found = pf.metrics.counts.compare(dept, by="district", period=period)
        assert found.facts["period"] == "2023-11-01 to 2023-11-30" and found.facts["now"] == 900
        assert found.facts["expected"] == 300 and found.facts["flags"] == 3
        assert not [text for text in found.caveats if "check the feed" in text or "not complete" in text]
    assert pf.metrics.counts.compare(dept, by="district", period="2023-Q3", against="previous").facts["against"] == [
        "2023-04-01 to 2023-06-30"
    ]
    with pytest.raises(PerflibError, match="the dates tell the month alone"):
        pf.metrics.counts.compare(dept, by="district", period="2023-11-05..2023-11-20")


def test_a_report_covers_whole_months(offences):
    assert pf.reports.about(pf.open(offences), period="2023-12").facts["data_to"] == "2023-12-31"


def test_the_page_of_trends_is_made(offences, tmp_path, capsys):
    assert main(["check", str(offences), "--json"]) == 0
    (source,) = json.loads(capsys.readouterr().out)["sources"]
    assert source["findings"] == ["the dates tell the month alone, so nothing is said of shorter times"]
    code = main(
        [
            "run",
            "notebooks/02_trends.ipynb",
            "--department",
            str(offences),
            "-p",
            "period=2023-11",
            "--out",
            str(tmp_path / "out"),
        ]
    )
    assert code == 0
    facts = json.loads((tmp_path / "out" / "facts.json").read_text(encoding="utf-8"))
    assert "2023-11-01" in json.dumps(facts)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kathmandu", "Africa/Cairo"])
@pytest.mark.parametrize("grain", GRAINS)
def test_periods_are_told_by_their_first_days(town, filled, tmp_path, grain, zone):
    dept = pf.open(dated(town, filled, tmp_path, "incidents", grain, zone))
    assert dept.resolution("incidents") == grain
    found = pf.metrics.counts.trend(dept, every="week")
    assert found.facts["every"] == grain and found.table["value"].round(6).eq(40).all()
    assert pf.metrics.counts.trend(dept, every="month").facts["every"] == ("month" if grain == "month" else grain)
    meeting = pf.metrics.counts.compstat(dept, by="district")
    assert not [text for text in meeting.caveats if "feed" in text]
    assert ("28d_now" in meeting.table) == (grain == "week")
    change = pf.metrics.counts.compare(dept, by="district", against="previous")
    assert (change.table["ratio"] - 1).abs().max() < 0.05 and not change.facts["flags"]


@pytest.mark.parametrize("grain", ["month", "quarter", "year"])
@pytest.mark.parametrize(
    ("table", "ask"),
    [
        ("calls", pf.metrics.seasons.hours),
        ("calls", pf.metrics.seasons.weekdays),
        ("calls", pf.metrics.seasons.outlook),
        ("calls", pf.metrics.seasons.ahead),
        ("requests", pf.metrics.community.drivers),
    ],
)
def test_what_needs_days_says_so(town, filled, tmp_path, table, ask, grain):
    reason = ask(pf.open(dated(town, filled, tmp_path, table, grain)), table).reason
    assert grain in reason and ("dated by" in reason or "alone" in reason)


@pytest.mark.parametrize(
    ("received", "arrived", "words"),
    [
        ("2024-01", "2024-01", "time of day"),
        ("2024-01-05", "2024-01-05", "time of day"),
        ("2024-01-05 10:00", "2024-01-06", "time of day"),
        ("2024-01-05 10:00", "2024-01-05 10:08", ""),
    ],
)
def test_minutes_need_times(town, received, arrived, words):
    forms = ["%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m"]
    columns = {
        "call_id": "id",
        "received_at": {"from": "r", "format": forms},
        "priority": "p",
        "arrived_at": {"from": "a", "format": forms},
    }
    text = "id,r,a,p\n" + "".join(f"{at},{received},{arrived},1\n" for at in range(60))
    found = pf.metrics.response.by_priority(pf.open(town({"x.csv": text}, [("calls", "x.csv", columns)])), origin="all")
    assert words in found.reason and bool(words) == bool(found.reason)


def test_days_to_a_clearance_need_days(town):
    text = "id,r,c\n" + "".join(f"{at},2023-{1 + at % 12:02d},2023-{1 + at % 12:02d}\n" for at in range(240))
    columns = {
        "incident_id": "id",
        "reported_at": {"from": "r", "format": "%Y-%m"},
        "offence": {"value": "theft"},
        "cleared_at": {"from": "c", "format": "%Y-%m"},
        "clearance": {"value": "arrest"},
    }
    dept = pf.open(town({"x.csv": text}, [("incidents", "x.csv", columns)]))
    assert "tells the month alone" in pf.metrics.cases.clearance(dept).reason


def test_a_format_tells_the_month_where_the_records_are_few(town):
    text = "ref,month,area,kind\n1,2024-01,N,theft\n2,2024-02,N,theft\n"
    assert pf.open(town({"x.csv": text}, [("incidents", "x.csv", COLUMNS)])).resolution("incidents") == "month"


def test_times_are_not_taken_for_periods(town):
    columns = {"incident_id": "id", "reported_at": "t", "offence": {"value": "theft"}}
    for text in (
        "2024-01-01 10:00|2024-02-01 11:00|2024-03-01 12:00",
        "2024-01-01|2024-01-08|2024-01-15",
        "2024-01-01|2024-02-01|2024-03-02",
    ):
        rows = "".join(f"{at},{each}\n" for at, each in enumerate(text.split("|")))
        dept = pf.open(town({"x.csv": f"id,t\n{rows}"}, [("incidents", "x.csv", columns)]))
        assert dept.resolution("incidents") == ("time" if ":" in text else "day")


@pytest.mark.parametrize("grain", GRAINS)
def test_counts_that_are_added_up_already(grain):
    starts = pd.date_range("2016-01-01", "2023-12-31", freq=GRAINS[grain])
    frame = pd.DataFrame({"date": starts, "count": 300, "district": "N"})
    assert pf.metrics.counts.trend(frame, every="week").facts["every"] == grain
    found = pf.metrics.counts.compare(frame, by="district", against="previous")
    assert abs(found.table["ratio"].iloc[0] - 1) < 0.05
    assert dt.date.fromisoformat(found.facts["period"][-10:]) >= dt.date(2023, 12, 20)


@pytest.mark.slow
@pytest.mark.parametrize(
    "notebook", ["01_response_times", "03_case_resolution", "04_seasonality", "05_community", "08_stops_fairness"]
)
def test_every_page_is_made_of_months(town, tmp_path, notebook):
    rows = [f"{at},2023-{1 + at % 12:02d},A{at % 3},{KINDS[at % 2]},{'BW'[at % 2]}" for at in range(3600)]
    month = {"from": "m", "format": "%Y-%m"}
    sources = [
        ("calls", {"call_id": "r", "received_at": month, "arrived_at": month, "priority": "k", "district": "d"}),
        (
            "incidents",
            {
                "incident_id": "r",
                "reported_at": month,
                "cleared_at": month,
                "offence": "k",
                "district": "d",
                "clearance": {"value": "arrest"},
            },
        ),
        ("requests", {"request_id": "r", "received_at": month, "kind": "k", "district": "d"}),
        (
            "stops",
            {
                "stop_id": "r",
                "stopped_at": month,
                "subject_race": "e",
                "district": "d",
                "searched": {"value": "yes"},
                "contraband": {"value": "no"},
            },
        ),
    ]
    path = town(
        {"x.csv": "r,m,d,k,e\n" + "\n".join(rows) + "\n"}, [(table, "x.csv", columns) for table, columns in sources]
    )
    assert main(["run", f"notebooks/{notebook}.ipynb", "--department", str(path), "--out", str(tmp_path / "out")]) == 0
