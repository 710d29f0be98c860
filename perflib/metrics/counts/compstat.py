"""The table of the weekly meeting: 7 days, 28 days and year to date against last year and the mean of years."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.counts.availability import lacking
from perflib.metrics.counts.calendar import read_calendar, uneven
from perflib.metrics.counts.compare import counted_people
from perflib.metrics.counts.compared import compared, group_name, judged
from perflib.metrics.counts.completeness import faults, last_complete
from perflib.metrics.counts.periods import NAMED, baseline, known, named
from perflib.metrics.counts.series import Series, daily
from perflib.models.counts.arguments import share
from perflib.period import Period
from perflib.result import Result
from perflib.verdicts import CHANGES, Verdict
from perflib.words import counts as words
from perflib.words.numbers import listed

AGAINST = ("last_year", "mean_of_years")
#: the most groups that the figure shows
MOST_DRAWN = 60
#: the columns of a window on the page for the meeting
_PAGE = {
    "now": "now",
    "last_year": "last_year",
    "mean_of_years": "mean_of_years",
    "ratio": "ratio",
    "low": "ratio_low",
    "high": "ratio_high",
    "verdict": "verdict",
}
_OPEN_FACTS = ("flags", "tests", "q", "last_complete", "unit", "windows", "missing", "grain")


def compstat(
    dept: Department | pd.DataFrame,
    as_of: str | dt.date | None = None,
    table: str = "incidents",
    by: str | Sequence[str] = ("district", "offence"),
    calendar: Any = None,
    crosswalk: Any = None,
    q: float = 0.10,
    years: int = 5,
    unit: str | None = None,
) -> Result:
    """Last 7 days, last 28 days and year to date against last year and the mean of the last years, on one page.

    Parameters
    ----------
    dept : a department, or a frame of counts with ``date``, ``count`` and the columns ``by``.
    as_of : show what was known at the end of this local day; None: all that is known.
    table, by, unit, crosswalk : what is counted (``daily``): incidents, offences and victims are different counts.
    calendar : CSV or YAML file of holidays and local events (``date``, ``name``).
    q : share of false flags accepted over all groups, windows and comparisons together.
    years : years in the mean, where the data reach; 7- and 28-day windows keep their weekdays.

    Returns
    -------
    Result ``compstat``, a row per group, strongest evidence first: ``by``, and per window (``7d``, ``28d``, ``ytd``)
    ``_now``, ``_last_year``, ``_mean_of_years`` (per like period), ``_ratio``, ``_low``, ``_high`` (against the mean of
    years, or last year where there is no mean), ``_adjusted`` (smallest adjusted p of the two), ``_verdict`` (a code).
    Facts: ``flags``, ``tests``, ``last_complete``, ``windows``, ``years``, ``missing``, ``changed`` (cell, window,
    against, now, expected, verdict; strongest first).

    Raises
    ------
    InputError : arguments that do not fit the data, or data that hold none of the periods compared with.
    """
    share(q, "q")
    keys = (by,) if isinstance(by, str) else tuple(by)
    if reason := lacking(dept, table, keys):
        return Result.not_assessable("compstat", reason, title=words.question(table), method=words.METHOD)
    if as_of is not None:
        dept = dept.as_of(as_of) if isinstance(dept, Department) else _until(dept, as_of)
    series = daily(dept, table, keys, unit, crosswalk)
    last, basis = last_complete(dept, table, series)
    windows = {name: named(name, last) for name in NAMED}
    unfit = {name: reason for name, window in windows.items() if (reason := series.unfit(window))}
    used = {name: window for name, window in windows.items() if name not in unfit and known(series, window)}
    tests, missing, notes, method = _tests(series, used, years)
    if not len(tests):
        reason = f"the data begin on {series.days[0]:%Y-%m-%d}: no earlier year to compare with"
        return Result.not_assessable("compstat", reason, title=words.question(table), method=words.METHOD)
    tests = judged(tests, q)
    facts = {
        "flags": int(tests["verdict"].isin(CHANGES).sum()),
        "tests": len(tests),
        "q": q,
        "last_complete": last.isoformat(),
        "unit": series.unit,
        "windows": {name: str(window) for name, window in windows.items()},
        "missing": missing,
        "grain": series.grain,
        "changed": _changed(tests, series.by),
    }
    caveats = [
        basis,
        *(f"{words.WINDOWS[name]}: {reason}." for name, reason in unfit.items()),
        *notes,
        *([words.note("missing", years=listed(missing))] if missing else []),
        *series.notes,
        *faults(series, last),
        *_events(calendar, series, {name: windows[name] for name in ("7d", "28d") if name not in unfit}, years),
    ]
    wide, chart = _drawn(_wide(series, tests), series.by)
    ends = ("now", "last_year", "mean_of_years")
    counts = tuple(f"{name}_{end}" for name in NAMED for end in ends if f"{name}_{end}" in wide)
    own = tuple(column for column in map(str, wide) if column.endswith(("_ratio", "_verdict", "_flag")))
    labels = ("cell", *series.by) if chart else series.by
    return Result(
        "compstat",
        wide,
        facts=facts,
        chart=chart,
        people=counted_people(dept, table, series.unit, labels, counts, _OPEN_FACTS, own),
        words=partial(
            words.meeting, few=int((tests["verdict"] == Verdict.TOO_FEW).sum()), notes=caveats, method=method
        ),
    )


def _until(frame: pd.DataFrame, as_of: str | dt.date) -> pd.DataFrame:
    known_then = frame[pd.to_datetime(frame["date"]) <= pd.Timestamp(as_of)]
    if known_then.empty:
        raise InputError(f"no count up to {as_of}", where="as_of")
    return known_then


def _tests(series: Series, windows: dict[str, Period], years: int) -> tuple[pd.DataFrame, list[int], list[str], str]:
    """Every test, a row per group, window and comparison; years the data lack; caveats and method of the variation."""
    parts: list[pd.DataFrame] = []
    missing: set[int] = set()
    notes: list[str] = []
    methods: list[str] = []
    for name, window in windows.items():
        for against in AGAINST:
            others, lost = baseline(series, window, against, years)
            if not others or (against == "mean_of_years" and len(others) < 2):
                continue
            tested = compared(series, window, others)
            parts.append(tested.table.assign(window=name, against=against, cell_id=range(len(series.cells))))
            missing |= {each.first.year for each in lost} if against == "mean_of_years" else set()
            notes += tested.caveats
            methods.append(tested.method)
    tests = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return tests, sorted(missing), notes, " ".join(dict.fromkeys(methods))


def _changed(tests: pd.DataFrame, by: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = tests[tests["verdict"].isin(CHANGES)].sort_values("adjusted")
    columns = ["window", "against", "now", "expected", "verdict"]
    return [{"cell": group_name(row, by)} | {name: row[name] for name in columns} for _, row in rows.iterrows()]


def _wide(series: Series, tests: pd.DataFrame) -> pd.DataFrame:
    """A row per group, strongest evidence first."""
    wide = series.cells.copy()
    for name, rows in tests.groupby("window", sort=False):
        parts = {against: part.set_index("cell_id") for against, part in rows.groupby("against")}
        main = parts.get("mean_of_years", parts.get("last_year"))
        assert main is not None
        wide[f"{name}_now"] = main["now"]
        for against in AGAINST:
            if against in parts:
                wide[f"{name}_{against}"] = parts[against]["expected"]
        for column in ("ratio", "low", "high"):
            wide[f"{name}_{column}"] = main[column]
        strongest = rows.sort_values("adjusted", kind="stable").groupby("cell_id").first()
        wide[f"{name}_adjusted"], wide[f"{name}_verdict"] = strongest["adjusted"], strongest["verdict"]
    evidence = (
        tests.groupby("cell_id")[["adjusted", "p_value"]].min().sort_values(["adjusted", "p_value"], kind="stable")
    )
    return wide.loc[evidence.index].reset_index(drop=True)


def _drawn(wide: pd.DataFrame, by: tuple[str, ...]) -> tuple[pd.DataFrame, Chart | None]:
    """The table with a name per row and marks for the figure, and the figure of the last 28 days."""
    if "28d_ratio" not in wide or len(wide) > MOST_DRAWN:
        return wide, None
    wide.insert(0, "cell", [group_name(row, by) for _, row in wide.iterrows()])
    wide["28d_flag"] = wide["28d_verdict"].isin(CHANGES)
    axis, marks = "Last 28 days, ratio to the mean of years", {"target": 1, "highlight": "28d_flag"}
    return wide, Chart("dots", "cell", "28d_ratio", "28d_low", "28d_high", x_label="", y_label=axis, marks=marks)


def _events(calendar: Any, series: Series, windows: dict[str, Period], years: int) -> list[str]:
    if calendar is None:
        return [words.note("no_calendar")]
    dates = read_calendar(calendar)
    return [
        f"{words.WINDOWS[name]}: {text}"
        for name, window in windows.items()
        for text in uneven(dates, window, baseline(series, window, "mean_of_years", years)[0])
    ]


def compstat_page(meeting: Result, window: str = "28d", rows: int = 40) -> Result:
    """The columns of a ``compstat`` Result that are read aloud, strongest evidence first, as many rows as a page holds.

    Parameters
    ----------
    meeting : what ``compstat`` returned; its caveats are not repeated. window : "7d", "28d" or "ytd". rows : most rows.

    Returns
    -------
    Result ``compstat_page``: the columns of the group, ``now``, ``last_year``, ``mean_of_years``, ``ratio`` with
    ``ratio_low`` and ``ratio_high``, ``verdict`` (with clear changes of other windows). Facts of ``compstat``,
    ``shown`` and ``cells``. Not assessable when ``meeting`` was not, or when the data do not hold the window.
    """
    full = meeting.shared()
    if full.reason or f"{window}_now" not in full.table:
        reason = full.reason or words.page_missing(window, full.facts.get("grain", "day"))
        return Result.not_assessable("compstat_page", reason, title=words.page_title(window), method=full.method)
    keys = [name for name in full.table.columns if not name.startswith(("7d_", "28d_", "ytd_")) and name != "cell"]
    columns = {f"{window}_{end}": name for end, name in _PAGE.items() if f"{window}_{end}" in full.table}
    table = full.table[[*keys, *columns]].rename(columns=columns)
    table["verdict"] = [words.page_verdict(row, window) for row in full.table.to_dict("records")]
    facts = {**full.facts, "cells": len(table), "shown": min(rows, len(table)), "window": window}
    return Result("compstat_page", table.head(rows), facts=facts, words=partial(words.page, keys=keys))
