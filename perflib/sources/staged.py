"""A source brought within reach of the engine: a relation of columns ``c0, c1 ...`` beside its header."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from perflib import schema
from perflib.engine.connection import Engine
from perflib.engine.sql import literals
from perflib.errors import SourceError
from perflib.files import limits

_LEAD = {"_record": pa.int64(), "_line": pa.int64(), "_fields": pa.int64(), "_raw": pa.string()}
#: what stands before the cells of a row, and the cells
Row = tuple[Sequence[Any], Sequence[str | None]]


@dataclass(frozen=True)
class Staged:
    """One file or relation, ready to be judged.

    ``relation`` is SQL with columns c0.., ``_record`` and, for texts, ``_line``, ``_raw`` and ``_fields`` (number of
    fields found where it differs from the header, else NULL). ``types`` are DuckDB types of c0...
    ``also`` names the further files that were joined, with their sha256. ``source`` is the plain file whose line
    ``record + 1`` is the record, its fields parted by ``delimiter``, where the relation itself holds no raw text.
    """

    label: str
    relation: str
    header: tuple[str, ...]
    types: tuple[str, ...]
    rows: int
    text: bool = False
    sha256: str = ""
    notes: tuple[str, ...] = field(default=())
    also: tuple[tuple[str, str], ...] = field(default=())
    source: Path | None = None
    delimiter: str = ","

    def __post_init__(self) -> None:
        object.__setattr__(self, "header", tuple(schema.composed(name) for name in self.header))

    @property
    def names(self) -> list[str]:
        """The names of the columns, without blanks around them."""
        return [name.strip() for name in self.header]


def texts(
    label: str,
    header: Sequence[str],
    rows: Iterable[Row],
    engine: Engine,
    lead: Sequence[str] = ("_record",),
    sha256: str = "",
    notes: Sequence[str] = (),
) -> Staged:
    """Rows of texts as Parquet files in the private folder; ``header`` may grow while the rows come.

    Raises
    ------
    SourceError : no row.
    """
    files: list[Path] = []
    writer, form, count, mended = None, pa.schema([]), 0, 0
    try:
        for batch in _batches(rows, label):
            width = max(len(form) - len(lead), *(len(cells) for _, cells in batch))
            if writer is None or width > len(form) - len(lead):
                if writer:
                    writer.close()
                kinds = [(name, _LEAD[name]) for name in lead] + [(f"c{at}", pa.string()) for at in range(width)]
                form = pa.schema(kinds)
                files.append(engine.part("table"))
                writer = pq.ParquetWriter(files[-1], form)
            columns = [list(column) for column in zip(*(before for before, _ in batch), strict=True)]
            cells = (each if len(each) == width else [*each, *[None] * (width - len(each))] for _, each in batch)
            columns += [list(column) for column in zip(*cells, strict=True)]
            arrays, odd = zip(*map(_array, columns, form.types), strict=True)
            writer.write_batch(pa.RecordBatch.from_arrays(list(arrays), schema=form))
            count, mended = count + len(batch), mended + sum(odd)
    finally:
        if writer:
            writer.close()
    if not count:
        raise SourceError("a header without rows", where=label, do="export it again with its records")
    if mended:
        notes = (*notes, f"{label}: {mended:,} texts hold half a character, read as \N{REPLACEMENT CHARACTER}")
    relation = f"read_parquet([{literals(files)}], union_by_name = true)"
    header = tuple(_whole(name) for name in header)
    return Staged(label, relation, header, ("VARCHAR",) * len(header), count, "_raw" in lead, sha256, tuple(notes))


def _batches(rows: Iterable[Row], where: str) -> Iterator[list[Row]]:
    """The rows, so many together as the limits let be in memory at once."""
    batch: list[Row] = []
    cells = characters = 0
    for row in rows:
        batch.append(row)
        cells += len(row[1])
        length = sum(map(len, filter(None, row[1])))
        if length > limits.CELL:
            limits.cell(max(map(len, filter(None, row[1]))), f"{where}, record {row[0][0]:,}")
        characters += length
        full = cells > limits.BATCH_CELLS or characters > limits.BATCH_CHARACTERS
        if full or len(batch) >= limits.BATCH_RECORDS:
            yield batch
            batch, cells, characters = [], 0, 0
    if batch:
        yield batch


def _array(values: list[Any], kind: pa.DataType) -> tuple[pa.Array, int]:
    """Arrow values, and how many texts had to be mended first: half a character cannot be written."""
    try:
        return pa.array(values, type=kind), 0
    except UnicodeEncodeError:
        mended = [value and _whole(value) for value in values]
        return pa.array(mended, type=kind), sum(one != other for one, other in zip(values, mended, strict=True))


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
