"""Quantiles, their order-statistic intervals and their bounds, per group, computed where the rows are."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from perflib.metrics.response.groups import NONE
from perflib.metrics.response.scope import FATES
from perflib.models.quantiles import bounded_probabilities, quantile_ranks
from perflib.models.quantiles.order import Floats
from perflib.words.response import stem

LOST = ("cancelled", "without_arrival", "stamp_missing")


#: endings of the columns of a quantile: value, interval, bounds.
ENDS = ("", "_low", "_high", "_lower", "_upper")


def points(rows: ir.Table, by: Sequence[str], levels: Sequence[float]) -> pd.DataFrame:
    """``by``, ``n`` calls, ``known`` minutes and each quantile (linear interpolation), one row per group.

    One pass of the engine; no intervals.
    """
    groups = rows.group_by(list(by)).agg(
        n=rows.count(), known=rows.minutes.count(), quantiles=rows.minutes.quantile([float(q) for q in levels])
    )
    columns = {stem(q): groups.quantiles[place] for place, q in enumerate(levels)}
    return _named(groups.select(*by, "n", "known", **columns).execute(), rows, by)


def _named(table: pd.DataFrame, rows: ir.Table, by: Sequence[str]) -> pd.DataFrame:
    """Groups in order; a missing text becomes "not recorded" here, on few rows: in the engine it doubles the time."""
    texts = [name for name in by if rows[name].type().is_string()]
    return table.fillna(dict.fromkeys(texts, NONE)).sort_values(list(by), ignore_index=True)


def cells(rows: ir.Table, by: Sequence[str], levels: Sequence[float], level: float) -> pd.DataFrame:
    """As ``points``, with intervals, bounds and the counts of every fate.

    Columns: ``by``, ``n``, ``known``, ``zero``, one per fate but "known", and for each quantile ``<q>``, ``<q>_low``,
    ``<q>_high`` (order statistics), ``<q>_lower``, ``<q>_upper`` (missing at 0 and at infinity). Missing where it
    does not exist. The engine counts, and sorts the minutes of each group; the wanted ranks are read from its memory.
    """
    fates = {name: (rows.fate == name).sum().fill_null(0) for name in FATES if name != "known"}
    groups = rows.group_by(list(by)).agg(
        n=rows.count(),
        known=rows.minutes.count(),
        zero=(rows.minutes == 0).sum().fill_null(0),
        **fates,
        ordered=rows.minutes.collect(where=rows.minutes.notnull()),
    )
    # sorting the finished list takes the engine a fraction of the time of an ordered aggregate
    groups = groups.mutate(ordered=groups.ordered.sort()).cache()
    counts = groups.drop("ordered").execute()
    minutes = groups.select("ordered").to_pyarrow()["ordered"].combine_chunks().flatten().to_numpy()
    known, n = counts["known"].to_numpy(), counts["n"].to_numpy()
    return _named(counts.assign(**ranked(minutes, known, n, levels, level)), rows, by)


def ranked(minutes: Floats, known: Floats, n: Floats, levels: Sequence[float], level: float) -> dict[str, Floats]:
    """Each quantile of each group with interval and bounds.

    ``minutes`` holds the sorted values of the groups one after the other, ``known`` of them for each of ``n`` calls.
    """
    columns: dict[str, Floats] = {}
    for q in levels:
        ranks = quantile_ranks(known, q, level)
        outer = bounded_probabilities(known, n - known, q)
        places = [  # 1-based fractional positions in the sorted values; missing where there is none
            np.where(known > 0, 1 + (known - 1) * q, np.nan),
            np.where(ranks.low >= 1, ranks.low, np.nan),
            np.where(ranks.high <= known, ranks.high, np.nan),
            *(1 + (known - 1) * p for p in outer),
        ]
        columns |= {stem(q) + end: _read(minutes, known, place) for end, place in zip(ENDS, places, strict=True)}
        low = columns[f"{stem(q)}_lower"]  # the missing at 0: where no known value is that low, the bound is 0 itself
        low[np.isnan(low) & (known > 0)] = 0.0
    return columns


def _read(ordered: Floats, known: Floats, place: Floats) -> Floats:
    """The value at each fractional ``place`` (from 1) of each group's stretch of ``ordered``; NaN where none."""
    values = np.full(len(place), np.nan)
    some = ~np.isnan(place) & (known > 0)
    floor = np.floor(place[some]).astype(np.int64)
    starts = (np.cumsum(known) - known)[some]
    low = ordered[starts + floor - 1]
    high = ordered[starts + np.minimum(floor, known[some] - 1)]
    values[some] = low + (high - low) * (place[some] - floor)
    return values
