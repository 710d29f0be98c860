"""Every id of an officer or of staff becomes its code when the department is opened; one person has one code.

The key never enters the engine. The distinct ids leave it, their codes come back as two lists in one order, and a
column is translated by its place in them: a query that does not touch the column pays nothing, and whatever copies
the table copies codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from perflib import privacy
from perflib.engine.connection import Engine
from perflib.engine.sql import literal, name
from perflib.sources.guard import Guard, columns
from perflib.sources.load import Loaded

_IDS, _CODES = "_people", "_codes"


def coded(loaded: Sequence[Loaded], guard: Guard, engine: Engine) -> list[Loaded]:
    """The sources with codes in place of ids; as they are, with a note that says why, where the policy says so.

    Raises
    ------
    PrivacyError : there is no usable key.
    """
    with_ids = [item for item in loaded if present(item)]
    if not guard.policy.pseudonyms:
        words = f"ids of people are shown as they are: {guard.policy.because}"
        return [_noted(item, words) if item in with_ids else item for item in loaded]
    people = identities(with_ids, engine)
    if not people:
        return list(loaded)
    _translation(privacy.codes(people, guard.key()), engine)
    return [replace(item, relation=_translated(item)) if item in with_ids else item for item in loaded]


def present(item: Loaded) -> list[str]:
    """The id columns that a source fills."""
    return [column for column in columns(item.table) if column in item.columns]


def identities(loaded: Sequence[Loaded], engine: Engine) -> list[str]:
    """The distinct ids of all sources, in order."""
    parts = [
        f"SELECT DISTINCT {name(column)} AS id FROM {item.relation}" for item in loaded for column in present(item)
    ]
    if not parts:
        return []
    query = f"SELECT DISTINCT id FROM ({' UNION ALL '.join(parts)}) WHERE id IS NOT NULL"
    return [row[0] for row in engine.rows(query)]


def _translation(codes: dict[str, str], engine: Engine) -> None:
    path = engine.part("people")
    pd.DataFrame({"place": range(len(codes)), "id": codes.keys(), "code": codes.values()}).to_parquet(path, index=False)
    for kind, column in ((_IDS, "id"), (_CODES, "code")):
        engine.run(
            f"CREATE TYPE {name(kind)} AS ENUM (SELECT {column} FROM read_parquet({literal(path)}) ORDER BY place)"
        )
    path.unlink()


def _translated(item: Loaded) -> str:
    ids = present(item)
    columns = ", ".join(_code(each) if each in ids else name(each) for each in item.columns)
    return f"(SELECT {columns} FROM {item.relation})"


def _code(column: str) -> str:
    """SQL of the code; an id that came into a file after it was opened has none and is missing, never shown."""
    place = f"enum_code(TRY_CAST({name(column)} AS {name(_IDS)})) + 1"
    return f"enum_range(CAST(NULL AS {name(_CODES)}))[{place}] AS {name(column)}"


def _noted(item: Loaded, words: str) -> Loaded:
    return replace(item, report=replace(item.report, notes=(*item.report.notes, words)))
