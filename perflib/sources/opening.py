"""Opens a department: a department file, a folder of canonical Parquet files, or the built-in sample."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from perflib import schema
from perflib.agency import Department, SourceReport
from perflib.engine import postgresql
from perflib.engine.connection import Engine, source_errors
from perflib.errors import DepartmentError, MappingError, PerflibError, SourceError, alone
from perflib.files import record
from perflib.sources import department_file, one_pass, prepared, pseudonyms
from perflib.sources.bind import wanted
from perflib.sources.canonical import ready
from perflib.sources.department_file import DepartmentFile, Source
from perflib.sources.guard import Guard, folder_roots, guard_of, key_print, located, raw_settings
from perflib.sources.load import Loaded, load
from perflib.sources.mapping import Mapping as SourceMapping
from perflib.sources.mapping import canonical
from perflib.sources.mapping import load as load_mapping
from perflib.sources.plan import Plan
from perflib.sources.rows import format_of
from perflib.sources.tables import parquet, stage
from perflib.sources.unpacked import regular
from perflib.sources.validate import Part, numbered, validate


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
    columns, names = personal_columns(personal), table_names(tables)

    def make() -> Department:
        return read_all(located(path), columns, names).department()

    with alone():
        return prepared.opened(path, lambda: (columns, names, key_print(path)), make)


def people(path: str | Path) -> tuple[Guard, list[str]]:
    """The ids of officers and staff as the sources give them, for re-identification alone; and how they are guarded."""
    ids = tuple(table for table in schema.names() if pseudonyms.columns(table))
    opened = read_all(located(path), (), ids)
    return opened.guard, pseudonyms.identities(opened.loaded, opened.engine)


@dataclass
class Opened:
    """The sources of a department that were read, their reports, and the faults of the others."""

    name: str
    timezone: str
    settings: Mapping[str, Any]
    guard: Guard
    engine: Engine
    loaded: list[Loaded] = field(default_factory=list)
    reports: list[SourceReport] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, loaded: Loaded) -> None:
        """Take in a source."""
        self.loaded.append(loaded)
        self.reports.append(loaded.report)

    def department(self) -> Department:
        """The sources as one Department, ids coded; sources of one table are joined."""
        loaded = pseudonyms.coded(self.loaded, self.guard, self.engine)
        queries: dict[str, list[str]] = {}
        for item in loaded:
            queries.setdefault(item.table, []).append(f"SELECT * FROM {item.relation}")
        tables = self.engine.views({table: " UNION ALL BY NAME ".join(parts) for table, parts in queries.items()})
        log = tuple(step for item in loaded for step in item.log)
        reports = tuple(item.report for item in loaded)
        return Department(self.name, self.timezone, tables, schema.main(tables), self.settings, log, reports)


def read_all(
    place: DepartmentFile | Path, personal: Sequence[str], tables: Sequence[str], every: bool = False
) -> Opened:
    """The sources of these tables; with ``every`` the later ones too when an earlier one of a file is refused."""
    if isinstance(place, DepartmentFile):
        return _file(place, personal, tables, every)
    return _folder(place, personal, tables)


def personal_columns(personal: Iterable[str]) -> tuple[str, ...]:
    """The personal columns to keep; MappingError for a name that is not one."""
    names = (personal,) if isinstance(personal, str) else tuple(personal)
    valid = sorted({column for table in schema.tables().values() for column in table.personal})
    for column in names:
        if column not in valid:
            raise MappingError(f"no personal column {column!r}", where="personal", choices=valid, found=column)
    return names


def table_names(tables: Iterable[str]) -> tuple[str, ...]:
    """The canonical tables to read, all when none is named; MappingError for a name that is not one."""
    names = (tables,) if isinstance(tables, str) else tuple(tables)
    return tuple(schema.get(table).name for table in names) or schema.names()


def _file(file: DepartmentFile, personal: Sequence[str], tables: Sequence[str], every: bool) -> Opened:
    opened = Opened(file.name, file.timezone, file.settings, guard_of(file), Engine(file.roots))
    sources = [source for source in file.sources if source.table in tables]
    if not sources:
        raise DepartmentError(
            f"has no source for {', '.join(tables)}",
            where=str(file.path),
            choices=dict.fromkeys(source.table for source in file.sources),
        )
    for source in sources:
        try:
            opened.add(_source(source, file, personal, opened.loaded, opened.engine))
        except PerflibError as fault:
            if not every:
                raise
            opened.faults.append(str(fault))
            opened.reports += [fault.report] if isinstance(fault, SourceError) and fault.report else []
    return opened


def _source(
    source: Source, file: DepartmentFile, personal: Sequence[str], earlier: Sequence[Loaded], engine: Engine
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
            for part in _parts(path, plan, engine)
        ]
        return load(plan, parts, earlier, engine, where)


def _parts(path: Path | None, plan: Plan, engine: Engine) -> list[Part]:
    """The records of one file (None: a database named by an environment variable), each accepted or refused."""
    reader = dict(plan.mapping.reader)
    with source_errors(path.name if path else plan.mapping.where):
        form = format_of(path, reader, f"{plan.mapping.where}, reader")
        if path is not None and form in ("csv", "tsv"):
            regular(path)
            if parts := one_pass.read(path, {**reader, "format": form}, plan, engine):
                return parts
        return [validate(stage(path, form, reader, engine, wanted(plan.mapping)), plan, engine, path)]


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


def _folder(folder: Path, personal: Sequence[str], tables: Sequence[str]) -> Opened:
    """A folder of ``<table>.parquet``; a ``department.yml`` beside them gives name, timezone and settings."""
    raw = raw_settings(folder)
    names = record.matching(folder, "*.parquet")
    record.files(folder, "*.parquet", names)
    present = {Path(name).stem: folder / name for name in names}
    if not present:
        raise DepartmentError("holds neither Parquet files nor a department.yml with sources", where=str(folder))
    files = {table: file for table, file in present.items() if table in tables or table not in schema.names()}
    if not files:
        raise DepartmentError(f"has no table {', '.join(tables)}", where=str(folder), choices=present)
    timezone = str(raw.get("timezone") or "UTC")
    settings = department_file.kept_settings(raw, folder_roots(folder, raw))
    opened = Opened(str(raw.get("name") or folder.name), timezone, settings, guard_of(folder), Engine())
    main = "calls" if "calls" in files else next(iter(files))
    for table in sorted(files, key=lambda item: (item != main, item)):
        path, engine = files[table], opened.engine
        record.file(path)
        with source_errors(path.name):
            staged = parquet(path, engine)
            plan = Plan.of(canonical(schema.get(table), list(staged.header), path.name), timezone, personal)
            opened.add(
                ready(path, staged, plan, engine)
                or load(plan, [validate(staged, plan, engine)], opened.loaded, engine, path.name)
            )
    return opened
