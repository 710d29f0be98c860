"""Heaping: times and dates that clerks write when they do not know better, midnight and the first of the month."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from perflib.errors import InputError

#: a heap is reported when it is this much higher than its neighbours, and too high for chance by this many deviations.
RATIO, DEVIATIONS = 1.2, 3.0
_FEWEST = 10.0

#: why nothing can be said of midnight
DAYS_ONLY = "days without times"


@dataclass(frozen=True)
class Heap:
    """Records at a heaping point beside what its neighbours lead one to expect.

    ``ratio`` is observed / expected, ``z`` its distance in standard deviations (over-dispersed counts), ``share`` the
    part of all records that stands there; ``reason`` says why there is no judgement, empty when there is one.
    """

    observed: int = 0
    expected: float = 0.0
    ratio: float = 0.0
    z: float = 0.0
    share: float = 0.0
    heaped: bool = False
    reason: str = ""


def midnight(hours: pd.Series, records: int | None = None) -> Heap:
    """Whether midnight is heaped.

    Parameters
    ----------
    hours : records whose time is a full hour (minute and second 0), indexed by hour 0 to 23; absent hours count as 0.
    records : all records, those at other times too; None: there are no others.

    Returns
    -------
    Heap : 00:00 against the line through 22:00, 23:00, 01:00 and 02:00. People round to full hours at any time, so full
        hours are compared with full hours. When every record stands at midnight the column holds days, not times:
        ``reason`` says so and nothing is heaped.

    Raises
    ------
    InputError : the index is not hours, or a count is negative.
    """
    full = _counts(hours)
    if not set(full.index) <= set(range(24)):
        raise InputError("the index is not hours of the day, 0 to 23")
    full = full.reindex(range(24), fill_value=0)
    total = full.sum()
    if total and full[0] == (total if records is None else records):
        return Heap(int(total), share=1.0, reason=DAYS_ONLY)
    return _around(float(full[0]), full[[22, 23, 1, 2]].astype(float), float(total))


def first_of_month(days: pd.Series) -> Heap:
    """Whether the first of the month is heaped.

    Parameters
    ----------
    days : records per day, indexed by date, every day of the period present (zeros included).

    Returns
    -------
    Heap : all firsts together against the same weekdays one and two weeks before and after, so that neither weekday
        nor season is mistaken for a heap. Firsts with fewer than two such neighbours are left out.

    Raises
    ------
    InputError : the index is not dates, or a count is negative.
    """
    counts = _counts(days)
    if not isinstance(counts.index, pd.DatetimeIndex):
        raise InputError("the index is not dates")
    firsts = counts[counts.index.day == 1]
    near = {day: _same_weekday(counts, day) for day in firsts.index}
    used = [day for day, values in near.items() if len(values) > 1]
    if not used:
        return Heap(reason="no first of a month with two like weekdays around it")
    expected = sum(near[day].mean() for day in used)
    pairs = pd.concat([near[day] - near[day].mean() for day in used])
    spread = (pairs**2).sum() / max(1, len(pairs) - len(used)) / max(expected / len(used), 1e-9)
    weight = 1 + 1 / (sum(map(len, near.values())) / len(near))
    return _judged(float(firsts[used].sum()), float(expected), max(1.0, spread) * weight, float(counts.sum()))


def _same_weekday(counts: pd.Series, day: pd.Timestamp) -> pd.Series:
    wanted = [day + pd.Timedelta(days=shift) for shift in (-14, -7, 7, 14)]
    return counts.reindex([other for other in wanted if other in counts.index]).astype(float)


def _around(observed: float, near: pd.Series, total: float) -> Heap:
    """Against the straight line through two hours on either side: the night's decline must not pass for scatter."""
    offset = pd.Series([-2.0, -1.0, 1.0, 2.0], index=near.index)
    rest = near - near.mean() - offset * float((offset * near).sum() / (offset**2).sum())
    spread = float((rest**2).sum() / 2) / max(float(near.mean()), 1e-9)
    return _judged(observed, float(near.mean()), max(1.0, spread) * (1 + 1 / len(near)), total)


def _judged(observed: float, expected: float, inflation: float, total: float) -> Heap:
    if max(observed, expected) < _FEWEST:
        return Heap(int(observed), expected, reason="fewer than 10 records there")
    z = (observed - expected) / math.sqrt(inflation * max(expected, 1.0))
    ratio = observed / max(expected, 1.0)
    heaped = ratio >= RATIO and z >= DEVIATIONS
    return Heap(int(observed), expected, ratio, z, observed / total if total else 0.0, heaped)


def _counts(series: pd.Series) -> pd.Series:
    if (series < 0).any():
        raise InputError("counts cannot be negative")
    return series
