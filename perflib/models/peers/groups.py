"""Peer groups: officers who held the same assignment in the same month, and what their work leads one to expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.peers import renamed, rule
from perflib.models.peers.funnel import METHOD, TITLE, funnel
from perflib.models.peers.table import CAVEATS, COLUMNS, LABELS, counted, honest, listed, reasons, refuse, told
from perflib.result import Result
from perflib.verdicts import Verdict

#: an officer is assessed when at least this share of the exposure was spent beside enough peers.
COMPARABLE = 0.5
_ORDER = [*COLUMNS, "events", "expected", "comparable"]


@dataclass(frozen=True, eq=False)
class Peers:
    """Officers and what their peers lead one to expect.

    ``table``: one row per officer: ``officer``, ``events``, ``exposure``, ``expected``, ``uncertainty`` (squared
    coefficient of variation of ``expected``), ``peers``, ``comparable`` (share of exposure beside enough peers),
    ``all_events``, ``all_exposure``. ``notes``: sentences, such as renamed units; ``cells`` how many cells there were.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]
    cells: int


def _cells(
    frame: pd.DataFrame, officer: str, assignment: Sequence[str], month: str | None, exposure: str, events: str
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows of cell x officer, and what was read as renamed."""
    refuse(assignment)
    keys = [*([month] if month else []), *assignment]
    rows = _rows(frame, officer, keys, exposure, events)
    notes: list[str] = []
    if month:
        for column in assignment:
            rows, told_of = renamed.merged(rows, column, month)
            notes += told_of
    cell = rows.groupby(keys, dropna=False, sort=False).ngroup() if keys else pd.Series(0, index=rows.index)
    each = rows.assign(cell=cell).groupby(["cell", "officer"], sort=True)[["exposure", "events"]].sum().reset_index()
    return each, tuple(notes)


def _rows(frame: pd.DataFrame, officer: str, keys: list[str], exposure: str, events: str) -> pd.DataFrame:
    for column in (officer, *keys, exposure, events):
        if column not in frame.columns:
            raise InputError(f"no column {column!r}", where="frame", choices=frame.columns, found=column)
    rows = frame[[*keys]].assign(
        officer=frame[officer],
        exposure=frame[exposure].astype(float).fillna(0.0),
        events=frame[events].astype(float).fillna(0.0),
    )
    if (rows[["exposure", "events"]] < 0).any().any():
        raise InputError("negative exposure or events", where="frame", do="book corrections where they belong")
    if rows["officer"].isna().any():
        raise InputError(
            f"{int(rows['officer'].isna().sum())} rows without an officer",
            where=officer,
            do="leave them out, and say how many there were",
        )
    return rows


def _expected(each: pd.DataFrame, minimum: int, without: set[Any]) -> pd.DataFrame:
    """Officers' expected counts from rows of cell x officer."""
    at_work = each["exposure"] > 0
    standard = at_work & ~each["officer"].isin(without)
    add = each.assign(n=standard.astype(int), x=each["exposure"] * standard, y=each["events"] * standard)
    total = add.groupby("cell")[["n", "x", "y"]].transform("sum")
    others = total - add[["n", "x", "y"]]
    near = at_work & (others["n"] >= minimum) & (others["x"] > 0)
    ratio = each["exposure"] / others["x"].where(near)
    rows = each.assign(
        expected=ratio * others["y"],
        variance=ratio**2 * others["y"],
        near=near,
        seen=each["events"].where(near, 0),
        spent=each["exposure"].where(near, 0),
    )
    found = (
        rows.groupby("officer")
        .agg(
            events=("seen", "sum"),
            exposure=("spent", "sum"),
            expected=("expected", "sum"),
            variance=("variance", "sum"),
            all_events=("events", "sum"),
            all_exposure=("exposure", "sum"),
        )
        .reset_index()
    )
    found["uncertainty"] = (found.pop("variance") / found["expected"].where(found["expected"] > 0) ** 2).fillna(0.0)
    found["comparable"] = (found["exposure"] / found["all_exposure"].where(found["all_exposure"] > 0)).fillna(0.0)
    found["peers"] = found["officer"].map(_met(rows[standard & at_work], rows[near])).fillna(0).astype(int)
    return found


def _met(standard: pd.DataFrame, near: pd.DataFrame) -> pd.Series:
    """How many different others each officer shares a cell with."""
    from scipy.sparse import csr_matrix

    names = pd.Index(pd.unique(pd.concat([standard["officer"], near["officer"]])))
    cells = pd.Index(pd.unique(near["cell"]))
    standard = standard[standard["cell"].isin(cells)]

    def matrix(rows: pd.DataFrame) -> Any:
        at = (names.get_indexer(pd.Index(rows["officer"])), cells.get_indexer(pd.Index(rows["cell"])))
        return csr_matrix((np.ones(len(rows), np.int32), at), shape=(len(names), len(cells)))

    here, there = matrix(near), matrix(standard)
    shared = here @ there.T
    itself = (here.multiply(there).sum(axis=1) > 0).astype(int)
    return pd.Series(np.diff(shared.indptr) - np.asarray(itself).ravel(), index=names)


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
    counted_words: str = "events for their exposure",
    name: str = "same_work",
) -> Result:
    """Officers against those who held the same assignment in the same months: observed over expected events.

    Expected events are made by indirect standardisation: in each cell of assignment and month an officer's exposure is
    multiplied by the rate of the *other* officers there; a cell with fewer than ``minimum`` others is no peer group and
    its exposure and events are left out. A unit that was renamed (all its members appear in a new unit as the old one
    vanishes) is read as one unit, and named in a caveat. Officers flagged at first leave the standard of the others,
    the expected counts are made anew, and everybody is compared with them once more.

    Parameters
    ----------
    frame : rows of officer x month x assignment with ``exposure`` and ``events``; rows of one cell are added up.
    assignment : columns that make work comparable (unit, district, shift, duty).
    month : column of the month, as a date or sortable text; None to pool all months.
    times, q, minimum_expected : as in ``funnel``.
    exposure_words, counted_words : name the exposure in the reason of those below ``minimum_exposure``, and in the
        answer what is compared.

    Returns
    -------
    The Result of ``funnel``; ``exposure`` is the comparable exposure, ``expected`` and ``comparable`` (its share) come
    after ``reason``. Facts also: ``cells``, ``assignment``, ``renamed`` (sentences).

    Raises
    ------
    InputError : missing columns, negative numbers, events without exposure in every row.
    PrivacyError : a protected personal field among ``assignment``.
    """
    each, notes = _cells(frame, officer, assignment, month, exposure, events)
    found = Peers(_expected(each, minimum, set()), notes, int(each["cell"].nunique()))
    judged: dict[str, Any] = {"times": times, "q": q, "minimum_expected": minimum_expected, "name": name}
    least = {"minimum": minimum, "exposure": minimum_exposure, "words": exposure_words}
    flagged = _far(found, least, q, minimum_expected)
    if 0 < len(flagged) < len(found.table) / 4:
        found = replace(found, table=_expected(each, minimum, flagged))
    return _told(_judged(found, least, judged), found, tuple(assignment), month, counted_words)


