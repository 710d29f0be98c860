"""Records whose key stands more than once: copies are left out, and where they differ the source is refused."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from perflib import schema
from perflib.engine.connection import Engine
from perflib.engine.sql import added, every, name, names
from perflib.errors import SourceError
from perflib.privacy.quoting import quoted
from perflib.sources.bind import wanted
from perflib.sources.plan import Plan
from perflib.sources.staged import texts
from perflib.sources.textfile import plain_lines
from perflib.sources.validate import Part

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
    if plan.mapping.numbered or not set(keys) <= set(plan.mapping.by_column):
        return Repeated()
    columns = [column for column in plan.output if column not in keys and all(column in other for _, other in earlier)]
    key, shown, known = names(keys), names([*keys, *columns]), every(f"{name(key)} IS NOT NULL" for key in keys)
    queries = [
        f"SELECT {place} AS _part, {part.file} AS _file, _record, {shown} FROM {part.relation} "
        f"WHERE {part.fine} AND {known} AND {plan.kept}"
        for place, part in enumerate(parts)
    ]
    queries += [f"SELECT -1 AS _part, -1 AS _file, 0 AS _record, {shown} FROM {relation}" for relation, _ in earlier]
    union = " UNION ALL ".join(queries)
    hashes = doubled(key, union, sum(part.staged.rows for part in parts), engine)
    if not hashes:
        return Repeated()
    rows = engine.stored(f"SELECT * FROM ({union}) WHERE hash({key}) IN (SELECT h FROM {hashes})")
    if plan.mapping.collapse:
        return Repeated(_exported_twice(plan, parts, rows, engine))
    differing = _differing(rows, keys, dict(zip(columns, columns, strict=True)), engine)
    differing = differing or _unmapped(plan, parts, rows, engine)
    order = f"row_number() OVER (PARTITION BY {key} ORDER BY _file, _record) AS _place"
    later = engine.rows(f"SELECT _part, _record FROM {added(rows, [order])} WHERE _place > 1 AND _part >= 0")
    return Repeated(later, differing)


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
    return engine.listed(pd.DataFrame({"h": found}).drop_duplicates()) if len(found) else ""


def _twice(hashes: np.ndarray) -> np.ndarray:
    """The numbers that stand more than once; the lower and the upper half are sorted side by side."""
    low = hashes < np.uint64(1 << 63)
    halves = [hashes[low], hashes[~low]]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(np.ndarray.sort, halves))
    return np.concatenate([half[1:][half[1:] == half[:-1]] for half in halves])


def differ(column: str) -> str:
    """SQL over the rows of a group: they do not agree in the column."""
    cell = name(column)
    return f"(count({cell}) NOT IN (0, count(*)) OR coalesce(min({cell}) <> max({cell}), false))"


def _differing(
    rows: str, keys: Sequence[str], columns: Mapping[str, str], engine: Engine, mapped: bool = True
) -> Differing | None:
    """The rows of one key that do not agree in these columns, which are given with the names to call them."""
    if not columns:
        return None
    key, flags = names(keys), [f"_d{place}" for place in range(len(columns))]
    made = ", ".join(f"{differ(column)} AS {flag}" for column, flag in zip(columns, flags, strict=True))
    groups = engine.stored(f"SELECT {key}, {made} FROM {rows} GROUP BY {key} HAVING count(*) > 1")
    counts = ", ".join(f"count(*) FILTER ({flag})" for flag in flags)
    some = f"FROM {groups} WHERE {' OR '.join(flags)}"
    total, *each = engine.rows(f"SELECT count(*), {counts} {some}")[0]
    if not total:
        return None
    places = engine.rows(
        f"SELECT _part, _record FROM {rows} SEMI JOIN (SELECT {key} {some}) USING ({key}) WHERE _part >= 0"
    )
    found = Counter(dict(zip(columns.values(), each, strict=True)))
    return Differing(places, total, {column: count for column, count in found.most_common() if count}, mapped)


def _unmapped(plan: Plan, parts: Sequence[Part], rows: str, engine: Engine) -> Differing | None:
    """Rows that agree in every mapped column and differ in another column of the export."""
    used = wanted(plan.mapping, {*plan.output, *plan.table.key})
    cells, headers = _cells(parts, rows, engine)
    others = {f"r{place}": header for place, header in enumerate(headers) if header not in used}
    return _differing(cells, plan.table.key, others, engine, mapped=False) if cells else None


def _exported_twice(plan: Plan, parts: Sequence[Part], rows: str, engine: Engine) -> Places:
    """Copies in a further file, where rows are counted or added up.

    A row that stands twice in one file is two units or victims alike; one that stands in two files was exported twice.
    """
    if not plan.mapping.collapse or not {"sum", "count"} & set(plan.mapping.collapse.rules.values()):
        return ()
    key = names(plan.table.key)
    several = f"SELECT {key} FROM {rows} GROUP BY {key} HAVING count(DISTINCT _file) > 1"
    cells, headers = _cells(parts, f"(SELECT * FROM {rows} SEMI JOIN ({several}) USING ({key}))", engine)
    if not cells:
        return ()
    alike = ", ".join([key, *(f"r{place}" for place in range(len(headers)))])
    nth = added(cells, [f"row_number() OVER (PARTITION BY {alike}, _file ORDER BY _record) AS _nth"])
    copies = added(nth, [f"row_number() OVER (PARTITION BY {alike}, _nth ORDER BY _file) AS _copy"])
    return engine.rows(f"SELECT _part, _record FROM {copies} WHERE _copy > 1")


def _cells(parts: Sequence[Part], rows: str, engine: Engine) -> tuple[str, list[str]]:
    """SQL of the rows with the texts of the export, ``r0`` ..., and the names of the columns that all files have."""
    headers = [part.staged.names for part in parts]
    shared = [text for text in dict.fromkeys(headers[0]) if all(header.count(text) == 1 for header in headers)]
    queries = []
    for place, (part, header) in enumerate(zip(parts, headers, strict=True)):
        records = [row[0] for row in engine.rows(f"SELECT _record FROM {rows} WHERE _part = {place} ORDER BY ALL")]
        texts = [f"nullif(trim(CAST(c{header.index(text)} AS VARCHAR)), '') AS r{at}" for at, text in enumerate(shared)]
        if records and texts:
            export = _texts(part, records, engine)
            queries.append(f"SELECT {place} AS _part, _record, {', '.join(texts)} FROM {export}")
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
    key, table = plan.key, plan.table
    columns = {column if found.mapped else quoted(column): count for column, count in found.columns.items()}
    shown = ", ".join(f"{column} (in {count:,})" for column, count in list(columns.items())[:_SHOWN])
    more = f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else ""
    what = f"{len(found.places):,} records share {found.keys:,} values of {key} and differ in: {shown}{more}"
    if not found.mapped:
        what += ", which the mapping does not read"
    if not plan.mapping.written:
        return SourceError(what, where=where, do=f"make one row of each {key} before, or give them keys of their own")
    newest = "" if "recorded_at" in plan.output else " (with recorded_at mapped to the moment of the export)"
    ways = [f"`collapse: newest` if they are later states of one{newest}"]
    rules = [f"{column}: {_usual(table.columns[column])}" for column in list(columns)[:_SHOWN] if found.mapped]
    if not found.mapped:
        number = next((column for column in ("victims", "unit_count") if column in table.columns), "")
        rules = [f"{number}: count"] if number and number not in plan.output else []
    if rules:
        rule = f"{{columns: {{{', '.join(rules)}}}, because: ...}}"
        ways.append(f"`collapse: {rule}` if they are parts of one, such as units or victims")
    ways += [] if found.mapped else ["`collapse: first` if the difference does not matter"]
    ways.append(f"map another column to {key} if they are records of their own")
    return SourceError(what, where=where, do=f"say in the mapping what they are: {'; '.join(ways)}")


def _usual(column: schema.Column) -> str:
    """A rule to begin with: the first of the units to arrive, the last to leave."""
    if column.dated:
        return "max" if column.name in ("cleared_at", "closed_at", "recorded_at") else "min"
    return "max" if column.type in ("integer", "number") else "first"
