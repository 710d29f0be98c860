"""Picks the reader of a file and brings it within reach of the engine."""

from __future__ import annotations

from pathlib import Path

from perflib import schema
from perflib.engine.connection import Engine, source_errors
from perflib.sources import fast, tables
from perflib.sources.bind import wanted
from perflib.sources.mapping import Mapping, canonical
from perflib.sources.packed import regular
from perflib.sources.plan import Plan
from perflib.sources.rows import format_of
from perflib.sources.staged import Staged
from perflib.sources.validate import Part, validate


def parts(path: Path | None, plan: Plan, engine: Engine) -> list[Part]:
    """The judged records of one file (None: a database named by an environment variable)."""
    reader, where = dict(plan.mapping.reader), f"{plan.mapping.where}, reader"
    with source_errors(path.name if path else plan.mapping.where):
        form = format_of(path, reader, where)
        if path is not None and form in ("csv", "tsv"):
            regular(path)
            if found := fast.read(path, {**reader, "format": form}, plan, engine):
                return found
        staged = tables.stage(path, form, reader, engine, wanted(plan.mapping))
        return [validate(staged, plan, engine, path)]


def canonical_parquet(path: Path, table: schema.Table, engine: Engine) -> tuple[Staged, Mapping]:
    """A Parquet file that already carries canonical names."""
    with source_errors(path.name):
        staged = tables.parquet(path, engine)
    return staged, canonical(table, list(staged.header), path.name)
