"""The rows of one key made one, by the rule that the mapping states for each column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perflib.agency import Decision
from perflib.engine.connection import Engine
from perflib.engine.sql import added, every, name, names
from perflib.errors import SourceError
from perflib.sources.language import ROWS
from perflib.sources.mapping import Collapse
from perflib.sources.plan import Plan
from perflib.sources.repeated import differ
from perflib.sources.rules import broken

_WORDS = {
    "min": "the smallest",
    "max": "the largest",
    "sum": "the sum",
    "count": "the number of rows",
    **{row: f"that of the {row} row" for row in ROWS},
}


@dataclass(frozen=True)
class Merged:
    """The rows that a rule has made: SQL, the step for the decisions log, and sentences for the report."""

    relation: str
    rows: int
    step: Decision
    notes: tuple[str, ...]


def merged(plan: Plan, accepted: str, rule: Collapse, earlier: Sequence[str], engine: Engine, where: str) -> Merged:
    """The accepted rows, those of one key made one.

    Raises
    ------
    SourceError : rows of one key differ in a column without a rule, what is made of them breaks a rule of the table, or
        an earlier source has the key.
    """
    keys, columns = plan.table.key, [column for column in plan.output if column not in plan.table.key]
    key, known = names(keys), every(f"{name(key)} IS NOT NULL" for key in keys)
    kept = f"(SELECT * FROM {accepted} WHERE {plan.kept})"
    order = {"first": "_file, _record", "last": "_file DESC, _record DESC"}
    order["newest"] = f"recorded_at DESC NULLS LAST, {order['last']}"
    rules = {column: rule.rules.get(column, rule.otherwise) for column in columns}
    windows = [
        f"row_number() OVER (PARTITION BY {key} ORDER BY {order[row]}) AS _{row}"
        for row in order
        if row in rules.values()
    ]
    free = [column for column in columns if not rules[column]]
    made = [f"{_made(column, rules[column], plan)} AS {name(column)}" for column in columns]
    made += [f"{differ(column)} AS {name('_d' + column)}" for column in free]
    made += ["count(*) AS _rows", "count(DISTINCT _file) AS _files"]
    grouped = engine.stored(
        f"SELECT {', '.join([key, *made])} FROM {added(kept, windows)} WHERE {known} GROUP BY {key}"
    )
    _refuse(plan, grouped, free, engine, where)
    for relation in earlier:
        shared = engine.rows(f"SELECT count(*) FROM {grouped} SEMI JOIN {relation} AS other USING ({key})")[0][0]
        if shared:
            raise SourceError(
                f"{shared:,} of {plan.key} stand in an earlier source of {plan.table.name} too",
                where=where,
                do="read the files of both with one source, or drop them there by `filter`",
            )
    output = names(plan.output)
    relation = f"(SELECT {output} FROM {grouped} UNION ALL SELECT {output} FROM {kept} WHERE NOT ({known}))"
    return _described(plan, rule, kept, grouped, relation, engine)


def _made(column: str, rule: str, plan: Plan) -> str:
    cell = name(column)
    if rule in ROWS:
        return f"max({cell}) FILTER (_{rule} = 1)"
    if rule in ("sum", "count"):
        return f"CAST(sum({cell}) AS {'BIGINT' if plan.table.columns[column].type == 'integer' else 'DOUBLE'})"
    return f"{rule or 'max'}({cell})"


def _refuse(plan: Plan, grouped: str, free: Sequence[str], engine: Engine, where: str) -> None:
    """Refuse rows that differ in a column without a rule, and rows that break a rule of the table once they are one."""
    rules = plan.rules("reject")
    flags = [name("_d" + column) for column in free] + [
        f"_rows > 1 AND {broken(plan, rule, utc=True)}" for rule in rules
    ]
    counts = [f"count(*) FILTER ({flag})" for flag in flags]
    counted = list(engine.rows(f"SELECT {', '.join(['count(*)', *counts])} FROM {grouped}")[0][1:])
    differ = ", ".join(f"{column} ({count:,})" for column, count in zip(free, counted, strict=False) if count)
    if differ:
        raise SourceError(
            f"rows of one {plan.key} differ in columns to which `collapse` gives no rule: {differ}",
            where=where,
            do="add a rule to `collapse: {columns: ...}`, or `otherwise: first`",
        )
    for rule, count in zip(rules, counted[len(free) :], strict=True):
        if count:
            raise SourceError(
                f"{count:,} rows that `collapse` makes break {rule.name}",
                where=where,
                do=f"give {rule.earlier} and {rule.later} rules that fit each other",
            )


def _described(plan: Plan, rule: Collapse, kept: str, grouped: str, relation: str, engine: Engine) -> Merged:
    before = engine.rows(f"SELECT count(*) FROM {kept}")[0][0]
    counts = "count(*), coalesce(sum(_rows), 0), count(*) FILTER (_rows > 1), count(*) FILTER (_files > 1)"
    after, rows, several, files = engine.rows(f"SELECT {counts} FROM {grouped}")[0]
    after += before - int(rows)
    named = [f"{column} {_WORDS[each]}" for column, each in rule.rules.items() if column in plan.output]
    rest = _WORDS[rule.otherwise] if rule.otherwise else "the same in all rows"
    words = ", ".join([*named, f"all else {rest}" if named else f"every value {rest}"])
    notes = [
        f"{before:,} rows are {after:,} {plan.table.name}, one per {plan.key} ({several:,} of several rows): {words}; "
        f"{rule.because}"
    ]
    if files and {"sum", "count"} & set(rule.rules.values()):
        notes.append(
            f"{files:,} of {plan.key} have rows in several files, and all of them are counted: make sure that the "
            "files do not export a row twice"
        )
    step = Decision(plan.table.name, f"one row per {plan.key}: {words}", rule.because, before, after)
    return Merged(relation, after, step, tuple(notes))
