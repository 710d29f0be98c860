"""One officer or unit, area by area, against peers: strengths, needs, and what cannot be assessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.officers.cells import NONE
from perflib.metrics.review.areas import AREAS, by_unit, counted, named, rules
from perflib.models.peers.table import Comparison
from perflib.privacy import Policy
from perflib.privacy.quoting import quoted_all
from perflib.result import Result
from perflib.verdicts import FLAGS, Verdict
from perflib.words import review as words

#: a reading is "probably" so from this posterior probability on; "clearly" where it also survives the flag rule.
PROBABLE = 0.9


@dataclass(frozen=True, eq=False)
class Areas:
    """Every area's comparison of all officers (or units): ``results`` by area; ``subject`` says of whom.

    ``per`` names each area's exposure, ``alike`` what peers share, ``units`` each officer's units, most work first.
    """

    subject: str
    results: Mapping[str, Comparison]
    per: Mapping[str, str]
    alike: tuple[str, ...] = ()
    units: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def table(self) -> pd.DataFrame:
        """The tables of all areas, one below the other, with ``area``; officers as text."""
        tables = [each.table.assign(area=area) for area, each in self.results.items() if len(each.table)]
        every = pd.concat(tables) if tables else pd.DataFrame({"officer": []})
        return every.astype({"officer": str})

    @property
    def reasons(self) -> str:
        """Why areas cannot be assessed, each reason once."""
        return "; ".join(dict.fromkeys(each.reason for each in self.results.values() if each.reason))

    def names(self) -> list[str]:
        """Everyone who stands in some area."""
        return sorted(set(self.table["officer"]))


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
    """Compare all officers (``subject`` "officer": of the same unit and period; "unit": of the same duty and period).

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
        frame, reason = counted(dept, area, keys, period, first, last)
        if subject == "unit":
            if area == "training" and not reason:
                reason = "courses are recorded by officer"
            policy: Policy = dept.settings.get("privacy") or Policy()
            compared = by_unit(frame, policy.threshold("officers"))
        else:
            compared, units = frame, units or _units(frame)
        if not reason and (compared.empty or compared["exposure"].sum() <= 0):
            reason = "no work is recorded to count it for"
        per[area] = "" if reason else str(frame["per"].iloc[0])
        results[area] = Comparison(reason=reason) if reason else _area(area, keys[-1], compared, period, minimum, q)
    alike = [key for key in keys[-1:] if dept.has("assignments", key)]
    return Areas(subject, results, per, (*alike, *([period] if period else [])), units)


def _units(frame: pd.DataFrame) -> dict[str, list[str]]:
    """Each officer's units by how much of this work was done there; empty where units are not known."""
    if "unit" not in frame.columns:
        return {}
    spent = frame[frame["unit"] != NONE].groupby(["officer", "unit"])["exposure"].sum().reset_index()
    order = spent[spent["exposure"] > 0].sort_values(["exposure", "unit"], ascending=[False, True], kind="stable")
    return {str(who): [str(one) for one in rows["unit"]] for who, rows in order.groupby("officer")}


def _area(area: str, key: str, frame: pd.DataFrame, period: str, minimum: int, q: float) -> Comparison:
    from perflib.models import peers

    training = area == "training"
    return peers.same_work(
        frame.drop(columns="per"),
        "officer",
        [key] if key in frame.columns else [],
        "period" if period and not training else None,
        minimum=minimum,
        times=1.0,
        q=q,
        minimum_expected=3.0 if training else 5.0,
    )


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
    every, title = found.table, f"Review of one {found.subject}"
    if every.empty:
        return Result.not_assessable(name, found.reasons or "nobody is recorded", title=title)
    names, example = found.names(), not who
    who = who or _most_work(every)
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
    own = every[(every["officer"] == who) & (every["area"] != "training")]  # courses have the whole agency as peers
    keyed = table.set_index(pd.Index(list(found.results)))
    facts: dict[str, Any] = {
        "who": who,
        "subject": found.subject,
        "composite": _composite(keyed["chance_better"], weights) if weights else None,
        "example": example,
        "peers": int(own["peers"].max()) if len(own) else 0,
        "units": list(found.units.get(who, ())),
        "readings": keyed["reading"].to_dict(),
    }
    marks = {"target": 1.0, "target_words": "peers", "note": "reason"}
    marks |= {name: name for name in ("count", "expected", "reading")}
    chart = Chart("dots", "area", "ratio", "low", "high", y_label="Count over expected from peers", marks=marks)
    say = partial(words.card, alike=found.alike, weighted=bool(weights), probable=PROBABLE)
    return Result(name, table, facts=facts, chart=chart, words=say)


def _most_work(every: pd.DataFrame) -> str:
    """Who can be assessed in most areas, and has most work."""
    assessed = every[every["verdict"] != Verdict.NOT_ASSESSABLE]
    used = assessed if len(assessed) else every
    order = used.groupby("officer")["exposure"].agg(["size", "sum"])
    return str(order.sort_values(["size", "sum"], kind="stable").index[-1])


def row_of(area: str, result: Comparison, who: str, per: str) -> dict[str, Any]:
    """One person's line of one area: the columns of a card."""
    better = named(area).better
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
        "reason": result.reason or "no work of this kind is recorded",
    }
    rows = result.table[result.table["officer"].astype(str) == who] if len(result.table) else result.table
    if rows.empty:
        return row
    one = rows.iloc[0].to_dict()
    row |= {"work": f"{one['exposure']:,.0f} {per}", "reason": one["reason"]}
    if one["verdict"] == Verdict.NOT_ASSESSABLE:
        return row
    chance = float(one["posterior"]) if better == "more" else 1 - float(one["posterior"])
    if one["verdict"] in FLAGS:
        reading = "strength" if (one["verdict"] == Verdict.HIGHER) == (better == "more") else "need"
    elif max(chance, 1 - chance) >= PROBABLE:
        reading = "probable strength" if chance > 0.5 else "probable need"
    else:
        reading = "like peers"
    if reading.endswith("need") and not named(area).need:
        reading = "fewer than peers"
    same = {"count": "events", "expected": "expected", "ratio": "estimate", "low": "low", "high": "high"}
    return row | {name: one[column] for name, column in same.items()} | {"chance_better": chance, "reading": reading}


def _composite(chances: pd.Series, weights: Mapping[str, float]) -> float | None:
    """The weighted mean chance of doing better than peers over assessable areas; None below half of the weight."""
    known = chances.dropna().astype(float)
    weight = pd.Series(weights, dtype=float).reindex(chances.index).fillna(0.0)
    most, used = float(weight.sum()), weight[known.index]
    if most <= 0 or used.sum() < most / 2:
        return None
    return float((used * known).sum() / used.sum())


def weights(dept: Department) -> Mapping[str, float]:
    """The weights of the department's policy; empty when it has none, and then there is no composite."""
    return rules(dept).get("weights") or {}


def chances(found: Areas, wanted: list[str]) -> pd.DataFrame:
    """Everyone's chance of doing better than peers: ``officer`` and a column per area; missing where not assessable."""
    every = found.table
    if every.empty:
        return pd.DataFrame(columns=["officer", *wanted])
    above = every[every["verdict"] != Verdict.NOT_ASSESSABLE].pivot(index="officer", columns="area", values="posterior")
    better = {
        area: above[area] if named(area).better == "more" else 1 - above[area] for area in wanted if area in above
    }
    return pd.DataFrame(better, columns=wanted, dtype=float).rename_axis("officer").reset_index()
