"""Units that changed their name and nothing else."""

from __future__ import annotations

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
    follows = dict(pairwise(sorted(rows[month].dropna().unique())))
    spans = rows.groupby(column)[month].agg(["min", "max"])
    for old, (_, last) in spans.iterrows():
        after = follows.get(last)
        if after is None:
            continue
        then = rows[rows[month] == after]
        here = set(rows.loc[(rows[month] == last) & (rows[column] == old), "officer"]) & set(then["officer"])
        for new in spans.index[spans["min"].isin([last, after]) & (spans.index != old)]:
            if len(here) >= _MEMBERS and here <= set(then.loc[then[column] == new, "officer"]):
                out = out.assign(**{column: out[column].where(out[column] != old, new)})
                names.append({"column": column, "before": old, "after": new, "when": spans.loc[new, "min"]})
    return out, names
