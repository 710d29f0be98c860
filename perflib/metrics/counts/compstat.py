"""The table of the weekly meeting: 7 days, 28 days and year to date against last year and the mean of years."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.counts.compare import absent, counted_people
from perflib.metrics.counts.complete import faults, last_complete
from perflib.metrics.counts.events import read_calendar, uneven
from perflib.metrics.counts.lacking import lacking
from perflib.metrics.counts.series import Series, daily
from perflib.metrics.counts.tested import METHOD, WORDS, cell_name, tested, verdicts
from perflib.metrics.counts.windows import NAMED, baseline, known, named
from perflib.models.counts import adjusted
from perflib.models.counts.asked import share
from perflib.period import Period
from perflib.result import Result

COMPARED = {"last_year": "last year", "mean_of_years": "mean of years"}
_HEAD = {"7d": "7 days", "28d": "28 days", "ytd": "Year to date"}


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
    q : share of false flags accepted over all cells, windows and comparisons together.
    years : years in the mean, where the data reach; 7- and 28-day windows keep their weekdays.

    Returns
    -------
    Result ``compstat``, a row per cell, strongest evidence first: ``by``, and per window (``7d``, ``28d``, ``ytd``)
    ``_now``, ``_last_year``, ``_mean_of_years`` (per like period), ``_ratio``, ``_low``, ``_high`` (against the mean of
    years, or last year where there is no mean), ``_adjusted`` (smallest adjusted p of the two), ``_verdict``. Facts:
    ``flags``, ``tests``, ``last_complete``, ``windows``, ``years``, ``missing``, ``changed`` (cell, window, verdict).

    Raises
    ------
    InputError : arguments that do not fit the data, or data that hold none of the periods compared with.
    """
    share(q, "q")
    if reason := lacking(dept, table, (by,) if isinstance(by, str) else by):
        return Result.not_assessable("compstat", reason, title=f"What changed in the {table}?", method=METHOD)
    series, last, basis = _cut(dept, as_of, table, by, unit, crosswalk)
    windows = {name: named(name, last) for name in NAMED}
    parts, missing, variation = _tests(series, windows, years)
    if not len(parts):
        return Result.not_assessable(
            "compstat",
            f"the data begin on {series.days[0]:%Y-%m-%d}: no earlier year to compare with",
            title=f"Week to {last}",
            method=METHOD,
        )
    parts["adjusted"] = adjusted(parts["p_value"].to_numpy())
    parts["verdict"] = verdicts(parts, q)
    wide = _wide(series, parts)
    facts = _facts(parts, windows, last, missing, series, q)
    unfit = [f"{_HEAD[name]}: {reason}." for name, window in windows.items() if (reason := series.unfit(window))]
    caveats = [
        basis,
        *unfit,
        *variation,
        *absent(missing),
        *series.notes,
        *faults(series, last),
        *_events(calendar, series, windows, years),
        _units(series.unit),
    ]
    wide, chart = _chart(wide, facts)
    title = f"What changed? {series.unit.capitalize()} to {last}"
    counts = tuple(f"{name}_{end}" for name in NAMED for end in ("now", "last_year") if f"{name}_{end}" in wide)
    labels = tuple(column for column in map(str, wide) if not column.startswith(tuple(f"{name}_" for name in NAMED)))
    about = counted_people(
        dept,
        table,
        series.unit,
        labels,
        counts,
        ("flags", "tests", "q", "last_complete", "unit", "windows", "missing", "grain"),
    )
    return Result(
        "compstat", wide, title, _answer(parts, facts), METHOD, caveats, facts, chart, _labels(wide), people=about
    )


def _cut(
    dept: Any, as_of: str | dt.date | None, table: str, by: Any, unit: str | None, crosswalk: Any
) -> tuple[Series, dt.date, str]:
    if as_of is not None:
        dept = dept.as_of(as_of) if isinstance(dept, Department) else _until(dept, as_of)
    series = daily(dept, table, by, unit, crosswalk)
    last, basis = last_complete(dept, table, series)
    return series, last, basis


def _until(frame: pd.DataFrame, as_of: str | dt.date) -> pd.DataFrame:
    held = frame[pd.to_datetime(frame["date"]) <= pd.Timestamp(as_of)]
    if held.empty:
        raise InputError(f"no count up to {as_of}", where="as_of")
    return held


def _tests(series: Series, windows: dict[str, Period], years: int) -> tuple[pd.DataFrame, list[Period], list[str]]:
    """Every test of the page, a row per cell, window and comparison; years the data lack; words on the variation."""
    parts, missing, variation = [], [], []
    for name, window in windows.items():
        if series.unfit(window) or not known(series, window):
            continue
        for against in COMPARED:
            others, absentees = baseline(series, window, against, years)
            if not others or (against == "mean_of_years" and len(others) < 2):
                continue
            found = tested(series, window, others)
            parts.append(found.table.assign(window=name, against=against, cell_id=range(len(series.cells))))
            missing += absentees if against == "mean_of_years" else []
            variation.append(found.variation)
    years_missing = {each.first.year: each for each in missing}
    return (
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(),
        [years_missing[year] for year in sorted(years_missing)],
        list(dict.fromkeys(variation)),
    )


