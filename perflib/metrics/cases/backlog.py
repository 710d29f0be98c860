"""Open cases by age: how many wait, and for how long."""

from __future__ import annotations

from dataclasses import replace

import ibis
import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.cases.scope import cases, followed_to, lacking
from perflib.result import Result

EDGES = (0, 8, 31, 91, 366)
WORDS = ("0-7 days", "8-30 days", "31-90 days", "91-365 days", "over a year")
STATES = ("open", "inactive")


def backlog(dept: Department, by: str = "") -> Result:
    """Cases not cleared on the last day they were followed to, by days since the report, open and inactive apart.

    Returns
    -------
    Result ``backlog`` with a row per age (and group): ``age``, ``open``, ``inactive``, ``cases``. Where the source has
    no status every uncleared case counts as open. Facts: ``open``, ``inactive``, ``open_median_days``, ``by_age``.
    """
    title = "How many cases are open, and for how long?"
    keys = [by] if by else []
    if reason := lacking(dept, keys):
        return Result.not_assessable("backlog", reason, title=title)
    end = followed_to(dept)
    rows = _uncleared(dept, keys)
    if rows.empty:
        return Result.not_assessable("backlog", "no case is open", title=title)
    age = pd.cut(rows["days"], [*EDGES, 10**6], right=False, labels=list(WORDS))
    counted = (
        rows.assign(age=age)
        .pivot_table(index=[*keys, "age"], columns="state", values="n", aggfunc="sum", observed=False, fill_value=0)
        .reindex(columns=list(STATES), fill_value=0)
    )
    table = counted.reset_index().assign(age=lambda found: found["age"].astype(str))
    table["cases"] = table["open"] + table["inactive"]
    opened = rows[rows["state"] == "open"]
    days = pd.Series(np.repeat(opened["days"].to_numpy(float), opened["n"].to_numpy(int)))
    facts = {
        "followed_to": str(end),
        "open": int(table["open"].sum()),
        "inactive": int(table["inactive"].sum()),
        "open_median_days": float(days.median()) if len(days) else None,
        "by_age": {str(age): int(n) for age, n in table.groupby("age", sort=False)["open"].sum().items()},
    }
    old = int(table.loc[table["age"] == WORDS[-1], "open"].sum())
    middle = f", for {facts['open_median_days']:.0f} days at the median" if len(days) else ""
    answer = (
        f"On {end} {facts['open']:,} cases were open{middle}; {old:,} of them for over a year. "
        f"{facts['inactive']:,} more are inactive."
    )
    return Result(
        "backlog",
        table,
        title,
        answer,
        "Counts of uncleared, founded cases by calendar days since the report.",
        ["An open case is not a failure: many have no lead. Inactive cases were set aside by the source."],
        facts,
        Chart(
            "bars",
            "age",
            "cases" if by else "open",
            by=by or None,
            x_label="Days since the report",
            y_label="Cases",
            alt=answer,
        ),
        {"age": "Days since the report", "open": "Open (cases)", "inactive": "Inactive (cases)", "cases": "Cases"},
    )


def _uncleared(dept: Department, keys: list[str]) -> pd.DataFrame:
    """Uncleared cases by group, state and days open."""
    parts = []
    for state in STATES:
        if "status" not in dept.incidents.columns:
            held = cases(dept, keys).rows if state == "open" else pd.DataFrame()
        else:
            table = dept.incidents
            idle = (table.status == "inactive").fill_null(ibis.literal(False))
            kept = table.filter(idle if state == "inactive" else ~idle)
            narrowed = replace(dept, tables={**dept.tables, "incidents": kept})
            held = cases(narrowed, keys, end=followed_to(dept)).rows
        if len(held):
            parts.append(held[held["event"] == 0].assign(state=state))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*keys, "days", "n", "state"])
