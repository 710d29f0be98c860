"""Shares of kinds per whole quarter or month."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from perflib.models.composition import share_variance


def periods(frame: pd.DataFrame, last: dt.date) -> tuple[pd.DataFrame, str]:
    """Shares per whole quarter (month, where no quarter is whole) with intervals from weekly blocks; and the grain."""
    for grain in ("quarter", "month"):
        period = frame["date"].dt.to_period(grain[0].upper())
        whole = (period.dt.start_time >= frame["date"].min()) & (period.dt.end_time.dt.date <= last)
        if whole.any():
            break
    parts = [_shares(part, when.start_time) for when, part in frame[whole].groupby(period[whole])]
    return pd.concat(parts, ignore_index=True) if parts else frame[:0], grain


def _shares(part: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    week = (part["date"] - part["date"].min()).dt.days // 7
    blocks = part.pivot_table(index=week, columns="kind", values="count", aggfunc="sum", fill_value=0)
    share = blocks.sum() / blocks.to_numpy().sum()
    reach = 1.96 * np.sqrt(share_variance(blocks.to_numpy(dtype=float)))
    ends = {"share_low": (share - reach).clip(lower=0), "share_high": (share + reach).clip(upper=1)}
    table = pd.DataFrame({"count": blocks.sum(), "share": share, **ends}).rename_axis("kind").reset_index()
    table.insert(0, "quarter", start)
    return table
