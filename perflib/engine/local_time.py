"""A moment in UTC as the local time of a zone: a function of the database itself."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

from perflib.engine.clock import changes, seconds

#: the most years whose clock changes are spelled out; moments outside go through the database's own calendar
FIRST, LAST = 2000, 2032


def local_time(moment: ir.TimestampValue, zone: str, years: tuple[int, int] = (FIRST, LAST)) -> ir.TimestampValue:
    """The local time of a moment in UTC.

    ``years`` are the first one whose clock changes are spelled out and the one after the last.
    """
    first, last = max(FIRST, years[0]), min(LAST, years[1])
    function, definition = _function(zone, *((first, last) if first < last else (FIRST, LAST)))
    backend: Any = moment.get_backend()
    backend.raw_sql(definition)
    return function(moment)


@lru_cache(maxsize=32)
def _function(zone: str, first: int, last: int) -> tuple[Any, str]:
    """A function of the database from a moment to local time, and the statement that defines it there.

    The moment's microseconds plus the offset of its stretch, which a tree of comparisons gives: the database's own
    conversion asks its calendar for every row, which takes three times as long. As a function the tree stays out of
    every query, whose writing it would make slow.
    """
    offset, every = changes(zone, first, last - 1)
    found = [change for change in every if change.at < seconds(last)]
    starts, offsets = [seconds(first), *(each.at for each in found)], [offset, *(each.after for each in found)]
    name = f"perflib_local_{re.sub(r'[^A-Za-z0-9]', '_', zone)}_{first}_{last}"
    quick = f"make_timestamp(epoch_us(moment) + {_offset(starts, offsets)})"
    text = (
        f"CREATE MACRO IF NOT EXISTS {name}(moment) AS CASE WHEN epoch_us(moment) BETWEEN {starts[0]}000000 AND "
        f"{seconds(last)}000000 - 1 THEN {quick} ELSE timezone('{ZoneInfo(zone).key}', moment) END"
    )

    def local(moment: Any) -> Any: ...

    return ibis.udf.scalar.builtin(local, name=name, signature=(("timestamp('UTC')",), "timestamp")), text


def _offset(starts: list[int], offsets: list[int]) -> str:
    if len(starts) == 1:
        return f"{offsets[0]}000000" if offsets[0] else "0"
    half = len(starts) // 2
    sides = _offset(starts[:half], offsets[:half]), _offset(starts[half:], offsets[half:])
    return f"CASE WHEN epoch_us(moment) < {starts[half]}000000 THEN {sides[0]} ELSE {sides[1]} END"
