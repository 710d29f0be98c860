"""Which calls count: service, origin, district, days; and the interval measured on them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.types as ir

from perflib import schema
from perflib.agency import Department
from perflib.engine.tables import microseconds, remembered, view
from perflib.errors import InputError
from perflib.metrics.response.groups import lacking
from perflib.period import ends
from perflib.privacy.quoting import no_such
from perflib.selection import on_days


@dataclass(frozen=True)
class Interval:
    """A named stretch of a call, from one stamp to another."""

    start: str
    end: str


#: the named intervals, in the order of a call.
INTERVALS: dict[str, Interval] = {
    "received_queued": Interval("received_at", "queued_at"),
    "queued_dispatched": Interval("queued_at", "dispatched_at"),
    "dispatched_enroute": Interval("dispatched_at", "enroute_at"),
    "enroute_arrived": Interval("enroute_at", "arrived_at"),
    "dispatched_arrived": Interval("dispatched_at", "arrived_at"),
    "response": Interval("received_at", "arrived_at"),
}
ORIGINS = ("public", "officer", "unknown", "all")
#: what became of a call's end stamp.
FATES = ("known", "negative", "cancelled", "without_arrival", "stamp_missing")


@dataclass(frozen=True)
class Scope:
    """The calls asked for. ``period``: "" or "all", or a text that ``perflib.period`` reads.
    ``recorded``: the calls say who began them; if not, no words claim it."""

    interval: str = "response"
    origin: str = "public"
    service: str | None = "police"
    district: str | tuple[str, ...] | None = None
    priority: str | tuple[str, ...] | None = None
    period: Any = ""
    recorded: bool = True
    first: dt.date | None = field(init=False, default=None)
    last: dt.date | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.interval not in INTERVALS:
            raise InputError(f"no interval {self.interval!r}", where="interval", choices=INTERVALS, found=self.interval)
        if self.origin not in ORIGINS:
            raise InputError(f"no origin {self.origin!r}", where="origin", choices=ORIGINS, found=self.origin)
        first, last = ends(self.period)
        object.__setattr__(self, "first", first)
        object.__setattr__(self, "last", last)

    def codes(self) -> dict[str, Any]:
        """The scope as codes, for ``perflib.words``."""
        return {
            "interval": self.interval,
            "origin": self.origin,
            "recorded": self.recorded,
            "first": self.first,
            "last": self.last,
            "district": _tuple(self.district or ()),
            "priority": _tuple(self.priority or ()),
        }


def scope_of(dept: Department, **asked: Any) -> Scope:
    """The scope, knowing whether this department's calls say who began them."""
    return Scope(**asked, recorded=dept.has("calls", "origin"))


def unstamped(dept: Department, interval: str) -> list[str]:
    """The stamps of an interval that the department's calls do not record, or of which they record the day alone."""
    stamps = (INTERVALS[interval].start, INTERVALS[interval].end)
    missing = [name for name in stamps if not dept.has("calls", name)]
    return missing or [
        f"time of day in {name}" for name in stamps if dept.resolution("calls", name) not in ("time", "")
    ]


def unanswerable(dept: Department, interval: str, by: Sequence[str] = ()) -> str:
    """Why the calls cannot be asked for an interval by these columns; empty when they can."""
    missing = [*lacking(dept, by), *unstamped(dept, interval)]
    return f"the calls record no {missing[0]}" if missing else ""


def _tuple(value: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return schema.composed((value,) if isinstance(value, str) else tuple(value))


def in_service(dept: Department, scope: Scope) -> ir.Table:
    """Calls of the service, district, priority and days, whoever began them.

    Raises InputError for a district or priority that does not occur.
    """
    calls = dept.calls
    if scope.service and "service" in calls.columns:
        calls = calls.filter(calls.service == scope.service)
    for column, wanted in (("district", scope.district), ("priority", scope.priority)):
        if wanted:
            calls = _only(calls, column, _tuple(wanted))
    if scope.first is not None and scope.last is not None:
        calls = calls.filter(on_days(dept, calls.received_at, scope.first, scope.last))
    return calls


def _only(calls: ir.Table, column: str, wanted: tuple[str, ...]) -> ir.Table:
    if column not in calls.columns:
        raise InputError(f"the calls have no {column}", where=column)
    # asked once of the same rows: every question of a report checks its district
    known = remembered(calls, column, lambda: set(calls.select(column).distinct().execute()[column].dropna()))
    for value in wanted:
        if value not in known:
            raise no_such(column, value, sorted(known))
    return calls.filter(calls[column].isin(wanted))


def measured(dept: Department, scope: Scope) -> ir.Table:
    """The calls of the scope with ``minutes`` (missing unless both stamps are known and in order) and ``fate``."""
    return view(with_interval(of_origin(in_service(dept, scope), scope.origin), scope.interval))


def of_origin(calls: ir.Table, origin: str) -> ir.Table:
    """Calls of one origin; a call whose origin is missing is unknown. Without the column every call stays."""
    if origin == "all" or "origin" not in calls.columns:
        return calls
    if origin != "unknown":  # a missing origin equals no text; without the replacement the engine filters faster
        return calls.filter(calls.origin == origin)
    return calls.filter(calls.origin.fill_null("unknown") == origin)


def with_interval(calls: ir.Table, interval: str) -> ir.Table:
    """Adds ``minutes`` and ``fate`` (a key of ``FATES``) of one interval.

    A call without the end stamp was cancelled (``closing`` says so), handled without arrival (``closing`` says so, or
    no unit was ever assigned), or its stamp is missing though a unit was assigned.
    """
    stretch = INTERVALS[interval]
    missing = [name for name in (stretch.start, stretch.end) if name not in calls.columns]
    if missing:
        raise InputError(
            f"the calls have no {missing[0]}, which {interval} needs",
            where="interval",
            choices=[name for name, item in INTERVALS.items() if {item.start, item.end} <= set(calls.columns)],
        )
    start, end = calls[stretch.start], calls[stretch.end]
    raw = (microseconds(end) - microseconds(start)) / 60e6
    fate = ibis.cases((raw < 0, "negative"), (raw >= 0, "known"), *_lost(calls), else_="stamp_missing")
    return calls.mutate(minutes=(raw >= 0).ifelse(raw, ibis.null("float64")), fate=fate)


def _lost(calls: ir.Table) -> list[tuple[ir.BooleanValue, str]]:
    rules: list[tuple[ir.BooleanValue, str]] = []
    if "closing" in calls.columns:
        rules += [(calls.closing == name, name) for name in ("cancelled", "without_arrival")]
    sent = [calls[name].isnull() for name in ("dispatched_at", "enroute_at", "arrived_at") if name in calls.columns]
    if "dispatched_at" in calls.columns:
        rules.append((ibis.and_(*sent), "without_arrival"))
    return rules


def origins(dept: Department, scope: Scope) -> dict[str, int]:
    """How many calls of the scope each origin began; empty when the source does not say."""
    calls = in_service(dept, scope)
    if "origin" not in calls.columns:
        return {}
    counts = calls.group_by(origin=calls.origin.fill_null("unknown")).agg(n=calls.count()).execute()
    return {str(name): int(n) for name, n in sorted(zip(counts["origin"], counts["n"], strict=True))}
