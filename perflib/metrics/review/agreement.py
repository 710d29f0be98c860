"""Whether the other comparisons agree on those flagged: other peers, the same kind of work, the same scene."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.metrics.officers import EXPOSURES, MEASURES, scenes, similar
from perflib.metrics.review.choices import choices
from perflib.result import Result
from perflib.verdicts import FLAGS, Verdict
from perflib.words import review as words

_SILENT = Verdict.NOT_ASSESSABLE
_FIGURES = {"count": "events", "expected": "expected", "ratio": "estimate", "ratio_low": "low", "ratio_high": "high"}


@dataclass(frozen=True, eq=False)
class OtherComparisons:
    """The other comparisons of the same officers: ``ways`` of making peers, ``similar`` work, the same ``scenes``.

    ``staff`` counts the officers on the staff list; None where there is none.
    """

    ways: Result
    similar: Result
    scenes: Result
    staff: int | None = None


def other_comparisons(
    dept: Department, found: Result, measure_name: str, *, period: str = "month", first: str = "", last: str = ""
) -> OtherComparisons:
    """Make the other comparisons of ``found``, the ``officers.compare`` of the same measure and days."""
    return OtherComparisons(
        choices(dept, measure_name, period=period, first=first, last=last, comparison=found),
        similar(dept, measure_name, first=first, last=last),
        scenes(dept, first=first, last=last),
        int(dept.officers.count().execute()) if dept.has("officers") else None,
    )


def repeated(found: Result, others: OtherComparisons) -> pd.DataFrame:
    """One row per officer whom ``found`` flags: which of the other comparisons repeat the verdict.

    ``officer``, ``verdict``; ``ways`` and ``of``: under how many choices of peers the verdict is the same, of how many
    that can assess the officer; ``similar`` and ``scenes``: their verdicts ("" where that comparison does not apply);
    ``borderline``: the kind of work or the scene can be assessed and does not repeat the verdict, or no more than half
    of the choices of peers do.
    """
    rows = []
    for who, verdict in _flags(found).items():
        way = _row(others.ways, who)
        known = [each for each in map(way.get, others.ways.facts.get("flags", ())) if each and each != _SILENT]
        same = sum(each == verdict for each in known)
        work = str(_row(others.similar, who).get("verdict", ""))
        scene = str(_row(others.scenes, who).get("verdict", "")) if _force(found) else ""
        borderline = any(each not in ("", _SILENT, verdict) for each in (work, scene))
        borderline |= bool(known) and same <= len(known) / 2
        rows.append((who, verdict, same, len(known), work, scene, borderline))
    return pd.DataFrame(rows, columns=["officer", "verdict", "ways", "of", "similar", "scenes", "borderline"])


def _force(found: Result) -> bool:
    """Scenes are compared on force alone."""
    return bool(found.facts.get("measure") == "force")


def _flags(result: Result) -> dict[str, str]:
    """Officer -> verdict, of those whom a comparison flags."""
    if "verdict" not in result.table.columns:
        return {}
    rows = result.table[result.table["verdict"].isin(FLAGS)]
    return dict(zip(rows["officer"].astype(str), rows["verdict"].astype(str), strict=True))


def _row(result: Result, who: str) -> dict[str, Any]:
    """An officer's row of a comparison; empty where there is none."""
    if result.reason or "officer" not in result.table.columns:
        return {}
    rows = result.table[result.table["officer"].astype(str) == who]
    return {} if rows.empty else {str(key): value for key, value in rows.iloc[0].items()}


def flagged(found: Result, others: OtherComparisons, *, most: int = 40) -> Result:
    """Every officer whom the comparison flags, with what the other comparisons say.

    Result ``flagged``: ``officer``, ``count``, ``expected``, ``ratio``, ``ratio_low``, ``ratio_high`` (observed over
    expected of ``found``), ``other_peers`` (under how many choices of peers the verdict is the same), ``same_work``
    and, for force, ``same_scene`` (verdicts, or why not assessable). Facts: ``officers``, ``borderline``,
    ``elsewhere`` (officers whom only another comparison flags). No row where nobody is flagged.
    """
    if found.reason:
        return Result.not_assessable("flagged", found.reason, title=words.FLAGGED)
    rows, force = repeated(found, others), _force(found)
    apart = {"same_work": others.similar} | ({"same_scene": others.scenes} if force else {})
    table = pd.DataFrame(
        [_line(row, found, apart) for row in rows.to_dict("records")],
        columns=["officer", *_FIGURES, "other_peers", *apart],
    )
    elsewhere = set(others.ways.table.get("officer", pd.Series(dtype=str)).astype(str))
    elsewhere |= {who for other in apart.values() for who in _flags(other)}
    officers = rows["officer"].tolist()
    facts = {
        "officers": officers,
        "borderline": rows.loc[rows["borderline"], "officer"].tolist(),
        "elsewhere": sorted(elsewhere - set(officers)),
    }
    how = (f"with {EXPOSURES[found.facts['per']].words} and peers", "event by event", "at scenes of force")
    reach = [
        words.reach(other.facts["assessed"], other.facts["officers"], text)
        for other, text in zip((found, *apart.values()), how, strict=False)
        if not other.reason
    ]
    reach += [f"{others.staff:,} on the staff list"] if others.staff else []
    say = partial(
        words.flagged,
        flags=int(found.facts["flags"]),
        agreed=rows,
        events=MEASURES[found.facts["measure"]].words,
        reach=reach,
        more=max(len(table) - most, 0),
    )
    return Result("flagged", table.head(most), facts=facts, words=say)


def _line(row: dict[Any, Any], found: Result, apart: dict[str, Result]) -> dict[str, Any]:
    own = _row(found, row["officer"])
    line = {"officer": row["officer"], **{name: own[column] for name, column in _FIGURES.items()}}
    line["other_peers"] = f"{row['ways']} of {row['of']}" if row["of"] else _SILENT
    for name, other in apart.items():
        one = _row(other, row["officer"])
        if one.get("verdict", _SILENT) == _SILENT:
            line[name] = f"{_SILENT}: {one['reason']}" if one.get("reason") else _SILENT
        elif name == "same_work":
            line[name] = f"{one['verdict']}: {one['estimate']:.2f} ({one['low']:.2f} to {one['high']:.2f})"
        else:
            line[name] = f"{one['verdict']}, {one['exposure']:,.0f} scenes"
    return line
