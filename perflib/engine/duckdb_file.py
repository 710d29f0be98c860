"""A DuckDB file given as data: opened to read its own tables and for nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from perflib.engine.connection import CLOSED, unreadable
from perflib.engine.sql import longest, name
from perflib.errors import MappingError, SourceError
from perflib.files import limits

#: the functions that a query may read rows of besides tables: they reach nothing outside
_HARMLESS = {"RANGE", "GENERATE_SERIES", "UNNEST", "REPEAT", "REPEAT_ROW"}
_DO = "a query is one SELECT over tables of the file: it reads no other file and changes nothing"


def copy(path: Path, reader: dict[str, Any], part: Path) -> tuple[tuple[str, ...], int]:
    """Write the rows of a relation or a query as a Parquet file ``part``; its columns, and how many rows.

    Raises
    ------
    MappingError : the query is not one SELECT.
    SourceError : not a DuckDB file, no such table, or what is read reaches outside the file.
    """
    with unreadable(path.name, "cannot be read", outside=_DO), _opened(path, part.parent) as con:
        query = _query(con, reader, path.name)
        types = [row[1] for row in con.execute("DESCRIBE given").fetchall()]
        if {"VARCHAR", "BLOB"} & set(types):  # before such texts are copied for every row
            names = ", ".join(f"c{at}" for at in range(len(types)))
            measure = f"SELECT {longest(types)} FROM (FROM given) AS measured({names})"
            limits.cell(con.execute(measure).fetchone()[0], path.name)
        return _copied(con.execute(query), part, path.name)


@contextmanager
def _opened(path: Path, folder: Path) -> Iterator[Any]:
    settings: dict[str, Any] = {
        **CLOSED,
        "enable_external_access": "false",
        "temp_directory": str(folder / "foreign"),
        "memory_limit": limits.ENGINE_MEMORY,
        "max_temp_directory_size": f"{limits.RESULT >> 30}GB",
    }
    with duckdb.connect(str(path), read_only=True, config=settings) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET lock_configuration = true")
        clock = threading.Timer(limits.SECONDS, con.interrupt)
        clock.start()
        try:
            yield con
        finally:
            clock.cancel()


def _query(con: Any, reader: dict[str, Any], where: str) -> str:
    """The one statement, whose plan reads tables of the file alone."""
    query = reader.get("query") or f"SELECT * FROM {'.'.join(map(name, reader['relation'].split('.')))}"
    statements = con.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise MappingError("the query is not one SELECT", where=f"{where}, reader.query", do=_DO)
    con.execute(f"CREATE TEMP VIEW given AS {query}")
    plans = json.loads(con.execute("EXPLAIN (FORMAT json) FROM given").fetchone()[1])
    while plans:
        plan = plans.pop()
        plans += plan.get("children", [])
        function = plan.get("extra_info", {}).get("Function", "").upper()
        if function and function not in _HARMLESS:
            raise SourceError(f"the query or a view uses the function {function}", where=where, do=_DO)
    return query


def _copied(batches: Any, part: Path, where: str) -> tuple[tuple[str, ...], int]:
    """Write what a query gives; its columns, and how many rows."""
    batches = batches.to_arrow_reader(limits.BATCH_RECORDS)
    header, rows, size = tuple(batches.schema.names), 0, 0
    limits.columns(header, where)
    fields = [pa.field("_record", pa.int64())]
    fields += [pa.field(f"c{at}", field.type) for at, field in enumerate(batches.schema)]
    with pq.ParquetWriter(part, pa.schema(fields)) as writer:
        for batch in batches:
            numbers = pa.array(range(rows + 1, rows + batch.num_rows + 1), type=pa.int64())
            writer.write_batch(pa.RecordBatch.from_arrays([numbers, *batch.columns], schema=pa.schema(fields)))
            rows, size = rows + batch.num_rows, size + batch.nbytes
            limits.records(rows, where)
            if size > limits.RESULT:
                raise SourceError(f"gives more than {limits.RESULT >> 30} GB", where=where, do="select less")
    return header, rows
