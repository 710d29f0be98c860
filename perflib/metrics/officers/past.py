"""Each officer against their own earlier years: what is left to compare with where there are too few peers."""

from __future__ import annotations

from functools import partial

from perflib.agency import Department
from perflib.errors import InputError
from perflib.files.shared import once_per_batch
from perflib.metrics.officers import figure
from perflib.metrics.officers.cells import cells
from perflib.metrics.officers.measures import EXPOSURES, exposure, measure
from perflib.result import Result
from perflib.words import officers as words

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

    measured, name = measure(measure_name), name or f"past_{measure_name}"
    if period not in _PERIODS:
        raise InputError(f"no period {period!r}", where="period", choices=_PERIODS, found=period)
    title = words.OWN_PAST.format(events=measured.words)
    kind, reason = exposure(dept, measured, per, months=False)
    if reason:
        return Result.not_assessable(name, reason, title=title)
    frame = cells(dept, measured, kind, (), period, first, last).frame
    if frame["period"].nunique() < 2:
        return Result.not_assessable(name, f"the records hold one {period} only", title=title)
    found = peers.own_history(frame, q=q)
    facts = {"measure": measure_name, "per": kind, "latest": str(found.facts["latest"])[:10]}
    work = EXPOSURES[kind].words
    draw = partial(
        figure.estimates, target=1.0, x_label=f"{work.capitalize()}, latest {period}", y_label="Count over own past"
    )
    say = partial(words.past, events=measured.words, work=work, period=period)
    return figure.result(name, found, title, say, draw, facts)
