"""Reads the schema files beside this one into frozen descriptions of tables, columns and rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from perflib.errors import MappingError

#: canonical types; timestamps are kept in UTC.
TYPES = ("string", "category", "timestamp", "date", "integer", "number", "boolean")


@dataclass(frozen=True)
class Column:
    """One canonical column.

    ``personal`` columns are dropped at load unless asked for by name; ``pseudonym`` columns hold officer or staff
    ids that are replaced by keyed pseudonyms in every default output; ``refers`` names the column of another table;
    ``known_with`` the moment at which this column became known, for as-of figures; ``id`` the kind of thing that a
    code names, one kind in all tables: 1007 and 1007.0 are one officer.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    required: bool = False
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    personal: bool = False
    pseudonym: bool = False
    refers: str = ""
    known_with: str = ""
    id: str = ""

    @property
    def dated(self) -> bool:
        """Whether it holds a moment or a day."""
        return self.type in ("timestamp", "date")


@dataclass(frozen=True)
class Rule:
    """``earlier`` must not be after ``later`` where both are known; ``then`` says reject (quarantine) or count."""

    name: str
    earlier: str
    later: str
    then: str


@dataclass(frozen=True)
class Table:
    """One canonical table: its key identifies a row."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    rules: tuple[Rule, ...] = ()

    def column(self, name: str, where: str = "") -> Column:
        """The column, or MappingError with the valid names; ``where`` names the mapping that asks."""
        if name not in self.columns:
            raise MappingError(
                f"no column {name!r} in table {self.name!r}",
                where=where,
                choices=self.columns,
                found=name,
                do="use a name of the schema",
            )
        return self.columns[name]

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the required columns."""
        return tuple(name for name, column in self.columns.items() if column.required)

    @property
    def timed(self) -> bool:
        """Whether its rows are dated by a moment, as events are, and not by a day, as spells and rosters are."""
        return any(column.required and column.type == "timestamp" for column in self.columns.values())

    @property
    def personal(self) -> tuple[str, ...]:
        """Names of the personal columns."""
        return tuple(name for name, column in self.columns.items() if column.personal)


@cache
def tables() -> Mapping[str, Table]:
    """All canonical tables by name."""
    folder = resources.files("perflib.schema") / "tables"
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".yml")), key=lambda item: item.name)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the loader in C is ten times quicker
    read = (_table(yaml.load(file.read_text(encoding="utf-8"), Loader=loader)) for file in files)
    return {table.name: table for table in read}


def names() -> tuple[str, ...]:
    """Names of the canonical tables."""
    return tuple(tables())


def main(given: Iterable[str]) -> str:
    """What a department with these tables is mostly about: the first of events, whatever rosters stand before it."""
    found = list(given)
    return next((name for name in found if name in tables() and tables()[name].timed), found[0])


def get(name: str, where: str = "") -> Table:
    """The table of that name; MappingError with the valid names otherwise."""
    if name not in tables():
        raise MappingError(f"no table {name!r} in the schema", where=where, choices=names(), found=name)
    return tables()[name]


def _table(raw: Mapping[str, Any]) -> Table:
    columns = {name: _column(name, spec) for name, spec in raw["columns"].items()}
    rules = tuple(Rule(**rule) for rule in raw.get("rules", ()))
    return Table(raw["table"], raw["meaning"], tuple(raw["key"]), columns, rules)


def _column(name: str, spec: Mapping[str, Any]) -> Column:
    return Column(name=name, **{**spec, "allowed": tuple(spec.get("allowed", ()))})
