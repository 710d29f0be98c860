"""When does it happen? Rates per hour and weekday with their exposure; spans of unknown time spread, not guessed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.counts.lacking import lacking
from perflib.metrics.seasons.read import read
from perflib.models.seasonality import hourly, profile
from perflib.result import Result

METHOD = (
    "Events divided by the hours of each kind that passed (clock changes included); gamma intervals on counts divided "
    "by their dispersion (Garwood 1936)."
)
SPANS = "Events known only to within a span weigh evenly over it (aoristic analysis: Ratcliffe 2000)."
LABELS = {"weekday": "Weekday", "hour": "Hour", "count": "Events", "hours": "Such hours", "rate": "Events an hour",
          "low": "Low end (95 %)", "high": "High end (95 %)"}


def hours(dept: Department, table: str = "calls", origin: str = "public", *, name: str = "season_hours",
          **cell: Any) -> Result:
    """Events per hour of the week.

    Parameters
    ----------
    table : dated by a time. origin : of calls; empty: all. cell : column = value, such as ``district="0412"``.

    Returns
    -------
    Result ``season_hours``, 168 rows: ``weekday, hour, count, hours`` (of that kind), ``rate`` (events an hour),
    ``low``, ``high`` (95 %). Facts ``busiest``, ``quietest``, ``per_day``, ``days``. Not assessable below 28 days.

    Raises
    ------
    InputError : a column or value that does not exist.
    """
    title = f"At what hours do {_named(table, origin)} come in?{where(cell)}"
    held = read(dept, table, origin=origin, **cell)
    if isinstance(held, str):
        return Result.not_assessable(name, held, title=title, method=METHOD)
    found = profile(held.weights.iloc[:, 0], ("weekday", "hour"), held.exposure)
    return _shown(name, title, found, METHOD, held.notes, {"first": held.first, "last": held.last})


def spans(dept: Department, table: str = "incidents", *, name: str = "season_spans", **cell: Any) -> Result:
    """Offences per hour of the week, by when they happened: those with a from and a to spread over the time between.

    Parameters
    ----------
    table : with ``occurred_from`` and, if possible, ``occurred_to``. cell : column = value, as ``offence="Theft"``.

    Returns
    -------
    Result ``season_spans``, columns as of ``hours``; facts also ``spans``, ``long``, ``undated`` and ``midnight``:
    a heap there is reported, and spread over its days where it stands for no known time.
    """
    title = f"When do they happen?{where(cell)}"
    asked = {key: str(value) for key, value in cell.items() if value not in ("", None)}
    if reason := lacking(dept, table, ["occurred_from", *asked]):
        return Result.not_assessable(name, reason, title=title, method=f"{SPANS} {METHOD}")
    rows = dept.table(table)
    for column, value in asked.items():
        if column not in rows.columns:
            raise InputError(f"{table} has no column {column!r}", where="cell", choices=rows.columns, found=column)
        rows = rows.filter(rows[column].cast("string") == value)
    moments = {"from": dept.local(rows.occurred_from)}
    moments |= {"to": dept.local(rows.occurred_to)} if "occurred_to" in rows.columns else {}
    frame = rows.select(**moments).execute()
    if int(frame["from"].notna().sum()) < 100:
        return Result.not_assessable(name, "fewer than 100 offences with a time", title=title, method=METHOD)
    held = hourly(_mended(frame))
    if not held.timed:
        return Result.not_assessable(name, "the offences have days, not times", title=title, method=METHOD)
    found = profile(held.weights["all"], ("weekday", "hour"))
    facts = {"spans": held.spans, "long": held.long, "undated": held.undated, "midnight": vars(held.midnight)}
    notes = [f"{note[0].upper()}{note[1:]}." for note in held.notes()]
    return _shown(name, title, found, f"{SPANS} {METHOD}", notes, facts)


def _mended(frame: pd.DataFrame) -> pd.DataFrame:
    """A span that ends before it begins, at a clock change, is a point."""
    if "to" not in frame.columns:
        return frame
    return frame.assign(to=frame["to"].where(~(frame["to"] < frame["from"]), frame["from"]))


def _named(table: str, origin: str) -> str:
    return f"calls from the {origin}" if table == "calls" and origin else table


def where(cell: dict[str, Any]) -> str:
    """The cell in words, for a title."""
    asked = {column: value for column, value in cell.items() if value not in ("", None)}
    return f" {', '.join(f'{column} {value}' for column, value in asked.items()).capitalize()}" if asked else ""


def _shown(name: str, title: str, found: pd.DataFrame, method: str, notes: Any, facts: dict[str, Any]) -> Result:
    known = found[found["hours"] > 0]
    top, low = (known.iloc[int(place)] for place in (known["rate"].argmax(), known["rate"].argmin()))
    per_day = found["count"].sum() / found["hours"].sum() * 24
    answer = (
        f"Most on {_cell(top)}, fewest on {_cell(low)}; {per_day:,.1f} a day on average "
        f"({found['count'].sum():,.0f} events in {found['hours'].sum() / 24:,.0f} days)."
    )
    facts = {**facts, "per_day": per_day, "days": found["hours"].sum() / 24, "events": found["count"].sum(),
             **{key: {"weekday": row["weekday"], "hour": int(row["hour"]), "rate": row["rate"], "low": row["low"],
                      "high": row["high"]} for key, row in (("busiest", top), ("quietest", low))}}
    chart = Chart("heat", "hour", "rate", by="weekday", x_label="hour of the day", y_label="events an hour",
                  marks={"unit": "events an hour"}, alt=answer)
    said = [*notes, "Each interval holds for its own hour; of the 168, about 8 lie outside by chance."]
    return Result(name, found, title, answer, method, said, facts, chart, LABELS)


def _cell(row: pd.Series) -> str:
    return (f"{row['weekday']} from {int(row['hour']):02d}:00 with {row['rate']:.2f} an hour ({row['low']:.2f} to "
            f"{row['high']:.2f})")
