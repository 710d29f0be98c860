"""Turns plain arrays into Arrow tables of exactly the schema's columns and types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perflib import schema

#: what each schema type is in a Parquet file
ARROW = {
    "string": pa.string(),
    "category": pa.string(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}


@dataclass(frozen=True, eq=False)
class Labels:
    """Texts kept as ``codes`` into ``names``; a code below zero is missing."""

    codes: npt.NDArray[Any]
    names: npt.NDArray[Any] | tuple[str, ...] | list[str]

    def __getitem__(self, rows: Any) -> Labels:
        return Labels(self.codes[rows], self.names)

    def __len__(self) -> int:
        return len(self.codes)


Column = npt.NDArray[Any] | Labels
Frame = dict[str, Column]


def take(frame: Mapping[str, Any], rows: Any) -> dict[str, Any]:
    """The rows of every column; ``rows`` is a mask or positions."""
    return {name: column[rows] for name, column in frame.items()}


def stack(above: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    """The rows of both frames, one below the other; texts may be kept in different lists."""
    return {name: _stack(above[name], below[name]) for name in above}


def _stack(above: Any, below: Any) -> Any:
    if not isinstance(above, Labels):
        return np.concatenate([above, below])
    codes = np.where(below.codes < 0, -1, below.codes + len(above.names))
    return Labels(np.concatenate([above.codes, codes]), [*above.names, *below.names])


def to_arrow(table: str, frame: Mapping[str, Column]) -> pa.Table:
    """An Arrow table with the schema's columns, in its order; columns that are not there are left out.

    Timestamps come as seconds and dates as days since 1970 (UTC), NaN for missing; booleans as 0/1, below zero missing.
    """
    known = schema.get(table).columns
    kept = [name for name in known if name in frame]
    unknown = sorted(set(frame) - set(known))
    if unknown:
        raise KeyError(f"columns not in table {table}: {unknown}")
    return pa.table({name: _array(frame[name], known[name].type) for name in kept})


def _array(values: Column, kind: str) -> pa.Array:
    if isinstance(values, Labels):
        return _texts(values)
    if kind in ("string", "category"):
        return pa.array(values).cast(pa.string())
    if kind == "boolean":
        return pa.array(np.asarray(values) > 0, mask=np.asarray(values) < 0)
    return _numbers(np.asarray(values), kind)


def _texts(values: Labels) -> pa.Array:
    codes = np.asarray(values.codes, dtype=np.int32)
    names = pa.array(list(values.names), type=pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), names).cast(pa.string())


def _numbers(values: npt.NDArray[Any], kind: str) -> pa.Array:
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, dtype=bool)
    if kind == "number":
        return pa.array(values.astype(float), mask=missing)
    whole = np.where(missing, 0, values).astype(np.int64)
    if kind == "timestamp":
        return pa.array(whole * 1_000_000, mask=missing).cast(ARROW[kind])
    if kind == "date":
        return pa.array(whole.astype(np.int32), mask=missing).cast(ARROW[kind])
    return pa.array(whole, mask=missing)
