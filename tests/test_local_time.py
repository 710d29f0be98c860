"""Local time: what the standard library says, for every hour and across every change of the clock."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import ibis
import pandas as pd
import pytest

from perflib.agency import Department

ZONES = [
    "America/New_York",
    "America/Phoenix",
    "Europe/Dublin",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "UTC",
]


def wall(zone: str, moments: pd.Series) -> pd.Series:
    connection = ibis.duckdb.connect()
    connection.raw_sql("SET TimeZone = 'UTC'")
    calls = connection.create_table("calls", pd.DataFrame({"at": moments.astype("datetime64[us, UTC]")}))
    dept = Department("Toy", zone, {"calls": calls})
    return calls.select("at", wall=dept.local(calls["at"])).order_by("at").execute()["wall"]


@pytest.mark.parametrize("zone", ZONES)
def test_every_half_hour_of_three_years(zone):
    moments = pd.Series(pd.date_range("2022-01-01", "2025-01-01", freq="30min", tz="UTC"))
    expected = [moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in moments.dt.to_pydatetime()]
    assert list(wall(zone, moments).dt.to_pydatetime()) == expected


@pytest.mark.parametrize("zone", ZONES)
def test_on_both_sides_of_every_change_since_1985(zone):
    days = [dt.datetime(1985, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=day) for day in range(47 * 365)]
    shifts = [moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in days]
    changed = [days[place] for place in range(1, len(days)) if shifts[place] != shifts[place - 1]]
    edges = [dt.datetime(2000, 1, 1, tzinfo=dt.UTC)]  # before it, the engine's calendar
    moments = pd.Series(
        sorted(
            {at - dt.timedelta(minutes=minute) for at in changed for minute in range(0, 1500, 15)}
            | {at + dt.timedelta(microseconds=step) for at in edges for step in (-1, 0, 1)}
        )
    )
    expected = [moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in moments.dt.to_pydatetime()]
    assert list(wall(zone, moments).dt.to_pydatetime()) == expected


def test_missing_and_long_ago():
    moments = pd.Series([pd.NaT, pd.Timestamp("1950-07-01T12:00Z"), pd.Timestamp("2070-07-01T12:00Z")])
    found = wall("America/New_York", moments)
    assert found.isna().sum() == 1
    assert list(found.dropna()) == [pd.Timestamp("1950-07-01T08:00"), pd.Timestamp("2070-07-01T08:00")]
