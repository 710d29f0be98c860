"""Each officer's events per exposure, beside officers who held the same post in the same months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from perflib.agency import Department
from perflib.errors import InputError
from perflib.files.shared import once_per_batch
from perflib.metrics.officers.cells import NONE, PERIODS, Cells, cells
from perflib.metrics.officers.measures import EXPOSURES, exposure, lacking, measure
from perflib.privacy import refuse_protected
from perflib.result import Result
from perflib.verdicts import Verdict

#: an agency with fewer officers at work is told what to do instead.
SMALL = 30


@once_per_batch
def compare(
    dept: Department,
    measure_name: str,
    by: Sequence[str] | None = None,
    *,
    per: str = "",
    period: str = "month",
    first: str = "",
    last: str = "",
    minimum: int = 5,
    times: float = 1.5,
    q: float = 0.10,
    name: str = "",
) -> Result:
    """Officers against peers: who has more or fewer events than the others at the same post in the same months?

    Parameters
    ----------
    measure_name : ``force``, ``complaints``, ``commendations``, ``frisks``, ``searches``, ``stops``, ``arrests``.
    by : columns of the assignment that make work comparable: ``unit``, ``district``, ``shift``, ``duty``, ``beat``;
        default the unit where assignments are known, else the district; () for the whole agency.
    per : ``responses``, ``calls``, ``stops``, ``arrests``, ``hours``, ``months``; default the best the department has.
    period : peers worked in the same ``month``, ``quarter``, ``year``; "" for any time.
    first, last : ISO dates; needed for ``months``.
    minimum, times, q : as in ``perflib.models.peers.same_work``.

    Returns
    -------
    Result as of ``perflib.models.peers.same_work``: one row per officer with a verdict. Facts also ``measure``,
    ``per``, ``period``, ``without_officer`` and ``unplaced`` events, ``covered`` (share of all exposure that those who
    can be assessed hold) and ``unknown`` (column of ``by`` -> share of exposure where it is not recorded).

    Raises
    ------
    InputError : unknown measure, exposure, period or column.
    PrivacyError : a protected personal field in ``by``.
    """
    from perflib.models import peers

    asked, name = measure(measure_name), name or f"officers_{measure_name}"
    if period not in PERIODS:
        raise InputError(f"no period {period!r}", where="period", choices=PERIODS, found=period)
    refuse_protected([one.removeprefix("officer_") for one in by or ()], "a comparison of officers")
    title = f"Whose {asked.words} differ from what the same work leads one to expect?"
    why = lacking(dept, asked)
    kind = "" if why else exposure(dept, asked, per)
    if why or not kind:
        return Result.not_assessable(
            name, why or f"no record of the work that {asked.words} are counted for", title=title
        )
    found = cells(dept, asked, kind, _posts(dept, by), period, first, last)
    if found.frame["exposure"].sum() <= 0:
        when = f" from {first or 'the beginning'} to {last or 'the end'} of the records" if first or last else ""
        return Result.not_assessable(name, f"no officer has any {EXPOSURES[kind].words}{when}", title=title)
    frame = found.frame.rename(columns={"period": period}) if period else found.frame
    result = peers.same_work(
        frame,
        "officer",
        found.by,
        period or None,
        minimum=minimum,
        times=times,
        q=q,
        minimum_exposure=EXPOSURES[kind].least,
        exposure_words=EXPOSURES[kind].words,
        name=name,
        counted_words=f"{measure(measure_name).words} per {EXPOSURES[kind].one}",
    )
    return _told(result, found, measure_name, kind, title)


def _posts(dept: Department, by: Sequence[str] | None) -> Sequence[str]:
    if by is not None:
        return by
    if dept.has("assignments", "unit"):
        return ("unit",)
    return ("district",) if not dept.has("assignments") and dept.has("stops", "district") else ()


def _reach(result: Result, found: Cells) -> dict[str, Any]:
    """The share of all exposure that those who can be assessed hold, and where each column of the post is unknown."""
    spent = found.frame["exposure"]
    assessed = result.table.loc[result.table["verdict"] != Verdict.NOT_ASSESSABLE, "officer"]
    covered = float(spent[found.frame["officer"].isin(assessed)].sum() / spent.sum())
    unknown = {one: round(float(spent[found.frame[one] == NONE].sum() / spent.sum()), 6) for one in found.by}
    return {"covered": round(covered, 6), "unknown": unknown}


def _told(result: Result, found: Cells, measure_name: str, kind: str, title: str) -> Result:
    asked, words = measure(measure_name), EXPOSURES[kind].words
    facts = dict(result.facts) | {
        "measure": measure_name,
        "per": kind,
        "period": found.period,
        "without_officer": found.without_officer,
        "unplaced": found.unplaced,
        **_reach(result, found),
    }
    gone = ((found.without_officer, "name no officer"), (found.unplaced, f"stand where the officer has no {words}"))
    lost = [f"{count:,} {asked.words} {why} and are in no officer's figures." for count, why in gone if count]
    if any((found.frame[one] == NONE).any() for one in found.by):
        lost.append(f"Where the {', '.join(found.by)} is not recorded, that is taken as a post of its own.")
    if facts["officers"] < SMALL:
        lost.append(
            "The agency is too small to compare officers within posts. Pool several years, hold each officer "
            "beside their own earlier years, and read the records themselves."
        )
    labels = dict(result.labels) | {
        "exposure": words.capitalize(),
        "events": asked.words.capitalize(),
        "expected": f"Expected {asked.words}",
    }
    chart = replace(result.chart, x_label=f"Expected {asked.words}") if result.chart else None
    told = replace(result, title=title, facts=facts, labels=labels, chart=chart)
    return told.with_caveats(*([asked.caveat] if asked.caveat else []), *lost)
