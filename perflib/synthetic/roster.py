"""Who is at work on which day in which district and shift, and who of them takes a call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perflib.synthetic.columns import Floats, Ints, Mask
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

    Areas are the districts, then the city-wide specialists, then everyone on patrol anywhere. Officers of cell ``c``
    are those from ``begin[c]`` on, ``count[c]`` of them.
    """

    officer: Ints
    weight: Floats
    count: Ints
    begin: Ints
    days: Ints

    def cell(self, area: Ints, day: Ints, shift: Ints) -> Ints:
        """Number of the cell of an area, a duty day and a shift."""
        return (area * self.days.size + (day - self.days[0])) * 3 + shift

    def draw(self, cell: Ints, u: Floats) -> Ints:
        """An officer of each cell with probability in proportion to activity; -1 where nobody is at work."""
        at = np.minimum(np.searchsorted(self.weight, cell + u), self.begin[cell] + self.count[cell] - 1)
        return np.where(self.count[cell] > 0, self.officer[np.maximum(at, 0)], -1)


def make(plan: Plan, people: People, trained: dict[str, Ints]) -> Roster:
    """The roster: patrol works five days of seven, others Monday to Friday; leave by weeks, sickness by days."""
    days, officer = plan.first_day - 1 + np.arange(plan.days + 2), np.arange(plan.officers)[:, None]
    draws = Draws(plan.seed, "shifts/", officer * 100_000 + days)
    post = np.full(draws.ids.shape, -1)
    for spell in zip(*vars(people.spells).values(), strict=True):
        who, place, start, end = spell
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
    special = np.isin(post, [people.units.index(unit) for unit in ("Traffic", "Tactical", plan.renamed)])
    area, keep = np.where(walks, post // 3, areas), walks | special
    rows = np.concatenate([np.flatnonzero(keep), np.flatnonzero(walks)])
    area = np.concatenate([area[keep], np.full(walks.sum(), areas + 1)])
    cell, officer = (area * days + at[rows]) * 3 + people.shifts[post[rows]], officer[rows]
    order = np.lexsort((officer, cell))
    cell, officer = cell[order], officer[order]
    activity, size = people.activity[officer], (areas + 2) * days * 3
    count, total = np.bincount(cell, minlength=size), np.bincount(cell, weights=activity, minlength=size)
    begin = np.concatenate([[0], np.cumsum(count)[:-1]])
    running = np.cumsum(activity)
    before = np.concatenate([[0.0], running])[begin]
    weight = cell + np.minimum((running - before[cell]) / total[cell], 1.0)
    return Duty(officer, weight, count, begin, roster.days)