def _far(found: Peers, least: dict[str, Any], q: float, minimum_expected: float) -> set[Any]:
    """The officers whom the funnel would flag."""
    held = found.table.set_index("officer")
    held = held[(_reason(held, least) == "") & (held["expected"] > 0)]
    if held.empty:
        return set()
    verdicts = rule.judge(*(held[one].to_numpy() for one in ("events", "expected", "uncertainty")))
    open_to = (held["expected"] * verdicts.centre >= minimum_expected).to_numpy()
    return set(held.index[np.nan_to_num(rule.false_discovery(verdicts.p, open_to), nan=1.0) <= q])


def _judged(found: Peers, least: dict[str, Any], judged: dict[str, Any]) -> Result:
    """The funnel over those who can be compared; the others join the table with their reasons."""
    held = found.table.set_index("officer")
    few, reason = f"fewer than {least['minimum']} peers", _reason(held, least)
    open_to = reason == ""
    if not (held["expected"][open_to] > 0).any():
        return _nobody(held, np.where(open_to, few, reason), judged)
    result = funnel(
        held["events"][open_to],
        held["expected"][open_to],
        uncertainty=held["uncertainty"][open_to],
        minimum_peers=0,
        **judged,
    )
    table = result.table.set_index("officer").reindex(held.index)
    table["reason"] = table["reason"].where(open_to, reason)
    table["verdict"] = table["verdict"].where(open_to, Verdict.NOT_ASSESSABLE)
    table["flagged"] = table["flagged"].eq(True)
    table = table.assign(
        expected=held["expected"],
        exposure=held["exposure"].where(held["exposure"] > 0, held["all_exposure"]),
        peers=held["peers"],
        comparable=held["comparable"],
    )
    table["events"] = table["events"].fillna(held["all_events"])
    facts = dict(result.facts) | {
        key: value for key, value in counted(table, float(judged["q"])).items() if key != "expected_false_flags"
    }
    return replace(result, table=table.reset_index(), facts=facts)


