"""Holidays and local events: a calendar file, and which of two periods they fall in."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd

from perflib import strict_yaml
from perflib.errors import InputError, why
from perflib.files.roots import given


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
    if days.isna().any():  # which it is stays unsaid: the file may be something else altogether
        place = int(days.isna().to_numpy().argmax()) + 1
        raise InputError(f"entry {place} is not a date", where="calendar", do="write YYYY-MM-DD")
    return pd.DataFrame({"date": days.dt.date, "name": raw["name"].astype(str)}).sort_values("date", ignore_index=True)


def _read(path: Path) -> pd.DataFrame:
    if path.suffix.lower() in (".yml", ".yaml"):
        return pd.DataFrame(_listed(strict_yaml.of_file(path, InputError)))
    try:
        return pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as fault:
        raise InputError(f"cannot be read ({why(fault)})", where=path.name) from None


def _listed(raw: Any) -> Any:
    if isinstance(raw, dict):
        return [{"date": day, "name": name} for day, name in raw.items()]
    if isinstance(raw, list) and all(isinstance(item, dict) for item in raw):
        return raw
    raise InputError("is not a list of date and name", where="calendar")


def uneven(calendar: pd.DataFrame, now: tuple[dt.date, dt.date], before: list[tuple[dt.date, dt.date]]) -> list[str]:
    """Events that fall in the period under test but not in every period compared with, or the other way round."""

    def inside(window: tuple[dt.date, dt.date]) -> set[str]:
        held = calendar[(calendar["date"] >= window[0]) & (calendar["date"] <= window[1])]
        return set(held["name"])

    present, others = inside(now), [inside(window) for window in before]
    found = [
        f"{name} falls in this period but in {sum(name in held for held in others)} of {len(others)} compared with"
        for name in sorted(present)
        if not all(name in held for held in others)
    ]
    missing = sorted(set().union(*others) - present) if others else []
    return found + [f"{name} falls in a period compared with, not in this one" for name in missing]
