"""Sources by format: files of records, Parquet, and relations of PostgreSQL and DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from perflib.engine import duckdb_file, postgresql
from perflib.engine.connection import Engine, unreadable
from perflib.engine.sql import literal, path_literal
from perflib.errors import SourceError
from perflib.files import limits
from perflib.files.record import sha256
from perflib.sources import delimited, json_records, textfile, workbook
from perflib.sources.cell_text import shown
from perflib.sources.rows import Rows
from perflib.sources.staged import Staged, texts
from perflib.sources.unpacked import counted, of_kind, regular

#: what is wrong with a Parquet file, and what to do
_BROKEN = ("not readable as Parquet", "write it again")


def stage(
    path: Path | None, form: str, reader: dict[str, Any], engine: Engine, wanted: set[str] | None = None
) -> Staged:
    """The table of a file, or (``path`` None) of the database whose address the variable ``url_env`` holds.

    ``wanted`` are names that the header of a delimited text should hold.

    Raises
    ------
    SourceError : cannot be read as such, or holds no rows.
    """
    if path is None:
        return _postgresql(reader, engine)
    regular(path)
    rows = Rows(reader.get("header", 0), reader.get("footer", 0))
    if form in ("csv", "tsv"):
        look = textfile.look(path, reader.get("encoding", ""), reader.get("member", ""))
        return delimited.stage(path, look, {**reader, "format": form}, wanted or set(), rows, engine)
    if form == "excel":
        return workbook.stage(path, reader, rows, engine)
    if form == "json":
        return json_records.stage(path, reader, engine)
    return _duckdb(path, reader, engine) if form == "duckdb" else parquet(path, engine)


def parquet(path: Path, engine: Engine) -> Staged:
    """A Parquet file, read in place."""
    _no_bomb(path)
    with unreadable(path.name, *_BROKEN):
        found = engine.columns(f"read_parquet({path_literal(path)})")
        names = ", ".join(f"c{place}" for place in range(len(found)))
        inner = f"SELECT * FROM read_parquet({path_literal(path)}, file_row_number = true)"
        relation = f"(SELECT *, _row + 1 AS _record FROM ({inner}) AS numbered({names}, _row))"
        rows = engine.rows(f"SELECT count(*) FROM {relation}")[0][0]
        limits.records(rows, path.name)
    if not rows:
        raise SourceError("columns without rows", where=path.name)
    header, types = (tuple(item[at] for item in found) for at in (0, 1))
    return Staged(path.name, relation, header, types, rows, sha256=sha256(path))


def parquet_columns(path: Path) -> set[str]:
    """The names of the columns of a Parquet file; SourceError where it is none."""
    return set(_parquet_schema(path).names)


def _parquet_schema(path: Path) -> pa.Schema:
    of_kind(path, "a Parquet file")
    with unreadable(path.name, *_BROKEN):
        return pq.read_schema(path)


def _no_bomb(path: Path) -> None:
    """Refuse what grows past the limits: the engine copies a text for each row, a dictionary holds it once."""
    schema = _parquet_schema(path)
    limits.columns(schema.names, path.name)
    kinds = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
    types = {
        field.name: field.type.value_type if pa.types.is_dictionary(field.type) else field.type for field in schema
    }
    names = [name for name, kind in types.items() if kind in kinds]
    with unreadable(path.name, *_BROKEN), pq.ParquetFile(path, read_dictionary=names) as file:
        groups = range(file.metadata.num_row_groups)
        counted(path, sum(file.metadata.row_group(at).total_byte_size for at in groups))
        for batch in file.iter_batches(limits.BATCH_RECORDS, columns=names) if names else ():
            for column in batch.columns:
                texts = column.dictionary if pa.types.is_dictionary(column.type) else column
                limits.cell(pc.max(pc.binary_length(texts)).as_py() or 0, path.name)


def _postgresql(reader: dict[str, Any], engine: Engine) -> Staged:
    with postgresql.query(reader) as (label, header, found):
        limits.columns(header, label)
        rows = (((number,), [shown(cell, label) for cell in row]) for number, row in enumerate(found, 1))
        return texts(label, header, rows, engine)


def _duckdb(path: Path, reader: dict[str, Any], engine: Engine) -> Staged:
    of_kind(path, "a DuckDB file")
    part = engine.part("table")
    header, rows = duckdb_file.copy(path, reader, part)
    if not rows:
        raise SourceError("a relation without rows", where=path.name)
    relation = f"read_parquet({literal(part)})"
    types = tuple(kind for _, kind in engine.columns(relation)[1:])
    return Staged(path.name, relation, header, types, rows, sha256=sha256(path))
