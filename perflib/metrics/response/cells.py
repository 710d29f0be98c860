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

LOST = ("cancelled", "without_arrival", "stamp_missing")


def tag(q: float) -> str:
    """The column stem of a quantile: 0.5 -> "median", 0.9 -> "p90"."""
    return "median" if q == 0.5 else f"p{100 * q:g}".replace(".", "_")


def points(rows: ir.Table, by: Sequence[str], levels: Sequence[float]) -> pd.DataFrame:
    """``by``, ``n`` calls, ``known`` minutes and each quantile (linear interpolation), one row per group.

    One pass of the engine; no intervals.
    """
    found = rows.group_by(list(by)).agg(
        n=rows.count(), known=rows.minutes.count(), quantiles=rows.minutes.quantile([float(q) for q in levels])
    )
    plain = found.select(*by, "n", "known", **{tag(q): found.quantiles[place] for place, q in enumerate(levels)})
    return _named(plain.execute(), rows, by)


def _named(found: pd.DataFrame, rows: ir.Table, by: Sequence[str]) -> pd.DataFrame:
    """Groups in order; a missing text becomes "not recorded" here, on few rows: in the engine it doubles the time."""
    texts = [name for name in by if rows[name].type().is_string()]
    return found.fillna(dict.fromkeys(texts, NONE)).sort_values(list(by), ignore_index=True)


def cells(rows: ir.Table, by: Sequence[str], levels: Sequence[float], level: float) -> pd.DataFrame:
    """As ``points``, with intervals, bounds and the counts of every fate.

    Columns: ``by``, ``n``, ``known``, ``zero``, one per fate but "known", and for each quantile ``<q>``, ``<q>_low``,
    ``<q>_high`` (order statistics), ``<q>_lower``, ``<q>_upper`` (missing at 0 and at infinity). Missing where it
    does not exist. The engine counts, and sorts the minutes of each group; the wanted ranks are read from its memory.
    """
    sorted_once = _sorted(rows, by)
    found = sorted_once.drop("ordered").execute()
    minutes = sorted_once.select("ordered").to_pyarrow()["ordered"].combine_chunks().flatten().to_numpy()
    known, n = found["known"].to_numpy(), found["n"].to_numpy()
    return _named(found.assign(**ranked(minutes, known, n, levels, level)), rows, by)


def _sorted(rows: ir.Table, by: Sequence[str]) -> ir.Table:
    fates = {name: (rows.fate == name).sum().fill_null(0) for name in FATES if name != "known"}
    found = rows.group_by(list(by)).agg(
        n=rows.count(),
        known=rows.minutes.count(),
        zero=(rows.minutes == 0).sum().fill_null(0),
        **fates,
        ordered=rows.minutes.collect(where=rows.minutes.notnull()),
    )
    # sorting the finished list takes the engine a fraction of the time of an ordered aggregate
    return found.mutate(ordered=found.ordered.sort()).cache()


def ranked(minutes: Floats, known: Floats, n: Floats, levels: Sequence[float], level: float) -> dict[str, Floats]:
    """Each quantile of each group with interval and bounds.

    ``minutes`` holds the sorted values of the groups one after the other, ``known`` of them for each of ``n`` calls.
    """
    wanted, starts = _places(known, n, levels, level), np.cumsum(known) - known
    found = {name: _read(minutes, starts, known, at) for name, at in wanted.items()}
    for q in levels:  # the missing at 0: where no known value is that low, the bound is 0 itself
        low = found[f"{tag(q)}_lower"]
        low[np.isnan(low) & (known > 0)] = 0.0
    return found


def _places(known: Floats, n: Floats, levels: Sequence[float], level: float) -> dict[str, Floats]:
    """1-based fractional positions, in ``known`` sorted values, of every number wanted; missing where there is none."""
    found: dict[str, Floats] = {}
    for q in levels:
        ranks = quantile_ranks(known, q, level)
        outer = bounded_probabilities(known, n - known, q)
        positions = [
            np.where(known > 0, 1 + (known - 1) * q, np.nan),
            np.where(ranks.low >= 1, ranks.low, np.nan),
            np.where(ranks.high <= known, ranks.high, np.nan),
            *(1 + (known - 1) * p for p in outer),
        ]
        found |= {
            tag(q) + end: at for end, at in zip(("", "_low", "_high", "_lower", "_upper"), positions, strict=True)
        }
    return found


def _read(ordered: Floats, starts: Floats, known: Floats, at: Floats) -> Floats:
    """The value at each fractional rank ``at`` (from 1) of each group's stretch of ``ordered``; NaN where none."""
    found = np.full(len(at), np.nan)
    asked = ~np.isnan(at) & (known > 0)
    floor = np.floor(at[asked]).astype(np.int64)
    low = ordered[starts[asked] + floor - 1]
    high = ordered[starts[asked] + np.minimum(floor, known[asked] - 1)]
    found[asked] = low + (high - low) * (at[asked] - floor)
    return found
