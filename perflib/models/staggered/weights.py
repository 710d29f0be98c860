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


def cells(cohorts: Panel, never: bool) -> Cells:
    """Every comparison the panel can make, placebo periods before the start included.

    Controls of a cell are the units of the same stratum that start after both the cell's period and the cohort's
    start (``never``: only those that never start).
    """
    rows: list[tuple[int, int, int]] = []
    for k in np.flatnonzero(cohorts.first < NEVER).tolist():
        start = int(cohorts.first[k])
        for at in range(len(cohorts.periods)):
            until = NEVER - 1 if never else max(at, start)
            if at != start - 1 and _controls(cohorts, k, until).any():
                rows.append((k, at, until))
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Cells(*columns)


def _controls(cohorts: Panel, cohort: int, until: int) -> NDArray[np.bool_]:
    return (cohorts.stratum == cohorts.stratum[cohort]) & (cohorts.first > until)


def average(cohorts: Panel, used: Cells, kind: str) -> Floats:
    """Weights of the treated cells ``held`` for one of AVERAGES; they sum to 1."""
    size = cohorts.size[used.cohort].astype(float)
    if kind == "simple":
        return np.asarray(size / size.sum())
    if kind == "calendar":
        total = np.bincount(used.at, size)
        return np.asarray(size / total[used.at] / len(np.unique(used.at)))
    number = np.bincount(used.cohort)
    return np.asarray(size / number[used.cohort] / cohorts.size[np.unique(used.cohort)].sum())


def contrasts(cohorts: Panel, used: Cells, weight: Floats) -> tuple[Floats, Floats]:
    """Weights (cohorts x periods) of the difference after, and of the same difference in the period before the start.

    Their totals over the cohorts' means are the raw comparison and its counterpart before; both sum to 0.
    """
    after, before = np.zeros(cohorts.mean.shape), np.zeros(cohorts.mean.shape)
    base = cohorts.first[used.cohort] - 1
    for target, period in ((after, used.at), (before, base)):
        np.add.at(target, (used.cohort, period), weight)
        keys = np.column_stack([cohorts.stratum[used.cohort], period, used.until])
        groups, place = np.unique(keys, axis=0, return_inverse=True)
        total = np.bincount(place.ravel(), weight)
        for (stratum, at, until), amount in zip(groups, total, strict=True):
            size = cohorts.size * ((cohorts.stratum == stratum) & (cohorts.first > until))
            target[:, at] -= amount * size / size.sum()
    return after, before
