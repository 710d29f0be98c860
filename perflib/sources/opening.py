"""Opens a department: a department file, a folder of canonical Parquet files, or the built-in sample."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from perflib import schema
from perflib.agency import Department
from perflib.engine import postgresql
from perflib.engine.connection import Engine, source_errors
from perflib.errors import DepartmentError, MappingError, SourceError, alone
from perflib.files import record
from perflib.sources import department_file, prepared, pseudonyms, readers
from perflib.sources.canonical import ready
from perflib.sources.department_file import DepartmentFile, Source
from perflib.sources.guard import Guard, folder_roots, guard_of, key_print, located, raw_settings
from perflib.sources.load import Loaded, load
from perflib.sources.mapping import Mapping as SourceMapping
from perflib.sources.mapping import load as load_mapping
from perflib.sources.plan import Plan
from perflib.sources.validate import numbered, validate


def open(path: str | Path = "", personal: Iterable[str] = (), tables: Iterable[str] = ()) -> Department:
    """The Department of a ``department.yml``, of a folder of canonical Parquet files, or (empty path) the sample.

    Personal columns are dropped at load unless named in ``personal`` (``"lat"``, ``"subject_race"``). Ids of
    officers and staff become keyed codes, the same person the same code in every table, unless `privacy` in the
    department file says why not. With ``tables`` only these canonical tables are read and checked, which is quicker;
    the others are absent.

    Raises
    ------
    DepartmentError, MappingError, SourceError : each naming file, record and column, what was found and wanted.
    PrivacyError : the key of the codes cannot be used.
    """
    asked, wanted = asked_personal(personal), asked_tables(tables)

    def make() -> Department:
        return department(*read_all(located(path), asked, wanted))

    with alone():
        return prepared.opened(path, lambda: (asked, wanted, key_print(path)), make)


def people(path: str | Path) -> tuple[Guard, list[str]]:
    """The ids of officers and staff as the sources give them, for re-identification alone; and how they are guarded."""
    ids = tuple(table for table in schema.names() if pseudonyms.columns(table))
    *_, loaded, _, guard, engine = read_all(located(path), (), ids)
    return guard, pseudonyms.identities(loaded, engine)


Parts = tuple[str, str, Sequence[Loaded], Mapping[str, Any], Guard, Engine]


def read_all(place: DepartmentFile | Path, asked: tuple[str, ...], wanted: tuple[str, ...]) -> Parts:
    return _file(place, asked, wanted) if isinstance(place, DepartmentFile) else _folder(place, asked, wanted)


def asked_personal(personal: Iterable[str]) -> tuple[str, ...]:
    """The personal columns asked for; MappingError for a name that is not one."""
    asked = (personal,) if isinstance(personal, str) else tuple(personal)
    valid = sorted({column for table in schema.tables().values() for column in table.personal})
    for column in asked:
        if column not in valid:
            raise MappingError(f"no personal column {column!r}", where="personal", choices=valid, found=column)
    return asked


def asked_tables(tables: Iterable[str]) -> tuple[str, ...]:
    """The canonical tables asked for, all when none is; MappingError for a name that is not one."""
    asked = (tables,) if isinstance(tables, str) else tuple(tables)
    return tuple(schema.get(table).name for table in asked) or schema.names()


def department(
    name: str, timezone: str, loaded: Sequence[Loaded], settings: Mapping[str, Any], guard: Guard, engine: Engine
) -> Department:
    """The loaded sources as one Department, ids coded; sources of one table are joined."""
    loaded = pseudonyms.coded(loaded, guard, engine)
    by_table: dict[str, list[Loaded]] = {}
    for item in loaded:
        by_table.setdefault(item.table, []).append(item)
    queries = {
        table: " UNION ALL BY NAME ".join(f"SELECT * FROM {item.relation}" for item in items)
        for table, items in by_table.items()
    }
    tables = engine.views(queries)
    log = tuple(step for item in loaded for step in item.log)
    reports = tuple(item.report for item in loaded)
    return Department(name, timezone, tables, schema.main(by_table), settings, log, reports)


def _file(file: DepartmentFile, personal: tuple[str, ...], wanted: tuple[str, ...]) -> Parts:
    engine = Engine(file.roots)
    loaded: list[Loaded] = []
    sources = [source for source in file.sources if source.table in wanted]
    if not sources:
        raise DepartmentError(
            f"has no source for {', '.join(wanted)}",
            where=str(file.path),
            choices=dict.fromkeys(source.table for source in file.sources),
        )
    for source in sources:
        loaded.append(load_source(source, file, personal, loaded, engine))
    return file.name, file.timezone, loaded, file.settings, guard_of(file), engine


def load_source(
    source: Source, file: DepartmentFile, personal: tuple[str, ...], earlier: Sequence[Loaded], engine: Engine
) -> Loaded:
    """One source of a department file, read and validated."""
    mapping = load_mapping(source.mapping)
    if mapping.table.name != source.table:
        raise MappingError(
            f"is for table {mapping.table.name!r}, the source is of {source.table!r}",
            where=mapping.where,
            do=f"correct `table` in {file.path.name} or in the mapping",
        )
    plan, files = Plan.of(mapping, file.timezone, personal), _matches(source, mapping, file)
    before = sum(len(other.report.files) for other in earlier if other.table == mapping.table.name)
    where = Path(source.files).name or mapping.where
    with source_errors(where):
        parts = [
            numbered(
                replace(part, file=place, staged=replace(part.staged, label=label or part.staged.label)), plan, before
            )
            for place, (path, label) in enumerate(zip(files, _labels(files), strict=True))
            for part in readers.parts(path, plan, engine)
        ]
        return load(plan, parts, earlier, engine, where)


def _labels(files: Sequence[Path | None]) -> list[str]:
    """What tells the files apart where one glob finds two of a name: their paths below the folder they share."""
    paths = [file for file in files if file is not None]
    if len({file.name for file in paths}) == len(files):
        return [file.name for file in paths]
    shared = os.path.commonpath([file.parent for file in paths]) if paths else ""
    return ["" if file is None else file.relative_to(shared).as_posix() for file in files]


def _matches(source: Source, mapping: SourceMapping, file: DepartmentFile) -> list[Path | None]:
    """The files of a glob in order of name; a database has none."""
    reader, files = dict(mapping.reader), source.files
    if not files and reader.get("url_env"):
        if record.active():
            label, found = reader.get("relation") or "query", postgresql.fingerprint(reader)
            record.note("database", os.path.abspath(source.mapping), label=label, found=found)
        return [None]
    if not files:
        raise DepartmentError("a source without `files`", where=mapping.where, do="add a glob, or reader.url_env")
    paths = file.roots.read(files, f"{file.path.name}, files")
    if not paths:
        raise SourceError("no file matches", where=files, do="check `files` in the department file")
    for path in paths:  # what was written to a database last lies beside it
        if reader.get("format") == "duckdb" or path.suffix.lower() == ".duckdb":
            record.file(path.with_name(path.name + ".wal"))
    return list(paths)


def _folder(folder: Path, personal: tuple[str, ...], wanted: tuple[str, ...]) -> Parts:
    """A folder of ``<table>.parquet``; a ``department.yml`` beside them gives name, timezone and settings."""
    raw = raw_settings(folder)
    names = record.matching(folder, "*.parquet")
    record.files(folder, "*.parquet", names)
    present = {Path(name).stem: folder / name for name in names}
    if not present:
        raise DepartmentError("holds neither Parquet files nor a department.yml with sources", where=str(folder))
    files = {table: file for table, file in present.items() if table in wanted or table not in schema.names()}
    if not files:
        raise DepartmentError(f"has no table {', '.join(wanted)}", where=str(folder), choices=present)
    timezone = str(raw.get("timezone") or "UTC")
    engine = Engine()
    loaded: list[Loaded] = []
    main = "calls" if "calls" in files else next(iter(files))
    for table in sorted(files, key=lambda item: (item != main, item)):
        record.file(files[table])
        staged, mapping = readers.canonical_parquet(files[table], schema.get(table), engine)
        plan = Plan.of(mapping, timezone, personal)
        with source_errors(files[table].name):
            loaded.append(
                ready(files[table], staged, plan, engine)
                or load(plan, [validate(staged, plan, engine)], loaded, engine, files[table].name)
            )
    settings = department_file.kept_settings(raw, folder_roots(folder, raw))
    return str(raw.get("name") or folder.name), timezone, loaded, settings, guard_of(folder), engine
