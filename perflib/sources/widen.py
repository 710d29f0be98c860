"""Adds the joined and derived columns of a mapping to a staged file; the records themselves stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from perflib.engine.connection import Engine
from perflib.engine.sql import every, literal
from perflib.errors import MappingError, SourceError
from perflib.files import record
from perflib.privacy.quoting import cell, quoted_all
from perflib.sources import language, tables
from perflib.sources.bind import absent
from perflib.sources.derive import Extra, Lookup, Unpivot, expression, present
from perflib.sources.rows import format_of
from perflib.sources.staged import Staged


def widened(staged: Staged, extra: Extra, path: Path | None, engine: Engine, where: str) -> Staged:
    """The staged file with further text columns; files of lookups lie beside ``path``.

    Raises
    ------
    MappingError : a column of a join or of ``derive`` is not there.
    SourceError : a lookup cannot be read, or its key is not unique and no ``first_by`` chooses.
    """
    if not extra:
        return staged
    place = f"{staged.label}, {where}"
    columns = _single([name.strip() for name in staged.header], "s")
    joins, added, notes, also = "", [], list(staged.notes), dict(staged.also)
    for number, lookup in enumerate(extra.lookups):
        held, relation = _held(lookup, path, engine, place)
        alias = f"j{number}"
        on = _matching(lookup, columns, held, alias, place)
        joins += f" LEFT JOIN {relation} AS {alias} ON {on}"
        names = _single([f"{lookup.name}.{name.strip()}" for name in held.header], alias)
        columns |= names
        added += list(names.items())
        notes += [] if lookup.partial else _unmatched(staged, joins, f"{alias}._there", lookup, engine)
        also |= {held.label: held.sha256}
    start = len(staged.header)
    made = [f"CAST({sql} AS VARCHAR) AS c{start + at}" for at, (_, sql) in enumerate(added)]
    relation = f"(SELECT {', '.join(['s.*', *made])} FROM {staged.relation} AS s{joins})"
    header = (*staged.header, *(name for name, _ in added))
    columns = {name: sql.removeprefix("s.") for name, sql in columns.items()}
    columns |= {name: f"c{start + at}" for at, (name, _) in enumerate(added)}
    relation = _derived(relation, len(header), extra, columns, place)
    header += tuple(item.name for item in extra.derived)
    return replace(
        staged,
        relation=relation,
        header=header,
        types=(*staged.types, *("VARCHAR",) * (len(header) - start)),
        notes=tuple(notes),
        also=tuple(also.items()),
    )


def _derived(relation: str, start: int, extra: Extra, columns: dict[str, str], where: str) -> str:
    """SQL of the relation with the derived columns, those that read others of them one step later.

    Written into one expression, columns that read each other twice would double its length each time.
    """
    made: dict[str, str] = {}
    for at, item in enumerate(extra.derived):
        if any(columns.get(name, "") in made for name in item.columns()):
            relation, made = _step(relation, made), {}
        sql = expression(item, columns, extra.missing, where)
        columns[item.name] = f"c{start + at}"
        made[columns[item.name]] = f"CAST({sql} AS VARCHAR)"
    return _step(relation, made)


def _step(relation: str, made: dict[str, str]) -> str:
    return f"(SELECT {', '.join(['*', *(f'{sql} AS {column}' for column, sql in made.items())])} FROM {relation})"


def unpivoted(staged: Staged, rule: Unpivot | None, where: str) -> Staged:
    """The staged file with one record for each of several columns, if the mapping says so; all columns stay.

    Raises
    ------
    MappingError : one of the columns is not there, or a new one is there already.
    """
    if not rule:
        return staged
    names, place = [name.strip() for name in staged.header], f"{staged.label}, {where}, unpivot"
    for header, _ in rule.columns:
        if names.count(header) != 1:
            raise MappingError(
                f"column {header!r} stands {names.count(header)} times, wanted once",
                where=place,
                choices=quoted_all(names, header),
                found=header,
            )
    if {rule.name, rule.value} & set(names):
        raise MappingError(
            f"the export has a column {rule.name!r} or {rule.value!r}",
            where=place,
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


def _matching(lookup: Lookup, columns: dict[str, str], held: Staged, alias: str, where: str) -> str:
    theirs = [name.strip() for name in held.header]
    parts: list[str] = []
    for own, other in lookup.on:
        for name, names in ((own, columns), (other, theirs)):
            if name not in names:
                raise absent([*names], f"no column {name!r} to join on", f"{where}, join {lookup.name}", name)
        parts.append(f"{_key(columns[own])} = {alias}.k{len(parts)}")
    return every(parts)


def _held(lookup: Lookup, path: Path | None, engine: Engine, where: str) -> tuple[Staged, str]:
    """The lookup's file and SQL of its rows, one per key; read once per engine."""
    if path is None or engine.roots is None:
        raise MappingError("a join needs a file beside the export", where=where)
    text = lookup.reader.get("file")
    file = engine.roots.path(text, f"{where}, join {lookup.name}", path.parent) if text else path
    record.file(file)
    asked = (str(file), repr(lookup))
    if asked not in engine.lookups:
        place, reader = f"{where}, join {lookup.name}", dict(lookup.reader)
        staged = tables.stage(file, format_of(file, reader, place, language.LOOKUP), reader, engine)
        engine.lookups[asked] = staged, _one_per_key(staged, lookup, engine, place)
    return engine.lookups[asked]


