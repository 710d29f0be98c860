"""Who is at work on which day in which district and shift, and who of them takes a call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from perflib.synthetic.people import OTHER_POSTS, People, shift_of_post
from perflib.synthetic.plan import Plan, day
from perflib.synthetic.rng import Floats, Ints, uniform

MARGIN = 1


@dataclass(frozen=True, eq=False)
class Roster:
    """``post`` (officers x days, -1 when not employed), ``works`` and ``leave`` (booleans); days start at ``first``."""

    first: int
    post: npt.NDArray[np.int16]
    works: npt.NDArray[np.bool_]
    leave: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Duty:
    """Officers at work by cell (area x day x shift), with running weights to draw from.

    Areas are the districts, then the city-wide specialists, then everyone on patrol anywhere.
    """

    officer: Ints
    weight: Floats
    count: Ints
    begin: Ints
    first: int
    days: int

    def cell(self, area: Ints, day: Ints, shift: Ints) -> Ints:
        """Number of the cell of an area, a duty day and a shift."""
        return (area * self.days + (day - self.first)) * 3 + shift

    def draw(self, cell: Ints, u: Floats) -> Ints:
        """An officer of each cell with probability in proportion to activity; -1 where nobody is at work."""
        if not self.officer.size:
            return np.full(cell.shape, -1)
        at = np.searchsorted(self.weight, cell + u)
        last = self.begin[cell] + self.count[cell] - 1
        found = self.officer[np.clip(np.minimum(at, last), 0, self.officer.size - 1)]
        return np.where(self.count[cell] > 0, found, -1)


def make(plan: Plan, people: People) -> Roster:
    """The roster: patrol works five days of seven, others Monday to Friday; leave by weeks, sickness by days."""
    first, days = plan.first_day - MARGIN, plan.days + 2 * MARGIN
    numbers = first + np.arange(days)
    post = _posts(people, first, days)
    officer = np.arange(plan.officers)
    offset = (uniform(plan.seed, "shifts/off", officer) * 7).astype(np.int64)
    patrol = post < 3 * len(plan.districts)
    turn = (numbers[None, :] + np.where(patrol, offset[:, None], 0) + np.where(patrol, 0, 3)) % 7 < 5
    leave = _leave(plan, officer, numbers)
    on = turn & (post >= 0)
    return Roster(first, post, on & ~leave, on & leave)


def duty(plan: Plan, people: People, roster: Roster, absent: npt.NDArray[np.bool_] | None = None) -> Duty:
    """Cells of officers who can take calls: patrol in their district, traffic and tactical city-wide."""
    works = roster.works if absent is None else roster.works & ~absent
    officer, at = np.nonzero(works)
    post = roster.post[officer, at].astype(np.int64)
    areas, patrol = len(plan.districts), 3 * len(plan.districts)
    shift = shift_of_post(plan)[post]
    special = np.isin(post, [patrol, patrol + 1, patrol + len(OTHER_POSTS)])
    area = np.where(post < patrol, post // 3, areas)
    keep, walks = (post < patrol) | special, post < patrol
    cells = [
        ((area * roster.post.shape[1]) + at)[keep] * 3 + shift[keep],
        ((areas + 1) * roster.post.shape[1] + at[walks]) * 3 + shift[walks],
    ]
    size = (areas + 2) * roster.post.shape[1] * 3
    who = np.concatenate([officer[keep], officer[walks]])
    return _cells(np.concatenate(cells), who, people.activity, size, roster)


def _cells(cell: Ints, officer: Ints, activity: Floats, size: int, roster: Roster) -> Duty:
    order = np.lexsort((officer, cell))
    cell, officer = cell[order], officer[order]
    count = np.bincount(cell, minlength=size)
    begin = np.concatenate([[0], np.cumsum(count)[:-1]])
    running = np.cumsum(activity[officer])
    before = np.concatenate([[0.0], running])[begin]
    total = np.bincount(cell, weights=activity[officer], minlength=size)
    share = (running - before[cell]) / total[cell]
    return Duty(officer, cell + np.minimum(share, 1.0), count, begin, roster.first, roster.post.shape[1])


def _posts(people: People, first: int, days: int) -> npt.NDArray[np.int16]:
    post = np.full((len(people.names), days), -1, dtype=np.int16)
    spells = people.spells
    for officer, place, start, end in zip(spells.officer, spells.post, spells.start, spells.end, strict=True):
        post[officer, max(start - first, 0) : max(min(end - first + 1, days), 0)] = place
    return post


def _leave(plan: Plan, officer: Ints, numbers: Ints) -> npt.NDArray[np.bool_]:
    week = uniform(plan.seed, "shifts/leave", officer[:, None] * 100_000 + (numbers // 7)[None, :]) < 0.12
    sick = uniform(plan.seed, "shifts/sick", officer[:, None] * 100_000 + numbers[None, :]) < 0.035
    return week | sick


def fatigue_days(plan: Plan, people: People, roster: Roster) -> npt.NDArray[np.bool_]:
    """Officers x days on which a planted fatigue pattern holds."""
    numbers = roster.first + np.arange(roster.post.shape[1])
    during = (numbers >= day(plan.fatigue_first)) & (numbers <= day(plan.fatigue_last))
    who = np.isin(np.arange(plan.officers), people.chosen["fatigue"])
    return who[:, None] & during[None, :]
