"""What do messages speak of? Topics from seed words, by quarter, with how well they agree with those coded by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import pandas as pd

from perflib import schema
from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.counts.availability import lacking
from perflib.models.topics import RELIED, kappa, topics
from perflib.rates import wilson
from perflib.result import Result
from perflib.words import community as words

#: topic -> words that begin like these; a department's own list goes in as ``seeds``.
SEEDS: Mapping[str, Sequence[str]] = {
    "response": ("minutes", "waited", "nobody came", "came quickly", "response", "slow", "arrived"),
    "conduct": ("rude", "respect", "polite", "officer was", "stopped", "told me", "treated"),
    "traffic": ("speeding", "cars", "stop sign", "parking", "traffic", "race down"),
    "noise": ("loud", "noise", "music", "fireworks", "parties", "party"),
    "safety": ("safe", "shots", "patrol", "lights", "afraid", "gun"),
}
FEWEST = 30
#: agreement (kappa) from which the codes are not taken for those of people who read.
PERFECT = 0.98


def feedback(
    dept: Department, seeds: Mapping[str, Sequence[str]] | None = None, *, name: str = "feedback_topics", **cell: Any
) -> Result:
    """Share of messages by topic and quarter.

    Parameters
    ----------
    seeds : topic -> words; None for ``SEEDS``. cell : column = value, such as ``district="0412"``.

    Returns
    -------
    Result ``feedback_topics``: ``quarter, topic, count, share, share_low, share_high`` (Wilson, 95 %); quarters of
    fewer than ``FEWEST`` messages are left out. Facts ``kappa`` (with ends and n; absent without coded messages),
    ``shares`` (all quarters), ``commonest`` with ``share_low`` and ``share_high``, ``messages``, ``other``. Not
    assessable without the texts (they are personal: open the department with ``personal=["text"]``), or where kappa
    says that the topics cannot be relied on.
    """
    asked = schema.asked(cell)
    unable = partial(Result.not_assessable, name, title=words.MESSAGES, method=words.TOPICS)
    if reason := lacking(dept, "feedback", ["text", *asked]):
        hint = "" if dept.has("feedback", "text") else ' (texts are personal: open with personal=["text"])'
        return unable(reason + hint * dept.has("feedback"))
    rows = dept.feedback
    for column, value in asked.items():
        rows = rows.filter(rows[column].cast("string") == value)
    messages = rows.mutate(local=dept.local(rows.received_at)).execute()
    if len(messages) < FEWEST:
        return unable(f"fewer than {FEWEST} messages")
    messages["read"] = topics(messages["text"], seeds or SEEDS)["topic"].to_numpy()
    coded = messages.dropna(subset=["topic"]) if "topic" in messages else messages[:0]
    agreed = kappa(coded["topic"].tolist(), coded["read"].tolist()) if len(coded) >= FEWEST else None
    if agreed and agreed.kappa < RELIED:
        return unable(
            f"the topics agree too little with the messages coded by hand (kappa {agreed.kappa:.2f} of {agreed.n}; "
            f"{RELIED:.2f} is needed): choose other seed words"
        )
    table, counts = _table(messages), messages["read"].value_counts()
    shares = counts / len(messages)
    low, high = (float(end) for end in wilson(counts.iloc[0], len(messages)))
    facts = {
        "messages": len(messages),
        "shares": shares.to_dict(),
        "commonest": str(counts.index[0]),
        "share_low": low,
        "share_high": high,
        "other": float(shares.get("other", 0.0)),
        **({"kappa": asdict(agreed)} if agreed else {}),
    }
    chart = Chart(
        "line",
        "quarter",
        "share",
        "share_low",
        "share_high",
        by="topic",
        y_label="share of messages",
        panels=True,
        marks={"zero": True},
    )
    say = partial(words.feedback, perfect=PERFECT)
    return Result(name, table, facts=facts, chart=chart if len(table) else None, words=say)


def _table(messages: pd.DataFrame) -> pd.DataFrame:
    quarter = messages["local"].dt.to_period("Q").dt.start_time.rename("quarter")
    counts = messages.groupby([quarter, messages["read"].rename("topic")]).size().unstack(fill_value=0)
    counts = counts[counts.sum(axis=1) >= FEWEST]
    long = counts.reset_index().melt("quarter", var_name="topic", value_name="count")
    n = long["quarter"].map(counts.sum(axis=1)).to_numpy(dtype=float)
    share = long["count"].to_numpy() / n
    low, high = wilson(long["count"], n)
    return long.assign(share=share, share_low=low, share_high=high)
