"""What do messages speak of? Topics from seed words, by quarter, with how well they agree with those coded by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from perflib import schema
from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.counts.lacking import lacking
from perflib.models.topics import RELIED, kappa, topics
from perflib.rates import wilson
from perflib.result import Result

#: topic -> words that begin like these; a department's own list goes in as ``seeds``.
SEEDS: Mapping[str, Sequence[str]] = {
    "response": ("minutes", "waited", "nobody came", "came quickly", "response", "slow", "arrived"),
    "conduct": ("rude", "respect", "polite", "officer was", "stopped", "told me", "treated"),
    "traffic": ("speeding", "cars", "stop sign", "parking", "traffic", "race down"),
    "noise": ("loud", "noise", "music", "fireworks", "parties", "party"),
    "safety": ("safe", "shots", "patrol", "lights", "afraid", "gun"),
}
METHOD = (
    "Messages with seed words of one topic teach a multinomial regression on words, which reads them all; agreement "
    "with hand-coded messages, which it never saw, as Cohen's kappa (1960). No sentiment is scored."
)
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
    title = "What do messages speak of?"
    asked = schema.asked(cell)
    if reason := lacking(dept, "feedback", ["text", *asked]):
        hint = ' (texts are personal: open the department with personal=["text"])' if "text" in reason else ""
        return Result.not_assessable(name, reason + hint, title=title, method=METHOD)
    rows = dept.feedback
    for column, value in asked.items():
        rows = rows.filter(rows[column].cast("string") == value)
    held = rows.mutate(local=dept.local(rows.received_at)).execute()
    if len(held) < FEWEST:
        return Result.not_assessable(name, f"fewer than {FEWEST} messages", title=title, method=METHOD)
    held = held.assign(found=topics(held["text"], seeds or SEEDS)["topic"].to_numpy())
    agreed, said, bad = _agreement(held)
    if bad:
        return Result.not_assessable(name, bad, title=title, method=METHOD)
    table = _table(held)
    counts = held["found"].value_counts()
    shares, top = counts / len(held), str(counts.index[0])
    low, high = (float(end) for end in wilson(counts.iloc[0], len(held)))
    answer = (
        f"The commonest topic is {top}: {shares.iloc[0]:.1%} ({low:.1%} to {high:.1%}) of {len(held):,} "
        f"messages. {said}"
    )
    facts = {
        "messages": len(held),
        "shares": shares.to_dict(),
        "commonest": top,
        "share_low": low,
        "share_high": high,
        "other": float(shares.get("other", 0.0)),
        **agreed,
    }
    chart = (
        Chart(
            "line",
            "quarter",
            "share",
            "share_low",
            "share_high",
            by="topic",
            y_label="share of messages",
            panels=True,
            marks={"zero": True},
            alt=answer,
        )
        if len(table)
        else None
    )
    caveats = [
        *_suspect(agreed),
        "Who writes is no sample of residents: shares tell what messages speak of, not what the city thinks.",
        "What a message praises or blames is not scored, and no officer is judged by it.",
    ]
    labels = {"quarter": "Quarter", "topic": "Topic", "count": "Messages", "share": "Share"}
    return Result(name, table, title, answer, METHOD, caveats, facts, chart, labels)


def _agreement(held: pd.DataFrame) -> tuple[dict[str, Any], str, str]:
    """Facts, the sentence on agreement, and why the topics cannot be used (empty if they can)."""
    coded = held[held["topic"].notna()] if "topic" in held.columns else held.iloc[:0]
    if len(coded) < FEWEST:
        return {}, "No sample was coded by hand, so how far the topics can be relied on is not known.", ""
    found = kappa(coded["topic"].tolist(), coded["found"].tolist())
    facts = {"kappa": asdict(found)}
    words = (
        f"On {found.n:,} messages coded by hand the topics agree with kappa {found.kappa:.2f} "
        f"({found.low:.2f} to {found.high:.2f})."
    )
    bad = (
        ""
        if found.kappa >= RELIED
        else (
            f"the topics agree too little with the messages coded by hand (kappa {found.kappa:.2f} of {found.n}; "
            f"{RELIED:.2f} is asked): choose other seed words"
        )
    )
    return facts, words, bad


def _suspect(agreed: dict[str, Any]) -> list[str]:
    """Coders of real messages never agree fully: where the model does, the messages or the codes are made."""
    if not agreed or agreed["kappa"]["kappa"] < PERFECT:
        return []
    return [
        "Such agreement is not seen on real messages: these are invented (as the sample's are), or the codes were "
        "made by the same words. It tells nothing of how well topics are read elsewhere."
    ]


def _table(held: pd.DataFrame) -> pd.DataFrame:
    quarter = held["local"].dt.to_period("Q").dt.start_time
    counts = held.groupby([quarter.rename("quarter"), held["found"].rename("topic")]).size().unstack(fill_value=0)
    counts = counts[counts.sum(axis=1) >= FEWEST]
    long = counts.reset_index().melt("quarter", var_name="topic", value_name="count")
    n = long["quarter"].map(counts.sum(axis=1)).to_numpy(dtype=float)
    share = long["count"].to_numpy() / n
    low, high = wilson(long["count"], n)
    return long.assign(share=share, share_low=low, share_high=high)
