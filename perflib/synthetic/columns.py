"""Columns of equal length, and Arrow tables of exactly the schema's columns and types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perflib import schema

#: types of the schema: in the file, and how their numbers count time
ARROW = {
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}
UNITS = {"timestamp": "datetime64[s]", "date": "datetime64[D]"}
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Frame = Mapping[str, Any]


class Rows(SimpleNamespace):
    """Columns of equal length, by name; ``rows[keep]`` are some of the rows, by mask or position."""

    def __getitem__(self, keep: Any) -> Rows:
        return Rows(**{name: column[keep] for name, column in vars(self).items()})


class Labels(NamedTuple):
    """Texts kept as ``codes`` into ``names``, whole numbers or 0 and 1; a code below zero is missing."""

    codes: Ints
    names: Any

    def __getitem__(self, keep: Any) -> Labels:
        return Labels(self.codes[keep], self.names)

    def put(self, rows: Mask, name: str | None) -> Labels:
        """With another text in these rows; None is missing."""
        return Labels(np.where(rows, -1 if name is None else self.names.index(name), self.codes), self.names)


def sizes(named: Mapping[Any, float]) -> Floats:
    """The numbers of a mapping, in its order."""
    return np.array(list(named.values()))


def only(rows: Mask, values: Any) -> Floats:
    """The values in these rows, NaN elsewhere."""
    return np.where(rows, values, np.nan)


def join(parts: Sequence[Rows]) -> Rows:
    """The rows of all parts, one below the other."""
    return Rows(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])})


def to_arrow(table: str, *frames: Frame) -> pa.Table:
    """An Arrow table of those of the schema's columns that the frames have, in the schema's order.

    The rows of several frames stand one below the other. Timestamps come as seconds and dates as days since 1970 (UTC),
    booleans as 0 and 1; NaN is missing.
    """
    columns = schema.get(table).columns
    parts = [
        pa.table({name: _array(frame[name], column.type) for name, column in columns.items() if name in frame})
        for frame in frames
    ]
    return pa.concat_tables(parts).combine_chunks()


def _array(values: Any, kind: str) -> pa.Array:
    if isinstance(values, Labels):
        codes = np.asarray(values.codes, dtype=np.int64)
        return pa.array(list(values.names), pa.string()).take(pa.array(codes, mask=codes < 0))
    if kind not in ARROW:
        return pa.array(values).cast(pa.string())
    numbers = np.asarray(values, dtype=float).astype(UNITS.get(kind, float))
    return pa.array(numbers, from_pandas=True).cast(ARROW[kind])
