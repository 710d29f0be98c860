"""When conditions change: how figures hold under demand, and after a move, always against peers who were not moved."""

from __future__ import annotations

from dataclasses import replace

from perflib.agency import Department
from perflib.metrics.review.areas import counted, named
from perflib.metrics.review.development import ESTIMATES, TOLD
from perflib.metrics.review.panel import demand, monthly, reassigned, starts
from perflib.privacy.people import people
from perflib.result import Result


def adaptability(dept: Department, area: str = "response", *, q: float = 0.10) -> Result:
    """Whose figures in an area change with the demand of their district unlike their peers' do?

    Demand is the log of calls a day in the officer's district that month, over the district's own mean. Result
    ``adaptability`` as ``perflib.models.adaptability.slopes``. Raises InputError for an unknown area.
    """
    from perflib.models.adaptability import slopes

    title = f"Whose figures change with demand unlike their peers'? {named(area).short.capitalize()}"
    index, frame = demand(dept), counted(dept, area, ("district",))
    reason = index if isinstance(index, str) else frame if isinstance(frame, str) else ""
    if reason or isinstance(index, str) or isinstance(frame, str) or "district" not in frame.columns:
        return Result.not_assessable("adaptability", reason or "no district is recorded for officers", title=title)
    rows = frame.assign(opens=frame["period"].astype("datetime64[ns]")).merge(
        index.astype({"opens": "datetime64[ns]"}), on=["district", "opens"]
    )
    rows = (
        rows.groupby(["officer", "opens"])
        .agg(events=("events", "sum"), exposure=("exposure", "sum"), demand=("demand", "mean"))
        .reset_index()
    )
    found = slopes(
        rows,
        officer="officer",
        demand="demand",
        value="events",
        exposure="exposure",
        q=q,
        counted_words=f"how their {named(area).short} change",
    )
    found = _named(found, str(frame["per"].iloc[0]))
    return replace(found, title=title).with_caveats(
        "Demand is the number of calls of the district, not their gravity.",
        "Only officers whose district and its demand are known are here, month by month.",
    )


def _named(found: Result, work: str) -> Result:
    """The same Result in the words of the work it is counted for."""
    chart = found.chart
    if chart is not None and chart.kind == "funnel":
        chart = replace(chart, x_label=work.capitalize())
    return replace(found, chart=chart, labels=dict(found.labels) | {"exposure": work.capitalize()})


def moved(dept: Department, area: str = "complaints") -> Result:
    """Did figures change after a move to another unit, against officers who were not (yet) moved?

    Result ``moved`` as ``perflib.models.staggered.effect`` (differences in differences within the district of the
    first month where districts are known). A unit that was renamed is no move.
    """
    from perflib.models.staggered import effect

    title = f"Do figures change after a move to another unit? {named(area).short.capitalize()}"
    if not dept.has("assignments", "unit", "start_on"):
        return Result.not_assessable("moved", "no assignments are recorded", title=title)
    rows = monthly(dept, area)
    if isinstance(rows, str):
        return Result.not_assessable("moved", rows, title=title)
    frame = starts(rows, reassigned(dept))
    found = effect(
        frame,
        unit="officer",
        period="month",
        first="first",
        outcome="count",
        method="callaway_santanna",
        what="changing units",
        measure=named(area).short,
        who="officer",
        when="month",
        name="moved",
    )
    about = people(dept.settings, "officers", ("average", "at", "when"), ("units",), facts=TOLD, rounded=ESTIMATES)
    return replace(found, title=title, people=about).with_caveats(
        "Counts per month: a move to busier work raises them without any change in the officer."
    )
