"""What residents say beside what the records show, area by area: side by side, never one explained by the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.metrics.community.opinion import areas
from perflib.metrics.response import response
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
LABELS = {
    "area": "Area", "trust": "Mean answer", "trust_low": "Low end", "trust_high": "High end", "n": "Answers",
    "median": "Median response (min)", "median_low": "Low end (min)", "median_high": "High end (min)",
    "calls": "Public calls", "per_1000": "Calls per 1,000 residents a year",
}


def beside(dept: Department, question: str = "trust", wave: str = "", *, name: str = "trust_beside") -> Result:
    """One survey question beside operational figures, by area.

    Parameters
    ----------
    question, wave : as of ``areas``. Areas of the survey are matched with districts of the calls by name.

    Returns
    -------
    Result ``trust_beside``: ``area, trust, trust_low, trust_high, n, median, median_low, median_high, calls,
    per_1000``. Facts ``areas``, ``correlation`` and ``p`` (only with ``FEWEST`` areas or more). Not assessable where
    the survey is not, or where no area bears the name of a district.
    """
    title = f"{question.capitalize()} beside the records, area by area"
    opinion = areas(dept, question, wave)
    if opinion.reason:
        return Result.not_assessable(name, opinion.reason, title=title, method=METHOD)
    table = opinion.table.rename(columns={"estimate": "trust", "low": "trust_low", "high": "trust_high"})
    table = table[["area", "trust", "trust_low", "trust_high", "n"]]
    held = _records(dept)
    if isinstance(held, str) or not set(held["area"]) & set(table["area"]):
        reason = held if isinstance(held, str) else "no area of the survey bears the name of a district"
        return Result.not_assessable(name, reason, title=title, method=METHOD)
    table = table.merge(held, on="area", how="left")
    facts: dict[str, Any] = {"areas": len(table), "wave": opinion.facts["wave"]}
    words = _correlated(table, facts)
    top = table.dropna(subset=["trust"]).iloc[[0, -1]]
    answer = "; ".join(
        f"{row['area']}: {row['trust']:.2f} ({row['trust_low']:.2f} to {row['trust_high']:.2f}), median response "
        f"{row['median']:.1f} min" for _, row in top.iterrows())
    answer = f"Highest and lowest answer: {answer}. {words}"
    about = counted_people(dept.settings, "surveys", ("area",), ("n",), facts=("areas", "wave", "correlation", "p"))
    return Result(name, table, title, answer, METHOD, [ECOLOGICAL, *opinion.caveats], facts, None, LABELS,
                  people=about)


def _records(dept: Department) -> pd.DataFrame | str:
    if not dept.has("calls", "district"):
        return "the calls do not record the district"
    found = response(dept, "district", quantiles=(0.5,))
    if found.reason:
        return found.reason
    table = found.table.rename(columns={"district": "area", "n": "calls"})
    table["area"] = table["area"].astype(str)
    table = table[["area", "calls", "median", "median_low", "median_high"]]
    if not dept.has("population", "residents"):
        return table
    people = dept.population.execute()
    people = people[people["group"].isna()] if "group" in people else people
    people = people[people["year"] == people["year"].max()].groupby("area")["residents"].sum()
    years = max((_last(dept) - _first(dept)) / pd.Timedelta(days=365.2425), 1 / 365)
    residents = table["area"].map(people).to_numpy(dtype=float)
    return table.assign(per_1000=table["calls"] / years / np.where(residents > 0, residents, np.nan) * 1000)


def _first(dept: Department) -> pd.Timestamp:
    return pd.Timestamp(dept.calls.received_at.min().execute())


def _last(dept: Department) -> pd.Timestamp:
    return pd.Timestamp(dept.calls.received_at.max().execute())


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
