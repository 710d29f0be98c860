"""The hours of the department's clock: each UTC hour with its local day, hour and weekday, clock changes included."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from perflib.synthetic.columns import Floats, Ints, Rows
from perflib.synthetic.plan import Plan

HOUR, DAY = 3600, 86400


def hours(plan: Plan) -> Rows:
    """Every UTC hour: its ``start`` in seconds since 1970, and local ``day`` (since 1970) and ``hour``."""
    start = np.arange(plan.midnight(plan.first_day), plan.end, HOUR)
    local = to_local(plan, start)
    return Rows(start=start, day=local // DAY, hour=local % DAY // HOUR)


def to_local(plan: Plan, moments: npt.ArrayLike) -> Ints:
    """Local wall-clock seconds of UTC seconds."""
    utc = pd.DatetimeIndex(np.asarray(moments, dtype="datetime64[s]"), tz="UTC")
    return utc.tz_convert(plan.timezone).tz_localize(None).asi8


def to_utc(plan: Plan, local: npt.ArrayLike) -> Ints:
    """UTC seconds of local wall-clock seconds; a time that happens twice is the first, a skipped one moves on."""
    wall = pd.DatetimeIndex(np.asarray(local, dtype="datetime64[s]"))
    first, later = np.ones(wall.size, dtype=bool), pd.Timedelta(hours=1)
    return wall.tz_localize(plan.timezone, ambiguous=first, nonexistent=later).asi8


def shift_of(hour: Ints) -> Ints:
    """Shift by local hour: 0 Day (from 7), 1 Evening (from 15), 2 Night (from 23)."""
    return (hour - 7) % 24 // 8


def duty_day(local_day: Ints, hour: Ints) -> Ints:
    """The day a shift began: the hours after midnight belong to the night before."""
    return local_day - (hour < 7)


def months(days: npt.ArrayLike) -> Ints:
    """Months since January 1970 of days since 1970."""
    return np.asarray(days).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def yearly(days: npt.ArrayLike, peak: int) -> Floats:
    """Cosine of the year, 1 on the peak day (day of the year) and -1 half a year away."""
    of_year = pd.DatetimeIndex(np.asarray(days).astype("datetime64[D]")).day_of_year.to_numpy()
    return np.cos(2 * np.pi * (of_year - peak) / 365.25)
