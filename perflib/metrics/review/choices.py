"""Does a verdict depend on who the peers are? The same comparison under several choices, side by side."""

from __future__ import annotations

import pandas as pd

from perflib.agency import Department
from perflib.metrics.officers.compare import compare
from perflib.metrics.officers.measures import EXPOSURES, exposure, measure
from perflib.result import Result
from perflib.verdicts import Verdict

#: ways of making peers, from narrow to wide.
WAYS: dict[str, tuple[str, ...]] = {
    "same unit": ("unit",),
    "same district and shift": ("district", "shift"),
    "same district": ("district",),
    "same shift": ("shift",),
    "whole agency": (),
}
TITLE = "Does it depend on who the peers are?"
METHOD = "The same comparison within different posts; verdicts side by side."


def choices(
    dept: Department,
    measure_name: str,
    *,
    period: str = "month",
    first: str = "",
    last: str = "",
    found: Result | None = None,
) -> Result:
    """Who is flagged under which choice of peers.

    Result ``choices``: one row per officer flagged under any choice: ``officer``, a verdict per way, ``flagged_in``.
    ``found``: a comparison already made with the same ``period``, ``first`` and ``last``.
    Facts: ``flags`` by way, ``in_all`` officers flagged under every way. Not assessable where one way alone is open.
    """
    asked = measure(measure_name)
    ways = [words for words, by in WAYS.items() if _open(dept, measure_name, by)]
    known = tuple(found.facts.get("assignment", ("",))) if found is not None else ("",)
    made = {
        words: found
        if found is not None and WAYS[words] == known
        else compare(dept, measure_name, WAYS[words], period=period, first=first, last=last, name="choice")
        for words in ways
    }
    made = {words: found for words, found in made.items() if not found.reason}
    if len(made) < 2:
        return Result.not_assessable(
            "choices", "these records allow one way of making peers at most", title=TITLE, method=METHOD
        )
    verdicts = pd.DataFrame(
        {words: found.table.set_index(found.table["officer"].astype(str))["verdict"] for words, found in made.items()}
    ).fillna(Verdict.NOT_ASSESSABLE)
    flagged = verdicts.isin(["higher", "lower"])
    every_one = verdicts.assign(flagged_in=flagged.sum(axis=1))
    table = every_one[flagged.any(axis=1)].rename_axis("officer").reset_index()
    every = int((table["flagged_in"] == len(made)).sum())
    each = "; ".join(f"{words} {int(flagged[words].sum())}" for words in made)
    answer = (
        f"Flags by who the peers are: {each}. {_all(every, len(table))}"
        if len(table)
        else (f"Nobody is flagged under any of {len(made)} choices of peers.")
    )
    return Result(
        "choices",
        table,
        TITLE,
        answer,
        METHOD,
        [
            "A verdict that comes and goes with the peers is weak. Wider peers see more officers and compare "
            "less like work; narrow ones can leave too few peers to tell.",
            f"Choices are not independent tests: looking at several and keeping the one with most {asked.words} "
            "flagged would mislead.",
        ],
        {"flags": {words: int(flagged[words].sum()) for words in made}, "in_all": every},
        None,
        {"officer": "Officer", "flagged_in": "Flagged in"},
    )


def _all(every: int, some: int) -> str:
    if some == 1:
        return f"The one officer flagged under any choice is {'' if every else 'not '}flagged under all."
    return f"{every} of the {some} officers flagged under any choice {'is' if every == 1 else 'are'} flagged under all."


def _open(dept: Department, measure_name: str, by: tuple[str, ...]) -> bool:
    """Whether the records allow peers of this kind."""
    asked = measure(measure_name)
    if not by or dept.has("assignments"):
        return all(dept.has("assignments", column) for column in by)
    per = exposure(dept, asked, "")
    same = bool(per) and EXPOSURES[per].table == asked.table
    return same and all(dept.has(asked.table, column) for column in by)
