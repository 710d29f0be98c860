"""One officer or unit, area by area, beside peers: strengths, needs, and what cannot be assessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.review.areas import AREAS, by_unit, counted, named, rules
from perflib.privacy import Policy
from perflib.result import Result

#: a reading is "probably" so from this posterior probability on; "clearly" where it also survives the flag rule.
PROBABLE = 0.9
READINGS = ("strength", "probable strength", "like peers", "probable need", "need", "not assessable")
METHOD = ("Each area: events over what peers in the same unit and month lead one to expect (over-dispersed funnel, "
          "Spiegelhalter 2005, gamma-Poisson shrinkage); clear where the false-discovery rule flags it, probable from "
          "a "
          "posterior probability of 90 %.")
CAVEATS = (
    "This page is for a conversation. It is not a finding of wrongdoing, no ground for discipline, and not a score: "
    "the areas are not added up.",
    "Slow arrivals took longer than four in five calls of their priority; complaints are of every finding; courses are "
    "late when done after their due date.",
    "It compares with officers who held the same unit in the same months. It cannot see the kind of calls, partners, "
    "or "
    "what was never recorded.",
)


@dataclass(frozen=True, eq=False)
class Areas:
    """Every area's comparison of all officers (or units): ``results`` by area; ``subject`` says of whom."""

    subject: str
    results: Mapping[str, Result]
    per: Mapping[str, str]

    def names(self) -> list[str]:
        """Everyone who stands in some area."""
        found = [result.table["officer"] for result in self.results.values() if len(result.table)]
        return sorted(set(pd.concat(found).astype(str))) if found else []


def areas(dept: Department, subject: str = "officer", *, only: str = "", minimum: int = 5, q: float = 0.10) -> Areas:
    """Compare all officers (``subject`` "officer": beside the same unit and month; "unit": the same duty and month).

    ``only`` one area; empty: all. Raises InputError for another subject or area.
    """
    named(only or "force")
    if subject not in ("officer", "unit"):
        raise InputError(f"no subject {subject!r}", where="subject", choices=("officer", "unit"), found=subject)
    results, per = {}, {}
    for area in ([only] if only else AREAS):
        results[area], per[area] = _area(dept, area, subject, minimum, q)
    return Areas(subject, results, per)


def _area(dept: Department, area: str, subject: str, minimum: int, q: float) -> tuple[Result, str]:
    from perflib.models import peers

    keys = ("unit",) if subject == "officer" else ("unit", "duty")
    frame = counted(dept, area, keys)
    name = f"review_{area}"
    if isinstance(frame, str):
        return Result.not_assessable(name, frame, title=AREAS[area].words), ""
    if subject == "unit":
        if area == "training":
            return Result.not_assessable(name, "courses are recorded by officer", title=AREAS[area].words), ""
        policy: Policy = dept.settings.get("privacy") or Policy()
        frame = by_unit(frame, policy.threshold("officers"))
    if frame.empty or frame["exposure"].sum() <= 0:
        return Result.not_assessable(name, "no work is recorded to count it for", title=AREAS[area].words), ""
    alike = [key for key in (("unit",) if subject == "officer" else ("duty",)) if key in frame.columns]
    month = "period" if area != "training" else None
    found = peers.same_work(frame.drop(columns="per"), "officer", alike, month, minimum=minimum, times=1.0, q=q,
                            minimum_expected=3.0 if area == "training" else 5.0, name=name)
    return found, str(frame["per"].iloc[0])


