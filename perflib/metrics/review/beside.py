"""What the other comparisons say of those flagged: other peers, the same kind of work, the same scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.metrics.officers import EXPOSURES, MEASURES, scenes, similar
from perflib.metrics.review.choices import choices
from perflib.models.peers.table import listed
from perflib.result import Result
from perflib.verdicts import FLAGS, Verdict

TITLE = "What the comparisons say of each flagged officer"
METHOD = "Verdicts of the comparisons on this page, side by side; each has its own method and its own peers."


@dataclass(frozen=True, eq=False)
class Beside:
    """The comparisons that stand beside the first: ``ways`` of making peers, ``similar`` work, the same ``scenes``.

    ``staff`` counts the officers on the staff list; None where there is none.
    """

    ways: Result
    similar: Result
    scenes: Result
    staff: int | None = None


def beside(
    dept: Department, found: Result, measure_name: str, *, period: str = "month", first: str = "", last: str = ""
) -> Beside:
    """Make the comparisons that stand beside ``found``, the ``officers.compare`` of the same measure and days."""
    return Beside(
        choices(dept, measure_name, period=period, first=first, last=last, found=found),
        similar(dept, measure_name, first=first, last=last),
        scenes(dept, first=first, last=last),
        int(dept.officers.count().execute()) if dept.has("officers") else None,
    )


def repeated(found: Result, others: Beside) -> pd.DataFrame:
    """One row per officer whom ``found`` flags: which of the other comparisons repeat the verdict.

    ``officer``, ``verdict``; ``ways`` and ``of``: under how many choices of peers the verdict is the same, of how many
    that can assess the officer; ``similar`` and ``scenes``: their verdicts ("" where that comparison does not apply);
    ``borderline``: the kind of work or the scene can be assessed and does not repeat the verdict, or no more than half
    of the choices of peers do.
    """
    flagged = found.table[found.table["verdict"].isin(FLAGS)] if len(found.table) else pd.DataFrame({"officer": []})
    rows = [_one(str(one["officer"]), str(one["verdict"]), found, others) for one in flagged.to_dict("records")]
    return pd.DataFrame(rows, columns=["officer", "verdict", "ways", "of", "similar", "scenes", "borderline"])


def _one(who: str, verdict: str, found: Result, others: Beside) -> dict[str, Any]:
    row = _of(others.ways, who)
    each = [str(row[way]) for way in others.ways.facts.get("flags", {})] if row else []
    known = [one for one in each if one != Verdict.NOT_ASSESSABLE]
    same = sum(one == verdict for one in known)
    apart = (others.similar, _scenes(found, others))
    work, scene = (str((_of(one, who) or {"verdict": ""})["verdict"]) for one in apart)
    doubted = any(one not in ("", Verdict.NOT_ASSESSABLE, verdict) for one in (work, scene))
    return {
        "officer": who,
        "verdict": verdict,
        "ways": same,
        "of": len(known),
        "similar": work,
        "scenes": scene,
        "borderline": doubted or (bool(known) and same <= len(known) / 2),
    }


def _of(result: Result, who: str) -> dict[str, Any] | None:
    if result.reason or "officer" not in result.table.columns:
        return None
    held = result.table[result.table["officer"].astype(str) == who]
    return None if held.empty else {str(key): value for key, value in held.iloc[0].to_dict().items()}


def _scenes(found: Result, others: Beside) -> Result:
    """The scenes tell of force alone."""
    if found.facts.get("measure") == "force":
        return others.scenes
    return Result.not_assessable("same_scene", "scenes are compared on force alone")


def hold(found: Result, others: Beside) -> str:
    """How many of the flags hold in the other comparisons, and which are borderline, in words; "" for no flag."""
    rows = repeated(found, others)
    if rows.empty:
        return ""
    silent = ["", Verdict.NOT_ASSESSABLE]
    known = {"ways": rows["of"] > 1, **{one: ~rows[one].isin(silent) for one in ("similar", "scenes")}}
    same = {"ways": rows["ways"] == rows["of"], **{one: rows[one] == rows["verdict"] for one in ("similar", "scenes")}}
    there = [one for one in _WHERE if known[one].any()]
    said = _one_flag if len(rows) == 1 else _flags
    doubtful = rows.loc[rows["borderline"], "officer"].tolist()
    edge = (
        ""
        if not doubtful
        else (
            f"{listed(doubtful) if len(doubtful) <= _NAMED else f'{len(doubtful):,} of them'} "
            f"{'is' if len(doubtful) == 1 else 'are'} borderline."
        )
    )
    return f"{said(same, known, there) if there else ''} {edge}".strip()


_WHERE = {"ways": "under every choice of peers", "similar": "at the same kind of work", "scenes": "at the same scene"}
#: officers whom a sentence can name.
_NAMED = 5


def _flags(same: dict[str, pd.Series], known: dict[str, pd.Series], there: list[str]) -> str:
    """How many of several flags hold where."""
    each = [(int((same[one] & known[one]).sum()), int(known[one].sum()), _WHERE[one]) for one in there]
    every = len(known[there[0]])
    few = [
        f"{n or 'none'}{'' if of == every else f' of the {of} that can be assessed'} {where}"
        for n, of, where in each[1:]
    ]
    n, of, where = each[0]
    some = (
        f"None of the {of} flags holds"
        if not n
        else f"All {n} flags hold"
        if n == every
        else (f"{n} of the {of} flags {'holds' if n == 1 else 'hold'}")
    )
    return f"{listed([f'{some} {where}', *few])}."


def _one_flag(same: dict[str, pd.Series], known: dict[str, pd.Series], there: list[str]) -> str:
    """Where the one flag holds, and where it does not."""
    held = [_WHERE[one] for one in there if same[one].all()]
    lost = [_WHERE[one] for one in there if not same[one].all()]
    return f"The flag {f'holds {listed(held)}' if held else 'does not hold'}{' but not' if held and lost else ''}" + (
        f" {listed(lost)}." if lost else "."
    )


def flagged(found: Result, others: Beside, *, most: int = 40) -> Result:
    """Every officer whom the comparison flags, with what the other comparisons say.

    Result ``flagged``: ``officer``, ``count``, ``expected``, ``ratio``, ``ratio_low``, ``ratio_high`` (observed over
    expected beside the peers of ``found``), ``other_peers`` (under how many choices of peers the verdict is the same),
    ``same_work`` and, for force, ``same_scene`` (verdicts, or why not assessable). Facts: ``officers``, ``borderline``,
    ``elsewhere`` (officers whom only another comparison flags). No row where nobody is flagged.
    """
    if found.reason:
        return Result.not_assessable("flagged", found.reason, title=TITLE, method=METHOD)
    rows = repeated(found, others)
    force = found.facts.get("measure") == "force"
    held = found.table.assign(officer=found.table["officer"].astype(str)).set_index("officer")
    table = pd.DataFrame(
        [_row(row, held.loc[row["officer"]], others, force) for row in rows.to_dict("records")],
        columns=[*_COLUMNS, *(["same_scene"] if force else [])],
    )
    alone = _elsewhere(found, others, force)
    facts = {
        "officers": rows["officer"].tolist(),
        "borderline": rows.loc[rows["borderline"], "officer"].tolist(),
        "elsewhere": alone,
    }
    words = MEASURES[found.facts["measure"]].words
    gone = [f"{len(table) - most} more are in the table of the comparison."] if len(table) > most else []
    return Result(
        "flagged",
        table.head(most),
        TITLE,
        _answer(found, others, alone),
        METHOD,
        [
            "A flag asks for a review of the record. It is no finding, and no ground for discipline.",
            *_judged(found, others, force),
            *gone,
        ],
        facts,
        None,
        {
            "officer": "Officer",
            "count": words.capitalize(),
            "expected": "Expected",
            "ratio": "Times expected",
            "ratio_low": "95 % low",
            "ratio_high": "95 % high",
            "other_peers": "Choices of peers that say so",
            "same_work": "Same kind of work",
            "same_scene": "Same scene",
        },
    )


_COLUMNS = ("officer", "count", "expected", "ratio", "ratio_low", "ratio_high", "other_peers", "same_work")


def _row(row: dict[Any, Any], one: pd.Series, others: Beside, force: bool) -> dict[str, Any]:
    ways = f"{row['ways']} of {row['of']}" if row["of"] else Verdict.NOT_ASSESSABLE
    told = {
        "officer": row["officer"],
        "count": one["events"],
        "expected": one["expected"],
        "ratio": one["estimate"],
        "ratio_low": one["low"],
        "ratio_high": one["high"],
        "other_peers": ways,
        "same_work": _work(_of(others.similar, row["officer"])),
    }
    return told | ({"same_scene": _scene(_of(others.scenes, row["officer"]))} if force else {})


def _work(one: dict[str, Any] | None) -> str:
    if one is None or one["verdict"] == Verdict.NOT_ASSESSABLE:
        return _silent(one)
    return f"{one['verdict']}: {one['estimate']:.2f} ({one['low']:.2f} to {one['high']:.2f})"


def _scene(one: dict[str, Any] | None) -> str:
    if one is None or one["verdict"] == Verdict.NOT_ASSESSABLE:
        return _silent(one)
    return f"{one['verdict']}, {one['exposure']:,.0f} scenes"


def _silent(one: dict[str, Any] | None) -> str:
    return f"{Verdict.NOT_ASSESSABLE}: {one['reason']}" if one and one["reason"] else Verdict.NOT_ASSESSABLE


def _answer(found: Result, others: Beside, alone: Sequence[str]) -> str:
    flags = int(found.facts["flags"])
    head = f"{flags} officer{'s are' if flags > 1 else ' is'} flagged for review." if flags else "Nobody is flagged."
    more = (
        (
            f" {len(alone)} more {'are' if len(alone) > 1 else 'is'} flagged by another comparison alone"
            f"{': ' + listed(alone) if len(alone) <= _NAMED else ''}."
        )
        if alone
        else ""
    )
    return f"{head} {hold(found, others)}".strip() + more


def _elsewhere(found: Result, others: Beside, force: bool) -> list[str]:
    """Officers whom only another comparison flags, by code."""
    mine = set(found.table.loc[found.table["verdict"].isin(FLAGS), "officer"].astype(str))
    theirs = set(others.ways.table["officer"].astype(str)) if len(others.ways.table) else set()
    for result in (others.similar, *([others.scenes] if force else [])):
        if len(result.table) and "verdict" in result.table.columns:
            theirs |= set(result.table.loc[result.table["verdict"].isin(FLAGS), "officer"].astype(str))
    return sorted(theirs - mine)


def _judged(found: Result, others: Beside, force: bool) -> list[str]:
    """How many officers each comparison reaches: they are not the same, for each needs other records."""
    work = EXPOSURES[found.facts["per"]].words
    parts = [f"{found.facts['assessed']:,} of {found.facts['officers']:,} with {work} beside peers"]
    for result, words in (
        (others.similar, "event by event"),
        *(((others.scenes, "at scenes where levels of force differed"),) if force else ()),
    ):
        if not result.reason:
            parts.append(f"{result.facts['assessed']:,} of {result.facts['officers']:,} {words}")
    staff = f" The staff list has {others.staff:,} officers." if others.staff else ""
    return [f"Each comparison can assess the officers its own records reach: {'; '.join(parts)}.{staff}"]
