"""From a comparison of officers to a Result: the same figure and the same reasons for every one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from perflib.figures import Chart
from perflib.models.peers.table import Comparison
from perflib.result import Result, Words
from perflib.verdicts import FLAGS

Say = Callable[[Mapping[str, Any], pd.DataFrame], Words]
#: officers whom a figure can hold a line each, and flagged officers whose names it can hold.
_LINES, _NAMED = 40, 12
#: a ratio's axis reaches at least this far from the target: what is closer than that is no difference to look at.
_SPAN = 0.25


def estimates(table: pd.DataFrame, target: float, x_label: str, y_label: str, *, intervals: bool = False) -> Chart:
    """The figure of estimates with ``low`` and ``high``, from a table with ``flagged``.

    A line per officer while a page can hold them; more are points over their exposure, those flagged with interval.
    ``target`` is what peers have: 1 for ratios, 0 for differences. ``intervals``: faint ones for everybody else too.
    """
    if len(table) <= _LINES:
        marks: dict[str, Any] = {"target": target}
        return Chart("dots", "officer", "estimate", "low", "high", by="verdict", y_label=y_label, marks=marks)
    marks = {"centre": target, "highlight": "flagged", "name": names(table), "span": _SPAN * target}
    return Chart(
        "funnel",
        "exposure",
        "estimate",
        "low",
        "high",
        x_label=x_label,
        y_label=y_label,
        marks=marks | {"intervals": intervals},
    )


def names(table: pd.DataFrame) -> str | None:
    """The column that names flagged officers in a figure, where it can hold their names."""
    return "officer" if table["flagged"].sum() <= _NAMED else None


def result(
    name: str,
    found: Comparison,
    title: str,
    say: Say,
    draw: Callable[[pd.DataFrame], Chart],
    facts: Mapping[str, Any] | None = None,
) -> Result:
    """The Result of a comparison: with its figure and words, or with the reason why nobody could be compared."""
    if found.table.empty:
        return Result.not_assessable(name, found.reason, title=title)
    facts = found.facts | dict(facts or {})
    if found.reason:
        words = say(facts, found.table)
        return Result(
            name,
            found.table,
            words.title,
            f"Not assessable: {found.reason}.",
            words.method,
            words.caveats,
            facts,
            labels=words.labels,
            reason=found.reason,
        )
    table = found.table.assign(flagged=found.table["verdict"].isin(FLAGS))
    return Result(name, table, facts=facts, chart=draw(table), words=say)
