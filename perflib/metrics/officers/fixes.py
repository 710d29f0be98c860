"""What the name of a post says besides: a unit that always has one district and one shift holds both fixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perflib.agency import Department
from perflib.metrics.officers.cells import POSTS


@dataclass(frozen=True)
class Fixed:
    """Of ``posts`` posts, how many have ``one`` value of a column in every assignment, and how many record ``none``."""

    posts: int
    one: int
    none: int


def fixes(dept: Department, by: Sequence[str]) -> dict[str, Fixed]:
    """For each further column of the assignments: how far a post named by the columns ``by`` fixes it.

    Empty without assignments, or without ``by``. Assignments whose post is not recorded are left out.
    """
    if not by or not dept.has("assignments", *by):
        return {}
    others = [one for one in POSTS if one not in by and dept.has("assignments", one)]
    rows = dept.assignments.select(*by, *others).distinct().execute().dropna(subset=list(by))
    found = {}
    for one in others:
        each = rows.assign(there=rows[one].notna()).groupby(list(by))
        kinds, whole, some = each[one].nunique(), each["there"].all(), each["there"].any()
        found[one] = Fixed(len(kinds), int(((kinds == 1) & whole).sum()), int((~some).sum()))
    return found
