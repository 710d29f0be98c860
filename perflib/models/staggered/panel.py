"""A balanced panel as means and covariances of cohorts: all that the estimators look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Panel:
    """Cohorts: units of one stratum that start in one period.

    ``first`` (position of the first period of treatment; NEVER for units that never start), ``stratum``, ``size``,
    ``mean`` (cohorts x periods) and ``cov`` (cohorts x periods x periods); ``periods`` are the labels of positions.
    ``left_out`` counts units by the reason they could not be used.
    """

    periods: NDArray[np.int64]
    first: Ints
    stratum: Ints
    size: Ints
    mean: Floats
    cov: Floats
    left_out: dict[str, int]


def panel(frame: pd.DataFrame, *, unit: str, period: str, first: str, outcome: str, within: str | None = None) -> Panel:
    """Cohorts of a long frame with one row per unit and period.

    ``period`` holds whole numbers without a gap; ``first`` the period in which the unit starts, missing when it never
    does; ``within`` a column that is constant per unit (district, say): units are compared inside its values only.
    Units without a row in every period, cohorts of one unit, and units that start in the first period or before are
    left out and counted.
    Raises InputError for columns that are absent or not numbers, repeated rows, gaps, and a ``first`` or ``within``
    that changes within a unit.
    """
    rows = _rows(frame, unit, period, first, outcome, within)
    wide = rows.pivot(index="unit", columns="period", values="outcome")
    whole = wide.notna().all(axis=1)
    fixed = rows.groupby("unit")[["first", "stratum"]].first().loc[wide.index[whole]]
    wide = wide[whole]
    periods = wide.columns.to_numpy(dtype=np.int64)
    start = fixed["first"].to_numpy(dtype=float)
    begun = np.full(len(start), NEVER)
    within_span = ~np.isnan(start) & (start <= periods[-1])
    begun[within_span] = start[within_span].astype(np.int64) - periods[0]
    early = begun <= 0
    left = {
        "without a figure in every period": int((~whole).sum()),
        "begun in the first period or before": int(early.sum()),
    }
    return _cohorts(
        wide.to_numpy(dtype=float)[~early], begun[~early], fixed["stratum"].to_numpy()[~early], periods, left
    )


def _rows(frame: pd.DataFrame, unit: str, period: str, first: str, outcome: str, within: str | None) -> pd.DataFrame:
    named = {"unit": unit, "period": period, "first": first, "outcome": outcome}
    missing = [column for column in (*named.values(), within) if column is not None and column not in frame.columns]
    if missing:
        raise InputError(f"no column {missing[0]!r}", where="frame", choices=frame.columns, found=missing[0])
    rows = pd.DataFrame({key: frame[column].to_numpy() for key, column in named.items()})
    rows["stratum"] = pd.factorize(frame[within])[0] if within else 0
    for key in ("period", "first", "outcome"):
        try:
            rows[key] = rows[key].astype(float)
        except (TypeError, ValueError):
            raise InputError("must hold numbers", where=named[key], do="number the periods 1, 2, 3 ...") from None
    rows = rows[rows["unit"].notna() & rows["outcome"].notna()]
    _check(rows, named)
    return rows.astype({"period": np.int64})


def _check(rows: pd.DataFrame, named: dict[str, str]) -> None:
    if rows.empty:
        raise InputError("no row has a unit and an outcome", where="frame")
    labels = np.unique(rows["period"])
    if np.isnan(labels).any() or (labels % 1 != 0).any() or (np.diff(labels) != 1).any():
        raise InputError(
            "periods must be whole numbers without a gap",
            where=named["period"],
            do="fill periods without events with 0",
        )
    if not np.isfinite(rows["outcome"]).all():
        raise InputError("must be finite", where=named["outcome"])
    if rows.duplicated(["unit", "period"]).any():
        raise InputError(
            "a unit has two rows in one period", where=f"{named['unit']}, {named['period']}", do="add them up first"
        )
    counted = rows.groupby("unit")[["first", "stratum"]].nunique(dropna=False).max()
    for key, column in (("first", named["first"]), ("stratum", "within")):
        if counted[key] > 1:
            raise InputError("changes within a unit", where=column, do="give its value at the start")


def _cohorts(outcome: Floats, begun: Ints, stratum: Ints, periods: Ints, left: dict[str, int]) -> Panel:
    keys, cohort, size = np.unique(np.column_stack([stratum, begun]), axis=0, return_inverse=True, return_counts=True)
    cohort = cohort.ravel()
    kept = np.flatnonzero(size >= 2)
    parts = [outcome[cohort == k] for k in kept]
    length = len(periods)
    mean = np.array([each.mean(axis=0) for each in parts]).reshape(-1, length)
    cov = np.array([np.cov(each, rowvar=False) for each in parts]).reshape(-1, length, length)
    left = {**left, "alone in their cohort": int(size[size < 2].sum())}
    return Panel(periods, keys[kept, 1], keys[kept, 0], size[kept].astype(np.int64), mean, cov, left)
