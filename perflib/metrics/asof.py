"""Figures as they were known: reporting triangles, nowcasts, provisional days and which published figure moved."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import ibis
import pandas as pd

from perflib.agency import COARSE, Department
from perflib.errors import InputError, why
from perflib.files.roots import given
from perflib.files.shared import once_per_batch
from perflib.models.trend import nowcast as model
from perflib.models.trend.nowcast import COMPLETE
from perflib.privacy.quoting import quoted_all
from perflib.result import Result
from perflib.words import counts

_SMALL = 1e-9


def triangle(
    dept: Department, table: str = "incidents", date: str = "", *, by: str = "", every: int = 7, releases: int = 12
) -> pd.DataFrame:
    """Successive releases of a table's daily counts, rebuilt from when each row was recorded.

    Parameters
    ----------
    date : the column whose local day is counted; default: the table's own date. by : column of groups.
    every : days between the releases; the last is the as-of day, else the last day on which a row was recorded.

    Returns
    -------
    Long frame ``release``, ``date``, ``count`` and, with ``by``, ``group``, for ``perflib.models.trend.nowcast``.
    A day without rows is there with 0.

    Raises
    ------
    InputError : the table has no ``recorded_at`` or no such column.
    """
    rows, day = dept.table(table), date or dept.stamp(table)
    lacking = [name for name in ("recorded_at", day, *([by] if by else [])) if name not in rows.columns]
    if lacking:
        raise InputError(
            f"the {table} have no column {lacking[0]!r}",
            where="triangle",
            choices=rows.columns,
            do="give successive releases of the counts instead (perflib.models.trend.nowcast)",
        )
    counted = _counted(dept, rows, day, by)
    last = pd.Timestamp(dept.known_on) if dept.known_on else counted["recorded"].max()
    ends = [last - pd.Timedelta(days=every * step) for step in range(releases)][::-1]
    first = counted["date"].min()
    parts = [_release(counted[counted["recorded"] <= end], first, end) for end in ends if end > first]
    return (
        pd.concat(parts, ignore_index=True)
        .rename(columns={} if by else {"group": "_"})
        .drop(columns=[] if by else ["_"])
    )


def _counted(dept: Department, rows: Any, day: str, by: str) -> pd.DataFrame:
    """Rows per local day of the event, local day of the record and group."""
    moment, known = rows[day], dept.local(rows.recorded_at).date()
    event = dept.local(moment).date() if moment.type().is_timestamp() else moment
    group = rows[by].cast("string").fill_null("not recorded") if by else None
    keyed = rows.mutate(date=event, recorded=known, group=group if group is not None else ibis.literal("all"))
    keyed = keyed.filter(keyed.date.notnull() & keyed.recorded.notnull())
    found = keyed.group_by(["date", "recorded", "group"]).agg(n=keyed.count()).execute()
    return found.assign(date=pd.to_datetime(found["date"]), recorded=pd.to_datetime(found["recorded"]))


def _release(known: pd.DataFrame, first: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    wide = known.pivot_table(index="date", columns="group", values="n", aggfunc="sum")
    wide = wide.reindex(pd.date_range(first, end, name="date")).fillna(0)
    long = wide.reset_index().melt("date", var_name="group", value_name="count")
    return long.assign(release=end)[["release", "date", "group", "count"]]


@once_per_batch
def nowcast(
    dept: Department,
    table: str = "incidents",
    date: str = "",
    *,
    by: str = "",
    levels: Sequence[float] = (0.8, 0.95),
    complete: float = COMPLETE,
    horizon: float = 90,
) -> Result:
    """What the newest days of a table will come to, from how late its rows were recorded (``triangle``).

    ``levels``, ``complete`` and ``horizon`` are those of ``perflib.models.trend.nowcast``. Not assessable without
    ``recorded_at``. Name ``nowcast_<table>``.
    """
    name, title = f"nowcast_{table}", counts.nowcast_title(table)
    if not dept.has(table, "recorded_at"):
        return Result.not_assessable(name, f"the {table} do not say when they were recorded (recorded_at)", title=title)
    if (grain := dept.resolution(table)) in COARSE and date in ("", dept.stamp(table)):
        return Result.not_assessable(name, f"the dates of the {table} tell the {grain} alone, not the day", title=title)
    releases = triangle(dept, table, date, by=by)
    found = model(releases, levels, group="group" if by else None, horizon=horizon, complete=complete, name=name)
    return replace(found, words=partial(counts.nowcast, counts=table, levels=levels, complete=complete))


def complete_through(found: Result) -> dt.date:
    """The last day that a nowcast does not mark provisional. Raises InputError when it was not assessable."""
    if found.reason:
        raise InputError(found.reason, where=found.name)
    return dt.date.fromisoformat(found.facts["complete_through"])


def mark_provisional(frame: pd.DataFrame, end: str, through: dt.date | str) -> pd.DataFrame:
    """A copy with ``provisional``: whether the period of a row ends (column ``end``) after the last complete day.

    Raises InputError when the column is absent.
    """
    if end not in frame.columns:
        raise InputError(
            f"no column {end!r}", where="mark_provisional", choices=quoted_all(frame.columns, end), found=end
        )
    return frame.assign(provisional=pd.to_datetime(frame[end]).dt.normalize() > pd.Timestamp(through))


def comparable(first: tuple[Any, Any], second: tuple[Any, Any], through: dt.date | str) -> list[str]:
    """Caveats for comparing two periods (first day, last day): one per period that holds incomplete days."""
    limit = pd.Timestamp(through)
    return [
        f"{pd.Timestamp(start):%Y-%m-%d} to {pd.Timestamp(end):%Y-%m-%d} is provisional: days after {limit:%Y-%m-%d} "
        "are not yet complete, so the comparison is not one of like with like."
        for start, end in (first, second)
        if pd.Timestamp(end) > limit
    ]


def change_log(before: Any, after: Any, *, tolerance: float = 0.0, name: str = "change_log") -> Result:
    """Which figures moved between two publications.

    Parameters
    ----------
    before, after : facts: a mapping (nested as in ``facts.json``), or the path of a facts.json.
    tolerance : relative change below which a number counts as unmoved.

    Returns
    -------
    Result with a row per figure that moved, appeared or vanished: ``figure`` (its path), ``before``, ``after``,
    ``change``, ``relative``. Facts: ``compared``, ``moved``, ``appeared``, ``vanished``.

    Raises
    ------
    InputError : a path is no facts file.
    """
    old, new = (_flat(_facts(item)) for item in (before, after))
    rows = [
        _row(key, old.get(key), new.get(key))
        for key in sorted(old.keys() | new.keys())
        if _moved(old.get(key), new.get(key), tolerance)
    ]
    table = pd.DataFrame(rows, columns=["figure", "before", "after", "change", "relative"])
    appeared, vanished = sum(key not in old for key in table["figure"]), sum(key not in new for key in table["figure"])
    facts = {
        "compared": len(old.keys() & new.keys()),
        "moved": len(table) - appeared - vanished,
        "appeared": appeared,
        "vanished": vanished,
    }
    answer = (
        f"{facts['moved']:,} of {facts['compared']:,} figures moved, {appeared:,} appeared and {vanished:,} vanished."
        if rows
        else f"None of {facts['compared']:,} figures moved."
    )
    return Result(
        name,
        table,
        "Which published figures have moved since?",
        answer,
        "Every fact of both publications compared.",
        (),
        facts,
        None,
        {"figure": "Figure", "before": "Before", "after": "Now", "change": "Change", "relative": "Relative change"},
    )


def moved_since(
    dept: Department, earlier: str | dt.date, figure: Callable[[Department], Result], later: str | dt.date | None = None
) -> Result:
    """The figures of ``figure(department)`` as known on two dates (``later``: now), and which of them moved."""
    now = dept.as_of(later) if later is not None else dept
    found = [figure(held) for held in (dept.as_of(earlier), now)]
    log = change_log(found[0].facts, found[1].facts, name=f"{found[1].name}_moved")
    return log.with_caveats(f"As known on {earlier}, against {later or 'what is known now'}.")


def _facts(item: Any) -> Mapping[str, Any]:
    if isinstance(item, Mapping):
        return item
    if isinstance(item, Result):
        return item.facts
    try:
        found = json.loads(given(item, "change_log").read_text(encoding="utf-8"))
    except (OSError, TypeError, ValueError) as fault:
        if isinstance(fault, InputError):
            raise
        raise InputError(
            f"no facts: {why(fault)}", where="change_log", do="give a mapping or the path of a facts.json"
        ) from None
    return found if isinstance(found, Mapping) else {"facts": found}


def _flat(facts: Any, path: str = "") -> dict[str, Any]:
    if isinstance(facts, Mapping):
        items = [(str(key), value) for key, value in facts.items()]
    elif isinstance(facts, (list, tuple)):
        items = [(str(place), value) for place, value in enumerate(facts)]
    else:
        return {path: facts}
    return {
        key: value for name, held in items for key, value in _flat(held, f"{path}.{name}" if path else name).items()
    }


def _numbers(*values: Any) -> bool:
    return all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


def _moved(old: Any, new: Any, tolerance: float) -> bool:
    if _numbers(old, new):
        return abs(new - old) > max(_SMALL, tolerance * abs(old))
    return bool(old != new)


def _row(key: str, old: Any, new: Any) -> dict[str, Any]:
    change = new - old if _numbers(old, new) else None
    return {
        "figure": key,
        "before": old,
        "after": new,
        "change": change,
        "relative": change / old if change is not None and old else None,
    }
