"""The ways in which a record can fail, as numbered bits: computed in the engine, decoded only for refused records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perflib import schema
from perflib.engine.sql import literal, literals, name
from perflib.sources import formats
from perflib.sources.plan import Plan
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
    known, typed = name("k_" + column.name), name(column.name)
    found = [Check(f"{column.name}: missing", f"NOT {known}")] if column.required else []
    if column.type not in ("string", "category"):
        found += _unread(value, f"{known} AND {value.typed} IS NULL")
    recoded = value.spec.recode.values() if value.spec.otherwise == "reject" else ()
    if allowed := column.allowed or tuple(recoded):
        failed = f"{known} AND {typed} NOT IN ({literals(allowed)})"
        found.append(Check(f"{column.name}: not an allowed value", failed))
    if bounds := outside(typed, column):
        low, high = ("any" if bound is None else f"{bound:g}" for bound in (column.low, column.high))
        found.append(Check(f"{column.name}: outside {low} to {high}", " OR ".join(bounds)))
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


def rule_checks(plan: Plan, then: str = "reject", utc: bool = False) -> list[Check]:
    """The rules between columns that are read; stamps are local ones, named l_, or with ``utc`` the columns."""
    return [Check(rule.name, broken(plan, rule, utc)) for rule in plan.rules(then)]


def broken(plan: Plan, rule: schema.Rule, utc: bool = False) -> str:
    """SQL: the rule is broken. A stamp is compared with a date, or with a stamp that holds days only, by days."""
    kinds = {side: plan.table.columns[side].type for side in (rule.earlier, rule.later)}
    coarse = "date" in kinds.values() or plan.days & set(kinds)
    sides = []
    for side, kind in kinds.items():
        local = f"timezone({literal(plan.zone)}, {name(side)})" if utc else name("l_" + side)
        sides.append(f"CAST({local} AS DATE)" if coarse and kind == "timestamp" else name(side))
    return " > ".join(sides)


def masks(checks: Sequence[Check], prefix: str) -> list[str]:
    """SQL columns holding the checks as bits, as many to a column as fit."""
    bits = [f"CASE WHEN {check.failed} THEN {1 << at % _BITS} ELSE 0 END" for at, check in enumerate(checks)]
    sums = (" + ".join(bits[at : at + _BITS]) for at in range(0, len(bits), _BITS))
    return [f"CAST({total} AS BIGINT) AS {prefix}{place}" for place, total in enumerate(sums)]


def decode(checks: Sequence[Check], masks: Sequence[int]) -> list[str]:
    """The words of the bits that are set."""
    failed = [check for at, check in enumerate(checks) if masks[at // _BITS] >> (at % _BITS) & 1]
    exact = {check.instead for check in failed}
    return [check.words for check in failed if check.words not in exact]


def width(checks: Sequence[Check]) -> int:
    """How many mask columns the checks fill."""
    return -(-len(checks) // _BITS)


def outside(number: str, column: schema.Column) -> list[str]:
    """SQL: the number is below, or above, what the column may hold."""
    bounds = ((column.low, "<"), (column.high, ">"))
    return [f"{number} {sign} {bound!r}" for bound, sign in bounds if bound is not None]
