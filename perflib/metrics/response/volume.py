"""Did the number of records jump? A jump of every feed at once is the extraction, not demand."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.files.shared import once_per_batch
from perflib.metrics.response.groups import lacking
from perflib.metrics.response.scope import Scope, in_service, scope_of
from perflib.models.levels import Shift, level_shifts, shared_shifts, weekly
from perflib.result import Result
from perflib.words import response_changes as words


@once_per_batch
def volume_shift(dept: Department, *, by: str = "origin", **scope: Any) -> Result:
    """Level shifts of the weekly number of calls, per feed.

    Parameters
    ----------
    by : the column that tells the feeds apart (``origin``, ``reception``); missing is "unknown".
    scope : fields of ``Scope``; every origin counts.

    Returns
    -------
    Result ``volume_shift``: ``week`` (first day), ``feed`` ("all" and one per feed), ``calls``, ``shift``. Facts:
    ``message``, ``week`` and ``week_number`` (of the largest shared shift, else of the largest), ``before`` and
    ``after`` (records in the adjoining weeks), ``median_before`` and ``median_after`` (four weeks),
    ``together``, ``feeds`` {feed: {week, before, after}}.
    """
    asked = scope_of(dept, **{**scope, "origin": "all"})
    title = words.volume_title(asked.codes())
    if absent := lacking(dept, [by]):
        return Result.not_assessable(
            "volume_shift", f"the calls record no {absent[0]}, which tells the feeds apart", title=title
        )
    feeds = _weekly(dept, asked, by)
    if len(feeds.get("all", ())) < 8:
        return Result.not_assessable(
            "volume_shift", f"{len(feeds.get('all', ()))} whole weeks; 8 are needed", title=title
        )
    named = {feed: weeks for feed, weeks in feeds.items() if feed not in ("all", "unknown")}
    facts = _facts(shared_shifts(named), level_shifts(feeds["all"]), feeds, list(named))
    table = pd.concat(
        [pd.DataFrame({"week": weeks.index, "feed": feed, "calls": weeks.to_numpy()}) for feed, weeks in feeds.items()],
        ignore_index=True,
    )
    at = pd.Timestamp(facts["week"]) if facts.get("week") else None
    table["shift"] = table["week"] == at
    chart = Chart(
        "line",
        "week",
        "calls",
        by="feed",
        x_label="Week beginning",
        y_label="Calls a week",
        marks={"breaks": [facts["week"]] if at is not None else [], "zero": True},
    )
    return Result("volume_shift", table, facts=facts, chart=chart, words=partial(words.volume, asked=asked.codes()))


def _weekly(dept: Department, asked: Scope, by: str) -> dict[str, pd.Series]:
    calls = in_service(dept, asked)
    if by not in calls.columns:
        raise InputError(f"the calls have no column {by!r}", where="by", choices=calls.columns, found=by)
    counts = (
        calls.group_by(day=dept.local(calls.received_at).date(), feed=calls[by].fill_null("unknown"))
        .agg(n=lambda table: table.count())
        .execute()
    )
    if counts.empty:
        return {}
    grid = (
        counts.assign(day=pd.to_datetime(counts["day"]))
        .pivot_table(index="day", columns="feed", values="n", aggfunc="sum", fill_value=0)
        .asfreq("D", fill_value=0)
    )
    return {"all": weekly(grid.sum(axis=1)), **{str(feed): weekly(grid[feed]) for feed in grid.columns}}


def _facts(
    shared: dict[pd.Timestamp, dict[str, Shift]],
    whole: tuple[Shift, ...],
    feeds: dict[str, pd.Series],
    named: list[str],
) -> dict[str, Any]:
    if not shared and not whole:
        return {"message": words.jump(0), "week": None, "week_number": None, "together": False, "feeds": {}}
    at = (
        max(shared, key=lambda day: max(abs(shift.z) for shift in shared[day].values()))
        if shared
        else (max(whole, key=lambda shift: abs(shift.z)).at)
    )
    weeks = feeds["all"]
    place = list(weeks.index).index(at)
    return {
        "message": words.jump(len(shared.get(at, ())), len(named)),
        "week": at.date().isoformat(),
        "week_number": week_number(at),
        "before": int(weeks.iloc[place - 1]),
        "after": int(weeks.iloc[place]),
        "median_before": float(weeks.iloc[max(0, place - 4) : place].median()),
        "median_after": float(weeks.iloc[place : place + 4].median()),
        "together": bool(shared),
        "feeds": {feed: _shift(shift) for feed, shift in shared.get(at, {}).items()},
    }


def _shift(shift: Shift) -> dict[str, Any]:
    return {"week": shift.at.date().isoformat(), "before": shift.before, "after": shift.after}


def week_number(day: pd.Timestamp) -> int:
    """Number of the week that ``day`` begins: a Sunday counted as spreadsheets do (1 January in week 1), else ISO."""
    if day.day_of_week == 6:
        return int(day.strftime("%U")) + (pd.Timestamp(day.year, 1, 1).day_of_week != 6)
    return int(day.isocalendar()[1])
