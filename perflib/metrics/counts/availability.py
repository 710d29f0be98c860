"""What a department cannot be asked, because its sources do not record it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from perflib import schema
from perflib.agency import Department


def lacking(source: Any, table: str, columns: Iterable[str] = ()) -> str:
    """Why counts of ``table`` by ``columns`` are not assessable; empty when they are, or when the names are wrong.

    A column that the schema knows and the source lacks is a gap in the records; one that the schema does not know is a
    slip of the caller, and left to whoever counts.
    """
    if not isinstance(source, Department) or table not in schema.names():
        return ""
    if not source.has(table):
        return f"the department's sources hold no {table}"
    known, held = schema.get(table).columns, source.table(table).columns
    absent = [name for name in columns if name in known and name not in held]
    return f"the {table} do not record the {absent[0]}" if absent else ""
