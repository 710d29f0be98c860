"""The hours of the department's clock: each UTC hour with its local day, hour and weekday, clock changes included."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from perflib.synthetic.plan import SHIFTS, Plan, day
from perflib.synthetic.rng import Floats, Ints

HOUR, DAY = 3600, 86400
SHIFT_NAMES = tuple(SHIFTS)


@dataclass(frozen=True, eq=False)
class Hours:
    """Consecutive UTC hours: ``start`` in seconds since 1970, ``offset`` of local time in seconds."""

    start: Ints
    offset: Ints

    @property
    def local(self) -> Ints:
        """Local wall-clock time of the start, in seconds since 1970."""
        return self.start + self.offset

    @property
    def day(self) -> Ints:
        """Local day, in days since 1970."""
        return self.local // DAY

    @property
    def hour(self) -> Ints:
        """Local hour, 0 to 23."""
        return self.local % DAY // HOUR

    def rows(self, rows: Any) -> Hours:
        """Some of the hours."""
        return Hours(self.start[rows], self.offset[rows])


def hours(plan: Plan) -> Hours:
    """Every hour from the first local midnight to the end of the last local day."""
    first, last = midnight(plan, day(plan.first)), midnight(plan, day(plan.last) + 1)
    start = np.arange(first, last, HOUR, dtype=np.int64)
    return Hours(start, offsets(plan, start))


def offsets(plan: Plan, moments: npt.ArrayLike) -> Ints:
    """Offset of local time, in seconds, at each UTC moment (seconds since 1970)."""
    seconds = np.asarray(moments, dtype=np.int64)
    if not seconds.size:
        return seconds.copy()
    days = np.arange(seconds.min() // DAY - 1, seconds.max() // DAY + 3)
    edges = _changes(plan.timezone, days)
    starts = np.array([edge[0] for edge in edges])
    values = np.array([edge[1] for edge in edges], dtype=np.int64)
    return values[np.searchsorted(starts, seconds, side="right") - 1]


def midnight(plan: Plan, number: int) -> int:
    """UTC seconds of the local midnight that begins a day (days since 1970)."""
    return int(to_utc(plan, np.array([number * DAY]))[0])


def to_utc(plan: Plan, local: npt.ArrayLike) -> Ints:
    """UTC seconds of local wall-clock seconds; a time that happens twice is the first, a skipped one moves on."""
    wall = np.asarray(local, dtype=np.int64)
    if not wall.size:
        return wall.copy()
    rough = wall - offsets(plan, wall)
    before, after = offsets(plan, rough - DAY // 2), offsets(plan, rough + DAY // 2)
    first, second = wall - before, wall - after
    later = (offsets(plan, first) != before) & (offsets(plan, second) == after)
    return np.asarray(np.where(later, second, first))


def shift_of(hour: Ints) -> Ints:
    """Shift by local hour: 0 Day, 1 Evening, 2 Night."""
    return np.where((hour >= 7) & (hour < 15), 0, np.where((hour >= 15) & (hour < 23), 1, 2))


def duty_day(local_day: Ints, hour: Ints) -> Ints:
    """The day a shift began: the hours after midnight belong to the night before."""
    return local_day - (hour < 7)


def yearly(days: npt.ArrayLike, peak: int) -> Floats:
    """Cosine of the year, 1 on the peak day (day of the year) and -1 half a year away."""
    number = np.asarray(days)
    year = number.astype("datetime64[D]").astype("datetime64[Y]")
    of_year = number - year.astype("datetime64[D]").astype(np.int64)
    return np.asarray(np.cos(2 * np.pi * (of_year + 1 - peak) / 365.25))


def _changes(zone: str, days: Ints) -> list[tuple[int, int]]:
    info = ZoneInfo(zone)
    found: list[tuple[int, int]] = []
    for number in days:
        value = _offset(info, int(number) * DAY)
        if not found or found[-1][1] != value:
            moment = int(number) * DAY if not found else _edge(info, int(number) * DAY, value)
            found.append((moment, value))
    return found


def _edge(info: ZoneInfo, after: int, value: int) -> int:
    for moment in range(after - DAY, after, HOUR):
        if _offset(info, moment) == value:
            return moment
    return after


def _offset(info: ZoneInfo, moment: int) -> int:
    found = dt.datetime.fromtimestamp(moment, tz=info).utcoffset()
    return int(found.total_seconds()) if found else 0
