"""The record of a feed over time: heaped times and dates, jumps in volume, and whether feeds jump together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from perflib.errors import InputError
from perflib.models.heaping import DAYS_ONLY, Heap, first_of_month, midnight
from perflib.models.levels import Shift, level_shifts, shared_shifts, weekly
from perflib.privacy.quoting import quoted

_SHOWN = 5


@dataclass(frozen=True)
class Timeline:
    """What a reader of the data must know about its dates; ``shifts`` are per feed, ``shared`` per week."""

    first: Heap
    midnight: Heap
    shifts: Mapping[str, tuple[Shift, ...]] = field(default_factory=dict)
    shared: Mapping[pd.Timestamp, Mapping[str, Shift]] = field(default_factory=dict)
    grain: str = "time"

    def sentences(self) -> list[str]:
        """One sentence per finding, none where there is nothing to say."""
        found = [_heap_words("midnight", self.midnight), _heap_words("the first of the month", self.first)]
        if self.grain in ("week", "month", "quarter", "year"):
            found.append(f"the dates tell the {self.grain} alone, so nothing is said of shorter times")
        elif self.midnight.reason == DAYS_ONLY:
            found.append("every event stands at midnight: days without times")
        jumps = sorted(
            ((feed, shift) for feed, held in self.shifts.items() for shift in held), key=lambda item: -abs(item[1].z)
        )
        found += [_shift_words(feed, shift) for feed, shift in jumps[:_SHOWN]]
        found += [f"and {len(jumps) - _SHOWN} smaller level shifts"] if len(jumps) > _SHOWN else []
        found += [_shared_words(at, held) for at, held in list(self.shared.items())[-_SHOWN:]]
        rest = len(self.shared) - _SHOWN
        found += [f"and {rest} earlier weeks in which feeds jump together"] if rest > 0 else []
        return [text for text in found if text]

    def jump(self) -> str:
        """The sentence of the most telling jump: of several feeds together, else the largest; empty without one."""
        if self.shared:
            return _shared_words(*list(self.shared.items())[-_SHOWN:][0])
        jumps = [(feed, shift) for feed, each in self.shifts.items() for shift in each]
        return _shift_words(*max(jumps, key=lambda item: abs(item[1].z))) if jumps else ""

    def facts(self) -> dict[str, Any]:
        """The same as JSON types."""
        return {
            "first_of_month": asdict(self.first),
            "midnight": asdict(self.midnight),
            "level_shifts": [_shift_facts(feed, shift) for feed, held in self.shifts.items() for shift in held],
            "shared_shifts": [
                {"week": f"{at:%Y-%m-%d}", "feeds": sorted(held), "meaning": _shared_words(at, held)}
                for at, held in self.shared.items()
            ],
        }


def timeline(days: pd.DataFrame, hours: pd.Series, jumps: bool = True, grain: str = "time") -> Timeline:
    """Look at the dates of a table.

    Parameters
    ----------
    days : ``day`` (dates), ``feed`` (text: what a row is fed by, such as ``police, officer``), ``records``.
    hours : records at full hours, indexed by hour, as :func:`perflib.models.heaping.midnight` takes them; none where
        no record stands at a full hour.
    grain : what the dates are: time, day, or week, month, quarter or year, of which no day or week can be told.
    jumps : look for level shifts; not for spells and rosters, which begin in batches.

    Raises
    ------
    InputError : a column is absent.
    """
    lacking = {"day", "feed", "records"} - set(days.columns)
    if lacking:
        raise InputError(f"no column {', '.join(sorted(lacking))}", choices=days.columns)
    if days.empty:
        return Timeline(Heap(reason="no dated record"), Heap(reason="no dated record"))
    dated = days.assign(day=pd.to_datetime(days["day"]))
    every = pd.date_range(dated["day"].min(), dated["day"].max(), freq="D")
    daily = {str(feed): _daily(rows, every) for feed, rows in dated.groupby("feed")}
    weeks = {feed: weekly(counts) for feed, counts in daily.items()}
    weeks = weeks if jumps and grain in ("time", "day", "week") else {}
    shifts = {feed: found for feed, counts in weeks.items() if (found := level_shifts(counts))}
    untimed = Heap(reason=DAYS_ONLY if jumps else "dated by the day")
    # rows may be dated by the day while their event has a time; where clocks change at midnight a day begins at 01:00
    times = grain == "time" or bool(set(hours.index) - {0, 1})
    heap = midnight(hours, int(days["records"].sum())) if times else untimed
    fine = not jumps or grain in ("time", "day")
    first = first_of_month(_daily(dated, every)) if fine else Heap(reason=f"dated by the {grain}")
    return Timeline(first, heap, shifts, shared_shifts(weeks), "day" if fine and grain != "time" else grain)


def _daily(rows: pd.DataFrame, every: pd.DatetimeIndex) -> pd.Series:
    return rows.groupby("day")["records"].sum().reindex(every, fill_value=0)


def _heap_words(where: str, heap: Heap) -> str:
    if not heap.heaped:
        return ""
    times = f"{heap.ratio:.1f} times" if heap.ratio <= 100 else "over 100 times"
    return f"{where} is heaped: {heap.observed:,} records, {heap.expected:,.{heap.expected < 10:d}f} expected ({times})"


def _shift_words(feed: str, shift: Shift) -> str:
    name = f"{quoted(feed)}: " if feed else ""
    return f"level shift, {name}{shift.before:,.0f} to {shift.after:,.0f} a week from {shift.at:%Y-%m-%d}"


def _shared_words(at: pd.Timestamp, held: Mapping[str, Shift]) -> str:
    feeds = "; ".join(sorted(map(quoted, held)))
    many = "both" if len(held) == 2 else str(len(held))
    return f"{many} feeds jump together in the week of {at:%Y-%m-%d} ({feeds}): check the extraction"


def _shift_facts(feed: str, shift: Shift) -> dict[str, Any]:
    return {
        "feed": quoted(feed),
        "week": f"{shift.at:%Y-%m-%d}",
        "before": shift.before,
        "after": shift.after,
        "ratio": shift.ratio,
        "z": shift.z,
    }
