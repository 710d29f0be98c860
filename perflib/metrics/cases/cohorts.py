"""Does clearance change? Cohorts compared at the same age, beside the ratio that young cohorts always lose."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.cases.scope import CAUSES, Cases, cases, lacking
from perflib.models.survival import cumulative_incidence, hazard_ratios
from perflib.rates import combined
from perflib.result import Result

_STEP = {"month": 1, "quarter": 3, "year": 12}


def cohorts(
    dept: Department,
    by: str = "quarter",
    *,
    within: int = 30,
    level: float = 0.95,
    fewest: int = 30,
    name: str = "clearance_cohorts",
) -> Result:
    """Clearance by arrest within the same number of days of the report, by cohort of report.

    Parameters
    ----------
    by : ``month``, ``quarter`` or ``year`` of the report (local). within : days at which cohorts are compared.

    Returns
    -------
    Result with a row per cohort: ``cohort``, ``cases``, ``arrest`` with ``low``/``high`` (cumulative incidence at
    ``within`` days), ``exceptional``, ``so_far`` (share cleared up to now, whatever the age) and ``ucr`` (clearances
    dated in the period over cases reported in it): both naive, shown for comparison; ``provisional``: not every case
    has been followed ``within`` days. Facts: ``first``, ``last`` (of the cohorts followed), ``change`` between them
    with interval, ``so_far_first``, ``so_far_last``, and ``cohorts``.
    """
    if reason := lacking(dept):
        return Result.not_assessable(name, reason, title=_title(by, within))
    return told(cases(dept, [by]), by, within=within, level=level, fewest=fewest, name=name)


def _title(by: str, within: int) -> str:
    return f"Is clearance within {within} days changing, by {by} of report?"


def told(held: Cases, by: str, *, within: int, level: float = 0.95, fewest: int = 30, name: str) -> Result:
    """The Result of ``cohorts`` where the cases by cohort are known."""
    title = _title(by, within)
    sizes = held.rows.groupby(by)["n"].sum()
    rows = held.rows[held.rows[by].isin(sizes.index[sizes >= fewest])]
    if rows.empty:
        return Result.not_assessable(name, f"no {by} has {fewest} cases", title=title)
    found = cumulative_incidence(
        rows["days"], rows["event"], rows[by].astype(str), weights=rows["n"], at=(within,), level=level, causes=CAUSES
    )
    if found.reason:
        return Result.not_assessable(name, found.reason, title=title)
    table = _table(rows, found, by, held, within)
    facts = _facts(table)
    answer = _answer(facts, within)
    caveats = [
        *held.caveats(),
        "The columns so_far and ucr are naive: so_far falls for young cohorts because they are "
        "young, ucr counts clearances of older cases. Neither shows a change of clearance.",
    ]
    if table["provisional"].any():
        caveats.append(f"Hollow points: not every case of the cohort has been followed for {within} days.")
    return Result(
        name,
        table,
        title,
        answer,
        found.method,
        caveats,
        facts,
        Chart(
            "line",
            "cohort",
            "arrest",
            "low",
            "high",
            x_label=f"{by.capitalize()} of report",
            y_label=f"Cleared by arrest within {within} days (share)",
            marks={"grey": "provisional"},
            alt=answer,
        ),
        {
            "cohort": f"{by.capitalize()} of report",
            "cases": "Cases",
            "arrest": f"By arrest, {within} days",
            "low": f"{level:.0%} low",
            "high": f"{level:.0%} high",
            "exceptional": f"Exceptional, {within} days (share)",
            "so_far": "Cleared so far (share, naive)",
            "ucr": "UCR-style ratio (naive)",
            "provisional": "Provisional",
        },
    )


def _table(rows: pd.DataFrame, found: Result, by: str, held: Cases, within: int) -> pd.DataFrame:
    lines = []
    for cohort, part in rows.groupby(by):
        read = {cause: found.facts[str(cohort)]["at"][cause][f"{within:g}"] for cause in CAUSES.values()}
        total = float(part["n"].sum())
        last = _last_day(cohort, by)
        lines.append(
            {
                "cohort": pd.Timestamp(str(cohort)) if by != "year" else cohort,
                "cases": int(total),
                "arrest": read["arrest"]["estimate"],
                "low": read["arrest"]["low"],
                "high": read["arrest"]["high"],
                "exceptional": read["exceptional"]["estimate"],
                "so_far": float(part.loc[part["event"] > 0, "n"].sum() / total),
                "provisional": bool(last + dt.timedelta(days=within) > held.end),
            }
        )
    table = pd.DataFrame(lines)
    return table.assign(ucr=_ucr(rows, by, table["cases"].to_numpy(float)))


def _last_day(cohort: Any, by: str) -> dt.date:
    start = pd.Timestamp(year=int(cohort), month=1, day=1) if by == "year" else pd.Timestamp(cohort)
    return (start + pd.DateOffset(months=_STEP[by]) - pd.Timedelta(days=1)).date()


def _ucr(rows: pd.DataFrame, by: str, sizes: Any) -> Any:
    """Clearances dated in the period over cases reported in it; dated from the middle of the cohort."""
    starts = pd.to_datetime(rows[by].astype(str) + ("-01-01" if by == "year" else ""))
    middle = starts + pd.Timedelta(days=15 * _STEP[by])
    moved = (middle + pd.to_timedelta(rows["days"], unit="D")).dt.to_period(
        {"month": "M", "quarter": "Q", "year": "Y"}[by]
    )
    cleared = rows[rows["event"] > 0].groupby(moved[rows["event"] > 0])["n"].sum()
    periods = starts.drop_duplicates().sort_values().dt.to_period({"month": "M", "quarter": "Q", "year": "Y"}[by])
    return cleared.reindex(periods, fill_value=0).to_numpy(float) / sizes


def _facts(table: pd.DataFrame) -> dict[str, Any]:
    whole = table[~table["provisional"] & table["arrest"].notna()]
    facts: dict[str, Any] = {
        "cohorts": len(table),
        "so_far_first": float(table["so_far"].iloc[0]),
        "so_far_last": float(table["so_far"].iloc[-1]),
    }
    if len(whole) < 2:
        return facts
    first, last = whole.iloc[0], whole.iloc[-1]
    change, low, high = combined((1, -1), *([last[key], first[key]] for key in ("arrest", "low", "high")))
    ends = {
        key: {"cohort": str(row["cohort"])[:10], "estimate": row["arrest"], "low": row["low"], "high": row["high"]}
        for key, row in (("first", first), ("last", last))
    }
    return facts | ends | {"change": {"estimate": change, "low": low, "high": high}}


def _answer(facts: dict[str, Any], within: int) -> str:
    naive = (
        f"The share cleared so far goes from {facts['so_far_first']:.1%} to {facts['so_far_last']:.1%}, because the "
        "last cohort is young."
    )
    if "change" not in facts:
        return f"Fewer than two cohorts have been followed for {within} days. {naive}"
    first, last, change = facts["first"], facts["last"], facts["change"]
    return (
        f"Within {within} days {first['estimate']:.1%} of the cases reported from {first['cohort']} and "
        f"{last['estimate']:.1%} of those from {last['cohort']} were cleared by arrest, a difference of "
        f"{100 * change['estimate']:+.1f} points (interval {100 * change['low']:+.1f} to "
        f"{100 * change['high']:+.1f}). {naive}"
    )


def adjusted(
    dept: Department,
    compare: str = "district",
    *,
    terms: Sequence[str] = ("offence", "quarter"),
    most: int = 12,
    level: float = 0.95,
) -> Result:
    """How much faster cases are cleared by arrest in one group than in the largest, at equal offence and time.

    The hazard of arrest in whole intervals of days (``hazard_ratios``), so that the many cases cleared on the day of
    the report are handled exactly. Values beyond the ``most`` commonest of a term are put together as "other".
    An incident
    with several offences counts once per offence, as the caveat says. Result ``clearance_adjusted``.
    """
    title = f"Is clearance by arrest faster in some {compare}s, on like cases?"
    wanted = [compare, *(term for term in terms if term != compare and not lacking(dept, [term]))]
    if reason := lacking(dept, [compare]):
        return Result.not_assessable("clearance_adjusted", reason, title=title)
    held = cases(dept, wanted)
    rows = held.rows.assign(**{term: _common(held.rows, term, most) for term in wanted})
    rows = rows.groupby([*wanted, "days", "event"])[["n"]].sum().reset_index()
    if rows[compare].nunique() < 2:
        return Result.not_assessable("clearance_adjusted", f"fewer than two groups of {compare}", title=title)
    used = [term for term in wanted if rows[term].nunique() > 1]
    found = hazard_ratios(rows, "days", "event", used, weights="n", level=level, name="clearance_adjusted")
    if found.reason:
        return Result.not_assessable("clearance_adjusted", found.reason, title=title)
    table = found.table[found.table["term"] == compare].reset_index(drop=True)
    facts = {row["value"]: {key: row[key] for key in ("ratio", "low", "high", "p")} for row in table.to_dict("records")}
    said = "; ".join(
        f"{row['value']}: {row['ratio']:.2f} times ({row['low']:.2f} to {row['high']:.2f})"
        for row in table.sort_values("p").head(3).to_dict("records")
    )
    answer = f"Hazard of an arrest against {table['reference'].iloc[0]}, at equal {' and '.join(used[1:])}: {said}."
    caveats = [*held.caveats(), *found.caveats]
    if "offence" in used:
        caveats.append("An incident with several offences counts once per offence.")
    return Result(
        "clearance_adjusted",
        table,
        title,
        answer,
        found.method,
        caveats,
        facts | {"reference": str(table["reference"].iloc[0])},
        Chart(
            "dots",
            "value",
            "ratio",
            "low",
            "high",
            x_label=compare.capitalize(),
            y_label="Hazard ratio",
            marks={"target": 1.0},
            alt=answer,
        ),
        dict(found.labels) | {"value": compare.capitalize()},
    )


def _common(rows: pd.DataFrame, term: str, most: int) -> pd.Series:
    sizes = rows.groupby(term)["n"].sum().sort_values(ascending=False)
    kept = set(sizes.index[:most])
    return rows[term].where(rows[term].isin(kept), None).map(lambda value: "other" if pd.isna(value) else str(value))
