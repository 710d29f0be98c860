"""The design matrix of a regression from columns of a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.quantiles.order import Floats


class Design(NamedTuple):
    """Names of the columns ("const" first), rows x columns, the outcome of the same rows, and rows left out."""

    names: tuple[str, ...]
    matrix: Floats
    outcome: Floats
    dropped: int


def of_terms(frame: pd.DataFrame, outcome: str, terms: Sequence[str]) -> Design:
    """The design of the columns ``terms``.

    A number stays a number. Any other column becomes one contrast per level that occurs but the first: the first
    category of a categorical, else the first in order. Rows with a missing value are left out.
    Raises InputError when a column is absent or the outcome is not numeric.
    """
    missing = [column for column in (outcome, *terms) if column not in frame.columns]
    if missing:
        raise InputError(f"no column {missing[0]!r}", where="frame", choices=frame.columns, found=missing[0])
    if not pd.api.types.is_numeric_dtype(frame[outcome]):
        raise InputError(f"is {frame[outcome].dtype}, not numeric", where=outcome)
    known = frame[[outcome, *terms]].dropna()
    parts: dict[str, Floats] = {"const": np.ones(len(known))}
    for term in terms:
        parts |= _columns(known[term], str(term))
    matrix = np.column_stack(list(parts.values()))
    return Design(tuple(parts), matrix, known[outcome].to_numpy(float), len(frame) - len(known))


def _columns(values: pd.Series, term: str) -> dict[str, Floats]:
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return {term: values.to_numpy(float)}
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = list(values.cat.remove_unused_categories().cat.categories)
    else:
        levels = sorted(values.unique())
    plain = values.astype(object).to_numpy()
    return {f"{term}: {level}": (plain == level).astype(float) for level in levels[1:]}
