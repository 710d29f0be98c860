"""An indicator asked of a department: which rows count, and by which groups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from perflib.agency import Department
from perflib.errors import InputError
from perflib.metrics.counts.areas import residents
from perflib.metrics.indicators.record import Exposure, Indicator, columns
from perflib.metrics.response.groups import NONE, TIMES, shift_of
from perflib.privacy.quoting import quoted_all
from perflib.selection import on_days


@dataclass(frozen=True)
class Question:
    """An indicator asked of a department: by which groups, of which days and rows."""

    dept: Department
    indicator: Indicator
    by: tuple[str, ...]
    first: dt.date | None
    last: dt.date | None
    only: Mapping[str, tuple[Any, ...]]
    level: float
    quantiles: tuple[float, ...]

    def rows(self, table: str, time: str, only: Any = None) -> ir.Table:
        """The rows of a table that count, with the columns ``by`` made."""
        rows = self.dept.table(table)
        years = self.years() if self.counts_residents() else []
        if table == "population":  # totals beside their parts counted once
            people = residents(self.dept).rows.astype({"area": str, "residents": float})
            rows = ibis.memtable(people[people["year"].isin(years)])
        elif years and self.first is None:  # only events of the years whose residents are known
            rows = rows.filter(TIMES["year"](self.dept.local(rows[time])).isin(years))
        if only is not None and columns(table, only) <= set(rows.columns):
            rows = rows.filter(only)
        for column, values in self.only.items():
            rows = _chosen(self.dept, rows, time, column, values, table)
        if time and self.first is not None and self.last is not None:
            rows = rows.filter(on_days(self.dept, rows[time], self.first, self.last))
        return rows.mutate(**{name: _key(self.dept, rows, time, name, table) for name in self.by})

    def counts_residents(self) -> bool:
        """Whether the denominator is people, in person-years."""
        return isinstance(self.indicator.denominator, Exposure) and self.indicator.denominator.table == "population"

    def years(self) -> list[int]:
        """The years whose residents are added up: all that are known, or with a period the newest up to its end."""
        known = sorted({int(year) for year in residents(self.dept).rows["year"]})
        return [year for year in known if year <= self.last.year][-1:] or known[:1] if self.last else known


def _key(dept: Department, rows: ir.Table, time: str, name: str, table: str) -> ir.Value:
    if name in TIMES and time:
        wall = dept.local(rows[time]) if rows[time].type().is_timestamp() else rows[time].cast("timestamp")
        return TIMES[name](wall)
    if name == "shift" and dept.settings.get("shifts") and time:
        return shift_of(dept.local(rows[time]), dept.settings["shifts"])
    if table == "population" and name in ("district", "year"):
        return rows.area if name == "district" else rows.year
    if name not in rows.columns:
        raise InputError(
            f"{table} cannot be grouped by {name!r}",
            where="by",
            found=name,
            choices=(*(TIMES if time else ()), *rows.columns),
        )
    return rows[name].cast("string").fill_null(NONE)


def _chosen(dept: Department, rows: ir.Table, time: str, column: str, values: tuple[Any, ...], table: str) -> ir.Table:
    key = _key(dept, rows, time, column, table)
    there = set(rows.select(key=key).distinct().execute()["key"])
    texts = [str(value) for value in values] if key.type().is_string() else list(values)
    for value in texts:
        if value not in there:
            raise InputError(
                f"no {column} {value!r} in {table}", where=column, found=value, choices=quoted_all(sorted(there), value)
            )
    return rows.filter(key.isin(texts))
