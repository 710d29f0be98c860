"""The share of cases cleared by arrest or exceptionally by a given day, and the days that an arrest takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.cases.scope import AT, CAUSES, Cases, cases, lacking
from perflib.models.survival import cumulative_incidence
from perflib.result import Result

_TITLE = "What share of cases is cleared, how, and how soon?"
_UCR = (
    "Clearances of a year over offences of that year (the UCR-style ratio) mix cohorts: it counts clearances of "
    "older cases and holds young cases against the police. It is shown for comparison only."
)


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
    and ``exceptional_share`` (so far), ``at`` by cause and day, ``ucr_ratio`` (with its warning in the caveats),
    ``followed_to``.
    """
    label = name or f"clearance{f'_by_{by}' if by else ''}"
    keys = [by] if by else []
    if reason := lacking(dept, keys):
        return Result.not_assessable(label, reason, title=_TITLE)
    held = cases(dept, keys)
    rows, small = _enough(held.rows, by, fewest)
    if rows.empty:
        return Result.not_assessable(label, f"no group has {fewest} cases" if by else "no case", title=_TITLE)
    found = cumulative_incidence(
        rows["days"],
        rows["event"],
        rows[by].astype(str) if by else None,
        weights=rows["n"],
        at=at,
        level=level,
        causes=CAUSES,
        ended="cleared by",
        name=label,
        title=_title(by),
    )
    if found.reason:
        return found
    facts = _facts(found, rows, by) | {"followed_to": str(held.end)}
    return Result(
        label,
        _moves(found.table),
        found.title,
        found.answer,
        found.method,
        [*held.caveats(), *found.caveats, _UCR, *small],
        facts,
        _chart(found, by),
        {**found.labels, "group": by.replace("_", " ").capitalize()} if by else found.labels,
    )


def _moves(curves: pd.DataFrame) -> pd.DataFrame:
    """The rows of step curves at which a curve, or an end of its interval, moves; the first and last of each."""
    keys, drawn = ["group", "cause"], ["incidence", "low", "high"]
    at = curves.groupby(keys, sort=False)["time"]
    same = (curves[keys + drawn].fillna(-1) == curves[keys + drawn].fillna(-1).shift()).all(axis=1)
    return curves[~same | (curves["time"] == at.transform("max"))].reset_index(drop=True)


def _enough(rows: pd.DataFrame, by: str, fewest: int) -> tuple[pd.DataFrame, list[str]]:
    if not by:
        return rows, []
    sizes = rows.groupby(by)["n"].sum()
    small = sizes.index[sizes < fewest]
    words = [
        f"{len(small)} groups with fewer than {fewest} cases are left out ({', '.join(map(str, small[:4]))}, ...)."
    ]
    return rows[~rows[by].isin(small)], words if len(small) else []


def _title(by: str) -> str:
    return f"{_TITLE[:-1]}, by {by}?" if by else _TITLE


def _facts(found: Result, rows: pd.DataFrame, by: str) -> dict[str, Any]:
    parts = {str(one): part for one, part in rows.groupby(by)} if by else {"": rows}
    facts: dict[str, Any] = {}
    for one, part in parts.items():
        known = dict(found.facts[one] if by else found.facts)
        share = {
            cause: float(part.loc[part["event"] == code, "n"].sum() / part["n"].sum()) for code, cause in CAUSES.items()
        }
        known |= {f"{cause}_share": value for cause, value in share.items()} | {"ucr_ratio": sum(share.values())}
        facts |= {one: known} if by else known
    return facts


def _chart(found: Result, by: str) -> Chart:
    chart = Chart(
        "steps",
        "time",
        "incidence",
        "low",
        "high",
        "cause",
        "Days since the report",
        "Cleared (share of cases)",
        alt=found.answer,
    )
    return replace(chart, low=None, high=None, by="group", marks={"choose": ["cause"]}) if by else chart


def time_to_arrest(dept: Department, *, at: Sequence[float] = AT, level: float = 0.95) -> Result:
    """Days from report to arrest among the cases that had one, with the share that had one beside it.

    The days describe cleared cases only: they fall when hard cases are never cleared. Result ``time_to_arrest``; facts
    ``p50``, ``p90``, ``p99``, ``max`` (days), ``arrests``, ``cases``, ``arrest_share`` and ``incidence`` by day
    (``estimate``, ``low``, ``high``).
    """
    title = "How long does an arrest take, where there is one?"
    if reason := lacking(dept):
        return Result.not_assessable("time_to_arrest", reason, title=title)
    held = cases(dept)
    solved = held.rows[held.rows["event"] == 1]
    if solved.empty:
        return Result.not_assessable("time_to_arrest", "no case has an arrest", title=title)
    whole = clearance(dept, at=at, level=level)
    days = pd.Series(np.repeat(solved["days"].to_numpy(float), solved["n"].to_numpy(int)))
    facts = {f"p{q}": float(days.quantile(q / 100, interpolation="linear")) for q in (50, 90, 99)}
    facts |= {
        "max": float(days.max()),
        "arrests": int(solved["n"].sum()),
        "cases": int(held.rows["n"].sum()),
        "arrest_share": whole.facts["arrest_share"],
        "incidence": whole.facts["at"]["arrest"],
    }
    rows = [
        {
            "days": int(day),
            "arrest": share["estimate"],
            "low": share["low"],
            "high": share["high"],
            "at_risk": share["at_risk"],
        }
        for day, share in whole.facts["at"]["arrest"].items()
    ]
    answer = (
        f"{facts['arrests']:,} of {facts['cases']:,} cases ({facts['arrest_share']:.1%}) have an arrest. Among these "
        f"the median is {facts['p50']:.0f} days, the 90th percentile {facts['p90']:.0f}, the 99th "
        f"{facts['p99']:.0f}, the longest {facts['max']:.0f}."
    )
    return Result(
        "time_to_arrest",
        pd.DataFrame(rows),
        title,
        answer,
        whole.method,
        [
            "Days to an arrest describe cleared cases only; read them beside the share of all cases cleared by "
            "each day.",
            *_heaping(held, whole),
        ],
        facts,
        Chart(
            "dots",
            "days",
            "arrest",
            "low",
            "high",
            x_label="Days since the report",
            y_label="Cleared by arrest (share of cases)",
            alt=answer,
        ),
        {
            "days": "Days since the report",
            "arrest": "Cleared by arrest (share)",
            "low": f"{level:.0%} low",
            "high": f"{level:.0%} high",
            "at_risk": "Still followed (cases)",
        },
    )


def _heaping(held: Cases, whole: Result) -> list[str]:
    return [text for text in whole.caveats if text in held.caveats()]
