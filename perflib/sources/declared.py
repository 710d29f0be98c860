"""What a department file declares by name: districts, shifts and targets as they are written, met with the records."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from perflib import schema
from perflib.agency import Department
from perflib.errors import DepartmentError
from perflib.privacy.quoting import quoted

_SHOWN = 12
_TARGET = ("minutes", "share")
_DO = 'write minutes: {"1": 7}, or {"1": {minutes: 7, share: 0.9}}'


def as_written(raw: Mapping[str, Any], texts: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The typed content of a department file with its names as written (``04`` stays "04"); ``texts`` is all text.

    Raises
    ------
    DepartmentError : districts are no list of names, or a target is no positive number.
    """
    # texts too: YAML would make 4 of a name 04, and a date of a folder 2024-01-01
    found = {**raw, **{key: texts[key] for key in ("name", "timezone", "sources", "roots") if raw.get(key)}}
    for key, made in (("districts", _districts), ("shifts", _shifts), ("priority_targets", _targets)):
        if raw.get(key) is not None:
            found[key] = made(raw[key], schema.composed(texts[key]), where)
    if isinstance(raw.get("settings"), dict):
        found["settings"] = as_written(raw["settings"], texts["settings"], f"{where}, settings")
    return found


def _districts(raw: Any, texts: Any, where: str) -> list[Any]:
    if not isinstance(raw, list):
        raise DepartmentError("`districts` is not a list of names", where=where, do='write [North, "0412"]')
    found = [
        {**typed, "name": text["name"]} if isinstance(typed, dict) and "name" in typed else text
        for typed, text in zip(raw, texts, strict=True)
    ]
    if any(typed is None or text == "" for typed, text in zip(raw, found, strict=True)):
        raise DepartmentError("a district without a name", where=f"{where}, districts", do="quote it or take it out")
    return found


def _shifts(raw: Any, texts: Any, where: str) -> Any:
    # hours as texts too: YAML would read 15:00 as a number
    return texts if isinstance(raw, dict) else raw


def _targets(raw: Any, texts: Any, where: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise DepartmentError("`priority_targets` names no priorities", where=where, do=_DO)
    return {code: _target(text, f"{where}, priority_targets {code!r}") for code, text in texts.items()}


def _target(text: Any, where: str) -> Any:
    if not isinstance(text, dict):
        return _positive(text, "minutes", where)
    for key in text:
        if key not in _TARGET:
            raise DepartmentError(f"unknown key {key!r}", where=where, do=_DO, choices=_TARGET, found=key)
    if "minutes" not in text:
        raise DepartmentError("no minutes", where=where, do=_DO)
    found = {key: _positive(each, key, where) for key, each in text.items()}
    if found.get("share", 1) > 1:
        raise DepartmentError(f"share {text['share']} is more than 1", where=where, do=_DO)
    return found


def _positive(text: Any, what: str, where: str) -> float:
    try:
        number = float(text)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise DepartmentError(f"{what} {text!r} is not a positive number", where=where, do=_DO)
    return int(number) if number.is_integer() else number


def unmatched(department: Department) -> tuple[str, ...]:
    """Sentences: the declared districts that no record has, and those of records that are not declared, counted."""
    names = [
        str(item["name"] if isinstance(item, Mapping) and "name" in item else item)
        for item in department.settings.get("districts") or ()
    ]
    counts = {table: _counts(department, table) for table in department.tables if department.has(table, "district")}
    if not names or not counts:
        return ()
    found: Counter[str] = sum(counts.values(), Counter())
    idle = [repr(name) for name in names if name not in found]
    other = sorted(set(found) - set(names), key=lambda name: (-found[name], name))
    notes = [f"declared districts that no record has ({len(idle)} of {len(names)}): {_some(idle)}"] if idle else []
    if other:
        each = [
            f"{quoted(name, found[name], names)!r} "
            f"({', '.join(f'{table} {by_name[name]:,}' for table, by_name in counts.items() if name in by_name)})"
            for name in other
        ]
        notes.append(f"districts of records that the department file does not declare: {_some(each)}")
    return tuple(notes)


def _counts(department: Department, table: str) -> Counter[str]:
    rows = department.table(table)
    rows = rows.filter(rows.district.notnull()).group_by("district").agg(n=lambda t: t.count()).execute()
    return Counter(dict(zip(map(str, rows["district"]), map(int, rows["n"]), strict=True)))


def _some(words: list[str]) -> str:
    more = len(words) - _SHOWN
    return ", ".join(words[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def emptied(department: Department) -> tuple[str, ...]:
    """Sentences: the tables of which the filters leave no record."""
    notes = []
    for name, table in department.tables.items():
        steps = [step for step in department.log if step.table == name]
        if steps and not table.count().execute():
            last = next((step for step in steps if step.rows_before and not step.rows_after), steps[-1])
            notes.append(
                f"{name}: no record is left of {steps[0].rows_before:,} by the filter {last.rule} ({last.because}); "
                "correct `filter` in the mapping"
            )
    return tuple(notes)
