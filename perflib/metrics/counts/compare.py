"""This period against the one before, last year or the mean of several years, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.counts.complete import faults, last_complete
from perflib.metrics.counts.events import read_calendar, uneven
from perflib.metrics.counts.lacking import lacking
from perflib.metrics.counts.series import Series, daily
from perflib.metrics.counts.tested import METHOD, WORDS, by_evidence, cell_name, tested, verdicts
from perflib.metrics.counts.windows import NAMED, baseline, known, named
from perflib.models.counts import adjusted
from perflib.models.counts.asked import share
from perflib.period import Period, ends
from perflib.privacy.people import People, people
from perflib.privacy.policy import SUBJECTS
from perflib.result import Result

#: cells shown on the figure.
SHOWN = 25
LABELS = {
    "cell": "Cell",
    "now": "Now",
    "before": "Before, all periods",
    "expected": "Before, per like period",
    "difference": "Difference",
    "ratio": "Ratio",
    "low": "Ratio, low",
    "high": "Ratio, high",
    "dispersion": "Variance/mean",
    "p_e_test": "p, E-test",
    "p_value": "p",
    "adjusted": "p, adjusted for all cells",
    "verdict": "Verdict",
}


def compare(
    dept: Department | pd.DataFrame,
    table: str = "incidents",
    by: str | Sequence[str] = ("district", "offence"),
    period: Any = "",
    against: str = "last_year",
    years: int = 3,
    q: float = 0.10,
    *,
    unit: str | None = None,
    crosswalk: Any = None,
    calendar: Any = None,
    level: float = 0.95,
) -> Result:
    """Which counts changed, by any grouping, sorted by evidence.

    Parameters
    ----------
    dept : a department, or a frame of counts with ``date``, ``count`` and the columns ``by``.
    table, by, unit, crosswalk : what is counted (``daily``).
    period : "" or "28d" (the last 28 complete days), "7d", "ytd", "YYYY-MM", "YYYY-MM-DD..YYYY-MM-DD", a pair of dates.
    against : "previous" (as many days before), "last_year", "mean_of_years" (``years`` of them). Whole months keep
        their dates, other periods keep their weekdays; different lengths are allowed for.
    q : share of false flags accepted over all cells. calendar : file of holidays and local events (``read_calendar``).
    level : coverage of the intervals.

    Returns
    -------
    Result ``count_changes``, a row per cell: ``by``, ``now``, ``before``, ``expected``, ``difference``, ``ratio``,
    ``low``, ``high``, ``dispersion``, ``p_e_test``, ``p_value``, ``adjusted``, ``verdict``. Facts: ``flags``,
    ``cells``, ``period``, ``against`` (periods), ``missing`` (periods the data lack), ``dispersion``, ``up``, ``down``.
    Not assessable when no period to compare with is in the data, or its sources lack the table or a column.

    Raises
    ------
    InputError : arguments that do not fit the data, a period the data do not reach.
    """
    share(q, "q")
    if reason := lacking(dept, table, (by,) if isinstance(by, str) else by):
        return Result.not_assessable("count_changes", reason, title=f"What changed in the {table}?", method=METHOD)
    series = daily(dept, table, by, unit, crosswalk)
    last, basis = last_complete(dept, table, series)
    window = _window(series, period, last)
    others, missing = baseline(series, window, against, years)
    title = f"What changed, {window}, against {_against(against, others)}?"
    if not others:
        return Result.not_assessable("count_changes", f"the data do not hold {missing[0]}", title=title, method=METHOD)
    found = tested(series, window, others, level)
    rows = found.table.assign(adjusted=adjusted(found.table["p_value"].to_numpy()))
    rows = by_evidence(rows.assign(verdict=verdicts(rows, q)))
    rows.insert(0, "cell", [cell_name(row, series.by) for _, row in rows.iterrows()])
    facts = _facts(rows, window, others, missing, q) | {"dispersion": found.pooled, "unit": series.unit}
    caveats = [
        found.variation,
        *late(window, last, basis),
        *absent(missing),
        *series.notes,
        *faults(series, last),
        *uneven(read_calendar(calendar), (window.first, window.last), [(w.first, w.last) for w in others]),
    ]
    chart = Chart(
        "dots",
        "cell",
        "ratio",
        "low",
        "high",
        x_label="",
        y_label="Ratio to the period compared with",
        marks={"target": 1, "highlight": "flag"},
        alt=_answer(rows, series, facts),
    )
    rows["flag"] = rows["verdict"].str.startswith(WORDS["more"])
    return Result(
        "count_changes",
        rows,
        title,
        _answer(rows, series, facts),
        METHOD,
        caveats,
        facts,
        chart if len(rows) <= SHOWN else None,
        LABELS,
        people=counted_people(
            dept,
            table,
            series.unit,
            ("cell", *series.by),
            ("now", "before"),
            ("flags", "cells", "q", "period", "against", "missing", "unit", "now"),
        ),
    )


def counted_people(
    dept: Any, table: str, unit: str, labels: tuple[str, ...], counts: tuple[str, ...], facts: tuple[str, ...]
) -> People | None:
    """What a table of counts says of itself where these are counts of people; None for calls, reports and offences."""
    subject = "victims" if unit == "victims" else table
    settings = dept.settings if isinstance(dept, Department) else {}
    return people(settings, subject, labels, counts, facts=facts) if subject in SUBJECTS else None


def _window(series: Series, period: Any, last: Any) -> Period:
    if period in ("", None) or (isinstance(period, str) and period in NAMED):
        window = named(period or "28d", last)
        if not period and series.unfit(window):
            window = series.period(last)
    else:
        first, end = ends(period)
        if first is None or end is None:
            raise InputError("a comparison needs a period", where="period", choices=(*NAMED, "YYYY-MM"))
        window = Period(first, end)
    if not known(series, window):
        raise InputError(
            f"the data do not hold {window} whole",
            where="period",
            do=f"they reach from {series.days[0]:%Y-%m-%d} to {series.days[-1]:%Y-%m-%d}",
        )
    return window


def _against(against: str, others: list[Period]) -> str:
    if against == "mean_of_years":
        return f"the mean of {', '.join(str(each.first.year) for each in others) or 'earlier years'}"
    return str(others[0]) if others else against.replace("_", " ")


def _facts(rows: pd.DataFrame, window: Period, others: list[Period], missing: list[Period], q: float) -> dict[str, Any]:
    flagged = rows["verdict"].str.startswith(WORDS["more"])
    return {
        "flags": int(flagged.sum()),
        "cells": len(rows),
        "q": q,
        "period": str(window),
        "against": [str(each) for each in others],
        "missing": [str(each) for each in missing],
        "up": rows.loc[flagged & (rows["ratio"] > 1), "cell"].tolist(),
        "down": rows.loc[flagged & ~(rows["ratio"] > 1), "cell"].tolist(),
        "now": float(rows["now"].sum()),
        "expected": float(rows["expected"].sum()),
    }


def _answer(rows: pd.DataFrame, series: Series, facts: dict[str, Any]) -> str:
    first = rows.iloc[0]
    strongest = f"{first['cell']}, {first['now']:,.0f} against {first['expected']:,.1f}"
    if pd.notna(first["ratio"]):
        high = "no bound" if pd.isna(first["high"]) else f"{first['high']:.2f}"
        strongest += f" (ratio {first['ratio']:.2f}, interval {first['low']:.2f} to {high})"
    return (
        f"{facts['flags']} of {facts['cells']} cells changed by more than chance at {facts['q']:.0%} false flags; "
        f"the strongest evidence: {strongest}, {first['verdict']}. Counted: {series.unit}."
    )


def late(window: Period, last: Any, basis: str) -> list[str]:
    """The sentence on completeness, stronger when the period holds days that are not complete."""
    if window.last > last:
        days = min((window.last - last).days, window.days)
        return [f"{days} of {window.days} days are not complete: this period is counted too low. {basis}"]
    return [basis]


def absent(missing: list[Period]) -> list[str]:
    """The sentence on periods that the data do not hold."""
    if not missing:
        return []
    names = ", ".join(str(each.first.year) for each in missing)
    return [f"Years missing from the data and left out of the comparison, not taken as zero: {names}."]
