"""Parameter values against the department: what it does not have is refused before a kernel starts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perflib.errors import ParameterError
from perflib.period import Period, read_comparison, read_period
from perflib.privacy.quoting import quoted_all
from perflib.selection import choices, covered, declared

if TYPE_CHECKING:
    from perflib.agency import Department

#: Parameters whose values a department decides, in any notebook that has them.
KNOWN = ("district", "priority", "period", "compare_to")
CHOSEN = ("district", "priority")
#: parameters that are days, in any notebook that has them.
DAYS = ("as_of", "first", "last", "since")
#: how far a month to look ahead to may begin after the records; how long feeds may have been silent before their end.
AHEAD = BEHIND = dt.timedelta(days=61)


@dataclass(frozen=True)
class Words:
    """The words a parameter takes where a notebook has ``together_with`` too; ``several``: with commas."""

    together_with: str
    valid: tuple[str, ...]
    several: bool = False
    empty: bool = True


#: written out, for their metrics are heavy to import: a test holds them against what the metrics take.
WORDS = {
    "measure": Words(
        "within", ("force", "complaints", "commendations", "frisks", "searches", "stops", "arrests"), empty=False
    ),
    "by": Words("within", ("unit", "district", "shift", "duty", "beat"), several=True),
    "within": Words("measure", ("month", "quarter", "year")),
}


@dataclass(frozen=True)
class Survey:
    """What a department's main table can be asked for: its districts, its priorities, the days it covers."""

    name: str
    choices: Mapping[str, list[str]]
    data: Period
    main: str = "calls"
    declared: tuple[str, ...] = ()

    def check(self, values: Mapping[str, object], where: str = "") -> None:
        """Refuse values the department does not have.

        Raises
        ------
        ParameterError : a district or priority that is not there (the valid ones are listed), a period without data, a
            month to look ahead to that is not ahead.
        """
        given = _known(values)
        for name in CHOSEN:
            value, valid = given.get(name, ""), self.choices.get(name, [])
            if value and value not in valid:
                raise ParameterError(
                    f"{self.name} has no {name} {value!r}",
                    where=where,
                    found=value,
                    choices=quoted_all(valid, value, self.declared),
                )
        if ahead(values) and self.main == "calls":
            _check_month(values, self.data.last, where)
        if "period" in given or "compare_to" in given:
            period = read_period(given.get("period", ""), self.data)
            read_comparison(given.get("compare_to", ""), period, self.data)


def survey(department: Department) -> Survey:
    """The survey of a department: two small queries over its main table.

    Raises
    ------
    ParameterError : the main table is empty.
    """
    return Survey(
        department.name,
        {name: choices(department, name) for name in CHOSEN},
        covered(department),
        department.main,
        declared(department),
    )


def needs_department(values: Mapping[str, object]) -> bool:
    """Whether one of ``KNOWN`` is set to more than a word that is right for any department."""
    given = _known(values)
    if given.get("period") in ("all", "latest-month") and not given.get("compare_to"):
        del given["period"]
    return bool(given or ahead(values)) and "department" in values


def _known(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(values[name]) for name in KNOWN if values.get(name)}


def ahead(values: Mapping[str, object]) -> bool:
    """Whether a month to look ahead to is asked for, of what is known at some day."""
    return bool(values.get("month")) and "as_of" in values


def check_words(values: Mapping[str, object], given: Iterable[str], where: str = "") -> None:
    """Refuse what is right for no department: a word that a parameter does not take, a day that is none.

    Only the ``given`` parameters are looked at: what a notebook has by default is its own affair.

    Raises
    ------
    ParameterError : with the valid values listed.
    """
    for name in given:
        value, words = values[name], WORDS.get(name)
        if not isinstance(value, str):
            continue
        if words and words.together_with in values and (value or not words.empty):
            for one in value.replace(" ", "").split(",") if words.several else [value]:
                if one not in words.valid:
                    raise ParameterError(f"{name} cannot be {one!r}", where=where, choices=words.valid, found=one)
        if value and name in DAYS:
            _day(name, value, where)
    if ahead(values) and "month" in given:
        _day("month", str(values["month"]), where)
    first, last = (str(values.get(name) or "") for name in ("first", "last"))
    if first and last and {"first", "last"} & set(given) and first > last:
        raise ParameterError(f"first {first!r} lies after last {last!r}", where=where, do="give the earlier day first")


def _day(name: str, value: str, where: str) -> dt.date:
    """The day a parameter names; of a month its first."""
    unit, form, rest = ("month", "YYYY-MM", "-01") if name == "month" else ("day", "YYYY-MM-DD", "")
    try:
        return dt.date.fromisoformat(value + rest)
    except ValueError:
        raise ParameterError(f"{name} {value!r} is not a {unit}", where=where, do=f"write it as {form}") from None


def _check_month(values: Mapping[str, object], last: dt.date, where: str) -> None:
    """Refuse a month that no forecast from these records reaches. Which day is the last complete one is not asked here:
    a month just before the end of the records may still be ahead of it."""
    month, as_of = str(values["month"]), str(values["as_of"] or "")
    end = min(last, _day("as_of", as_of, where)) if as_of else last
    if not end - BEHIND <= _day("month", month, where) <= end + AHEAD:
        starts = [(end.replace(day=1) + dt.timedelta(days=31 * at)).replace(day=1) for at in (1, 2)]
        raise ParameterError(
            f"month {month!r} does not begin within two months after {end}, the end of the records",
            where=where,
            choices=[f"{day:%Y-%m}" for day in starts if day <= end + AHEAD],
        )


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
    """The name of the table a department is mostly about: the first source of events in its file, else the calls."""
    from perflib import schema
    from perflib.sources import department_file

    place = Path(path)
    file = place / "department.yml" if place.is_dir() else place
    if path and file.is_file():
        sources = department_file.settings(file).get("sources")
        if isinstance(sources, list) and sources and all(isinstance(source, dict) for source in sources):
            return schema.main(str(source.get("table", "")) for source in sources)
    return "calls" if not path or (place / "calls.parquet").is_file() else ""
