"""From single events, or spans in which an event can have happened, to weights per hour."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    """Weights per series (columns) and hour (index: local wall-clock hours, whole days), and what became of events.

    ``spans``: events spread over a span; ``long``: left out because their span exceeds ``LONGEST`` hours; ``undated``:
    left out without a time; ``midnight``: the heap of single times found there, whose excess was spread over its days;
    ``begun``: the heap of spans that begin there; ``timed``: whether the events have times at all, or only days.
    """

    weights: pd.DataFrame
    spans: int = 0
    long: int = 0
    undated: int = 0
    midnight: Heap = field(default_factory=Heap)
    begun: Heap = field(default_factory=Heap)
    timed: bool = True

    def notes(self) -> list[str]:
        """What a reader must know."""
        said = []
        if self.spans:
            said.append(f"{self.spans:,} events with a span were spread evenly over it (aoristic weights)")
        if self.long:
            said.append(
                f"{self.long:,} events with a span over {LONGEST:.0f} hours say nothing of the hour and are left out"
            )
        if self.undated:
            said.append(f"{self.undated:,} events without a time are left out")
        if self.midnight.heaped:
            said.append(
                f"midnight is heaped: {self.midnight.observed:,} stand there, {self.midnight.expected:,.0f} "
                "are expected; the excess is spread over its days as the other events are"
            )
        if self.begun.heaped:
            said.append(
                f"{self.begun.observed:,} spans begin at midnight, {self.begun.expected:,.0f} are expected: a "
                "start nobody knew is written so; they stay spread over all the hours they claim"
            )
        return said if self.timed else [*said, "every event stands at midnight: days without times, so no hours"]


def hourly(frame: pd.DataFrame) -> Hourly:
    """Weights per hour from one row per event.

    Parameters
    ----------
    frame : ``at`` (local time), or ``from`` and ``to`` (earliest and latest local time; ``to`` may be missing, then the
        event is at ``from``), and optionally ``series``.

    Returns
    -------
    Hourly : every event has weight 1, spread evenly over its span (aoristic analysis: Ratcliffe 2000, Int. J. of
        Geographical Information Science 14). The excess of a heap at midnight is spread over the same day in proportion
        to the other events' hours, so that days keep their totals.

    Raises
    ------
    InputError : columns lack, a span ends before it begins, or no event has a time.
    """
    start, end, series, undated = _spans(frame)
    long = (end - start) / _HOUR > LONGEST
    start, end, series = start[~long], end[~long], series[~long]
    if not len(start):
        raise InputError("no event has a time that is known to within a week", where="frame")
    first = start.min().astype("datetime64[D]")
    days = int((end.max().astype("datetime64[D]") - first) / np.timedelta64(1, "D")) + 1
    names, codes = np.unique(series, return_inverse=True)
    low, high = ((each - first) / _HOUR for each in (start, end))
    point = high <= low
    timed = not (point & (low % 24 == 0)).all()
    weights = spread(low, np.where(point, low, high), codes, len(names), 24 * days)
    heap = _heap(low[point]) if timed else Heap(reason=DAYS_ONLY)
    if heap.heaped:
        weights = _respread(weights, low, point, codes, heap)
    index = pd.date_range(first, periods=24 * days, freq="h")
    table = pd.DataFrame(weights.T, index=index, columns=pd.Index(names, name="series"))
    return Hourly(table, int((~point).sum()), int(long.sum()), undated, heap, _heap(low[~point]), timed)


def _spans(frame: pd.DataFrame) -> tuple[Array, Array, Array, int]:
    if "at" in frame.columns:
        start = end = _naive(frame["at"])
    elif "from" in frame.columns:
        start = _naive(frame["from"])
        end = _naive(frame["to"]).fillna(start) if "to" in frame.columns else start
    else:
        raise InputError("no column at, and none from", where="frame", choices=frame.columns)
    series = frame["series"].to_numpy() if "series" in frame.columns else np.full(len(frame), "all", dtype=object)
    known = start.notna().to_numpy()
    if (end[known] < start[known]).any():
        raise InputError(f"{int((end < start).sum())} spans end before they begin", where="columns from and to")
    begun, ended = (each.to_numpy(dtype="datetime64[ns]")[known] for each in (start, end))
    return begun, ended, series[known], int((~known).sum())


def _naive(column: pd.Series) -> pd.Series:
    try:
        stamps = pd.to_datetime(column)
    except (ValueError, TypeError):
        raise InputError("holds what is no time", where=f"column {column.name}") from None
    return stamps.dt.tz_localize(None) if stamps.dt.tz is not None else stamps


def spread(low: Array, high: Array, codes: Array, series: int, hours: int) -> Array:
    """Weights (series, hours) of spans ``low`` to ``high`` in hours from the start; a span without length is a point.

    Each span adds 1/length per hour from its start and takes it away at its end: two entries, however long it is.
    """
    steps, parts = np.zeros((series, hours + 2)), np.zeros((series, hours + 2))
    point = high <= low
    np.add.at(parts, (codes[point], low[point].astype(int)), 1.0)
    rate = 1 / (high[~point] - low[~point])
    for edge, sign in ((low[~point], 1.0), (high[~point], -1.0)):
        hour = edge.astype(int)
        np.add.at(parts, (codes[~point], hour), sign * rate * (1 - (edge - hour)))
        np.add.at(steps, (codes[~point], hour + 1), sign * rate)
    return np.asarray((parts + np.cumsum(steps, axis=1))[:, :hours].clip(min=0.0))


def _heap(low: Array) -> Heap:
    full = low[low % 1 == 0] % 24
    return midnight(pd.Series(full.astype(int)).value_counts().sort_index(), len(low))


def _respread(weights: Array, low: Array, point: Array, codes: Array, heap: Heap) -> Array:
    excess = 1 - heap.expected / heap.observed
    stamped = point & (low % 24 == 0)
    taken = np.zeros_like(weights)
    np.add.at(taken, (codes[stamped], low[stamped].astype(int)), excess)
    rest = weights - taken
    profile = rest.reshape(len(weights), -1, 24).sum(axis=(0, 1))
    daily = taken.reshape(len(weights), -1, 24).sum(axis=2)
    return np.asarray(rest + (daily[:, :, None] * profile / profile.sum()).reshape(weights.shape))
