"""The tables of officers: who they are, the posts they held, the courses they took, and their periods of work.

One course lowers complaints, one changes nothing, both are given in staggered cohorts; a yearly duty some do late.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.synthetic.clock import DAY, HOUR, to_utc
from perflib.synthetic.columns import Frame, Ints, Labels, Mask, Rows, only
from perflib.synthetic.people import FOREVER, People
from perflib.synthetic.places import beat_names
from perflib.synthetic.plan import SHIFTS, Plan, day
from perflib.synthetic.rng import Draws
from perflib.synthetic.roster import periods
from perflib.synthetic.world import World

YEARLY, REACHED = "Firearms qualification", 0.75


def officers(world: World) -> Frame:
    """The table of officers; demographics are drawn independently of every trait."""
    plan, people, ids = world.plan, world.people, np.arange(world.plan.officers)
    draws, rank = world.draws("officers", ids), Labels(np.zeros_like(ids), ["Officer", "Sergeant", "Lieutenant"])
    rank = rank.put(people.post == people.units.index("Administration"), "Lieutenant")
    return {
        "officer_id": world.officer(ids),
        "hired_on": people.hired,
        "left_on": only(people.left != FOREVER, people.left),
        "rank": rank.put(np.isin(ids, _supervisors(people)), "Sergeant"),
        "unit": world.unit(people.post),
        "sworn": np.ones(plan.officers),
        "race": draws.label("race"),
        "sex": draws.label("sex"),
        "birth_year": np.floor(plan.last.year - (24 + 30 * draws.uniform("age"))),
        "recorded_at": people.hired * DAY + 36000,
    }


def assignments(world: World) -> Frame:
    """The table of spells; a renamed unit closes one spell and opens another."""
    plan, people, spells = world.plan, world.people, world.people.spells
    district = np.where(spells.post < people.patrol, spells.post // 3, -1)
    home = world.draws("assignments", spells.officer * 64 + spells.post).whole("home", plan.beats)
    return {
        "officer_id": world.officer(spells.officer),
        "unit": world.unit(spells.post),
        "district": Labels(district, plan.districts),
        "beat": Labels(np.where(district < 0, -1, district * plan.beats + home), beat_names(plan)),
        "shift": Labels(people.shifts[spells.post], SHIFTS),
        "duty": Labels(spells.post, people.duties),
        "supervisor_id": world.officer(_supervisors(people)[spells.post]),
        "start_on": spells.start,
        "end_on": only(spells.end != FOREVER, spells.end),
        "recorded_at": spells.start * DAY + 36000,
    }


def completed(plan: Plan, people: People) -> dict[str, Ints]:
    """Day on which each officer completed each staggered course; FOREVER for those who never did."""
    done, draws = {}, Draws(plan.seed, "training/", np.arange(plan.officers))
    for course, shift in ((plan.course, 0), (plan.idle_course, plan.cohort_days // 2)):
        place = draws.uniform(course)
        cohort = (place / REACHED * plan.cohorts).astype(np.int64)
        tuesday = (day(plan.course_first) + shift + cohort * plan.cohort_days + 3) // 7 * 7 - 2
        done[course] = np.where((place < REACHED) & _employed(plan, people, tuesday), tuesday, FOREVER)
    return done


def courses(world: World) -> Frame:
    """The table of courses taken."""
    plan, ids, names = world.plan, np.arange(world.plan.officers), sorted((*world.trained, YEARLY))
    draws = world.draws("training", ids)
    taken: list[Any] = [(course, when, np.nan, 16.0, when < FOREVER) for course, when in world.trained.items()]
    for year in range(plan.first.year, plan.last.year + 1):
        due = day(plan.first.replace(year=year, month=1, day=1)) + 29 + draws.whole("due", 300)
        wait = draws.whole(f"wait/{year}", 28)
        when = np.where(draws.below(f"late/{year}", 0.06), due + 1 + wait, due - wait)
        valid = (when >= plan.first_day) & _employed(plan, world.people, when)
        taken.append((YEARLY, when, due, 8.0, valid))
    parts = [
        np.array(np.broadcast_arrays(ids, names.index(course), when, due, hours))[:, valid]
        for course, when, due, hours, valid in taken
    ]
    officer, course, when, due, hours = np.concatenate(parts, axis=1)
    return {
        "officer_id": world.officer(officer),
        "course": Labels(course, names),
        "completed_on": when,
        "hours": hours,
        "score": np.round(70 + 30 * world.draws("training", officer * 100_000 + when).uniform("score"), 0),
        "due_on": due,
        "recorded_at": when * DAY + 80000,
    }


def shifts(world: World) -> Frame:
    """The table of periods of work, local times turned into UTC."""
    plan, people, roster = world.plan, world.people, world.roster
    kinds, masks, begins, lengths = zip(*periods(plan, people, roster), strict=True)
    period, officer, at = np.nonzero(np.array(masks))
    begin = np.array([hour + 0 * roster.post for hour in begins])[period, officer, at]
    hours = np.array(lengths)[period]
    local = roster.days[at] * DAY + begin * HOUR
    begun, ended = to_utc(plan, local), to_utc(plan, local + hours * HOUR)
    every = Rows(period=period, officer=officer, post=roster.post[officer, at], begun=begun, ended=ended, hours=hours)
    inside = every[(begun >= plan.midnight(plan.first_day)) & (ended <= plan.end)]
    made = inside[np.lexsort((inside.begun, inside.officer))]
    return {
        "officer_id": world.officer(made.officer),
        "started_at": made.begun,
        "ended_at": made.ended,
        "kind": Labels(made.period, kinds),
        "paid_hours": made.hours,
        "unit_id": world.car(made.officer, made.post),
        "district": Labels(np.where(made.post < people.patrol, made.post // 3, -1), plan.districts),
        "shift": Labels(people.shifts[made.post], SHIFTS),
        "recorded_at": made.ended + 2 * HOUR,
    }


def _supervisors(people: People) -> Ints:
    """The officer who leads each post: the longest serving of those who held it; -1 for an empty post."""
    officer, leads = people.spells.officer, np.full(len(people.units), -1)
    newest_first = np.argsort(people.hired[officer], kind="stable")[::-1]
    leads[people.spells.post[newest_first]] = officer[newest_first]
    return leads


def _employed(plan: Plan, people: People, when: Ints) -> Mask:
    return (people.hired < when) & (when <= people.left) & (when <= plan.last_day)
