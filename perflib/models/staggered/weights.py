"""Which comparisons make up an average effect: weights on the means of cohorts and periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perflib.models.staggered.panel import NEVER, Floats, Ints, Panel

#: average effects: over units treated and periods; over cohorts of their mean effect; over periods of their mean effect
AVERAGES = ("simple", "cohort", "calendar")


@dataclass(frozen=True, eq=False)
class Cells:
    """One row per cohort (``cohort``) and period (``at``) that has units not started by ``until`` to compare with."""

    cohort: Ints
    at: Ints
    until: Ints

    def where(self, kept: NDArray[np.bool_]) -> Cells:
        """The cells that ``kept`` marks."""
        return Cells(self.cohort[kept], self.at[kept], self.until[kept])


def cells(found: Panel, never: bool) -> Cells:
    """Every comparison the panel can make, placebo periods before the start included.

    Controls of a cell are the units of the same stratum that start after both the cell's period and the cohort's
    start (``never``: only those that never start).
    """
    rows: list[tuple[int, int, int]] = []
    for k in np.flatnonzero(found.first < NEVER).tolist():
        start = int(found.first[k])
        for at in range(len(found.periods)):
            until = NEVER - 1 if never else max(at, start)
            if at != start - 1 and _controls(found, k, until).any():
                rows.append((k, at, until))
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Cells(*columns)


def _controls(found: Panel, cohort: int, until: int) -> NDArray[np.bool_]:
    return (found.stratum == found.stratum[cohort]) & (found.first > until)


def average(found: Panel, held: Cells, kind: str) -> Floats:
    """Weights of the treated cells ``held`` for one of AVERAGES; they sum to 1."""
    size = found.size[held.cohort].astype(float)
    if kind == "simple":
        return np.asarray(size / size.sum())
    if kind == "calendar":
        total = np.bincount(held.at, size)
        return np.asarray(size / total[held.at] / len(np.unique(held.at)))
    number = np.bincount(held.cohort)
    return np.asarray(size / number[held.cohort] / found.size[np.unique(held.cohort)].sum())


def contrasts(found: Panel, held: Cells, weight: Floats) -> tuple[Floats, Floats]:
    """Weights (cohorts x periods) of the difference after, and of the same difference in the period before the start.

    Their totals over the cohorts' means are the raw comparison and its counterpart before; both sum to 0.
    """
    after, before = np.zeros(found.mean.shape), np.zeros(found.mean.shape)
    base = found.first[held.cohort] - 1
    for target, period in ((after, held.at), (before, base)):
        np.add.at(target, (held.cohort, period), weight)
        keys = np.column_stack([found.stratum[held.cohort], period, held.until])
        groups, place = np.unique(keys, axis=0, return_inverse=True)
        total = np.bincount(place.ravel(), weight)
        for (stratum, at, until), amount in zip(groups, total, strict=True):
            size = found.size * ((found.stratum == stratum) & (found.first > until))
            target[:, at] -= amount * size / size.sum()
    return after, before
