"""Days that are known to be unusual: holidays, paydays, and the first of the month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]
FIRST, NEW_YEAR = "first of the month", "1 January"


def special(
    dates: pd.DatetimeIndex, holidays: Any = None, paydays: Any = None
) -> tuple[dict[str, dict[str, Array]], bool]:
    """Masks over the dates by kind (``holiday``, ``payday``, ``heap``) and name; whether a payday was left out.

    Parameters
    ----------
    holidays : a frame with ``date`` and ``name``, a mapping date -> name, or an iterable of dates.
    paydays : days of the month (1 to 31; a month too short pays on its last day), or dates.

    The first of the month has a term of its own, since clerks date there what has no date; a payday on the first
    cannot be told from such a heap and is left out.
    """
    day, month = dates.day.to_numpy(), dates.month.to_numpy()
    named = {} if holidays is None else {name: dates.isin(when) for name, when in _holidays(holidays).items()}
    paid = np.zeros(len(dates), bool) if paydays is None else _paydays(dates, paydays)
    on_first = paid & (day == 1)
    heap = {FIRST: (day == 1) & (month > 1), NEW_YEAR: (day == 1) & (month == 1)}
    if any((mask & heap[NEW_YEAR]).any() for mask in named.values()):
        heap.pop(NEW_YEAR)
    heap = {name: mask & ~np.any([*named.values(), np.zeros(len(dates), bool)], axis=0) for name, mask in heap.items()}
    return {"holiday": named, "payday": {"payday": paid & ~on_first}, "heap": heap}, bool(on_first.any())


def _holidays(given: Any) -> dict[str, pd.DatetimeIndex]:
    if isinstance(given, Mapping):
        given = pd.DataFrame({"date": list(given), "name": list(given.values())})
    elif not isinstance(given, pd.DataFrame):
        given = pd.DataFrame({"date": list(given)}).assign(name="holidays")
    if not {"date", "name"} <= set(given.columns):
        raise InputError("needs the columns date and name", where="holidays", choices=given.columns)
    try:
        stamps = pd.to_datetime(given["date"])
    except (ValueError, TypeError) as fault:
        raise InputError("holds what is no date", where="holidays", do="write YYYY-MM-DD") from fault
    return {str(name): pd.DatetimeIndex(part) for name, part in stamps.groupby(given["name"].to_numpy())}


def _paydays(dates: pd.DatetimeIndex, given: Iterable[Any]) -> Array:
    given = list(given)
    if not all(isinstance(each, (int, np.integer)) and not isinstance(each, bool) for each in given):
        return dates.isin(pd.to_datetime(given))
    if not all(1 <= each <= 31 for each in given):
        raise InputError("days of the month lie between 1 and 31", where="paydays", found=given)
    end = dates.days_in_month.to_numpy()
    return np.any([dates.day.to_numpy() == np.minimum(each, end) for each in given], axis=0)
