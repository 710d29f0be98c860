"""Does clearance change? Cohorts compared at the same age, beside the ratio that young cohorts always lose."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.cases.scope import CAUSES, Cases, cases, unanswerable
from perflib.models.survival import cumulative_incidence, hazard_ratios
from perflib.rates import combined
from perflib.result import Result
from perflib.words import cases as words

#: cohort -> its months, and its letter in pandas
_GRAINS = {"month": (1, "M"), "quarter": (3, "Q"), "year": (12, "Y")}


def cohorts(
    dept: Department,
    by: str = "quarter",
    *,
    within: int = 30,
    level: float = 0.95,
    fewest: int = 30,
    name: str = "clearance_cohorts",
) -> Result:
    """Clearance by arrest within the same number of days of the report, by cohort of report.

    Parameters
    ----------
    by : ``month``, ``quarter`` or ``year`` of the report (local). within : days at which cohorts are compared.

    Returns
    -------
    Result with a row per cohort: ``cohort``, ``cases``, ``arrest`` with ``low``/``high`` (cumulative incidence at
    ``within`` days), ``exceptional``, ``so_far`` (share cleared up to now, whatever the age) and ``ucr`` (clearances
    dated in the period over cases reported in it): both naive, shown for comparison; ``provisional``: not every case
    has been followed ``within`` days. Facts: ``first``, ``last`` (of the cohorts followed), ``change`` between them
    with interval, ``so_far_first``, ``so_far_last``, and ``cohorts``.
    """
    title = words.cohorts_title(by, within)
    if reason := unanswerable(dept):
        return Result.not_assessable(name, reason, title=title)
    followed = cases(dept, [by])
    sizes = followed.rows.groupby(by)["n"].sum()
    rows = followed.rows[followed.rows[by].isin(sizes.index[sizes >= fewest])]
    if rows.empty:
        return Result.not_assessable(name, f"no {by} has {fewest} cases", title=title)
    curves = cumulative_incidence(
        rows["days"], rows["event"], rows[by].astype(str), weights=rows["n"], at=(within,), level=level, causes=CAUSES
    )
    if curves.reason:
        return Result.not_assessable(name, curves.reason, title=title)
    table = _table(rows, curves, by, followed, within)
    chart = Chart(
        "line",
        "cohort",
        "arrest",
        "low",
        "high",
        x_label=f"{by.capitalize()} of report",
        y_label=f"Cleared by arrest within {within} days (share)",
        marks={"grey": "provisional"},
    )
    say = partial(words.cohorts, by=by, days=within, level=level, left=followed.left())
    return Result(name, table, facts=_facts(table), chart=chart, words=say)


def _table(rows: pd.DataFrame, curves: Result, by: str, followed: Cases, within: int) -> pd.DataFrame:
    lines = []
    for cohort, part in rows.groupby(by):
        at = {cause: curves.facts[str(cohort)]["at"][cause][f"{within:g}"] for cause in CAUSES.values()}
        start = pd.Timestamp(f"{cohort}-01-01" if by == "year" else str(cohort))
        whole = start + pd.DateOffset(months=_GRAINS[by][0], days=within - 1)
        total = float(part["n"].sum())
        lines.append(
            {
                "cohort": cohort if by == "year" else start,
                "cases": int(total),
                "arrest": at["arrest"]["estimate"],
                "low": at["arrest"]["low"],
                "high": at["arrest"]["high"],
                "exceptional": at["exceptional"]["estimate"],
                "so_far": float(part.loc[part["event"] > 0, "n"].sum() / total),
                "provisional": bool(whole.date() > followed.end),
            }
        )
    table = pd.DataFrame(lines)
    return table.assign(ucr=_ucr(rows, by) / table["cases"].to_numpy(float))


def _ucr(rows: pd.DataFrame, by: str) -> Any:
    """Clearances dated in each period of report; dated from the middle of the cohort."""
    months, letter = _GRAINS[by]
    starts = pd.to_datetime(rows[by].astype(str) + ("-01-01" if by == "year" else ""))
    ended = starts + pd.Timedelta(days=15 * months) + pd.to_timedelta(rows["days"], unit="D")
    cleared = rows["n"].where(rows["event"] > 0, 0).groupby(ended.dt.to_period(letter)).sum()
    return cleared.reindex(starts.drop_duplicates().sort_values().dt.to_period(letter), fill_value=0).to_numpy(float)


def _facts(table: pd.DataFrame) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "cohorts": len(table),
        "so_far_first": float(table["so_far"].iloc[0]),
        "so_far_last": float(table["so_far"].iloc[-1]),
    }
    whole = table[~table["provisional"] & table["arrest"].notna()]
    if len(whole) < 2:
        return facts
    ends = [
        {"cohort": str(row["cohort"])[:10], "estimate": row["arrest"], "low": row["low"], "high": row["high"]}
        for _, row in whole.iloc[[0, -1]].iterrows()
    ]
    names = ("estimate", "low", "high")
    change = combined((1, -1), *([ends[1][key], ends[0][key]] for key in names))
    return facts | {"first": ends[0], "last": ends[1], "change": dict(zip(names, change, strict=True))}


def opening(level: Result, change: Result) -> Result:
    """The report in two sentences, from the Results of ``clearance`` and ``cohorts``.

    Returns
    -------
    Result ``opening``, without a table. Facts: ``finding`` (change, none or not_assessable), ``change`` (the facts of
    ``cohorts`` where they can be compared) and ``level`` (cases and share cleared by the last day known).
    """
    facts: dict[str, Any] = {"finding": "not_assessable", "change": {}, "level": {}}
    if "change" in change.facts:
        facts["change"] = {key: change.facts[key] for key in ("first", "last", "change")}
        clear = not change.facts["change"]["low"] <= 0 <= change.facts["change"]["high"]
        facts["finding"] = "change" if clear else "none"
    shares = level.facts.get("at", {}).get("arrest", {})
    for day, share in shares.items():
        if share["estimate"] is not None:
            facts["level"] = {"n": level.facts["n"], "day": day, "estimate": share["estimate"]}
    return Result("opening", pd.DataFrame(), facts=facts, words=words.opening)


def adjusted(
    dept: Department,
    compare: str = "district",
    *,
    terms: Sequence[str] = ("offence", "quarter"),
    most: int = 12,
    level: float = 0.95,
) -> Result:
    """How much faster cases are cleared by arrest in one group than in the largest, at equal offence and time.

    The hazard of arrest in whole intervals of days (``hazard_ratios``), so that the many cases cleared on the day of
    the report are handled exactly. Values beyond the ``most`` commonest of a term are put together as "other".
    An incident with several offences counts once per offence. Result ``clearance_adjusted``.
    """
    name, title = "clearance_adjusted", words.adjusted_title(compare)
    if reason := unanswerable(dept, [compare]):
        return Result.not_assessable(name, reason, title=title)
    wanted = [compare, *(term for term in terms if term != compare and not unanswerable(dept, [term]))]
    followed = cases(dept, wanted)
    rows = followed.rows.assign(**{term: _common(followed.rows, term, most) for term in wanted})
    rows = rows.groupby([*wanted, "days", "event"])[["n"]].sum().reset_index()
    if rows[compare].nunique() < 2:
        return Result.not_assessable(name, f"fewer than two groups of {compare}", title=title)
    used = [term for term in wanted if rows[term].nunique() > 1]
    ratios = hazard_ratios(rows, "days", "event", used, weights="n", level=level)
    if ratios.reason:
        return Result.not_assessable(name, ratios.reason, title=title)
    table = ratios.table[ratios.table["term"] == compare].reset_index(drop=True)
    facts = table.set_index("value")[["ratio", "low", "high", "p"]].to_dict("index")
    chart = Chart(
        "dots",
        "value",
        "ratio",
        "low",
        "high",
        x_label=compare.capitalize(),
        y_label="Hazard ratio",
        marks={"target": 1.0},
    )
    say = partial(words.adjusted, compare=compare, terms=used[1:], level=level, left=followed.left())
    return Result(name, table, facts=facts | {"reference": table["reference"].iloc[0]}, chart=chart, words=say)


def _common(rows: pd.DataFrame, term: str, most: int) -> pd.Series:
    """A term's values as text; those beyond the ``most`` commonest, and missing ones, are "other"."""
    common = rows.groupby(term)["n"].sum().nlargest(most).index
    return rows[term].map(str).where(rows[term].isin(common), "other")
