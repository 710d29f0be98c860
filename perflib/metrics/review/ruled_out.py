"""The first screen of a comparison of officers: what was held fixed, what was not, and so what it can rule out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.officers import EXPOSURES, MEASURES, POSTS
from perflib.metrics.review.agreement import OtherComparisons, repeated
from perflib.result import Result
from perflib.verdicts import FLAGS, Verdict
from perflib.words import officers as officer_words
from perflib.words import review as words

_FACTS = ("officers", "assessed", "flags", "not_assessable", "measure", "per", "period", "covered")


def ruled_out(found: Result, dept: Department | None = None, others: OtherComparisons | None = None) -> Result:
    """What a Result of ``officers.compare`` rules out: a table of explanations, each held fixed or not, and the counts.

    Parameters
    ----------
    dept : says what a post fixes besides (a unit of one district and shift); without it such columns are "no".
    others : the other comparisons of the same officers: whether the flags hold there, and what those hold fixed.

    Returns
    -------
    Result ``standing`` with ``explanation`` and ``ruled_out`` ("yes", "no", or "in part" with how far). The answer
    says who is flagged and whether the flags hold elsewhere; where ordinary officers' rates vary by more than
    ``words.officers.WIDE`` of their mean it says that first. Facts: the counts of ``found``.
    """
    facts = found.facts
    if found.reason and not facts.get("officers"):
        return Result.not_assessable("standing", found.reason, title=words.RULED_OUT)
    by, period = facts["assignment"], facts["period"]
    fixed = constant_columns(dept, by) if dept is not None else {}
    rows = [(words.WORK, "yes"), (words.CHANCE, words.FALSE.format(q=facts["q"]))]
    for column, explanation in words.POST.items():
        text = words.constant(column, by[0] if len(by) == 1 else "post", *fixed[column]) if column in fixed else "no"
        if column in by:
            text = words.share_unknown(facts["unknown"].get(column, 0.0), EXPOSURES[facts["per"]].words)
        rows.append((explanation, text))
    rows += [(words.WHEN[period], "yes" if period else "no"), *([(words.SEASON, "no")] if period == "year" else [])]
    for explanation, other, of in (
        (words.KIND, others and others.similar, "The same kind of work"),
        (words.SCENE, others and others.scenes, "Force at the same scene"),
    ):
        rows.append((explanation, words.ELSEWHERE.format(of=of) if other and other.facts.get("assessed") else "no"))
    rows += [(explanation, "no") for explanation in words.NEVER]
    say = partial(
        words.opening,
        found=facts,
        times=found.table.loc[found.table["verdict"].isin(FLAGS), "estimate"].astype(float).tolist(),
        agreed=repeated(found, others) if others else pd.DataFrame(),
        events=MEASURES[facts["measure"]].words,
    )
    table = pd.DataFrame(rows, columns=["explanation", "ruled_out"])
    return Result("standing", table, facts={key: facts.get(key) for key in _FACTS}, words=say)


def constant_columns(dept: Department, by: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """For each further column of the assignments, how far a post named by the columns ``by`` fixes it.

    Column -> number of posts, how many have one value of it in every assignment, how many record none. Empty without
    assignments, or without ``by``. Assignments whose post is not recorded are left out.
    """
    if not by or not dept.has("assignments", *by):
        return {}
    others = [one for one in POSTS if one not in by and dept.has("assignments", one)]
    rows = dept.assignments.select(*by, *others).distinct().execute().dropna(subset=list(by))
    fixed = {}
    for one in others:
        each = rows.assign(there=rows[one].notna()).groupby(list(by))
        kinds, whole, some = each[one].nunique(), each["there"].all(), each["there"].any()
        fixed[one] = (len(kinds), int(((kinds == 1) & whole).sum()), int((~some).sum()))
    return fixed


def shareable(found: Result, *, most: int = 600) -> Result:
    """The comparison as it may be shared: no figures of those not assessable, and at most ``most`` rows.

    Flagged officers come first, then the others who can be assessed, by name. Where nobody can be assessed the table
    says why, with how many officers: ``reason``, ``officers``.
    """
    if found.table.empty or "verdict" not in found.table.columns:
        return found
    table = found.table.assign(officer=found.table["officer"].astype(str))
    silent = table["verdict"] == Verdict.NOT_ASSESSABLE
    if silent.all():
        counts = table["reason"].value_counts().rename_axis("reason").reset_index(name="officers")
        chart = Chart("bars", "reason", "officers", y_label="Officers")
        say = partial(officer_words.nobody, title=found.title)
        return replace(found, table=counts, caveats=(), chart=chart, labels={}, reason="", words=say)
    figures = [name for name in table.columns if name not in ("officer", "verdict", "reason", "flagged")]
    table = table.astype({name: float for name in figures if pd.api.types.is_numeric_dtype(table[name])})
    table.loc[silent, figures] = float("nan")
    table = table.assign(_flag=~table["verdict"].isin(FLAGS), _silent=silent)
    table = table.sort_values(["_silent", "_flag", "officer"], kind="stable").drop(columns=["_flag", "_silent"])
    return replace(found, table=table.head(most).reset_index(drop=True))
