"""Each officer's events per exposure, against officers who held the same post in the same months."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.files.shared import once_per_batch
from perflib.metrics.officers import figure
from perflib.metrics.officers.cells import NONE, PERIODS, Cells, cells
from perflib.metrics.officers.measures import EXPOSURES, exposure, measure
from perflib.result import Result
from perflib.verdicts import Verdict
from perflib.words import officers as words


@once_per_batch
def compare(
    dept: Department,
    measure_name: str,
    by: Sequence[str] | None = None,
    *,
    per: str = "",
    period: str = "month",
    first: str = "",
    last: str = "",
    minimum: int = 5,
    times: float = 1.5,
    q: float = 0.10,
    name: str = "",
) -> Result:
    """Officers against peers: who has more or fewer events than the others at the same post in the same months?

    Parameters
    ----------
    measure_name : ``force``, ``complaints``, ``commendations``, ``frisks``, ``searches``, ``stops``, ``arrests``.
    by : columns of the assignment that make work comparable: ``unit``, ``district``, ``shift``, ``duty``, ``beat``;
        default the unit where assignments are known, else the district; () for the whole agency.
    per : ``responses``, ``calls``, ``stops``, ``arrests``, ``hours``, ``months``; default the best the department has.
    period : peers worked in the same ``month``, ``quarter``, ``year``; "" for any time.
    first, last : ISO dates; needed for ``months``.
    minimum, times, q : as in ``perflib.models.peers.same_work``.

    Returns
    -------
    Result of ``perflib.models.peers.same_work``: one row per officer with a verdict. Facts also ``measure``,
    ``per``, ``period``, ``without_officer`` and ``unplaced`` events, ``covered`` (share of all exposure that those who
    can be assessed hold) and ``unknown`` (column of ``by`` -> share of exposure where it is not recorded).

    Raises
    ------
    InputError : unknown measure, exposure, period or column.
    PrivacyError : a protected personal field in ``by``.
    """
    from perflib.models import peers

    measured, name = measure(measure_name), name or f"officers_{measure_name}"
    if period not in PERIODS:
        raise InputError(f"no period {period!r}", where="period", choices=PERIODS, found=period)
    peers.refuse(by or ())
    title = words.DIFFERS.format(events=measured.words)
    kind, reason = exposure(dept, measured, per)
    if reason:
        return Result.not_assessable(name, reason, title=title)
    work = EXPOSURES[kind]
    if by is None:
        by = ("unit",) if dept.has("assignments", "unit") else ()
        by = by or (("district",) if not dept.has("assignments") and dept.has("stops", "district") else ())
    counted = cells(dept, measured, kind, by, period, first, last)
    if counted.frame["exposure"].sum() <= 0:
        when = f" from {first or 'the beginning'} to {last or 'the end'} of the records" if first or last else ""
        return Result.not_assessable(name, f"no officer has any {work.words}{when}", title=title)
    found = peers.same_work(
        counted.frame,
        "officer",
        counted.by,
        "period" if period else None,
        minimum=minimum,
        times=times,
        q=q,
        minimum_exposure=work.least,
        exposure_words=work.words,
    )
    facts = {
        "measure": measure_name,
        "per": kind,
        "period": period,
        "without_officer": counted.without_officer,
        "unplaced": counted.unplaced,
        **_coverage(found.table, counted),
    }
    say = partial(words.compare, events=measured.words, work=work.words)
    draw = partial(_funnel, facts=found.facts, events=measured.words)
    return figure.result(name, found, title, say, draw, facts)


def _coverage(table: pd.DataFrame, counted: Cells) -> dict[str, Any]:
    """The share of all exposure that those who can be assessed hold, and where each column of the post is unknown."""
    frame, assessed = counted.frame, table.loc[table["verdict"] != Verdict.NOT_ASSESSABLE, "officer"]
    total = frame["exposure"].sum()

    def share(rows: pd.Series) -> float:
        return round(float(frame.loc[rows, "exposure"].sum() / total), 6)

    unknown = {one: share(frame[one] == NONE) for one in counted.by}
    return {"covered": share(frame["officer"].isin(assessed)), "unknown": unknown}


def _funnel(table: pd.DataFrame, facts: dict[str, Any], events: str) -> Chart:
    marks = {
        "centre": facts["centre"],
        "lower": "limit_low",
        "upper": "limit_high",
        "lower_998": "limit_low_998",
        "upper_998": "limit_high_998",
        "highlight": "flagged",
        "name": figure.names(table),
        "limits": "of ordinary officers",
    }
    x_label = f"Expected {events}"
    return Chart("funnel", "expected", "estimate", x_label=x_label, y_label="Count over expected", marks=marks)
