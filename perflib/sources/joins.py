"""Adds the joined and derived columns of a mapping to a staged file; the records themselves stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from perflib.engine.connection import Engine
from perflib.engine.sql import added, every, literal
from perflib.errors import MappingError, SourceError
from perflib.files import record
from perflib.privacy.quoting import cell, quoted_all
from perflib.sources import language, tables
from perflib.sources.bind import absent
from perflib.sources.derive import Extra, Lookup, expression, present
from perflib.sources.mapping import Mapping
from perflib.sources.rows import format_of
from perflib.sources.staged import Staged


def widened(staged: Staged, mapping: Mapping, path: Path | None, engine: Engine) -> Staged:
    """The staged file with further text columns; files of lookups lie beside ``path``.

    Raises
    ------
    MappingError : a column of a join or of ``derive`` is not there.
    SourceError : a lookup cannot be read, or its key is not unique and no ``first_by`` chooses.
    """
    extra, where = mapping.extra, f"{staged.label}, {mapping.where}"
    if not extra:
        return staged
    columns = _single(staged.names, "s")
    new: dict[str, str] = {}
    joins, notes, also = "", list(staged.notes), dict(staged.also)
    for number, lookup in enumerate(extra.lookups):
        place, alias = f"{where}, join {lookup.name}", f"j{number}"
        other, relation = _lookup(lookup, path, engine, place)
        on = _matching(lookup, columns, other.names, alias, place)
        joins += f" LEFT JOIN {relation} AS {alias} ON {on}"
        names = _single([f"{lookup.name}.{name}" for name in other.names], alias)
        columns |= names
        new |= names
        also[other.label] = other.sha256
        if not lookup.partial:
            unmatched = f"SELECT count(*) FROM {staged.relation} AS s{joins} WHERE {alias}._there IS NULL"
            if lone := engine.rows(unmatched)[0][0]:
                notes.append(f"{staged.label}: {lone:,} of {staged.rows:,} records have no match in {lookup.name}")
    start = len(staged.header)
    made = [f"CAST({sql} AS VARCHAR) AS c{at}" for at, sql in enumerate(new.values(), start)]
    relation = f"(SELECT {', '.join(['s.*', *made])} FROM {staged.relation} AS s{joins})"
    header = (*staged.header, *new)
    columns = {name: sql.removeprefix("s.") for name, sql in columns.items()}
    columns |= {name: f"c{at}" for at, name in enumerate(new, start)}
    relation = _derived(relation, len(header), extra, columns, where)
    header += tuple(item.name for item in extra.derived)
    types = (*staged.types, *("VARCHAR",) * (len(header) - start))
    return replace(staged, relation=relation, header=header, types=types, notes=tuple(notes), also=tuple(also.items()))


def _derived(relation: str, start: int, extra: Extra, columns: dict[str, str], where: str) -> str:
    """SQL of the relation with the derived columns, those that read others of them one step later.

    Written into one expression, columns that read each other twice would double its length each time.
    """
    made: dict[str, str] = {}
    for at, item in enumerate(extra.derived, start):
        if any(columns.get(name, "") in made for name in item.columns()):
            relation, made = added(relation, made.values()), {}
        columns[item.name], sql = f"c{at}", expression(item, columns, extra.missing, where)
        made[f"c{at}"] = f"CAST({sql} AS VARCHAR) AS c{at}"
    return added(relation, made.values())


def unpivoted(staged: Staged, mapping: Mapping) -> Staged:
    """The staged file with one record for each of several columns, if the mapping says so; all columns stay.

    Raises
    ------
    MappingError : one of the columns is not there, or a new one is there already.
    """
    rule, names = mapping.extra.unpivot, staged.names
    if not rule:
        return staged
    where = f"{staged.label}, {mapping.where}, unpivot"
    for header, _ in rule.columns:
        _once(header, names, "", where)
    if {rule.name, rule.value} & set(names):
        raise MappingError(
            f"the export has a column {rule.name!r} or {rule.value!r}",
            where=where,
            do="give `name` and `value` other names",
        )
    width, count = len(names), len(rule.columns)
    rows = ", ".join(f"({at}, {literal(name)})" for at, (_, name) in enumerate(rule.columns))
    cells = " ".join(
        f"WHEN {at} THEN CAST(c{names.index(header)} AS VARCHAR)" for at, (header, _) in enumerate(rule.columns)
    )
    made = f"(_record - 1) * {count} + _at + 1 AS _record"
    relation = (
        f"(SELECT * EXCLUDE (_at) REPLACE ({made}), CASE _at {cells} END AS c{width + 1} "
        f"FROM {staged.relation} AS s, (VALUES {rows}) AS u(_at, c{width}))"
    )
    note = f"{staged.label}: {count} columns became rows, {staged.rows:,} records are {staged.rows * count:,} rows"
    return replace(
        staged,
        relation=relation,
        header=(*staged.header, rule.name, rule.value),
        rows=staged.rows * count,
        types=(*staged.types, "VARCHAR", "VARCHAR"),
        notes=(*staged.notes, note),
    )


def _single(names: Sequence[str], alias: str) -> dict[str, str]:
    """SQL of the columns whose name stands once; one that stands twice cannot be meant."""
    return {name: f"{alias}.c{at}" for at, name in enumerate(names) if names.count(name) == 1}


def _once(name: str, names: Sequence[str], file: str, where: str) -> None:
    """Refuse a name that the columns of a file do not hold exactly once."""
    if names.count(name) != 1:
        raise MappingError(
            f"column {name!r} stands {names.count(name)} times{file and f' in {file}'}, wanted once",
            where=where,
            choices=quoted_all(names, name),
            found=name,
        )


def _matching(lookup: Lookup, columns: dict[str, str], others: Sequence[str], alias: str, where: str) -> str:
    for pair in lookup.on:
        for name, names in zip(pair, (list(columns), others), strict=True):
            if name not in names:
                raise absent(names, f"no column {name!r} to join on", where, name)
    return every(f"{_key(columns[own])} = {alias}.k{at}" for at, (own, _) in enumerate(lookup.on))


def _lookup(lookup: Lookup, path: Path | None, engine: Engine, where: str) -> tuple[Staged, str]:
    """The lookup's file and SQL of its rows, one per key; read once per engine."""
    if path is None or engine.roots is None:
        raise MappingError("a join needs a file beside the export", where=where)
    text = lookup.reader.get("file")
    file = engine.roots.path(text, where, path.parent) if text else path
    record.file(file)
    key = (str(file), repr(lookup))
    if key not in engine.lookups:
        reader = dict(lookup.reader)
        staged = tables.stage(file, format_of(file, reader, where, language.LOOKUP), reader, engine)
        engine.lookups[key] = staged, _one_per_key(staged, lookup, engine, where)
    return engine.lookups[key]


