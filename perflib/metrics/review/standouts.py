"""Who does better than peers: by the rule that flags officers for review, and in no order."""

from __future__ import annotations

from functools import partial

import pandas as pd

from perflib.metrics.review.areas import AREAS
from perflib.metrics.review.card import Areas, row_of
from perflib.result import Result
from perflib.verdicts import FLAGS
from perflib.words import review as words

_COLUMNS = {"who": "who", "area": "area", "count": "count", "expected": "expected", "ratio": "ratio"}
_COLUMNS |= {"low": "ratio_low", "high": "ratio_high"}


def standouts(found: Areas, *, most: int = 25) -> Result:
    """Who does better than peers by the rule that flags: one row per person and area that reads as a "strength".

    Praise is held to the standard of blame: the false-discovery rule, not a probability of its own.
    Result ``standouts``: ``who``, ``area``, ``count``, ``expected``, ``ratio`` with limits. Order
    within an area is by code. Facts: ``by_area`` counts, ``assessed`` by area, ``expected_false``. No row where nobody
    stands out; not assessable where no area can be assessed.
    """
    only = next(iter(found.results)) if len(found.results) == 1 else ""
    area = f"{AREAS[only].better} {AREAS[only].short}" if only else ""
    assessed = {name: int(result.facts.get("assessed", 0)) for name, result in found.results.items()}
    if not any(assessed.values()):
        title = words.standouts_title(found.subject, area)
        return Result.not_assessable("standouts", found.reasons or "nobody can be assessed", title=title)
    rows = [
        {"who": str(who), **row_of(name, result, str(who), found.per[name])}
        for name, result in found.results.items()
        if len(result.table)
        for who in result.table.loc[result.table["verdict"].isin(FLAGS), "officer"]
    ]
    table = pd.DataFrame(rows, columns=["reading", *_COLUMNS]).rename(columns=_COLUMNS)
    table = table[table["reading"] == "strength"].drop(columns="reading")
    table = table.sort_values(["area", "who"], kind="stable").reset_index(drop=True)
    facts = {
        "by_area": {str(name): int(n) for name, n in table["area"].value_counts(sort=False).items()},
        "assessed": assessed,
        "expected_false": sum(float(each.facts.get("expected_false_flags", 0.0)) for each in found.results.values()),
    }
    say = partial(words.standouts, subject=found.subject, area=area, alike=found.alike, total=len(table))
    listed = table.groupby("area", sort=False).head(most).reset_index(drop=True)
    return Result("standouts", listed, facts=facts, words=say)
