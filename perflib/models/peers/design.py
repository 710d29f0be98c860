"""Events added up to cells of identical features, and the fits of all officers over them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.errors import InputError
from perflib.models.counts.arguments import Floats
from perflib.models.peers import doubly_robust
from perflib.models.peers.table import need, refuse

Ints = NDArray[np.int64]
WORKERS = 2


@dataclass(frozen=True, eq=False)
class Design:
    """Cells (``columns``: level of each feature, numbered through) with counts of all officers and of each.

    ``start`` delimits each officer's rows of ``cell``, ``mine``, ``mine_yes``; ``levels`` counts the levels; ``binned``
    are the features cut into classes.
    """

    officers: NDArray[Any]
    levels: int
    binned: tuple[str, ...]
    columns: Ints
    total: Floats
    total_yes: Floats
    start: Ints
    cell: Ints
    mine: Floats
    mine_yes: Floats

    @property
    def counts(self) -> tuple[Floats, Floats]:
        """Events of each officer, and those with the outcome."""
        return np.add.reduceat(self.mine, self.start[:-1]), np.add.reduceat(self.mine_yes, self.start[:-1])


def build(frame: pd.DataFrame, officer: str, outcome: str, features: Sequence[str], bins: int) -> Design:
    """The cells of a frame of events. Raises InputError and PrivacyError as ``internal_benchmark`` says."""
    if not features:
        raise InputError("no feature", where="features", do="name columns of place, time and kind of event")
    refuse(features)
    need(frame, officer, outcome, *features)
    if officer in features or outcome in features:
        raise InputError("the officer and the outcome cannot be features", where="features")
    for column, what in ((officer, "an officer"), (outcome, "a known outcome")):
        missing = int(frame[column].isna().sum())
        if missing:
            raise InputError(f"{missing} events without {what}", where=column, do="leave them out, and say how many")
    yes = pd.to_numeric(frame[outcome], errors="coerce").to_numpy(float)
    if not np.isin(yes, (0.0, 1.0)).all():
        raise InputError("an outcome is true or false, 1 or 0", where=outcome)
    codes, levels, binned = _levels(frame, features, bins)
    key = np.zeros(len(codes), np.int64)
    for f in range(codes.shape[1]):  # mixed radix, made dense at each step so that it never overflows
        key = np.unique(key * levels + codes[:, f], return_inverse=True)[1].astype(np.int64)
    _, example = np.unique(key, return_index=True)
    who, officers = pd.factorize(frame[officer], sort=True)
    both = pd.DataFrame({"who": who, "cell": key, "yes": yes})
    rows = both.groupby(["who", "cell"], sort=True)["yes"].agg(["size", "sum"]).reset_index()
    return Design(
        np.asarray(officers),
        levels,
        binned,
        np.ascontiguousarray(codes[example]),
        np.bincount(key).astype(np.float64),
        np.bincount(key, weights=yes).astype(np.float64),
        np.searchsorted(rows["who"], np.arange(len(officers) + 1)).astype(np.int64),
        rows["cell"].to_numpy(np.int64),
        rows["size"].to_numpy(float),
        rows["sum"].to_numpy(float),
    )


def _levels(frame: pd.DataFrame, features: Sequence[str], bins: int) -> tuple[Ints, int, tuple[str, ...]]:
    """Each event's level of each feature, numbered through; how many levels; the features cut into classes."""
    codes, binned, first = [], [], 0
    for feature in features:
        values = frame[feature]
        numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
        if numeric and values.nunique() > 2 * bins:
            values = pd.qcut(values, bins, duplicates="drop").astype(str).where(values.notna())
            binned.append(feature)
        code, level = pd.factorize(values.astype("object").where(values.notna(), "not recorded"), sort=False)
        codes.append(code.astype(np.int64) + first)
        first += len(level)
    return np.column_stack(codes), first, tuple(binned)


def solve(design: Design, ridge: float) -> Floats:
    """The fits of all officers (``doubly_robust.benchmark``), shared out over two threads."""
    n = len(design.officers)
    edges = [(int(part[0]), int(part[-1]) + 1) for part in np.array_split(np.arange(n), min(n, 8 * WORKERS))]

    def part(edge: tuple[int, int]) -> Any:
        return doubly_robust.benchmark(
            *edge,
            design.start,
            design.cell,
            design.mine,
            design.mine_yes,
            design.columns,
            design.total,
            design.total_yes,
            design.levels,
            ridge,
        )

    with ThreadPoolExecutor(WORKERS) as pool:
        return np.concatenate(list(pool.map(part, edges)))
