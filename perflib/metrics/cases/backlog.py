"""Open cases by age: how many wait, and for how long."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import ibis
import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.cases.clearance import each
from perflib.metrics.cases.scope import cases, followed_to, unanswerable
from perflib.result import Result
from perflib.words import cases as words

EDGES = (0, 8, 31, 91, 366, 10**6)
AGES = ("0-7 days", "8-30 days", "31-90 days", "91-365 days", "over a year")
STATES = ("open", "inactive")


def backlog(dept: Department, by: str = "") -> Result:
    """Cases not cleared on the last day they were followed to, by days since the report, open and inactive apart.

    Returns
    -------
    Result ``backlog`` with a row per age (and group): ``age``, ``open``, ``inactive``, ``cases``. Where the source has
    no status every uncleared case counts as open. Facts: ``open``, ``inactive``, ``open_median_days``, ``by_age``.
    """
    keys = [by] if by else []
    if reason := unanswerable(dept, keys):
        return Result.not_assessable("backlog", reason, title=words.BACKLOG)
    rows = _uncleared(dept, keys)
    if rows.empty:
        return Result.not_assessable("backlog", "no case is open", title=words.BACKLOG)
    counts = rows.assign(age=pd.cut(rows["days"], EDGES, right=False, labels=AGES)).pivot_table(
        index=[*keys, "age"], columns="state", values="n", aggfunc="sum", observed=False, fill_value=0
    )
    table = counts.reindex(columns=list(STATES), fill_value=0).reset_index().astype({"age": str})
    table["cases"] = table["open"] + table["inactive"]
    days = each(rows[rows["state"] == "open"])
    facts = {
        "followed_to": str(followed_to(dept)),
        "open": int(table["open"].sum()),
        "inactive": int(table["inactive"].sum()),
        "open_median_days": float(days.median()) if len(days) else None,
        "by_age": table.groupby("age", sort=False)["open"].sum().to_dict(),
    }
    chart = Chart(
        "bars", "age", "cases" if by else "open", by=by or None, x_label="Days since the report", y_label="Cases"
    )
    return Result("backlog", table, facts=facts, chart=chart, words=partial(words.backlog, oldest=AGES[-1]))


def _uncleared(dept: Department, keys: list[str]) -> pd.DataFrame:
    """Uncleared cases by group, state and days open."""
    table, parts = dept.incidents, []
    for state in STATES if "status" in table.columns else STATES[:1]:
        narrowed = table
        if "status" in table.columns:
            idle = (table.status == "inactive").fill_null(ibis.literal(False))
            narrowed = table.filter(idle if state == "inactive" else ~idle)
        part = replace(dept, tables={**dept.tables, "incidents": narrowed})
        rows = cases(part, keys, end=followed_to(dept)).rows
        parts.append(rows[rows["event"] == 0].assign(state=state))
    return pd.concat(parts, ignore_index=True)
