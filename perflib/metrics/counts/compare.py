"""This period against the one before, last year or the mean of several years, group by group."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.counts.availability import lacking
from perflib.metrics.counts.calendar import read_calendar, uneven
from perflib.metrics.counts.compared import compared, group_name, judged
from perflib.metrics.counts.completeness import faults, last_complete
from perflib.metrics.counts.periods import NAMED, baseline, known, named
from perflib.metrics.counts.series import Series, daily
from perflib.models.counts.arguments import share
from perflib.period import Period, ends
from perflib.privacy.people import People, people
from perflib.privacy.policy import SUBJECTS
from perflib.result import Result
from perflib.verdicts import CHANGES
from perflib.words import counts as words
from perflib.words.numbers import listed

#: the most groups that a figure shows.
SHOWN = 25


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
    q : share of false flags accepted over all groups. calendar : file of holidays and local events (``read_calendar``).
    level : coverage of the intervals.

    Returns
    -------
    Result ``count_changes``, a row per group: ``by``, ``now``, ``before``, ``expected``, ``difference``, ``ratio``,
    ``low``, ``high``, ``dispersion``, ``p_e_test``, ``p_value``, ``adjusted``, ``verdict`` (a code). Facts: ``flags``,
    ``cells``, ``period``, ``against`` (periods), ``missing`` (periods the data lack), ``dispersion``, ``up``, ``down``.
    Not assessable when no period to compare with is in the data, or its sources lack the table or a column.

    Raises
    ------
    InputError : arguments that do not fit the data, a period the data do not reach.
    """
    share(q, "q")
    keys = (by,) if isinstance(by, str) else tuple(by)
    if reason := lacking(dept, table, keys):
        return Result.not_assessable("count_changes", reason, title=words.question(table), method=words.METHOD)
    series = daily(dept, table, keys, unit, crosswalk)
    last, basis = last_complete(dept, table, series)
    now = _period(series, period, last)
    others, missing = baseline(series, now, against, years)
    if not others:
        title = words.changes_title(now, against, others)
        reason = f"the data do not hold {missing[0]}"
        return Result.not_assessable("count_changes", reason, title=title, method=words.METHOD)
    tested = compared(series, now, others, level)
    order = {"adjusted": True, "p_value": True, "now": False}
    rows = judged(tested.table, q).sort_values(
        list(order), ascending=list(order.values()), kind="stable", ignore_index=True
    )
    rows.insert(0, "cell", [group_name(row, series.by) for _, row in rows.iterrows()])
    rows["flag"] = rows["verdict"].isin(CHANGES)
    up = rows["ratio"] > 1
    facts = {
        "flags": int(rows["flag"].sum()),
        "cells": len(rows),
        "q": q,
        "period": str(now),
        "against": [str(each) for each in others],
        "missing": [str(each) for each in missing],
        "up": rows.loc[rows["flag"] & up, "cell"].tolist(),
        "down": rows.loc[rows["flag"] & ~up, "cell"].tolist(),
        "now": float(rows["now"].sum()),
        "expected": float(rows["expected"].sum()),
        "dispersion": tested.dispersion,
        "unit": series.unit,
    }
    late = min((now.last - last).days, now.days)
    notes = [
        *tested.caveats,
        *([words.note("late", days=late, period=now.days)] if late > 0 else []),
        *([words.note("missing", years=listed(each.first.year for each in missing))] if missing else []),
        *series.notes,
        *faults(series, last),
        *uneven(read_calendar(calendar), now, others),
    ]
    axis = "Ratio to the period compared with"
    marks = {"target": 1, "highlight": "flag"}
    chart = Chart("dots", "cell", "ratio", "low", "high", x_label="", y_label=axis, marks=marks)
    return Result(
        "count_changes",
        rows,
        facts=facts,
        chart=chart if len(rows) <= SHOWN else None,
        people=counted_people(
            dept,
            table,
            series.unit,
            ("cell", *series.by),
            ("now", "before"),
            ("flags", "cells", "q", "period", "against", "missing", "unit", "now"),
            own=("expected", "difference", "ratio", "verdict", "flag"),
        ),
        words=partial(words.changes, against=against, notes=notes, method=f"{tested.method} {basis}"),
    )


def counted_people(
    dept: Any,
    table: str,
    unit: str,
    labels: tuple[str, ...],
    counts: tuple[str, ...],
    facts: tuple[str, ...],
    own: tuple[str, ...] = (),
) -> People | None:
    """What a table of counts says of itself where these are counts of people; None for calls, reports and offences."""
    subject = "victims" if unit == "victims" else table
    settings = dept.settings if isinstance(dept, Department) else {}
    return people(settings, subject, labels, counts, facts=facts, own=own) if subject in SUBJECTS else None


def _period(series: Series, period: Any, last: Any) -> Period:
    if period in ("", None) or (isinstance(period, str) and period in NAMED):
        found = named(period or "28d", last)
        if not period and series.unfit(found):
            found = series.period(last)
    else:
        first, end = ends(period)
        if first is None or end is None:
            raise InputError("a comparison needs a period", where="period", choices=(*NAMED, "YYYY-MM"))
        found = Period(first, end)
    if not known(series, found):
        raise InputError(
            f"the data do not hold {found} whole",
            where="period",
            do=f"they reach from {series.days[0]:%Y-%m-%d} to {series.days[-1]:%Y-%m-%d}",
        )
    return found
