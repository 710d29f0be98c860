"""An indicator as data: what is counted, over what, dated by what, and which way is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.operations as ops

from perflib import schema
from perflib.agency import Department

KINDS = ("count", "rate", "share", "quantile")
_TYPES = {
    "string": "string",
    "category": "string",
    "timestamp": "timestamp('UTC')",
    "date": "date",
    "integer": "int64",
    "number": "float64",
    "boolean": "boolean",
}


@dataclass(frozen=True)
class Exposure:
    """What events are counted for: the denominator of a rate, from a table of its own.

    ``amount`` is an aggregate of that table's rows, ``only`` a condition for rows that count, used where the table
    records its columns. ``time`` dates a row; a table of residents has none.
    """

    table: str
    time: str
    amount: Any
    unit: str
    only: Any = None


@dataclass(frozen=True)
class Indicator:
    """One simple indicator.

    Attributes
    ----------
    name, label, definition : its identifier, a short heading, and one sentence that says what counts.
    kind : count, rate (numerator over an Exposure, times ``per``), share (both from one table) or quantile.
    table, time : the table of the events and the column that dates them.
    numerator : a deferred Ibis expression: an aggregate of the rows, or the value of one row of a quantile.
    denominator : an Exposure for a rate, a deferred aggregate for a share, else None.
    unit : the unit of the value. better : "lower", "higher" or "" where neither way is better by itself.
    people : the privacy subject whose small counts are hidden; empty where no people are counted.
    source : where the definition comes from. caveats : what a reader must know.
    """

    name: str
    label: str
    definition: str
    kind: str
    table: str
    time: str
    numerator: Any
    denominator: Any = None
    unit: str = ""
    per: float = 1
    better: str = ""
    people: str = ""
    source: str = ""
    caveats: tuple[str, ...] = ()

    def missing(self, dept: Department, by: Sequence[str] = ()) -> str:
        """The first table or column that this department lacks, in words; empty when it has them all."""
        parts = [(self.table, self.time, self.numerator)]
        if isinstance(self.denominator, Exposure):
            parts.append((self.denominator.table, self.denominator.time, self.denominator.amount))
        elif self.denominator is not None:
            parts.append((self.table, self.time, self.denominator))
        for table, time, expression in parts:
            if not dept.has(table):
                return f"the department has no table {table}"
            for column in sorted({time, *columns(table, expression)} - {""}):
                if not dept.has(table, column):
                    return f"{table} do not record {column}"
        known = schema.get(self.table).columns
        lost = [name for name in by if name in known and not dept.has(self.table, name)]
        lost = [name for name in lost if name != "shift" or not dept.settings.get("shifts")]
        return f"{self.table} do not record {lost[0]}" if lost else ""


def columns(table: str, expression: Any) -> set[str]:
    """The columns of a canonical table that a deferred expression reads."""
    blank = ibis.table({name: _TYPES[column.type] for name, column in schema.get(table).columns.items()}, name=table)
    return {field.name for field in expression.resolve(blank).op().find(ops.Field)}
