"""Who is at work on which day in which district and shift, and who of them takes a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perflib.synthetic.clock import duty_day, shift_of
from perflib.synthetic.columns import Floats, Ints, Mask, Rows
from perflib.synthetic.people import People
from perflib.synthetic.plan import Plan, day
from perflib.synthetic.rng import Draws


@dataclass(frozen=True, eq=False)
class Roster:
    """Officers x days, from the day before the period to the day after it.

    ``post`` is -1 when not employed; ``course`` are days on which a course replaces the shift, ``fatigue`` those of the
    planted pattern. ``draws`` are random numbers of each officer and day.
    """

    days: Ints
    post: Ints
    works: Mask
    leave: Mask
    course: Mask
    fatigue: Mask
    draws: Draws


@dataclass(frozen=True, eq=False)
class Duty:
    """Officers at work by cell (area x day x shift), with running weights to draw from.

    Areas are the districts, then the city-wide specialists, then everyone on patrol anywhere. The weights of cell ``c``
    run from ``c`` to ``c + 1``.
    """

    officer: Ints
    at: Ints
    weight: Floats
    days: Ints

    def cell(self, area: Ints, calls: Rows) -> Ints:
        """Number of the cell of an area and the shift in which a call came."""
        at = duty_day(calls.day, calls.hour) - self.days[0]
        return (area * self.days.size + at) * 3 + shift_of(calls.hour)

    def draw(self, cell: Ints, u: Floats) -> Ints:
        """An officer of each cell with probability in proportion to activity; -1 where nobody is at work."""
        row = np.minimum(np.searchsorted(self.weight, cell + u), self.at.size - 1)
        return np.where(self.at[row] == cell, self.officer[row], -1)


def make(plan: Plan, people: People, trained: dict[str, Ints]) -> Roster:
    """The roster: patrol works five days of seven, others Monday to Friday; leave by weeks, sickness by days."""
    days, officer = plan.first_day - 1 + np.arange(plan.days + 2), np.arange(plan.officers)[:, None]
    draws = Draws(plan.seed, "shifts/", officer * 100_000 + days)
    post = np.full(draws.ids.shape, -1)
    for who, place, start, end in zip(*vars(people.spells).values(), strict=True):
        post[who, max(start - days[0], 0) : max(end - days[0] + 1, 0)] = place
    offset = Draws(plan.seed, "shifts/", officer).whole("off", 7)
    on = ((days + np.where(post < people.patrol, offset, 3)) % 7 < 5) & (post >= 0)
    weeks = Draws(plan.seed, "shifts/", officer * 100_000 + days // 7)
    leave = weeks.below("leave", 0.12) | draws.below("sick", 0.035)
    works = on & ~leave
    course = works & np.logical_or.reduce([days == when[:, None] for when in trained.values()])
    during = (days >= day(plan.fatigue_first)) & (days <= day(plan.fatigue_last))
    return Roster(days, post, works, on & leave, course, np.isin(officer, people.chosen["fatigue"]) & during, draws)


def duty(plan: Plan, people: People, roster: Roster) -> Duty:
    """Cells of officers who can take calls: patrol in their district, traffic and tactical city-wide."""
    officer, at = np.nonzero(roster.works & ~roster.course)
    post, areas, days = roster.post[officer, at], len(plan.districts), roster.days.size
    walks = post < people.patrol
    special = np.isin(np.array(people.duties)[post], ("traffic", "tactical"))
    area, keep = np.where(walks, post // 3, areas), walks | special
    rows = np.concatenate([np.flatnonzero(keep), np.flatnonzero(walks)])
    area = np.concatenate([area[keep], np.full(walks.sum(), areas + 1)])
    cell, officer = (area * days + at[rows]) * 3 + people.shifts[post[rows]], officer[rows]
    order = np.lexsort((officer, cell))
    cell, officer = cell[order], officer[order]
    activity = pd.Series(people.activity[officer]).groupby(cell)
    share = (activity.cumsum() / activity.transform("sum")).to_numpy()
    return Duty(officer, cell, cell + np.minimum(share, 1.0), roster.days)


def periods(plan: Plan, people: People, roster: Roster) -> list[tuple[str, Mask, Any, int]]:
    """Kind, officers x days, local hour of beginning and length in hours; nobody is in two places at once."""
    draws, weary, works = roster.draws, roster.fatigue, roster.works
    regular, begin = works & ~roster.course, np.array([7, 15, 23])[people.shifts[roster.post]]
    over = regular & draws.below("overtime", np.where(weary, plan.fatigue_overtime, plan.overtime))
    over &= ~_next(roster.course) & ~((begin == 23) & _next(regular & (weary | (begin == 7))))
    # Day officers go to court in their paid time.
    court = works & (begin != 7) & ~_next(over, -1) & ~weary & ~roster.course & ((roster.days + 3) % 7 < 5)
    spare = (roster.post >= 0) & ~works & ~roster.leave
    return [
        ("regular", regular, begin, 8),
        ("leave", roster.leave, begin, 8),
        ("training", roster.course, 8, 8),
        ("overtime", over, begin + 8, 4),
        ("court", court & draws.below("court", 0.06), 9, 3),
        ("detail", spare & draws.below("detail", np.where(weary, 0.7, 0.05)), 12, 6),
        ("detail", regular & weary & (begin != 7) & draws.below("double", 0.3), begin - 7, 6),
    ]


def _next(mask: Mask, step: int = 1) -> Mask:
    """Whether it holds for the officer on the next day, or with a step of -1 on the day before."""
    moved = np.roll(mask, -step, axis=1)
    moved[:, -1 if step == 1 else 0] = False
    return moved
