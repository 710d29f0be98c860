"""The answer in short: how many come in a day, when most, and what next month is to bring."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from perflib import schema
from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.seasons.extremes import ends
from perflib.metrics.seasons.read import Hours, read, subject_of
from perflib.models.seasonality import profile
from perflib.result import Result
from perflib.words import seasons as words

#: months shown before the one ahead.
MONTHS = 36


def outlook(
    dept: Department,
    month_ahead: Result,
    table: str = "calls",
    origin: str = "public",
    *,
    name: str = "season_outlook",
    **cell: Any,
) -> Result:
    """The report in two sentences: how many come in a day and when most, and what the coming month is to bring.

    Parameters
    ----------
    month_ahead : what ``ahead`` returned for the same ``table``, ``origin`` and ``cell``.

    Returns
    -------
    Result ``season_outlook``: per whole month ``month, basis`` ("counted" or "expected"), ``count, days, per_day``, and
    for the month ahead ``low`` and ``high`` (of its events a day, from ``total_low`` and ``total_high``). Facts
    ``per_day``, ``events``, ``first``, ``last``, ``busiest``, ``quietest`` (``extremes.ends``), ``month``, ``total``,
    ``total_low``, ``total_high``, ``level``; without the last five where ``found`` is not assessable.
    """
    subject, selection = subject_of(dept, table, origin), schema.asked(cell)
    hours = read(dept, table, origin=origin, **cell)
    if isinstance(hours, str):
        title = words.outlook_title(subject, selection)
        return Result.not_assessable(name, hours, title=title, method=words.DEMAND)
    days, events = (hours.last - hours.first).days + 1, float(hours.all().sum())
    facts: dict[str, Any] = {
        "per_day": events / days,
        "events": events,
        "days": days,
        "first": hours.first,
        "last": hours.last,
        **ends(profile(hours.all(), hours.exposure)),
    }
    rows = _months(hours)
    if not month_ahead.reason:
        facts |= {fact: month_ahead.facts[fact]["all"] for fact in ("total", "total_low", "total_high")}
        facts |= {"month": month_ahead.facts["month"], "level": month_ahead.facts["level"]}
        rows = pd.concat([rows, _expected(facts)], ignore_index=True)
    rows = rows.reindex(columns=["month", "basis", "count", "days", "per_day", "low", "high"])
    rows["expected"] = rows["basis"] == "expected"
    chart = Chart(
        "line", "month", "per_day", "low", "high", y_label=f"{subject} a day", marks={"grey": "expected", "zero": False}
    )
    say = partial(words.outlook, subject=subject, selection=selection, notes=hours.notes, reason=month_ahead.reason)
    return Result(name, rows, facts=facts, chart=chart if len(rows) > 1 else None, words=say)


def _months(hours: Hours) -> pd.DataFrame:
    """Whole months as counted."""
    rows = hours.all().resample("D").sum().resample("MS").agg(["sum", "size"])
    rows = rows.rename(columns={"sum": "count", "size": "days"})
    rows = rows[rows["days"] == pd.DatetimeIndex(rows.index).days_in_month].tail(MONTHS).rename_axis("month")
    return rows.reset_index().assign(basis="counted", per_day=lambda each: each["count"] / each["days"])


def _expected(facts: dict[str, Any]) -> pd.DataFrame:
    """The month ahead."""
    start = pd.Timestamp(facts["month"])
    names = {"per_day": "total", "low": "total_low", "high": "total_high"}
    per_day = {column: facts[fact] / start.days_in_month for column, fact in names.items()}
    row = {"month": start, "basis": "expected", "count": facts["total"], "days": start.days_in_month, **per_day}
    return pd.DataFrame([row])
