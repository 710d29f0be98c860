"""What is done with every file of one source: its mapping, its time zone, and the columns that leave the load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perflib import schema
from perflib.engine.sql import every
from perflib.sources.formats import timed
from perflib.sources.mapping import Mapping


@dataclass(frozen=True)
class Plan:
    """The mapping of a source, its zone, and its ``output``: the canonical columns that leave the load."""

    mapping: Mapping
    zone: str
    output: tuple[str, ...]

    @classmethod
    def of(cls, mapping: Mapping, zone: str, personal: Sequence[str]) -> Plan:
        """The plan in which personal columns do not leave the load unless they are in ``personal``."""
        columns = [column for column in mapping.table.columns.values() if column.name in mapping.by_column]
        output = (column.name for column in columns if not column.personal or column.name in personal)
        return cls(mapping, mapping.timezone or zone, tuple(output))

    @property
    def table(self) -> schema.Table:
        """The canonical table."""
        return self.mapping.table

    @property
    def key(self) -> str:
        """The key in words."""
        return " + ".join(self.table.key)

    @property
    def needed(self) -> dict[str, None]:
        """The columns that are read: those that leave the load, the key and the required ones."""
        return dict.fromkeys((*self.output, *self.table.key, *self.table.required))

    @property
    def days(self) -> set[str]:
        """The stamps that hold a day and no time, as their formats say."""
        return {name for name, spec in self.mapping.by_column.items() if spec.formats and not timed(spec.formats)}

    @property
    def kept(self) -> str:
        """SQL: no filter of the mapping drops the record."""
        return every(f"_f{place}" for place in range(len(self.mapping.filters)))

    @property
    def dated(self) -> str:
        """The column that dates a record: the first required stamp or date, else the first one there is."""
        dated = [column for name in self.output if (column := self.table.columns[name]).dated]
        return next((column.name for column in dated if column.required), dated[0].name if dated else "")

    def rules(self, then: str) -> list[schema.Rule]:
        """The rules between columns that are read."""
        read = set(self.needed) & set(self.mapping.by_column)
        return [rule for rule in self.table.rules if rule.then == then and {rule.earlier, rule.later} <= read]
