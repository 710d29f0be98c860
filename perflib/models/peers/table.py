"""The one table of all officer comparisons: its columns, its verdicts, its counts and the words that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.errors import InputError
from perflib.models.counts.asked import counts
from perflib.privacy import refuse_protected
from perflib.privacy.quoting import cell
from perflib.verdicts import Verdict

Floats = NDArray[np.float64]
#: every comparison gives these columns first, in this order, one row per officer; ``reason`` and its own come after.
COLUMNS = ("officer", "exposure", "peers", "estimate", "low", "high", "posterior", "fdr", "verdict", "reason")
#: coefficient of variation of ordinary officers' rates above which practice itself varies too much to single out few.
WIDE = 0.4
#: what the words of the table mean, for every comparison.
LABELS = {
    "officer": "Officer",
    "exposure": "Exposure",
    "peers": "Peers",
    "low": "95 % low",
    "high": "95 % high",
    "fdr": "False share if flagged",
    "verdict": "Verdict",
    "reason": "Why not assessable",
    "events": "Events",
    "expected": "Expected",
}
CAVEATS = (
    "A flag asks for a review of the record. It is not a finding of wrongdoing, and no ground for discipline.",
    "The comparison rules out chance and what it adjusts for, nothing else: work that differs in ways the records do "
    "not hold (kind of calls, partners, assignments within a unit) can look like a difference between officers.",
    "Peers are the standard: a whole department, or a whole unit, that does too much of something looks ordinary here.",
)


def given(events: Any, base: Any, group: Any, what: str) -> pd.DataFrame:
    """The arguments as one frame: ``officer``, ``events``, ``base`` (missing or 0 where none), ``group``.

    Officers are the index of ``events`` when it is a Series, else numbers from 1. Raises InputError for lengths that
    differ, negative or fractional events, a negative base, or an officer named twice.
    """
    held = next((one for one in (events, base) if isinstance(one, pd.Series)), None)
    if isinstance(events, pd.Series) and isinstance(base, pd.Series) and not events.index.equals(base.index):
        base = _aligned(events, base, what)
    values, size = counts(_numbers(events, "events"), "events"), _numbers(base, what)
    if values.ndim != 1 or len(values) != len(size) or not len(values):
        raise InputError(
            f"{len(values)} events and {len(size)} values of {what}", where=what, do="give one per officer"
        )
    if (size < 0).any() or np.isinf(size).any():
        raise InputError("must not be negative or infinite", where=what)
    names = held.index if held is not None else pd.RangeIndex(1, len(values) + 1)
    if names.has_duplicates:
        raise InputError("an officer has more than one row", where="events", do="add up each officer's rows first")
    return pd.DataFrame({"officer": names.to_numpy(), "events": values, "base": size, "group": _group(group, names)})


def _numbers(given: Any, where: str) -> Floats:
    try:
        return np.atleast_1d(np.asarray(given, dtype=float))
    except (TypeError, ValueError):
        raise InputError("are no numbers", where=where, do="give one number per officer") from None


def _aligned(events: pd.Series, base: pd.Series, what: str) -> pd.Series:
    """``base`` in the order of the officers of ``events``."""
    if events.index.has_duplicates or base.index.has_duplicates:
        raise InputError("an officer has more than one row", where=what, do="add up each officer's rows first")
    odd = events.index.symmetric_difference(base.index)
    if len(odd):
        raise InputError(
            f"events and {what} have different officers in their index, such as {cell(odd[0])}", where=what
        )
    return base.reindex(events.index)


def _group(group: Any, names: pd.Index) -> NDArray[np.int64]:
    if group is None:
        return np.zeros(len(names), np.int64)
    labels = group.reindex(names) if isinstance(group, pd.Series) and not group.index.equals(names) else group
    labels = pd.Series(np.asarray(labels))
    if len(labels) != len(names):
        raise InputError(f"{len(labels)} groups for {len(names)} officers", where="group")
    if labels.isna().any():
        raise InputError("an officer has no group", where="group", do="name one, such as 'unknown', or leave them out")
    return pd.factorize(labels, sort=True)[0].astype(np.int64)


def why_not(
    exposure: Floats, expected: Floats, peers: NDArray[np.int64], minimum_expected: float, minimum_peers: int
) -> NDArray[Any]:
    """The first reason that forbids an assessment, per officer; empty where there is none."""
    return np.select(
        [~(exposure > 0), peers < minimum_peers, ~(expected >= minimum_expected)],
        [
            "no exposure recorded",
            f"fewer than {minimum_peers} peers",
            f"fewer than {minimum_expected:g} events expected at the peers' rate",
        ],
        "",
    )


def verdicts(fdr: Floats, up: NDArray[np.bool_], reason: NDArray[Any], q: float) -> NDArray[Any]:
    """Higher or lower where the adjusted p is at most ``q``, else as peers, or not assessable where a reason stands."""
    flag = np.nan_to_num(fdr, nan=1.0) <= q
    return np.select([reason != "", flag & up, flag], [Verdict.NOT_ASSESSABLE, "higher", "lower"], Verdict.AS_PEERS)


def counted(table: pd.DataFrame, q: float, p: Floats | None = None) -> dict[str, Any]:
    """The facts of every comparison: how many assessed, flagged, not assessable and why, and expected false flags."""
    found = table["verdict"].value_counts()
    flags = int(found.get("higher", 0) + found.get("lower", 0))
    assessed = len(table) - int(found.get(Verdict.NOT_ASSESSABLE, 0))
    facts = {
        "officers": len(table),
        "assessed": assessed,
        "flags": flags,
        "higher": int(found.get("higher", 0)),
        "lower": int(found.get("lower", 0)),
        "not_assessable": len(table) - assessed,
        "q": q,
        "reasons": {str(word): int(n) for word, n in table["reason"][table["reason"] != ""].value_counts().items()},
        "expected_false_flags": 0.0,
        "chance_of_any_flag_if_none_differs": q if assessed else 0.0,
    }
    if flags and p is not None:
        threshold = float(p[table["verdict"].isin(["higher", "lower"]).to_numpy()].max())
        facts["expected_false_flags"] = min(threshold * assessed, float(flags))
    return facts


def told(facts: dict[str, Any], what: str) -> str:
    """The answer: who was assessed, flagged and not assessable, and how many flags chance leads one to expect."""
    head = (
        f"Of {facts['officers']:,} officers {facts['assessed']:,} can be assessed: {facts['higher']} higher and "
        f"{facts['lower']} lower than peers in {what}"
    )
    if facts["flags"]:
        flags, false = facts["flags"], facts["expected_false_flags"]
        head += (
            f"; of {'these ' if flags > 1 else 'this '}{flags} flag{'s' if flags > 1 else ''} "
            f"about {false:.1f} {'are' if flags > 1 else 'is'} expected to be false."
        )
    else:
        head += f". If nobody differed, the chance of any flag would be at most {facts['q']:.0%}."
    return head + doubt(facts)


def doubt(facts: dict[str, Any]) -> str:
    """The sentence on those who cannot be assessed, with the reasons."""
    if not facts["not_assessable"]:
        return ""
    verb = "is" if facts["not_assessable"] == 1 else "are"
    return f" {facts['not_assessable']:,} {verb} not assessable: {reasons(facts)}."


def reasons(facts: dict[str, Any]) -> str:
    """Why officers cannot be assessed; with how many each where there are several reasons."""
    why = facts["reasons"]
    return "; ".join(why) if len(why) == 1 else "; ".join(f"{word} ({n:,})" for word, n in why.items())


def listed(words: Sequence[str]) -> str:
    """Words with commas and a last "and"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def honest(facts: dict[str, Any], rates: bool = True) -> list[str]:
    """What to say where officers differ widely, and where too few can be assessed; ``rates`` of events are compared."""
    told_of = []
    if facts.get("cv", 0.0) > WIDE:
        told_of = [
            "Officers differ widely here even beside peers: nobody need stand out for practice to vary too "
            "much. Ask why it does before asking who."
        ]
    if facts["officers"] >= 30 and facts["assessed"] >= 0.2 * facts["officers"]:
        return told_of
    power = (
        ": of officers at three times the rate of peers nine in ten are found where 15 events are expected of "
        "each, half where 7 are"
        if rates
        else ""
    )
    return [
        *told_of,
        f"With so few officers who can be assessed only large differences can be seen{power}. Pool "
        "several years, compare each officer with their own earlier years, and read the records themselves.",
    ]


def refuse(columns: Sequence[str]) -> None:
    """Raise PrivacyError when a protected personal field, of officers or others, would enter a comparison."""
    plain = [str(column).lower() for column in columns]
    refuse_protected([*plain, *(column.removeprefix("officer_") for column in plain)], "a comparison of officers")


def ordered(table: pd.DataFrame, more: Sequence[str]) -> pd.DataFrame:
    """The common columns first, then ``more``."""
    return table[[*COLUMNS, *more]].reset_index(drop=True)
