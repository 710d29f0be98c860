"""Periods, worked by hand on a calendar."""

from __future__ import annotations

import datetime as dt

import pytest

from perflib.errors import ParameterError
from perflib.period import Period, explicit, read_comparison, read_period

DATA = Period(dt.date(2023, 1, 15), dt.date(2025, 12, 27))


def days(first: str, last: str) -> Period:
    return Period(dt.date.fromisoformat(first), dt.date.fromisoformat(last))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("", "2023-01-15", "2025-12-27"),
        ("all", "2023-01-15", "2025-12-27"),
        ("latest-month", "2025-11-01", "2025-11-30"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024-02-03..2024-02-03", "2024-02-03", "2024-02-03"),
    ],
)
def test_a_period_is_read_as_written(text, first, last):
    assert read_period(text, DATA) == days(first, last)


def test_the_latest_month_may_end_with_the_data():
    assert read_period("latest-month", days("2025-01-01", "2025-02-28")) == days("2025-02-01", "2025-02-28")
    assert read_period("latest-month", days("2025-01-01", "2025-02-27")) == days("2025-01-01", "2025-01-31")
    with pytest.raises(ParameterError, match="no whole month"):
        read_period("latest-month", days("2025-01-02", "2025-02-27"))


@pytest.mark.parametrize(
    "text",
    [
        "2023-01",
        "2025-12",
        "2022-05",
        "2024-13",
        "2024-2",
        "May 2024",
        "..",
        "2024-03-01..2024-02-01",
        "2024-02-30..2024-03-01",
    ],
)
def test_a_period_outside_the_data_or_no_period_is_refused(text):
    with pytest.raises(ParameterError, match=r"without data|is not one|ends before"):
        read_period(text, DATA)


@pytest.mark.parametrize(
    ("period", "word", "first", "last"),
    [
        ("2024-03", "previous-period", "2024-02-01", "2024-02-29"),
        ("2024-03", "previous period", "2024-02-01", "2024-02-29"),
        ("2024-01", "previous-period", "2023-12-01", "2023-12-31"),
        ("2025-02", "previous-year", "2024-02-01", "2024-02-29"),
        ("2024-03-05..2024-03-11", "previous-period", "2024-02-27", "2024-03-04"),
        ("2024-02-29..2024-03-02", "previous-year", "2023-02-28", "2023-03-02"),
        ("2025-02", "2024-01", "2024-01-01", "2024-01-31"),
    ],
)
def test_what_to_compare_with(period, word, first, last):
    assert read_comparison(word, read_period(period, DATA), DATA) == days(first, last)


def test_a_comparison_without_data_or_sense_is_refused():
    assert read_comparison("", DATA, DATA) is None
    for word in ("previous-year", "previous-period"):
        with pytest.raises(ParameterError, match="without data"):
            read_comparison(word, read_period("2023-02", DATA), DATA)
    with pytest.raises(ParameterError, match="valid: previous-period"):
        read_comparison("last year", read_period("2024-02", DATA), DATA)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-Q1", "2024-01-01", "2024-03-31"),
        ("2025-Q4", "2025-10-01", "2025-12-31"),
        ("FY2025", "2024-07-01", "2025-06-30"),
        ("FY2025-Q3", "2025-01-01", "2025-03-31"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
    ],
)
def test_years_quarters_and_days(text: str, first: str, last: str):
    assert explicit(text, fiscal_start=7) == days(first, last)


def test_a_fiscal_year_needs_its_first_month():
    with pytest.raises(ParameterError, match="fiscal_year_starts"):
        explicit("FY2025")
    assert explicit("FY2025", 1) == days("2025-01-01", "2025-12-31")
