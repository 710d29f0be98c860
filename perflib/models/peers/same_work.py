"""Peer groups: officers who held the same assignment in the same month, and the events expected for their work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.peers import renamed, table
from perflib.models.peers.funnel import funnel
from perflib.models.peers.table import COLUMNS, Comparison
from perflib.verdicts import FLAGS, Verdict

#: an officer is assessed when at least this share of the exposure was spent with enough peers.
COMPARABLE = 0.5
_ORDER = [*COLUMNS, "events", "expected", "comparable"]


def same_work(
    frame: pd.DataFrame,
    officer: str = "officer",
    assignment: Sequence[str] = ("unit",),
    month: str | None = "month",
    *,
    exposure: str = "exposure",
    events: str = "events",
    minimum: int = 5,
    times: float = 1.5,
    q: float = 0.10,
    minimum_expected: float = 5.0,
    minimum_exposure: float = 0.0,
    exposure_words: str = "",
) -> Comparison:
    """Officers against those who held the same assignment in the same months: observed over expected events.

    Expected events are made by indirect standardisation: in each cell of assignment and month an officer's exposure is
    multiplied by the rate of the *other* officers there; a cell with fewer than ``minimum`` others is no peer group and
    its exposure and events are left out. A unit that was renamed (all its members appear in a new unit as the old one
    vanishes) is read as one unit, and named in the facts. Officers flagged at first leave the standard of the others,
    the expected counts are made anew, and everybody is compared with them once more.

    Parameters
    ----------
    frame : rows of officer x month x assignment with ``exposure`` and ``events``; rows of one cell are added up.
    assignment : columns that make work comparable (unit, district, shift, duty).
    month : column of the month, as a date or sortable text; None to pool all months.
    times, q, minimum_expected : as in ``funnel``.
    exposure_words : names the exposure in the reason of those below ``minimum_exposure``.

    Returns
    -------
    The Comparison of ``funnel``; ``exposure`` is the comparable exposure, ``expected`` and ``comparable`` (its share)
    come after ``reason``. Facts also: ``cells``, ``assignment``, ``renamed`` (``column``, ``before``, ``after``,
    ``when``). Where nobody has peers: everybody's reason, without the facts of the funnel.

    Raises
    ------
    InputError : missing columns, negative numbers, events without exposure in every row.
    PrivacyError : a protected personal field among ``assignment``.
    """
    table.refuse(assignment)
    keys = [*([month] if month else []), *assignment]
    rows, names = _rows(frame, officer, keys, exposure, events), []
    for column in assignment if month else ():
        rows, more = renamed.merged(rows, column, str(month))
        names += more
    cell = rows.groupby(keys, dropna=False, sort=False).ngroup() if keys else pd.Series(0, index=rows.index)
    each = rows.assign(cell=cell).groupby(["cell", "officer"], sort=True)[["exposure", "events"]].sum().reset_index()
    few, enough = f"fewer than {minimum} peers", f"{minimum_exposure:g}"
    below = f"fewer than {enough} {exposure_words} with peers" if exposure_words else f"exposure below {enough}"

    def compared(without: Sequence[Any]) -> tuple[pd.DataFrame, Comparison | None]:
        people = _expected(each, minimum, without)
        people["reason"] = table.first_reason(
            (people["all_exposure"] <= 0, "no exposure recorded"),
            (people["comparable"] <= 0, few),
            (people["comparable"] < COMPARABLE, f"most of the work had {few}"),
            (people["exposure"] < minimum_exposure, below),
        )
        able = people[people["reason"] == ""]
        if not (able["expected"] > 0).any():
            return people.assign(reason=people["reason"].replace("", few)), None
        options: dict[str, Any] = {"times": times, "q": q, "minimum_expected": minimum_expected, "minimum_peers": 0}
        return people, funnel(able["events"], able["expected"], uncertainty=able["uncertainty"], **options)

    people, found = compared([])
    if found is not None:
        flagged = found.table.loc[found.table["verdict"].isin(FLAGS), "officer"]
        if 0 < len(flagged) < len(people) / 4:
            people, found = compared(flagged.tolist())
    made = _everybody(people, found)
    facts = table.summary(made, q)
    if found is not None:
        facts = found.facts | {**facts, "expected_false_flags": found.facts["expected_false_flags"]}
    facts |= {"cells": each["cell"].nunique(), "assignment": list(assignment), "renamed": names}
    return Comparison(made, facts, "" if found else "; ".join(facts["reasons"]))


def _rows(frame: pd.DataFrame, officer: str, keys: list[str], exposure: str, events: str) -> pd.DataFrame:
    table.need(frame, officer, *keys, exposure, events)
    rows = frame[[*keys]].assign(
        officer=frame[officer],
        exposure=frame[exposure].astype(float).fillna(0.0),
        events=frame[events].astype(float).fillna(0.0),
    )
    if (rows[["exposure", "events"]] < 0).any().any():
        raise InputError("negative exposure or events", where="frame", do="book corrections where they belong")
    nameless = int(rows["officer"].isna().sum())
    if nameless:
        raise InputError(f"{nameless} rows without an officer", where=officer, do="leave them out, and say how many")
    return rows


def _expected(each: pd.DataFrame, minimum: int, without: Sequence[Any]) -> pd.DataFrame:
    """Officers' expected counts from rows of cell x officer, by officer.

    ``events``, ``exposure``: in cells with enough peers; ``expected`` there, with ``uncertainty`` (its squared
    coefficient of variation); ``all_events``, ``all_exposure``; ``comparable`` share of exposure; ``peers``.
    """
    at_work = each["exposure"] > 0
    standard = at_work & ~each["officer"].isin(without)
    add = each.assign(n=standard.astype(int), x=each["exposure"] * standard, y=each["events"] * standard)
    others = add.groupby("cell")[["n", "x", "y"]].transform("sum") - add[["n", "x", "y"]]
    near = at_work & (others["n"] >= minimum) & (others["x"] > 0)
    ratio = each["exposure"] / others["x"].where(near)
    rows = each.rename(columns={"events": "all_events", "exposure": "all_exposure"}).assign(
        events=each["events"].where(near, 0),
        exposure=each["exposure"].where(near, 0),
        expected=ratio * others["y"],
        variance=ratio**2 * others["y"],
    )
    made = rows.drop(columns="cell").groupby("officer").sum()
    made["uncertainty"] = (made.pop("variance") / made["expected"].where(made["expected"] > 0) ** 2).fillna(0.0)
    made["comparable"] = (made["exposure"] / made["all_exposure"].where(made["all_exposure"] > 0)).fillna(0.0)
    made["peers"] = _met(rows[standard], rows[near]).reindex(made.index).fillna(0).astype(int)
    return made


def _met(standard: pd.DataFrame, near: pd.DataFrame) -> pd.Series:
    """How many different others each officer shares a cell with."""
    from scipy.sparse import csr_matrix

    names = pd.Index(pd.unique(pd.concat([standard["officer"], near["officer"]])))
    cells = pd.Index(pd.unique(near["cell"]))

    def matrix(rows: pd.DataFrame) -> Any:
        at = (names.get_indexer(pd.Index(rows["officer"])), cells.get_indexer(pd.Index(rows["cell"])))
        return csr_matrix((np.ones(len(rows), np.int32), at), shape=(len(names), len(cells)))

    here, there = matrix(near), matrix(standard[standard["cell"].isin(cells)])
    itself = (here.multiply(there).sum(axis=1) > 0).astype(int)
    return pd.Series(np.diff((here @ there.T).indptr) - np.asarray(itself).ravel(), index=names)


def _everybody(people: pd.DataFrame, found: Comparison | None) -> pd.DataFrame:
    """The table of the funnel, with those who cannot be compared and their reasons."""
    if found is None:
        made = people.assign(exposure=people["all_exposure"], events=people["all_events"])
        made[["estimate", "low", "high", "posterior", "fdr"]] = np.nan
        return made.assign(verdict=Verdict.NOT_ASSESSABLE).reset_index()[_ORDER]
    able = people["reason"] == ""
    made = found.table.set_index("officer").reindex(people.index)
    made = made.assign(
        reason=made["reason"].where(able, people["reason"]),
        verdict=made["verdict"].where(able, Verdict.NOT_ASSESSABLE),
        expected=people["expected"],
        exposure=people["exposure"].where(people["exposure"] > 0, people["all_exposure"]),
        peers=people["peers"],
        comparable=people["comparable"],
        events=people["events"].where(able, people["all_events"]),
    )
    made["flagged"] = made["verdict"].isin(FLAGS)
    made = made.reset_index()
    return made[[*_ORDER, *made.columns.difference(_ORDER, sort=False)]]
