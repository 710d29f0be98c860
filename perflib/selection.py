"""The records a question is about: chosen once, checked against the table the question is about, and logged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

from perflib import schema
from perflib.agency import Department
from perflib.errors import ParameterError
from perflib.period import Period, containing, read_period
from perflib.privacy.quoting import quoted_all


def select(dept: Department, table: str = "", *, period: Any = "", **columns: Any) -> Department:
    """The department with those records of ``table`` that a question is about; empty choices mean all.

    Parameters
    ----------
    table : the table the question is about; empty: the department's main one.
    period : what ``perflib.period.read_period`` reads: local days of the table's own date.
    columns : column = value or list of values: ``district="0412"``, ``kind=["traffic"]`` ...

    Returns a Department; each choice is a line of its decisions log.

    Raises
    ------
    ParameterError : a column or value the table does not have, or a period without data; the valid ones are listed.
    """
    name = table or dept.main
    for column, value in columns.items():
        for each in listed(value):
            check_choice(dept, column, each, table=name)
    if period not in (None, "", "all"):
        days = read_period(period, covered(dept, name), fiscal_start(dept))
        dept = dept.keep(_dated(dept, name, days), because="the period asked for", table=name)
    for column, value in columns.items():
        if values := listed(value):
            dept = dept.keep({column: list(values)}, because=f"the {column} asked for", table=name)
    return dept


def _dated(dept: Department, table: str, days: Period) -> Any:
    stamp = dept.stamp(table)

    def rule(rows: ir.Table) -> ir.BooleanValue:
        return on_days(dept, rows[stamp], days.first, days.last)

    rule.__doc__ = f"{stamp.rpartition('_')[0]} from {days} (local days)"
    return rule


def on_days(dept: Department, at: ir.Value, first: dt.date, last: dt.date) -> ir.BooleanValue:
    """Whether a moment (or a date) lies on the local days from ``first`` to ``last``, both included."""
    if at.type().is_timestamp():
        return (at >= moment(dept, first)) & (at < moment(dept, last + dt.timedelta(days=1)))
    return (at >= first) & (at <= last)


def moment(dept: Department, day: dt.date) -> ir.TimestampScalar:
    """The UTC moment at which a local day begins."""
    start = dt.datetime.combine(day, dt.time(), ZoneInfo(dept.timezone)).astimezone(dt.UTC)
    return ibis.literal(start.replace(tzinfo=None)).cast("timestamp('UTC')")


def listed(value: Any) -> tuple[Any, ...]:
    """The values asked for; none where ``value`` is None or empty."""
    if value is None or value == "":
        return ()
    return schema.composed(tuple(value) if isinstance(value, (list, tuple, set)) else (value,))


def check_choice(dept: Department, column: str, value: Any, where: str = "", table: str = "") -> None:
    """Refuse a value of a column that the table does not have.

    Raises
    ------
    ParameterError : no such column or value; the valid ones are listed.
    """
    name = table or dept.main
    if column not in schema.get(name).columns:
        raise ParameterError(
            f"{name} have no column {column!r}", where=where, found=column, choices=schema.get(name).columns
        )
    valid = choices(dept, column, name)
    if schema.composed(str(value)) not in valid:
        raise ParameterError(
            f"{dept.name} has no {column} {value!r}",
            where=where,
            found=value,
            choices=quoted_all(valid, value, declared(dept, column)),
        )


def choices(dept: Department, column: str, table: str = "") -> list[str]:
    """The values of a column: the districts that the department file declares, else those of the records."""
    name = table or dept.main
    if named := declared(dept, column):
        return list(named)
    if not dept.has(name, column):
        return []
    values = dept.table(name)[[column]].distinct().execute()[column].dropna()
    return sorted(str(value) for value in values)


def declared(dept: Department, column: str = "district") -> tuple[str, ...]:
    """The districts that the department file declares; nothing for any other column."""
    held = dept.settings.get("districts") if column == "district" else None
    return tuple(str(item["name"] if isinstance(item, Mapping) and "name" in item else item) for item in held or ())


def covered(dept: Department, table: str = "") -> Period:
    """The local days from the first to the last record of a table; whole months where the dates tell no day.

    Raises
    ------
    ParameterError : the table is empty, or its rows have no date.
    """
    name = table or dept.main
    stamp = dept.stamp(name)
    if not stamp:
        raise ParameterError(f"{name} of {dept.name} have no date")
    local = dept.local(dept.table(name)[stamp])
    row = dept.table(name).aggregate(first=local.min(), last=local.max()).execute().iloc[0]
    if row["first"] != row["first"]:
        raise ParameterError(f"{dept.name} has no records" + (f" of {name}" if table else ""))
    first, last = row["first"].date(), row["last"].date()
    return Period(first, containing(last, dept.resolution(name), first).last)


def fiscal_start(dept: Department) -> int | None:
    """The month in which the department's fiscal year begins; None where its file does not say."""
    start = dept.settings.get("fiscal_year_starts")
    return None if start is None else int(start)
