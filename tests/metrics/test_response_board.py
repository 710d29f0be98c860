"""The table to choose from: the metric's own figures, one priority in the printed figure, every choice on the page."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import perflib as pf
from perflib.figures import draw
from perflib.metrics.response import board, response


@pytest.fixture(scope="module")
def dept(small_city):
    return pf.open(small_city, tables=["calls"])


def test_its_figures_are_those_of_the_metric(dept):
    found = board(dept)
    plain = response(dept, ["month", "district", "priority"], quantiles=(0.5, 0.9)).table
    keys = ["month", "district", "priority"]
    both = [frame[list(found.table.columns)].sort_values(keys, ignore_index=True) for frame in (found.table, plain)]
    pd.testing.assert_frame_equal(*both)
    assert found.facts["rows"] == len(plain) and found.facts["too_few"] == int(plain["median"].isna().sum())
    assert found.table["month"].is_monotonic_decreasing


def test_a_month_by_hand():
    moment = pd.Timestamp("2025-03-10T12:00Z")
    waits = np.arange(1, 12)
    calls = pd.DataFrame(
        {
            "call_id": [str(place) for place in range(11)],
            "received_at": moment,
            "arrived_at": [moment + pd.Timedelta(minutes=int(wait)) for wait in waits],
            "district": "0412",
            "priority": "1",
            "origin": "public",
            "service": "police",
        }
    )
    row = board(pf.from_frames(calls=calls, timezone="America/New_York")).table.iloc[0]
    assert (row["n"], row["median"], row["p90"], row["missing_share"]) == (11, 6.0, 10.0, 0.0)


def test_a_large_department_keeps_its_newest_months(dept):
    whole = board(dept).table
    per_month = whole.groupby("month").size()
    newest = per_month.index.max()
    assert set(board(dept, most=int(per_month[newest])).table["month"]) == {newest}
    assert set(board(dept, most=1).table["month"]) == {newest}, "one month always"
    assert board(dept, months=2).facts["months"] == min(2, len(per_month))


def test_the_printed_figure_holds_one_priority_in_order_of_time(dept):
    found = board(dept)
    figure = draw(found.table, found.chart)
    first = found.table["priority"].iloc[0]
    drawn = [line.get_ydata() for axes in figure.axes for line in axes.lines if line.get_linestyle() == "-"]
    one = found.table[found.table["priority"] == first].sort_values("month")
    wanted = [rows["median"].to_numpy() for _, rows in one.groupby("district")]
    assert len(drawn) == len(wanted)
    assert all(any(np.array_equal(line, values, equal_nan=True) for values in wanted) for line in drawn)


def test_without_districts_it_says_so(dept):
    lean = pf.from_frames(calls=dept.calls.drop("district").limit(50).execute(), timezone=dept.timezone)
    assert board(lean).reason == "the calls record no district"
    assert "no calls" in board(dept, period="1999-01").reason
