"""The record numbers behind a cell."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from perflib import schema
from perflib.agency import Department
from perflib.errors import InputError
from perflib.metrics.counts.completeness import last_complete
from perflib.metrics.counts.periods import NAMED, named
from perflib.metrics.counts.series import daily, keyed
from perflib.period import ends
from perflib.privacy.quoting import no_such


def records(
    dept: Department,
    window: Any = "28d",
    table: str = "incidents",
    *,
    as_of: str | dt.date | None = None,
    crosswalk: Any = None,
    **cell: Any,
) -> pd.DataFrame:
    """The records counted in a cell: key columns, local day and the columns of the cell, oldest first.

    Parameters
    ----------
    window : "7d", "28d", "ytd" (up to the last complete day), "YYYY-MM", "YYYY-MM-DD..YYYY-MM-DD" or a pair of dates.
    table, as_of, crosswalk : as asked of ``compstat``.
    cell : column = value, such as ``district="0412", offence="Robbery"``; a value may be a list.

    Raises InputError for a column or value that does not occur.
    """
    known = dept.as_of(as_of) if as_of is not None else dept
    rows, _ = keyed(known, table, tuple(cell), crosswalk)
    if isinstance(window, str) and window in NAMED:
        window = named(window, last_complete(known, table, daily(known, table, ()))[0])
    first, last = ends(window)
    if first is None or last is None:
        raise InputError("needs a window", where="window", choices=(*NAMED, "YYYY-MM"))
    for column, wanted in cell.items():
        several = wanted if isinstance(wanted, (list, tuple, set)) else [wanted]
        values = [schema.composed(str(item)) for item in several]
        valid = rows.select(column).distinct().execute()[column].tolist()
        unknown = [value for value in values if value not in valid]
        if unknown:
            raise no_such(column, unknown[0], sorted(valid))
        rows = rows.filter(rows[column].isin(values))
    keys = [name for name in schema.get(table).key if name in rows.columns]
    rows = rows.filter((rows.day >= first) & (rows.day <= last))
    return rows.select(*dict.fromkeys([*keys, "day", *cell])).order_by(["day", *keys]).execute()
