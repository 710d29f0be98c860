"""Sources that are tables already: Parquet, Excel, JSON, PostgreSQL and DuckDB relations."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from perflib.errors import MappingError, SourceError
from perflib.sources import address, textfile
from perflib.sources.engine import Engine
from perflib.sources.sql import literal, name, path_literal
from perflib.sources.staged import Staged

BATCH = 20_000


def stage(form: str, path: Path | None, reader: dict[str, str], engine: Engine) -> Staged:
    """The table of a file, or (``path`` None) of the database whose address the variable ``url_env`` holds.

    Raises
    ------
    SourceError : cannot be read as such, or holds no rows.
    """
    if form == "postgresql":
        return _postgresql(reader, engine)
    if path is None:
        raise MappingError(f"format {form} needs `files`", where="reader")
    try:
        with open(path, "rb"):
            pass
    except OSError as fault:
        raise textfile.refused(path, fault) from fault
    found = {"parquet": parquet, "excel": _excel, "json": _json, "duckdb": _duckdb}[form](path, reader, engine)
    return found


def parquet(path: Path, reader: dict[str, str], engine: Engine) -> Staged:
    """A Parquet file, read in place."""
    import duckdb

    try:
        found = engine.columns(f"read_parquet({path_literal(path)})")
        rows = engine.rows(f"SELECT count(*) FROM read_parquet({path_literal(path)})")[0][0]
    except duckdb.Error as fault:
        raise SourceError("not readable as Parquet", where=path.name, do="write the file again") from fault
    if not rows:
        raise SourceError("columns without rows", where=path.name)
    names = ", ".join(f"c{place}" for place in range(len(found)))
    inner = f"SELECT * FROM read_parquet({path_literal(path)}, file_row_number = true)"
    relation = f"(SELECT *, _row + 1 AS _record FROM ({inner}) AS held({names}, _row))"
    header, types = (tuple(item[at] for item in found) for at in (0, 1))
    return Staged(path.name, relation, header, types, rows, sha256=_digest(path))


def _excel(path: Path, reader: dict[str, str], engine: Engine) -> Staged:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        sheet = reader.get("sheet") or _only_sheet(book.sheet_names, path)
        if sheet not in book.sheet_names:
            raise SourceError(f"no sheet {sheet!r}", where=path.name, choices=book.sheet_names, found=sheet)
        cells = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except (CalamineError, zipfile.BadZipFile, OSError) as fault:
        raise SourceError(f"not readable as an Excel workbook ({fault})", where=path.name) from fault
    filled = [(place, row) for place, row in enumerate(cells, 1) if any(cell not in ("", None) for cell in row)]
    if not filled:
        raise SourceError(f"sheet {sheet!r} is empty", where=path.name)
    header = [_text(cell) or "" for cell in filled[0][1]]
    rows = ([_text(cell) for cell in row] for _, row in filled[1:])
    return _texts(path.name, header, rows, engine, _digest(path))


def _only_sheet(names: Sequence[str], path: Path) -> str:
    if len(names) != 1:
        raise SourceError(
            f"holds {len(names)} sheets, one was wanted", where=path.name, choices=names,
            do="name one: `reader: {sheet: ...}`",
        )
    return names[0]


def _json(path: Path, reader: dict[str, str], engine: Engine) -> Staged:
    seen = textfile.look(path, reader.get("encoding", ""), reader.get("member", ""), endless=True)
    with textfile.text_lines(path, seen.encoding, reader.get("member", "")) as lines:
        text = "".join(lines)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as fault:
        found = _lines(text, fault, path)
    rows = _rows(found)
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise SourceError("not a list of records", where=path.name, do='wanted: [{"column": value, ...}, ...]')
    header = list(dict.fromkeys(key for row in rows for key in row))
    return _texts(path.name, header, ([_text(row.get(key)) for key in header] for row in rows), engine, seen.sha256)


def _rows(found: Any) -> list[Any]:
    """A list of records, or the one list a wrapper object holds."""
    if isinstance(found, list):
        return found
    lists = [value for value in found.values() if isinstance(value, list)] if isinstance(found, dict) else []
    return lists[0] if len(lists) == 1 else []


def _lines(text: str, fault: json.JSONDecodeError, path: Path) -> list[Any]:
    """One record per line."""
    rows = []
    for place, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError as other:
                worst = fault if not rows else other
                where = f"{path.name}, line {fault.lineno if not rows else place}"
                raise SourceError(f"not readable as JSON ({worst.msg})", where=where) from fault
    return rows


def _duckdb(path: Path, reader: dict[str, str], engine: Engine) -> Staged:
    import duckdb

    try:
        with duckdb.connect(str(path), read_only=True) as con:
            con.execute("SET TimeZone = 'UTC'")
            asked = reader.get("query") or f"SELECT * FROM {_relation(reader, path.name)}"
            batches = con.execute(asked).to_arrow_reader(BATCH)
            part, rows, header = engine.part("table"), 0, list(batches.schema.names)
            schema = pa.schema([(f"c{at}", field.type) for at, field in enumerate(batches.schema)])
            with pq.ParquetWriter(part, schema) as writer:
                for batch in batches:
                    writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
                    rows += batch.num_rows
    except (duckdb.Error, pa.ArrowException) as fault:
        raise SourceError(f"cannot be read ({' '.join(str(fault).split())[:200]})", where=path.name) from fault
    if not rows:
        raise SourceError("a relation without rows", where=path.name)
    held = parquet(part, reader, engine)
    return Staged(path.name, held.relation, tuple(header), held.types, rows)


def _relation(reader: dict[str, str], where: str) -> str:
    if not reader.get("relation"):
        raise MappingError("needs `relation`", where=where, do="name the table: `reader: {relation: schema.table}`")
    return ".".join(name(part) for part in reader["relation"].split("."))


def _postgresql(reader: dict[str, str], engine: Engine) -> Staged:
    with address.query(reader) as (label, header, rows):
        return _texts(label, header, ([_text(cell) for cell in row] for row in rows), engine)


def _texts(
    label: str, header: Sequence[str], rows: Iterable[list[str | None]], engine: Engine, sha256: str = ""
) -> Staged:
    """Rows of texts as a Parquet file in the private folder."""
    part, count = engine.part("table"), 0
    schema = pa.schema([("_record", pa.int64()), *((f"c{at}", pa.string()) for at in range(len(header)))])
    source: Iterator[list[str | None]] = iter(rows)
    with pq.ParquetWriter(part, schema) as writer:
        while batch := list(islice(source, BATCH)):
            columns = list(zip(*batch, strict=True))
            arrays = [pa.array(range(count + 1, count + len(batch) + 1), type=pa.int64())]
            arrays += [pa.array(column, type=pa.string()) for column in columns]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            count += len(batch)
    if not count:
        raise SourceError("a header without rows", where=label)
    relation = f"read_parquet({literal(part)})"
    return Staged(label, relation, tuple(header), ("VARCHAR",) * len(header), count, sha256=sha256)


def _text(cell: Any) -> str | None:
    """A cell as the text a person would read: whole numbers without decimals, stamps in ISO 8601."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, (dt.datetime, dt.date, dt.time)):
        return cell.isoformat(sep=" ") if isinstance(cell, dt.datetime) else cell.isoformat()
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, (dict, list)) else str(cell)


def _digest(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
