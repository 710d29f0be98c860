"""The design matrix of a regression from columns of a frame, or from a formula."""

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


def of_terms(frame: pd.DataFrame, outcome: str, terms: Sequence[str] | str) -> Design:
    """The design of ``terms``: column names, or the right-hand side of a formula of patsy.

    A number stays a number. Any other column becomes one contrast per level that occurs but the first: the first
    category of a categorical, else the first in order. Rows with a missing value are left out.
    Raises InputError when a column is absent or the outcome is not numeric.
    """
    named = [outcome] if isinstance(terms, str) else [outcome, *terms]
    absent = [column for column in named if column not in frame.columns]
    if absent:
        raise InputError(f"no column {absent[0]!r}", where="frame", choices=frame.columns, found=absent[0])
    if not pd.api.types.is_numeric_dtype(frame[outcome]):
        raise InputError(f"is {frame[outcome].dtype}, not numeric", where=outcome)
    return _of_formula(frame, outcome, terms) if isinstance(terms, str) else _of_columns(frame, outcome, terms)


def _of_columns(frame: pd.DataFrame, outcome: str, terms: Sequence[str]) -> Design:
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


def _of_formula(frame: pd.DataFrame, outcome: str, right: str) -> Design:
    import patsy

    plain = frame.assign(
        **{
            column: frame[column].astype(object).where(frame[column].notna(), np.nan)
            for column in frame.columns
            if not pd.api.types.is_numeric_dtype(frame[column])
        }
    )
    response, design = patsy.dmatrices(f"Q({outcome!r}) ~ {right}", plain, return_type="dataframe")
    names = tuple(_term(column) for column in design.columns)
    return Design(names, design.to_numpy(float), response.iloc[:, 0].to_numpy(float), len(frame) - len(response))


def _term(patsy_name: str) -> str:
    """``Q('district')[T.0412]`` -> ``district: 0412``."""
    if patsy_name == "Intercept":
        return "const"
    head, bracket, level = patsy_name.partition("[T.")
    plain = head[3:-2] if head.startswith("Q(") and head.count("(") == 1 else head
    return f"{plain}: {level[:-1]}" if bracket else plain
