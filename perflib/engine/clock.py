"""Local wall-clock stamps to UTC, clock changes included.

A local time that does not exist (spring) is shifted forward by the gap. A local time that happens twice (autumn) is
taken at its first occurrence, unless that would put it before an earlier stamp of the same record: then the second. A
record that starts within the double hour and ends after it is taken at the second occurrence throughout (but for
stamps that the clock's own setting back put before it): the reading under which the record is an hour shorter.
"Earlier" is the order of the schema among the stamps that its rules compare; a minute out of order is jitter.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from perflib import schema
from perflib.errors import MappingError

FIRST_YEAR, LAST_YEAR = 1800, 2199
JITTER = "INTERVAL 1 MINUTE"
_EPOCH, _DAY = dt.datetime(1970, 1, 1), 86_400


@dataclass(frozen=True)
class Change:
    """One change of the clocks, at second ``at`` since 1970 in UTC, and the seconds east of UTC before and after it.

    Wall times of ``[start, end)`` happen twice or, with ``gap``, never.
    """

    at: int
    before: int
    after: int

    @property
    def start(self) -> dt.datetime:
        """The first wall time that happens twice or never."""
        return _EPOCH + dt.timedelta(seconds=self.at + min(self.before, self.after))

    @property
    def end(self) -> dt.datetime:
        """The first wall time that is certain again."""
        return _EPOCH + dt.timedelta(seconds=self.at + max(self.before, self.after))

    @property
    def gap(self) -> bool:
        """Whether the clocks were put forward."""
        return self.after > self.before


def zone(name: str, where: str) -> ZoneInfo:
    """The zone of an IANA name; MappingError otherwise."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise MappingError(
            f"unknown time zone {name!r}", where=where, do="use an IANA name such as America/New_York"
        ) from fault


def seconds(year: int) -> int:
    """The second since 1970 at which a year begins, in UTC."""
    return int((dt.datetime(year, 1, 1) - _EPOCH).total_seconds())


@lru_cache(maxsize=64)
def changes(name: str, first: int, last: int) -> tuple[int, tuple[Change, ...]]:
    """Seconds east of UTC at the start of year ``first``, and the changes up to the end of year ``last``."""
    where = ZoneInfo(name)
    start = before = _offset(where, seconds(first))
    found = []
    for morning in range(seconds(first), seconds(last + 1) + _DAY, _DAY):
        after = _offset(where, morning + _DAY)
        if after != before:
            found.append(Change(_edge(where, morning, before), before, after))
            before = after
    return start, tuple(found)


def _edge(where: ZoneInfo, morning: int, before: int) -> int:
    """The first second of a day at which the offset is no longer ``before``."""
    day = range(morning, morning + _DAY + 1)
    return day[bisect_left(day, True, key=lambda second: _offset(where, second) != before)]


def _offset(where: ZoneInfo, second: int) -> int:
    moment = (_EPOCH + dt.timedelta(seconds=second)).replace(tzinfo=dt.UTC)
    offset = moment.astimezone(where).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def first_utc(stamp: str, zone_name: str, years: tuple[int, int]) -> str:
    """SQL: the UTC of a local stamp, first occurrence; a stamp in a gap is shifted forward by the gap."""
    start, found = changes(zone_name, *years)
    if not found:
        return _shift(stamp, start)
    # before the end of a gap the old offset holds: 02:30 that never was becomes 03:30 on the new clock
    edges = [(change.end, _shift(stamp, change.after)) for change in found]
    return _tree(stamp, [(dt.datetime.min, _shift(stamp, start)), *edges])


def shift(stamp: str, zone_name: str, years: tuple[int, int]) -> str:
    """SQL: microseconds from a local stamp to UTC; NULL in a clock change and outside the years.

    A tree of comparisons, so that a stamp meets few of them; fewest in the inner years, where most stamps lie.
    """
    start, found = changes(zone_name, *years)
    edges = [(dt.datetime(years[0], 1, 1), _micros(start))]
    for change in found:
        edges += [(change.start, _micros(None)), (change.end, _micros(change.after))]
    edges.append((dt.datetime(years[1] + 1, 1, 1), _micros(None)))
    tree = _tree(stamp, edges, _weights([at for at, _ in edges], years))
    return f"CASE WHEN {stamp} >= {_at(edges[0][0])} THEN {tree} END"


