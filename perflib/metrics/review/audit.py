"""The audit of an evaluation: are its scores explained by assignment, by who the officers are, or by who leads them?"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.review.card import Areas, chances
from perflib.models.peers.table import Comparison
from perflib.result import Result
from perflib.verdicts import Verdict
from perflib.words import review as words

DEMOGRAPHICS = ("race", "sex", "birth_year")


def audit(dept: Department, found: Result) -> Result:
    """How much of the differences in a comparison's scores is explained by assignment, demographics and supervisor.

    The score is the log of observed over expected events (half an event added to both) of those who can be assessed.
    Demographics are used where the department was opened with them (``personal=["race", "sex", "birth_year"]``), here
    and nowhere else. The assignment and supervisor are the last ones recorded. Result ``audit`` as
    ``perflib.models.audit_scores.explained``.
    """
    from perflib.models.audit_scores import explained

    if "events" not in found.table.columns or "expected" not in found.table.columns:
        return Result.not_assessable("audit", found.reason or "there is no comparison", title=words.AUDIT)
    table = found.table[found.table["verdict"] != Verdict.NOT_ASSESSABLE]
    frame = pd.DataFrame(
        {"officer": table["officer"].astype(str), "score": np.log((table["events"] + 0.5) / (table["expected"] + 0.5))}
    )
    staff, blocks, missing = _who(dept)
    reason = "" if blocks else "; ".join(missing)
    rows = frame.merge(staff, on="officer", how="left")
    result = explained(rows, "score", blocks) if blocks else Comparison()
    if reason or result.reason:
        return Result.not_assessable("audit", reason or result.reason, title=words.AUDIT)
    used = len(rows.dropna())
    say = partial(words.audit, missing=missing, left_out=len(rows) - used, used=used)
    label, marks = "Share of the scores' variance explained", {"note": "reason"}
    chart = Chart("dots", "block", "share", "low", "high", y_label=label, marks=marks)
    return Result("audit", result.table, facts=result.facts, chart=chart, words=say)


def _who(dept: Department) -> tuple[pd.DataFrame, dict[str, list[str]], list[str]]:
    """Officers' last post, supervisor and demographics; the blocks there are, and what is missing."""
    staff, blocks = pd.DataFrame({"officer": pd.Series(dtype=str)}), {}
    if dept.has("assignments", "officer_id", "unit"):
        staff = _last(dept)
        columns = {"assignment": "unit", "supervisor": "supervisor_id"}
        blocks = {block: [one] for block, one in columns.items() if one in staff and staff[one].nunique() > 1}
    missing = [f"the {block} is not recorded" for block in ("assignment", "supervisor") if block not in blocks]
    there = [column for column in DEMOGRAPHICS if dept.has("officers", column)]
    if there:
        people = dept.officers.select("officer_id", *there).execute().rename(columns={"officer_id": "officer"})
        staff = staff.merge(people.astype({"officer": str}), on="officer", how="outer")
        blocks["demographics"] = there
    else:
        missing.append("demographics (the officers were opened without race, sex and birth_year)")
    return staff, blocks, missing


def _last(dept: Department) -> pd.DataFrame:
    wanted = [column for column in ("unit", "supervisor_id") if dept.has("assignments", column)]
    rows = dept.assignments.select("officer_id", "start_on", *wanted).execute()
    rows = rows.sort_values(["officer_id", "start_on"], kind="stable").drop_duplicates("officer_id", keep="last")
    return rows.drop(columns="start_on").rename(columns={"officer_id": "officer"}).astype({"officer": str})


def reweighted(found: Areas, weights: dict[str, float]) -> Result:
    """Who loses places when the department's weights change. As ``perflib.models.audit_scores.reweighted``.

    The scores are the chances of doing better than peers; without weights there is no composite to audit.
    """
    from perflib.models.audit_scores import reweighted as model

    reason = ""
    if not any(weight > 0 for weight in weights.values()):
        reason = "the department's policy has no weights, so there is no composite"
    result = Comparison(reason=reason) if reason else model(chances(found, list(weights)), "officer", weights)
    if result.reason:
        return Result.not_assessable("reweighted", result.reason, title=words.REWEIGHTED)
    return Result("reweighted", result.table, facts=result.facts, words=words.reweighted)
