"""From single events, or spans in which an event can have happened, to weights per hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.heaping import DAYS_ONLY, Heap, midnight

Array = np.ndarray[Any, np.dtype[Any]]
#: spans longer than this (hours) say nothing about the hour of the week.
LONGEST = 168.0
_HOUR = np.timedelta64(1, "h")


@dataclass(frozen=True, eq=False)
class Hourly:
    """Weights per hour (index: local wall-clock hours, whole days), and what became of events.

    ``spans``: events spread over a span; ``long``: left out because their span exceeds ``LONGEST`` hours; ``undated``:
    left out without a time; ``midnight``: the heap of single times found there, whose excess was spread over its days;
    ``begun``: the heap of spans that begin there; ``timed``: whether the events have times at all, or only days.
    """

    weights: pd.Series
    spans: int
    long: int
    undated: int
    midnight: Heap
    begun: Heap
    timed: bool


def hourly(frame: pd.DataFrame) -> Hourly:
    """Weights per hour from one row per event.

    Parameters
    ----------
    frame : ``from`` and, if possible, ``to``, the earliest and latest local time; without ``to`` the event is at
        ``from``.

    Returns
    -------
    Hourly : every event has weight 1, spread evenly over its span (aoristic analysis: Ratcliffe 2000, Int. J. of
        Geographical Information Science 14). The excess of a heap at midnight is spread over the same day in proportion
        to the other events' hours, so that days keep their totals.

    Raises
    ------
    InputError : a span ends before it begins, or no event has a time that is known to within a week.
    """
    dated = frame[frame["from"].notna()]
    start = dated["from"].to_numpy(dtype="datetime64[ns]")
    end = dated["to"].fillna(dated["from"]).to_numpy(dtype="datetime64[ns]") if "to" in frame.columns else start
    if (end < start).any():
        raise InputError(f"{int((end < start).sum())} spans end before they begin", where="columns from and to")
    long = (end - start) / _HOUR > LONGEST
    start, end = start[~long], end[~long]
    if not len(start):
        raise InputError("no event has a time that is known to within a week", where="frame")
    first = start.min().astype("datetime64[D]")
    days = int((end.max().astype("datetime64[D]") - first) / np.timedelta64(1, "D")) + 1
    low, high = ((each - first) / _HOUR for each in (start, end))
    point = high <= low
    timed = not (point & (low % 24 == 0)).all()
    weights = spread(low, high, 24 * days)
    heap = _heap(low[point]) if timed else Heap(reason=DAYS_ONLY)
    if heap.heaped:
        weights = _respread(weights, low[point & (low % 24 == 0)], heap)
    hours = pd.Series(weights, index=pd.date_range(first, periods=24 * days, freq="h"))
    undated = len(frame) - len(dated)
    return Hourly(hours, int((~point).sum()), int(long.sum()), undated, heap, _heap(low[~point]), timed)


def spread(low: Array, high: Array, hours: int) -> Array:
    """Weights (hours,) of spans ``low`` to ``high`` in hours from the start; a span without length is a point.

    Each span adds 1/length per hour from its start and takes it away at its end: two entries, however long it is.
    """
    steps, parts = np.zeros(hours + 2), np.zeros(hours + 2)
    point = high <= low
    np.add.at(parts, low[point].astype(int), 1.0)
    rate = 1 / (high[~point] - low[~point])
    for edge, sign in ((low[~point], 1.0), (high[~point], -1.0)):
        hour = edge.astype(int)
        np.add.at(parts, hour, sign * rate * (1 - (edge - hour)))
        np.add.at(steps, hour + 1, sign * rate)
    return np.asarray((parts + np.cumsum(steps))[:hours].clip(min=0.0))


def _heap(low: Array) -> Heap:
    full = low[low % 1 == 0] % 24
    return midnight(pd.Series(full.astype(int)).value_counts().sort_index(), len(low))


def _respread(weights: Array, stamped: Array, heap: Heap) -> Array:
    """Take the excess of events ``stamped`` at midnight away, and give it back by the hours of the other events."""
    taken = np.zeros_like(weights)
    np.add.at(taken, stamped.astype(int), 1 - heap.expected / heap.observed)
    rest = weights - taken
    shape = rest.reshape(-1, 24).sum(axis=0)
    daily = taken.reshape(-1, 24).sum(axis=1)
    return np.asarray(rest + (daily[:, None] * shape / shape.sum()).ravel())
