"""Units that changed their name and nothing else."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pandas as pd

#: a unit of fewer members cannot be told from people who moved.
_MEMBERS = 2


def merged(rows: pd.DataFrame, column: str, month: str) -> tuple[pd.DataFrame, list[str]]:
    """``rows`` with renamed values of ``column`` under their new name, and a sentence for each.

    A is read as renamed to B when B has no rows before A's last month, and all members of A in that month who are
    seen in the month after are then in B and no longer in A.
    """
    out, notes = rows, []
    for old, new, when in _found(rows, column, month):
        out = out.assign(**{column: out[column].where(out[column] != old, new)})
        notes.append(
            f"{column.capitalize()} {old} became {new} in {_said(when)} with all its members: both names are "
            "read as one, for the work is taken to be the same. Correct the assignments if it was not."
        )
    return out, notes


def _found(rows: pd.DataFrame, column: str, month: str) -> list[tuple[Any, Any, Any]]:
    months = sorted(rows[month].dropna().unique())
    follows = dict(pairwise(months))
    spans = rows.groupby(column)[month].agg(["min", "max"])
    found = []
    for old, (_, last) in spans.iterrows():
        after = follows.get(last)
        if after is None:
            continue
        new = spans.index[spans["min"].isin([last, after]) & (spans.index != old)]
        if new.empty:
            continue
        then = rows[rows[month] == after]
        here = set(rows.loc[(rows[month] == last) & (rows[column] == old), "officer"]) & set(then["officer"])
        found += [
            (old, one, spans.loc[one, "min"])
            for one in new
            if len(here) >= _MEMBERS and here <= set(then.loc[then[column] == one, "officer"])
        ]
    return found


def _said(when: Any) -> str:
    return f"{when:%Y-%m}" if hasattr(when, "strftime") else str(when)
