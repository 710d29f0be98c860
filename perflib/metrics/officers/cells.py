"""Officers' events and exposure by assignment and period, aggregated in the engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import ibis
import ibis.expr.types as ir
import pandas as pd

from perflib.agency import Department
from perflib.engine.tables import view
from perflib.errors import InputError
from perflib.metrics.officers.measures import EXPOSURES, Measure

#: columns of an assignment that may define peers.
POSTS = ("unit", "district", "shift", "duty", "beat")
PERIODS = {"month": "M", "quarter": "Q", "year": "Y", "": ""}
NONE = "not recorded"


@dataclass(frozen=True, eq=False)
class Cells:
    """``frame``: officer, period, the assignment's columns, exposure, events; ``by`` the columns there are.

    ``without_officer`` events name nobody.
    """

    frame: pd.DataFrame
    by: tuple[str, ...]
    period: str
    without_officer: int

    @property
    def unplaced(self) -> int:
        """Events on a day without an assignment or any exposure."""
        return int(self.frame.loc[self.frame["exposure"] <= 0, "events"].sum())


def cells(
    dept: Department, measured: Measure, per: str, by: Sequence[str], period: str, first: str, last: str
) -> Cells:
    """Events and exposure per officer, period and assignment.

    The assignment is the officer's post on that day (the one begun last, where spells overlap). Without a table of
    assignments it is what the event's own row says, which serves only where events and exposure are the same rows.
    With one, the engine is asked for the finest posts, once for every choice of columns.
    """
    check_days(first, last)
    own, there = not dept.has("assignments"), posts(dept, measured, per)
    if own and by and EXPOSURES[per].table != measured.table:
        raise InputError(
            f"peers by {', '.join(by)} need a table of assignments",
            where="by",
            do="add one to the department file, or compare with by=()",
        )
    for one in by:
        if one not in there:
            table = measured.table if own else "assignments"
            raise InputError(f"{table} have no {one!r}", where="by", choices=there, found=one)
    if own:
        return _read(dept, measured, per, tuple(by), period, first, last)
    finest = _read(dept, measured, per, there, period, first, last)
    summed = finest.frame.groupby(["officer", "period", *by], sort=False, observed=True)[["exposure", "events"]].sum()
    return replace(finest, frame=summed.reset_index(), by=tuple(by))


@lru_cache(maxsize=16)
def _read(
    dept: Department, measured: Measure, per: str, keys: tuple[str, ...], period: str, first: str, last: str
) -> Cells:
    own = () if dept.has("assignments") else keys
    events = _events(dept, measured, own, first, last)
    nobody = int(events.filter(events.officer_id.isnull()).value.sum().execute() or 0)
    named = events.filter(events.officer_id.notnull())
    done = _placed(dept, named, keys, period).rename(columns={"value": "events"})
    if per == "months":
        work = _months(dept, keys, period, first, last)
    else:
        work = _placed(dept, _worked(dept, measured, per, own, first, last), keys, period)
    on = ["officer", "period", *keys]
    work = work.rename(columns={"value": "exposure"})
    if work.empty and done.empty:  # two empty results of the engine cannot be merged
        return Cells(pd.DataFrame(columns=[*on, "exposure", "events"]), keys, period, nobody)
    frame = work.merge(done, how="outer", on=on).fillna({"exposure": 0.0, "events": 0.0})
    return Cells(frame, keys, period, nobody)


def check_days(first: str, last: str) -> None:
    """Refuse a first or last day that is no ISO date, or that lie the wrong way round. Raises InputError."""
    for name, day in (("first", first), ("last", last)):
        try:
            if day:
                dt.date.fromisoformat(day)
        except (TypeError, ValueError):
            raise InputError(f"{day!r} is not a date", where=name, do="write it as YYYY-MM-DD") from None
    if first and last and first > last:
        raise InputError(f"{first} lies after {last}", where="first, last", do="give the earlier day first")


def posts(dept: Department, measured: Measure, per: str) -> tuple[str, ...]:
    """The columns that can define peers for a measure."""
    own = not dept.has("assignments")
    if own and (not per or EXPOSURES[per].table != measured.table):
        return ()
    return tuple(one for one in POSTS if dept.has(measured.table if own else "assignments", one))


def _events(dept: Department, measured: Measure, keys: Sequence[str], first: str, last: str) -> ir.Table:
    rows = dept.table(measured.table)
    rows = rows.filter(measured.what(rows)) if measured.what else rows
    key, stamp = (
        ibis.coalesce(*(rows[one] for one in names if one in rows.columns)) for names in (measured.key, measured.stamp)
    )
    flat = rows.select("officer_id", *keys, day=dept.local(stamp).date(), key=key)
    flat = within(flat, first, last)
    return flat.group_by(["officer_id", "day", *keys]).agg(value=flat.key.nunique())


def within(rows: ir.Table, first: str, last: str) -> ir.Table:
    """The rows whose ``day`` is known and lies between two ISO dates, either of which may be empty."""
    rows = rows.filter(rows.day.notnull())
    rows = rows.filter(rows.day >= ibis.date(first)) if first else rows
    return rows.filter(rows.day <= ibis.date(last)) if last else rows


def _worked(dept: Department, measured: Measure, per: str, own: Sequence[str], first: str, last: str) -> ir.Table:
    """Work per officer and day: rows of the exposure's table, or its hours without leave."""
    what = EXPOSURES[per]
    rows = dept.table(what.table)
    if measured.known is not None and what.table == measured.table:
        rows = rows.filter(measured.known(rows))
    rows = rows.filter(rows.officer_id.notnull())
    size = rows.ended_at.delta(rows.started_at, unit="second") / 3600 if per == "hours" else ibis.literal(1.0)
    if per == "hours" and "kind" in rows.columns:
        size = ibis.ifelse(rows.kind.fill_null("regular") == "leave", 0.0, size)
    flat = within(rows.select("officer_id", *own, day=dept.local(rows[what.stamp]).date(), size=size), first, last)
    return flat.group_by(["officer_id", "day", *own]).agg(value=flat["size"].sum())


