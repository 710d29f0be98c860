"""What residents say beside what the records show, area by area: side by side, never one explained by the other."""

from __future__ import annotations

import datetime as dt
from functools import partial

import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.metrics.community.opinion import areas
from perflib.metrics.counts.areas import residents
from perflib.metrics.counts.series import daily
from perflib.metrics.response import response
from perflib.metrics.seasons.read import until
from perflib.privacy.people import people as counted_people
from perflib.result import Result
from perflib.words import community as words

#: areas below which no correlation is given.
FEWEST = 10


def beside(dept: Department, question: str = "trust", wave: str = "", *, name: str = "trust_beside") -> Result:
    """One survey question beside operational figures, by area.

    Parameters
    ----------
    question, wave : as of ``areas``. Areas of the survey are matched with districts of the calls by name.

    Returns
    -------
    Result ``trust_beside``: ``area, trust, trust_low, trust_high, n, median, median_low, median_high, missing_share``
    (calls without a usable arrival, whose wait is in no median), ``first_share`` (of the priority whose name sorts
    first), ``calls, per_1000``; calls are those from the public to the last day on which every feed ran. Facts
    ``areas``, ``correlation`` and ``p`` (only with ``FEWEST`` areas or more). Not assessable where the survey is not,
    or where no area bears the name of a district.
    """
    unable = partial(Result.not_assessable, name, title=words.beside_title(question), method=words.BESIDE)
    opinion = areas(dept, question, wave)
    if opinion.reason:
        return unable(opinion.reason)
    if not dept.has("calls", "district"):
        return unable("the calls do not record the district")
    last, basis = until(dept, "calls")
    first = daily(dept, "calls", ()).days[0].date()
    calls = response(dept, "district", quantiles=(0.5,), period=(first, last))
    if calls.reason:
        return unable(calls.reason)
    records = calls.table.rename(columns={"district": "area", "n": "calls"}).astype({"area": str})
    records, top = records[["area", "calls", "median", "median_low", "median_high", "missing_share"]], ""
    if dept.has("calls", "priority"):
        shares, top = _first_priority(dept, first, last)
        records = records.merge(shares, on="area", how="left")
    table = opinion.table.rename(columns={"estimate": "trust", "low": "trust_low", "high": "trust_high"})
    table = table[["area", "trust", "trust_low", "trust_high", "n"]]
    if not set(records["area"]) & set(table["area"]):
        return unable("no area of the survey bears the name of a district")
    table = table.merge(_per_resident(dept, records, (last - first).days + 1), on="area", how="left")
    facts = {"areas": len(table), "wave": opinion.facts["wave"], **_correlated(table)}
    trust = ("trust", "trust_low", "trust_high")
    about = counted_people(
        dept.settings,
        "surveys",
        ("area",),
        ("n",),
        own=tuple(table.columns.drop(["area", "n", *trust])),
        rounded=trust,
        facts=("areas", "wave", "correlation", "p"),
    )
    say = partial(words.beside, question=question, top=top, basis=basis)
    return Result(name, table, facts=facts, people=about, words=say)


def _first_priority(dept: Department, first: dt.date, last: dt.date) -> tuple[pd.DataFrame, str]:
    """Per area the share of public calls with the priority whose name sorts first; and that name."""
    counts = response(dept, ["district", "priority"], quantiles=(0.5,), level=None, period=(first, last)).table
    names = counts["priority"].astype(str)
    top = min(names[counts["priority"].notna()], default="")
    parts = counts.assign(area=counts["district"].astype(str), first=counts["n"].where(names == top, 0))
    sums = parts.groupby("area")[["first", "n"]].sum()
    return (sums["first"] / sums["n"]).rename("first_share").reset_index(), top


def _per_resident(dept: Department, table: pd.DataFrame, days: int) -> pd.DataFrame:
    people, year = residents(dept).newest()
    if not year:
        return table
    years = days / 365.2425
    return table.assign(per_1000=table["calls"] / years / table["area"].map(people).to_numpy(dtype=float) * 1000)


def _correlated(table: pd.DataFrame) -> dict[str, float]:
    """Spearman's correlation of answers and medians, and its p by permutation; nothing for too few areas."""
    from scipy.stats import spearmanr

    both = table.dropna(subset=["trust", "median"])
    if len(both) < FEWEST:
        return {}
    correlation = float(spearmanr(both["trust"], both["median"]).statistic)
    rng = np.random.default_rng(0)
    null = [float(spearmanr(rng.permutation(both["trust"]), both["median"]).statistic) for _ in range(999)]
    p = (1 + sum(abs(value) >= abs(correlation) - 1e-12 for value in null)) / 1000
    return {"correlation": correlation, "p": p}
