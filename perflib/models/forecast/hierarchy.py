"""Districts by categories: every cell, every margin and the total, made to add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.forecast.panel import Panel, panel

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Level:
    """One margin: its name, its panel, and which cells (columns) each of its series (rows) sums."""

    name: str
    panel: Panel
    members: Array


def levels(frame: pd.DataFrame, by: Sequence[str], freq: str | None = None) -> list[Level]:
    """The cells ("3 / theft"), the margin of each column of ``by`` where there are several, then the total.

    ``frame`` is long: the columns of ``by``, ``date`` and ``count``. A margin is unknown where one of its cells is.

    Raises
    ------
    InputError : a column of ``by`` is absent, or the counts are not usable (:func:`perflib.models.forecast.panel`).
    """
    if missing := [column for column in by if column not in frame.columns]:
        raise InputError(f"no column {missing[0]!r}", where="by", choices=frame.columns)
    keys = frame[list(by)].astype(str)
    frame = frame.assign(series=keys.agg(" / ".join, axis=1))
    cells = panel(frame, freq)
    keys = keys.set_axis(frame["series"]).loc[~frame["series"].duplicated().to_numpy()].loc[list(cells.names)]
    made = [Level(" / ".join(by), cells, np.eye(len(keys)))]
    groups = {column: column + " " + keys[column] for column in by if len(by) > 1}
    for name, group in [*groups.items(), ("total", pd.Series("total", index=keys.index))]:
        members = pd.get_dummies(group).T
        made.append(Level(name, _summed(cells, members.to_numpy(float), list(members.index)), members.to_numpy(float)))
    return made


def reconcile(means: Array, members: Array, variance: Array) -> Array:
    """Means of all series (M, H) made to add up: MinT with a diagonal error variance, then no cell below zero.

    ``members`` (M, N) says which of N cells each series sums, ``variance`` (M,) its error variance in the back-test.
    Generalised least squares of the forecasts on the cells (Wickramasuriya et al., JASA 2019).
    """
    weighted = members.T / np.maximum(variance, 1e-9)
    cells = np.linalg.solve(weighted @ members + 1e-12 * np.eye(members.shape[1]), weighted @ means)
    return np.asarray(members @ np.maximum(cells, 1e-6))


def _summed(cells: Panel, members: Array, names: Sequence[Any]) -> Panel:
    return replace(cells, names=tuple(names), counts=np.asarray([cells.counts[row > 0].sum(axis=0) for row in members]))
