"""Sources by format: files of records, Parquet, and relations of PostgreSQL and DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from perflib.errors import SourceError
from perflib.sources import address, delimited, duckdb_file, json_records, limits, textfile, workbook
from perflib.sources.cells import digest, shown
from perflib.sources.engine import Engine, brief
from perflib.sources.packed import of_kind, regular
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
    of_kind(path, "a Parquet file")
    try:
        found = engine.columns(f"read_parquet({path_literal(path)})")
        limits.columns([column for column, _ in found], path.name)
        rows = engine.rows(f"SELECT count(*) FROM read_parquet({path_literal(path)})")[0][0]
        names = ", ".join(f"c{place}" for place in range(len(found)))
        inner = f"SELECT * FROM read_parquet({path_literal(path)}, file_row_number = true)"
        relation = f"(SELECT *, _row + 1 AS _record FROM ({inner}) AS held({names}, _row))"
        engine.columns(relation)
    except duckdb.Error as fault:
        raise SourceError(f"not readable as Parquet ({brief(fault)})", where=path.name, do="write it again") from None
    if not rows:
        raise SourceError("columns without rows", where=path.name)
    header, types = (tuple(item[at] for item in found) for at in (0, 1))
    return Staged(path.name, relation, header, types, rows, sha256=digest(path))


def parquet_columns(path: Path) -> set[str]:
    """The names of the columns of a Parquet file; SourceError where it is none."""
    of_kind(path, "a Parquet file")
    try:
        return set(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as fault:
        raise SourceError(f"not readable as Parquet ({brief(fault)})", where=path.name, do="write it again") from fault


def _postgresql(reader: dict[str, Any], engine: Engine) -> Staged:
    with address.query(reader) as (label, header, found):
        limits.columns(header, label)
        rows = (((number,), [shown(cell, label) for cell in row]) for number, row in enumerate(found, 1))
        return texts(label, header, rows, engine)
