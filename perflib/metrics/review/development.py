"""From needs to courses, with the evidence that a course moved its measure here, or that there is none yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from perflib import schema, strict_yaml
from perflib.agency import Department
from perflib.errors import DepartmentError, InputError
from perflib.files.roots import given
from perflib.metrics.review.areas import AREAS, rules
from perflib.metrics.review.panel import completed, monthly, starts
from perflib.privacy.people import People, people
from perflib.result import Result
from perflib.verdicts import Verdict
from perflib.words import review as words

NEEDS = ("need", "probable need")
#: facts of an effect that say nothing of a small group of officers
AVERAGES = ("treated", "controls", "method", "evidence", "before_p")
#: columns of an effect that are rounded where counts are hidden
ESTIMATES = ("estimate", "se", "low", "high")


@dataclass(frozen=True)
class Course:
    """One course: the areas whose needs it is suggested for, and the area it should move."""

    name: str
    helps: tuple[str, ...]
    moves: str


@dataclass(frozen=True)
class Plan:
    """A development plan: courses, and advice for needs that no course serves."""

    courses: tuple[Course, ...]
    other: Mapping[str, str]


def plan(dept: Department, path: str | Path = "") -> Plan:
    """The development plan at ``path``, else the one the department file names, else the one that comes with perflib.

    Raises DepartmentError: absent, not YAML, unknown keys or areas, a course without ``helps`` or ``moves``.
    """
    named = path or rules(dept).get("development") or ""
    return read(given(str(named), "development plan") if named else _shipped())


def _shipped() -> Path:
    package = Path(__file__).parents[2]
    installed = package / "_templates" / "development.yml"
    return installed if installed.is_file() else package.parent / "templates" / "development.yml"


def read(path: Path) -> Plan:
    """The plan in a file; see ``plan``."""
    if not path.is_file():
        raise DepartmentError("no such development plan", where=str(path))
    raw = schema.composed(strict_yaml.of_file(path, DepartmentError))
    if not isinstance(raw, dict) or not isinstance(raw.get("courses"), dict):
        raise DepartmentError("needs `courses`, a list of courses by name", where=path.name)
    _only(raw, ("courses", "other"), path.name)
    courses = tuple(_course(str(name), each, path.name) for name, each in raw["courses"].items())
    other = raw.get("other") or {}
    if not isinstance(other, dict):
        raise DepartmentError("is not a list of `area: advice`", where=f"{path.name}, other")
    for area, advice in other.items():
        _area(area, f"{path.name}, other")
        if not isinstance(advice, str):
            raise DepartmentError("is not a text", where=f"{path.name}, other, {area}")
    return Plan(courses, dict(other))


def _course(name: str, raw: Any, file: str) -> Course:
    where = f"{file}, {name}"
    if not isinstance(raw, dict) or not isinstance(raw.get("helps"), list) or not isinstance(raw.get("moves"), str):
        raise DepartmentError("needs `helps` (a list of areas) and `moves` (one area)", where=where)
    _only(raw, ("helps", "moves"), where)
    for area in (*raw["helps"], raw["moves"]):
        _area(area, where)
    if raw["moves"] == "training":
        raise DepartmentError(
            "a course cannot be judged by `training`",
            where=where,
            choices=[area for area in AREAS if area != "training"],
        )
    return Course(name, tuple(raw["helps"]), raw["moves"])


def _only(raw: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in raw:
        if key not in known:
            raise DepartmentError(f"unknown key {key!r}", where=where, choices=known, found=key)


def _area(area: object, where: str) -> None:
    if not isinstance(area, str) or area not in AREAS:
        raise DepartmentError(f"no area {area!r}", where=where, choices=AREAS, found=area)


def course(dept: Department, name: str, area: str, *, method: str = "efficient") -> Result:
    """Did a course move an area's count per officer and month? As ``perflib.models.staggered.effect``.

    Named ``course_effect``. Not assessable without training records, or with too few officers on either side.
    Raises InputError for an unknown area.
    """
    from perflib.models.staggered import effect

    if area not in AREAS:
        raise InputError(f"no area {area!r}", where="area", choices=AREAS, found=area)
    rows, reason = monthly(dept, area)
    taken = pd.DataFrame()
    if not dept.has("training", "officer_id", "course", "completed_on"):
        reason = "no training is recorded"
    else:
        taken = completed(dept, name)
        reason = f"nobody is recorded to have taken {name}" if taken.empty else reason
    if reason:
        return Result.not_assessable("course_effect", reason, title=f"Did {name} move {AREAS[area].short}?")
    found = effect(
        starts(rows, taken),
        unit="officer",
        period="month",
        first="first",
        outcome="count",
        method=method,
        what=name,
        measure=AREAS[area].short,
        who="officer",
        when="month",
    )
    return replace(found, people=averages(dept))


def averages(dept: Department) -> People | None:
    """What may be shared of an effect: averages over groups of officers."""
    labels = ("average", "at", "when")
    return people(dept.settings, "officers", labels, ("units",), facts=AVERAGES, rounded=ESTIMATES)


def development(dept: Department, path: str | Path = "") -> Result:
    """Every course of the plan with the evidence of this department's own records.

    Result ``development``: ``course``, ``moves``, ``baseline`` (what would be expected without it, per officer and
    month), ``effect`` with limits, ``change_share`` (effect over baseline), ``evidence`` ("it moved its measure", "no
    evidence yet", or why it cannot be judged). Facts by course, ``helps`` (the needs it is suggested for) included.
    """
    rows = [_evidence(dept, each) for each in plan(dept, path).courses]
    facts = {row["course"]: {key: row[key] for key in row if key != "course"} for row in rows}
    table = pd.DataFrame(rows).drop(columns="helps", errors="ignore")
    return Result("development", table, facts=facts, words=words.development)


def _evidence(dept: Department, each: Course) -> dict[str, Any]:
    row: dict[str, Any] = {
        "course": each.name,
        "helps": ", ".join(AREAS[one].short for one in each.helps),
        "moves": AREAS[each.moves].short,
        **dict.fromkeys(("baseline", "effect", "effect_low", "effect_high", "change_share")),
        "evidence": words.NONE_YET,
    }
    found = course(dept, each.name, each.moves)
    if found.reason:
        return row | {"evidence": f"{words.NONE_YET}: {found.reason}"}
    simple = found.facts["simple"]
    if found.facts["evidence"]:
        right = (simple["estimate"] < 0) == (AREAS[each.moves].better == "fewer")
        row["evidence"] = words.WORKED if right else words.WRONG_WAY
    return row | {
        "baseline": found.facts["baseline"],
        "effect": simple["estimate"],
        "effect_low": simple["low"],
        "effect_high": simple["high"],
        "change_share": found.facts["change"],
    }


def suggested(review: Result, evidence: Result, plan_of: Plan) -> Result:
    """What a review's needs suggest, with the evidence for each: courses, or other advice.

    ``review`` is a card, ``evidence`` the Result of ``development``. Result ``suggested``: ``need``, ``how_sure``,
    ``suggestion``, ``evidence``. A need that nothing in the plan serves says so. No row where no need is found.
    """
    readings = review.facts.get("readings", {})
    judged = sum(reading != Verdict.NOT_ASSESSABLE for reading in readings.values())
    if not judged:
        reason = review.reason or "no area can be assessed"
        return Result.not_assessable("suggested", reason, title=words.SUGGESTED)
    needs = {area: reading for area, reading in readings.items() if reading in NEEDS}
    rows = []
    for area, reading in needs.items():
        advice = [
            (each.name, evidence.facts.get(each.name, {}).get("evidence", words.NONE_YET))
            for each in plan_of.courses
            if area in each.helps
        ]
        advice += [(plan_of.other[area], "not a course")] if area in plan_of.other else []
        for suggestion in advice or [("nothing in the plan serves this need", "none")]:
            rows.append((AREAS[area].short.capitalize(), reading, *suggestion))
    table = pd.DataFrame(rows, columns=["need", "how_sure", "suggestion", "evidence"])
    return Result("suggested", table, facts={"needs": list(needs)}, words=partial(words.suggested, judged=judged))