def _one_per_key(staged: Staged, lookup: Lookup, engine: Engine, where: str) -> str:
    names = [name.strip() for name in staged.header]
    for name in (*(other for _, other in lookup.on), *([lookup.first_by] if lookup.first_by else [])):
        if names.count(name) != 1:
            raise MappingError(
                f"column {name!r} stands {names.count(name)} times in {staged.label}, wanted once",
                where=where,
                choices=quoted_all(names, name),
                found=name,
            )
    keys = [_key(f"c{names.index(other)}") for _, other in lookup.on]
    made = ", ".join(f"{key} AS k{at}" for at, key in enumerate(keys))
    kept = ", ".join(f"k{at}" for at in range(len(keys)))
    inner = f"SELECT *, {made}, true AS _there FROM {staged.relation}"
    if not lookup.first_by:
        found = engine.rows(
            f"SELECT {kept}, list(_record ORDER BY _record)[:3], count(*) FROM ({inner}) "
            "GROUP BY ALL HAVING count(*) > 1 ORDER BY min(_record) LIMIT 1"
        )
        if found:
            *key, at, times = found[0]
            shown, places = " + ".join(cell("" if part is None else part) for part in key), ", ".join(map(str, at))
            raise SourceError(
                f"a key such as {shown} stands {times} times in {staged.label} (records {places}), wanted once",
                where=where,
                do="join on more columns, or say which row counts: `first_by: column`",
            )
        return f"({inner})"
    order = f"{present(f'c{names.index(lookup.first_by)}', [''])} ASC NULLS LAST, _record"
    return f"(SELECT * FROM ({inner}) QUALIFY row_number() OVER (PARTITION BY {kept} ORDER BY {order}) = 1)"


def _key(column: str) -> str:
    """SQL: a key to join on; 1007.0 in one file is 1007 in the other."""
    return f"regexp_replace({present(column, [''])}, '^(\\d+)\\.0+$', '\\1')"


def _unmatched(staged: Staged, joins: str, there: str, lookup: Lookup, engine: Engine) -> list[str]:
    lone = engine.rows(f"SELECT count(*) FROM {staged.relation} AS s{joins} WHERE {there} IS NULL")[0][0]
    return [f"{staged.label}: {lone:,} of {staged.rows:,} records have no match in {lookup.name}"] if lone else []
