"""What all tables are made from: the plan, the officers, the roster, and the calls already made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from perflib.synthetic.calls import Calls, recorded, seen
from perflib.synthetic.clock import duty_day
from perflib.synthetic.columns import Labels, take
from perflib.synthetic.people import People
from perflib.synthetic.plan import Plan
from perflib.synthetic.rng import Floats, Ints
from perflib.synthetic.roster import Duty, Roster


@dataclass(frozen=True, eq=False)
class Responses:
    """One row per officer who went to an attended call: row of the call, officer, order of arrival, post held."""

    call: Ints
    officer: Ints
    turn: Ints
    post: Ints


@dataclass(frozen=True, eq=False)
class World:
    """A department before its tables are written; ``numbers`` are incident numbers, ``trained`` days of completion."""

    plan: Plan
    people: People
    roster: Roster
    duty: Duty
    trained: dict[str, Ints]
    calls: Calls | None = None
    numbers: Ints | None = None
    sent: Responses | None = None

    def known(self) -> tuple[Calls, Ints, Responses]:
        """The calls, their numbers and who went to them."""
        if self.calls is None or self.numbers is None or self.sent is None:
            raise RuntimeError("this scale keeps no calls in memory")
        return self.calls, self.numbers, self.sent

    def post(self, officer: Ints, day: Ints) -> Ints:
        """Post held on a duty day; -1 before hiring and after leaving."""
        at = np.clip(day - self.roster.first, 0, self.roster.post.shape[1] - 1)
        return self.roster.post[officer, at].astype(np.int64)

    def officer(self, codes: Ints) -> Labels:
        """Officer ids as a column."""
        return Labels(codes, self.people.names)

    def district(self, codes: Ints) -> Labels:
        """Districts as a column."""
        return Labels(codes, self.plan.districts)

    def unit(self, post: Ints) -> Labels:
        """Units as a column."""
        return Labels(post, self.people.units)

    def car(self, officer: Ints, post: Ints) -> Labels:
        """Car designations: the unit's short name and the officer's position."""
        stems = [unit.replace(" ", "")[:5].upper() for unit in self.people.units]
        count = len(self.people.names)
        names = [f"{stem}-{number:03d}" for stem in stems for number in range(count)]
        return Labels(np.where(post >= 0, post * count + officer, -1), names)


def responses(plan: Plan, calls: Calls, roster: Roster) -> Responses:
    """Who went: the primary officer and the helpers of every call that was attended."""
    everyone = np.column_stack([calls.officer, calls.helpers])
    call, turn = np.nonzero((everyone >= 0) & calls.came[:, None])
    officer = everyone[call, turn]
    when = duty_day(calls.at.day, calls.at.hour)[call] - roster.first
    return Responses(call, officer, turn, roster.post[officer, when].astype(np.int64))


def published(
    world: World, table: str, ids: Ints, district: Ints, day: Ints, known: Floats, frame: dict[str, Any]
) -> dict[str, Any]:
    """The rows that had reached the records by the end, with ``recorded_at``."""
    moment = recorded(world.plan, table, ids, known)
    keep: npt.NDArray[np.bool_] = seen(world.plan, district, day, moment)
    return take({**frame, "recorded_at": moment}, keep)
