"""Cases as the models want them: one row per incident, how long it was followed and how it ended."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import pandas as pd

from perflib.agency import COARSE, Department
from perflib.metrics.response.groups import TIMES
from perflib.selection import select

#: how a case ends; code 0 is a case that is still open.
CAUSES = {1: "arrest", 2: "exceptional"}
AT = (0, 7, 30, 365)
_MADE = ("day", "week", "month", "quarter", "year", "weekday")


@dataclass(frozen=True)
class Cases:
    """``rows``: groups, ``days``, ``event``, ``n`` cases; ``end`` is the day up to which cases were followed."""

    rows: pd.DataFrame
    end: dt.date
    unfounded: int
    backwards: int

    def left(self) -> dict[str, Any]:
        """The last day followed and what was left out, for ``perflib.words``."""
        return {"end": self.end, "unfounded": self.unfounded, "backwards": self.backwards}


def chosen(dept: Department, *, period: Any = "", district: str = "") -> Department:
    """An old name of :func:`perflib.selection.select` for the table incidents."""
    warnings.warn("use perflib.select(dept, 'incidents', ...)", DeprecationWarning, stacklevel=2)
    return select(dept, "incidents", period=period, district=district)


def followed_to(dept: Department) -> dt.date:
    """The local day up to which cases were followed: the as-of date, else the last day anything is recorded for."""
    if dept.known_on is not None:
        return dept.known_on
    table = dept.incidents
    stamps = [name for name in ("reported_at", "cleared_at", "recorded_at") if name in table.columns]
    latest = table.agg(**{name: table[name].max() for name in stamps}).execute().iloc[0].dropna().max()
    return pd.Timestamp(latest).tz_convert(ZoneInfo(dept.timezone)).date() if pd.notna(latest) else dt.date.min


def unanswerable(dept: Department, by: Sequence[str] = ()) -> str:
    """Why the question cannot be put to this department; empty when it can."""
    if not dept.has("incidents", "reported_at", "cleared_at", "clearance"):
        return "the department has no incidents with reported_at, cleared_at and clearance"
    for name in ("reported_at", "cleared_at"):
        if (grain := dept.resolution("incidents", name)) in COARSE:
            return f"{name} tells the {grain} alone: days until a clearance cannot be counted"
    missing = [name for name in by if name not in _MADE and not dept.has("incidents", name)]
    return f"the incidents record no {missing[0]}" if missing else ""


def cases(dept: Department, by: Sequence[str] = (), *, end: dt.date | None = None) -> Cases:
    """Cases counted by group, days followed and event; incidents count once, or once per offence if grouped by it.

    ``by``: parts of the local day of report (``month``, ``quarter``, ``year`` ...) or columns of the incidents. Days
    are calendar days: 0 is the day of the report.
    """
    last = end or followed_to(dept)
    rows = _single(dept, by)
    reported, cleared = dept.local(rows.reported_at).date(), dept.local(rows.cleared_at).date()
    over = cleared.notnull() & (cleared <= last) & rows.clearance.notnull()
    event = ibis.cases((over & (rows.clearance == "arrest"), 1), (over, 2), else_=0)
    until = ibis.ifelse(over, cleared, ibis.literal(last))
    made = rows.mutate(event=event, days=until.delta(reported, unit="day"), unfounded=_unfounded(rows))
    made = made.filter(reported <= last)
    keys = [*by, "days", "event"]
    counts = made.group_by([*keys, "unfounded"]).agg(n=made.count()).order_by(keys).execute()
    for name in {"day", "week", "month", "quarter"} & set(by):
        counts[name] = pd.to_datetime(counts[name]).dt.strftime("%Y-%m-%d")
    unfounded, backwards = counts["unfounded"], ~counts["unfounded"] & (counts["days"] < 0)
    valid = counts.loc[~unfounded & ~backwards, [*keys, "n"]].reset_index(drop=True)
    return Cases(valid, last, int(counts.loc[unfounded, "n"].sum()), int(counts.loc[backwards, "n"].sum()))


def _unfounded(rows: ir.Table) -> ir.BooleanValue:
    return (rows.status == "unfounded").fill_null(False) if "status" in rows.columns else ibis.literal(False)


def _single(dept: Department, by: Sequence[str]) -> ir.Table:
    """One row per incident (per incident and offence when grouped by offence) with the grouping columns."""
    table = dept.incidents
    offences = [name for name in by if name in ("offence", "nibrs")]
    columns = [name for name in by if name not in _MADE and name not in offences]
    firsts = {name: table[name].min() for name in ("reported_at", "cleared_at")}
    firsts |= {name: table[name].min() for name in ("clearance", "status", *columns) if name in table.columns}
    rows = table.group_by(["incident_id", *offences]).agg(**firsts)
    local = dept.local(rows.reported_at)
    parts: dict[str, Any] = {name: TIMES[name](local) for name in by if name in _MADE}
    parts |= {
        name: rows[name].fill_null("not recorded") for name in (*columns, *offences) if rows[name].type().is_string()
    }
    return rows.mutate(**parts) if parts else rows
