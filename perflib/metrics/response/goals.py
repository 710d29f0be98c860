"""Are the response targets met?"""

from __future__ import annotations

from typing import Any

import ibis
import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.response.groups import grouped
from perflib.metrics.response.scope import Scope, measured, unanswerable
from perflib.rates import wilson
from perflib.result import Result
from perflib.words import response as words


def targets(dept: Department, *, level: float = 0.95, **scope: Any) -> Result:
    """Share of calls reached within each priority's target.

    The department's ``priority_targets`` map a priority to minutes, or to ``{minutes: 7, share: 0.9}``.

    Returns
    -------
    Result ``response_targets``: ``priority``, ``target_min``, ``target_share``, ``n``, ``known``, ``within``, ``share``
    of the known with its Wilson interval ``low``/``high``, and ``share_lower``/``share_upper``, of all calls, with the
    missing counted as late and as in time. Not assessable without targets.
    """
    goals = dept.settings.get("priority_targets") or {}
    if not goals:
        return Result.not_assessable("response_targets", "the department file names no priority_targets")
    asked = Scope(**scope)
    if reason := unanswerable(dept, asked.interval, ["priority"]):
        return Result.not_assessable("response_targets", reason)
    rows = grouped(dept, measured(dept, asked), ["priority"])
    wanted = {str(code): _goal(goal) for code, goal in goals.items()}
    limit = ibis.cases(*((rows.priority == code, goal[0]) for code, goal in wanted.items()))
    found = (
        rows.mutate(aim=limit)
        .filter(limit.notnull())
        .group_by("priority")
        .agg(n=lambda t: t.count(), known=lambda t: t.minutes.count(), within=lambda t: (t.minutes <= t.aim).sum())
        .order_by("priority")
        .execute()
    )
    if not found["known"].sum():
        return Result.not_assessable("response_targets", "no call of a priority with a target")
    table = _shares(found, wanted, level)
    facts = {row["priority"]: {key: row[key] for key in row if key != "priority"} for row in table.to_dict("records")}
    chart = Chart(
        "dots",
        "priority",
        "share",
        "low",
        "high",
        x_label="Priority",
        y_label="Share within target",
        marks={"outer_low": "share_lower", "outer_high": "share_upper"},
    )
    return Result("response_targets", table, facts=facts, chart=chart, words=words.targets)


def _goal(goal: Any) -> tuple[float, float | None]:
    if isinstance(goal, dict):
        return float(goal["minutes"]), goal.get("share")
    return float(goal), None


def _shares(found: pd.DataFrame, wanted: dict[str, tuple[float, float | None]], level: float) -> pd.DataFrame:
    within = found["within"].fillna(0).astype(int)
    some = found["known"] > 0
    low, high = (np.where(some, end, np.nan) for end in wilson(within, found["known"], level))
    lost = found["n"] - found["known"]
    return found.assign(
        target_min=[wanted[code][0] for code in found["priority"]],
        within=within,
        target_share=pd.Series([wanted[code][1] for code in found["priority"]], dtype=float),
        share=within / found["known"].where(some),
        low=low,
        high=high,
        share_lower=within / found["n"],
        share_upper=(within + lost) / found["n"],
    )
