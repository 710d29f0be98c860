"""Did the number of records jump? A jump of every feed at once is the extraction, not demand."""

from __future__ import annotations

from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.response.groups import lacking
from perflib.metrics.response.scope import Scope, in_service
from perflib.metrics.response.words import first_upper
from perflib.models.levels import Shift, level_shifts, shared_shifts, weekly
from perflib.result import Result

MESSAGE = "both feeds jump together: check the extraction"
_METHOD = ("Weekly counts per feed; a shift is a change of the four-week median by at least 25 % and four "
           "over-dispersed Poisson deviations that happens mostly within one week.")


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
    asked = Scope(**{**scope, "origin": "all"})
    if absent := lacking(dept, [by]):
        return Result.not_assessable("volume_shift", f"the calls record no {absent[0]}, which tells the feeds apart",
                                     title=_title(asked), method=_METHOD)
    feeds = _weekly(dept, asked, by)
    if len(feeds.get("all", ())) < 8:
        return Result.not_assessable("volume_shift", f"{len(feeds.get('all', ()))} whole weeks; 8 are needed",
                                     title=_title(asked), method=_METHOD)
    named = {feed: weeks for feed, weeks in feeds.items() if feed not in ("all", "unknown")}
    shared, whole = shared_shifts(named), level_shifts(feeds["all"])
    facts = _facts(shared, whole, feeds, list(named))
    table = pd.concat([pd.DataFrame({"week": weeks.index, "feed": feed, "calls": weeks.to_numpy()})
                       for feed, weeks in feeds.items()], ignore_index=True)
    at = pd.Timestamp(facts["week"]) if facts.get("week") else None
    table["shift"] = table["week"] == at
    answer = _answer(facts)
    chart = Chart("line", "week", "calls", by="feed", x_label="Week beginning", y_label="Calls a week",
                  marks={"breaks": [facts["week"]] if at is not None else [], "zero": True}, alt=answer)
    warn = ("Counts before and after the jump must not be compared.",) if facts["together"] else ()
    return Result("volume_shift", table, _title(asked), answer, _METHOD, warn, facts, chart,
                  {"week": "Week beginning", "feed": "Feed", "calls": "Calls", "shift": "Jump"})


def _title(asked: Scope) -> str:
    return f"Did the number of records change? {first_upper(asked.words())}"


def _weekly(dept: Department, asked: Scope, by: str) -> dict[str, pd.Series]:
    calls = in_service(dept, asked)
    if by not in calls.columns:
        raise InputError(f"the calls have no column {by!r}", where="by", choices=calls.columns, found=by)
    counts = calls.group_by(day=dept.local(calls.received_at).date(), feed=calls[by].fill_null("unknown")).agg(
        n=lambda table: table.count()).execute()
    if counts.empty:
        return {}
    grid = counts.assign(day=pd.to_datetime(counts["day"])).pivot_table(
        index="day", columns="feed", values="n", aggfunc="sum", fill_value=0).asfreq("D", fill_value=0)
    return {"all": weekly(grid.sum(axis=1)), **{str(feed): weekly(grid[feed]) for feed in grid.columns}}


def _facts(
    shared: dict[pd.Timestamp, dict[str, Shift]], whole: tuple[Shift, ...], feeds: dict[str, pd.Series],
    named: list[str],
) -> dict[str, Any]:
    if not shared and not whole:
        return {"message": "no level shift", "week": None, "week_number": None, "together": False, "feeds": {}}
    at = max(shared, key=lambda day: max(abs(shift.z) for shift in shared[day].values())) if shared else (
        max(whole, key=lambda shift: abs(shift.z)).at)
    weeks = feeds["all"]
    place = list(weeks.index).index(at)
    return {
        "message": _message(shared.get(at), named), "week": at.date().isoformat(), "week_number": week_number(at),
        "before": int(weeks.iloc[place - 1]), "after": int(weeks.iloc[place]),
        "median_before": float(weeks.iloc[max(0, place - 4):place].median()),
        "median_after": float(weeks.iloc[place:place + 4].median()),
        "together": bool(shared), "feeds": {feed: _shift(shift) for feed, shift in shared.get(at, {}).items()},
    }


def _message(held: dict[str, Shift] | None, named: list[str]) -> str:
    if held is None:
        return "the number of records jumps in one feed only: ask what changed there"
    return MESSAGE if len(held) == 2 else f"{len(held)} of {len(named)} feeds jump together: check the extraction"


def _shift(shift: Shift) -> dict[str, Any]:
    return {"week": shift.at.date().isoformat(), "before": shift.before, "after": shift.after}


def week_number(day: pd.Timestamp) -> int:
    """Number of the week that ``day`` begins: a Sunday counted as spreadsheets do (1 January in week 1), else ISO."""
    if day.day_of_week == 6:
        return int(day.strftime("%U")) + (pd.Timestamp(day.year, 1, 1).day_of_week != 6)
    return int(day.isocalendar()[1])


def _answer(facts: dict[str, Any]) -> str:
    if not facts["week"]:
        return "The weekly number of records shows no level shift."
    parts = [f"{feed} {part['before']:,.0f} to {part['after']:,.0f}" for feed, part in facts["feeds"].items()]
    each = f" (medians of four weeks: {'; '.join(parts)})" if parts else ""
    return (f"In the week of {facts['week']} (week {facts['week_number']}) the number of records goes from "
            f"{facts['before']:,} to {facts['after']:,} a week{each}: {facts['message']}.")
