"""What calls can be grouped by: a column of the schema, or a part of the local time of receipt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir

from perflib import schema
from perflib.agency import Department
from perflib.errors import InputError

#: stands for a missing text.
NONE = "not recorded"
#: parts of the local time of receipt.
TIMES: dict[str, Callable[[ir.TimestampValue], ir.Value]] = {
    "day": lambda local: local.date(),
    "week": lambda local: local.truncate("W").date(),
    "month": lambda local: local.truncate("M").date(),
    "quarter": lambda local: local.truncate("Q").date(),
    "year": lambda local: local.year(),
    "weekday": lambda local: local.day_of_week.index() + 1,
    "hour": lambda local: local.hour(),
}


def grouped(dept: Department, rows: ir.Table, by: Sequence[str], fill: bool = True) -> ir.Table:
    """``rows`` with every column of ``by`` added or made; a missing text becomes "not recorded" (if ``fill``).

    Raises InputError for a name that is neither a column nor a part of the time.
    """
    made = {name: _key(dept, rows, name) for name in by}
    texts = [name for name in by if fill and made[name].type().is_string()]
    return rows.mutate(**made | {name: made[name].fill_null(NONE) for name in texts})


def _key(dept: Department, rows: ir.Table, name: str) -> ir.Value:
    if name in TIMES:
        return TIMES[name](dept.local(rows.received_at))
    if name == "shift" and dept.settings.get("shifts"):
        return shift_of(dept.local(rows.received_at), dept.settings["shifts"])
    if name not in rows.columns or name in ("minutes", "fate"):
        raise InputError(
            f"cannot group calls by {name!r}",
            where="by",
            found=name,
            choices=(*TIMES, *(column for column in rows.columns if column not in ("minutes", "fate"))),
        )
    return rows[name]


def lacking(dept: Department, by: Sequence[str]) -> list[str]:
    """The names of ``by`` that the schema has for calls but this department's calls do not."""
    known = schema.get("calls").columns
    made = {"shift"} if dept.settings.get("shifts") else set()
    missing = [name for name in by if name in known and name not in made and not dept.has("calls", name)]
    if not missing and {"hour", *made} & set(by) and dept.resolution("calls") not in ("time", ""):
        return ["time of day in received_at"]
    return missing


def shift_of(local: ir.TimestampValue, shifts: Mapping[str, Any]) -> ir.StringValue:
    """The shift on duty at a local time; ``shifts`` maps a name to [start, end] ("HH:MM", end excluded).

    An end at or before its start lies on the next day. Where shifts overlap the first named one counts; a time that
    no shift covers is "no shift".
    """
    minute = local.hour() * 60 + local.minute()
    cases = []
    for name, hours in shifts.items():
        start, end = _minutes(name, hours)
        late, early = minute >= start, minute < end
        cases.append((late & early if start < end else late | early, name))
    return ibis.cases(*cases, else_="no shift")


def _minutes(name: str, hours: Any) -> tuple[int, ...]:
    """The minutes of the day at which a shift begins and ends."""
    if isinstance(hours, Mapping):
        hours = [hours.get("start"), hours.get("end")]
    if not isinstance(hours, (list, tuple)) or len(hours) != 2:
        raise InputError(f"shift {name!r} is not [start, end]", where="shifts", do='write it as ["07:00", "15:00"]')
    minutes = []
    for edge in hours:
        try:  # YAML 1.1 reads 15:00 as a number of minutes
            clock = dt.time.fromisoformat(str(edge).replace("24:00", "00:00")) if not isinstance(edge, int) else edge
        except ValueError:
            raise InputError(
                f"shift {name!r}: {edge!r} is not a time", where="shifts", do="write it as HH:MM"
            ) from None
        minutes.append(clock % 1440 if isinstance(clock, int) else clock.hour * 60 + clock.minute)
    return tuple(minutes)
