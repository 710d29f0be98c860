"""Officers, their posts over time, and the traits nobody in the records can see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from perflib.synthetic.columns import Floats, Ints, Rows, join, sizes
from perflib.synthetic.plan import SHIFTS, Plan, day, read
from perflib.synthetic.rng import SHARES, Draws

#: posts other than patrol: duty, shift, share of officers, and their number in the town
POSTS = pd.DataFrame.from_dict(read("choices")["posts"], orient="index")
FOREVER = 10**6


@dataclass(frozen=True, eq=False)
class People:
    """Officers by position, and the posts they can have: district x shift, then the others, the renamed unit last.

    ``spells`` are who (``officer``) held which ``post`` from ``start`` to ``end`` (days since 1970, the last one
    included; FOREVER while it lasts). ``force``, ``complaint`` and ``commend`` are multiples of the common rate per
    unit response, ``lean`` shifts force levels, and ``chosen`` has the officers of each planted truth.
    """

    names: list[str]
    units: list[str]
    duties: list[str]
    shifts: Ints
    patrol: int
    hired: Ints
    left: Ints
    spells: Rows
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


def make(plan: Plan) -> People:
    """The officers of a plan: the same ones whenever plan and seed are the same."""
    draws = Draws(plan.seed, "officers/", np.arange(plan.officers))
    patrol = 3 * len(plan.districts)
    post, (hired, left) = _first_posts(plan, draws, patrol), _careers(plan, draws)
    steady = np.flatnonzero((post < patrol) & (hired < plan.first_day) & (left == FOREVER))
    activity, lean = draws.gamma("activity", plan.activity_cv), 0.5 * draws.normal("lean")
    chosen = _choose(plan, steady, post, activity)
    lean[chosen["level"]] = plan.level_lean
    rates = {what: draws.gamma(f"rate/{what}", plan.cv) for what in ("force", "complaint", "commend")}
    for what, rate in rates.items():
        rate[chosen[what]] = plan.outlier_multiple
    return People(
        names=[f"P{number:04d}" for number in draws.ids + 1],
        units=[f"{district} {shift}" for district in plan.districts for shift in SHIFTS] + [*POSTS.index, plan.renamed],
        duties=["patrol"] * patrol + [*POSTS.duty, "tactical"],
        shifts=np.array([*np.arange(patrol) % 3, *POSTS["shift"], 1]),
        patrol=patrol,
        hired=hired,
        left=left,
        spells=_spells(plan, draws, post, hired, left, chosen["moved"], patrol),
        activity=activity,
        lean=lean,
        chosen=chosen,
        **rates,
    )


def race_shares(plan: Plan) -> Floats:
    """Residents by district (rows) and race (columns): the districts differ."""
    city = sizes(SHARES["officers/race"])
    area, race = np.ogrid[: len(plan.districts), : city.size]
    share = city * (1 + 0.5 * np.cos(area * 1.7 + race * 2.1))
    return share / share.sum(axis=1, keepdims=True)


def _first_posts(plan: Plan, draws: Draws, patrol: int) -> Ints:
    counts = POSTS.town if plan.agency == "town" else np.maximum(1, np.round(POSTS.share * plan.officers)).astype(int)
    others = np.repeat(patrol + np.arange(len(POSTS)), counts)
    seats = np.concatenate([others, np.arange(plan.officers - others.size) % patrol])
    post = np.zeros_like(seats)
    post[np.argsort(draws.uniform("post"), kind="stable")] = seats
    return post


def _careers(plan: Plan, draws: Draws) -> tuple[Ints, Ints]:
    years = plan.days / 365.25
    new = draws.below("new", 0.08 * years)
    before = plan.first_day - 200 - draws.whole("hired", 7000)
    during = plan.first_day + draws.whole("hired", plan.days * 0.9)
    goes = draws.below("goes", 0.08 * years) & ~new
    leaves = plan.first_day + (plan.days * (0.1 + 0.85 * draws.uniform("left"))).astype(np.int64)
    return np.where(new, during, before), np.where(goes, leaves, FOREVER)


def _choose(plan: Plan, steady: Ints, post: Ints, activity: Floats) -> dict[str, Ints]:
    # Disjoint groups, so that each planted truth can be recovered on its own; busy officers come first, since
    # three times the rate of somebody who hardly works cannot be seen by any method.
    busy = (activity > 0.9) & (activity < 1.6)
    queue = steady[np.lexsort((Draws(plan.seed, "officers/", steady).uniform("chosen"), ~busy[steady]))]
    moved = queue[post[queue] // 3 == 0][: plan.moved]
    counts = {**dict.fromkeys(("force", "complaint", "commend", "level"), plan.outliers), "fatigue": plan.fatigued}
    groups = np.split(queue[~np.isin(queue, moved)], np.cumsum(list(counts.values())))
    return {what: np.sort(group) for what, group in zip(("moved", *counts), (moved, *groups), strict=False)}


def _spells(plan: Plan, draws: Draws, post: Ints, hired: Ints, left: Ints, moved: Ints, patrol: int) -> Rows:
    # One change of post at most: the planted moves, the renamed unit, and one officer in ten a year on patrol.
    ids, start = draws.ids, np.maximum(hired, plan.first_day - 184)
    planted, tactical = np.isin(ids, moved), post == patrol + 1
    changes = (post < patrol) & ~(draws.uniform("change/if") > 0.1 * plan.days / 365.25)
    when = plan.first_day + 30 + draws.whole("change/when", plan.days - 60)
    at = np.select([planted, tactical, changes], [day(plan.moved_date), day(plan.rename_date), when], FOREVER + 1)
    other = (post + 1 + draws.whole("change/to", patrol - 1)) % patrol
    new = np.select([planted, tactical], [post + 3, patrol + len(POSTS)], other)
    split = (start < at) & (at <= left)
    first = Rows(officer=ids, post=post, start=start, end=np.where(split, at - 1, left))
    second = Rows(officer=ids, post=new, start=at, end=left)[split]
    both = join([first, second])
    return both[np.argsort(both.officer, kind="stable")]
