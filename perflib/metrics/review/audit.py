"""The audit of an evaluation: are its scores explained by assignment, by who the officers are, or by who leads them?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.metrics.review.page import Areas
from perflib.models.peers.table import listed
from perflib.result import Result
from perflib.verdicts import Verdict

DEMOGRAPHICS = ("race", "sex", "birth_year")
TITLE = "Is the comparison itself fair?"
#: an explanation counts as more than chance below this adjusted p, as in ``audit_scores.explained``.
DOUBT = 0.05


def audit(dept: Department, found: Result) -> Result:
    """How much of the differences in a comparison's scores is explained by assignment, demographics and supervisor.

    The score is the log of observed over expected events (half an event added to both) of those who can be assessed.
    Demographics are used where the department was opened with them (``personal=["race", "sex", "birth_year"]``), here
    and nowhere else. The assignment and supervisor are the last ones recorded. Result ``audit`` as
    ``perflib.models.audit_scores.explained``.
    """
    from perflib.models.audit_scores import explained

    if "events" not in found.table.columns or "expected" not in found.table.columns:
        return Result.not_assessable("audit", found.reason or "there is no comparison", title=TITLE)
    table = found.table[found.table["verdict"] != Verdict.NOT_ASSESSABLE]
    frame = pd.DataFrame(
        {"officer": table["officer"].astype(str), "score": np.log((table["events"] + 0.5) / (table["expected"] + 0.5))}
    )
    held, blocks, absent = _who(dept)
    if not blocks:
        return Result.not_assessable("audit", "; ".join(absent), title=TITLE)
    rows = frame.merge(held, on="officer", how="left")
    result = explained(rows, "score", blocks, name="audit")
    if result.reason:
        return replace(result, title=TITLE)
    answer = _answer(result.table, len(rows.dropna()))
    chart = replace(result.chart, alt=answer) if result.chart else None
    return replace(result, title=TITLE, answer=answer, chart=chart).with_caveats(
        *(f"Not audited: {why}." for why in absent)
    )


def _answer(table: pd.DataFrame, officers: int) -> str:
    """What explains the differences between scores beyond chance, what does not, and what cannot be told."""
    said: dict[str, list[str]] = {"more": [], "chance": [], "unknown": []}
    for row in table.to_dict("records"):
        share = "" if row["reason"] else f"{row['block']} {row['share']:.1%} ({row['low']:.1%} to {row['high']:.1%})"
        kind = "unknown" if row["reason"] else "more" if row["p_adjusted"] < DOUBT else "chance"
        said[kind].append(share or f"The {row['block']} cannot be told from the others, with which it goes together")
    words = {"more": "More than chance allows is explained by", "chance": "No more than chance allows is explained by"}
    parts = [f"{words[kind]} {listed(said[kind])}." for kind in words if said[kind]]
    head = f"How far are the differences between {officers:,} officers' scores explained by who and where they are?"
    return " ".join([head, *parts, *(f"{one}." for one in said["unknown"])])


def _who(dept: Department) -> tuple[pd.DataFrame, dict[str, list[str]], list[str]]:
    """Officers' last post, supervisor and demographics; the blocks there are, and what is absent."""
    frames, blocks, absent = [], {}, []
    if dept.has("assignments", "officer_id", "unit"):
        last = _last(dept)
        frames.append(last)
        for block, column in (("assignment", "unit"), ("supervisor", "supervisor_id")):
            if column in last.columns and last[column].nunique() > 1:
                blocks[block] = [column]
    for block in ("assignment", "supervisor"):
        absent += [] if block in blocks else [f"the {block} is not recorded"]
    there = [column for column in DEMOGRAPHICS if dept.has("officers", column)]
    if there:
        people = dept.officers.select("officer_id", *there).execute()
        frames.append(people.rename(columns={"officer_id": "officer"}).astype({"officer": str}))
        blocks["demographics"] = there
    else:
        absent.append("demographics (the officers were opened without race, sex and birth_year)")
    joined = frames[0] if frames else pd.DataFrame({"officer": []})
    for each in frames[1:]:
        joined = joined.merge(each, on="officer", how="outer")
    return joined, blocks, absent


def _last(dept: Department) -> pd.DataFrame:
    wanted = [column for column in ("unit", "supervisor_id") if dept.has("assignments", column)]
    rows = dept.assignments.select("officer_id", "start_on", *wanted).execute()
    rows = rows.sort_values(["officer_id", "start_on"], kind="stable").drop_duplicates("officer_id", keep="last")
    return rows.drop(columns="start_on").rename(columns={"officer_id": "officer"}).astype({"officer": str})


def reweighted(found: Areas, weights: dict[str, float]) -> Result:
    """Who loses places when the department's weights change. As ``perflib.models.audit_scores.reweighted``.

    The scores are the chances of doing better than peers; without weights there is no composite to audit.
    """
    from perflib.metrics.review.page import chances
    from perflib.models.audit_scores import reweighted as model

    if not any(weight > 0 for weight in weights.values()):
        return Result.not_assessable(
            "reweighted",
            "the department's policy has no weights, so there is no composite",
            title="Who loses when the weights change?",
        )
    return model(chances(found, list(weights)), "officer", weights)
