"""Counts by place and group, checked once for every test that reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.privacy.quoting import quoted


@dataclass(frozen=True, eq=False)
class Estimates:
    """What a model gives: a table, facts, and the reason where there is neither."""

    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    facts: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


def known_group(name: str, groups: Iterable[str], where: str = "reference") -> str:
    """The name, which must be one of the groups. Raises InputError."""
    choices = sorted(groups)
    if name not in choices:
        raise InputError("no such group", where=where, choices=choices, found=name)
    return name


def counts(frame: pd.DataFrame, columns: Sequence[str], keys: Sequence[str] = ("place", "group")) -> pd.DataFrame:
    """The key and count columns of ``frame``, keys as text and counts whole, each count at most the one before it.

    Rows are put in the order of their keys. Raises InputError for columns or values that are missing, negative,
    fractional or larger than the count before, and for a repeated key.
    """
    missing = [column for column in (*keys, *columns) if column not in frame.columns]
    if missing:
        raise InputError(f"no column {', '.join(missing)}", where="frame", choices=frame.columns, found=missing[0])
    rows = frame[[*keys, *columns]].copy()
    if rows.isna().any().any():
        raise InputError(
            f"{int(rows.isna().any(axis=1).sum())} rows with a missing value",
            where="frame",
            do="leave them out, and say how many there were",
        )
    rows[list(keys)] = rows[list(keys)].astype(str)
    numbers = rows[list(columns)].to_numpy(dtype=float)
    if (numbers < 0).any() or (numbers % 1 != 0).any():
        raise InputError("counts must be whole numbers, at least 0", where=", ".join(columns))
    for i in range(1, len(columns)):
        if (numbers[:, i] > numbers[:, i - 1]).any():
            raise InputError(f"more {columns[i]} than {columns[i - 1]} in a row", where=columns[i])
    twice = rows.duplicated(list(keys))
    if twice.any():
        first = rows.loc[twice, list(keys)].iloc[0].tolist()
        raise InputError(
            f"{[quoted(part) for part in first]} is there more than once",
            where="frame",
            do=f"add the counts up by {', '.join(keys)}",
        )
    rows[list(columns)] = numbers.astype(np.int64)
    return rows.sort_values(list(keys)).reset_index(drop=True)
