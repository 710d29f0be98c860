"""Sources by format: files of records, Parquet, and relations of PostgreSQL and DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from perflib.errors import SourceError
from perflib.sources import address, delimited, duckdb_file, json_records, limits, textfile, workbook
from perflib.sources.cells import digest, shown
from perflib.sources.engine import Engine, brief
from perflib.sources.packed import counted, of_kind, regular
from perflib.sources.rows import Rows
from perflib.sources.sql import path_literal
from perflib.sources.staged import Staged, texts


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
    return duckdb_file.stage(path, reader, engine) if form == "duckdb" else parquet(path, engine)


def parquet(path: Path, engine: Engine) -> Staged:
    """A Parquet file, read in place."""
    _no_bomb(path)
    try:
        found = engine.columns(f"read_parquet({path_literal(path)})")
        names = ", ".join(f"c{place}" for place in range(len(found)))
        inner = f"SELECT * FROM read_parquet({path_literal(path)}, file_row_number = true)"
        relation = f"(SELECT *, _row + 1 AS _record FROM ({inner}) AS held({names}, _row))"
        rows = engine.rows(f"SELECT count(*) FROM {relation}")[0][0]
        limits.records(rows, path.name)
    except duckdb.Error as fault:
        raise SourceError(f"not readable as Parquet ({brief(fault)})", where=path.name, do="write it again") from None
    if not rows:
        raise SourceError("columns without rows", where=path.name)
    header, types = (tuple(item[at] for item in found) for at in (0, 1))
    return Staged(path.name, relation, header, types, rows, sha256=digest(path))


def parquet_columns(path: Path) -> set[str]:
    """The names of the columns of a Parquet file; SourceError where it is none."""
    return set(_parquet_schema(path).names)


def _parquet_schema(path: Path) -> pa.Schema:
    of_kind(path, "a Parquet file")
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as fault:
        raise SourceError(f"not readable as Parquet ({brief(fault)})", where=path.name, do="write it again") from None


def _no_bomb(path: Path) -> None:
    """Refuse what grows past the limits: the engine copies a text for each row, a dictionary holds it once."""
    schema = _parquet_schema(path)
    limits.columns(schema.names, path.name)
    kinds = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
    held = {field.name: field.type.value_type if pa.types.is_dictionary(field.type) else field.type for field in schema}
    names = [name for name, kind in held.items() if kind in kinds]
    try:
        with pq.ParquetFile(path, read_dictionary=names) as file:
            groups = range(file.metadata.num_row_groups)
            counted(path, sum(file.metadata.row_group(at).total_byte_size for at in groups))
            for batch in file.iter_batches(limits.BATCH_RECORDS, columns=names) if names else ():
                for column in batch.columns:
                    texts = column.dictionary if pa.types.is_dictionary(column.type) else column
                    limits.cell(pc.max(pc.binary_length(texts)).as_py() or 0, path.name)
    except (pa.ArrowException, OSError) as fault:
        raise SourceError(f"not readable as Parquet ({brief(fault)})", where=path.name, do="write it again") from None


def _postgresql(reader: dict[str, Any], engine: Engine) -> Staged:
    with address.query(reader) as (label, header, found):
        limits.columns(header, label)
        rows = (((number,), [shown(cell, label) for cell in row]) for number, row in enumerate(found, 1))
        return texts(label, header, rows, engine)
