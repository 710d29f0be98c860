"""From needs to courses, with the evidence that a course moved its measure here, or that there is none yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from perflib import schema, strict_yaml
from perflib.agency import Department
from perflib.errors import DepartmentError, InputError
from perflib.files.roots import given
from perflib.metrics.review.areas import AREAS, rules
from perflib.metrics.review.panel import completed, monthly, starts
from perflib.privacy.people import people
from perflib.result import Result
from perflib.verdicts import Verdict

MOVED = "it moved its measure"
NEEDS = ("need", "probable need")
TITLE = "Does the training move what it should move?"
METHOD = (
    "Staggered adoption: officers who took the course against those who had not yet, in the best proportion of "
    "before and after (Roth and Sant'Anna 2023)."
)


#: facts of an effect that tell of no small group of officers
TOLD = ("treated", "controls", "method", "evidence", "before_p")
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
    courses = tuple(_course(str(name), held, path.name) for name, held in raw["courses"].items())
    other = raw.get("other") or {}
    if not isinstance(other, dict):
        raise DepartmentError("is not a list of `area: advice`", where=f"{path.name}, other")
    for area, words in other.items():
        _area(area, f"{path.name}, other")
        if not isinstance(words, str):
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
    title = f"Did {name} move {AREAS[area].short}?"
    if not dept.has("training", "officer_id", "course", "completed_on"):
        return Result.not_assessable("course_effect", "no training is recorded", title=title)
    taken = completed(dept, name)
    if taken.empty:
        return Result.not_assessable("course_effect", f"nobody is recorded to have taken {name}", title=title)
    rows = monthly(dept, area)
    if isinstance(rows, str):
        return Result.not_assessable("course_effect", rows, title=title)
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
    found = replace(
        found,
        people=people(dept.settings, "officers", ("average", "at", "when"), ("units",), facts=TOLD, rounded=ESTIMATES),
    )
    return found.with_caveats("Counts per month: less work would lower them too. Look at the work done beside it.")


def development(dept: Department, path: str | Path = "") -> Result:
    """Every course of the plan with the evidence of this department's own records.

    Result ``development``: ``course``, ``moves``, ``baseline`` (what would be expected without it, per officer and
    month), ``effect`` with limits, ``change_share`` (effect over baseline), ``evidence`` ("it moved its measure", "no
    evidence yet", or why it cannot be judged). Facts by course, ``helps`` (the needs it is suggested for) included.
    """
    rows = [_evidence(dept, each) for each in plan(dept, path).courses]
    table = pd.DataFrame(rows).drop(columns="helps", errors="ignore")
    works = [row for row in rows if row["evidence"] == MOVED]
    answer = (
        f"{len(works)} of {len(rows)} courses of the plan {'shows' if len(works) == 1 else 'show'} evidence in "
        f"these records of moving {'its' if len(works) == 1 else 'their'} measure"
        f"{': ' + '; '.join(map(_worked, works)) if works else ''}. For the others there is no evidence yet, "
        "which is not evidence that they do nothing."
    )
    facts = {row["course"]: {key: row[key] for key in row if key != "course"} for row in rows}
    return Result(
        "development",
        table,
        TITLE,
        answer,
        METHOD,
        [
            "Assumes that when an officer took the course had nothing to do with how they were doing. Courses given "
            "after a bad month would look as if they worked; a page that finds the groups apart beforehand "
            "claims nothing.",
            "Several courses are judged side by side; one in twenty intervals misses by chance.",
        ],
        facts,
        None,
        {
            "course": "Course",
            "moves": "Should move",
            "baseline": "Without it, a month",
            "effect": "Effect per officer and month",
            "change_share": "In per cent",
            "evidence": "Evidence here",
        },
    )


def _worked(row: dict[str, Any]) -> str:
    change = "" if row["change_share"] is None else f", {row['change_share']:+.0%}"
    return (
        f"{row['course']} ({row['moves']} {row['effect']:+.2f} per officer and month, 95% interval "
        f"{row['effect_low']:+.2f} to {row['effect_high']:+.2f}, where {row['baseline']:.2f} would be "
        f"expected{change})"
    )


_FIGURES = ("baseline", "effect", "effect_low", "effect_high", "change_share")


def _evidence(dept: Department, each: Course) -> dict[str, Any]:
    row: dict[str, Any] = {
        "course": each.name,
        "helps": ", ".join(AREAS[one].short for one in each.helps),
        "moves": AREAS[each.moves].short,
        **dict.fromkeys(_FIGURES),
    }
    found = course(dept, each.name, each.moves)
    if found.reason:
        return row | {"evidence": f"no evidence yet: {found.reason}"}
    simple = found.facts["simple"]
    right = (simple["estimate"] < 0) == (AREAS[each.moves].better == "fewer")
    words = MOVED if found.facts["evidence"] and right else "no evidence yet"
    if found.facts["evidence"] and not right:
        words = "no evidence yet: its measure moved the wrong way"
    shown = (found.facts["baseline"], simple["estimate"], simple["low"], simple["high"], found.facts["change"])
    return row | dict(zip(_FIGURES, shown, strict=True)) | {"evidence": words}


def suggested(review: Result, evidence: Result, plan_of: Plan) -> Result:
    """What a review's needs suggest, with the evidence for each: courses, or other advice.

    ``review`` is a card, ``evidence`` the Result of ``development``. Result ``suggested``: ``need``, ``how_sure``,
    ``suggestion``, ``evidence``. A need that nothing in the plan serves says so. No row where no need is found.
    """
    readings = review.facts.get("readings", {})
    needs = {area: said for area, said in readings.items() if said in NEEDS}
    title = "What might help?"
    judged = [area for area, said in readings.items() if said != Verdict.NOT_ASSESSABLE]
    if not judged:
        return Result.not_assessable("suggested", review.reason or "no area can be assessed", title=title)
    if not needs:
        many = f"{len(judged)} areas" if len(judged) > 1 else "one area"
        words = f"No need found in the {many} that can be assessed."
        empty = pd.DataFrame(columns=["need", "how_sure", "suggestion", "evidence"])
        return Result("suggested", empty, title, words, "", facts={"needs": []})
    rows = [row for area, said in needs.items() for row in _advice(area, said, plan_of, evidence)]
    table = pd.DataFrame(rows)
    answer = "; ".join(f"{row['need'].lower()}: {row['suggestion']} ({row['evidence']})" for row in rows) + "."
    return Result(
        "suggested",
        table,
        title,
        answer[0].upper() + answer[1:],
        "The department's development plan; evidence by staggered adoption in its own records.",
        ["A suggestion for the talk between the officer and the sergeant, who know what the records do not."],
        {"needs": list(needs)},
        None,
        {"need": "Need", "how_sure": "Reads as", "suggestion": "Suggestion", "evidence": "Evidence here"},
    )


def _advice(area: str, said: str, held: Plan, evidence: Result) -> list[dict[str, str]]:
    base = {"need": AREAS[area].short.capitalize(), "how_sure": said}
    found = [
        {
            **base,
            "suggestion": each.name,
            "evidence": str(evidence.facts.get(each.name, {}).get("evidence", "no evidence yet")),
        }
        for each in held.courses
        if area in each.helps
    ]
    if area in held.other:
        found.append({**base, "suggestion": held.other[area], "evidence": "not a course"})
    return found or [{**base, "suggestion": "nothing in the plan serves this need", "evidence": "none"}]