def _nobody(held: pd.DataFrame, reason: Any, judged: dict[str, Any]) -> Result:
    """The table when nobody has peers: everyone not assessable, and why."""
    table = (
        held[["exposure", "peers", "events", "expected", "comparable"]]
        .assign(
            exposure=held["all_exposure"],
            events=held["all_events"],
            estimate=np.nan,
            low=np.nan,
            high=np.nan,
            posterior=np.nan,
            fdr=np.nan,
            verdict=Verdict.NOT_ASSESSABLE,
            reason=reason,
        )
        .reset_index()
    )
    facts = counted(table, float(judged["q"]))
    why = reasons(facts)
    return Result(
        str(judged["name"]),
        table,
        TITLE,
        f"Not assessable: {why}.",
        METHOD,
        (*CAVEATS, *honest(facts)),
        facts,
        None,
        LABELS,
        why,
    )


def _reason(held: pd.DataFrame, least: dict[str, Any]) -> Any:
    few, enough = f"fewer than {least['minimum']} peers", f"{least['exposure']:g}"
    below = f"fewer than {enough} {least['words']} beside peers" if least["words"] else f"exposure below {enough}"
    return np.select(
        [
            held["all_exposure"] <= 0,
            held["comparable"] <= 0,
            held["comparable"] < COMPARABLE,
            held["exposure"] < least["exposure"],
        ],
        ["no exposure recorded", few, f"most of the exposure beside {few}", below],
        "",
    )


def _told(result: Result, found: Peers, assignment: tuple[str, ...], month: str | None, counted_words: str) -> Result:
    facts = dict(result.facts) | {"cells": found.cells, "assignment": list(assignment), "renamed": list(found.notes)}
    alike = listed([*assignment, *([month] if month else [])]) or "the whole agency"
    if result.reason:
        return replace(result, facts=facts, table=result.table[_ORDER]).with_caveats(*found.notes)
    beside = f"officers of the same {alike}" if assignment or month else "all other officers"
    answer = told(facts, f"{counted_words}, beside {beside}")
    answer += (
        f" Ordinary officers' rates vary by {facts['cv']:.0%} of their mean ({facts['cv_low']:.0%} to "
        f"{facts['cv_high']:.0%}); a fixed |z| > 1.96 would have flagged {facts['flags_fixed_z']}."
    )
    partial = (
        f"The adjustment is for {alike} alone: officers of one {assignment[0]} can still do different work."
        if assignment
        else "Nothing but exposure is adjusted for: units and shifts do different work."
    )
    frame = result.table[[*_ORDER, *(one for one in result.table.columns if one not in _ORDER)]]
    chart = replace(result.chart, x="expected", alt=answer) if result.chart else None
    labels = dict(result.labels) | {
        "exposure": "Exposure beside peers",
        "expected": "Events expected",
        "comparable": "Share of exposure beside peers",
    }
    return replace(result, table=frame, facts=facts, answer=answer, chart=chart, labels=labels).with_caveats(
        partial, *found.notes
    )
