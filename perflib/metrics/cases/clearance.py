"""The share of cases cleared by arrest or exceptionally by a given day, and the days that an arrest takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.cases.scope import AT, CAUSES, cases, unanswerable
from perflib.models.survival import cumulative_incidence
from perflib.result import Result
from perflib.words import cases as words


def clearance(
    dept: Department, by: str = "", *, at: Sequence[float] = AT, level: float = 0.95, fewest: int = 30, name: str = ""
) -> Result:
    """Cumulative incidence of clearance by arrest, exceptional clearance competing, open cases censored.

    Parameters
    ----------
    by : "" for all cases, or a column of the incidents (``district``, ``offence``) or a part of the day of report.
        Grouped by offence an incident counts once for each of its offences.
    at : days after the report; fewest : smaller groups are left out, and named in the caveats.

    Returns
    -------
    Result ``clearance`` (or ``clearance_by_<by>``): the curves as ``cumulative_incidence`` gives them, at the days on
    which one moves and at its first and last. Facts, per group when grouped: ``n`` cases, ``open``, ``arrest_share``
    and ``exceptional_share`` (so far), ``at`` by cause and day, ``followed_to`` and ``ucr_ratio``: clearances of a year
    over offences of that year, which mixes cohorts and holds young cases against the police; for comparison only.
    """
    label, title = name or f"clearance{f'_by_{by}' if by else ''}", words.clearance_title(by)
    keys = [by] if by else []
    if reason := unanswerable(dept, keys):
        return Result.not_assessable(label, reason, title=title)
    followed = cases(dept, keys)
    rows, small = _enough(followed.rows, by, fewest)
    if rows.empty:
        return Result.not_assessable(label, f"no group has {fewest} cases" if by else "no case", title=title)
    curves = cumulative_incidence(
        rows["days"],
        rows["event"],
        rows[by].astype(str) if by else None,
        weights=rows["n"],
        at=at,
        level=level,
        causes=CAUSES,
    )
    if curves.reason:
        return Result.not_assessable(label, curves.reason, title=title)
    chart = Chart(
        "steps",
        "time",
        "incidence",
        low=None if by else "low",
        high=None if by else "high",
        by="group" if by else "cause",
        x_label="Days since the report",
        y_label="Cleared (share of cases)",
        marks={"choose": ["cause"]} if by else {},
    )
    say = partial(words.clearance, by=by, level=level, left=followed.left(), small=small, fewest=fewest)
    facts = _facts(curves, rows, by) | {"followed_to": str(followed.end)}
    return Result(label, _moves(curves.table), facts=facts, chart=chart, words=say)


def _moves(curves: pd.DataFrame) -> pd.DataFrame:
    """The rows of step curves at which a curve, or an end of its interval, moves; the first and last of each."""
    drawn = curves[["group", "cause", "incidence", "low", "high"]].fillna(-1)
    last = curves["time"] == curves.groupby(["group", "cause"], sort=False)["time"].transform("max")
    return curves[~(drawn == drawn.shift()).all(axis=1) | last].reset_index(drop=True)


def _enough(rows: pd.DataFrame, by: str, fewest: int) -> tuple[pd.DataFrame, list[str]]:
    """The rows of groups with ``fewest`` cases, and the names of the smaller ones."""
    if not by:
        return rows, []
    sizes = rows.groupby(by)["n"].sum()
    small = sizes.index[sizes < fewest]
    return rows[~rows[by].isin(small)], small.astype(str).tolist()


def _facts(curves: Result, rows: pd.DataFrame, by: str) -> dict[str, object]:
    parts = {str(group): part for group, part in rows.groupby(by)} if by else {"": rows}
    facts: dict[str, dict[str, object]] = {}
    for group, part in parts.items():
        ended = part.groupby("event")["n"].sum() / part["n"].sum()
        share = {cause: float(ended.get(code, 0.0)) for code, cause in CAUSES.items()}
        facts[group] = {
            **(curves.facts[group] if by else curves.facts),
            **{f"{cause}_share": value for cause, value in share.items()},
            "ucr_ratio": sum(share.values()),
        }
    return dict(facts) if by else facts[""]


def time_to_arrest(dept: Department, *, at: Sequence[float] = AT, level: float = 0.95) -> Result:
    """Days from report to arrest among the cases that had one, with the share that had one beside it.

    The days describe cleared cases only: they fall when hard cases are never cleared. Result ``time_to_arrest``; facts
    ``p50``, ``p90``, ``p99``, ``max`` (days), ``arrests``, ``cases``, ``arrest_share`` and ``incidence`` by day
    (``estimate``, ``low``, ``high``).
    """
    if reason := unanswerable(dept):
        return Result.not_assessable("time_to_arrest", reason, title=words.TIME)
    followed = cases(dept)
    solved = followed.rows[followed.rows["event"] == 1]
    if solved.empty:
        return Result.not_assessable("time_to_arrest", "no case has an arrest", title=words.TIME)
    whole = clearance(dept, at=at, level=level).facts
    days = each(solved)
    facts = {f"p{q}": float(days.quantile(q / 100)) for q in (50, 90, 99)} | {
        "max": float(days.max()),
        "arrests": len(days),
        "cases": int(followed.rows["n"].sum()),
        "arrest_share": whole["arrest_share"],
        "incidence": whole["at"]["arrest"],
    }
    table = pd.DataFrame([{"days": int(day), **share} for day, share in facts["incidence"].items()])
    table = table.rename(columns={"estimate": "arrest"})[["days", "arrest", "low", "high", "at_risk"]]
    chart = Chart(
        "dots",
        "days",
        "arrest",
        "low",
        "high",
        x_label="Days since the report",
        y_label="Cleared by arrest (share of cases)",
    )
    say = partial(words.time_to_arrest, level=level, left=followed.left())
    return Result("time_to_arrest", table, facts=facts, chart=chart, words=say)


def each(rows: pd.DataFrame) -> pd.Series:
    """The days of every case, from rows that stand for ``n`` cases."""
    return pd.Series(np.repeat(rows["days"].to_numpy(float), rows["n"].to_numpy(int)))
