"""The answer in short: what residents ask for most, where that changed and which way, and what the survey says."""

from __future__ import annotations

from typing import Any

import pandas as pd

from perflib.figures import Chart
from perflib.metrics.community.mix import REST
from perflib.models.composition import moved_words
from perflib.result import Result

METHOD = "Put together from the tests of the mix and the survey below; see there for how each figure is made."
LABELS = {
    "kind": "Kind",
    "share_before": "Share before",
    "share_after": "Share after",
    "change": "Change (points)",
    "change_low": "Low end (95 %)",
    "change_high": "High end (95 %)",
    "after": "Requests after",
    "share_after_low": "Low end (95 %)",
    "share_after_high": "High end (95 %)",
}


def needs(moved: Result, changed: Result, opinion: Result, *, name: str = "community_needs") -> Result:
    """What residents ask for most, which way that changed and where, and the newest answer of the survey.

    Parameters
    ----------
    moved, changed, opinion : what ``drivers``, ``by_area`` and ``waves`` returned.

    Returns
    -------
    Result ``community_needs``: per kind of request ``kind, after`` (number), ``share_after`` with its ends,
    ``share_before`` and ``change`` (points, with ends), the commonest first. Facts ``most`` (kind, number and share
    with ends), ``changed`` (areas), ``survey`` (estimate and ends, as they may be shared), ``before``, ``after``. What
    is not assessable says so in its place; the whole is not assessable where the mix is not.
    """
    title = "What do residents ask for, and has it changed?"
    if moved.reason:
        return Result.not_assessable(name, moved.reason, title=title, method=METHOD)
    ends = {"late_low": "share_after_low", "late_high": "share_after_high"}
    rows = moved.table.rename(columns=ends).assign(rest=moved.table["kind"] == REST)
    rows = rows.sort_values(["rest", "share_after"], ascending=[True, False], ignore_index=True)
    rows = rows[
        [
            "kind",
            "after",
            "share_after",
            "share_after_low",
            "share_after_high",
            "share_before",
            "change",
            "change_low",
            "change_high",
        ]
    ]
    survey, said = _said(opinion)
    facts = {
        "most": rows.iloc[0][["kind", "after", "share_after", "share_after_low", "share_after_high"]].to_dict(),
        "changed": changed.facts.get("changed", []),
        "survey": survey,
        "before": moved.facts["before"],
        "after": moved.facts["after"],
    }
    answer = f"{_most(rows, facts['after'], moved.facts['cell'])} {_where(changed, moved)} {said}".strip()
    chart = Chart(
        "bars", "kind", "share_after", "share_after_low", "share_after_high", y_label="share of requests", alt=answer
    )
    caveats = list(dict.fromkeys([*moved.caveats, *changed.caveats]))
    return Result(name, rows, title, answer, METHOD, caveats, facts, chart, LABELS)


def _most(rows: pd.DataFrame, span: str, cell: dict[str, str]) -> str:
    top, total = rows.iloc[0], rows["after"].sum()
    return (
        f"Residents{_place(cell)} asked most for help with {top['kind']}: {top['share_after']:.1%} "
        f"({top['share_after_low']:.1%} to {top['share_after_high']:.1%}) of {total:,.0f} requests from {span}."
    )


def _place(cell: dict[str, str]) -> str:
    return f" of {', '.join(f'{column} {value}' for column, value in cell.items())}" if cell else ""


def _where(changed: Result, moved: Result) -> str:
    """Where the mix changed, which way and by how much, the plainest first; or that it did not."""
    against = f"Against {moved.facts['before']}"
    if changed.reason:
        return f"Where that changed cannot be said: {changed.reason}."
    facts, area = changed.facts, str(changed.table.columns[0])
    if not facts["changed"]:
        return f"{against} the mix changed in none of {facts['assessable']} {area}s by more than chance."
    beyond = changed.table.set_index(area)["beyond"]
    told = "; ".join(
        f"{name}: {moved_words(row)}, {beyond[name]:.1f} times what chance seldom passes"
        for name, row in facts["moves"].items()
    )
    return f"{against} the mix changed in {len(facts['changed'])} of {facts['assessable']} {area}s: {told}."


def _said(opinion: Result) -> tuple[dict[str, Any], str]:
    """The newest wave as it may be shared, and its sentence."""
    told = opinion.shared()
    if told.reason:
        return {}, f"The survey says nothing here: {told.reason}."
    last = told.table.sort_values("date").iloc[-1]
    if pd.isna(last["estimate"]):
        return {}, ""
    survey = {"question": told.facts["question"], **{name: last[name] for name in ("wave", "estimate", "low", "high")}}
    low, high = told.facts["scale"]
    place = _place(told.facts["cell"]) or " of all areas"
    words = (
        f"In the survey{place}, {survey['question']} is {last['estimate']:.2f} ({last['low']:.2f} to "
        f"{last['high']:.2f}) in wave {last['wave']}, where answers run from {low:g} to {high:g}"
    )
    if not told.facts.get("comparable"):
        return survey, f"{words}; no earlier wave can be compared with it."
    if "change" not in told.facts:
        return survey, f"{words}."
    gap = f"{told.facts['change']:+.2f}, {told.facts['change_low']:+.2f} to {told.facts['change_high']:+.2f}"
    more = "more" if told.facts["p"] < 0.05 else "no more"
    return survey, f"{words}; that is {more} than chance away from the wave before ({gap})."