def _placed(dept: Department, daily: ir.Table, keys: Sequence[str], period: str) -> pd.DataFrame:
    """Sums per officer, period and post from officer-days."""
    if keys and dept.has("assignments"):
        spells = _spells(dept, keys)
        days = daily.left_join(
            spells,
            [
                daily.officer_id == spells.who,
                spells.start_on <= daily.day,
                spells.end_on.isnull() | (spells.end_on >= daily.day),
            ],
        )
        daily = days.group_by(["officer_id", "day"]).agg(
            value=days.value.max(), **{one: days[one].argmax(days.start_on) for one in keys}
        )
    named = daily.mutate(
        period=_period(daily.day, period), officer=daily.officer_id, **{one: daily[one].fill_null(NONE) for one in keys}
    )
    return named.group_by(["officer", "period", *keys]).agg(value=named.value.sum()).execute()


def _period(day: ir.DateValue, period: str) -> ir.Value:
    return day.truncate(PERIODS[period]) if period else ibis.literal("all")


def _spells(dept: Department, keys: Sequence[str]) -> ir.Table:
    rows = dept.assignments
    end = rows.end_on if "end_on" in rows.columns else ibis.null("date")
    spells = rows.select(*keys, who=rows.officer_id, start_on=rows.start_on.cast("date"), end_on=end.cast("date"))
    if not dept.has("officers", "left_on"):
        return spells
    staff = dept.officers.select(left="officer_id", left_on=dept.officers.left_on.cast("date"))
    joined = spells.left_join(staff, spells.who == staff.left)
    return view(
        joined.select(
            *keys,
            "who",
            "start_on",
            end_on=ibis.least(
                ibis.coalesce(joined.end_on, joined.left_on), ibis.coalesce(joined.left_on, joined.end_on)
            ),
        )
    )


def _months(dept: Department, keys: Sequence[str], period: str, first: str, last: str) -> pd.DataFrame:
    """Months in the post: days of each spell in each calendar month over the days of a mean month."""
    spells = _spells(dept, keys)
    if not (first and last):
        raise InputError(
            "months of assignment need the first and last day of the comparison",
            where="first, last",
            do="name the span for which events were recorded",
        )
    starts = pd.date_range(pd.Timestamp(first).replace(day=1), last, freq="MS")
    calendar = ibis.memtable(pd.DataFrame({"opens": starts, "closes": starts + pd.offsets.MonthEnd(0)}))
    calendar = calendar.select(opens=calendar.opens.date(), closes=calendar.closes.date())
    # spells may be a join already: as the right side it stays one table
    days = calendar.join(
        spells, [spells.start_on <= calendar.closes, spells.end_on.isnull() | (spells.end_on >= calendar.opens)]
    )
    begun = ibis.greatest(days.start_on, days.opens, ibis.date(first))
    ended = ibis.least(ibis.coalesce(days.end_on, days.closes), days.closes, ibis.date(last))
    spent = days.mutate(
        officer=days.who,
        period=_period(days.opens, period),
        size=(ended.delta(begun, unit="day") + 1) / 30.4375,
        **{one: days[one].fill_null(NONE) for one in keys},
    )
    spent = spent.filter(spent["size"] > 0)
    return spent.group_by(["officer", "period", *keys]).agg(value=spent["size"].sum()).execute()
