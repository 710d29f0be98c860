"""When conditions change: figures under demand, and after a move, always against peers who were not moved."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from perflib.agency import Department
from perflib.metrics.officers import figure
from perflib.metrics.review.areas import counted, named
from perflib.metrics.review.development import averages
from perflib.metrics.review.panel import demand, monthly, reassigned, starts
from perflib.result import Result
from perflib.words import officers as officer_words
from perflib.words import review as words


def adaptability(dept: Department, area: str = "response", *, q: float = 0.10) -> Result:
    """Whose figures in an area change with the demand of their district unlike their peers' do?

    Demand is the log of calls a day in the officer's district that month, over the district's own mean. Result
    ``adaptability`` of ``perflib.models.adaptability.slopes``. Raises InputError for an unknown area.
    """
    from perflib.models.adaptability import slopes

    events = named(area).short
    title = officer_words.DEMAND.format(events=events)
    (index, reason), (frame, why) = demand(dept), counted(dept, area, ("district",))
    reason = reason or why or ("" if "district" in frame.columns else "no district is recorded for officers")
    if reason:
        return Result.not_assessable("adaptability", reason, title=title)
    rows = frame.assign(opens=frame["period"].astype("datetime64[ns]")).merge(
        index.astype({"opens": "datetime64[ns]"}), on=["district", "opens"]
    )
    rows = (
        rows.groupby(["officer", "opens"])
        .agg(events=("events", "sum"), exposure=("exposure", "sum"), demand=("demand", "mean"))
        .reset_index()
    )
    found = slopes(rows, officer="officer", demand="demand", value="events", exposure="exposure", q=q)
    work = str(frame["per"].iloc[0])
    label = "Change with demand, over peers'"
    draw = partial(figure.estimates, target=1.0, x_label=work.capitalize(), y_label=label, intervals=True)
    say = partial(officer_words.adaptability, events=events, work=work)
    return figure.result("adaptability", found, title, say, draw)


def moved(dept: Department, area: str = "complaints") -> Result:
    """Did figures change after a move to another unit, against officers who were not (yet) moved?

    Result ``moved`` of ``perflib.models.staggered.effect`` (differences in differences). A unit that was renamed is
    no move.
    """
    from perflib.models.staggered import effect

    events = named(area).short
    rows, reason = monthly(dept, area)
    if not dept.has("assignments", "unit", "start_on"):
        reason = "no assignments are recorded"
    if reason:
        return Result.not_assessable("moved", reason, title=words.MOVED.format(events=events))
    found = effect(
        starts(rows, reassigned(dept)),
        unit="officer",
        period="month",
        first="first",
        outcome="count",
        method="callaway_santanna",
        what="changing units",
        measure=events,
        who="officer",
        when="month",
        name="moved",
    )
    if found.reason:
        return replace(found, people=averages(dept))
    return replace(found, people=averages(dept), caveats=(), words=partial(words.moved, events=events))
