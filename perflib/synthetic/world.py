"""What the other tables are made from: the plan, the officers, the roster, and the calls already made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from perflib.synthetic.calls import in_extract, recorded
from perflib.synthetic.clock import duty_day
from perflib.synthetic.columns import Floats, Frame, Ints, Labels, Rows
from perflib.synthetic.people import People
from perflib.synthetic.places import place
from perflib.synthetic.plan import Plan
from perflib.synthetic.rng import Draws
from perflib.synthetic.roster import Roster


@dataclass(frozen=True, eq=False)
class World:
    """A department with its calls, before its other tables are made; ``trained`` are days of completion by course."""

    plan: Plan
    people: People
    roster: Roster
    trained: dict[str, Ints]
    calls: Rows
    _made: dict[Any, Frame] = field(default_factory=dict)

    def once(self, make: Callable[[World], Frame]) -> Frame:
        """What a function makes of this department, made once."""
        if make not in self._made:
            self._made[make] = make(self)
        return self._made[make]

    def draws(self, table: str, ids: Ints) -> Draws:
        """Random numbers of a table's rows."""
        return Draws(self.plan.seed, f"{table}/", ids)

    @cached_property
    def sent(self) -> Rows:
        """The calls as often as officers went to them: primary (``turn`` 0) and helpers of every call attended.

        ``officer`` and ``post`` are theirs, and ``key`` is the row's number.
        """
        calls = self.calls
        everyone = np.column_stack([calls.officer, calls.helpers])
        call, turn = np.nonzero((everyone >= 0) & calls.came[:, None])
        sent = calls[call]
        sent.turn, sent.officer, sent.key = turn, everyone[call, turn], sent.rid * 4 + turn
        sent.post = self.post(sent.officer, duty_day(sent.day, sent.hour))
        return sent

    def post(self, officer: Ints, day: Ints) -> Ints:
        """Post of an officer on a day of the roster; -1 before hiring and after leaving."""
        return self.roster.post[officer, day - self.roster.days[0]]

    def officer(self, codes: Ints) -> Labels:
        """Officer ids as a column."""
        return Labels(codes, self.people.names)

    def unit(self, post: Ints) -> Labels:
        """Units as a column."""
        return Labels(post, self.people.units)

    def car(self, officer: Ints, post: Ints) -> Labels:
        """Car designations: the unit's short name and the officer's position."""
        stems = [unit.replace(" ", "")[:5].upper() for unit in self.people.units]
        count = len(self.people.names)
        names = [f"{stem}-{number:03d}" for stem in stems for number in range(count)]
        return Labels(np.where(post >= 0, post * count + officer, -1), names)

    def place(self, at: Rows) -> Frame:
        """District, beat, address and point of what happened at calls."""
        return place(self.plan, self.draws("calls", at.rid), at.district)

    def subject(self, draws: Draws, races: Any = None) -> Frame:
        """Who was stopped, arrested or subject to force; ``races`` are weights row by row, or those of the city."""
        age = np.floor(16 + 45 * draws.uniform("age") ** 1.5)
        return {"subject_race": draws.label("race", races), "subject_sex": draws.label("sex"), "subject_age": age}

    def published(self, draws: Draws, at: Rows, happened: Floats, frame: Frame) -> Frame:
        """The rows that had reached the records by the end, with ``recorded_at``."""
        moment = recorded(self.plan, draws, happened)
        return vars(Rows(**frame, recorded_at=moment)[in_extract(self.plan, at, moment)])
