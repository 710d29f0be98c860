"""Delimited text to a relation of texts: the exact way, record by record, for any file that can be read at all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from perflib.errors import SourceError
from perflib.sources.engine import Engine
from perflib.sources.records import DELIMITERS, Record, delimiter_of, records
from perflib.sources.sql import literal
from perflib.sources.staged import Staged
from perflib.sources.textfile import Look, text_lines

BATCH = 20_000


def delimiter(path: Path, encoding: str, reader: dict[str, str], wanted: set[str]) -> str:
    """The stated delimiter, or the one that fits the header."""
    stated = {"\\t": "\t", "tab": "\t", "tsv": "\t"}.get(reader.get("delimiter", ""), reader.get("delimiter", ""))
    if reader.get("format") == "tsv":
        stated = stated or "\t"
    if len(stated) > 1 or stated in ('"', "\r", "\n"):
        raise SourceError(f"delimiter {stated!r} is not one character", where=path.name, choices=map(repr, DELIMITERS))
    if stated:
        return stated
    with text_lines(path, encoding, reader.get("member", "")) as lines:
        return delimiter_of(next((line for line in lines if line.strip()), ""), wanted)


def stage(path: Path, look: Look, reader: dict[str, str], mark: str, engine: Engine) -> Staged:
    """Read every record of the file into a Parquet file of texts in the private folder."""
    found = records(path, look.encoding, mark, reader.get("member", ""))
    first = next(found, None)
    if first is None:
        raise SourceError("the file holds no header", where=path.name, do="export it again")
    header = tuple(first.fields)
    part = engine.part("text")
    rows = write(part, found, len(header))
    if not rows:
        raise SourceError("a header without rows", where=path.name, do="export it again with its records")
    relation = f"read_parquet({literal(part)})"
    notes = (look.note,) if look.note else ()
    return Staged(path.name, relation, header, ("VARCHAR",) * len(header), rows, True, look.sha256, notes)


def write(part: Path, found: Iterator[Record], width: int) -> int:
    """Write the records as texts; how many there were."""
    names = [f"c{place}" for place in range(width)]
    schema = pa.schema(
        [("_record", pa.int64()), ("_line", pa.int64()), ("_fields", pa.int64()), ("_raw", pa.string())]
        + [(name, pa.string()) for name in names]
    )
    rows = 0
    with pq.ParquetWriter(part, schema) as writer:
        while batch := list(islice(found, BATCH)):
            writer.write_batch(_batch(batch, width, schema))
            rows += len(batch)
    return rows


def _batch(batch: list[Record], width: int, schema: pa.Schema) -> pa.RecordBatch:
    fields = [_fitted(record.fields, width) for record in batch]
    columns = [
        [record.number for record in batch], [record.line for record in batch],
        [_odd_width(record.fields, width) for record in batch],
        [record.raw for record in batch], *map(list, zip(*fields, strict=True)),
    ]
    arrays = [pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _fitted(fields: list[str], width: int) -> list[str | None]:
    return [*fields[:width], *[None] * (width - len(fields))]


def _odd_width(fields: list[str], width: int) -> int | None:
    return None if len(fields) == width or _spare(fields, width) else len(fields)


def _spare(fields: list[str], width: int) -> bool:
    """Blank fields past the header come of trailing delimiters and lose nothing."""
    return len(fields) > width and not any(text.strip() for text in fields[width:])
