"""Department: the canonical tables of one agency behind one engine, and a log of every row left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from perflib import schema
from perflib.errors import DepartmentError

Rule = Callable[[ir.Table], ir.BooleanValue] | Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """One line of the decisions log: rows left out of a table, and why."""

    table: str
    rule: str
    because: str
    rows_before: int
    rows_after: int


@dataclass(frozen=True)
class SourceReport:
    """What became of the records of one source: ``read == accepted + quarantined``, always.

    ``quarantine`` has one row per refused record (file, record, line, reasons, raw); ``counted`` holds rules that
    were broken without refusal; ``notes`` are sentences for the report, ``missing`` the share missing per column.
    """

    table: str
    files: tuple[str, ...]
    read: int
    accepted: int
    quarantined: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    counted: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, float] = field(default_factory=dict)
    clock_change_rows: int = 0
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    trust: str = ""
    notes: tuple[str, ...] = ()
    sha256: Mapping[str, str] = field(default_factory=dict)
    quarantine: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True, eq=False)
class Department:
    """One agency's records.

    Attributes
    ----------
    name, timezone : as in the department file; ``timezone`` is an IANA name.
    tables : canonical name -> Ibis table, timestamps in UTC.
    main : the table the department is mostly about (first source).
    settings : districts, shifts, priority_targets, boundaries, policy, as in the department file.
    log : the decisions taken so far; sources : one report per source; known_on : the as-of date, if any.
    """

    name: str
    timezone: str
    tables: Mapping[str, ir.Table]
    main: str = "calls"
    settings: Mapping[str, Any] = field(default_factory=dict)
    log: tuple[Decision, ...] = ()
    sources: tuple[SourceReport, ...] = ()
    known_on: dt.date | None = None

    def __getattr__(self, name: str) -> ir.Table:
        if name.startswith("_") or name not in schema.names():
            raise AttributeError(f"Department has no attribute {name!r}")
        return self.table(name)

    def table(self, name: str) -> ir.Table:
        """The canonical table ``name``.

        Raises
        ------
        DepartmentError : the department has no such table; the message lists those it has.
        """
        if name not in self.tables:
            raise DepartmentError(
                f"department {self.name!r} has no table {name!r}", choices=self.tables, found=name,
                do="add a source for it to the department file",
            )
        return self.tables[name]

    def has(self, table: str, *columns: str) -> bool:
        """Whether the table is present with these columns."""
        return table in self.tables and set(columns) <= set(self.tables[table].columns)

    def keep(self, rule: Rule, because: str, table: str | None = None) -> Department:
        """A new Department with only the rows of ``table`` (default: the main table) that satisfy ``rule``.

        ``rule`` is a function of the table returning a boolean expression, or ``{column: value or list of values}``.
        The rule, its reason and the rows before and after go to the log.
        """
        name = table or self.main
        before = self.table(name)
        after = before.filter(_predicate(before, rule))
        counts = [int(found.count().execute()) for found in (before, after)]
        decision = Decision(name, _words(rule), because, *counts)
        return replace(self, tables={**self.tables, name: after}, log=(*self.log, decision))

    def as_of(self, date: str | dt.date) -> Department:
        """What was known at the end of ``date`` (local): rows recorded later are left out, with a log entry.

        Tables without ``recorded_at`` are left as they are and named in the log.
        """
        day = dt.date.fromisoformat(date) if isinstance(date, str) else date
        raise NotImplementedError(day)

    def local(self, moment: ir.TimestampValue) -> ir.TimestampValue:
        """The agency's wall-clock time of a UTC moment; the one place where local time is made."""
        return _at_zone(self.timezone, moment)

    def decisions(self) -> pd.DataFrame:
        """The decisions log, one row per step."""
        return pd.DataFrame([vars(step) for step in self.log], columns=list(Decision.__dataclass_fields__))


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp('UTC')"), "timestamp"))
def _at_zone(zone: str, moment: Any) -> Any: ...


def _predicate(table: ir.Table, rule: Rule) -> ir.BooleanValue:
    if callable(rule):
        return rule(table)
    parts = [_matches(table, column, wanted) for column, wanted in rule.items()]
    return ibis.and_(*parts)


def _matches(table: ir.Table, column: str, wanted: Any) -> ir.BooleanValue:
    if column not in table.columns:
        raise DepartmentError(f"no column {column!r}", choices=table.columns, found=column)
    return table[column].isin(wanted) if isinstance(wanted, (list, tuple, set)) else table[column] == wanted


def _words(rule: Rule) -> str:
    if callable(rule):
        return getattr(rule, "__doc__", None) or getattr(rule, "__name__", "rule")
    return ", ".join(f"{column} in {wanted!r}" for column, wanted in rule.items())
