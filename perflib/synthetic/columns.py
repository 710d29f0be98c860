"""Columns of equal length, and Arrow tables of exactly the schema's columns and types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perflib import schema

#: by type of the schema: what a number is multiplied by, and the two types it is cast to in turn
_CASTS = {
    "timestamp": (1_000_000, pa.int64(), pa.timestamp("us", tz="UTC")),
    "date": (1, pa.int32(), pa.date32()),
    "integer": (1, pa.int64(), pa.int64()),
    "number": (1, pa.float64(), pa.float64()),
    "boolean": (1, pa.int8(), pa.bool_()),
}
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Rows(SimpleNamespace):
    """Columns of equal length, by name; ``rows[keep]`` are some of the rows, by mask or position."""

    def __getitem__(self, keep: Any) -> Rows:
        return Rows(**{name: column[keep] for name, column in vars(self).items()})


class Labels(NamedTuple):
    """Texts kept as ``codes`` into ``names``; a code below zero is missing."""

    codes: Ints
    names: Any

    def __getitem__(self, keep: Any) -> Labels:
        return Labels(self.codes[keep], self.names)


def join(parts: Sequence[Rows]) -> Rows:
    """The rows of all parts, one below the other."""
    return Rows(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])})


def to_arrow(table: str, *frames: Mapping[str, Any]) -> pa.Table:
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
        codes = np.asarray(values.codes)
        return pa.array(list(values.names), pa.string()).take(pa.array(codes, mask=codes < 0))
    if kind not in _CASTS:
        return pa.array(values).cast(pa.string())
    factor, stored, meant = _CASTS[kind]
    return pa.array(np.asarray(values, dtype=float) * factor, from_pandas=True).cast(stored).cast(meant)
