"""The areas of a review: what is counted in each, for how much work, and which way is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from perflib.agency import Department
from perflib.errors import DepartmentError, InputError
from perflib.metrics.officers.cells import cells
from perflib.metrics.officers.measures import EXPOSURES, MEASURES, Measure, exposure
from perflib.metrics.response.groups import NONE

#: calls an officer makes to be among people, where the department file does not name its own.
CONTACT = ("Business check", "Community contact", "Directed patrol", "Foot patrol", "School visit", "Welfare check")
SLOWEST = 0.8
_SETTINGS = ("weights", "contact", "development")


@dataclass(frozen=True)
class Area:
    """One line of a review. ``better`` is "fewer" or "more"; ``need``: whether falling short calls for development."""

    short: str
    words: str
    better: str
    need: bool = True


def rules(dept: Department) -> Mapping[str, Any]:
    """The department's rules for reviews (``settings: {review: ...}``), checked.

    ``weights``: area -> weight, without which there is no composite; ``contact``: call types that are community
    contact; ``development``: path of the development plan. Raises DepartmentError.
    """
    raw = dept.settings.get("review") or {}
    where = "settings, review"
    for key in raw:
        if key not in _SETTINGS:
            raise DepartmentError(f"unknown key {key!r}", where=where, choices=_SETTINGS, found=key)
    for area, weight in (raw.get("weights") or {}).items():
        if area not in AREAS:
            raise DepartmentError(f"no area {area!r}", where=f"{where}, weights", choices=AREAS, found=area)
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight < float("inf"):
            raise DepartmentError(f"{weight!r} is not a weight of at least 0", where=f"{where}, weights, {area}")
    return raw


def counted(
    dept: Department, area: str, keys: Sequence[str], period: str = "month", first: str = "", last: str = ""
) -> tuple[pd.DataFrame, str]:
    """Events and exposure by officer, period and post of one area with "", or an empty frame and the reason."""
    if area == "training":
        return _courses(dept)
    measured = _MADE[area](dept) if area in _MADE else MEASURES[area]
    per, reason = exposure(dept, measured, months=False) if isinstance(measured, Measure) else ("", measured)
    if reason or isinstance(measured, str):
        return pd.DataFrame(), reason
    there = tuple(key for key in keys if dept.has("assignments", key))
    return cells(dept, measured, per, there, period, first, last).frame.assign(per=EXPOSURES[per].words), ""


def _courses(dept: Department) -> tuple[pd.DataFrame, str]:
    """Courses with a due date by officer: how many were done late. One never done leaves no record, and is not seen."""
    if not dept.has("training", "due_on", "completed_on"):
        return pd.DataFrame(), "the department records no courses with a due date"
    rows = dept.training.filter(dept.training.due_on.notnull())
    late = (rows.completed_on > rows.due_on).cast("int64").sum()
    made = rows.group_by(officer=rows.officer_id).agg(exposure=rows.count().cast("float64"), events=late).execute()
    return made.assign(period="all", per="courses due"), "" if len(made) else "no course has a due date"


def _slow(dept: Department) -> Measure | str:
    """Calls from dispatch to arrival that took longer than four in five of their priority did."""
    needed = ("officer_id", "dispatched_at", "arrived_at", "received_at", "priority")
    if not dept.has("calls", *needed):
        return "the calls do not record the officer, priority, dispatch and arrival"
    rows = dept.calls.filter(_timed(dept.calls))
    limits = rows.group_by("priority").agg(limit=_taken(rows).quantile(SLOWEST)).execute().dropna()
    if limits.empty:
        return "no call records dispatch and arrival"
    each = dict(zip(limits["priority"], limits["limit"].astype(float), strict=True))

    def slow(table: ir.Table) -> ir.BooleanValue:
        limit = ibis.cases(*((table.priority == key, value) for key, value in each.items()), else_=float("inf"))
        return _timed(table) & (_taken(table) > limit)

    return Measure("slow arrivals", "calls", ("received_at",), ("call_id",), ("calls",), (), slow, _timed)


def _taken(table: ir.Table) -> ir.FloatingValue:
    return table.arrived_at.delta(table.dispatched_at, unit="second") / 60


def _timed(table: ir.Table) -> ir.BooleanValue:
    known = table.dispatched_at.notnull() & table.arrived_at.notnull() & (table.arrived_at >= table.dispatched_at)
    return known & (table.origin == "public") if "origin" in table.columns else known


def _dropped(dept: Department) -> Measure | str:
    """Arrests whose case was declined or dismissed, among those decided."""
    if not dept.has("arrests", "officer_id", "outcome"):
        return "the arrests do not record the officer and the outcome"

    def decided(table: ir.Table) -> ir.BooleanValue:
        return table.outcome.notnull() & (table.outcome.lower() != "pending")

    def dropped(table: ir.Table) -> ir.BooleanValue:
        return table.outcome.lower().isin(["declined", "dismissed"])

    return Measure(
        "arrests declined or dismissed", "arrests", ("arrested_at",), ("arrest_id",), ("arrests",), (), dropped, decided
    )


def _contact(dept: Department) -> Measure | str:
    if not dept.has("calls", "officer_id", "call_type", "origin"):
        return "the calls do not record the officer, type and origin"
    types = list(rules(dept).get("contact") or CONTACT)

    def contact(table: ir.Table) -> ir.BooleanValue:
        return table.call_type.isin(types) & (table.origin == "officer")

    if not dept.calls.filter(contact).count().execute():
        return "no call type is named as community contact (settings: review: contact)"
    return Measure(
        "community contacts of the officer's own accord",
        "calls",
        ("received_at",),
        ("call_id",),
        ("hours", "responses"),
        (),
        contact,
    )


def _adherence(dept: Department) -> Measure | str:
    if not dept.has("policy_events", "officer_id", "complied", "due_at"):
        return "no policy events with officer and compliance are recorded"

    def applies(table: ir.Table) -> ir.BooleanValue:
        known = table.complied.notnull()
        return known & table.excluded.isnull() if "excluded" in table.columns else known

    def missed(table: ir.Table) -> ir.BooleanValue:
        return applies(table) & ~table.complied

    return Measure("rules not followed", "policy_events", ("due_at",), ("event_id",), ("rules",), (), missed, applies)


#: measures that a review makes from the records of this department; the others are those of officer comparisons
_MADE: dict[str, Callable[[Department], Measure | str]] = {
    "response": _slow,
    "cases": _dropped,
    "contact": _contact,
    "adherence": _adherence,
}
#: in the order of the page. Counts of what went wrong: fewer is better; of what is given: more.
AREAS: dict[str, Area] = {
    "response": Area("slow arrivals", "Slow arrivals (slower than four in five of their priority)", "fewer"),
    "cases": Area("arrests declined or dismissed", "Arrests declined or dismissed", "fewer"),
    "contact": Area("community contacts", "Community contacts of the officer's own accord", "more"),
    "commendations": Area("commendations", "Commendations", "more", need=False),
    "training": Area("late courses", "Courses done after their due date", "fewer"),
    "adherence": Area("rules not followed", "Rules not followed", "fewer"),
    "force": Area("uses of force", "Uses of force", "fewer"),
    "complaints": Area("complaints", "Complaints, of every finding", "fewer"),
}


def named(area: str) -> Area:
    """An area of a review, or a measure of the officer comparison, by its name. Raises InputError for another."""
    if area in AREAS:
        return AREAS[area]
    if area not in MEASURES:
        raise InputError(f"no area {area!r}", where="area", found=area, choices=dict.fromkeys([*AREAS, *MEASURES]))
    words = MEASURES[area].words
    return Area(words, words.capitalize(), "neither")


def by_unit(frame: pd.DataFrame, least: int = 1) -> pd.DataFrame:
    """The same frame with units in the place of officers; posts without a unit are left out.

    So are units in which fewer than ``least`` officers worked: their figures would be those of one or a few persons.
    """
    if "unit" not in frame.columns:
        return frame.iloc[:0]
    officers = frame.groupby("unit")["officer"].transform("nunique")
    return frame[(frame["unit"] != NONE) & (officers >= least)].assign(officer=lambda rows: rows["unit"])
