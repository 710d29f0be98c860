"""Quantiles, their order-statistic intervals and their bounds, per group, computed where the rows are."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from perflib.metrics.response.groups import NONE
from perflib.metrics.response.scope import FATES
from perflib.models.quantiles import bounded_probabilities, quantile_ranks

LOST = ("cancelled", "without_arrival", "stamp_missing")


def tag(q: float) -> str:
    """The column stem of a quantile: 0.5 -> "median", 0.9 -> "p90"."""
    return "median" if q == 0.5 else f"p{100 * q:g}".replace(".", "_")


def points(rows: ir.Table, by: Sequence[str], levels: Sequence[float]) -> pd.DataFrame:
    """``by``, ``n`` calls, ``known`` minutes and each quantile (linear interpolation), one row per group.

    One pass of the engine; no intervals.
    """
    found = rows.group_by(list(by)).agg(
        n=rows.count(), known=rows.minutes.count(), quantiles=rows.minutes.quantile([float(q) for q in levels]))
    plain = found.select(
        *by, "n", "known", **{tag(q): found.quantiles[place] for place, q in enumerate(levels)})
    small = plain.execute()
    texts = [name for name in by if not pd.api.types.is_numeric_dtype(small[name]) and rows[name].type().is_string()]
    # names for the missing are given here, on few rows: replacing texts in the engine doubles the time
    return small.fillna(dict.fromkeys(texts, NONE)).sort_values(list(by), ignore_index=True)


def cells(rows: ir.Table, by: Sequence[str], levels: Sequence[float], level: float) -> pd.DataFrame:
    """As ``points``, with intervals, bounds and the counts of every fate.

    Columns: ``by``, ``n``, ``known``, ``zero``, one per fate but "known", and for each quantile ``<q>``, ``<q>_low``,
    ``<q>_high`` (order statistics), ``<q>_lower``, ``<q>_upper`` (missing at 0 and at infinity). Missing where it
    does not exist. The minutes of a group are sorted once and stay in the engine; only the wanted ranks come out.
    """
    sorted_once = _sorted(rows, by)
    counts = sorted_once.drop("ordered").execute()
    wanted = [_places(known, n - known, levels, level) for known, n in _sizes(counts)]
    if not wanted:
        return counts.assign(**{name: pd.Series(dtype=float) for name in _names(levels)})
    places = ibis.memtable(pd.DataFrame(wanted))
    joined = sorted_once.join(places, (sorted_once.known == places.of_known) & (sorted_once.n == places.of_n))
    columns = {name: _value(joined, name) for name in _names(levels)}
    found = joined.select(*counts.columns, **columns).order_by(list(by)).execute()
    for q in levels:  # the missing at 0: where no known value is that low, the bound is 0 itself
        low = f"{tag(q)}_lower"
        found.loc[found[low].isna() & (found["known"] > 0), low] = 0.0
    return found


def _sorted(rows: ir.Table, by: Sequence[str]) -> ir.Table:
    fates = {name: (rows.fate == name).sum().fill_null(0) for name in FATES if name != "known"}
    return rows.group_by(list(by)).agg(
        n=rows.count(), known=rows.minutes.count(), zero=(rows.minutes == 0).sum().fill_null(0), **fates,
        ordered=rows.minutes.collect(where=rows.minutes.notnull(), order_by=rows.minutes)).cache()


def _sizes(counts: pd.DataFrame) -> list[tuple[int, int]]:
    pairs = counts[["known", "n"]].drop_duplicates()
    return [(int(known), int(n)) for known, n in pairs.itertuples(index=False)]


def _names(levels: Sequence[float]) -> list[str]:
    return [tag(q) + end for q in levels for end in ("", "_low", "_high", "_lower", "_upper")]


def _places(known: int, missing: int, levels: Sequence[float], level: float) -> dict[str, float]:
    """1-based fractional positions, in ``known`` sorted values, of every number wanted; missing where there is none."""
    found: dict[str, float] = {"of_known": known, "of_n": known + missing}
    for q in levels:
        ranks = quantile_ranks(known, q, level)
        outer = bounded_probabilities(known, missing, q)
        positions = [1 + (known - 1) * q if known else np.nan,
                     ranks.low if ranks.low >= 1 else np.nan, ranks.high if ranks.high <= known else np.nan,
                     *(np.nan if p is None else 1 + (known - 1) * p for p in outer)]
        found |= {tag(q) + end: float(at) for end, at in zip(
            ("", "_low", "_high", "_lower", "_upper"), positions, strict=True)}
    return found


def _value(joined: ir.Table, name: str) -> ir.FloatingValue:
    at = joined[name].nullif(float("nan"))
    floor = at.floor().cast("int64")
    low = joined.ordered[floor - 1]
    high = joined.ordered[ibis.least(floor, joined.known - 1)]
    return (low + (high - low) * (at - floor)).name(name)
