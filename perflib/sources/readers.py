"""Picks the reader of a file and brings it within reach of the engine."""

from __future__ import annotations

from pathlib import Path

from perflib import schema
from perflib.sources import delimited, fast, language, tables, textfile
from perflib.sources.bind import wanted
from perflib.sources.engine import Engine
from perflib.sources.judge import Part, Plan, judge
from perflib.sources.mapping import Mapping, canonical
from perflib.sources.staged import Staged

_SUFFIXES = {
    ".parquet": "parquet", ".xlsx": "excel", ".xls": "excel", ".xlsb": "excel", ".xlsm": "excel", ".ods": "excel",
    ".json": "json", ".jsonl": "json", ".ndjson": "json", ".duckdb": "duckdb", ".tsv": "tsv",
}


def parts(path: Path | None, plan: Plan, engine: Engine) -> list[Part]:
    """The judged records of one file (None: a database named by an environment variable)."""
    reader = dict(plan.mapping.reader)
    if path is not None and not path.is_file():
        raise textfile.refused(path, FileNotFoundError(str(path)))
    form = reader.get("format") or (_format(path) if path else "postgresql")
    language.reads(reader, form, f"{plan.mapping.where}, reader")
    if form in ("csv", "tsv"):
        assert path is not None
        return _delimited(path, {**reader, "format": form}, plan, engine)
    return [judge(tables.stage(form, path, reader, engine), plan, engine, path)]


def canonical_parquet(path: Path, table: schema.Table, engine: Engine) -> tuple[Staged, Mapping]:
    """A Parquet file that already carries canonical names."""
    staged = tables.parquet(path, {}, engine)
    return staged, canonical(table, list(staged.header), path.name)


def _format(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in (".gz", ".zip")]
    return _SUFFIXES.get(suffixes[-1] if suffixes else "", "csv")


def _delimited(path: Path, reader: dict[str, str], plan: Plan, engine: Engine) -> list[Part]:
    seen, found = fast.read(path, reader, plan, engine)
    if found:
        return found
    mark = delimited.delimiter(path, seen.encoding, reader, wanted(plan.mapping))
    return [judge(delimited.stage(path, seen, reader, mark, engine), plan, engine, path)]
