"""Holidays and local events: a calendar file, and which of two periods they fall in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from perflib import strict_yaml
from perflib.errors import InputError, why
from perflib.files.roots import given
from perflib.period import Period
from perflib.words import counts as words


def read_calendar(source: str | Path | pd.DataFrame | None) -> pd.DataFrame:
    """``date`` and ``name`` of each holiday or event, from a CSV or YAML file (a list of date and name) or a frame.

    Raises InputError for a file that cannot be read, other columns, or a date that is none.
    """
    if source is None:
        return pd.DataFrame({"date": [], "name": []})
    raw = source if isinstance(source, pd.DataFrame) else _read(given(source, "calendar"))
    if not {"date", "name"} <= set(raw.columns):
        raise InputError("a calendar needs the columns date and name", where="calendar")
    days = pd.to_datetime(raw["date"].astype(str), format="%Y-%m-%d", errors="coerce")
    if days.isna().any():  # the entry is not quoted: the file may be something else altogether
        place = int(days.isna().to_numpy().argmax()) + 1
        raise InputError(f"entry {place} is not a date", where="calendar", do="write YYYY-MM-DD")
    return pd.DataFrame({"date": days.dt.date, "name": raw["name"].astype(str)}).sort_values("date", ignore_index=True)


def _read(path: Path) -> pd.DataFrame:
    if path.suffix.lower() in (".yml", ".yaml"):
        raw: Any = strict_yaml.of_file(path, InputError)
        rows = [{"date": day, "name": name} for day, name in raw.items()] if isinstance(raw, dict) else raw
        if not isinstance(rows, list) or not all(isinstance(item, dict) for item in rows):
            raise InputError("is not a list of date and name", where="calendar")
        return pd.DataFrame(rows)
    try:
        return pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as fault:
        raise InputError(f"cannot be read ({why(fault)})", where=path.name) from None


def uneven(calendar: pd.DataFrame, now: Period, before: list[Period]) -> list[str]:
    """Events that fall in the period under test but not in every period compared with, or the other way round."""
    here, *others = [set(calendar["name"][calendar["date"].between(each.first, each.last)]) for each in (now, *before)]
    periods = {name: sum(name in names for names in others) for name in sorted(here)}
    only_here = [
        words.note("event_now", name=name, periods=n, among=len(others))
        for name, n in periods.items()
        if n < len(others)
    ]
    return only_here + [words.note("event_before", name=name) for name in sorted(set().union(*others) - here)]
