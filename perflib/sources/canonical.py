"""Canonical Parquet as it stands: when one pass finds nothing to refuse and nothing to change, the file is the table.

Moments in UTC need no clocks and typed values no parsing. A file with any row that breaks a rule, or any column that is
not of the canonical type, is read the general way, which says what is wrong with each record.
"""

from __future__ import annotations

from pathlib import Path

from perflib import schema
from perflib.agency import SourceReport
from perflib.engine.clock import FIRST_YEAR, LAST_YEAR
from perflib.engine.connection import Engine
from perflib.engine.sql import every, floating, literals, name, names, padded, path_literal, some
from perflib.sources import quarantine
from perflib.sources.load import Loaded, measured, measures
from perflib.sources.plan import Plan
from perflib.sources.repeated import doubled
from perflib.sources.rules import outside, rule_checks
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
    types = dict(zip(staged.header, staged.types, strict=True))
    columns = [plan.table.columns[column] for column in plan.needed if column in types]
    if any(types[column.name] != _TYPES[column.type] for column in columns):
        return None
    relation, counted = f"read_parquet({path_literal(path)})", rule_checks(plan, "count", utc=True)
    faults = [fault for column in columns for fault in _faults(column)]
    faults += [check.failed for check in rule_checks(plan, utc=True)]
    counts = (f"count(*) FILTER ({condition})" for condition in (some(faults), *(check.failed for check in counted)))
    wrong, *row = engine.rows(f"SELECT {', '.join([*counts, *measures(plan)])} FROM {relation}")[0]
    known = every(f"{name(key)} IS NOT NULL" for key in plan.table.key)
    keys = names(plan.table.key)
    if wrong or doubled(keys, f"SELECT {keys} FROM {relation} WHERE {known}", staged.rows, engine):
        return None
    report = SourceReport(
        plan.table.name,
        (staged.label,),
        staged.rows,
        staged.rows,
        0,
        counted={check.words: row.pop(0) for check in counted},
        trust=plan.mapping.trust,
        notes=plan.mapping.notes,
        sha256={staged.label: staged.sha256},
        quarantine=quarantine.frame((), (), engine),
        **measured(plan, row),
    )
    return Loaded(plan.table.name, f"(SELECT {names(plan.output)} FROM {relation})", plan.output, report)


def _faults(column: schema.Column) -> list[str]:
    """SQL: what cannot stay as it is in a record."""
    cell = name(column.name)
    found = [*([f"{cell} IS NULL"] if column.required else []), *outside(cell, column)]
    if column.allowed:
        return [*found, f"{cell} NOT IN ({literals(column.allowed)})"]
    if column.dated:
        zone = " 00:00:00+00" if column.type == "timestamp" else ""
        low, high = (f"CAST('{year}-01-01{zone}' AS {_TYPES[column.type]})" for year in (FIRST_YEAR + 1, LAST_YEAR))
        return [*found, f"{cell} < {low} OR {cell} >= {high}"]
    others = {
        "string": f"{cell} = '' OR {padded(cell)} OR {cell} <> nfc_normalize({cell})",
        "integer": f"{cell} NOT BETWEEN {-_LARGEST} AND {_LARGEST}",
        "number": f"NOT isfinite({cell})",
    }
    others["category"] = others["string"]
    if column.id:
        found.append(floating(cell))
    return [*found, others[column.type]] if column.type in others else found
