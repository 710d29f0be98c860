"""What a report on response times opens with: the finding that matters most, then the level of the first priority."""

from __future__ import annotations

from typing import Any

import pandas as pd

from perflib.result import Result
from perflib.words import response_changes as words


def opening(level: Result, steps: Result, change: Result) -> Result:
    """The report in two sentences, from the Results of ``by_priority``, ``steps`` and ``reports.compared``.

    A district that changed apart from the others leads, the largest first; else the clearest difference from the
    earlier period; else that nothing changed clearly.

    Returns
    -------
    Result ``opening``, without a table. Facts: ``finding`` (step, change, none or not_assessable), ``changed`` (the
    step or the difference) and ``level`` (the first group of ``by_priority``).
    """
    facts: dict[str, Any] = {"finding": "none", "changed": {}, "level": _first(level)}
    flagged = [steps.facts["steps"][name] for name in steps.facts.get("flagged", [])]
    clear = (
        []
        if change.reason
        else [
            {"group": group, "quantile": quantile, **row}
            for group, rows in change.facts.items()
            for quantile, row in rows.items()
            if row["clear"]
        ]
    )
    if flagged:
        facts |= {"finding": "step", "changed": max(flagged, key=lambda row: abs(row["ratio"] - 1))}
    elif clear:
        facts |= {"finding": "change", "changed": max(clear, key=lambda row: abs(row["difference"]) / row["before"])}
    elif steps.reason and change.reason:
        facts["finding"] = "not_assessable"
    return Result("opening", pd.DataFrame(), facts=facts, words=words.opening)


def _first(level: Result) -> dict[str, Any]:
    """The first group with a median, by its name."""
    known = ({"priority": name, **row} for name, row in level.facts.items() if isinstance(row, dict))
    return next((row for row in known if row.get("median_min") is not None), {})
