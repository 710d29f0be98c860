"""Columns an export lacks: those of a second file with the same key, and those made from several columns by cases.

``reader.join`` names lookups; their columns are then ``<lookup>.<column>``. ``derive`` names new columns. Both are made
before the mapping proper, as texts, so that every other rule of the mapping applies to them as to any column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from perflib.errors import MappingError
from perflib.sources.sql import coalesce, every, literal, literals

_LOOKUP = ("file", "member", "on", "first_by", "partial", "sheet", "header", "delimiter", "encoding")
_DERIVED = ("first", "cases", "otherwise")
_WHEN = ("except", "from", "until")


@dataclass(frozen=True)
class Lookup:
    """A second file: ``on`` pairs own column with the lookup's; of a repeated key the row lowest by ``first_by``.

    ``partial``: records without a match are the rule, not worth a note.
    """

    name: str
    reader: Mapping[str, str]
    on: tuple[tuple[str, str], ...]
    first_by: str = ""
    partial: bool = False


@dataclass(frozen=True)
class Condition:
    """A test of one column: ``texts`` it must (or with ``kind`` except must not) hold, or bounds of its text."""

    column: str
    kind: str
    texts: tuple[str, ...] = ()
    start: str = ""
    end: str = ""


@dataclass(frozen=True)
class Derived:
    """A new column: the first column that has a value, or the value of the first case whose conditions all hold."""

    name: str
    first: tuple[str, ...] = ()
    cases: tuple[tuple[tuple[Condition, ...], str], ...] = ()
    otherwise: str | None = None


@dataclass(frozen=True)
class Extra:
    """All that a mapping adds to the columns of its export; ``missing`` are the texts that mean no value."""

    lookups: tuple[Lookup, ...] = ()
    derived: tuple[Derived, ...] = ()
    missing: tuple[str, ...] = field(default=("",))

    def __bool__(self) -> bool:
        return bool(self.lookups or self.derived)

    def columns(self) -> set[str]:
        """Every column the additions read, joined ones included."""
        found = {own for lookup in self.lookups for own, _ in lookup.on}
        for item in self.derived:
            found |= {*item.first, *(test.column for tests, _ in item.cases for test in tests)}
        return found - {item.name for item in self.derived}


def parse(join: Any, derive: Any, missing: tuple[str, ...], where: str) -> Extra:
    """The additions of a mapping, every scalar already its text.

    Raises
    ------
    MappingError : not of the language.
    """
    lookups = tuple(_lookup(name, raw, f"{where}, join {name}") for name, raw in _named(join, f"{where}, reader.join"))
    derived = tuple(_derived(name, raw, f"{where}, derive {name}") for name, raw in _named(derive, f"{where}, derive"))
    return Extra(lookups, derived, missing)


def expression(item: Derived, columns: Mapping[str, str], missing: Sequence[str], where: str) -> str:
    """SQL of a derived column; ``columns`` gives the SQL of every column that is there.

    Raises
    ------
    MappingError : a column it reads is not there.
    """
    def shown(name: str) -> str:
        if name not in columns:
            raise MappingError(
                f"no column {name!r}, wanted for {item.name!r}", where=where, choices=columns, found=name,
                do="correct `derive` in the mapping",
            )
        return present(columns[name], missing)

    if item.first:
        return coalesce([shown(name) for name in item.first])
    cases = " ".join(
        f"WHEN {every(_test(test, shown(test.column)) for test in tests)} THEN {literal(value)}"
        for tests, value in item.cases
    )
    return f"CASE {cases} ELSE {'NULL' if item.otherwise is None else literal(item.otherwise)} END"


def present(column: str, missing: Sequence[str]) -> str:
    """SQL: the trimmed text of a column, NULL where it means missing."""
    text = f"trim(CAST({column} AS VARCHAR))"
    return f"CASE WHEN {text} IN ({literals(missing)}) THEN NULL ELSE {text} END"


def _test(test: Condition, text: str) -> str:
    held = f"({text})"
    if test.kind == "present":
        return f"{held} IS NOT NULL"
    if test.kind == "missing":
        return f"{held} IS NULL"
    if test.kind == "in":
        return f"coalesce({held} IN ({literals(test.texts)}), false)"
    if test.kind == "except":
        return f"coalesce({held} NOT IN ({literals(test.texts)}), false)"
    bounds = [f"{held} >= {literal(test.start)}"] if test.start else []
    bounds += [f"{held} < {literal(test.end)}"] if test.end else []
    return f"coalesce({every(bounds)}, false)"


def _lookup(name: str, raw: Any, where: str) -> Lookup:
    _known(raw, _LOOKUP, where)
    if not raw.get("on") or not (raw.get("file") or raw.get("member")):
        raise MappingError("a join needs `on` and `file` (or `member`)", where=where)
    on = raw["on"]
    pairs = on.items() if isinstance(on, dict) else [(text, text) for text in _list(on)]
    reader = {key: raw[key] for key in raw if key not in ("on", "first_by", "partial")}
    return Lookup(name, reader, tuple(pairs), raw.get("first_by", ""), raw.get("partial") == "true")


def _derived(name: str, raw: Any, where: str) -> Derived:
    _known(raw, _DERIVED, where)
    if ("first" in raw) == ("cases" in raw):
        raise MappingError("needs either `first` or `cases`", where=where)
    if "first" in raw:
        return Derived(name, tuple(_list(raw["first"])))
    if not isinstance(raw["cases"], list) or not raw["cases"]:
        raise MappingError("`cases` is not a list", where=where)
    return Derived(name, cases=tuple(_case(case, where) for case in raw["cases"]), otherwise=raw.get("otherwise"))


def _case(raw: Any, where: str) -> tuple[tuple[Condition, ...], str]:
    _known(raw, ("when", "value"), where)
    if set(raw) != {"when", "value"} or not isinstance(raw["when"], dict) or not raw["when"]:
        raise MappingError("a case needs `when` (column: texts) and `value`", where=where)
    return tuple(_condition(column, test, where) for column, test in raw["when"].items()), raw["value"]


def _condition(column: str, raw: Any, where: str) -> Condition:
    if isinstance(raw, list):
        return Condition(column, "in", tuple(raw))
    if raw in ("present", "missing"):
        return Condition(column, raw)
    if not isinstance(raw, dict) or not raw:
        raise MappingError(
            f"the test of {column!r} is neither a list of texts nor present, missing, except, from or until",
            where=where,
        )
    _known(raw, _WHEN, where)
    if "except" in raw:
        return Condition(column, "except", tuple(_list(raw["except"])))
    return Condition(column, "between", (), raw.get("from", ""), raw.get("until", ""))


def _named(raw: Any, where: str) -> list[tuple[str, Any]]:
    if not raw:
        return []
    if not isinstance(raw, dict):
        raise MappingError("not a list of `name: rule`", where=where)
    return list(raw.items())


def _known(raw: Any, valid: tuple[str, ...], where: str) -> None:
    if not isinstance(raw, dict):
        raise MappingError("not a list of `name: value`", where=where, choices=valid)
    for key in raw:
        if key not in valid:
            raise MappingError(f"unknown key {key!r}", where=where, choices=valid, found=key)


def _list(raw: Any) -> list[str]:
    return list(raw) if isinstance(raw, list) else [str(raw)]
