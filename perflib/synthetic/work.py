"""Periods of work: regular shifts, leave, courses, overtime, court and details, and a few who never rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from perflib.synthetic.clock import DAY, HOUR, SHIFT_NAMES, midnight, to_utc
from perflib.synthetic.columns import Column, Labels
from perflib.synthetic.people import People, shift_of_post
from perflib.synthetic.plan import Plan, day
from perflib.synthetic.rng import uniform
from perflib.synthetic.roster import Roster, fatigue_days
from perflib.synthetic.world import World

KINDS = ("regular", "overtime", "court", "detail", "training", "leave")
BEGINS = np.array([7, 15, 23])
LENGTH, EXTRA, DETAIL, COURT = 8, 4, 6, 3
OVERTIME_SHARE, COURT_SHARE, DETAIL_SHARE = 0.08, 0.06, 0.05
WEARY_OVERTIME, WEARY_DETAIL, WEARY_DOUBLE = 0.6, 0.7, 0.3
Mask = npt.NDArray[np.bool_]


def absent(plan: Plan, roster: Roster, trained: dict[str, Any]) -> Mask:
    """Officers x days on which a course replaces the shift."""
    numbers = roster.first + np.arange(roster.post.shape[1])
    away = np.zeros(roster.post.shape, dtype=bool)
    for when in trained.values():
        away |= numbers[None, :] == when[:, None]
    return away & roster.works


def shifts(world: World) -> dict[str, Column]:
    """The table of periods of work, local times turned into UTC."""
    plan, parts = world.plan, list(_periods(world.plan, world.people, world.roster, world.trained))
    officer, at, kind, start, length = (np.concatenate(part) for part in zip(*parts, strict=True))
    local = (at + world.roster.first) * DAY + start * HOUR
    begun = to_utc(plan, local.astype(np.int64))
    ended = to_utc(plan, (local + length * HOUR).astype(np.int64))
    post = world.roster.post[officer, at].astype(np.int64)
    inside = (begun >= midnight(plan, plan.first_day)) & (ended <= midnight(plan, day(plan.last) + 1))
    order = np.flatnonzero(inside)[np.lexsort((begun[inside], officer[inside]))]
    district = np.where(post < 3 * len(plan.districts), post // 3, -1)[order]
    return {
        "officer_id": world.officer(officer[order]),
        "started_at": begun[order],
        "ended_at": ended[order],
        "kind": Labels(kind[order], KINDS),
        "paid_hours": length[order].astype(float),
        "unit_id": world.car(officer[order], post[order]),
        "district": world.district(district),
        "shift": Labels(shift_of_post(plan)[post[order]], SHIFT_NAMES),
        "recorded_at": ended[order] + 7200,
    }


def _periods(plan: Plan, people: People, roster: Roster, trained: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    course = absent(plan, roster, trained)
    weary = fatigue_days(plan, people, roster)
    regular, begin = roster.works & ~course, BEGINS[shift_of_post(plan)[roster.post]]
    over = regular & _chance(plan, "overtime", roster, np.where(weary, WEARY_OVERTIME, OVERTIME_SHARE))
    over &= ~_next(course) & ~((begin == 23) & _next(regular & (weary | (begin == 7))))
    yield _rows(regular, 0, begin, LENGTH)
    yield _rows(roster.leave, 5, begin, LENGTH)
    yield _rows(course, 4, np.full_like(begin, 8), LENGTH)
    yield _rows(over, 1, (begin + LENGTH), EXTRA)
    yield _rows(_court(plan, roster, begin, over, weary, course), 2, np.full_like(begin, 9), COURT)
    spare = (roster.post >= 0) & ~roster.works & ~roster.leave
    extra = spare & _chance(plan, "detail", roster, np.where(weary, WEARY_DETAIL, DETAIL_SHARE))
    yield _rows(extra, 3, np.full_like(begin, 12), DETAIL)
    double = regular & weary & _chance(plan, "double", roster, np.full(weary.shape, WEARY_DOUBLE))
    yield _rows(double & (begin != 7), 3, begin - 7, DETAIL)


def _court(plan: Plan, roster: Roster, begin: Any, over: Mask, weary: Mask, course: Mask) -> Mask:
    # Day officers go to court in their paid time; nobody is in two places at once.
    yesterday = np.zeros_like(over)
    yesterday[:, 1:] = over[:, :-1]
    weekday = (roster.first + np.arange(over.shape[1]) + 3) % 7 < 5
    free = roster.works & (begin != 7) & ~yesterday & ~weary & ~course & weekday[None, :]
    return free & _chance(plan, "court", roster, np.full(over.shape, COURT_SHARE))


def _next(mask: Mask) -> Mask:
    tomorrow = np.zeros_like(mask)
    tomorrow[:, :-1] = mask[:, 1:]
    return tomorrow


def _chance(plan: Plan, salt: str, roster: Roster, share: Any) -> Mask:
    officer = np.arange(plan.officers)[:, None] * 100_000
    number = roster.first + np.arange(roster.post.shape[1])[None, :]
    return np.asarray(uniform(plan.seed, f"shifts/{salt}", officer + number) < share)


def _rows(mask: Mask, kind: int, start: Any, length: int) -> tuple[Any, ...]:
    officer, at = np.nonzero(mask)
    return officer, at, np.full(officer.size, kind), start[officer, at], np.full(officer.size, length)
