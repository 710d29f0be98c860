"""Does a verdict depend on who the peers are? The same comparison under several choices, side by side."""

from __future__ import annotations

import pandas as pd

from perflib.agency import Department
from perflib.metrics.officers.cells import posts
from perflib.metrics.officers.compare import compare
from perflib.metrics.officers.measures import exposure, measure
from perflib.result import Result
from perflib.verdicts import FLAGS, Verdict
from perflib.words import review as words

#: ways of making peers, from narrow to wide.
WAYS: dict[str, tuple[str, ...]] = {
    "same unit": ("unit",),
    "same district and shift": ("district", "shift"),
    "same district": ("district",),
    "same shift": ("shift",),
    "whole agency": (),
}


def choices(
    dept: Department,
    measure_name: str,
    *,
    period: str = "month",
    first: str = "",
    last: str = "",
    comparison: Result | None = None,
) -> Result:
    """Who is flagged under which choice of peers.

    Result ``choices``: one row per officer flagged under any choice: ``officer``, a verdict per way, ``flagged_in``.
    ``comparison``: one already made with the same ``period``, ``first`` and ``last``.
    Facts: ``flags`` by way, ``in_all`` officers flagged under every way. Not assessable where one way alone is open.
    """
    measured = measure(measure_name)
    there = posts(dept, measured, exposure(dept, measured)[0])
    known = comparison.facts.get("assignment") if comparison is not None else None
    made = {}
    for way, by in WAYS.items():
        if not set(by) <= set(there):
            continue
        if comparison is not None and known == list(by):
            made[way] = comparison
        else:
            made[way] = compare(dept, measure_name, by, period=period, first=first, last=last, name="choice")
    tables = {
        way: result.table.assign(who=result.table["officer"].astype(str))
        for way, result in made.items()
        if not result.reason
    }
    if len(tables) < 2:
        reason = "these records allow one way of making peers at most"
        return Result.not_assessable("choices", reason, title=words.CHOICES)
    verdicts = pd.DataFrame({way: table.set_index("who")["verdict"] for way, table in tables.items()})
    verdicts = verdicts.fillna(Verdict.NOT_ASSESSABLE)
    flags = verdicts.isin(FLAGS)
    table = verdicts.assign(flagged_in=flags.sum(axis=1))[flags.any(axis=1)].rename_axis("officer").reset_index()
    facts = {"flags": flags.sum().to_dict(), "in_all": int((table["flagged_in"] == len(tables)).sum())}
    return Result("choices", table, facts=facts, words=words.choices)
