"""Periods as people write them: a month, two days, ``all``, ``latest-month``; and what to compare them with."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

from perflib.errors import ParameterError

WORDS = ("all", "latest-month", "YYYY-MM", "YYYY-MM-DD..YYYY-MM-DD")
COMPARISONS = ("previous-period", "previous-year", "YYYY-MM", "YYYY-MM-DD..YYYY-MM-DD")
_DAY = r"\d{4}-\d{2}-\d{2}"


@dataclass(frozen=True)
class Period:
    """Local days from ``first`` to ``last``, both included."""

    first: dt.date
    last: dt.date

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1

    def within(self, other: Period) -> bool:
        """Whether every day of this period is a day of ``other``."""
        return other.first <= self.first and self.last <= other.last


def read_period(text: str, data: Period) -> Period:
    """The period that ``text`` names, given the days the data cover; empty or ``all`` means all of them.

    ``latest-month`` is the last calendar month that the data cover whole.

    Raises
    ------
    ParameterError : not a period, or a period with days outside the data.
    """
    if text in ("", "all"):
        return data
    if text == "latest-month":
        return _latest_month(data)
    period = _explicit(text)
    if period is None:
        raise ParameterError(f"period {text!r} is not one", choices=WORDS)
    if not period.within(data):
        raise ParameterError(f"period {text!r} has days without data", do=f"choose days from {data}")
    return period


def read_comparison(text: str, period: Period, data: Period) -> Period | None:
    """The period to compare ``period`` with, or None when ``text`` is empty.

    ``previous-period`` is the month before a whole month, else as many days before; ``previous-year`` the same days a
    year earlier.

    Raises
    ------
    ParameterError : not a period, or one with days outside the data.
    """
    if text == "":
        return None
    word = text.replace(" ", "-")
    found = {"previous-period": _before, "previous-year": _year_before}.get(word)
    other = found(period) if found else _explicit(text)
    if other is None:
        raise ParameterError(f"compare_to {text!r} is not a period", choices=COMPARISONS)
    if not other.within(data):
        raise ParameterError(f"compare_to {text!r} ({other}) has days without data", do=f"the data cover {data}")
    return other


def month(year: int, number: int) -> Period:
    """A calendar month."""
    return Period(dt.date(year, number, 1), dt.date(year, number, calendar.monthrange(year, number)[1]))


def _explicit(text: str) -> Period | None:
    try:
        if re.fullmatch(r"\d{4}-\d{2}", text):
            return month(int(text[:4]), int(text[5:]))
        if re.fullmatch(rf"{_DAY}\.\.{_DAY}", text):
            first, last = (dt.date.fromisoformat(day) for day in text.split(".."))
            return Period(first, last) if first <= last else None
    except ValueError:
        return None
    return None


def _latest_month(data: Period) -> Period:
    tomorrow = data.last + dt.timedelta(days=1)
    end = tomorrow.replace(day=1) - dt.timedelta(days=1)
    latest = month(end.year, end.month)
    if not latest.within(data):
        raise ParameterError("period 'latest-month': the data cover no whole month", do=f"they cover {data}")
    return latest


def _before(period: Period) -> Period:
    end = period.first - dt.timedelta(days=1)
    if period == month(period.first.year, period.first.month):
        return month(end.year, end.month)
    return Period(end - dt.timedelta(days=period.days - 1), end)


def _year_before(period: Period) -> Period:
    if period == month(period.first.year, period.first.month):
        return month(period.first.year - 1, period.first.month)
    return Period(*(_same_day(day, day.year - 1) for day in (period.first, period.last)))


def _same_day(day: dt.date, year: int) -> dt.date:
    last = calendar.monthrange(year, day.month)[1]
    return day.replace(year=year, day=min(day.day, last))
