"""The answer in short: how many come in a day, when most, and what next month is to bring."""

from __future__ import annotations

from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.seasons.extremes import ends, words
from perflib.metrics.seasons.read import Hours, read
from perflib.metrics.seasons.rhythm import named, where
from perflib.models.seasonality import profile
from perflib.models.seasonality.demand import METHOD, total_words
from perflib.result import Result

#: months shown before the one ahead.
MONTHS = 36
LABELS = {
    "month": "Month",
    "basis": "Basis",
    "count": "Events",
    "days": "Days",
    "per_day": "Events a day",
    "low": "Low end",
    "high": "High end",
    "expected": "Not yet counted",
}


def outlook(
    dept: Department,
    found: Result,
    table: str = "calls",
    origin: str = "public",
    *,
    name: str = "season_outlook",
    **cell: Any,
) -> Result:
    """How many come in a day, at what hours most, and what the coming month is expected to bring.

    Parameters
    ----------
    found : what ``ahead`` returned for the same ``table``, ``origin`` and ``cell``.

    Returns
    -------
    Result ``season_outlook``: per whole month ``month, basis`` ("counted" or "expected"), ``count, days, per_day``, and
    for the month ahead ``low`` and ``high`` (of its events a day, from ``total_low`` and ``total_high``). Facts
    ``per_day``, ``events``, ``first``, ``last``, ``busiest``, ``quietest`` (``extremes.ends``), ``month``, ``total``,
    ``total_low``, ``total_high``, ``level``; without the last five where ``found`` is not assessable.
    """
    subject = named(dept, table, origin)
    title = f"How many {subject}, when, and what next?{where(cell)}"
    held = read(dept, table, origin=origin, **cell)
    if isinstance(held, str):
        return Result.not_assessable(name, held, title=title, method=METHOD)
    most = ends(profile(held.weights.iloc[:, 0], ("weekday", "hour"), held.exposure))
    days, events = (held.last - held.first).days + 1, float(held.weights.to_numpy().sum())
    facts: dict[str, Any] = {
        "per_day": events / days,
        "events": events,
        "days": days,
        "first": held.first,
        "last": held.last,
        **most,
    }
    after = _next(found, facts)
    doing = f"{subject[0].upper()}{subject[1:]}: {events / days:,.1f} came in a day from {held.first} to {held.last}"
    answer = f"{doing}, {words('', most)}. {after}"
    rows = _months(held, found)
    chart = (
        Chart(
            "line",
            "month",
            "per_day",
            "low",
            "high",
            y_label=f"{subject} a day",
            alt=answer,
            marks={"grey": "expected", "zero": False},
        )
        if len(rows) > 1
        else None
    )
    said = [text for text in found.caveats if text not in held.notes and not text.startswith("Each ")]
    return Result(name, rows, title, answer, METHOD, [*held.notes, *said], facts, chart, LABELS)


def _next(found: Result, facts: dict[str, Any]) -> str:
    """The month ahead in words; its facts are added."""
    if found.reason:
        return f"What is expected next month cannot be said: {found.reason}."
    facts |= {"month": found.facts["month"], "level": found.facts["level"]}
    facts |= {fact: next(iter(found.facts[fact].values())) for fact in ("total", "total_low", "total_high")}
    length = pd.Timestamp(found.facts["month"]).days_in_month
    return (
        f"In {pd.Timestamp(found.facts['month']):%B %Y}, {total_words(found.facts)} are expected, "
        f"{facts['total'] / length:,.1f} a day."
    )


def _months(held: Hours, found: Result) -> pd.DataFrame:
    """Whole months as counted, and the month ahead as expected."""
    days = held.weights.iloc[:, 0].resample("D").sum()
    rows = days.resample("MS").agg(["sum", "size"]).rename(columns={"sum": "count", "size": "days"})
    rows = rows[rows["days"] == pd.DatetimeIndex(rows.index).days_in_month].tail(MONTHS).rename_axis("month")
    table = rows.reset_index().assign(basis="counted", per_day=lambda each: each["count"] / each["days"])
    if not found.reason:
        start, each = pd.Timestamp(found.facts["month"]), found.facts
        length = start.days_in_month
        total, low, high = (next(iter(each[fact].values())) for fact in ("total", "total_low", "total_high"))
        table = pd.concat(
            [
                table,
                pd.DataFrame(
                    [
                        {
                            "month": start,
                            "basis": "expected",
                            "count": total,
                            "days": length,
                            "per_day": total / length,
                            "low": low / length,
                            "high": high / length,
                        }
                    ]
                ),
            ],
            ignore_index=True,
        )
    table = table.reindex(columns=["month", "basis", "count", "days", "per_day", "low", "high"])
    return table.assign(expected=table["basis"] == "expected")
