"""One officer or unit, area by area, beside peers: strengths, needs, and what cannot be assessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.officers.cells import NONE
from perflib.metrics.review.areas import AREAS, by_unit, counted, named, rules
from perflib.models.peers.table import listed
from perflib.privacy import Policy
from perflib.privacy.quoting import quoted_all
from perflib.result import Result
from perflib.verdicts import Verdict

#: a reading is "probably" so from this posterior probability on; "clearly" where it also survives the flag rule.
PROBABLE = 0.9
READINGS = ("strength", "probable strength", "like peers", "probable need", "need", Verdict.NOT_ASSESSABLE)
#: the share of readings expected to be wrong is told as "fewer than" below this.
_RARE = 0.01
CAVEATS = (
    "This page is for a conversation. It is not a finding of wrongdoing, no ground for discipline, and not a score: "
    "the areas are not added up.",
    "Slow arrivals took longer than four in five calls of their priority; complaints are of every finding; courses are "
    "late when done after their due date.",
    "It cannot see the kind of calls, partners, or what was never recorded.",
)


@dataclass(frozen=True, eq=False)
class Areas:
    """Every area's comparison of all officers (or units): ``results`` by area; ``subject`` says of whom.

    ``per`` names each area's exposure, ``alike`` what peers share, ``units`` each officer's units, most work first.
    """

    subject: str
    results: Mapping[str, Result]
    per: Mapping[str, str]
    alike: tuple[str, ...] = ()
    units: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Everyone who stands in some area."""
        found = [result.table["officer"] for result in self.results.values() if len(result.table)]
        return sorted(set(pd.concat(found).astype(str))) if found else []

    def method(self, rule: str) -> str:
        """How an area is judged, in a sentence that ends with ``rule``."""
        peers = f"peers of the same {listed(self.alike)}" if self.alike else "all others"
        return (
            f"Each area: events over what {peers} lead one to expect (over-dispersed funnel, Spiegelhalter 2005, "
            f"gamma-Poisson shrinkage); {rule}."
        )


def areas(
    dept: Department,
    subject: str = "officer",
    *,
    only: str = "",
    period: str = "month",
    first: str = "",
    last: str = "",
    minimum: int = 5,
    q: float = 0.10,
) -> Areas:
    """Compare all officers (``subject`` "officer": beside the same unit and period; "unit": the same duty and period).

    ``only`` one area; empty: all. ``period``, ``first``, ``last`` as in ``officers.compare``; courses are counted at
    any time. Raises InputError for another subject or area.
    """
    named(only or "force")
    if subject not in ("officer", "unit"):
        raise InputError(f"no subject {subject!r}", where="subject", choices=("officer", "unit"), found=subject)
    keys = ("unit",) if subject == "officer" else ("unit", "duty")
    results, per = {}, {}
    units: dict[str, list[str]] = {}
    for area in [only] if only else AREAS:
        frame = counted(dept, area, keys, period, first, last)
        results[area], per[area] = _area(dept, area, subject, frame, period, minimum, q)
        units = units or _units(frame)
    alike = [key for key in keys[-1:] if dept.has("assignments", key)]
    return Areas(subject, results, per, (*alike, *([period] if period else [])), units)


def _units(frame: pd.DataFrame | str) -> dict[str, list[str]]:
    """Each officer's units by how much of this work was done there; empty where units are not known."""
    if isinstance(frame, str) or "unit" not in frame.columns:
        return {}
    spent = frame[frame["unit"] != NONE].groupby(["officer", "unit"])["exposure"].sum().reset_index()
    order = spent[spent["exposure"] > 0].sort_values(["exposure", "unit"], ascending=[False, True], kind="stable")
    return {str(who): [str(one) for one in rows["unit"]] for who, rows in order.groupby("officer")}


def _area(
    dept: Department, area: str, subject: str, frame: pd.DataFrame | str, period: str, minimum: int, q: float
) -> tuple[Result, str]:
    from perflib.models import peers

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
    month = "period" if area != "training" and period else None
    found = peers.same_work(
        frame.drop(columns="per"),
        "officer",
        alike,
        month,
        minimum=minimum,
        times=1.0,
        q=q,
        minimum_expected=3.0 if area == "training" else 5.0,
        name=name,
    )
    return found, str(frame["per"].iloc[0])


