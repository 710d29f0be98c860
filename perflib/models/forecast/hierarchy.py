"""Districts x categories: every margin is forecast, and all are made to add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.forecast.panel import Panel

Array = np.ndarray[Any, np.dtype[Any]]
TOTAL = "total"


@dataclass(frozen=True, eq=False)
class Level:
    """One margin: its name, its panel, and which cells (columns) each of its series (rows) sums."""

    name: str
    panel: Panel
    members: Array


def named_cells(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The frame with ``series`` made of the columns of ``by``: "3 / theft".

    Raises
    ------
    InputError : a column of ``by`` is absent.
    """
    lacking = [column for column in by if column not in frame.columns]
    if lacking:
        raise InputError(f"no column {lacking[0]!r}", where="by", choices=frame.columns, found=lacking[0])
    joined = frame[by[0]].astype(str)
    for column in by[1:]:
        joined = joined + " / " + frame[column].astype(str)
    return frame.assign(series=joined)


def levels_of(cells: Panel, frame: pd.DataFrame, by: Sequence[str]) -> list[Level]:
    """The cells, then the margin of each column of ``by`` (where there are several), then the total.

    A margin is unknown where one of its cells is.
    """
    keys = frame.drop_duplicates("series").set_index("series").loc[list(cells.names), list(by)].astype(str)
    found = [Level(" / ".join(by), cells, np.eye(len(keys)))]
    for column in by if len(by) > 1 else ():
        values = sorted(keys[column].unique())
        members = (keys[column].to_numpy() == np.array(values, dtype=object)[:, None]).astype(float)
        found.append(Level(column, _summed(cells, members, [f"{column} {value}" for value in values]), members))
    members = np.ones((1, len(keys)))
    return [*found, Level(TOTAL, _summed(cells, members, [TOTAL]), members)]


def reconcile(means: Array, members: Array, variance: Array) -> Array:
    """Means of all nodes (M, H) made coherent: MinT with a diagonal error variance, then no cell below zero.

    ``members`` (M, N) says which of N cells each node sums, ``variance`` (M,) each node's back-test error variance.
    Generalised least squares of the nodes' forecasts on the cells (Wickramasuriya et al., JASA 2019).
    """
    weighted = members.T / np.maximum(variance, 1e-9)
    cells = np.linalg.solve(weighted @ members + 1e-12 * np.eye(members.shape[1]), weighted @ means)
    return np.asarray(members @ np.maximum(cells, 1e-6))


def _summed(cells: Panel, members: Array, names: list[str]) -> Panel:
    lacking = members @ ~np.isfinite(cells.counts)
    counts = np.where(lacking > 0, np.nan, members @ np.nan_to_num(cells.counts))
    return Panel(tuple(names), cells.dates, counts, cells.freq, cells.seasons)