def card(found: Areas, who: str = "", *, weights: Mapping[str, float] | None = None, name: str = "review") -> Result:
    """The page of one officer or unit.

    ``who``: as the records name them; empty picks the one with most work as an example. ``weights`` (from the
    department's policy, never from here) adds a composite; without them there is none.
    Result with one row per area: ``area``, ``better`` (fewer or more), ``reading``, ``count``, ``work``, ``expected``,
    ``ratio``, ``low``, ``high`` (observed over expected), ``chance_better`` (posterior probability of doing better than
    peers), ``reason``.
    Facts: readings by area, ``who``, ``composite`` (None without weights).
    Raises InputError for a name that is in no area.
    """
    names = found.names()
    if not names:
        why = "; ".join(dict.fromkeys(each.reason for each in found.results.values() if each.reason))
        return Result.not_assessable(name, why or "nobody is recorded", title=f"Review of one {found.subject}")
    who = who or _most_work(found)
    if who not in names:
        raise InputError(f"no {found.subject} {who!r}", where=found.subject, found=who, choices=names,
                         do="give the code that the reports show" if found.subject == "officer" else
                         "name a unit as the assignments do; one of very few officers has no page (see SECURITY.md)")
    table = pd.DataFrame([_row(area, result, who, found.per[area]) for area, result in found.results.items()])
    facts: dict[str, Any] = {"who": who, "subject": found.subject, "composite": None,
                             "readings": dict(zip(found.results, table["reading"], strict=True))}
    more = _doubtful(table)
    if weights:
        facts["composite"], words = _composite(table.assign(key=list(found.results)), weights)
        more.append(words)
    answer = _answer(table, [AREAS[area].short for area in found.results], who, found.subject)
    chart = Chart("dots", "area", "ratio", "low", "high", y_label="Count, over what peers lead one to expect",
                  marks={"target": 1.0, "target_words": "peers", "note": "reason"}, alt=answer)
    return Result(name, table, f"{who}: beside peers", answer, METHOD, (*CAVEATS, *more), facts, chart, _LABELS)


_LABELS = {"area": "Area", "better": "Better", "count": "Count", "work": "In", "expected": "Expected beside peers",
           "ratio": "Count over expected", "chance_better": "Chance of doing better than peers", "reading": "Reads as",
           "reason": "Why not assessable", "low": "95 % low", "high": "95 % high"}


def _doubtful(table: pd.DataFrame) -> list[str]:
    """How many of the readings that stand out are expected to be wrong, by their own probabilities."""
    chance = table.loc[~table["reading"].isin(["like peers", "not assessable"]), "chance_better"].astype(float)
    wrong = float(chance.where(chance < 0.5, 1 - chance).sum())
    words = f"Of the {len(chance)} readings that stand out about {wrong:.1f} are expected to be wrong."
    return [words] if len(chance) else []


def _most_work(found: Areas) -> str:
    tables = [result.table for result in found.results.values() if len(result.table)]
    assessed = pd.concat([table[table["verdict"] != "not assessable"] for table in tables])
    held = assessed if len(assessed) else pd.concat(tables)
    order = held.assign(officer=held["officer"].astype(str)).groupby("officer")["exposure"].agg(["size", "sum"])
    return str(order.sort_values(["size", "sum"], kind="stable").index[-1])


def _row(area: str, result: Result, who: str, per: str) -> dict[str, Any]:
    better = AREAS[area].better
    row: dict[str, Any] = {"area": named(area).short.capitalize(), "better": better, "reading": "not assessable",
                           "count": None, "work": "", "expected": None, "ratio": None, "low": None, "high": None,
                           "chance_better": None, "reason": result.reason}
    held = result.table[result.table["officer"].astype(str) == who] if len(result.table) else result.table
    if held.empty:
        return row | {"reason": result.reason or "no work of this kind is recorded"}
    one = held.iloc[0].to_dict()
    if one["verdict"] == "not assessable":
        return row | {"reason": one["reason"], "work": f"{one['exposure']:,.0f} {per}"}
    above = float(one["posterior"])
    chance = above if better == "more" else 1 - above
    return row | {"count": one["events"], "work": f"{one['exposure']:,.0f} {per}", "expected": one["expected"],
                  "ratio": one["estimate"], "low": one["low"], "high": one["high"], "chance_better": chance,
                  "reading": _reading(str(one["verdict"]), better, chance), "reason": ""}


def _reading(verdict: str, better: str, chance: float) -> str:
    if verdict in ("higher", "lower"):
        return "strength" if (verdict == "higher") == (better == "more") else "need"
    if chance >= PROBABLE:
        return "probable strength"
    return "probable need" if chance <= 1 - PROBABLE else "like peers"


