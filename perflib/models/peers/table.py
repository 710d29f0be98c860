"""The one table of all officer comparisons: its columns, its verdicts, and the facts that are counted from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.errors import InputError
from perflib.models.counts.arguments import counts
from perflib.privacy import refuse_protected
from perflib.verdicts import FLAGS, Verdict

Floats = NDArray[np.float64]
#: every comparison gives these columns first, in this order, one row per officer; ``reason`` and its own come after.
COLUMNS = ("officer", "exposure", "peers", "estimate", "low", "high", "posterior", "fdr", "verdict", "reason")


@dataclass(frozen=True, eq=False)
class Comparison:
    """What a model of officers returns, in numbers and codes: ``table`` (of a comparison a row per officer, ``COLUMNS``
    first) and ``facts``. ``reason`` says why there is no answer; the table is empty then, or gives each officer's
    reason.
    """

    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    facts: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


def arguments(events: Any, expected: Any) -> pd.DataFrame:
    """The arguments as one frame: ``officer``, ``events``, ``base`` (missing or 0 where none).

    Officers are the index of a Series, else numbers from 1. Raises InputError for lengths that differ, negative or
    fractional events, negative expected counts, or an officer named twice.
    """
    series = [each for each in (events, expected) if isinstance(each, pd.Series)]
    if any(each.index.has_duplicates for each in series):
        raise InputError("an officer has more than one row", where="events", do="add up each officer's rows first")
    if len(series) == 2:
        if set(events.index) != set(expected.index):
            raise InputError("events and expected have different officers in their index", where="expected")
        expected = expected.reindex(events.index)
    seen, base = np.atleast_1d(counts(events, "events")), np.atleast_1d(np.asarray(expected, dtype=float))
    if seen.ndim != 1 or len(seen) != len(base) or not len(seen):
        raise InputError(f"{len(seen)} events and {len(base)} expected", where="expected", do="give one per officer")
    if (base < 0).any() or np.isinf(base).any():
        raise InputError("must not be negative or infinite", where="expected")
    names = series[0].index if series else pd.RangeIndex(1, len(seen) + 1)
    return pd.DataFrame({"officer": names.to_numpy(), "events": seen, "base": base})


def first_reason(*reasons: tuple[Any, str]) -> NDArray[Any]:
    """The first reason that forbids an assessment, per officer, from (condition, reason); empty where there is none."""
    return np.select([condition for condition, _ in reasons], [reason for _, reason in reasons], "")


def few_expected(minimum: float) -> str:
    """The reason for too little work."""
    return f"fewer than {minimum:g} events expected at the peers' rate"


def verdicts(fdr: Floats, up: Any, reason: Any, q: float) -> NDArray[Any]:
    """Higher or lower where the adjusted p is at most ``q``, else as peers, or not assessable where a reason stands."""
    flag = np.nan_to_num(fdr, nan=1.0) <= q
    codes = [Verdict.NOT_ASSESSABLE, Verdict.HIGHER, Verdict.LOWER]
    return np.select([reason != "", flag & up, flag], codes, Verdict.AS_PEERS)


def summary(table: pd.DataFrame, q: float, p: Floats | None = None) -> dict[str, Any]:
    """The facts of every comparison: how many assessed, flagged, not assessable and why, and expected false flags."""
    flags = table["verdict"].isin(FLAGS)
    assessed = int((table["verdict"] != Verdict.NOT_ASSESSABLE).sum())
    facts = {
        "officers": len(table),
        "assessed": assessed,
        "flags": int(flags.sum()),
        "higher": int((table["verdict"] == Verdict.HIGHER).sum()),
        "lower": int((table["verdict"] == Verdict.LOWER).sum()),
        "not_assessable": len(table) - assessed,
        "q": q,
        "reasons": {str(word): int(n) for word, n in table["reason"][table["reason"] != ""].value_counts().items()},
        "expected_false_flags": 0.0,
        "chance_of_any_flag_if_none_differs": q if assessed else 0.0,
    }
    if flags.any() and p is not None:
        facts["expected_false_flags"] = min(float(p[flags.to_numpy()].max()) * assessed, float(flags.sum()))
    return facts


def need(frame: pd.DataFrame, *columns: str) -> None:
    """Raise InputError for the first column that the frame does not have."""
    for column in columns:
        if column not in frame.columns:
            raise InputError(f"no column {column!r}", where="frame", choices=frame.columns, found=column)


def refuse(columns: Sequence[str]) -> None:
    """Raise PrivacyError when a protected personal field, of officers or others, would enter a comparison."""
    plain = [str(column).lower() for column in columns]
    refuse_protected([*plain, *(column.removeprefix("officer_") for column in plain)], "a comparison of officers")
