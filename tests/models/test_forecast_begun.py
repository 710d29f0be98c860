"""Series that have hardly begun, and dates that cannot be read: named, and no harm to the others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perflib.errors import InputError
from perflib.models.forecast import forecast

MONTHS = pd.date_range("2021-01-01", periods=48, freq="MS")


def three(known: int) -> pd.DataFrame:
    """A and B for four years, C for its last ``known`` months."""
    rng = np.random.default_rng(0)
    parts = {"A": 48, "B": 48, "C": known}
    return pd.concat(
        [
            pd.DataFrame({"series": name, "date": MONTHS[48 - n :], "count": rng.poisson(30, n)})
            for name, n in parts.items()
        ]
    )


@pytest.mark.parametrize("known", [1, 5, 7])
def test_a_new_series_is_named_and_the_others_are_what_they_are_without_it(known: int) -> None:
    found = forecast(three(known), 3)
    assert set(found.table["series"]) == {"A", "B"} and found.table.notna().all().all()
    assert found.too_short == ("C",)
    alone = forecast(three(known).query("series != 'C'"), 3)
    pd.testing.assert_frame_equal(found.table, alone.table)


@pytest.mark.parametrize("known", [8, 14, 20])
def test_a_short_series_is_forecast_and_spoils_nothing(known: int) -> None:
    found = forecast(three(known), 3)
    assert set(found.table["series"]) == {"A", "B", "C"} and found.table.notna().all().all()
    middle = found.table.groupby("series")["median"].mean()
    assert middle.between(20, 42).all()


def test_no_series_is_long_enough() -> None:
    with pytest.raises(InputError, match="no series has 8 known counts"):
        forecast(three(48).assign(count=lambda rows: rows["count"].where(rows["date"] > "2024-07-01")), 3)


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (lambda day: day.dt.strftime("%d.%m.%Y"), "'99.99.9999' is not a date"),
        (lambda day: pd.Series(44_000, index=day.index), "is a number, not a date"),
        (lambda day: pd.Series("soon", index=day.index), "'aaaa' is not a date"),
        (lambda day: day + pd.to_timedelta(np.arange(len(day)) % 2 * 14, unit="D"), "neither days, weeks nor months"),
    ],
)
def test_dates_are_never_guessed(dates, words: str) -> None:
    rows = three(48).reset_index(drop=True)
    with pytest.raises(InputError, match=words):
        forecast(rows.assign(date=dates(rows["date"])), 3)


@pytest.mark.parametrize("dates", [lambda day: day.dt.strftime("%Y-%m-%d"), lambda day: day.dt.to_period("M")])
def test_iso_text_and_periods_are_dates(dates) -> None:
    rows = three(48)
    pd.testing.assert_frame_equal(forecast(rows.assign(date=dates(rows["date"])), 3).table, forecast(rows, 3).table)


def test_a_series_that_ended_is_named() -> None:
    rows = three(48)
    rows = rows[(rows["series"] != "C") | (rows["date"] < "2022-06-01")]
    assert forecast(rows, 3).ended == {"C": pd.Timestamp("2022-05-01")}
    assert forecast(rows.assign(count=0), 3).table.notna().all().all()
