"""Parameter values against the department: what it does not have is refused before a kernel starts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

from perflib.errors import ParameterError
from perflib.reports.period import Period, read_comparison, read_period

if TYPE_CHECKING:
    from perflib.agency import Department

#: Parameters whose values a department decides, in any notebook that has them.
KNOWN = ("district", "priority", "period", "compare_to")


def check_values(values: Mapping[str, object], where: str = "") -> None:
    """Refuse values the department does not have; it is opened only if one of ``KNOWN`` is set to more than a word.

    Raises
    ------
    ParameterError : a district or priority that is not there (the valid ones are listed), or a period without data.
    """
    asked = {name: str(values[name]) for name in KNOWN if values.get(name)}
    if asked.get("period") in ("all", "latest-month") and not asked.get("compare_to"):
        del asked["period"]  # right for any department, so none is opened for it
    if not asked or "department" not in values:
        return
    from perflib import sources

    department = sources.open(str(values["department"]))
    for name in ("district", "priority"):
        if name in asked:
            check_choice(department, name, asked[name], where)
    if "period" in asked or "compare_to" in asked:
        data = covered(department)
        period = read_period(asked.get("period", ""), data)
        read_comparison(asked.get("compare_to", ""), period, data)


def check_choice(department: Department, name: str, value: str, where: str = "") -> None:
    """Refuse a value of the main table's column ``name`` that the department does not have.

    Raises
    ------
    ParameterError : with the valid values listed.
    """
    valid = choices(department, name)
    if value not in valid:
        raise ParameterError(
            f"{department.name} has no {name} {value!r}", where=where, choices=valid, found=value
        )


def choices(department: Department, name: str) -> list[str]:
    """The values of the main table's column ``name``: those the department file declares, else those of the records."""
    declared = department.settings.get(f"{name}s") if name == "district" else None
    if declared:
        return [str(item["name"] if isinstance(item, Mapping) and "name" in item else item) for item in declared]
    if not department.has(department.main, name):
        return []
    found = department.table(department.main)[[name]].distinct().execute()[name]
    return sorted(str(value) for value in found.dropna())


def covered(department: Department) -> Period:
    """The local days from the first to the last record of the main table.

    Raises
    ------
    ParameterError : the table is empty.
    """
    table = department.table(department.main)
    local = department.local(table.received_at)
    row = table.aggregate(first=local.min(), last=local.max()).execute().iloc[0]
    if row["first"] != row["first"]:
        raise ParameterError(f"{department.name} has no records")
    days = [value.date() if isinstance(value, dt.datetime) else value for value in (row["first"], row["last"])]
    return Period(*days)