def _answer(table: pd.DataFrame, short: list[str], who: str, subject: str) -> str:
    said = {word: [each for each, reading in zip(short, table["reading"], strict=True) if reading == word]
            for word in READINGS}
    parts = [f"{word}: {', '.join(said[word])}" for word in ("strength", "probable strength", "need", "probable need")
             if said[word]]
    like, silent = len(said["like peers"]), len(said["not assessable"])
    if silent == len(table):
        return (f"{who} cannot be assessed in any of {len(table)} areas. That says nothing about the work, for better "
                "or worse: there are too few peers, or too little work, to tell.")
    head = "; ".join(parts) if parts else "nothing stands out either way"
    return (f"{who}, beside {'officers of the same unit' if subject == 'officer' else 'units of the same duty'} in the "
            f"same months: {head}. Like peers in {like} of {len(table)} areas, not assessable in {silent}.")


def _composite(table: pd.DataFrame, weights: Mapping[str, float]) -> tuple[float | None, str]:
    """The weighted mean chance of doing better than peers over assessable areas; None below half of the weight."""
    weight = table["key"].map(weights).fillna(0.0).astype(float)
    known = table["chance_better"].notna()
    every, held = float(weight.sum()), float(weight[known].sum())
    if every <= 0 or held < every / 2:
        return None, "No composite: less than half of the department's weights fall on areas that can be assessed."
    value = float((weight * table["chance_better"].astype(float).fillna(0))[known].sum() / held)
    return value, (f"Composite by the department's own weights: {value:.2f} (mean chance of doing better than peers; "
                   ".50 is like them). The weights are the department's choice, and another choice gives another "
                   "order.")


def standouts(found: Areas, *, least: float = PROBABLE, most: int = 25) -> Result:
    """Who probably does better than peers, by posterior probability, not by rank: one row per person and area.

    Result ``standouts``: ``who``, ``area``, ``count``, ``expected``, ``ratio``, ``low``, ``high``, ``chance_better``.
    Order within an area is by name. Facts: ``by_area`` counts, ``expected_false``.
    """
    rows = []
    for area, result in found.results.items():
        table = result.table[result.table["verdict"] != "not assessable"] if len(result.table) else result.table
        for one in table.to_dict("records"):
            row = _row(area, result, str(one["officer"]), found.per[area])
            if row["chance_better"] is not None and row["chance_better"] >= least:
                rows.append({"who": str(one["officer"]), **{key: row[key] for key in _SHOWN}})
    title = f"Which {found.subject}s probably do better than their peers?"
    if not rows:
        return Result.not_assessable("standouts", f"no {found.subject} reaches a posterior probability of {least:.0%} "
                                                  f"in "
                                     "any area", title=title, method=METHOD)
    table = pd.DataFrame(rows).sort_values(["area", "who"], kind="stable").reset_index(drop=True)
    false = float((1 - table["chance_better"].astype(float)).sum())
    by_area = {str(area): int(n) for area, n in table["area"].value_counts(sort=False).items()}
    told = "; ".join(f"{area} {n}" for area, n in by_area.items())
    answer = (f"{len(table)} readings of 'probably better than peers' ({told}); of these about {false:.1f} are "
              f"expected "
              "to be wrong. They are listed by name: the figures do not support an order among them.")
    listed = table.groupby("area", sort=False).head(most).reset_index(drop=True)
    return Result("standouts", listed, title, answer, METHOD,
                  (*CAVEATS[:2], "An officer can be missing here because there was too little work to tell."),
                  {"by_area": by_area, "expected_false": false}, None, {**_LABELS, "who": found.subject.capitalize()})


_SHOWN = ("area", "count", "work", "expected", "ratio", "low", "high", "chance_better")


def weights(dept: Department) -> Mapping[str, float]:
    """The weights of the department's policy; empty when it has none, and then there is no composite."""
    return rules(dept).get("weights") or {}


def chances(found: Areas, wanted: list[str]) -> pd.DataFrame:
    """Everyone's chance of doing better than peers: ``officer`` and a column per area; missing where not assessable."""
    columns = {}
    for area in wanted:
        table = found.results[area].table
        none = pd.DataFrame({"officer": [], "posterior": []})
        known = table[table["verdict"] != "not assessable"] if len(table) else none
        above = known.set_index(known["officer"].astype(str))["posterior"].astype(float)
        columns[area] = above if named(area).better == "more" else 1 - above
    return pd.DataFrame(columns).rename_axis("officer").reset_index()
