"""The first screen of a comparison of officers: what was held fixed, what was not, and so what it can rule out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.figures import Chart
from perflib.metrics.officers import EXPOSURES, MEASURES
from perflib.metrics.officers.fixes import Fixed, fixes
from perflib.metrics.review.beside import Beside, hold
from perflib.models.peers.table import WIDE, listed, reasons
from perflib.result import Result
from perflib.verdicts import Verdict

TITLE = "What this comparison can and cannot rule out"
HELD = {
    "unit": "The unit an officer worked in",
    "district": "The district",
    "shift": "The shift",
    "duty": "The kind of duty",
    "beat": "The beat",
}
WHEN = {
    "month": "The time of year and events of the month",
    "quarter": "The time of year and events of the quarter",
    "year": "What changed from year to year",
    "": "When the work was done",
}
SEASON = "The time of year"
NEVER = (
    "What was not recorded",
    "Why an officer was sent",
    "A whole unit, or the whole department, doing too much or too little",
)


def standing(found: Result, dept: Department | None = None, others: Beside | None = None) -> Result:
    """What a Result of ``officers.compare`` rules out: a table of explanations, each held fixed or not, and the counts.

    Parameters
    ----------
    dept : says what a post fixes besides (a unit of one district and shift); without it such columns are "no".
    others : the comparisons beside this one: how many of the flags hold there, and what those hold fixed.

    Returns
    -------
    Result ``standing`` with ``explanation`` and ``ruled_out`` ("yes", "no", or "in part" with how far). The answer
    says who has how many times what peers have, and how many flags hold elsewhere; where ordinary officers' rates
    vary by more than ``table.WIDE`` of their mean it says that first. Facts: the counts of ``found``.
    """
    facts = found.facts
    if found.reason and not facts.get("officers"):
        return Result.not_assessable("standing", found.reason, title=TITLE)
    by, period = tuple(facts.get("assignment", ())), str(facts.get("period", ""))
    rows = [
        ("How much work the officer did", "yes"),
        ("Chance", f"in part: up to {facts.get('q', 0.1):.0%} of flags are expected to be false"),
    ]
    further = fixes(dept, by) if dept is not None else {}
    rows += [(words, _post(one, by, facts, further)) for one, words in HELD.items()]
    rows += [(WHEN[period], "yes" if period else "no"), *([(SEASON, "no")] if period == "year" else [])]
    rows += [*_events(others), *((words, "no") for words in NEVER)]
    kept = ("officers", "assessed", "flags", "not_assessable", "measure", "per", "period", "covered")
    return Result(
        "standing",
        pd.DataFrame(rows, columns=["explanation", "ruled_out"]),
        TITLE,
        _answer(found, others),
        found.method,
        (
            "A flag asks for a review of the record. It is no finding, and no ground for discipline.",
            "Officers are shown by codes. Those not assessable stand without figures.",
        ),
        {key: facts.get(key) for key in kept},
        None,
        {"explanation": "Could it be explained by", "ruled_out": "Ruled out"},
    )


def _post(one: str, by: tuple[str, ...], facts: Mapping[str, Any], further: Mapping[str, Fixed]) -> str:
    """How far a column of the post is held fixed: by itself, or because the post has one value of it."""
    if one in by:
        share = float(facts.get("unknown", {}).get(one, 0.0))
        work = EXPOSURES[facts["per"]].words if facts.get("per") else "the work"
        digits = 0 if share >= 0.01 else 1
        return f"in part: unknown for {share:.{digits}%} of {work}" if share >= 0.0005 else "yes"
    held, post = further.get(one), by[0] if len(by) == 1 else "post"
    if held is None or not held.one:
        return "no"
    word = "kind of duty" if one == "duty" else one
    if held.one == held.posts:
        return f"yes: each {post} has one {word}"
    none = f", {held.none} record none" if held.none else ""
    return f"in part: {held.one} of {held.posts} {post}s have one {word}{none}"


def _events(others: Beside | None) -> list[tuple[str, str]]:
    """What the comparisons event by event, and at the scene, hold fixed beside this one."""
    kind, scene = "no", "no"
    if others is not None and others.similar.facts.get("assessed"):
        kind = f'not here; held under "same kind of work" ({", ".join(others.similar.facts.get("features", []))})'
    if others is not None and others.scenes.facts.get("assessed"):
        scene = 'not here; held under "same scene", for force'
    return [("The kind of call or stop", kind), ("Who and what was met there", scene)]


def _answer(found: Result, others: Beside | None) -> str:
    facts = found.facts
    measure, work = MEASURES[facts["measure"]].words, EXPOSURES[facts["per"]].words
    assessed, officers, flags = int(facts.get("assessed", 0)), int(facts["officers"]), int(facts.get("flags", 0))
    peers = _peers(facts)
    if not assessed:
        return (
            f"None of {officers:,} officers can be assessed beside {peers}: {reasons(dict(facts))}. That says "
            f"nothing, for better or worse, of anybody's work. {_limits(facts, others)}"
        )
    wide = float(facts.get("cv", 0.0)) > WIDE
    said = [_wide(facts, measure, peers)] if wide else []
    said += (
        [_flags(found, measure, assessed, peers if not wide else "peers", work)]
        if flags
        else [
            f"Against so wide a spread none of the {assessed:,} officers who can be assessed can be singled out; that "
            f"is no all-clear."
            if wide
            else f"None of the {assessed:,} officers who can be assessed stands out in {measure} beside {peers}."
        ]
    )
    said += [hold(found, others)] if others is not None and flags else []
    said += [_false(facts)] if flags else []
    silent = int(facts.get("not_assessable", 0))
    cover = f"those assessed hold {facts['covered']:.0%} of all {work}"
    said += [f"{silent:,} of {officers:,} officers cannot be assessed; {cover}." if silent else ""]
    return " ".join([*(one for one in said if one), _limits(facts, others)])


def _peers(facts: Mapping[str, Any]) -> str:
    alike = [*facts.get("assignment", ()), *([facts["period"]] if facts.get("period") else [])]
    return f"officers of the same {listed(alike)}" if alike else "all other officers"


def _wide(facts: Mapping[str, Any], measure: str, peers: str) -> str:
    return (
        f"Even among {peers} rates of {measure} vary by {facts['cv']:.0%} of their mean ({facts['cv_low']:.0%} to "
        f"{facts['cv_high']:.0%}), chance apart: ask why practice varies so much before asking who."
    )


def _flags(found: Result, measure: str, assessed: int, peers: str, work: str) -> str:
    """Who has how many times what peers have, each way."""
    parts = []
    for verdict in ("higher", "lower"):
        times = found.table.loc[found.table["verdict"] == verdict, "estimate"].astype(float)
        if len(times):
            low, high = f"{times.min():.1f}", f"{times.max():.1f}"
            parts.append(f"{len(times):,} had {low if low == high else f'{low} to {high}'} times")
    first, *rest = parts
    first = first.replace(" had", f" of {assessed:,} officers who can be assessed had", 1)
    return f"{listed([first, *rest])} as many {measure} as {peers} for the same number of {work}."


def _false(facts: Mapping[str, Any]) -> str:
    false = float(facts.get("expected_false_flags", 0))
    many = f"About {false:.0f} of the {facts['flags']:,} flags" if false >= 1 else "Fewer than one flag"
    return f"{many} {'are' if false >= 1.5 else 'is'} expected to be false."


def _limits(facts: Mapping[str, Any], others: Beside | None) -> str:
    kind = "" if others is not None and others.similar.facts.get("assessed") else "the kind of calls, in "
    post = facts["assignment"][0] if facts.get("assignment") else "department"
    whole = "a kind of duty" if post == "duty" else f"a {post}"
    what = "A flag asks for a review of the record: it" if facts.get("flags") else "This"
    return (
        f"{what} cannot rule out differences in {kind}partners, in what was written down, or {whole} whose "
        "officers all do the same."
    )


def shown(found: Result, *, most: int = 600) -> Result:
    """The comparison as it may be shared: no figures of those not assessable, and at most ``most`` rows.

    Flagged officers come first, then the others who can be assessed, by name; the rest are counted in a caveat. Where
    nobody can be assessed the table says why, with how many officers: ``reason``, ``officers``.
    """
    if found.table.empty or "verdict" not in found.table.columns:
        return found
    table = found.table.assign(officer=found.table["officer"].astype(str))
    silent = table["verdict"] == Verdict.NOT_ASSESSABLE
    if silent.all():
        return _nobody(found, table)
    figures = [name for name in table.columns if name not in ("officer", "verdict", "reason", "flagged")]
    table = table.astype({name: float for name in figures if pd.api.types.is_numeric_dtype(table[name])})
    table.loc[silent, figures] = float("nan")
    order = table["verdict"].map({"higher": 0, "lower": 0, Verdict.AS_PEERS: 1, Verdict.NOT_ASSESSABLE: 2})
    table = table.assign(_order=order).sort_values(["_order", "officer"], kind="stable").drop(columns="_order")
    gone = max(len(table) - most, 0)
    more = [f"{gone:,} more officers, none of them flagged, are not listed here."] if gone else []
    listed = table.head(most)
    return replace(found, table=listed.reset_index(drop=True)).with_caveats(*more)


def _nobody(found: Result, table: pd.DataFrame) -> Result:
    """Why nobody can be assessed, and how many officers each reason concerns."""
    counts = table["reason"].value_counts().rename_axis("reason").reset_index(name="officers")
    each = "; ".join(f"{n:,} officers, {why}" for why, n in counts.itertuples(index=False))
    words = f"Nobody can be assessed: {each}."
    return replace(
        found,
        table=counts,
        answer=words,
        chart=Chart("bars", "reason", "officers", y_label="Officers", alt=words),
        labels={"reason": "Why not assessable", "officers": "Officers"},
        reason="",
    )
