"""The calendar as columns: weekdays, yearly waves, days that are known to be unusual, and a slow trend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]
YEAR = 365.2425
# Counts of reported crime heap on these days, or fall, in most agencies; each is shrunk, so that it costs little where
# nothing happens. (month, day) pairs; the first of every month is a column of its own.
DAYS = ((1, 1), (7, 4), (12, 24), (12, 25), (12, 31))


def weekday(dates: pd.DatetimeIndex) -> Array:
    """Deviations of Monday to Saturday from Sunday's negative sum, (T, 6): columns that sum to zero over a week."""
    day = dates.day_of_week.to_numpy()
    columns = (day[:, None] == np.arange(6)).astype(float)
    columns[day == 6] = -1.0
    return columns


def waves(dates: pd.DatetimeIndex, pairs: int) -> Array:
    """Sines and cosines of the year, (T, 2 * pairs)."""
    turn = (dates - pd.Timestamp(2000, 1, 1)).days.to_numpy() * (2 * np.pi / YEAR)
    angle = turn[:, None] * np.arange(1, pairs + 1)
    return np.hstack([np.sin(angle), np.cos(angle)])


def special_days(dates: pd.DatetimeIndex) -> Array:
    """The unusual days, (T, 6): those of ``DAYS``, then the first of the other months."""
    month, day = dates.month.to_numpy(), dates.day.to_numpy()
    columns = [(month == m) & (day == d) for m, d in DAYS]
    return np.column_stack([*columns, (day == 1) & (month > 1)]).astype(float)


def hinges(length: int, total: int, every: float) -> Array:
    """A straight line and its bends, (total, k), in units of ``every`` steps; straight after step ``length``."""
    steps = np.arange(total) / every
    knots = np.arange(1, max(int(length / every - 0.5), 0) + 1)
    return np.column_stack([steps, np.maximum(steps[:, None] - knots, 0)]) - length / every


def month_days(dates: pd.DatetimeIndex) -> Array:
    """Days in each month over the mean of a month, (T,)."""
    return dates.days_in_month.to_numpy() / (YEAR / 12)
