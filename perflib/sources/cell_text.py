"""One value of a file as the text a person would read."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from perflib.errors import SourceError
from perflib.files import limits


def shown(cell: Any, where: str) -> str | None:
    """The text of a cell: whole numbers without decimals, stamps in ISO 8601, None for nothing.

    Raises
    ------
    SourceError : a number of too many digits, or lists too deep in one another.
    """
    if cell is None or cell == "":
        return None
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, int):
        if abs(cell) >= 10**limits.DIGITS:
            raise SourceError(f"a number of more than {limits.DIGITS:,} digits", where=where, do="write it as a text")
        return str(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, (dt.date, dt.time)):
        return cell.isoformat()
    if isinstance(cell, (dict, list)):
        return _nested(cell, where)
    return str(cell)


def _nested(cell: Any, where: str) -> str:
    level: list[Any] = [cell]
    for _ in range(limits.JSON_DEPTH):
        level = [
            below
            for one in level
            for below in (one.values() if isinstance(one, dict) else one)
            if isinstance(below, (dict, list))
        ]
        if not level:
            return json.dumps(cell, ensure_ascii=False)
    raise SourceError(f"more than {limits.JSON_DEPTH} lists or objects in one another", where=where)
