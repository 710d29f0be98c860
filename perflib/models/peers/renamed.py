"""Units that changed their name and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pandas as pd

#: a unit of fewer members cannot be told from people who moved.
_MEMBERS = 2


def merged(rows: pd.DataFrame, column: str, month: str) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """``rows`` with renamed values of ``column`` under their new name, and ``column, before, after, when`` of each.

    A is read as renamed to B when B has no rows before A's last month, and all members of A in that month who are
    seen in the month after are then in B and no longer in A.
    """
    out, names = rows, []
    for before, after, when in list(_renamed(rows, column, month)):
        out = out.assign(**{column: out[column].where(out[column] != before, after)})
        names.append({"column": column, "before": before, "after": after, "when": when})
    return out, names


def _renamed(rows: pd.DataFrame, column: str, month: str) -> Iterator[tuple[Any, Any, Any]]:
    follows = dict(pairwise(sorted(rows[month].dropna().unique())))
    spans = rows.groupby(column)[month].agg(["min", "max"])
    for old, (_, last) in spans.iterrows():
        after = follows.get(last)
        if after is None:
            continue
        new = spans.index[spans["min"].isin([last, after]) & (spans.index != old)]
        then = rows[rows[month] == after]
        here = set(rows.loc[(rows[month] == last) & (rows[column] == old), "officer"]) & set(then["officer"])
        for one in new if len(here) >= _MEMBERS else ():
            if here <= set(then.loc[then[column] == one, "officer"]):
                yield old, one, spans.loc[one, "min"]
