"""Which seasons are there? Months, weekdays, holidays and paydays, tested, with intervals; by district if asked."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from perflib import schema
from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.counts.calendar import read_calendar
from perflib.metrics.seasons.read import Hours, read
from perflib.models.seasonality import seasonality
from perflib.models.seasonality.core import SEASONS
from perflib.result import Result
from perflib.verdicts import Verdict
from perflib.words import seasons as words

_ENDS = ("percent", "percent_low", "percent_high")
CHARTS = {
    "year": Chart("line", "month", *_ENDS, marks={"zero": False}, y_label="% above or below the mean of the year"),
    "week": Chart(
        "dots", "position", *_ENDS, y_label="% above or below the mean of the week (special days: other days)"
    ),
}


def months(
    dept: Department,
    table: str = "calls",
    origin: str = "public",
    *,
    holidays: Any = "",
    paydays: str = "",
    name: str = "season_months",
    **cell: Any,
) -> Result:
    """What each month is worth against the mean of the year, at the same weekdays and number of days.

    Parameters
    ----------
    table, origin, cell : what is counted (``read``). holidays : calendar file (``date``, ``name``) or "US" for the
        federal holidays. paydays : days of the month, such as "1,15".

    Returns
    -------
    Result ``season_months``: ``month, ratio, low, high, count, days, per_day`` and the ratio as ``percent`` above or
    below the mean, with ``percent_low`` and ``percent_high``; intervals hold for all months together. Facts
    ``verdict``, ``p``, ``strength``, ``noise`` (strength of noise of the same length), ``cycles``.
    Not assessable where the records do not hold two whole years, with the reason.
    """
    return _season("year", dept, table, origin, holidays, paydays, name, cell)


def weekdays(
    dept: Department,
    table: str = "calls",
    origin: str = "public",
    *,
    holidays: Any = "",
    paydays: str = "",
    name: str = "season_weekdays",
    **cell: Any,
) -> Result:
    """What each weekday, holiday, payday and first of the month is worth; arguments and columns as of ``months``."""
    return _season("week", dept, table, origin, holidays, paydays, name, cell)


def tested(
    dept: Department, table: str = "calls", by: str = "district", origin: str = "public", *, name: str = "season_tests"
) -> Result:
    """Which districts (or other parts) have which season: a row per part and season, with the test and the strength.

    Returns
    -------
    Result ``season_tests``: the part, ``season, verdict, p`` (adjusted over parts and seasons), ``strength``,
    ``noise_median`` and ``noise_95`` (what noise of this length shows, and seldom passes), ``cycles``, ``reason``; a
    season no stronger than the latter is "seasonal, faint". Facts ``seasonal`` (season -> parts called), ``faint``
    (which of these are), ``assessable``.
    """
    hours = read(dept, table, by, origin)
    if isinstance(hours, str):
        title = words.tested_title(by)
        return Result.not_assessable(name, hours, title=title, method=words.SEASONS)
    tests = seasonality(hours.daily()).tests.rename(columns={"series": by})
    seasonal = tests["verdict"] == Verdict.SEASONAL
    faint = seasonal & ~(tests["strength"] > tests["noise_95"])
    facts = {
        "seasonal": _parts(tests[seasonal], by),
        "faint": _parts(tests[faint], by),
        "assessable": {
            season: int((part["verdict"] != Verdict.NOT_ASSESSABLE).sum()) for season, part in tests.groupby("season")
        },
    }
    columns = [by, "season", "verdict", "p", "strength", "noise_median", "noise_95", "cycles", "reason"]
    rows = tests.assign(p=tests["adjusted"], verdict=tests["verdict"].where(~faint, "seasonal, faint"))[columns]
    return Result(name, rows, facts=facts, words=partial(words.tested, by=by, notes=hours.notes))


def _parts(tests: pd.DataFrame, by: str) -> dict[str, list[str]]:
    return {season: tests.loc[tests["season"] == season, by].tolist() for season in sorted(SEASONS)}


def _calendar(given: Any, hours: Hours) -> Any:
    """A calendar's frame; the word US means the federal holidays of the United States."""
    if isinstance(given, str) and given == "US":
        from pandas.tseries.holiday import USFederalHolidayCalendar

        named = USFederalHolidayCalendar().holidays(hours.first, hours.last, return_name=True)
        return pd.DataFrame({"date": named.index, "name": named.to_numpy()})
    return read_calendar(given) if given is not None and given != "" else None


def _paydays(text: str) -> list[int] | None:
    try:
        return [int(part) for part in text.split(",")] if text else None
    except ValueError:
        raise InputError(f"{text!r} are no days of the month", where="paydays", do="write them as 1,15") from None


def _season(
    season: str, dept: Department, table: str, origin: str, holidays: Any, paydays: str, name: str, cell: dict[str, Any]
) -> Result:
    """The Result of one season."""
    selection = schema.asked(cell)
    title = words.title(words.QUESTIONS[season], selection)
    hours = read(dept, table, origin=origin, **cell)
    if isinstance(hours, str):
        return Result.not_assessable(name, hours, title=title, method=words.SEASONS)
    made = seasonality(hours.daily(), holidays=_calendar(holidays, hours), paydays=_paydays(paydays))
    test = made.tests.set_index("season").loc[season]
    if test["verdict"] == Verdict.NOT_ASSESSABLE:
        return Result.not_assessable(name, str(test["reason"]), title=title, method=words.SEASONS)
    kinds = ["year"] if season == "year" else ["week", "holiday", "payday", "heap"]
    rows = pd.concat([made.table[made.table["season"] == kind] for kind in kinds])
    ends = {"percent": "ratio", "percent_low": "low", "percent_high": "high"}
    rows = rows.assign(per_day=rows["count"] / rows["days"], **{to: 100 * (rows[at] - 1) for to, at in ends.items()})
    rows = rows.drop(columns=["series", "season"])
    facts = {
        "verdict": test["verdict"],
        "strength": test["strength"],
        "cycles": test["cycles"],
        "p": test["adjusted"],
        "noise": test["noise_median"],
        "first": hours.first,
        "last": hours.last,
        "ratio": dict(zip(rows["position"], rows["ratio"], strict=True)),
    }
    if season == "year":
        rows = rows.rename(columns={"position": "month"}).assign(month=lambda each: each["month"].str[:3])
    heaps = [vars(heap) for heap in made.heaps.values()]
    heap = {"first_paydays": made.first_paydays, **(heaps[0] if heaps else {})}
    say = partial(
        words.season,
        season=season,
        selection=selection,
        notes=hours.notes,
        faint=not test["strength"] > test["noise_95"],
        heap=heap,
    )
    return Result(name, rows, facts=facts, chart=CHARTS[season], words=say)