def card(found: Areas, who: str = "", *, weights: Mapping[str, float] | None = None, name: str = "review") -> Result:
    """The page of one officer or unit.

    ``who``: as the records name them; empty picks the one with most work as an example. ``weights`` (from the
    department's policy, never from here) adds a composite; without them there is none.
    Result with one row per area: ``area``, ``better`` (fewer or more), ``reading``, ``count``, ``work``, ``expected``,
    ``ratio``, ``low``, ``high`` (observed over expected), ``chance_better`` (posterior probability of doing better than
    peers), ``reason``.
    Facts: readings by area, ``who``, ``example`` (nobody was named), ``peers`` (most in any area but courses),
    ``units``, ``composite`` (None without weights).
    Raises InputError for a name that is in no area.
    """
    names = found.names()
    if not names:
        why = "; ".join(dict.fromkeys(each.reason for each in found.results.values() if each.reason))
        return Result.not_assessable(name, why or "nobody is recorded", title=f"Review of one {found.subject}")
    example, who = not who, who or _most_work(found)
    if who not in names:
        raise InputError(
            f"no {found.subject} {who!r}",
            where=found.subject,
            found=who,
            choices=quoted_all(names, who),
            do="give the code that the reports show"
            if found.subject == "officer"
            else "name a unit as the assignments do; one of very few officers has no page (see SECURITY.md)",
        )
    table = pd.DataFrame([row_of(area, result, who, found.per[area]) for area, result in found.results.items()])
    facts: dict[str, Any] = {
        "who": who,
        "subject": found.subject,
        "composite": None,
        "example": example,
        "peers": _peers(found, who),
        "units": list(found.units.get(who, ())),
        "readings": dict(zip(found.results, table["reading"], strict=True)),
    }
    more = _doubtful(table)
    if weights:
        facts["composite"], words = _composite(table.assign(key=list(found.results)), weights)
        more.append(words)
    answer = _answer(table, found, facts)
    chart = Chart(
        "dots",
        "area",
        "ratio",
        "low",
        "high",
        y_label="Count, over what peers lead one to expect",
        alt=answer,
        marks={
            "target": 1.0,
            "target_words": "peers",
            "note": "reason",
            "count": "count",
            "expected": "expected",
            "reading": "reading",
        },
    )
    method = found.method(
        f"clear where the false-discovery rule flags it, probable from a posterior probability of {PROBABLE:.0%}"
    )
    return Result(
        name, table, f"Review of {found.subject} {who}", answer, method, (*CAVEATS, *more), facts, chart, LABELS
    )


def _peers(found: Areas, who: str) -> int:
    """The most peers in any area; courses are held against the whole agency and do not count."""
    held = [
        result.table[result.table["officer"].astype(str) == who]
        for area, result in found.results.items()
        if len(result.table) and area != "training"
    ]
    return int(max((one["peers"].max() for one in held if len(one)), default=0))


LABELS = {
    "area": "Area",
    "better": "Better",
    "count": "Count",
    "work": "In",
    "expected": "Expected beside peers",
    "ratio": "Count over expected",
    "chance_better": "Chance of doing better than peers",
    "reading": "Reads as",
    "reason": "Why not assessable",
    "low": "95 % low",
    "high": "95 % high",
}


def _doubtful(table: pd.DataFrame) -> list[str]:
    """How many of the readings that stand out are expected to be wrong, by their own probabilities."""
    chance = table.loc[~table["reading"].isin(["like peers", Verdict.NOT_ASSESSABLE]), "chance_better"].astype(float)
    wrong = float(chance.where(chance < 0.5, 1 - chance).sum())
    if not len(chance):
        return []
    share = wrong / len(chance)
    some = f"fewer than {_RARE:.0%}" if share < _RARE else f"about {share:.0%}"
    return [f"Of the readings that stand out ({len(chance)} here) {some} are expected to be wrong."]


def _most_work(found: Areas) -> str:
    tables = [result.table for result in found.results.values() if len(result.table)]
    assessed = pd.concat([table[table["verdict"] != Verdict.NOT_ASSESSABLE] for table in tables])
    held = assessed if len(assessed) else pd.concat(tables)
    order = held.assign(officer=held["officer"].astype(str)).groupby("officer")["exposure"].agg(["size", "sum"])
    return str(order.sort_values(["size", "sum"], kind="stable").index[-1])


def row_of(area: str, result: Result, who: str, per: str) -> dict[str, Any]:
    """One person's line of one area: the columns of a card."""
    better = AREAS[area].better
    row: dict[str, Any] = {
        "area": named(area).short.capitalize(),
        "better": better,
        "reading": Verdict.NOT_ASSESSABLE,
        "count": None,
        "work": "",
        "expected": None,
        "ratio": None,
        "low": None,
        "high": None,
        "chance_better": None,
        "reason": result.reason,
    }
    held = result.table[result.table["officer"].astype(str) == who] if len(result.table) else result.table
    if held.empty:
        return row | {"reason": result.reason or "no work of this kind is recorded"}
    one = held.iloc[0].to_dict()
    if one["verdict"] == Verdict.NOT_ASSESSABLE:
        return row | {"reason": one["reason"], "work": f"{one['exposure']:,.0f} {per}"}
    above = float(one["posterior"])
    chance = above if better == "more" else 1 - above
    return row | {
        "count": one["events"],
        "work": f"{one['exposure']:,.0f} {per}",
        "expected": one["expected"],
        "ratio": one["estimate"],
        "low": one["low"],
        "high": one["high"],
        "chance_better": chance,
        "reading": _reading(str(one["verdict"]), better, chance),
        "reason": "",
    }


