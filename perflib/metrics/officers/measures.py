"""What officers are compared on: which rows count as an event, and what each is counted for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import ibis.expr.types as ir

from perflib.agency import Department
from perflib.errors import InputError


@dataclass(frozen=True)
class Measure:
    """Events of ``table`` dated by ``stamp``, told apart by ``key``; ``per`` names exposures, the best first.

    ``what`` says which rows are events; ``known`` which rows count as exposure where that is the same table.
    """

    words: str
    table: str
    stamp: tuple[str, ...]
    key: tuple[str, ...]
    per: tuple[str, ...]
    needs: tuple[str, ...] = ()
    what: Callable[[ir.Table], ir.BooleanValue] | None = None
    known: Callable[[ir.Table], ir.BooleanValue] | None = None


@dataclass(frozen=True)
class Exposure:
    """What events are counted for: rows of ``table``, its hours, or the months of an assignment; ``one`` of them."""

    words: str
    one: str
    table: str
    stamp: str
    least: float = 0.0


EXPOSURES = {
    "responses": Exposure("responses to calls", "response to a call", "unit_responses", "assigned_at"),
    "calls": Exposure("calls answered as primary officer", "call answered as primary officer", "calls", "received_at"),
    "stops": Exposure("stops", "stop", "stops", "stopped_at", 50),
    "arrests": Exposure("arrests", "arrest", "arrests", "arrested_at"),
    "hours": Exposure("hours of work", "hour of work", "shifts", "started_at"),
    "rules": Exposure("events that a rule applies to", "event that a rule applies to", "policy_events", "due_at"),
    "months": Exposure("months in the assignment", "month in the assignment", "assignments", "start_on"),
}
_WORK = ("responses", "calls", "hours", "months")
_STOP = partial(Measure, table="stops", stamp=("stopped_at",), key=("stop_id",))
_UNRECORDED = "no record of the work that {} are counted for"
MEASURES = {
    "force": Measure("uses of force", "force", ("used_at",), ("incident_id", "force_id"), _WORK),
    "complaints": Measure("complaints", "complaints", ("occurred_at", "filed_at"), ("complaint_id",), _WORK),
    "commendations": Measure("commendations", "commendations", ("awarded_at",), ("commendation_id",), _WORK),
    "frisks": _STOP(
        "frisks",
        per=("stops",),
        needs=("frisked",),
        what=lambda rows: rows.frisked,
        known=lambda rows: rows.frisked.notnull(),
    ),
    "searches": _STOP(
        "searches",
        per=("stops",),
        needs=("searched",),
        what=lambda rows: rows.searched,
        known=lambda rows: rows.searched.notnull(),
    ),
    "stops": _STOP("stops", per=("hours", "responses", "months")),
    "arrests": Measure(
        "arrests", "arrests", ("arrested_at",), ("arrest_id",), ("responses", "calls", "stops", "hours", "months")
    ),
}


def measure(name: str) -> Measure:
    """The measure of that name. Raises InputError for another one."""
    if name not in MEASURES:
        raise InputError(f"no measure {name!r}", where="measure", choices=MEASURES, found=name)
    return MEASURES[name]


def exposure(dept: Department, measured: Measure, per: str = "", months: bool = True) -> tuple[str, str]:
    """The exposure named by ``per``, or the best that the department has, with ""; else "" with the reason.

    ``months``: months of an assignment will do. Raises InputError for an unknown exposure.
    """
    if per and per not in EXPOSURES:
        raise InputError(f"no exposure {per!r}", where="per", choices=EXPOSURES, found=per)
    if not dept.has(measured.table):
        return "", f"the department has no table {measured.table}"
    missing = [column for column in ("officer_id", *measured.needs) if not dept.has(measured.table, column)]
    if missing:
        return "", f"{measured.table} have no {' and no '.join(missing)}"
    for one in [per] if per else measured.per:
        table = EXPOSURES[one].table
        if dept.has(table, "officer_id") and not dept.table(table).officer_id.type().is_null():
            return (one, "") if months or one != "months" else ("", _UNRECORDED.format(measured.words))
    return "", _UNRECORDED.format(measured.words)
