"""Columns an export lacks: those of a second file with the same key, and those made from several columns by cases.

``reader.join`` names lookups; their columns are then ``<lookup>.<column>``. ``derive`` names new columns. Both are made
before the mapping proper, as texts, so that every other rule of the mapping applies to them as to any column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from perflib.engine.sql import coalesce, every, literal, literals, text
from perflib.errors import MappingError
from perflib.privacy.quoting import quoted_all
from perflib.schema import composed, floated


@dataclass(frozen=True)
class Lookup:
    """A second file: ``on`` pairs own column with the lookup's; of a repeated key the row lowest by ``first_by``.

    ``partial``: records without a match are the rule, not worth a note.
    """

    name: str
    reader: Mapping[str, Any]
    on: tuple[tuple[str, str], ...]
    first_by: str = ""
    partial: bool = False


@dataclass(frozen=True)
class Derived:
    """A new column: the first column that has a value, or the value of the first case whose conditions all hold.

    Each case is its conditions by column and its value. A condition is a list of texts, "present", "missing", or
    ``except`` texts, ``from`` and ``until``, as the mapping states it.
    """

    name: str
    first: tuple[str, ...] = ()
    cases: tuple[tuple[Mapping[str, Any], str], ...] = ()
    otherwise: str | None = None

    def columns(self) -> set[str]:
        """The columns it reads."""
        return {*self.first, *(column for tests, _ in self.cases for column in tests)}


@dataclass(frozen=True)
class Unpivot:
    """Columns that become rows: ``columns`` are headers and what they are called in the column ``name``."""

    columns: tuple[tuple[str, str], ...]
    name: str
    value: str


@dataclass(frozen=True)
class Extra:
    """All that a mapping adds to the columns of its export; ``missing`` are the texts that mean no value."""

    unpivot: Unpivot | None = None
    lookups: tuple[Lookup, ...] = ()
    derived: tuple[Derived, ...] = ()
    missing: tuple[str, ...] = field(default=("",))

    def __bool__(self) -> bool:
        return bool(self.lookups or self.derived or self.unpivot)

    def columns(self) -> set[str]:
        """Every column the additions read, joined ones included."""
        found = {own for lookup in self.lookups for own, _ in lookup.on}
        for item in self.derived:
            found |= item.columns()
        if self.unpivot:
            found = {header for header, _ in self.unpivot.columns} | found - {self.unpivot.name, self.unpivot.value}
        return found - {item.name for item in self.derived}


def extra(read: Mapping[str, Any], join: Mapping[str, Any], missing: tuple[str, ...], where: str) -> Extra:
    """The additions of a checked mapping.

    Raises
    ------
    MappingError : a rule that contradicts itself.
    """
    lookups = tuple(_lookup(name, given, f"{where}, join {name}") for name, given in join.items())
    derived = tuple(_derived(name, given, f"{where}, derive {name}") for name, given in read.get("derive", {}).items())
    unpivot = read.get("unpivot")
    return Extra(_unpivot(unpivot, where) if unpivot else None, lookups, derived, missing)


def expression(item: Derived, columns: Mapping[str, str], missing: Sequence[str], where: str) -> str:
    """SQL of a derived column; ``columns`` gives the SQL of every column that is there.

    Raises
    ------
    MappingError : a column it reads is not there.
    """

    def shown(name: str) -> str:
        if name not in columns:
            raise MappingError(
                f"no column {name!r}, wanted for {item.name!r}",
                where=where,
                found=name,
                choices=quoted_all(columns, name),
                do="correct `derive` in the mapping",
            )
        return present(columns[name], missing)

    if item.first:
        return coalesce([shown(name) for name in item.first])
    cases = " ".join(
        f"WHEN {every(_test(test, shown(column)) for column, test in tests.items())} THEN {literal(value)}"
        for tests, value in item.cases
    )
    return f"CASE {cases} ELSE {'NULL' if item.otherwise is None else literal(item.otherwise)} END"


def present(column: str, missing: Sequence[str]) -> str:
    """SQL: the trimmed text of a column, NULL where it means missing."""
    cell = text(column)
    return f"CASE WHEN {cell} IN ({literals(missing)}) THEN NULL ELSE {cell} END"


def _test(test: Any, cell: str) -> str:
    """SQL of a condition."""
    if isinstance(test, str):
        return f"({cell}) IS {'NOT ' if test == 'present' else ''}NULL"
    if isinstance(test, tuple) or "except" in test:
        sign, texts = ("IN", test) if isinstance(test, tuple) else ("NOT IN", test["except"])
        return f"coalesce(({cell}) {sign} ({literals(floated(texts))}), false)"
    signs = {"from": ">=", "until": "<"}
    bounds = (f"({cell}) {sign} {literal(test[key])}" for key, sign in signs.items() if key in test)
    return f"coalesce({every(bounds)}, false)"


def _unpivot(given: Mapping[str, Any], where: str) -> Unpivot:
    columns = given["columns"]
    pairs = tuple(columns.items()) if isinstance(columns, dict) else tuple((header, header) for header in columns)
    for place in (0, 1):
        if len({pair[place] for pair in pairs}) < len(pairs):
            raise MappingError("a name stands twice", where=f"{where}, unpivot, columns")
    if given["name"] == given["value"]:
        raise MappingError("`name` and `value` are one column", where=f"{where}, unpivot")
    return Unpivot(pairs, given["name"], given["value"])


def _lookup(name: str, given: Mapping[str, Any], where: str) -> Lookup:
    if not (given.get("file") or given.get("member")):
        raise MappingError("needs `on` and `file` (or `member`)", where=where)
    on = composed(given["on"])
    pairs = on.items() if isinstance(on, dict) else zip(on, on, strict=True)
    reader = {key: given[key] for key in given if key not in ("on", "first_by", "partial")}
    return Lookup(name, reader, tuple(pairs), composed(given.get("first_by", "")), given.get("partial", False))


def _derived(name: str, given: Mapping[str, Any], where: str) -> Derived:
    if ("first" in given) == ("cases" in given):
        raise MappingError("needs either `first` or `cases`", where=where)
    if "first" in given and "otherwise" in given:
        raise MappingError("`otherwise` does nothing without `cases`", where=where, do="take it out")
    cases = tuple((case["when"], case["value"]) for case in given.get("cases", ()))
    for column, test in ((column, test) for tests, _ in cases for column, test in tests.items()):
        if isinstance(test, dict) and (not test or ("except" in test and len(test) > 1)):
            raise MappingError(f"the test of {column!r} needs `except`, or `from` and `until`", where=where)
    return Derived(name, given.get("first", ()), cases, given.get("otherwise"))
