"""Courses: one that works, one that does not, both in staggered cohorts, and a yearly duty that some do late."""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.synthetic.clock import DAY
from perflib.synthetic.columns import Ints, Labels, Mask
from perflib.synthetic.people import FOREVER, People
from perflib.synthetic.plan import Plan, day
from perflib.synthetic.rng import Draws

YEARLY, REACHED = "Firearms qualification", 0.75


def completed(plan: Plan, people: People) -> dict[str, Ints]:
    """Day on which each officer completed each staggered course; FOREVER for those who never did."""
    done = {}
    for course, shift in ((plan.course, 0), (plan.idle_course, plan.cohort_days // 2)):
        place = _draws(plan).uniform(course)
        cohort = (place / REACHED * plan.cohorts).astype(np.int64)
        monday = (day(plan.course_first) + shift + cohort * plan.cohort_days + 3) // 7 * 7 - 3
        done[course] = np.where((place < REACHED) & _employed(plan, people, monday + 1), monday + 1, FOREVER)
    return done


def table(plan: Plan, people: People, days: dict[str, Ints]) -> dict[str, Any]:
    """The table of courses taken."""
    ids, draws, parts = np.arange(plan.officers), _draws(plan), []
    for course, when in days.items():
        parts.append((course, when, np.full(ids.size, np.nan), 16.0, when < FOREVER))
    for year in range(plan.first.year, plan.last.year + 1):
        due = day(plan.first.replace(year=year, month=1, day=1)) + 29 + draws.whole("due", 300)
        wait = draws.whole(f"wait/{year}", 28)
        when = np.where(draws.below(f"late/{year}", 0.06), due + 1 + wait, due - wait)
        kept = (when >= plan.first_day) & _employed(plan, people, when)
        parts.append((YEARLY, when, due, 8.0, kept))
    names = sorted((*days, YEARLY))
    officer, code, when, due, length = np.concatenate(
        [
            np.array([ids, np.full(ids.size, names.index(course)), when, due, np.full(ids.size, length)])[:, kept]
            for course, when, due, length, kept in parts
        ],
        axis=1,
    )
    score = Draws(plan.seed, "training/", officer * 100_000 + when).uniform("score")
    return {
        "officer_id": Labels(officer.astype(np.int64), people.names),
        "course": Labels(code.astype(np.int64), names),
        "completed_on": when,
        "hours": length,
        "score": np.round(70 + 30 * score, 0),
        "due_on": due,
        "recorded_at": when * DAY + 80000,
    }


def _draws(plan: Plan) -> Draws:
    return Draws(plan.seed, "training/", np.arange(plan.officers))


def _employed(plan: Plan, people: People, when: Ints) -> Mask:
    return (people.hired < when) & (when <= people.left) & (when <= plan.last_day)
