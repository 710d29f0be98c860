"""The ways in which a record can fail, as numbered bits: computed in the engine, decoded only for refused records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perflib import schema
from perflib.engine.sql import literal, literals, name
from perflib.sources import formats
from perflib.sources.values import Value

_BITS = 62


@dataclass(frozen=True)
class Check:
    """A condition (SQL, true where the record fails) and the words for it, which it says in place of ``instead``."""

    words: str
    failed: str
    instead: str = ""


def column_checks(value: Value) -> list[Check]:
    """What can be wrong with one column before records are compared with themselves."""
    column = value.spec.column
    known, held = name("k_" + column.name), name(column.name)
    found = [Check(f"{column.name}: missing", f"NOT {known}")] if column.required else []
    if column.type not in ("string", "category"):
        found += _unread(value, f"{known} AND {value.typed} IS NULL")
    allowed = _allowed(value)
    if allowed:
        failed = f"{known} AND {held} NOT IN ({literals(allowed)})"
        found.append(Check(f"{column.name}: not an allowed value", failed))
    if column.low is not None or column.high is not None:
        words = f"{column.name}: outside {_bound(column.low)} to {_bound(column.high)}"
        found.append(Check(words, _outside(held, column)))
    return found


def _unread(value: Value, failed: str) -> list[Check]:
    """A text that cannot be read; where its shape says how it is to be read, with what to state."""
    column, found = value.spec.column, []
    plain = f"{column.name}: cannot be read as {column.type}"
    for words, pattern in formats.hints(value.spec.formats, value.spec.pad) if column.dated else ():
        shaped = f"regexp_full_match(CAST({name('t_' + column.name)} AS VARCHAR), {pattern})"
        lazy = f"CASE WHEN {failed} THEN {shaped} ELSE false END"
        found.append(Check(f"{plain} ({words})", lazy, plain))
    return [Check(plain, failed), *found]


def rule_checks(
    table: schema.Table, present: Sequence[str], then: str = "reject", days: frozenset[str] = frozenset()
) -> list[Check]:
    """The cross-column rules between present columns; ``l_`` columns hold the local form of the stamps."""
    return [
        Check(rule.name, comparison(table, rule, days))
        for rule in table.rules
        if rule.then == then and rule.earlier in present and rule.later in present
    ]


def comparison(table: schema.Table, rule: schema.Rule, days: frozenset[str] = frozenset()) -> str:
    """SQL: the rule is broken. A stamp is compared with a date, or with a stamp that holds ``days`` only, by days."""
    pair = (rule.earlier, rule.later)
    coarse = any(side in days or table.columns[side].type == "date" for side in pair)
    sides = [
        f"CAST({name('l_' + side)} AS DATE)" if coarse and table.columns[side].type == "timestamp" else name(side)
        for side in pair
    ]
    return f"{sides[0]} > {sides[1]}"


def settled(table: schema.Table, rule: schema.Rule, zone: str, days: frozenset[str] = frozenset()) -> str:
    """As :func:`comparison`, over the columns themselves, stamps in UTC: days are those of the local clock."""
    pair = (rule.earlier, rule.later)
    coarse = any(side in days or table.columns[side].type == "date" for side in pair)
    sides = [
        f"CAST(timezone({literal(zone)}, {name(side)}) AS DATE)"
        if coarse and table.columns[side].type == "timestamp"
        else name(side)
        for side in pair
    ]
    return f"{sides[0]} > {sides[1]}"


def masks(checks: Sequence[Check], prefix: str) -> list[str]:
    """SQL columns holding the checks as bits, as many to a column as fit."""
    groups = [checks[at : at + _BITS] for at in range(0, len(checks), _BITS)]
    return [f"{_bits(group)} AS {prefix}{place}" for place, group in enumerate(groups)]


def decode(checks: Sequence[Check], held: Sequence[int]) -> list[str]:
    """The words of the bits that are set."""
    failed = [check for place, check in enumerate(checks) if held[place // _BITS] >> (place % _BITS) & 1]
    exact = {check.instead for check in failed}
    return [check.words for check in failed if check.words not in exact]


def width(checks: Sequence[Check]) -> int:
    """How many mask columns the checks fill."""
    return -(-len(checks) // _BITS)


def _bits(group: Sequence[Check]) -> str:
    parts = [f"CASE WHEN {check.failed} THEN {1 << place} ELSE 0 END" for place, check in enumerate(group)]
    return f"CAST({' + '.join(parts)} AS BIGINT)"


def _allowed(value: Value) -> tuple[str, ...]:
    spec = value.spec
    if spec.column.allowed:
        return spec.column.allowed
    return tuple(spec.recode.values()) if spec.recode and spec.otherwise == "reject" else ()


def _outside(number: str, column: schema.Column) -> str:
    parts = [] if column.low is None else [f"{number} < {column.low!r}"]
    return " OR ".join(parts if column.high is None else [*parts, f"{number} > {column.high!r}"])


def _bound(limit: float | None) -> str:
    return "any" if limit is None else f"{limit:g}"
