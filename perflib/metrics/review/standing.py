"""The first screen of a comparison of officers: what was held fixed, what was not, and so what it can rule out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from perflib.figures import Chart
from perflib.result import Result

TITLE = "What this comparison can and cannot rule out"
HELD = {
    "unit": "The unit an officer worked in", "district": "The district", "shift": "The shift",
    "duty": "The kind of duty", "beat": "The beat", "month": "The time of year and events of the month",
}
NEVER = ("The kind of call, and who else was there", "What was not recorded", "Why an officer was sent",
         "A whole unit, or the whole department, doing too much or too little")


def standing(found: Result, period: str = "month") -> Result:
    """What a Result of ``officers.compare`` rules out: a table of explanations, each held fixed or not, and the counts.

    Result ``standing`` with ``explanation`` and ``ruled_out`` ("yes", "no", "in part"). Facts: the counts of ``found``.
    """
    if found.reason and not found.facts.get("officers"):
        return Result.not_assessable("standing", found.reason, title=TITLE)
    fixed = {*found.facts.get("assignment", ()), *(["month"] if period else [])}
    rows = [{"explanation": "How much work the officer did", "ruled_out": "yes"},
            {"explanation": "Chance", "ruled_out": "in part: about one in ten flags is expected to be false"}]
    rows += [{"explanation": words, "ruled_out": "yes" if key in fixed else "no"} for key, words in HELD.items()]
    rows += [{"explanation": words, "ruled_out": "no"} for words in NEVER]
    facts = {key: found.facts.get(key) for key in ("officers", "assessed", "flags", "not_assessable", "measure", "per")}
    return Result("standing", pd.DataFrame(rows), TITLE, _answer(found.facts, fixed), found.method, (
        "A flag asks for a review of the record. It is no finding, and no ground for discipline.",
        "Officers are shown by codes. Those not assessable stand without figures."), facts, None,
        {"explanation": "Could it be explained by", "ruled_out": "Ruled out"})


def _answer(facts: Any, fixed: set[str]) -> str:
    held = [word for word in ("unit", "district", "shift", "duty", "beat", "month") if word in fixed]
    words = ", ".join(["amount of work", *(f"the same {word}" for word in held)])
    flags = facts.get("flags", 0)
    false = float(facts.get("expected_false_flags", 0))
    some = f"about {false:.0f} of them are" if false >= 1 else "fewer than one of them is"
    chance = (f"{some} expected to be false" if flags else
              f"if nobody differed, a flag would still come up in at most {facts.get('q', 0.1):.0%} of such "
              f"comparisons")
    return (f"{flags:,} of {facts.get('assessed', 0):,} officers who can be assessed stand out; {chance}. "
            f"{facts.get('not_assessable', 0):,} of {facts.get('officers', 0):,} cannot be assessed. Officers are "
            f"compared "
            f"at equal {words}. This cannot rule out differences in the kind of calls, in partners, in what was "
            f"written "
            "down, or a unit whose officers all do the same.")


def shown(found: Result, *, most: int = 600) -> Result:
    """The comparison as it may be shared: no figures of those not assessable, and at most ``most`` rows.

    Flagged officers come first, then the others who can be assessed, by name; the rest are counted in a caveat. Where
    nobody can be assessed the table says why, with how many officers: ``reason``, ``officers``.
    """
    if found.table.empty or "verdict" not in found.table.columns:
        return found
    table = found.table.assign(officer=found.table["officer"].astype(str))
    silent = table["verdict"] == "not assessable"
    if silent.all():
        return _nobody(found, table)
    figures = [name for name in table.columns if name not in ("officer", "verdict", "reason", "flagged")]
    table = table.astype({name: float for name in figures if pd.api.types.is_numeric_dtype(table[name])})
    table.loc[silent, figures] = float("nan")
    order = table["verdict"].map({"higher": 0, "lower": 0, "as peers": 1, "not assessable": 2})
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
    return replace(found, table=counts, answer=words, chart=Chart("bars", "reason", "officers", y_label="Officers",
                   alt=words), labels={"reason": "Why not assessable", "officers": "Officers"}, reason="")
