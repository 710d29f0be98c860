"""The meeting's table on one page: 28 days now, a year ago, in the mean of years; ratio, interval, verdict."""

from __future__ import annotations

import pandas as pd

from perflib.metrics.counts.tested import WORDS
from perflib.result import Result

#: rows that stand on one printed page.
ROWS = 40
_HEADS = {
    "28d_now": "28 days now",
    "28d_last_year": "Last year",
    "28d_mean_of_years": "Mean of years",
    "28d_ratio": "Ratio",
    "28d_low": "Ratio, low",
    "28d_high": "Ratio, high",
    "28d_verdict": "Verdict",
}
_SPANS = {"7d": "7 days", "28d": "28 days", "ytd": "Year to date"}


def compstat_page(found: Result, window: str = "28d", rows: int = ROWS) -> Result:
    """The columns of a ``compstat`` Result that are read aloud, strongest evidence first, as many rows as a page holds.

    Parameters
    ----------
    found : what ``compstat`` returned. window : "7d", "28d" or "ytd". rows : most rows.

    Returns
    -------
    Result ``compstat_page``: the columns of the cell, ``now``, ``last_year``, ``mean_of_years``, ``ratio`` with
    ``ratio_low`` and ``ratio_high``, ``verdict`` (with what other windows show beyond chance). Facts of ``compstat``,
    ``shown`` and ``cells``. Not assessable when ``found`` was not, or when the data do not hold the window.
    """
    found = found.shared()
    title = f"For the meeting: {_SPANS.get(window, window).lower()}"
    if found.reason or f"{window}_now" not in found.table:
        grain = found.facts.get("grain", "day")
        reason = f"the dates tell the {grain} alone, and {_SPANS.get(window, window).lower()} are not whole {grain}s"
        if grain == "day" or window == "ytd":
            reason = f"the data do not hold {window} and a period to compare it with"
        reason = found.reason or reason
        return Result.not_assessable("compstat_page", reason, title=title, method=found.method)
    ends = [name.removeprefix("28d_") for name in _HEADS]
    keys = [name for name in found.table.columns if not name.startswith(("7d_", "28d_", "ytd_")) and name != "cell"]
    columns = [f"{window}_{end}" for end in ends if f"{window}_{end}" in found.table]
    short = {f"{window}_{end}": {"low": "ratio_low", "high": "ratio_high"}.get(end, end) for end in ends}
    table = found.table[[*keys, *columns]].rename(columns=short)
    table["verdict"] = [_told(row, window) for _, row in found.table.iterrows()]
    labels = {key: key.capitalize() for key in keys} | {
        short[f"{window}_{end}"]: head for end, head in zip(ends, _HEADS.values(), strict=True)
    }
    labels |= {"now": f"{_SPANS[window]} now", "ratio": "Ratio (interval)"}
    left = len(table) - rows
    rest = f" {left:,} further rows, with weaker evidence, are in the full table." if left > 0 else ""
    facts = {**found.facts, "cells": len(table), "shown": min(rows, len(table)), "window": window}
    span = found.facts["windows"][window]
    return Result(
        "compstat_page",
        table.head(rows),
        f"{title}, {span}",
        found.answer + rest,
        found.method,
        found.caveats,
        facts,
        None,
        labels,
    )


def _told(row: pd.Series, window: str) -> str:
    """The verdict of this window; a change that only another window shows is not passed over in silence."""
    others = [
        f"{_SPANS[name].lower()}: {row[f'{name}_verdict'].removeprefix(WORDS['more'] + ': ')}"
        for name in _SPANS
        if name != window and str(row.get(f"{name}_verdict", "")).startswith(WORDS["more"])
    ]
    return "; ".join([str(row[f"{window}_verdict"]), *others])
