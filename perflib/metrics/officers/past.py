"""Each officer beside their own earlier years: what is left to compare with where there are too few peers."""

from __future__ import annotations

from dataclasses import replace

from perflib.agency import Department
from perflib.errors import InputError
from perflib.files.shared import once_per_batch
from perflib.metrics.officers.cells import cells
from perflib.metrics.officers.measures import EXPOSURES, exposure, lacking, measure
from perflib.result import Result

_PERIODS = ("year", "quarter", "month")


@once_per_batch
def past(
    dept: Department,
    measure_name: str,
    *,
    period: str = "year",
    per: str = "",
    first: str = "",
    last: str = "",
    q: float = 0.10,
    name: str = "",
) -> Result:
    """The latest year of each officer against the same officer's earlier ones, per the work done in each.

    Parameters
    ----------
    measure_name, per, first, last : as in ``compare``.
    period : ``year``, ``quarter`` or ``month``; the latest may be unfinished, its work is counted as far as it goes.

    Returns
    -------
    Result of ``perflib.models.peers.own_history``, a row per officer. Facts also ``measure`` and ``per``. Not
    assessable where the records hold one period only.

    Raises
    ------
    InputError : unknown measure, exposure or period.
    """
    from perflib.models import peers

    asked, name = measure(measure_name), name or f"past_{measure_name}"
    if period not in _PERIODS:
        raise InputError(f"no period {period!r}", where="period", choices=_PERIODS, found=period)
    title = f"Whose {asked.words} changed against their own past?"
    why = lacking(dept, asked)
    kind = "" if why else exposure(dept, asked, per)
    if why or kind in ("", "months"):
        return Result.not_assessable(
            name, why or f"no record of the work that {asked.words} are counted for", title=title
        )
    frame = cells(dept, asked, kind, (), period, first, last).frame
    if frame["period"].nunique() < 2:
        return Result.not_assessable(name, f"the records hold one {period} only", title=title)
    found = peers.own_history(frame, "officer", "period", q=q, name=name)
    words = EXPOSURES[kind].words
    facts = dict(found.facts) | {"measure": measure_name, "per": kind, "latest": str(found.facts["latest"])[:10]}
    labels = dict(found.labels) | {
        "exposure": f"{words.capitalize()}, latest {period}",
        "events": f"{asked.words.capitalize()}, latest {period}",
        "expected": "Expected from the own past",
        "periods": f"Earlier {period}s",
    }
    return replace(found, title=title, facts=facts, labels=labels)
