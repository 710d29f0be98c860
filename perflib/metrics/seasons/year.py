"""Which seasons are there? Months, weekdays, holidays and paydays, tested, with intervals; by district if asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.counts.calendar import read_calendar
from perflib.metrics.seasons.read import Hours, read
from perflib.metrics.seasons.rhythm import where
from perflib.models.seasonality import SeasonResult, seasonality
from perflib.models.seasonality.report import METHOD, exceeds, few_years, sentence
from perflib.result import Result
from perflib.verdicts import Verdict

SHORT = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
WORDS = {"year": "months", "week": "weekdays"}
LABELS = {
    "month": "Month",
    "position": "Day",
    "percent": "Above or below the mean (%)",
    "count": "Events",
    "ratio": "Ratio to the mean",
    "low": "Low end (95 %)",
    "high": "High end (95 %)",
    "days": "Days",
    "per_day": "Events a day",
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
    made = _made(dept, table, origin, holidays, paydays, cell)
    title = f"Is there a season of the year?{where(cell)}"
    if isinstance(made, str):
        return Result.not_assessable(name, made, title=title, method=METHOD)
    return _one(made, "year", name, title)


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
    made = _made(dept, table, origin, holidays, paydays, cell)
    title = f"Which days are busier?{where(cell)}"
    if isinstance(made, str):
        return Result.not_assessable(name, made, title=title, method=METHOD)
    return _one(made, "week", name, title)


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
    title = f"Does every {by} have the same seasons?"
    held = read(dept, table, by, origin)
    if isinstance(held, str):
        return Result.not_assessable(name, held, title=title, method=METHOD)
    made = seasonality(held.daily())
    tests = pd.DataFrame(made.tests).rename(columns={"series": by})
    faint = (tests["verdict"] == Verdict.SEASONAL) & ~pd.Series([exceeds(test) for _, test in tests.iterrows()])
    facts = {
        "seasonal": _called(tests, by, tests["verdict"] == Verdict.SEASONAL),
        "faint": _called(tests, by, faint),
        "assessable": {
            season: int((part["verdict"] != Verdict.NOT_ASSESSABLE).sum()) for season, part in tests.groupby("season")
        },
    }
    table_ = tests.assign(p=tests["adjusted"], verdict=tests["verdict"].where(~faint, "seasonal, faint"))[
        [by, "season", "verdict", "p", "strength", "noise_median", "noise_95", "cycles", "reason"]
    ]
    labels = {
        by: by.capitalize(),
        "season": "Season of the",
        "verdict": "Verdict",
        "p": "p (adjusted)",
        "strength": "Strength",
        "noise_median": "Strength of noise",
        "noise_95": "Noise seldom passes",
        "cycles": "Whole cycles",
        "reason": "Reason",
    }
    return Result(
        name, table_, title, _everywhere(facts, table_, by), METHOD, [*held.notes, *made.caveats], facts, None, labels
    )


def _called(table: pd.DataFrame, by: str, kept: pd.Series) -> dict[str, list[str]]:
    return {
        str(season): table.loc[kept & (table["season"] == season), by].tolist()
        for season in sorted(table["season"].unique())
    }


def _everywhere(facts: dict[str, Any], table: pd.DataFrame, by: str) -> str:
    """How many parts have which season, and in which of them it is faint."""
    words = []
    for season, able in facts["assessable"].items():
        reasons = table.loc[(table["season"] == season) & (table["reason"] != ""), "reason"]
        if not able:
            words.append(f"No {by} can show a season of the {season}: {reasons.iloc[0]}.")
            continue
        faint = facts["faint"][season]
        words.append(
            f"The pattern of the {season} repeats in {len(facts['seasonal'][season])} of {able} {by}s"
            + (f", no stronger than noise of this length in {', '.join(faint)}" if faint else "")
            + "."
        )
    return " ".join(words)


def _made(
    dept: Department, table: str, origin: str, holidays: Any, paydays: str, cell: dict[str, Any]
) -> tuple[SeasonResult, Hours] | str:
    held = read(dept, table, origin=origin, **cell)
    if isinstance(held, str):
        return held
    return seasonality(held.daily(), holidays=_calendar(holidays, held), paydays=_days(paydays)), held


def _calendar(given: Any, held: Hours) -> Any:
    """A calendar's frame; the word US means the federal holidays of the United States."""
    if isinstance(given, str) and given == "US":
        from pandas.tseries.holiday import USFederalHolidayCalendar

        named = USFederalHolidayCalendar().holidays(held.first, held.last, return_name=True)
        return pd.DataFrame({"date": named.index, "name": named.to_numpy()})
    return read_calendar(given) if given is not None and given != "" else None


def _days(text: str) -> list[int] | None:
    if not text:
        return None
    try:
        return [int(part) for part in str(text).split(",")]
    except ValueError:
        raise InputError(f"{text!r} are no days of the month", where="paydays", do="write them as 1,15") from None


def _one(made: tuple[SeasonResult, Hours], season: str, name: str, title: str) -> Result:
    found, held = made
    test = _test(found, season)
    rows = found.table[found.table["season"] == season]
    if season == "week":
        rows = pd.concat([rows, found.table[found.table["season"].isin(["holiday", "payday", "heap"])]])
    if test["verdict"] == Verdict.NOT_ASSESSABLE or rows.empty:
        missing = Result.not_assessable(name, str(test["reason"]), title=title, method=METHOD)
        return replace(missing, caveats=tuple(held.notes))
    ends = {"percent": "ratio", "percent_low": "low", "percent_high": "high"}
    percents = {name: 100 * (rows[column] - 1) for name, column in ends.items()}
    table = rows.assign(per_day=rows["count"] / rows["days"], **percents).drop(columns=["series", "season"])
    facts = {
        "verdict": test["verdict"],
        "p": test["adjusted"],
        "strength": test["strength"],
        "cycles": test["cycles"],
        "noise": test["noise_median"],
        "first": held.first,
        "last": held.last,
        "ratio": dict(zip(table["position"], table["ratio"], strict=True)),
    }
    answer = sentence(test, found.table)
    other = few_years(pd.DataFrame(found.tests)) if season != "year" else ""  # says nothing of a week
    said = [text for text in found.caveats if text != other]
    return Result(
        name, _named(table, season), title, answer, METHOD, [*held.notes, *said], facts, _chart(season, answer), LABELS
    )


def _test(found: SeasonResult, season: str) -> pd.Series:
    tests = pd.DataFrame(found.tests)
    return tests[tests["season"] == season].iloc[0]


def _named(table: pd.DataFrame, season: str) -> pd.DataFrame:
    if season == "week":
        return table
    return table.rename(columns={"position": "month"}).assign(month=lambda rows: rows["month"].str[:3])


def _chart(season: str, answer: str) -> Chart:
    if season == "year":
        return Chart(
            "line",
            "month",
            "percent",
            "percent_low",
            "percent_high",
            marks={"zero": False},
            alt=answer,
            y_label="% above or below the mean of the year",
        )
    return Chart(
        "dots",
        "position",
        "percent",
        "percent_low",
        "percent_high",
        alt=answer,
        y_label="% above or below the mean of the week (special days: other days)",
    )
