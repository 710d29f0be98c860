"""Records whose key stands more than once: copies are left out, and where they differ the source is refused."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from perflib import schema
from perflib.engine.connection import Engine
from perflib.engine.sql import every, name
from perflib.errors import SourceError
from perflib.privacy.quoting import quoted
from perflib.sources.bind import wanted
from perflib.sources.judge import Part, Plan
from perflib.sources.staged import texts
from perflib.sources.textfile import plain_lines

#: so many key hashes are sorted in memory (256 MB)
SORTED = 32_000_000
_SHOWN = 8
Places = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Differing:
    """Rows of one key that differ: where they are, how many keys, and per column of how many keys."""

    places: Places
    keys: int
    columns: Mapping[str, int]
    mapped: bool = True


@dataclass(frozen=True)
class Repeated:
    """The records whose key stands more than once: copies of an earlier record, and those that differ."""

    copies: Places = ()
    differing: Differing | None = None


def repeated(
    plan: Plan, parts: Sequence[Part], earlier: Sequence[tuple[str, Sequence[str]]], engine: Engine
) -> Repeated:
    """The records of a key that stands more than once; ``earlier`` are SQL and columns of earlier sources of the table.

    Rows that agree in every column of the export are copies. Rows of files with other columns are compared in those
    that all files have.
    """
    keys = plan.table.key
    if plan.mapping.numbered or not set(keys) <= {spec.column.name for spec in plan.mapping.specs}:
        return Repeated()
    columns = [column for column in plan.output if column not in keys and all(column in held for _, held in earlier)]
    held, shown = ", ".join(map(name, keys)), ", ".join(map(name, [*keys, *columns]))
    union = " UNION ALL ".join(
        [
            *(
                f"SELECT {place} AS _part, {part.file} AS _file, _record, {shown} FROM {part.relation} "
                f"WHERE {_counts(plan, part)}"
                for place, part in enumerate(parts)
            ),
            *(f"SELECT -1 AS _part, -1 AS _file, 0 AS _record, {shown} FROM {relation}" for relation, _ in earlier),
        ]
    )
    hashes = doubled(held, union, sum(part.staged.rows for part in parts), engine)
    if not hashes:
        return Repeated()
    rows = engine.stored(f"SELECT * FROM ({union}) WHERE hash({held}) IN (SELECT h FROM {hashes})")
    if plan.mapping.collapse:
        return Repeated(_exported_twice(plan, parts, rows, engine))
    differing = _differing(rows, keys, columns, engine) or _unmapped(plan, parts, rows, engine)
    return Repeated(_later(rows, keys, engine), differing)


def doubled(keys: str, union: str, rows: int, engine: Engine) -> str:
    """SQL of the key hashes ``h`` that occur more than once; empty when there is none, and so no key is doubled.

    Sorting numbers is several times quicker than grouping texts; past SORTED records the engine groups the hashes,
    since it can spill.
    """
    hashes = f"SELECT hash({keys}) AS h FROM ({union})"
    if rows > SORTED:
        hashes = f"SELECT h FROM ({hashes}) GROUP BY h HAVING count(*) > 1"
    found = engine.array(hashes)
    if rows <= SORTED:
        found = _twice(found)
    if not len(found):
        return ""
    return engine.listed(pd.DataFrame({"h": found}).drop_duplicates())


def _twice(hashes: np.ndarray) -> np.ndarray:
    """The numbers that stand more than once; the lower and the upper half are sorted side by side."""
    low = hashes < np.uint64(1 << 63)
    halves = [hashes[low], hashes[~low]]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(np.ndarray.sort, halves))
    return np.concatenate([half[1:][half[1:] == half[:-1]] for half in halves])


def _counts(plan: Plan, part: Part) -> str:
    """SQL: the record is accepted, no filter drops it, and all of its key is known."""
    known = (f"{name(key)} IS NOT NULL" for key in plan.table.key)
    return every([part.fine, *known, *(f"_f{place}" for place in range(len(plan.mapping.filters)))])


def differ(column: str) -> str:
    """SQL over the rows of a group: they do not agree in the column."""
    held = name(column)
    return f"(count({held}) NOT IN (0, count(*)) OR coalesce(min({held}) <> max({held}), false))"


def _differing(
    rows: str, keys: Sequence[str], columns: Sequence[str], engine: Engine, names: Mapping[str, str] | None = None
) -> Differing | None:
    """The rows of one key that do not agree in these columns; ``names`` are those of the export."""
    if not columns:
        return None
    held, flags = ", ".join(map(name, keys)), [f"_d{place}" for place in range(len(columns))]
    made = ", ".join(f"{differ(column)} AS {flag}" for column, flag in zip(columns, flags, strict=True))
    groups = engine.stored(f"SELECT {held}, {made} FROM {rows} GROUP BY {held} HAVING count(*) > 1")
    counts = ", ".join(f"count(*) FILTER ({flag})" for flag in flags)
    some = f"FROM {groups} WHERE {' OR '.join(flags)}"
    total, *each = engine.rows(f"SELECT count(*), {counts} {some}")[0]
    if not total:
        return None
    places = engine.rows(
        f"SELECT _part, _record FROM {rows} SEMI JOIN (SELECT {held} {some}) USING ({held}) WHERE _part >= 0"
    )
    found = {(names or {}).get(column, column): count for column, count in zip(columns, each, strict=True) if count}
    return Differing(places, total, dict(sorted(found.items(), key=lambda item: -item[1])), names is None)


def _unmapped(plan: Plan, parts: Sequence[Part], rows: str, engine: Engine) -> Differing | None:
    """Rows that agree in every mapped column and differ in another column of the export."""
    used = wanted(plan.mapping, {*plan.output, *plan.table.key})
    cells, headers = _cells(parts, rows, engine)
    names = {f"r{place}": header for place, header in enumerate(headers) if header not in used}
    return _differing(cells, plan.table.key, list(names), engine, names) if cells else None


def _exported_twice(plan: Plan, parts: Sequence[Part], rows: str, engine: Engine) -> Places:
    """Copies in a further file, where rows are counted or added up.

    A row that stands twice in one file is two units or victims alike; one that stands in two files was exported twice.
    """
    rules = plan.mapping.collapse.rules.values() if plan.mapping.collapse else ()
    if not {"sum", "count"} & set(rules):
        return ()
    held = ", ".join(map(name, plan.table.key))
    several = f"SELECT {held} FROM {rows} GROUP BY {held} HAVING count(DISTINCT _file) > 1"
    cells, headers = _cells(parts, f"(SELECT * FROM {rows} SEMI JOIN ({several}) USING ({held}))", engine)
    if not cells:
        return ()
    alike = ", ".join([held, *(f"r{place}" for place in range(len(headers)))])
    nth = f"SELECT *, row_number() OVER (PARTITION BY {alike}, _file ORDER BY _record) AS _nth FROM {cells}"
    order = f"row_number() OVER (PARTITION BY {alike}, _nth ORDER BY _file) AS _copy"
    return engine.rows(f"SELECT _part, _record FROM (SELECT *, {order} FROM ({nth})) WHERE _copy > 1")


def _later(rows: str, keys: Sequence[str], engine: Engine) -> Places:
    held = ", ".join(map(name, keys))
    order = f"row_number() OVER (PARTITION BY {held} ORDER BY _file, _record) AS _place"
    return engine.rows(f"SELECT _part, _record FROM (SELECT *, {order} FROM {rows}) WHERE _place > 1 AND _part >= 0")


def _cells(parts: Sequence[Part], rows: str, engine: Engine) -> tuple[str, list[str]]:
    """SQL of the rows with the texts of the export, ``r0`` ..., and the names of the columns that all files have."""
    headers = [[text.strip() for text in part.staged.header] for part in parts]
    shared = [text for text in dict.fromkeys(headers[0]) if all(header.count(text) == 1 for header in headers)]
    queries = []
    for place, (part, header) in enumerate(zip(parts, headers, strict=True)):
        records = [row[0] for row in engine.rows(f"SELECT _record FROM {rows} WHERE _part = {place} ORDER BY ALL")]
        texts = [f"nullif(trim(CAST(c{header.index(text)} AS VARCHAR)), '') AS r{at}" for at, text in enumerate(shared)]
        if records and texts:
            held = _texts(part, records, engine)
            queries.append(f"SELECT {place} AS _part, _record, {', '.join(texts)} FROM {held}")
    if not queries:
        return "", []
    own = f"SELECT * FROM {rows} WHERE _part >= 0"
    return engine.stored(f"SELECT * FROM ({own}) JOIN ({' UNION ALL '.join(queries)}) USING (_part, _record)"), shared


def _texts(part: Part, records: Sequence[int], engine: Engine) -> str:
    """SQL of the columns of the export; of a plain file that was read in one pass, its lines are read again."""
    if not part.staged.source:
        return part.staged.relation
    lines = plain_lines(part.staged.source, [record + 1 for record in records])
    found = (((line - 1,), next(csv.reader([raw], delimiter=part.staged.delimiter), [])) for line, raw in lines)
    return texts(part.staged.label, part.staged.header, found, engine).relation


def refusal(found: Differing, plan: Plan, where: str) -> SourceError:
    """What to write in the mapping where rows of one key differ."""
    key, table = " + ".join(plan.table.key), plan.table
    names = {column: column if found.mapped else quoted(column) for column in found.columns}
    shown = ", ".join(f"{names[column]} (in {count:,})" for column, count in list(found.columns.items())[:_SHOWN])
    more = f" and {len(found.columns) - _SHOWN} more" if len(found.columns) > _SHOWN else ""
    what = f"{len(found.places):,} records share {found.keys:,} values of {key} and differ in: {shown}{more}"
    if not found.mapped:
        what += ", which the mapping does not read"
    if not plan.mapping.written:
        return SourceError(what, where=where, do=f"make one row of each {key} before, or give them keys of their own")
    if found.mapped:
        rules = {column: _usual(table.columns[column]) for column in list(found.columns)[:_SHOWN]}
    else:
        number = next((column for column in ("victims", "unit_count") if column in table.columns), "")
        rules = {number: "count"} if number and number not in plan.output else {}
    pairs = ", ".join(f"{column}: {rule}" for column, rule in rules.items())
    parts = f"`collapse: {{columns: {{{pairs}}}, because: ...}}` if they are parts of one, such as units or victims"
    newest = "`collapse: newest` if they are later states of one"
    newest += "" if "recorded_at" in plan.output else " (with recorded_at mapped to the moment of the export)"
    first = "" if found.mapped else "`collapse: first` if the difference does not matter"
    other = f"map another column to {key} if they are records of their own"
    said = [each for each in (newest, parts if pairs else "", first, other) if each]
    return SourceError(what, where=where, do=f"say in the mapping what they are: {'; '.join(said)}")


def _usual(column: schema.Column) -> str:
    """A rule to begin with: the first of the units to arrive, the last to leave."""
    if column.type in ("timestamp", "date"):
        return "max" if column.name in ("cleared_at", "closed_at", "recorded_at") else "min"
    return "max" if column.type in ("integer", "number") else "first"
