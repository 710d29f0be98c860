"""When does it happen? Rates per hour and weekday with their exposure; spans of unknown time spread, not guessed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from perflib import schema
from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.counts.lacking import lacking
from perflib.metrics.counts.series import daily
from perflib.metrics.seasons.extremes import ends, when, words
from perflib.metrics.seasons.read import read, until, untimed
from perflib.models.seasonality import hourly, profile
from perflib.result import Result
from perflib.words.response import UNKNOWN_ORIGIN

METHOD = (
    "Events divided by the hours of each kind that passed (clock changes included); gamma intervals on counts divided "
    "by their dispersion (Garwood 1936)."
)
SPANS = "Events known only to within a span weigh evenly over it (aoristic analysis: Ratcliffe 2000)."
LABELS = {
    "weekday": "Weekday",
    "hour": "Hour",
    "count": "Events",
    "hours": "Such hours",
    "rate": "Events an hour",
    "low": "Low end (95 %)",
    "high": "High end (95 %)",
    "exact": "Of known time, an hour",
}
#: offences with a time needed at the least, and with an exact one to show them apart.
EXACT = 100


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
    subject = named(dept, table, origin)
    title = f"At what hours do {subject} come in?{where(cell)}"
    held = untimed(dept, table) or read(dept, table, origin=origin, **cell)
    if isinstance(held, str):
        return Result.not_assessable(name, held, title=title, method=METHOD)
    found = profile(held.weights.iloc[:, 0], ("weekday", "hour"), held.exposure)
    facts = {"first": held.first, "last": held.last}
    return _shown(name, title, found, METHOD, held.notes, facts, f"{subject[0].upper()}{subject[1:]} come in")


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
    title = f"When do offences happen?{where(cell)}"
    frame = _moments(dept, table, cell)
    if isinstance(frame, str):
        return Result.not_assessable(name, frame, title=title, method=f"{SPANS} {METHOD}")
    held = hourly(_mended(frame))
    if not held.timed:
        return Result.not_assessable(name, "the offences have days, not times", title=title, method=METHOD)
    first, last, basis = _period(dept, table)
    kept = held.weights.loc[first : last + pd.Timedelta(hours=23), "all"]
    found = profile(kept, ("weekday", "hour"))
    notes = [f"{note[0].upper()}{note[1:]}." for note in held.notes()]
    facts = {
        "spans": held.spans,
        "long": held.long,
        "undated": held.undated,
        "midnight": vars(held.midnight),
        "first": kept.index[0].date(),
        "last": kept.index[-1].date(),
        **_widths(frame),
    }
    found, said = _beside(found, frame, first, last, facts)
    return _shown(
        name, title, found, f"{SPANS} {METHOD}", [*basis, *notes, *_unsure(facts)], facts, "Offences happen", said
    )


def _moments(dept: Department, table: str, cell: dict[str, Any]) -> pd.DataFrame | str:
    """``from`` and ``to`` of every offence, local time; or why there are none."""
    asked = schema.asked(cell)
    if reason := lacking(dept, table, ["occurred_from", *asked]):
        return reason
    rows = dept.table(table)
    for column, value in asked.items():
        if column not in rows.columns:
            raise InputError(f"{table} has no column {column!r}", where="cell", choices=rows.columns, found=column)
        rows = rows.filter(rows[column].cast("string") == value)
    moments = {"from": dept.local(rows.occurred_from)}
    moments |= {"to": dept.local(rows.occurred_to)} if "occurred_to" in rows.columns else {}
    frame = rows.select(**moments).execute()
    return "fewer than 100 offences with a time" if int(frame["from"].notna().sum()) < EXACT else frame


def _period(dept: Department, table: str) -> tuple[pd.Timestamp, pd.Timestamp, list[str]]:
    """First and last day to count, by when offences were reported; and what to say of them."""
    first = daily(dept, table, ()).days[0]
    last, basis = until(dept, table)
    said = f"What spans claim before {first:%Y-%m-%d} or after {last} is left out."
    return first, pd.Timestamp(last), [basis, said]


def _widths(frame: pd.DataFrame) -> dict[str, Any]:
    """How many offences are known only to within a span, and how long the middle one of these is."""
    if "to" not in frame.columns:
        return {"span_share": 0.0}
    width = (frame["to"] - frame["from"]).dt.total_seconds() / 3600
    spread = width[width > 0]
    share = {"span_share": float(len(spread) / max(int(frame["from"].notna().sum()), 1))}
    return {**share, "span_hours": float(spread.median())} if len(spread) else share


def _beside(
    found: pd.DataFrame, frame: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp, facts: dict[str, Any]
) -> tuple[pd.DataFrame, str]:
    """The table with the rate of offences whose time is known, and the sentence on their busiest hours."""
    exact = frame[frame["to"].isna() | (frame["to"] <= frame["from"])] if "to" in frame.columns else frame
    exact = exact[exact["from"].between(first, last + pd.Timedelta(days=1), inclusive="left")]
    if not facts["spans"] or len(exact) < EXACT:
        return found, ""
    at = exact["from"].dt.floor("h").value_counts()
    every = pd.date_range(first, last + pd.Timedelta(hours=23), freq="h")
    known = profile(at.reindex(every, fill_value=0), ("weekday", "hour"))
    facts["exact"] = {"events": len(exact), "busiest": ends(known)["busiest"]}
    said = (
        f" {facts['span_share']:.0%} are known only to within a span of time; those whose time is known happen "
        f"most {when(facts['exact']['busiest'], ' an hour')}."
    )
    return found.assign(exact=known["rate"].to_numpy()), said


def _unsure(facts: dict[str, Any]) -> list[str]:
    if not facts["spans"]:
        return []
    return [
        f"Half of the spans last {facts['span_hours']:.1f} hours or more. Spreading them flattens the peaks, and "
        "the intervals take each part of a span as known: they are too narrow."
    ]


def _mended(frame: pd.DataFrame) -> pd.DataFrame:
    """A span that ends before it begins, at a clock change, is a point."""
    if "to" not in frame.columns:
        return frame
    return frame.assign(to=frame["to"].where(~(frame["to"] < frame["from"]), frame["from"]))


def named(dept: Department, table: str, origin: str) -> str:
    """What is counted, in words; who began the calls only where the records say it."""
    if table == "calls" and origin and not dept.has(table, "origin"):
        return UNKNOWN_ORIGIN
    return f"calls from the {origin}" if table == "calls" and origin else table


def where(cell: dict[str, Any]) -> str:
    """The cell in words, for a title."""
    asked = {column: value for column, value in cell.items() if value not in ("", None)}
    told = ", ".join(f"{column} {value}" for column, value in asked.items())
    return f" {told[0].upper()}{told[1:]}" if told else ""


def _shown(
    name: str,
    title: str,
    found: pd.DataFrame,
    method: str,
    notes: Any,
    facts: dict[str, Any],
    doing: str,
    more: str = "",
) -> Result:
    per_day = found["count"].sum() / found["hours"].sum() * 24
    most = ends(found)
    answer = (
        f"{words(doing, most)}; {per_day:,.1f} a day on average ({found['count'].sum():,.0f} in "
        f"{found['hours'].sum() / 24:,.0f} days, {facts['first']} to {facts['last']}).{more}"
    )
    facts = {**facts, "per_day": per_day, "days": found["hours"].sum() / 24, "events": found["count"].sum(), **most}
    chart = Chart(
        "heat",
        "hour",
        "rate",
        by="weekday",
        x_label="hour of the day",
        y_label="events an hour",
        marks={"unit": "events an hour"},
        alt=answer,
    )
    said = [
        *notes,
        "Each interval holds for its own hour; of the 168, about 8 lie outside by chance. The busiest and "
        "the quietest hours are all those that may be it (95 %): they cannot be told apart.",
    ]
    return Result(name, found, title, answer, method, said, facts, chart, LABELS)
