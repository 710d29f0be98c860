"""What officers are compared on: which rows count as an event, and what each is counted for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis
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
    caveat: str = ""


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
MEASURES = {
    "force": Measure(
        "uses of force",
        "force",
        ("used_at",),
        ("incident_id", "force_id"),
        _WORK,
        caveat="Who is sent to dangerous calls uses more force: compare within one assignment, and read "
        "the comparison at the same scene beside it.",
    ),
    "complaints": Measure(
        "complaints",
        "complaints",
        ("occurred_at", "filed_at"),
        ("complaint_id",),
        _WORK,
        caveat="A complaint is an accusation, of every finding; some work draws more of them.",
    ),
    "commendations": Measure(
        "commendations",
        "commendations",
        ("awarded_at",),
        ("commendation_id",),
        _WORK,
        caveat="Commendations follow visible work and who writes them, not merit alone.",
    ),
    "frisks": Measure(
        "frisks",
        "stops",
        ("stopped_at",),
        ("stop_id",),
        ("stops",),
        ("frisked",),
        lambda rows: rows.frisked,
        lambda rows: rows.frisked.notnull(),
        "Only recorded stops are compared: a stop that nobody wrote down is not seen.",
    ),
    "searches": Measure(
        "searches",
        "stops",
        ("stopped_at",),
        ("stop_id",),
        ("stops",),
        ("searched",),
        lambda rows: rows.searched,
        lambda rows: rows.searched.notnull(),
        "Only recorded stops are compared: a stop that nobody wrote down is not seen.",
    ),
    "stops": Measure(
        "stops",
        "stops",
        ("stopped_at",),
        ("stop_id",),
        ("hours", "responses", "months"),
        caveat="More stops are neither better nor worse in themselves.",
    ),
    "arrests": Measure(
        "arrests",
        "arrests",
        ("arrested_at",),
        ("arrest_id",),
        ("responses", "calls", "stops", "hours", "months"),
        caveat="An arrest is not a success by itself; read what became of the arrests.",
    ),
}


def measure(name: str) -> Measure:
    """The measure of that name. Raises InputError for another one."""
    if name not in MEASURES:
        raise InputError(f"no measure {name!r}", where="measure", choices=MEASURES, found=name)
    return MEASURES[name]


def lacking(dept: Department, asked: Measure) -> str:
    """Why the department cannot be asked; empty when it can."""
    if not dept.has(asked.table):
        return f"the department has no table {asked.table}"
    absent = [column for column in ("officer_id", *asked.needs) if not dept.has(asked.table, column)]
    return f"{asked.table} have no {' and no '.join(absent)}" if absent else ""


def exposure(dept: Department, asked: Measure, per: str) -> str:
    """The exposure asked for, or the best that the department has; empty if none. Raises InputError for an unknown."""
    if per:
        if per not in EXPOSURES:
            raise InputError(f"no exposure {per!r}", where="per", choices=EXPOSURES, found=per)
        return per if _has(dept, per) else ""
    return next((one for one in asked.per if _has(dept, one)), "")


def _has(dept: Department, per: str) -> bool:
    table = EXPOSURES[per].table
    return dept.has(table, "officer_id") and not dept.table(table).officer_id.type().is_null()


def dated(rows: ir.Table, stamps: tuple[str, ...]) -> ir.TimestampValue:
    """The first of ``stamps`` that a row has."""
    return ibis.coalesce(*(rows[one] for one in stamps if one in rows.columns))
