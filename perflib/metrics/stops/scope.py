"""Which stops, of whom and where: the small frames that the disparity models look at."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from perflib import schema
from perflib.agency import Department
from perflib.errors import DepartmentError, InputError
from perflib.metrics.maps import boundaries
from perflib.models.disparity import pooled
from perflib.privacy.quoting import quoted_all
from perflib.result import Result
from perflib.selection import select
from perflib.words import stops as words

#: groups with fewer stops are left out, and counted
LEAST = 100
#: records of each group below which a district's own difference is not given
LEAST_EACH = 50
GROUPS = ("subject_race", "subject_sex", "subject_age_group")
#: what a source writes when it does not know
UNKNOWN = ("unknown", "not recorded", "unable to determine", "")
TESTS = ("veil", "baseline", "outcome", "threshold", "selection")
_KEYS = ("location", "refuse", "search_kinds", "reference")


@dataclass(frozen=True)
class Rules:
    """What the department file says of its stops, under ``settings: {stops: ...}``.

    ``location``: lat and lon of the department, for the sun. ``refuse``: test -> why these records cannot carry it.
    ``search_kinds``: the kinds of stop whose form records searches; empty means all.
    ``reference``: the group others are compared with; empty means the one with most stops.
    """

    location: tuple[float, float] | None = None
    refuse: Mapping[str, str] = field(default_factory=dict)
    search_kinds: tuple[str, ...] = ()
    reference: str = ""


def rules(dept: Department) -> Rules:
    """The department's rules for stops, checked. Raises DepartmentError for unknown keys or impossible values."""
    raw = dept.settings.get("stops") or {}
    where = "settings, stops"
    for key in raw:
        if key not in _KEYS:
            raise DepartmentError(f"unknown key {key!r}", where=where, choices=_KEYS, found=key)
    refuse = raw.get("refuse", {})
    if not isinstance(refuse, Mapping) or not all(isinstance(reason, str) for reason in refuse.values()):
        raise DepartmentError("`refuse` is not a list of tests with reasons", where=where)
    for test in refuse:
        if test not in TESTS:
            raise DepartmentError(f"no test {test!r}", where=f"{where}, refuse", found=test, choices=TESTS)
    kinds = tuple(raw.get("search_kinds", ()))
    allowed = schema.get("stops").columns["kind"].allowed or ()
    for kind in kinds:
        if kind not in allowed:
            raise DepartmentError(f"no kind of stop {kind!r}", where=f"{where}, search_kinds", choices=allowed)
    return Rules(_location(dept, raw.get("location"), where), dict(refuse), kinds, str(raw.get("reference", "")))


def _location(dept: Department, raw: Any, where: str) -> tuple[float, float] | None:
    """Given, or the middle of the district outlines: the sun is the same all over a city."""
    if raw is not None:
        try:
            return float(raw["lat"]), float(raw["lon"])
        except (TypeError, KeyError, ValueError):
            raise DepartmentError("`location` needs lat and lon in degrees", where=where) from None
    outlines = boundaries(dept) if dept.settings.get("boundaries") else None
    if outlines is None:
        return None
    points = np.array([point for polygons in outlines.polygons for rings in polygons for point in rings[0]])
    lon, lat = points.mean(axis=0)
    return float(lat), float(lon)


def chosen(dept: Department, *, period: Any = "", kind: str = "") -> Department:
    """An old name of :func:`perflib.selection.select` for the table stops."""
    warnings.warn("use perflib.select(dept, 'stops', ...)", DeprecationWarning, stacklevel=2)
    return select(dept, "stops", period=period, kind=kind)


def refused(dept: Department, test: str, by: str, columns: Sequence[str]) -> str:
    """Why a test cannot be put to this department; empty when it can."""
    if not dept.has("stops"):
        return "the department has no stops"
    if test in rules(dept).refuse:
        return f"the department file says: {rules(dept).refuse[test]}"
    for name in (by, *columns):
        if name not in dept.stops.columns:
            spec = schema.get("stops").columns.get(name)
            if spec is not None and spec.personal:
                return (
                    f"the stops were opened without {name}: personal columns are dropped at load unless asked for "
                    f"(open(..., personal=[{name!r}]))"
                )
            return f"{words.RECORDED.get(name, name)} is not recorded"
    empty = dept.stops.agg(**{name: dept.stops[name].isnull().all() for name in (by, *columns)}).execute().iloc[0]
    return "the stops are empty" if all(map(bool, empty)) else ""


