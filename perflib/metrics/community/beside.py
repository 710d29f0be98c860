"""What residents say beside what the records show, area by area: side by side, never one explained by the other."""

from __future__ import annotations

import datetime as dt
from typing import Any

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

#: areas below which no correlation is given.
FEWEST = 10
METHOD = (
    "Survey means by area (see survey_areas) beside the median response of public calls and calls per 1,000 residents; "
    "Spearman correlation with a permutation test where there are enough areas."
)
ECOLOGICAL = (
    "Areas, not people: that areas with slower answers trust less would not show that those who waited trust less "
    "(ecological fallacy; Robinson 1950). Areas differ in much else."
)
MISSING = (
    "Calls without a usable arrival are in no median: where many are missing, the true one may lie well above "
    "or below (the response report bounds it)."
)
LABELS = {
    "missing_share": "Without arrival",
    "area": "Area",
    "trust": "Mean answer",
    "trust_low": "Low end",
    "trust_high": "High end",
    "n": "Answers",
    "median": "Median response (min)",
    "median_low": "Low end (min)",
    "median_high": "High end (min)",
    "calls": "Public calls",
    "per_1000": "Calls per 1,000 residents a year",
}


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
    title = f"{question.capitalize()} beside the records, area by area"
    opinion = areas(dept, question, wave)
    if opinion.reason:
        return Result.not_assessable(name, opinion.reason, title=title, method=METHOD)
    table = opinion.table.rename(columns={"estimate": "trust", "low": "trust_low", "high": "trust_high"})
    table = table[["area", "trust", "trust_low", "trust_high", "n"]]
    found = _records(dept)
    if isinstance(found, str) or not set(found[0]["area"]) & set(table["area"]):
        reason = found if isinstance(found, str) else "no area of the survey bears the name of a district"
        return Result.not_assessable(name, reason, title=title, method=METHOD)
    held, said, labels = found
    table = table.merge(held, on="area", how="left")
    facts: dict[str, Any] = {"areas": len(table), "wave": opinion.facts["wave"]}
    words = _correlated(table, facts)
    top = table.dropna(subset=["trust"]).iloc[[0, -1]]
    answer = "; ".join(
        f"{row['area']}: {row['trust']:.2f} ({row['trust_low']:.2f} to {row['trust_high']:.2f}), median response "
        f"{row['median']:.1f} min ({row['missing_share']:.0%} of its calls without an arrival)"
        for _, row in top.iterrows()
    )
    answer = f"Highest and lowest answer: {answer}. {words}"
    about = counted_people(dept.settings, "surveys", ("area",), ("n",), facts=("areas", "wave", "correlation", "p"))
    return Result(
        name, table, title, answer, METHOD, [ECOLOGICAL, *said, *opinion.caveats], facts, None, labels, people=about
    )


def _records(dept: Department) -> tuple[pd.DataFrame, list[str], dict[str, str]] | str:
    """Response and calls by area to the last day on which every feed ran, what to say of them, and the labels."""
    if not dept.has("calls", "district"):
        return "the calls do not record the district"
    series = daily(dept, "calls", ())
    last, basis = until(dept, "calls")
    first = series.days[0].date()
    found = response(dept, "district", quantiles=(0.5,), period=(first, last))
    if found.reason:
        return found.reason
    table = found.table.rename(columns={"district": "area", "n": "calls"})
    table["area"] = table["area"].astype(str)
    table = table[["area", "calls", "median", "median_low", "median_high", "missing_share"]]
    said = [f"Calls: {basis[0].lower()}{basis[1:]}", MISSING]
    if dept.has("calls", "priority"):
        shares, top = _first_priority(dept, first, last)
        table = table.merge(shares, on="area", how="left")
        said.append(
            f"The median mixes all priorities, of which areas have unlike shares: that of priority {top} "
            "stands beside it."
        )
    labels = LABELS | ({"first_share": f"Priority {top}"} if "first_share" in table else {})
    return _per_resident(dept, table, (last - first).days + 1), said, labels


def _first_priority(dept: Department, first: dt.date, last: dt.date) -> tuple[pd.DataFrame, str]:
    """Per area the share of public calls with the priority whose name sorts first; and that name."""
    found = response(dept, ["district", "priority"], quantiles=(0.5,), level=None, period=(first, last)).table
    names = found["priority"].astype(str)
    top = min(names[found["priority"].notna()], default="")
    held = found.assign(area=found["district"].astype(str), first=found["n"].where(names == top, 0))
    sums = held.groupby("area")[["first", "n"]].sum()
    return (sums["first"] / sums["n"]).rename("first_share").reset_index(), top


def _per_resident(dept: Department, table: pd.DataFrame, days: int) -> pd.DataFrame:
    people, year = residents(dept).newest()
    if not year:
        return table
    years = days / 365.2425
    return table.assign(per_1000=table["calls"] / years / table["area"].map(people).to_numpy(dtype=float) * 1000)


def _correlated(table: pd.DataFrame, facts: dict[str, Any]) -> str:
    """The sentence on how the two go together; with few areas there is none to be had."""
    from scipy.stats import spearmanr

    both = table.dropna(subset=["trust", "median"])
    if len(both) < FEWEST:
        return f"{len(both)} areas are too few to say whether the two go together."
    found = float(spearmanr(both["trust"], both["median"]).statistic)
    rng = np.random.default_rng(0)
    null = [float(spearmanr(rng.permutation(both["trust"]), both["median"]).statistic) for _ in range(999)]
    p = (1 + sum(abs(each) >= abs(found) - 1e-12 for each in null)) / 1000
    facts |= {"correlation": found, "p": p}
    told = "go together more than by chance" if p < 0.05 else "do not go together more than by chance"
    return f"Across {len(both)} areas answers and response {told} (Spearman {found:+.2f}, p {p:.3f})."
