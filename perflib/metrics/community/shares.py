"""Shares of kinds per whole quarter or month."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd


def periods(frame: pd.DataFrame, last: dt.date) -> tuple[pd.DataFrame, str]:
    """Shares per whole quarter (month, where no quarter is whole) with intervals from weekly blocks."""
    from perflib.models.composition import share_variance

    first = frame["date"].min()
    grain, period, whole = "quarter", *_whole(frame, first, last, "Q")
    if not whole.any():
        grain, period, whole = "month", *_whole(frame, first, last, "M")
    rows = []
    for when, part in frame[whole].groupby(period[whole]):
        week = (part["date"] - part["date"].min()).dt.days // 7
        blocks = part.pivot_table(index=week, columns="kind", values="count", aggfunc="sum", fill_value=0)
        share = blocks.sum() / blocks.to_numpy().sum()
        reach = 1.96 * np.sqrt(share_variance(blocks.to_numpy(dtype=float)))
        rows.append(
            pd.DataFrame(
                {
                    "quarter": when.start_time,
                    "kind": blocks.columns,
                    "count": blocks.sum().to_numpy(),
                    "share": share.to_numpy(),
                    "share_low": (share - reach).clip(lower=0).to_numpy(),
                    "share_high": (share + reach).clip(upper=1).to_numpy(),
                }
            )
        )
    empty = pd.DataFrame(columns=["quarter", "kind", "count", "share", "share_low", "share_high"])
    return (pd.concat(rows, ignore_index=True) if rows else empty), grain


def _whole(frame: pd.DataFrame, first: pd.Timestamp, last: dt.date, freq: str) -> tuple[pd.Series, pd.Series]:
    """The period of each row, and whether the records hold that period whole."""
    period = frame["date"].dt.to_period(freq)
    return period, (period.dt.start_time >= first) & (period.dt.end_time.dt.date <= last)
