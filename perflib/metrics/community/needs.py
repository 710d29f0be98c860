"""The answer in short: what residents ask for most, where that changed and which way, and what the survey says."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from perflib.figures import Chart
from perflib.metrics.community.mix import REST
from perflib.result import Result
from perflib.words import community as words

_ENDS = {"late_low": "share_after_low", "late_high": "share_after_high"}
_TOP = ["kind", "after", "share_after", "share_after_low", "share_after_high"]


def needs(moved: Result, changed: Result, opinion: Result, *, name: str = "community_needs") -> Result:
    """What residents ask for most, which way that changed and where, and the newest answer of the survey.

    Parameters
    ----------
    moved, changed, opinion : what ``drivers``, ``by_area`` and ``waves`` returned.

    Returns
    -------
    Result ``community_needs``: per kind of request ``kind, after`` (number), ``share_after`` with its ends,
    ``share_before`` and ``change`` (points, with ends), the commonest first. Facts ``most`` (kind, number and share
    with ends), ``changed`` (areas), ``survey`` (estimate and ends, as they may be shared), ``before``, ``after``. Not
    assessable where the mix is not.
    """
    if moved.reason:
        return Result.not_assessable(name, moved.reason, title=words.NEEDS_TITLE, method=words.NEEDS)
    rows = moved.table.rename(columns=_ENDS).assign(rest=moved.table["kind"] == REST)
    rows = rows.sort_values(["rest", "share_after"], ascending=[True, False], ignore_index=True)
    rows = rows[[*_TOP, "share_before", "change", "change_low", "change_high"]]
    answers = opinion.shared()
    facts = {
        "most": rows.iloc[0][_TOP].to_dict(),
        "changed": changed.facts.get("changed", []),
        "survey": _newest(answers),
        "before": moved.facts["before"],
        "after": moved.facts["after"],
    }
    chart = Chart("bars", "kind", "share_after", "share_after_low", "share_after_high", y_label="share of requests")
    say = partial(
        words.needs,
        cell=moved.facts["cell"],
        area="" if changed.reason else str(changed.table.columns[0]),
        moves=changed.facts.get("moves", {}),
        mix=moved.facts,
        answers=answers.facts,
    )
    return Result(name, rows, facts=facts, chart=chart, words=say)


def _newest(answers: Result) -> dict[str, Any]:
    """The newest wave as it may be shared."""
    if answers.reason:
        return {}
    last = answers.table.sort_values("date").iloc[-1]
    if pd.isna(last["estimate"]):
        return {}
    return {"question": answers.facts["question"], **{key: last[key] for key in ("wave", "estimate", "low", "high")}}
