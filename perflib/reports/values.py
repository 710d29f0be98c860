"""Parameter values against the department: what it does not have is refused before a kernel starts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perflib.errors import ParameterError
from perflib.reports.period import Period, read_comparison, read_period

if TYPE_CHECKING:
    from perflib.agency import Department

#: Parameters whose values a department decides, in any notebook that has them.
KNOWN = ("district", "priority", "period", "compare_to")
CHOSEN = ("district", "priority")


@dataclass(frozen=True)
class Survey:
    """What a department's main table can be asked for: its districts, its priorities, the days it covers."""

    name: str
    choices: Mapping[str, list[str]]
    data: Period

    def check(self, values: Mapping[str, object], where: str = "") -> None:
        """Refuse values the department does not have.

        Raises
        ------
        ParameterError : a district or priority that is not there (the valid ones are listed), a period without data.
        """
        asked = {name: str(values[name]) for name in KNOWN if values.get(name)}
        for name in CHOSEN:
            if name in asked and asked[name] not in self.choices[name]:
                raise _no_such(self.name, name, asked[name], self.choices[name], where)
        if "period" in asked or "compare_to" in asked:
            period = read_period(asked.get("period", ""), self.data)
            read_comparison(asked.get("compare_to", ""), period, self.data)


def survey(department: Department) -> Survey:
    """The survey of a department: two small queries over its main table.

    Raises
    ------
    ParameterError : the main table is empty.
    """
    return Survey(department.name, {name: choices(department, name) for name in CHOSEN}, covered(department))


def needs_department(values: Mapping[str, object]) -> bool:
    """Whether one of ``KNOWN`` is set to more than a word that is right for any department."""
    asked = {name: str(values[name]) for name in KNOWN if values.get(name)}
    if asked.get("period") in ("all", "latest-month") and not asked.get("compare_to"):
        del asked["period"]
    return bool(asked) and "department" in values


def check_values(values: Mapping[str, object], where: str = "") -> None:
    """Refuse values the department does not have; it is opened only if one of ``KNOWN`` is set to more than a word.

    Raises
    ------
    ParameterError : a district or priority that is not there (the valid ones are listed), or a period without data.
    """
    if needs_department(values):
        survey(open_main(str(values["department"]))).check(values, where)


def open_main(path: str) -> Department:
    """The department with its main table alone, which is all that a survey needs."""
    from perflib import sources

    main = main_table(path)
    return sources.open(path, tables=[main]) if main else sources.open(path)


def main_table(path: str) -> str:
    """The name of the table a department is mostly about: the first source of its file, else the calls."""
    from perflib.sources import department_file

    found = Path(path)
    file = found / "department.yml" if found.is_dir() else found
    if path and file.is_file():
        sources = department_file.settings(file).get("sources")
        if isinstance(sources, list) and sources and isinstance(sources[0], dict):
            return str(sources[0].get("table", ""))
    return "calls" if not path or (found / "calls.parquet").is_file() else ""


def check_choice(department: Department, name: str, value: str, where: str = "") -> None:
    """Refuse a value of the main table's column ``name`` that the department does not have.

    Raises
    ------
    ParameterError : with the valid values listed.
    """
    valid = choices(department, name)
    if value not in valid:
        raise _no_such(department.name, name, value, valid, where)


def _no_such(department: str, name: str, value: str, valid: list[str], where: str) -> ParameterError:
    return ParameterError(f"{department} has no {name} {value!r}", where=where, choices=valid, found=value)


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
    local = department.local(table[department.stamp(department.main)])
    row = table.aggregate(first=local.min(), last=local.max()).execute().iloc[0]
    if row["first"] != row["first"]:
        raise ParameterError(f"{department.name} has no records")
    days = [value.date() if isinstance(value, dt.datetime) else value for value in (row["first"], row["last"])]
    return Period(*days)
