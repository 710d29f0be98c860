"""Who does better than peers: by the rule that flags officers for review, and in no order."""

from __future__ import annotations

from typing import Any

import pandas as pd

from perflib.metrics.review.areas import AREAS
from perflib.metrics.review.page import CAVEATS, LABELS, Areas, row_of
from perflib.result import Result

_SHOWN = ("area", "count", "expected", "ratio", "ratio_low", "ratio_high")


def standouts(found: Areas, *, most: int = 25) -> Result:
    """Who does better than peers by the rule that flags: one row per person and area that reads as a "strength".

    Praise is held to the standard of blame: the false-discovery rule, not a probability of its own.
    Result ``standouts``: ``who``, ``area``, ``count``, ``expected``, ``ratio`` with limits. Order
    within an area is by code. Facts: ``by_area`` counts, ``assessed`` by area, ``expected_false``. No row where nobody
    stands out; not assessable where no area can be assessed.
    """
    rows = [row for area, result in found.results.items() for row in _better(found, area, result)]
    assessed = {area: int(result.facts.get("assessed", 0)) for area, result in found.results.items()}
    method = found.method("listed where the false-discovery rule that flags officers for review finds them better")
    title = _better_title(found)
    if not any(assessed.values()):
        why = "; ".join(dict.fromkeys(each.reason for each in found.results.values() if each.reason))
        return Result.not_assessable("standouts", why or "nobody can be assessed", title=title, method=method)
    table = pd.DataFrame(rows, columns=["who", *_SHOWN])
    table = table.sort_values(["area", "who"], kind="stable").reset_index(drop=True)
    by_area = {str(area): int(n) for area, n in table["area"].value_counts(sort=False).items()}
    false = sum(float(result.facts.get("expected_false_flags", 0.0)) for result in found.results.values())
    reached = max(assessed.values())
    told = "; ".join(f"{area.lower()} {n}" for area, n in by_area.items())
    false_words = f"about {false:.0f} of them" if false >= 1 else "fewer than one of them"
    answer = (
        f"{len(table)} of {reached:,} {found.subject}s who can be assessed stand out for the better ({told}); "
        f"{false_words} by chance. They stand in the order of their codes: the figures support no other."
        if len(table)
        else f"No {found.subject} of {reached:,} who can be assessed stands out for the better."
    )
    listed_first = table.groupby("area", sort=False).head(most).reset_index(drop=True)
    return Result(
        "standouts",
        listed_first,
        title,
        answer,
        method,
        (CAVEATS[0], "An officer can be missing here because there was too little work to tell."),
        {"by_area": by_area, "assessed": assessed, "expected_false": false},
        None,
        {**LABELS, "who": found.subject.capitalize()},
    )


def _better(found: Areas, area: str, result: Result) -> list[dict[str, Any]]:
    flagged = result.table[result.table["verdict"].isin(["higher", "lower"])] if len(result.table) else result.table
    each = [(str(who), row_of(area, result, str(who), found.per[area])) for who in flagged.get("officer", ())]
    limits = {"ratio_low": "low", "ratio_high": "high"}
    return [
        {"who": who, **{key: row[limits.get(key, key)] for key in _SHOWN}}
        for who, row in each
        if row["reading"] == "strength"
    ]


def _better_title(found: Areas) -> str:
    if len(found.results) > 1:
        return f"Which {found.subject}s do better than their peers?"
    area = AREAS[next(iter(found.results))]
    return f"{area.better.capitalize()} {area.short} than peers"
