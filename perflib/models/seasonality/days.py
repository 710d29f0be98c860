"""Days that are known to be unusual: holidays, paydays, and the heaps that clerks make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.heaping import first_of_month
from perflib.models.seasonality.effects import FIRST, NEW_YEAR

Array = np.ndarray[Any, np.dtype[Any]]


def special(
    dates: pd.DatetimeIndex, counts: Array, freq: str, holidays: Any = None, paydays: Any = None
) -> tuple[dict[str, dict[str, Array]], list[str]]:
    """Masks over the dates by kind (``holiday``, ``payday``, ``heap``) and name, and what a reader must know.

    Parameters
    ----------
    holidays : a frame with ``date`` and ``name``, a mapping date -> name, or an iterable of dates.
    paydays : days of the month (1 to 31; a month too short pays on its last day), or dates.

    The first of the month has a term of its own in daily data, since clerks date there what has no date; a payday on
    the first cannot be told from such a heap and is left out, with a note.
    """
    if freq != "D":
        asked = [name for name, value in (("holidays", holidays), ("paydays", paydays)) if value is not None]
        return {}, [f"{' and '.join(asked)} cannot be seen in data by the week or month"] if asked else []
    day, month = dates.day.to_numpy(), dates.month.to_numpy()
    named = {name: dates.isin(when) for name, when in _holidays(holidays).items()}
    paid, notes = _paydays(dates, paydays)
    heap = {FIRST: (day == 1) & (month > 1), NEW_YEAR: (day == 1) & (month == 1)}
    if any((mask & heap[NEW_YEAR]).any() for mask in named.values()):
        heap.pop(NEW_YEAR)
    heap = {name: mask & ~np.any([*named.values(), np.zeros(len(dates), bool)], axis=0) for name, mask in heap.items()}
    found = first_of_month(pd.Series(np.nan_to_num(counts), index=dates))
    if found.heaped:
        notes.append(
            f"the first of the month is heaped: {found.observed:,} stand there, {found.expected:,.0f} are "
            "expected from like weekdays around it; it has a term of its own, so months are free of it"
        )
    return {"holiday": named, "payday": {"payday": paid} if paid is not None else {}, "heap": heap}, notes


def _holidays(given: Any) -> dict[str, pd.DatetimeIndex]:
    if given is None:
        return {}
    if isinstance(given, pd.DataFrame):
        if not {"date", "name"} <= set(given.columns):
            raise InputError("needs the columns date and name", where="holidays", choices=given.columns)
        rows = given
    elif isinstance(given, Mapping):
        rows = pd.DataFrame({"date": list(given), "name": list(given.values())})
    else:
        rows = pd.DataFrame({"date": list(given)}).assign(name="holidays")
    try:
        stamps = pd.to_datetime(rows["date"])
    except (ValueError, TypeError) as fault:
        raise InputError("holds what is no date", where="holidays", do="write YYYY-MM-DD") from fault
    return {str(name): pd.DatetimeIndex(part) for name, part in stamps.groupby(rows["name"].to_numpy())}


def _paydays(dates: pd.DatetimeIndex, given: Iterable[Any] | None) -> tuple[Array | None, list[str]]:
    if given is None:
        return None, []
    asked = list(given)
    if all(isinstance(each, (int, np.integer)) and not isinstance(each, bool) for each in asked):
        if not all(1 <= each <= 31 for each in asked):
            raise InputError("days of the month lie between 1 and 31", where="paydays", found=asked)
        end = dates.days_in_month.to_numpy()
        paid = np.any([dates.day.to_numpy() == np.minimum(each, end) for each in asked], axis=0)
    else:
        paid = dates.isin(pd.to_datetime(asked))
    first = dates.day == 1
    if not (paid & first).any():
        return paid, []
    note = "paydays on the first of the month cannot be told from records heaped there: only the others are assessed"
    return (paid & ~first if (paid & ~first).any() else None), [note]
