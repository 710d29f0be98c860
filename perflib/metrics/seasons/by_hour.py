"""When does it happen? Rates per hour and weekday with their exposure; spans of unknown time spread, not guessed."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from perflib import schema
from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.counts.availability import lacking
from perflib.metrics.counts.series import daily
from perflib.metrics.seasons.extremes import ends
from perflib.metrics.seasons.read import last_day, read, subject_of, untimed
from perflib.models.seasonality import hourly, profile
from perflib.result import Result
from perflib.words import seasons as words

#: offences with a time needed at the least, and with an exact one to show them apart.
EXACT = 100
CHART = Chart(
    "heat",
    "hour",
    "rate",
    by="weekday",
    x_label="hour of the day",
    y_label="events an hour",
    marks={"unit": "events an hour"},
)


def hours(
    dept: Department, table: str = "calls", origin: str = "public", *, name: str = "season_hours", **cell: Any
) -> Result:
    """Events per hour of the week.

    Parameters
    ----------
    table : dated by a time. origin : of calls; empty: all. cell : column = value, such as ``district="0412"``.

    Returns
    -------
    Result ``season_hours``, 168 rows: ``weekday, hour, count, hours`` (of that kind), ``rate`` (events an hour),
    ``low``, ``high`` (95 %). Facts ``busiest``, ``quietest`` (``extremes.ends``: with all hours that cannot be told
    apart), ``per_day``, ``days``. Not assessable below 28 days.

    Raises
    ------
    InputError : a column or value that does not exist.
    """
    subject, selection = subject_of(dept, table, origin), schema.asked(cell)
    read_hours = untimed(dept, table) or read(dept, table, origin=origin, **cell)
    if isinstance(read_hours, str):
        title = words.title(f"At what hours do {subject} come in?", selection)
        return Result.not_assessable(name, read_hours, title=title, method=words.RATES)
    rates = profile(read_hours.all(), read_hours.exposure)
    facts = {"first": read_hours.first, "last": read_hours.last, **_facts(rates)}
    say = partial(words.hours, subject=subject, selection=selection, notes=read_hours.notes)
    return Result(name, rates, facts=facts, chart=CHART, words=say)


def spans(dept: Department, table: str = "incidents", *, name: str = "season_spans", **cell: Any) -> Result:
    """Offences per hour of the week, by when they happened: those with a from and a to spread over the time between.

    Parameters
    ----------
    table : with ``occurred_from`` and, if possible, ``occurred_to``. cell : column = value, as ``offence="Theft"``.

    Returns
    -------
    Result ``season_spans``, columns as of ``hours``, and ``exact``: the rate of those whose time is known (where 100
    are). Hours before the first and after the last day that can be counted (``until``) are left out. Facts also
    ``spans``, ``span_share``, ``span_hours`` (median), ``long``, ``undated``, ``midnight`` (a heap there is reported,
    and spread over its days where it stands for no known time), ``exact`` (busiest of those).
    """
    selection = schema.asked(cell)
    title = words.title("When do offences happen?", selection)
    frame = _moments(dept, table, selection)
    if isinstance(frame, str):
        return Result.not_assessable(name, frame, title=title, method=f"{words.SPANS} {words.RATES}")
    offences = hourly(frame)
    if not offences.timed:
        return Result.not_assessable(name, "the offences have days, not times", title=title, method=words.RATES)
    first = daily(dept, table, ()).days[0]
    last, basis, stopped = last_day(dept, table)
    weights = offences.weights.loc[first : pd.Timestamp(last) + pd.Timedelta(hours=23)]
    rates = profile(weights)
    facts = {
        "spans": offences.spans,
        "long": offences.long,
        "undated": offences.undated,
        "midnight": vars(offences.midnight),
        "first": weights.index[0].date(),
        "last": weights.index[-1].date(),
        **_widths(frame),
        **_facts(rates),
    }
    exact = _exact(frame, first, pd.Timestamp(last))
    if offences.spans and len(exact) >= EXACT:
        every = pd.date_range(first, pd.Timestamp(last) + pd.Timedelta(hours=23), freq="h")
        known = profile(exact.dt.floor("h").value_counts().reindex(every, fill_value=0))
        facts["exact"] = {"events": len(exact), "busiest": ends(known)["busiest"]}
        rates["exact"] = known["rate"]
    say = partial(words.spans, selection=selection, basis=basis, feeds=stopped, begun=vars(offences.begun))
    return Result(name, rates, facts=facts, chart=CHART, words=say)


def _facts(rates: pd.DataFrame) -> dict[str, Any]:
    days, events = rates["hours"].sum() / 24, rates["count"].sum()
    return {"per_day": events / rates["hours"].sum() * 24, "days": days, "events": events, **ends(rates)}


def _moments(dept: Department, table: str, selection: dict[str, Any]) -> pd.DataFrame | str:
    """``from`` and ``to`` of every offence, local time; or why there are none."""
    if reason := lacking(dept, table, ["occurred_from", *selection]):
        return reason
    rows = dept.table(table)
    for column, value in selection.items():
        if column not in rows.columns:
            raise InputError(f"{table} has no column {column!r}", where="cell", choices=rows.columns, found=column)
        rows = rows.filter(rows[column].cast("string") == value)
    start = dept.local(rows.occurred_from)
    end = dept.local(rows.occurred_to) if "occurred_to" in rows.columns else start
    frame = rows.select(**{"from": start, "to": end}).execute()
    if frame["from"].notna().sum() < EXACT:
        return f"fewer than {EXACT} offences with a time"
    # a span that ends before it begins, at a clock change, is a point
    return frame.assign(to=frame["to"].where(~(frame["to"] < frame["from"]), frame["from"]))


def _widths(frame: pd.DataFrame) -> dict[str, Any]:
    """How many offences are known only to within a span, and how long the middle one of these is."""
    width = (frame["to"] - frame["from"]).dt.total_seconds() / 3600
    spans = width[width > 0]
    share = {"span_share": float(len(spans) / max(int(frame["from"].notna().sum()), 1))}
    return share | ({"span_hours": float(spans.median())} if len(spans) else {})


def _exact(frame: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.Series:
    """The times of offences whose time is known, from the first to the last day."""
    exact = frame.loc[frame["to"].isna() | (frame["to"] <= frame["from"]), "from"]
    return exact[exact.between(first, last + pd.Timedelta(days=1), inclusive="left")]
