"""Canonical Parquet as it stands: when one pass finds nothing to refuse and nothing to change, the file is the table.

Moments in UTC need no clocks and typed values no parsing. A file with any row that breaks a rule, or any column that is
not of the canonical type, is read the general way, which says what is wrong with each record.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perflib import schema
from perflib.agency import SourceReport
from perflib.engine.clock import FIRST_YEAR, LAST_YEAR
from perflib.engine.connection import Engine
from perflib.engine.sql import every, floating, literals, name, padded, path_literal
from perflib.sources import quarantine
from perflib.sources.judge import Plan
from perflib.sources.load import Loaded, dated, moment, share
from perflib.sources.repeated import doubled
from perflib.sources.rules import settled
from perflib.sources.staged import Staged

_TYPES = {
    "string": "VARCHAR",
    "category": "VARCHAR",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "date": "DATE",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
}
#: whole numbers past this are not exact as floating point, and so not as the general way reads them
_LARGEST = 9_000_000_000_000_000


def ready(path: Path, staged: Staged, plan: Plan, engine: Engine) -> Loaded | None:
    """The source as a view of its file; None where some record has to be refused or changed, or a type is another."""
    needed = dict.fromkeys((*plan.output, *plan.table.key, *plan.table.required))
    types = dict(zip(staged.header, staged.types, strict=True))
    columns = [plan.table.columns[column] for column in needed if column in types]
    if any(types[column.name] != _TYPES[column.type] for column in columns):
        return None
    relation = f"read_parquet({path_literal(path)})"
    broken, counted = _broken(plan, columns), _rules(plan, list(needed), "count")
    asked = [f"count(*) FILTER ({broken})", *(f"count(*) FILTER ({sql})" for sql in counted.values())]
    asked += [f"count({name(column)})" for column in plan.output]
    asked += [f"epoch_us({end}({name(dated(plan))}))" for end in ("min", "max")] if dated(plan) else []
    faults, *row = engine.rows(f"SELECT {', '.join(asked)} FROM {relation}")[0]
    if faults or _twice(plan, relation, staged.rows, engine):
        return None
    counts, row = row[: len(counted)], row[len(counted) :]
    report = _report(staged, plan, dict(zip(counted, counts, strict=True)), row)
    held = f"(SELECT {', '.join(map(name, plan.output))} FROM {relation})"
    return Loaded(plan.table.name, held, plan.output, report)


def _report(staged: Staged, plan: Plan, counted: dict[str, int], row: Sequence[Any]) -> SourceReport:
    known, ends = row[: len(plan.output)], row[len(plan.output) :] or (None, None)
    shares = (share(staged.rows - count, staged.rows) for count in known)
    missing = dict(zip(plan.output, shares, strict=True))
    return SourceReport(
        plan.table.name,
        (staged.label,),
        staged.rows,
        staged.rows,
        0,
        counted=counted,
        missing=missing,
        first=moment(ends[0]),
        last=moment(ends[1]),
        trust=plan.mapping.trust,
        notes=plan.mapping.notes,
        sha256={staged.label: staged.sha256},
        quarantine=quarantine.joined([]),
    )


def _broken(plan: Plan, columns: Sequence[schema.Column]) -> str:
    """SQL: the record cannot stand as it is."""
    parts = [part for column in columns for part in _faults(column)]
    parts += _rules(plan, [column.name for column in columns], "reject").values()
    return " OR ".join(f"coalesce({part}, false)" for part in parts) or "false"


def _faults(column: schema.Column) -> list[str]:
    held = name(column.name)
    found = [f"{held} IS NULL"] if column.required else []
    if column.allowed:
        found.append(f"{held} NOT IN ({literals(column.allowed)})")
    elif column.type in ("string", "category"):
        found.append(f"{held} = '' OR {padded(held)} OR {held} <> nfc_normalize({held})")
        found += [floating(held)] if column.id else []
    elif column.type in ("timestamp", "date"):
        zone = "+00" if column.type == "timestamp" else ""
        low, high = (
            f"CAST('{year}-01-01{' 00:00:00' + zone if zone else ''}' AS {_TYPES[column.type]})"
            for year in (FIRST_YEAR + 1, LAST_YEAR)
        )
        found.append(f"{held} < {low} OR {held} >= {high}")
    elif column.type == "integer":
        found.append(f"{held} NOT BETWEEN {-_LARGEST} AND {_LARGEST}")
    elif column.type == "number":
        found.append(f"NOT isfinite({held})")
    found += [] if column.low is None else [f"{held} < {column.low!r}"]
    return found if column.high is None else [*found, f"{held} > {column.high!r}"]


def _rules(plan: Plan, present: Sequence[str], then: str) -> dict[str, str]:
    """SQL of the cross-column rules by name."""
    return {
        rule.name: settled(plan.table, rule, plan.zone)
        for rule in plan.table.rules
        if rule.then == then and rule.earlier in present and rule.later in present
    }


def _twice(plan: Plan, relation: str, rows: int, engine: Engine) -> bool:
    keys = ", ".join(map(name, plan.table.key))
    known = every(f"{name(key)} IS NOT NULL" for key in plan.table.key)
    return bool(doubled(keys, f"SELECT {keys} FROM {relation} WHERE {known}", rows, engine))
