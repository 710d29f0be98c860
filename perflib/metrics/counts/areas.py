"""Areas are joined by key: what does not match is named, and a join by position is caught."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.models.totals import Residents, counted_once
from perflib.privacy.quoting import quoted

_SHOWN = 8


def residents(dept: Department) -> Residents:
    """The residents of each area and year, totals beside their parts counted once; none without a population."""
    return counted_once(dept.population.execute() if dept.has("population") else pd.DataFrame())


def check_areas(counts: Iterable[Any], others: Iterable[Any], *, by: str = "key", name: str = "boundaries") -> None:
    """Refuse to join counts with boundaries or population unless every area finds its own.

    Parameters
    ----------
    counts, others : the area keys of the two tables, in the order of their rows.
    by : "key" (the join looks keys up: order is irrelevant) or "position" (row i goes with row i: then every row must
        carry the same key).
    name : what the other table holds, for the message.

    Raises
    ------
    InputError : keys missing on either side (all listed; keys that differ only in case, spaces or punctuation are
        named as such), a key twice among ``others``, rows whose keys differ in a join by position.
    """
    if by not in ("key", "position"):
        raise InputError(f"no join by {by!r}", where="by", choices=("key", "position"), found=by)
    left, right = ([str(key) for key in keys if not pd.isna(key)] for keys in (counts, others))
    if by == "position":
        _same_rows(left, right, name)
        return
    twice = sorted({key for key in right if right.count(key) > 1})
    if twice:
        raise InputError(f"areas twice: {_some([*map(quoted, twice)])}", where=name, do="keep one row per area")
    _same_keys(set(left), set(right), name)


def _same_rows(left: list[str], right: list[str], name: str) -> None:
    if len(left) != len(right):
        raise InputError(f"{len(left)} rows of counts, {len(right)} of {name}", where=name, do="join by key")
    wrong = [
        f"{quoted(one, own=right)!r} with {quoted(other, own=left)!r}"
        for one, other in zip(left, right, strict=True)
        if one != other
    ]
    if wrong:
        raise InputError(
            f"joined by position, {len(wrong)} of {len(left)} rows hold different areas: {_some(wrong)}",
            where=name,
            do="join by key",
        )


def _same_keys(left: set[str], right: set[str], name: str) -> None:
    only_left, only_right = sorted(left - right), sorted(right - left)
    if not only_left and not only_right:
        return
    shown_left, shown_right = (
        [quoted(key, own=other) for key in keys[:_SHOWN]] + keys[_SHOWN:]
        for keys, other in ((only_left, only_right), (only_right, only_left))
    )
    written = {_plain(key): key for key in only_right}
    alike = [f"{key!r} is {written[_plain(key)]!r}" for key in only_left if _plain(key) in written]
    parts = [f"{len(only_left)} areas of the counts are not in {name}: {_some(shown_left)}"] if only_left else []
    parts += [f"{len(only_right)} areas of {name} are not in the counts: {_some(shown_right)}"] if only_right else []
    parts += [f"written differently: {_some(alike)}"] if alike else []
    raise InputError("; ".join(parts), where=name, do="write the keys alike, or leave areas out with a reason")


def _plain(key: str) -> str:
    return re.sub(r"[\W_]+", "", key).casefold()


def _some(items: list[str]) -> str:
    return ", ".join(items[:_SHOWN]) + (f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else "")
