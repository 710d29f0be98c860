"""pandas frames of canonical columns to a Department."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from perflib import schema
from perflib.agency import Department
from perflib.engine.clock import zone
from perflib.engine.connection import Engine
from perflib.engine.sql import literal
from perflib.errors import InputError, SourceError
from perflib.privacy import Policy
from perflib.privacy.quoting import quoted
from perflib.sources.guard import Guard
from perflib.sources.load import Loaded, load
from perflib.sources.mapping import QUARANTINE_LIMIT, canonical
from perflib.sources.opening import Opened, personal_columns
from perflib.sources.plan import Plan
from perflib.sources.staged import Staged
from perflib.sources.validate import validate


def from_frames(
    name: str = "",
    timezone: str = "UTC",
    personal: Iterable[str] = (),
    privacy: Mapping[str, Any] | None = None,
    quarantine_limit: float | None = None,
    **frames: pd.DataFrame,
) -> Department:
    """A Department of pandas frames, one per canonical table (``calls=frame, officers=frame``).

    Stamps without an offset are local in ``timezone``. Rows that break the schema's rules are quarantined, as from
    a file, and a frame with more than the share ``quarantine_limit`` of them is refused (left out: a file's limit, but
    never for a single row). In columns of texts (ids, priorities) whole numbers lose their ".0": pandas makes 101 a
    101.0 where another row lacks one. The frames are not changed. Personal columns are dropped unless named in
    ``personal``. Ids of officers and staff become keyed codes; ``privacy`` is as in a department file
    (``{"key": "officers.key"}``, or ``{"pseudonyms": False, "because": "invented people"}``), its paths relative to the
    current directory.

    Raises
    ------
    MappingError : an unknown table or column, with the valid names; a required column is absent.
    DepartmentError, PrivacyError : ``privacy`` is not understood; the key cannot be used.
    InputError : not a frame. SourceError : an empty frame, or too many rows quarantined.
    """
    if not frames:
        raise InputError("no frames", do="give at least one: from_frames(calls=frame)", choices=schema.names())
    zone(timezone, "timezone")
    wanted = personal_columns(personal)
    guard = Guard(Policy.read(privacy, "from_frames"), name or "frames")
    settings = {} if privacy is None else {"privacy": guard.policy}
    opened = Opened(name or "frames", timezone, settings, guard, Engine())
    for table, frame in frames.items():
        opened.add(_load(table, frame, wanted, opened, quarantine_limit))
    return opened.department()


def _load(table: str, frame: pd.DataFrame, personal: tuple[str, ...], opened: Opened, limit: float | None) -> Loaded:
    wanted = schema.get(table)
    where = f"frame {table}"
    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"found {type(frame).__name__}, a pandas DataFrame was wanted", where=where)
    names = [str(column) for column in frame.columns]
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        raise InputError(f"column {', '.join(map(quoted, twice))} is there more than once", where=where)
    mapping = canonical(wanted, names, where)
    if not len(frame):
        raise SourceError("has columns but no rows", where=where)
    # one row of a few is a large share and yet no sign of a wrong frame
    mapping = replace(mapping, quarantine_limit=max(QUARANTINE_LIMIT, 1 / len(frame)) if limit is None else limit)
    staged, plan = _stage(frame, names, where, opened.engine), Plan.of(mapping, opened.timezone, personal)
    return load(plan, [validate(staged, plan, opened.engine)], opened.loaded, opened.engine, where)


def _stage(frame: pd.DataFrame, names: list[str], where: str, engine: Engine) -> Staged:
    arrays = [pa.array(range(1, len(frame) + 1), type=pa.int64())]
    arrays += [_array(frame.iloc[:, place], f"{where}, column {quoted(name)}") for place, name in enumerate(names)]
    path = engine.part("frame")
    pq.write_table(pa.table(arrays, names=["_record", *(f"c{place}" for place in range(len(names)))]), path)
    relation = f"read_parquet({literal(path)})"
    types = tuple(type_ for _, type_ in engine.columns(relation)[1:])
    return Staged(where, relation, tuple(names), types, len(frame))


def _array(column: pd.Series, where: str) -> pa.Array:
    """Arrow values of a column; mixed objects become their texts."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    try:
        found = pa.Array.from_pandas(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        found = pa.array([None if pd.isna(item) is True else _text(item) for item in column], type=pa.string())
    except pa.ArrowException as fault:
        raise InputError(f"cannot be read ({type(fault).__name__})", where=where) from None
    found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    if pa.types.is_nested(found.type) or pa.types.is_binary(found.type):
        raise InputError(f"found {found.type}, plain values were wanted", where=where)
    return found.cast(pa.string()) if pa.types.is_null(found.type) else found


def _text(item: Any) -> str:
    """A mixed value as a person would write it: 101.0 is 101."""
    return str(int(item)) if isinstance(item, float) and item.is_integer() and abs(item) < 9e15 else str(item)
