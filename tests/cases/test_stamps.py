"""Stamps and days of exports: read as they are meant, or refused with what to do; a day never moves by the zone."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta

import pandas as pd
import pytest

import perflib as pf
from perflib import schema
from perflib.__main__ import main

ZONES = ("America/Los_Angeles", "America/Chicago", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago")
OPEN = {"pseudonyms": False, "because": "invented"}
CALL = {"call_id": "id"}


def read(town, text: str, rule: object, zone: str = "America/Chicago") -> pd.Series:
    """What one column rule makes of the texts, one per record, as local walls; refused ones are left out."""
    lines = "\n".join(f"{place};{line}" for place, line in enumerate(text.split("|"), 1))
    columns = {**CALL, "received_at": rule}
    mapping = {"reader": {"delimiter": ";"}, "columns": columns, "quarantine_limit": 0.99}
    found = pf.open(town({"x.csv": f"id;t\n{lines}\n"}, [("calls", "x.csv", mapping)], timezone=zone))
    rows = found.calls.execute().set_index("call_id").sort_index()
    return rows["received_at"].dt.tz_convert(zone).dt.strftime("%Y-%m-%d %H:%M:%S")


def checked(capsys, path: object, code: int = 0) -> dict:
    """What `perflib check --json` says."""
    assert main(["check", str(path), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def refusal(capsys, path: object) -> str:
    """What `perflib check` says of a source that is refused."""
    assert main(["check", str(path)]) == 1
    shown = capsys.readouterr()
    return " ".join((shown.out + shown.err).split())


@pytest.fixture
def hours(town):
    """Case 01: 24-hour times as whole numbers that lost their zeros; 38 afternoon calls, one 00:45, one 01:30."""
    rows = [f"{at},03/{1 + at % 28:02d}/2024,{1400 + at},{1405 + at}" for at in range(38)]
    rows += ["38,03/05/2024,45,50", "39,03/06/2024,130,137"]

    def make(**rule: object):
        columns = {
            "call_id": "no",
            "received_at": {"from": ["day", "recv"], "format": "%m/%d/%Y %H%M", **rule},
            "arrived_at": {"from": ["day", "arr"], "format": "%m/%d/%Y %H%M", **rule},
        }
        return town({"c.csv": "no,day,recv,arr\n" + "\n".join(rows) + "\n"}, [("calls", "c.csv", columns)])

    return make


def test_pad_puts_the_zeros_back(hours, capsys):
    path = hours(pad=4)
    (source,) = checked(capsys, path)["sources"]
    assert (source["accepted"], source["quarantined"]) == (40, 0)
    rows = pf.open(path).calls.execute().set_index("call_id")
    for call, received, arrived in (
        ("38", "2024-03-05 00:45", "2024-03-05 00:50"),
        ("39", "2024-03-06 01:30", "2024-03-06 01:37"),
    ):
        local = [rows.loc[call, name].tz_convert("America/Chicago") for name in ("received_at", "arrived_at")]
        assert [f"{each:%Y-%m-%d %H:%M}" for each in local] == [received, arrived]


def test_without_pad_three_digits_are_no_hour_13(hours, capsys):
    (source,) = checked(capsys, hours())["sources"]
    assert (source["accepted"], source["quarantined"]) == (38, 2)
    reason = "cannot be read as timestamp (fewer digits than '%m/%d/%Y %H%M' has: state `pad: 4`)"
    assert source["reasons"] == {f"{name}: {reason}": 2 for name in ("received_at", "arrived_at")}


@pytest.mark.parametrize(
    ("form", "pad", "text", "right"),
    [
        (
            "%Y-%m-%d %H%M",
            4,
            "2024-03-01 130|2024-03-01 5|2024-03-01 1305|2024-03-01 130.0|2024-03-01 1305.0",
            ["01:30:00", "00:05:00", "13:05:00", "01:30:00", "13:05:00"],
        ),
        ("%Y-%m-%d %H%M%S", 6, "2024-03-01 13055|2024-03-01 130|2024-03-01 0", ["01:30:55", "00:01:30", "00:00:00"]),
        ("%m%d%Y", 8, "3012024", ["00:00:00"]),
        ("%Y-%m-%d %I%M %p", 4, "2024-03-01 130 PM", ["13:30:00"]),
    ],
)
def test_pad_is_obeyed_wherever_codes_stand_side_by_side(town, form, pad, text, right):
    found = read(town, text, {"from": "t", "format": form, "pad": pad})
    assert found.tolist() == [f"2024-03-01 {time}" for time in right]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%Y-%m-%d %H%M", "2024-03-01 130"),
        ("%Y-%m-%d %H%M", "2024-03-01 2400"),
        ("%Y-%m-%d %H%M", "2024-03-01 130.0"),
        ("%Y-%m-%d %H%M", "2024-03-01 13051"),
        ("%Y-%m-%d %H%M", "2024-03-01 0.0625"),
        ("%Y-%m-%d %H%M%S", "2024-03-01 13055"),
        ("%m%d%Y", "3012024"),
        ("%y%m%d", "24032"),
        ("%Y%m%d", "2024031"),
        ("%d%m%y%H%M", "010324130"),
        ("%Y%j", "202461"),
        ("%Y%m", "20243"),
        ("%d%b%Y%H%M", "01MAR2024130"),
        ("%Y-%m-%d %I:%M %p", "2024-03-01 13:05 PM"),
        ("%Y-%m-%d %H:%M", "2024-03-01 01:05 PM"),
        ("%d/%m/%Y", "30/02/2024"),
        ("%d/%m/%Y", "01/03/2024 10:00"),
        ("%d/%m/%Y %H:%M", "01/03/2024 10:00 EST"),
        ("%d/%m/%Y %H:%M:%S", "01/03/2024 10:00:60"),
        ("%d/%m/%Y", "1/3/24"),
        ("%Y", "epoch"),
        ("%Y-%m", "Infinity"),
        ("%d/%m/%Y %H:%M", "01/03/2024 10:00-05:00"),
        ("epoch_ms", "1546305660"),
        ("epoch_s", "0"),
        ("epoch_ms", "1.5e12"),
        ("epoch_s", "1546305660000"),
        ("epoch_us", "99999999999999999999"),
    ],
)
def test_what_does_not_fit_the_format_whole_is_refused(town, form, text):
    found = read(town, f"2024-06-01|{text}", {"from": "t", "format": ["%Y-%m-%d", form]})
    assert found.index.tolist() == ["1"]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("%H:%M", "names no year"),
        ("%m/%d", "names no year"),
        ("%Y-%M-%d", "without a month"),
        ("%Y-%m-%d %H:%m", "names the month twice"),
        ("%Y-%d", "names a day without a month"),
        ("%Y-%m-%d %M", "names a minute without a hour"),
        ("%Y-%m-%d %I:%M", "needs %p"),
        ("%Y-%m-%d %-H%M", "%-H beside another number"),
        ("%Y-%m-%d %H%-M", "%-M beside another number"),
        ("epoch", "no code such as %Y"),
    ],
)
def test_a_format_that_would_read_another_moment_is_refused(town, capsys, form, words):
    path = town(
        {"x.csv": "id,t\n1,2024-03-01\n"}, [("calls", "x.csv", {**CALL, "received_at": {"from": "t", "format": form}})]
    )
    assert words in refusal(capsys, path)


@pytest.mark.parametrize(
    "rule",
    [{"format": "%Y-%m-%d %H:%M", "pad": 4}, {"format": "%Y-%m-%d %H%M", "pad": 6}, {"format": "excel", "pad": 4}],
)
def test_a_pad_that_fits_no_codes_is_refused(town, capsys, rule):
    path = town({"x.csv": "id,t\n1,2024-03-01\n"}, [("calls", "x.csv", {**CALL, "received_at": {"from": "t", **rule}})])
    assert f"pad: {rule['pad']} on a stamp or date fits no codes" in refusal(capsys, path)


def test_two_digit_years(town):
    found = read(town, "01/03/24|01/03/49|01/03/50|01/03/68|01/03/69", {"from": "t", "format": "%d/%m/%y"})
    assert [text[:4] for text in found] == ["2024", "2049", "1950", "1968", "1969"]
    found = read(town, "01/03/2024|01/03/31|01/03/30", {"from": "t", "format": ["%d/%m/%Y", "%d/%m/%y"], "pivot": 30})
    assert [text[:4] for text in found] == ["2024", "1931", "2030"]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("epoch_s", "1546305660"),
        ("epoch_ms", "1546305660000"),
        ("epoch_us", "1546305660000000"),
        ("epoch_ms", "1546305660000.0"),
    ],
)
def test_time_since_1970_is_utc(town, form, text):
    assert read(town, text, {"from": "t", "format": form}, "America/New_York").tolist() == ["2018-12-31 20:21:00"]


def flat(town, **rule: object):
    """Case 03: an ArcGIS layer as flat records, stamps in milliseconds since 1970."""
    rows = [{"oid": at, "at": 1546305660000 + at * 60000, "zone": "C"} for at in range(50)]
    columns = {"call_id": "oid", "received_at": {"from": "at", **rule}, "district": "zone"}
    return town({"flat.json": json.dumps(rows)}, [("calls", "flat.json", columns)], timezone="America/New_York")


def test_milliseconds_of_an_arcgis_layer(town, capsys):
    (source,) = checked(capsys, flat(town, format="epoch_ms"))["sources"]
    assert source["accepted"] == 50 and source["first"] == "2018-12-31 20:21"


def test_milliseconds_without_a_format_are_refused_with_the_format_to_state(town, capsys):
    assert "milliseconds since 1970? state `format: epoch_ms`" in refusal(capsys, flat(town))


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_numbers_of_a_frame_file_since_1970(town, tmp_path, unit):
    scale = {"s": 1, "ms": 1000, "us": 1_000_000}[unit]
    frame = pd.DataFrame({"id": ["1", "2", "3"], "t": [1546305660.0 * scale, None, 1546305661.0 * scale]})
    frame.to_parquet(tmp_path / "x.parquet")
    columns = {**CALL, "received_at": {"from": "t", "format": f"epoch_{unit}"}}
    path = town({}, [("calls", "x.parquet", {"table": "calls", "columns": columns, "quarantine_limit": 0.5})])
    found = pf.open(path).calls.order_by("call_id").received_at.execute()
    assert [str(each) for each in found] == ["2019-01-01 01:21:00+00:00", "2019-01-01 01:21:01+00:00"]


def test_stamps_to_the_millisecond_stand_at_no_midnight(town, capsys):
    """Case 16."""
    random.seed(16)
    moments = [datetime(2021, 6, 1) + timedelta(milliseconds=random.randrange(30 * 86_400_000)) for _ in range(600)]
    rows = [
        {"no": at, "at": f"{each + timedelta(minutes=7 * (not each.minute)):%Y-%m-%d %H:%M:%S}.{at % 999 + 1:03d}"}
        for at, each in enumerate(moments)
    ]
    path = town({"c.json": json.dumps(rows)}, [("calls", "c.json", {"call_id": "no", "received_at": "at"})])
    (source,) = checked(capsys, path)["sources"]
    assert source["accepted"] == 600 and not [text for text in source["findings"] if "midnight" in text]
    assert source["midnight"]["observed"] == 0 and "days without times" not in source["midnight"]["reason"]


@pytest.mark.parametrize(("fraction", "observed"), [(".000", 40), (".001", 0), (".999", 0)])
def test_a_full_hour_is_the_exact_moment(town, capsys, fraction, observed):
    """A record a millisecond past midnight does not stand at it; some at midnight do not make days of the others."""
    rows = [f"{at},2024-03-{1 + at % 28:02d} 00:00:00{fraction}" for at in range(40)]
    rows += [f"{at},2024-03-{1 + at % 28:02d} 10:15:30.5" for at in range(40, 400)]
    path = town({"x.csv": "id,t\n" + "\n".join(rows) + "\n"}, [("calls", "x.csv", {**CALL, "received_at": "t"})])
    (source,) = checked(capsys, path)["sources"]
    assert source["midnight"]["observed"] == observed
    assert not [text for text in source["findings"] if "every event" in text]


@pytest.mark.parametrize("zone", ["America/Chicago", "America/Santiago", "Africa/Cairo", "Asia/Beirut"])
def test_days_without_times_are_named_where_clocks_change_at_midnight_too(town, capsys, zone):
    rows = "\n".join(f"{at},{day:%Y-%m-%d}" for at, day in enumerate(pd.date_range("2023-01-01", "2024-12-31")))
    path = town({"x.csv": f"id,t\n{rows}\n"}, [("calls", "x.csv", {**CALL, "received_at": "t"})], timezone=zone)
    assert "every event stands at midnight: days without times" in checked(capsys, path)["sources"][0]["findings"]
    assert pf.metrics.seasons.hours(pf.open(path)).reason == "calls are dated by the day, not by a time"


DATED = [
    (table, column.name)
    for table in schema.names()
    for column in schema.get(table).columns.values()
    if column.type == "date"
]
WRITTEN = (
    "2023-01-01",
    "2023-01-01 00:00:00",
    "2023-01-01T00:00:00Z",
    "2023-01-01T00:00:00+05:45",
    "2023-01-01 00:00:00-11:00",
    "2023-01-01 23:30:00",
)


def test_there_are_days_to_test():
    assert len(DATED) >= 7


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("table", "column"), DATED)
def test_a_day_never_moves_by_the_zone(town, filled, tmp_path, capsys, table, column, zone):
    for place, text in enumerate(WRITTEN):
        filled(table, **{column: [text]}).to_csv(tmp_path / f"x{place}.csv", index=False)
        columns = {name: name for name in pd.read_csv(tmp_path / f"x{place}.csv").columns}
        path = town({}, [(table, f"x{place}.csv", columns)], timezone=zone, privacy=OPEN)
        found = pf.open(path)
        assert str(found.table(table).execute()[column][0])[:10] == "2023-01-01", text
    (source,) = checked(capsys, path)["sources"]
    if found.stamp(table) == column:
        assert source["first"] == source["last"] == "2023-01-01"
        assert [str(day)[:10] for day in found.days(table)["day"]] == ["2023-01-01"]
        assert pf.metrics.quality.volume(found, table).reason == ""


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("kind", ["date", "midnight in UTC", "local midnight", "text", "epoch"])
def test_a_day_of_a_parquet_file_never_moves(town, tmp_path, kind, zone):
    local = pd.Timestamp("2023-01-01", tz=zone)
    day, form = {
        "date": (local.date(), None),
        "midnight in UTC": (pd.Timestamp("2023-01-01", tz="UTC"), None),
        "local midnight": (local.tz_convert("UTC"), None),
        "text": (local.isoformat(), None),
        "epoch": (int(local.timestamp() * 1000), "epoch_ms"),
    }[kind]
    pd.DataFrame({"o": ["1"], "unit": ["A"], "day": [day]}).to_parquet(tmp_path / "x.parquet")
    rule = {"from": "day", **({"format": form} if form else {})}
    path = town(
        {},
        [("assignments", "x.parquet", {"officer_id": "o", "unit": "unit", "start_on": rule})],
        timezone=zone,
        privacy=OPEN,
    )
    assert str(pf.open(path).assignments.execute()["start_on"][0])[:10] == "2023-01-01"


@pytest.mark.parametrize("form", ["%d/%m/%Y %H:%M %z", "%d/%m/%Y %H:%M%z", "%d/%m/%Y %H:%M %Z"])
@pytest.mark.parametrize("zone", ZONES)
def test_a_day_written_with_an_offset_is_that_day(town, form, zone):
    offset = "UTC" if "%Z" in form else "+0530"
    text = f"01/01/2023 00:00{' ' if ' %' in form[-3:] else ''}{offset}"
    columns = {"officer_id": "o", "unit": "u", "start_on": {"from": "d", "format": form}}
    path = town({"x.csv": f"o,u,d\n1,A,{text}\n"}, [("assignments", "x.csv", columns)], timezone=zone, privacy=OPEN)
    assert str(pf.open(path).assignments.execute()["start_on"][0])[:10] == "2023-01-01"


@pytest.mark.parametrize("first", ["officers", "assignments", "population"])
def test_a_roster_named_first_is_not_what_reports_are_about(town, first):
    """Case 07: the period is that of the events; a roster has none."""
    files = {
        "officers.csv": "officer,hired\n1,2005-06-01\n",
        "population.csv": "area,year,n\nN,2023,5\n",
        "assignments.csv": "officer,unit,start\n1,A,2023-01-01\n",
        "calls.csv": "call,recv\nC0,2024-01-01 00:30:00\nC1,2024-12-30 23:30:00\n",
    }
    columns = {
        "officers": {"officer_id": "officer", "hired_on": "hired"},
        "population": {"area": "area", "year": "year", "residents": "n"},
        "assignments": {"officer_id": "officer", "unit": "unit", "start_on": "start"},
        "calls": {"call_id": "call", "received_at": "recv"},
    }
    order = [first, *(table for table in columns if table != first)]
    path = town(files, [(table, f"{table}.csv", columns[table]) for table in order], privacy=OPEN)
    about = pf.reports.about(pf.open(path))
    assert (about.facts["data_from"], about.facts["data_to"]) == ("2024-01-01", "2024-12-30")
    assert "from 2024-01-01 to 2024-12-30" in about.answer


def test_intervals_keep_fractions_of_a_second(town):
    columns = {**CALL, "received_at": "t", "arrived_at": "a"}
    rows = "\n".join(f"{at},2024-03-01 10:00:00.{at:03d},2024-03-01 10:05:00.{at + 250:03d}" for at in range(40))
    table = pf.open(town({"x.csv": f"id,t,a\n{rows}\n"}, [("calls", "x.csv", columns)])).calls.execute()
    assert ((table.arrived_at - table.received_at).dt.total_seconds() == 300.25).all()
