"""Officers, their posts over time, and the traits nobody in the records can see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from perflib.synthetic.clock import SHIFT_NAMES
from perflib.synthetic.columns import Column, Labels
from perflib.synthetic.places import beat_names
from perflib.synthetic.plan import Plan, day
from perflib.synthetic.rng import Floats, Ints, choose, gamma, normal, uniform

#: posts beside patrol: unit, duty, shift, share of officers
OTHER_POSTS = (
    ("Traffic", "traffic", 0, 0.05),
    ("Tactical", "tactical", 1, 0.05),
    ("Detectives", "investigation", 0, 0.10),
    ("Community", "community", 0, 0.03),
    ("Administration", "administration", 0, 0.03),
    ("Academy", "training", 0, 0.02),
)
RENAMED = "Street Crimes"
RACES, RACE_SHARE = ("White", "Black", "Hispanic", "Asian"), (0.58, 0.22, 0.14, 0.06)
FOREVER = 10**6


@dataclass(frozen=True, eq=False)
class Spells:
    """Who held which post from when to when (days since 1970, last day included; FOREVER while it lasts)."""

    officer: Ints
    post: Ints
    start: Ints
    end: Ints


@dataclass(frozen=True, eq=False)
class People:
    """Officers by position. Rates are multiples of the common rate per unit response; ``lean`` shifts force levels."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    hired: Ints
    left: Ints
    spells: Spells
    activity: Floats
    force: Floats
    complaint: Floats
    commend: Floats
    lean: Floats
    chosen: dict[str, Ints]

    @property
    def post(self) -> Ints:
        """Last post of each officer."""
        last = np.zeros(len(self.names), dtype=np.int64)
        last[self.spells.officer] = self.spells.post
        return last


def units(plan: Plan) -> tuple[str, ...]:
    """Unit names by post: district x shift first, then the others, then the renamed unit."""
    patrol = tuple(f"{district} {shift}" for district in plan.districts for shift in SHIFT_NAMES)
    return (*patrol, *(post[0] for post in OTHER_POSTS), RENAMED)


def make(plan: Plan) -> People:
    """The officers of a plan: the same ones whenever plan and seed are the same."""
    ids = np.arange(plan.officers)
    patrol = 3 * len(plan.districts)
    post = _first_posts(plan, ids, patrol)
    hired, left = _careers(plan, ids)
    steady = np.flatnonzero((post < patrol) & (hired < plan.first_day) & (left == FOREVER))
    activity = gamma(plan.seed, "officers/activity", ids, plan.activity_cv)
    chosen = _choose(plan, steady, post, activity)
    spells = _spells(plan, post, hired, left, chosen["moved"])
    rates = {what: _rates(plan, what, ids, chosen[what]) for what in ("force", "complaint", "commend")}
    lean = 0.5 * normal(plan.seed, "officers/lean", ids)
    lean[chosen["level"]] = 2.0
    names = tuple(f"P{number:04d}" for number in ids + 1)
    return People(names, units(plan), hired, left, spells, activity, **rates, lean=lean, chosen=chosen)


def officers(plan: Plan, people: People) -> dict[str, Column]:
    """The table of officers; demographics are drawn independently of every trait."""
    ids = np.arange(plan.officers)
    age = 24 + 30 * uniform(plan.seed, "officers/age", ids)
    supervisors = np.unique(supervisor(plan, people))
    rank = np.where(np.isin(ids, supervisors), 1, np.where(people.post == 3 * len(plan.districts) + 4, 2, 0))
    return {
        "officer_id": Labels(ids, people.names),
        "hired_on": people.hired.astype(float),
        "left_on": np.where(people.left == FOREVER, np.nan, people.left),
        "rank": Labels(rank, ("Officer", "Sergeant", "Lieutenant")),
        "unit": Labels(people.post, people.units),
        "sworn": np.ones(plan.officers),
        "race": Labels(choose(plan.seed, "officers/race", ids, RACE_SHARE), RACES),
        "sex": Labels(choose(plan.seed, "officers/sex", ids, (0.82, 0.18)), ("male", "female")),
        "birth_year": np.floor(plan.last.year - age),
        "recorded_at": people.hired * 86400.0 + 36000,
    }


