"""Which stops, of whom and where: the small frames that the disparity models look at."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from perflib import schema
from perflib.agency import Department
from perflib.errors import DepartmentError, InputError
from perflib.metrics.maps import boundaries
from perflib.privacy.quoting import quoted_all
from perflib.result import Result
from perflib.selection import select

#: groups with fewer stops are left out, and counted
LEAST = 100
GROUPS = ("subject_race", "subject_sex", "subject_age_group")
#: what a source writes when it does not know
UNKNOWN = ("unknown", "not recorded", "unable to determine", "")
#: a column -> what a department without it does not record
RECORDED = {
    "searched": "whether a search was made",
    "contraband": "whether a search found something",
    "frisked": "whether there was a pat-down",
    "arrested": "whether the stop led to an arrest",
    "district": "the district of a stop",
    "beat": "the beat of a stop",
    "stopped_at": "when a stop was made",
    "kind": "the kind of stop",
    "subject_race": "race",
    "subject_sex": "sex",
    "subject_age_group": "the age group",
}
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
        if test not in ("veil", "baseline", "outcome", "threshold", "selection"):
            raise DepartmentError(
                f"no test {test!r}",
                where=f"{where}, refuse",
                found=test,
                choices=("veil", "baseline", "outcome", "threshold", "selection"),
            )
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
    said = rules(dept).refuse.get(test)
    if said:
        return f"the department file says: {said}"
    for name in (by, *columns):
        if name not in dept.stops.columns:
            spec = schema.get("stops").columns.get(name)
            if spec is not None and spec.personal:
                return (
                    f"the stops were opened without {name}: personal columns are dropped at load unless asked for "
                    f"(open(..., personal=[{name!r}]))"
                )
            return f"{RECORDED.get(name, name)} is not recorded"
    if all(
        bool(empty)
        for empty in dept.stops.agg(**{name: dept.stops[name].isnull().all() for name in (by, *columns)})
        .execute()
        .iloc[0]
    ):
        return "the stops are empty"
    return ""


@dataclass(frozen=True)
class Counted:
    """``rows`` by place and group; ``left_out`` stops by reason."""

    rows: pd.DataFrame
    left_out: dict[str, int]

    def caveats(self) -> list[str]:
        """What was left out, in words."""
        return [f"{count:,} stops {why} are left out." for why, count in self.left_out.items() if count]


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
    if kinds:
        table = table.filter(table.kind.isin(list(kinds)))
    known = table.filter(named(table, by) & named(table, place))
    held = {name: known[name].fill_null(False).cast("int64").sum() for name in sums}
    rows = known.group_by([place, by]).agg(stops=known.count(), **held).execute()
    rows = rows.rename(columns={place: "place", by: "group"})
    total = rows.groupby("group")["stops"].transform("sum")
    within = int(table.count().execute())
    unknown = by.removeprefix("subject_").replace("_", " ") + ("" if unplaced else f" or {place}")
    left = {
        f"of other kinds than {', '.join(kinds)}": every - within,
        f"without a known {unknown}": within - int(rows["stops"].sum()),
        f"of groups with fewer than {LEAST}": int(rows.loc[total < LEAST, "stops"].sum()),
    }
    kept = rows[total >= LEAST].sort_values(["place", "group"]).reset_index(drop=True)
    return Counted(kept, left)


def named(table: ir.Table, column: str) -> ir.BooleanValue:
    """Whether a column says something."""
    return table[column].notnull() & ~table[column].cast("string").lower().isin([*UNKNOWN])


def largest(rows: pd.DataFrame) -> str:
    """The group with most stops, the one the others are compared with unless another is named."""
    return str(rows.groupby("group")["stops"].sum().sort_values(kind="stable").index[-1])


def compared(rows: pd.DataFrame, asked: str, where: str) -> str:
    """``asked``, which must be one of the groups, or the largest. Raises InputError."""
    groups = sorted(rows["group"].unique())
    if asked and asked not in groups:
        raise InputError(
            f"no group {asked!r} with at least {LEAST} stops",
            where=where,
            found=asked,
            choices=quoted_all(groups, asked),
        )
    return asked or largest(rows)


def base_of(dept: Department, rows: pd.DataFrame, by: str, asked: str) -> str:
    """The group others are compared with: ``asked``, else the department's where it is one of ``by``, else the largest.

    Raises InputError for an ``asked`` group that is not there, and for the department's among races.
    """
    named = rules(dept).reference
    if by != GROUPS[0] and named not in set(rows["group"]):
        named = ""
    return compared(rows, asked or named, "reference")


def silent(name: str, reason: str, title: str, method: str) -> Result:
    """Not assessable, in the words of the test."""
    return Result.not_assessable(name, reason, title=title, method=method)