def _micros(offset: int | None) -> str:
    return "CAST(NULL AS BIGINT)" if offset is None else f"CAST({-offset * 1_000_000} AS BIGINT)"


def _weights(edges: Sequence[dt.datetime], years: tuple[int, int]) -> list[float]:
    """Seconds of the inner years between each edge and the next, and a little, so that every edge counts."""
    first, last = dt.datetime(years[0] + 1, 1, 1), dt.datetime(max(years[1], years[0] + 2), 1, 1)
    inner = [(min(max(at, first), last) - first).total_seconds() for at in (*edges, last)]
    return [1 + after - before for before, after in pairwise(inner)]


def _tree(stamp: str, edges: list[tuple[dt.datetime, str]], weights: Sequence[float] = ()) -> str:
    """SQL: the value of the last edge that is not after the stamp; the weights are halved at every comparison."""
    if len(edges) == 1:
        return edges[0][1]
    weights = weights or [1.0] * len(edges)
    before = list(accumulate(weights))
    middle = min(range(1, len(edges)), key=lambda place: abs(2 * before[place - 1] - before[-1]))
    low = _tree(stamp, edges[:middle], weights[:middle])
    high = _tree(stamp, edges[middle:], weights[middle:])
    return f"CASE WHEN {stamp} < {_at(edges[middle][0])} THEN {low} ELSE {high} END"


def touched(stamp: str, zone_name: str, years: tuple[int, int]) -> str:
    """SQL: whether a local stamp happens twice or never."""
    return _between(stamp, dict.fromkeys(changes(zone_name, *years)[1], "true"), "false")


def second_shift(stamp: str, zone_name: str, years: tuple[int, int]) -> str:
    """SQL: seconds from the first to the second occurrence of a local stamp; 0 where there is only one."""
    found = changes(zone_name, *years)[1]
    return _between(stamp, {change: str(change.before - change.after) for change in found if not change.gap}, "0")


def late(start: str, others: Sequence[str], zone_name: str, years: tuple[int, int]) -> str:
    """SQL: the record starts within an hour that happens twice, and a later stamp of it stands after that hour."""
    found = [change for change in changes(zone_name, *years)[1] if not change.gap and others]
    last = f"greatest({', '.join(others)})"
    parts = [f"{_between(start, {change: 'true'}, 'false')} AND {last} >= {_at(change.end)}" for change in found]
    return f"coalesce({' OR '.join(parts)}, false)" if parts else "false"


def resolved(stamp: str, zone_name: str, years: tuple[int, int], before: Sequence[str], after: Sequence[str]) -> str:
    """SQL: the UTC of a local stamp, given the UTC of the earlier stamps, the later local ones and ``_late``."""
    first, second = first_utc(stamp, zone_name, years), second_shift(stamp, zone_name, years)
    if second == "0":
        return first
    cases = ""
    if after:
        turned = f"coalesce(least({', '.join(after)}) < {stamp} - {JITTER}, false)"
        cases = f"WHEN _late AND NOT {turned} THEN ({first}) + to_seconds({second}) "
    elif before:
        cases = f"WHEN _late THEN ({first}) + to_seconds({second}) "
    if before:
        cases += f"WHEN ({first}) < greatest({', '.join(before)}) - {JITTER} THEN ({first}) + to_seconds({second}) "
    return f"CASE {cases}ELSE ({first}) END" if cases else first


def earlier(table: schema.Table) -> dict[str, tuple[str, ...]]:
    """Per timestamp column, the columns that come before it by the schema's order and rules."""
    named = {name for rule in table.rules for name in (rule.earlier, rule.later)}
    stamps = [name for name, column in table.columns.items() if column.type == "timestamp"]
    return {
        name: tuple(other for other in stamps[:place] if other in named) if named else ()
        for place, name in enumerate(stamps)
    }


def _between(stamp: str, values: Mapping[Change, str], otherwise: str) -> str:
    """SQL: the value of the change within whose wall times the stamp is."""
    edges = [(dt.datetime.min, otherwise)]
    for change, value in values.items():
        edges += [(change.start, value), (change.end, otherwise)]
    return f"({_tree(stamp, edges)})" if values else otherwise


def _at(moment: dt.datetime) -> str:
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"


def _shift(stamp: str, offset: int) -> str:
    return f"{stamp} - INTERVAL ({offset}) SECOND" if offset else stamp
