"""Periods compared like with like: the same weekdays, the same part of the year."""

from __future__ import annotations

import datetime as dt

from perflib.agency import COARSE
from perflib.errors import InputError
from perflib.metrics.counts.series import Series
from perflib.period import Period, month

AGAINST = ("previous", "last_year", "mean_of_years")
NAMED = {"7d": "last 7 days", "28d": "last 28 days", "ytd": "year to date"}
#: a period with more days without any record at all than this share is missing, not zero.
EMPTY = 0.2


def named(name: str, end: dt.date) -> Period:
    """The window ``7d``, ``28d`` or ``ytd`` up to ``end``. Raises InputError for another name."""
    if name not in NAMED:
        raise InputError(f"no window {name!r}", where="window", choices=NAMED, found=name)
    if name == "ytd":
        return Period(dt.date(end.year, 1, 1), end)
    return Period(end - dt.timedelta(days=int(name[:-1]) - 1), end)


def known(series: Series, window: Period) -> bool:
    """Whether the data reach over the whole window and do not miss a stretch of it."""
    if reason := series.unfit(window):
        do = f"ask for whole {series.grain}s, such as {series.period(window.first)}"
        raise InputError(reason, where="period", do=do)
    if not (series.days[0].date() <= window.first and window.last <= series.days[-1].date()):
        return False
    if series.grain in COARSE:
        return all(series.empty_days(each.first, each.first) == 0 for each in series.periods(window))
    counts, years = series.counts.sum(axis=0), series.days.year
    quiet = sorted(float((counts[years == year] == 0).mean()) for year in set(years))
    usual = quiet[(len(quiet) - 1) // 2]  # the half of the years with the most records
    return series.empty_days(window.first, window.last) <= max(EMPTY, 2 * usual)


def baseline(series: Series, window: Period, against: str, years: int) -> tuple[list[Period], list[Period]]:
    """The periods compared with, and those wanted but missing in the data (named, never taken as zero)."""
    if against not in AGAINST:
        raise InputError(f"cannot compare against {against!r}", where="against", choices=AGAINST, found=against)
    if series.grain == "week":  # dates would cut weeks in two
        like = [window.shifted(7 * round(365.2425 * back / 7)) for back in range(1, max(years, 1) + 1)]
        before = window.shifted(window.days)
    else:
        like, before = [window.years_back(back) for back in range(1, max(years, 1) + 1)], window.previous()
    wanted = {"previous": [before], "last_year": like[:1], "mean_of_years": like[: max(years, 0)]}[against]
    there = {each: known(series, each) for each in wanted}
    return [each for each in wanted if there[each]], [each for each in wanted if not there[each]]


def earlier(series: Series, window: Period, most: int = 26) -> list[Period]:
    """Periods like the window before it, newest first: as long, four weeks for a long one, months for whole months."""
    length = window.days if window.days <= 56 else 28
    periods: list[Period] = []
    each = Period(window.first, window.first + dt.timedelta(days=length - 1))
    if window.months:
        each = month(window.first.year, window.first.month)
    each = series.period(window.first) if series.grain in COARSE else each
    while len(periods) < most:
        each = each.previous()
        if each.first < series.days[0].date():
            break
        if known(series, each):
            periods.append(each)
    return periods