def assignments(plan: Plan, people: People) -> dict[str, Column]:
    """The table of spells; a renamed unit closes one spell and opens another."""
    spells, patrol = people.spells, 3 * len(plan.districts)
    walks = spells.post < patrol
    district = np.where(walks, spells.post // 3, -1)
    home = (uniform(plan.seed, "assignments/home", spells.officer * 64 + spells.post) * plan.beats).astype(np.int64)
    duties = ("patrol", *(post[1] for post in OTHER_POSTS), "tactical")
    return {
        "officer_id": Labels(spells.officer, people.names),
        "unit": Labels(spells.post, people.units),
        "district": Labels(district, plan.districts),
        "beat": Labels(np.where(walks, district * plan.beats + home, -1), beat_names(plan)),
        "shift": Labels(shift_of_post(plan)[spells.post], SHIFT_NAMES),
        "duty": Labels(np.maximum(spells.post - patrol + 1, 0), duties),
        "supervisor_id": Labels(supervisor(plan, people)[spells.post], people.names),
        "start_on": spells.start.astype(float),
        "end_on": np.where(spells.end == FOREVER, np.nan, spells.end),
        "recorded_at": spells.start * 86400.0 + 36000,
    }


def shift_of_post(plan: Plan) -> Ints:
    """Shift (0 Day, 1 Evening, 2 Night) of every post."""
    others = [post[2] for post in OTHER_POSTS]
    return np.array([*(list(range(3)) * len(plan.districts)), *others, 1])


def supervisor(plan: Plan, people: People) -> Ints:
    """The officer who leads each post: the longest serving of those who held it first; -1 for an empty post."""
    leads = np.full(len(people.units), -1)
    for post in range(len(people.units)):
        members = people.spells.officer[people.spells.post == post]
        if members.size:
            leads[post] = members[np.argmin(people.hired[members])]
    return leads


def _first_posts(plan: Plan, ids: Ints, patrol: int) -> Ints:
    counts = [max(1, round(post[3] * plan.officers)) for post in OTHER_POSTS]
    if plan.agency == "town":
        counts = [0, 0, 1, 0, 1, 0]
    others = [patrol + index for index, count in enumerate(counts) for _ in range(count)]
    seats = np.array(others + [index % patrol for index in range(plan.officers - len(others))])
    post = np.zeros_like(seats)
    post[np.argsort(uniform(plan.seed, "officers/post", ids), kind="stable")] = seats
    return post


def _careers(plan: Plan, ids: Ints) -> tuple[Ints, Ints]:
    years = plan.days / 365.25
    new = uniform(plan.seed, "officers/new", ids) < 0.08 * years
    before = plan.first_day - 200 - (uniform(plan.seed, "officers/hired", ids) * 7000).astype(np.int64)
    during = plan.first_day + (uniform(plan.seed, "officers/hired", ids) * plan.days * 0.9).astype(np.int64)
    hired = np.where(new, during, before)
    goes = (uniform(plan.seed, "officers/goes", ids) < 0.08 * years) & ~new
    leaves = plan.first_day + (plan.days * (0.1 + 0.85 * uniform(plan.seed, "officers/left", ids))).astype(np.int64)
    return hired, np.where(goes, leaves, FOREVER)


def _choose(plan: Plan, steady: Ints, post: Ints, activity: Floats) -> dict[str, Ints]:
    # Disjoint groups, so that each planted truth can be recovered on its own; busy officers come first, since
    # three times the rate of somebody who hardly works cannot be seen by any method.
    busy = (activity > 0.9) & (activity < 1.6)
    queue = steady[np.lexsort((uniform(plan.seed, "officers/chosen", steady), ~busy[steady]))]
    moved = queue[post[queue] // 3 == 0][: plan.moved]
    queue = queue[~np.isin(queue, moved)]
    sizes = {
        "force": plan.outliers,
        "complaint": plan.outliers,
        "commend": plan.outliers,
        "level": plan.outliers,
        "fatigue": plan.fatigued,
    }
    chosen, at = {"moved": np.sort(moved)}, 0
    for what, size in sizes.items():
        chosen[what] = np.sort(queue[at : at + size])
        at += size
    return chosen


def _rates(plan: Plan, what: str, ids: Ints, outliers: Ints) -> Floats:
    rates = gamma(plan.seed, f"officers/rate/{what}", ids, plan.cv)
    rates[outliers] = plan.outlier_multiple
    return rates


def _spells(plan: Plan, post: Ints, hired: Ints, left: Ints, moved: Ints) -> Spells:
    rows = [
        row
        for officer in range(plan.officers)
        for row in _career(plan, officer, int(post[officer]), int(hired[officer]), int(left[officer]), moved)
    ]
    columns = np.array(rows, dtype=np.int64).T
    return Spells(*columns)


def _career(plan: Plan, officer: int, post: int, hired: int, left: int, moved: Ints) -> Iterator[tuple[int, ...]]:
    start = max(hired, plan.first_day - 184)
    at, new = _change(plan, officer, post, moved)
    if start < at <= left:
        yield officer, post, start, at - 1
        start, post = at, new
    yield officer, post, start, left


def _change(plan: Plan, officer: int, post: int, moved: Ints) -> tuple[int, int]:
    patrol = 3 * len(plan.districts)
    if officer in moved:
        return day(plan.moved_date), post + 3
    if post == patrol + 1:
        return day(plan.rename_date), patrol + len(OTHER_POSTS)
    key = np.array([officer])
    chance, when, where = (
        float(uniform(plan.seed, f"officers/change/{what}", key)[0]) for what in ("if", "when", "to")
    )
    if post >= patrol or chance > 0.1 * plan.days / 365.25:
        return FOREVER + 1, post
    return plan.first_day + 30 + int(when * (plan.days - 60)), (post + 1 + int(where * (patrol - 1))) % patrol