def _reading(verdict: str, better: str, chance: float) -> str:
    if verdict in ("higher", "lower"):
        return "strength" if (verdict == "higher") == (better == "more") else "need"
    if chance >= PROBABLE:
        return "probable strength"
    return "probable need" if chance <= 1 - PROBABLE else "like peers"


def _answer(table: pd.DataFrame, found: Areas, facts: Mapping[str, Any]) -> str:
    who, of = f"{found.subject.capitalize()} {facts['who']}{_example(found, facts)}", len(table)
    rows = list(zip((AREAS[area].short for area in found.results), table.to_dict("records"), strict=True))
    said = {word: [_told(short, row) for short, row in rows if row["reading"] == word] for word in READINGS}
    parts = [
        f"{word}: {'; '.join(said[word])}."
        for word in ("strength", "probable strength", "need", "probable need")
        if said[word]
    ]
    like, silent = len(said["like peers"]), len(said[Verdict.NOT_ASSESSABLE])
    if silent == of:
        return (
            f"{who} cannot be assessed in any of {of} areas. That says nothing about the work, for better or "
            "worse: there are too few peers, or too little work, to tell."
        )
    head = " ".join(one[0].upper() + one[1:] for one in parts) or "Nothing stands out either way."
    rest = f"Like peers in {like} of {of} areas, not assessable in {silent}."
    return f"{who}, beside {_beside(found, facts)}. {head} {rest}"


def _example(found: Areas, facts: Mapping[str, Any]) -> str:
    """Why this one, where nobody was named."""
    return f" (an example: the {found.subject} of whose work most can be assessed)" if facts["example"] else ""


def _beside(found: Areas, facts: Mapping[str, Any]) -> str:
    peers = f"{facts['peers']:,} {'officers' if found.subject == 'officer' else 'units'}"
    if found.subject == "unit":
        return f"{peers} of the same {listed(found.alike)}"
    units = list(facts["units"])
    where = (
        f"unit{'s' if len(units) > 1 else ''} {listed(units)}"
        if 0 < len(units) <= 3
        else (f"the same {listed(found.alike)}" if found.alike else "the agency")
    )
    same = f" in the same {found.alike[-1]}s" if units and len(units) <= 3 and found.alike[-1] != "unit" else ""
    return f"{peers} of {where}{same}"


def _told(short: str, row: Mapping[Any, Any]) -> str:
    """One area's count, what was expected, and which way they differ."""
    if row["count"] is None:
        return short
    way = "more" if row["ratio"] > 1 else "fewer"
    return f"{short} {row['count']:,.0f}, expected {row['expected']:,.0f} ({way})"


def _composite(table: pd.DataFrame, weights: Mapping[str, float]) -> tuple[float | None, str]:
    """The weighted mean chance of doing better than peers over assessable areas; None below half of the weight."""
    weight = table["key"].map(weights).fillna(0.0).astype(float)
    known = table["chance_better"].notna()
    every, held = float(weight.sum()), float(weight[known].sum())
    if every <= 0 or held < every / 2:
        return None, "No composite: less than half of the department's weights fall on areas that can be assessed."
    value = float((weight * table["chance_better"].astype(float).fillna(0))[known].sum() / held)
    return value, (
        f"Composite by the department's own weights: {value:.2f} (mean chance of doing better than peers; "
        ".50 is like them). The weights are the department's choice, and another choice gives another "
        "order."
    )


def weights(dept: Department) -> Mapping[str, float]:
    """The weights of the department's policy; empty when it has none, and then there is no composite."""
    return rules(dept).get("weights") or {}


def chances(found: Areas, wanted: list[str]) -> pd.DataFrame:
    """Everyone's chance of doing better than peers: ``officer`` and a column per area; missing where not assessable."""
    columns = {}
    for area in wanted:
        table = found.results[area].table
        none = pd.DataFrame({"officer": [], "posterior": []})
        known = table[table["verdict"] != Verdict.NOT_ASSESSABLE] if len(table) else none
        above = known.set_index(known["officer"].astype(str))["posterior"].astype(float)
        columns[area] = above if named(area).better == "more" else 1 - above
    return pd.DataFrame(columns).rename_axis("officer").reset_index()