def _wide(series: Series, parts: pd.DataFrame) -> pd.DataFrame:
    wide = series.cells.copy()
    for name in parts["window"].unique().tolist():
        rows = parts[parts["window"] == name]
        held = {against: rows[rows["against"] == against].set_index("cell_id") for against in rows["against"].unique()}
        shown = held.get("mean_of_years", held.get("last_year"))
        assert shown is not None
        wide[f"{name}_now"] = shown["now"]
        for against, each in held.items():
            wide[f"{name}_{against}"] = each["expected"]
        for column in ("ratio", "low", "high"):
            wide[f"{name}_{column}"] = shown[column]
        strongest = rows.sort_values("adjusted", kind="stable").groupby("cell_id").first()
        wide[f"{name}_adjusted"], wide[f"{name}_verdict"] = strongest["adjusted"], strongest["verdict"]
        flagged = strongest["verdict"].str.startswith(WORDS["more"])
        against_words = strongest["against"].map(COMPARED)
        wide.loc[flagged, f"{name}_verdict"] += " (" + against_words[flagged] + ")"
    evidence = parts.groupby("cell_id")[["adjusted", "p_value"]].min()
    wide = wide.assign(_a=evidence["adjusted"], _p=evidence["p_value"])
    wide = wide.sort_values(["_a", "_p"], kind="stable", ignore_index=True).drop(columns=["_a", "_p"])
    return wide


def _facts(
    parts: pd.DataFrame, windows: dict[str, Period], last: dt.date, missing: list[Period], series: Series, q: float
) -> dict[str, Any]:
    flagged = parts[parts["verdict"].str.startswith(WORDS["more"])].sort_values("adjusted")
    return {
        "flags": len(flagged),
        "tests": len(parts),
        "q": q,
        "last_complete": last.isoformat(),
        "unit": series.unit,
        "windows": {name: str(window) for name, window in windows.items()},
        "missing": [each.first.year for each in missing],
        "grain": series.grain,
        "changed": [
            {
                "cell": cell_name(row, series.by),
                "window": row["window"],
                "against": row["against"],
                "now": row["now"],
                "expected": row["expected"],
                "verdict": row["verdict"],
            }
            for _, row in flagged.iterrows()
        ],
    }


def _answer(parts: pd.DataFrame, facts: dict[str, Any]) -> str:
    few = int((parts["verdict"] == WORDS["few"]).sum())
    text = (
        f"{facts['flags']} of {facts['tests']} comparisons show more than chance ({facts['q']:.0%} false flags "
        f"accepted), {few} have too few events to say."
    )
    if facts["changed"]:
        first = facts["changed"][0]
        text += (
            f" Strongest: {first['cell']}, {NAMED[first['window']]}, {first['now']:,.0f} against "
            f"{first['expected']:,.1f} ({COMPARED[first['against']]})."
        )
    return text


def _events(calendar: Any, series: Series, windows: dict[str, Period], years: int) -> list[str]:
    if calendar is None:
        return ["No calendar of holidays and events was given: a moving holiday may explain a change."]
    dates, found = read_calendar(calendar), []
    for name in ("7d", "28d"):
        if series.unfit(windows[name]):
            continue
        others, _ = baseline(series, windows[name], "mean_of_years", years)
        spans = [(each.first, each.last) for each in others]
        found += [
            f"{_HEAD[name]}: {words}." for words in uneven(dates, (windows[name].first, windows[name].last), spans)
        ]
    return found


def _units(unit: str) -> str:
    return {
        "incidents": "Incidents are counted: one report counts once in each cell, however many offences it holds.",
        "offences": "Offences are counted: one report may hold several.",
        "victims": "Victims are counted: one offence may have several.",
    }.get(unit, "Records are counted.")


def _chart(wide: pd.DataFrame, facts: dict[str, Any]) -> tuple[pd.DataFrame, Chart | None]:
    if "28d_ratio" not in wide or len(wide) > 60:
        return wide, None
    keys = [column for column in wide.columns if not column.startswith(("7d_", "28d_", "ytd_"))]
    wide.insert(0, "cell", wide[keys].astype(str).agg(" / ".join, axis=1) if keys else "all")
    wide["28d_flag"] = wide["28d_verdict"].str.startswith(WORDS["more"])
    alt = f"{facts['flags']} of {facts['tests']} comparisons show more than chance."
    return wide, Chart(
        "dots",
        "cell",
        "28d_ratio",
        "28d_low",
        "28d_high",
        x_label="",
        y_label="Last 28 days, ratio to the mean of years",
        alt=alt,
        marks={"target": 1, "highlight": "28d_flag"},
    )


def _labels(wide: pd.DataFrame) -> dict[str, str]:
    parts = {
        "now": "now",
        "last_year": "last year",
        "mean_of_years": "mean of years",
        "ratio": "ratio",
        "low": "low",
        "high": "high",
        "adjusted": "p, adjusted",
        "verdict": "verdict",
    }
    return {
        f"{name}_{part}": f"{_HEAD[name]}: {words}"
        for name in NAMED
        for part, words in parts.items()
        if f"{name}_{part}" in wide
    }
