"""Periods of local days as people write them (a day, month, quarter, year, two days), and what to compare them with."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from perflib.errors import ParameterError

WORDS = (
    "all",
    "latest-month",
    "YYYY",
    "YYYY-Qn",
    "YYYY-MM",
    "YYYY-MM-DD",
    "FYYYYY",
    "FYYYYY-Qn",
    "YYYY-MM-DD..YYYY-MM-DD",
)
COMPARISONS = ("previous-period", "previous-year", *WORDS[2:])


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

    @property
    def months(self) -> bool:
        """Whether these are whole calendar months, or a year up to some day: compared by date, not by weekday."""
        return self.first.day == 1 and (_ends_month(self.last) or (self.first.month == 1 and self.days > 28))

    @property
    def month(self) -> bool:
        """Whether this is one calendar month."""
        return self == month(self.first.year, self.first.month)

    def within(self, other: Period) -> bool:
        """Whether every day of this period is a day of ``other``."""
        return other.first <= self.first and self.last <= other.last

    def shifted(self, days: int) -> Period:
        """The same number of days, so many days earlier."""
        step = dt.timedelta(days=days)
        return Period(self.first - step, self.last - step)

    def previous(self) -> Period:
        """As many days just before; for whole calendar months as many months."""
        end = self.first - dt.timedelta(days=1)
        if not (self.first.day == 1 and _ends_month(self.last)):
            return self.shifted(self.days)
        many = 12 * (self.last.year - self.first.year) + self.last.month - self.first.month + 1
        return Period(_later(self.first, -many), end)

    def years_back(self, years: int) -> Period:
        """The same period so many years earlier.

        Whole months and years to date keep their dates; any other period moves by the whole number of weeks nearest
        to that many years, so that it holds the same weekdays.
        """
        return self.same_dates(years) if self.months else self.shifted(7 * round(365.2425 * years / 7))

    def same_dates(self, years: int) -> Period:
        """The same dates so many years earlier; the end of a month stays its end, 29 February becomes the 28th."""
        first, last = (_clamped(day.year - years, day.month, day.day) for day in (self.first, self.last))
        return Period(first, month(last.year, last.month).last if self.months and _ends_month(self.last) else last)


def month(year: int, number: int) -> Period:
    """A calendar month."""
    return Period(dt.date(year, number, 1), _clamped(year, number, 31))


def containing(day: dt.date, grain: str, weeks_from: dt.date) -> Period:
    """The week, month, quarter or year that holds a day (else the day alone); weeks begin on that of ``weeks_from``."""
    if grain == "week":
        first = day - dt.timedelta(days=(day - weeks_from).days % 7)
        return Period(first, first + dt.timedelta(days=6))
    length = {"month": 1, "quarter": 3, "year": 12}.get(grain)
    if length is None:
        return Period(day, day)
    first = dt.date(day.year, (day.month - 1) // length * length + 1, 1)
    return Period(first, _later(first, length) - dt.timedelta(days=1))


def read_period(text: Any, data: Period, fiscal_start: int | None = None) -> Period:
    """The period that ``text`` names, given the days the data cover; empty or ``all`` means all of them.

    ``latest-month`` is the last calendar month that the data cover whole.

    Raises
    ------
    ParameterError : not a period, or a period with days outside the data.
    """
    if text in (None, "", "all"):
        return data
    if text == "latest-month":
        return _latest_month(data)
    found = explicit(text, fiscal_start)
    if not found.within(data):
        raise ParameterError(f"period {str(text)!r} has days without data", do=f"choose days from {data}")
    return found


def read_comparison(text: str, period: Period, data: Period, fiscal_start: int | None = None) -> Period | None:
    """The period to compare ``period`` with, or None when ``text`` is empty.

    ``previous-period`` is as many months before whole months, else as many days before; ``previous-year`` the same
    days a year earlier.

    Raises
    ------
    ParameterError : not a period, or one with days outside the data.
    """
    if text == "":
        return None
    word = text.replace(" ", "-")
    if word in ("previous-period", "previous-year"):
        other = period.previous() if word == "previous-period" else period.same_dates(1)
    else:
        other = explicit(text, fiscal_start, "compare_to", COMPARISONS)
    if not other.within(data):
        raise ParameterError(f"compare_to {text!r} ({other}) has days without data", do=f"the data cover {data}")
    return other


def explicit(
    text: Any, fiscal_start: int | None = None, name: str = "period", choices: tuple[str, ...] = WORDS
) -> Period:
    """The period that ``text`` names by itself; a Period or a pair of days (dates or ISO texts) is taken as it is.

    ``fiscal_start`` is the month in which the fiscal year begins; FY2025 is the one that ends in 2025.

    Raises
    ------
    ParameterError : not a period, no such day, or a last day before the first.
    """
    if isinstance(text, Period):
        return text
    refused = ParameterError(f"{name} {str(text)!r} is not one", where=name, choices=choices)
    try:
        if isinstance(text, (tuple, list)):
            first, last = (day if isinstance(day, dt.date) else dt.date.fromisoformat(str(day)) for day in text)
            found: Period | None = Period(first, last)
        else:
            found = _written(str(text), fiscal_start)
    except ParameterError:
        raise
    except ValueError:
        raise refused from None
    if found is None:
        raise refused
    if found.last < found.first:
        raise ParameterError(f"{name} {str(text)!r} ends before it begins", where=name, do="give the earlier day first")
    return found


def ends(text: Any, fiscal_start: int | None = None) -> tuple[dt.date | None, dt.date | None]:
    """First and last day of ``explicit``; two None where every day is meant (None, "" or "all")."""
    if text in (None, "", "all"):
        return None, None
    found = explicit(text, fiscal_start)
    return found.first, found.last


def _written(text: str, fiscal_start: int | None) -> Period | None:
    if match := re.fullmatch(r"(FY)?(\d{4})(?:-Q([1-4]))?", text):
        fiscal, year, quarter = match.groups()
        if fiscal and fiscal_start is None:
            raise ParameterError(
                "it is not stated when the fiscal year begins",
                where="period",
                do="add `fiscal_year_starts: 7` (the month) to the department file",
            )
        start = (fiscal_start or 1) if fiscal else 1
        begins = dt.date(int(year) - (start > 1), start, 1)
        length = 3 if quarter else 12
        begins = _later(begins, 3 * (int(quarter or 1) - 1))
        return Period(begins, _later(begins, length) - dt.timedelta(days=1))
    if match := re.fullmatch(r"(\d{4})-(\d{2})", text):
        return month(int(match[1]), int(match[2]))
    day = r"\d{4}-\d{2}-\d{2}"
    if re.fullmatch(rf"{day}(\.\.{day})?", text):
        first, last = (dt.date.fromisoformat(each) for each in (text.split("..") * 2)[:2])
        return Period(first, last)
    return None


def _later(day: dt.date, months: int) -> dt.date:
    at = day.month - 1 + months
    return dt.date(day.year + at // 12, at % 12 + 1, 1)


def _clamped(year: int, number: int, day: int) -> dt.date:
    return dt.date(year, number, min(day, calendar.monthrange(year, number)[1]))


def _ends_month(day: dt.date) -> bool:
    return calendar.monthrange(day.year, day.month)[1] == day.day


def _latest_month(data: Period) -> Period:
    end = (data.last + dt.timedelta(days=1)).replace(day=1) - dt.timedelta(days=1)
    latest = month(end.year, end.month)
    if not latest.within(data):
        raise ParameterError("period 'latest-month': the data cover no whole month", do=f"they cover {data}")
    return latest
