"""Periods of work: regular shifts, leave, courses, overtime, court and details, and a few officers who never rest."""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.synthetic.clock import DAY, HOUR, to_utc
from perflib.synthetic.columns import Labels, Mask
from perflib.synthetic.people import People
from perflib.synthetic.plan import SHIFTS, Plan
from perflib.synthetic.roster import Roster
from perflib.synthetic.world import World

KINDS = ("regular", "overtime", "court", "detail", "training", "leave")
LENGTH, DETAIL = 8, 6


def shifts(world: World) -> dict[str, Any]:
    """The table of periods of work, local times turned into UTC."""
    plan, people, roster = world.plan, world.people, world.roster
    parts = [
        (
            *np.nonzero(mask),
            np.full(mask.sum(), KINDS.index(kind)),
            (begin + 0 * roster.post)[mask],
            np.full(mask.sum(), length),
        )
        for kind, mask, begin, length in _periods(plan, people, roster)
    ]
    officer, at, kind, start, length = map(np.concatenate, zip(*parts, strict=True))
    local = roster.days[at] * DAY + start * HOUR
    begun, ended = to_utc(plan, local), to_utc(plan, local + length * HOUR)
    inside = np.flatnonzero((begun >= plan.midnight(plan.first_day)) & (ended <= plan.end))
    order = inside[np.lexsort((begun[inside], officer[inside]))]
    officer, post, ended = officer[order], roster.post[officer, at][order], ended[order]
    return {
        "officer_id": world.officer(officer),
        "started_at": begun[order],
        "ended_at": ended,
        "kind": Labels(kind[order], KINDS),
        "paid_hours": length[order],
        "unit_id": world.car(officer, post),
        "district": Labels(np.where(post < people.patrol, post // 3, -1), plan.districts),
        "shift": Labels(people.shifts[post], SHIFTS),
        "recorded_at": ended + 2 * HOUR,
    }


def _periods(plan: Plan, people: People, roster: Roster) -> list[tuple[str, Mask, Any, int]]:
    """Kind, officers x days, local hour of beginning and length in hours; nobody is in two places at once."""
    draws, weary, works = roster.draws, roster.fatigue, roster.works
    regular, begin = works & ~roster.course, np.array([7, 15, 23])[people.shifts[roster.post]]
    over = regular & draws.below("overtime", np.where(weary, plan.fatigue_overtime, plan.overtime))
    over &= ~_next(roster.course) & ~((begin == 23) & _next(regular & (weary | (begin == 7))))
    # Day officers go to court in their paid time.
    court = works & (begin != 7) & ~_next(over, -1) & ~weary & ~roster.course & ((roster.days + 3) % 7 < 5)
    spare = (roster.post >= 0) & ~works & ~roster.leave
    return [
        ("regular", regular, begin, LENGTH),
        ("leave", roster.leave, begin, LENGTH),
        ("training", roster.course, 8, LENGTH),
        ("overtime", over, begin + LENGTH, 4),
        ("court", court & draws.below("court", 0.06), 9, 3),
        ("detail", spare & draws.below("detail", np.where(weary, 0.7, 0.05)), 12, DETAIL),
        ("detail", regular & weary & (begin != 7) & draws.below("double", 0.3), begin - 7, DETAIL),
    ]


def _next(mask: Mask, step: int = 1) -> Mask:
    """Whether it holds for the officer on the next day, or with a step of -1 on the day before."""
    moved = np.roll(mask, -step, axis=1)
    moved[:, -1 if step == 1 else 0] = False
    return moved