def _one_per_key(staged: Staged, lookup: Lookup, engine: Engine, where: str) -> str:
    names = staged.names
    for name in (*(other for _, other in lookup.on), *filter(None, [lookup.first_by])):
        _once(name, names, staged.label, where)
    keys = [f"k{at}" for at in range(len(lookup.on))]
    made = (f"{_key(f'c{names.index(other)}')} AS {key}" for key, (_, other) in zip(keys, lookup.on, strict=True))
    relation, kept = added(staged.relation, [*made, "true AS _there"]), ", ".join(keys)
    if lookup.first_by:
        order = f"{present(f'c{names.index(lookup.first_by)}', [''])} ASC NULLS LAST, _record"
        return f"(SELECT * FROM {relation} QUALIFY row_number() OVER (PARTITION BY {kept} ORDER BY {order}) = 1)"
    twice = engine.rows(
        f"SELECT {kept}, list(_record ORDER BY _record)[:3], count(*) FROM {relation} "
        "GROUP BY ALL HAVING count(*) > 1 ORDER BY min(_record) LIMIT 1"
    )
    for *parts, at, times in twice:
        shown, places = " + ".join(cell("" if part is None else part) for part in parts), ", ".join(map(str, at))
        raise SourceError(
            f"a key such as {shown} stands {times} times in {staged.label} (records {places}), wanted once",
            where=where,
            do="join on more columns, or say which row counts: `first_by: column`",
        )
    return relation


def _key(column: str) -> str:
    """SQL: a key to join on; 1007.0 in one file is 1007 in the other."""
    return f"regexp_replace({present(column, [''])}, '^(\\d+)\\.0+$', '\\1')"
