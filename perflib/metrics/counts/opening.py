"""What a report on counts opens with: the strongest change, then whether the whole number moves."""

from __future__ import annotations

import pandas as pd

from perflib.result import Result
from perflib.words import counts as words


def opening(meeting: Result, trend: Result) -> Result:
    """The report in two sentences, from the Results of ``compstat`` and ``trend``.

    Returns
    -------
    Result ``opening``, without a table. Facts: ``finding`` (change, none or not_assessable), ``changed`` (the clear
    change with the strongest evidence) and ``trend`` (``every``, ``unit``, ``signal_dates``; None if not assessable).
    """
    changed, chart = meeting.shared().facts.get("changed"), trend.shared().facts
    finding = "not_assessable" if meeting.reason or changed is None else "change" if changed else "none"
    shown = {name: chart.get(name) for name in ("every", "unit", "signal_dates")}
    facts = {
        "finding": finding,
        "changed": changed[0] if changed else {},
        "trend": None if shown["signal_dates"] is None else shown,
    }
    return Result("opening", pd.DataFrame(), facts=facts, words=words.opening)