def not_assessable(test: str, reason: str) -> Result:
    """The Result of a test that cannot be made."""
    return Result.not_assessable(test, reason, title=words.TITLES[test], method=words.METHODS[test])


@dataclass(frozen=True)
class Counted:
    """``rows`` by place and group; ``left_out``: a code of ``words.left_out`` -> stops; ``by``, ``kinds`` as asked."""

    rows: pd.DataFrame
    left_out: dict[str, int]
    by: str
    kinds: tuple[str, ...] = ()

    def caveats(self, outcome: str = "") -> list[str]:
        """What was left out, in words."""
        return words.left_out(self.left_out, self.by, self.kinds, outcome, LEAST)


def counted(
    dept: Department, by: str, place: str, sums: Sequence[str] = (), *, kinds: Sequence[str] = (), unplaced: str = ""
) -> Counted:
    """Stops by place and group, with how many of them have each of ``sums`` true; small and unknown groups left out.

    ``unplaced``: the place of stops that record none; empty leaves these stops out.
    """
    table = dept.stops
    if unplaced:
        table = table.mutate(**{place: named(table, place).ifelse(table[place].cast("string"), unplaced)})
    every = int(table.count().execute())
    table = table.filter(table.kind.isin(list(kinds))) if kinds else table
    within = int(table.count().execute())
    known = table.filter(named(table, by) & named(table, place))
    true = {name: known[name].fill_null(False).cast("int64").sum() for name in sums}
    rows = known.group_by([place, by]).agg(stops=known.count(), **true).execute()
    rows = rows.rename(columns={place: "place", by: "group"})
    enough = rows.groupby("group")["stops"].transform("sum") >= LEAST
    left_out = {
        "kind": every - within,
        "group_unknown" if unplaced else "unknown": within - int(rows["stops"].sum()),
        "small_group": int(rows.loc[~enough, "stops"].sum()),
    }
    return Counted(rows[enough].sort_values(["place", "group"], ignore_index=True), left_out, by, tuple(kinds))


def recording(dept: Department, columns: Sequence[str]) -> tuple[Department, int]:
    """The department with the stops that record all of ``columns``, and how many do not."""
    table = dept.stops
    known = table.filter([table[name].notnull() for name in columns])
    missing = int(table.count().execute()) - int(known.count().execute())
    return replace(dept, tables={**dept.tables, "stops": known}), missing


def named(table: ir.Table, column: str) -> ir.BooleanValue:
    """Whether a column says something."""
    return table[column].notnull() & ~table[column].cast("string").lower().isin([*UNKNOWN])


def compared(rows: pd.DataFrame, group: str, where: str) -> str:
    """``group``, which must be one of the groups; empty: the one with most stops. Raises InputError."""
    groups = sorted(rows["group"].unique())
    if group and group not in groups:
        raise InputError(
            f"no group {group!r} with at least {LEAST} stops",
            where=where,
            found=group,
            choices=quoted_all(groups, group),
        )
    return group or str(rows.groupby("group")["stops"].sum().sort_values(kind="stable").index[-1])


def reference_of(dept: Department, rows: pd.DataFrame, by: str, group: str) -> str:
    """The group others are compared with: ``group``, else the department's where it is one of ``by``, else the largest.

    Raises InputError for a ``group`` that is not there, and for the department's among races.
    """
    default = rules(dept).reference
    if by != GROUPS[0] and default not in set(rows["group"]):
        default = ""
    return compared(rows, group or default, "reference")


def by_place(rows: pd.DataFrame, groups: Iterable[str], base: str, *, of: str, count: str) -> list[dict[str, Any]]:
    """Difference of ``count / of`` from the group ``base`` in each place with at least 50 records of both.

    One dictionary each: ``place``, ``group``, ``value``, ``low``, ``high``. Hidden rows are left out.
    """
    differences = []
    for place, own in rows[rows[of] >= LEAST_EACH].groupby("place"):
        for group in groups:
            if {group, base} <= set(own["group"]):
                gap = pooled(own, focus=group, reference=base, of=of, count=count)
                ends = {"value": gap.value, "low": gap.low, "high": gap.high}
                differences.append({"place": str(place), "group": group, **ends})
    return differences
