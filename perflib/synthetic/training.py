"""Courses: one that works, one that does not, both in staggered cohorts, and a yearly duty that some do late."""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.synthetic.columns import Column, Labels
from perflib.synthetic.people import FOREVER, People
from perflib.synthetic.plan import Plan, day
from perflib.synthetic.rng import Ints, uniform

WORKS, IDLE, YEARLY = "De-escalation", "Report writing", "Firearms qualification"
REACHED = 0.75


def completed(plan: Plan, people: People) -> dict[str, Ints]:
    """Day on which each officer completed each staggered course; FOREVER for those who never did."""
    return {WORKS: _staggered(plan, people, WORKS, 0), IDLE: _staggered(plan, people, IDLE, plan.cohort_days // 2)}


def table(plan: Plan, people: People, days: dict[str, Ints]) -> dict[str, Column]:
    """The table of courses taken."""
    done: list[tuple[Any, ...]] = [
        (course, officer, int(days[course][officer]), np.nan, 16.0)
        for course in (WORKS, IDLE)
        for officer in np.flatnonzero(days[course] < FOREVER)
    ]
    done += [
        (YEARLY, officer, when, due, 8.0)
        for year in range(plan.first.year, plan.last.year + 1)
        for officer, when, due in _yearly(plan, people, year)
    ]
    course, officer, when, due, length = (np.array(values) for values in zip(*done, strict=True))
    codes = np.searchsorted(np.array(sorted((WORKS, IDLE, YEARLY))), course)
    score = np.round(70 + 30 * uniform(plan.seed, "training/score", officer * 100_000 + when), 0)
    return {
        "officer_id": Labels(officer, people.names),
        "course": Labels(codes, sorted((WORKS, IDLE, YEARLY))),
        "completed_on": when.astype(float),
        "hours": length,
        "score": score,
        "due_on": due,
        "recorded_at": when * 86400.0 + 80000,
    }


def _staggered(plan: Plan, people: People, course: str, shift: int) -> Ints:
    ids = np.arange(plan.officers)
    place = uniform(plan.seed, f"training/{course}", ids)
    cohort = (place / REACHED * plan.cohorts).astype(np.int64)
    when = _weekday(day(plan.course_first) + shift + cohort * plan.cohort_days)
    able = (place < REACHED) & (people.hired < when) & (when <= people.left) & (when <= day(plan.last))
    return np.where(able, when, FOREVER)


def _yearly(plan: Plan, people: People, year: int) -> list[tuple[int, int, int]]:
    ids = np.arange(plan.officers)
    start = int((np.datetime64(f"{year}-01-01") - np.datetime64("1970-01-01")) / np.timedelta64(1, "D"))
    due = start + 29 + (uniform(plan.seed, "training/due", ids) * 300).astype(np.int64)
    late = uniform(plan.seed, f"training/late/{year}", ids) < 0.06
    wait = (uniform(plan.seed, f"training/wait/{year}", ids) * 28).astype(np.int64)
    when = np.where(late, due + 1 + wait, due - wait)
    kept = (when >= plan.first_day) & (when <= day(plan.last)) & (people.hired < when) & (when <= people.left)
    return [(int(officer), int(when[officer]), int(due[officer])) for officer in np.flatnonzero(kept)]


def _weekday(days: Ints) -> Ints:
    return days - (days + 3) % 7 + 1
