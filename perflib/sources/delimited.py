"""Delimited text to a relation of texts: the exact way, record by record, for any file that can be read at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from perflib.engine.connection import Engine
from perflib.errors import SourceError
from perflib.files import limits
from perflib.sources.records import Record, delimiter_of, records
from perflib.sources.rows import Rows
from perflib.sources.staged import Row, Staged, texts
from perflib.sources.textfile import Look, text

LEAD = ("_record", "_line", "_fields", "_raw")


def stated(reader: dict[str, Any]) -> str:
    """The delimiter that the mapping states; empty where it states none."""
    return str(reader.get("delimiter") or ("\t" if reader.get("format") == "tsv" else ""))


def stage(path: Path, look: Look, reader: dict[str, Any], wanted: set[str], rows: Rows, engine: Engine) -> Staged:
    """Read every record of the file into the private folder."""
    member = reader.get("member", "")
    mark = stated(reader)
    if not mark:
        with text(path, look.encoding, member, look.ends) as lines:
            lower = islice(lines, rows.above, None)
            mark = delimiter_of(next((line for line in lower if line.strip()), ""), wanted)
    found = records(path, look, mark, member, rows)
    first = next(found, None)
    if first is None or (rows.header and first.line != rows.header):
        place = f"line {rows.header}: " if rows.header else ""
        raise SourceError(f"{place}the file holds no header", where=path.name, do="correct reader.header or the export")
    header = rows.names(first.fields)
    limits.columns(header, path.name)
    begun = list(islice(found, 20))
    rows.no_title(first.fields, (record.fields for record in begun), path.name)
    below = chain(begun if rows.header is not None else [first, *begun], found)
    notes = ((look.note,) if look.note else ()) + rows.notes(path.name)
    return texts(path.name, header, cells(rows.records(below), len(header)), engine, LEAD, look.sha256, notes)


def cells(found: Iterable[Record], width: int) -> Iterator[Row]:
    """The records as rows of ``width`` cells."""
    for record in found:
        fields = record.fields
        odd = None if len(fields) == width or _spare(fields, width) else len(fields)
        fitted = fields if len(fields) == width else [*fields[:width], *[None] * (width - len(fields))]
        yield (record.number, record.line, odd, record.raw), fitted


def _spare(fields: list[str], width: int) -> bool:
    """Blank fields past the header come of trailing delimiters and lose nothing."""
    return len(fields) > width and not any(text.strip() for text in fields[width:])
