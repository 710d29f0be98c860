"""What to expect next month, hour by hour of the week, and what that means for staffing."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from perflib import schema
from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.seasons.read import Hours, read, untimed
from perflib.models.seasonality import demand, seasonality
from perflib.models.seasonality.demand import FEWEST
from perflib.models.seasonality.effects import WEEKDAYS
from perflib.result import Result
from perflib.words import seasons as words

SHIFTS = {"Day": (7, 15), "Evening": (15, 23), "Night": (23, 7)}


def ahead(
    dept: Department,
    table: str = "calls",
    origin: str = "public",
    *,
    month: str = "",
    level: float = 0.80,
    name: str = "season_demand",
    **cell: Any,
) -> Result:
    """Expected events per hour of the week in a coming month, ready for the workload of that month.

    Parameters
    ----------
    table, origin, cell : what is counted (``read``). month : YYYY-MM; empty: the first whole month after the last
        complete day. level : share of the intervals.

    Returns
    -------
    Result ``season_demand``: ``series`` ("all"), and as ``perflib.models.seasonality.Demand``: ``weekday, hour, hours,
    expected, low, high, mean_low, mean_high`` (events in one such hour). Facts ``month``, ``first``, ``last``,
    ``total`` with ``total_low`` and ``total_high``, ``origins`` (earlier months these rest on), ``level``,
    ``dispersion``, ``busiest``, ``quietest``, ``last_complete``, and ``week``: ``verdict``, ``p`` and ``reason`` of the
    test whether a pattern of the week repeats, as ``weekdays`` has it. Not assessable below 84 complete days.

    Raises
    ------
    InputError : a month that is none, is past, or begins more than a month after the next.
    """
    selection = schema.asked(cell)
    hours = untimed(dept, table) or read(dept, table, origin=origin, **cell)
    if isinstance(hours, Hours) and (days := (hours.last - hours.first).days + 1) < FEWEST:
        hours = f"{days} complete days are too few to know the hours of a week: {FEWEST} are needed"
    if isinstance(hours, str):
        title = words.title("What to expect next month, hour by hour?", selection)
        return Result.not_assessable(name, hours, title=title, method=words.DEMAND)
    start = _month(month, hours)
    made = demand(hours.all(), start, start.days_in_month, level)
    rows = made.table
    ends = {"busiest": rows.iloc[int(rows["expected"].argmax())], "quietest": rows.iloc[int(rows["expected"].argmin())]}
    facts = {
        "first": f"{made.first:%Y-%m-%d}",
        "last": f"{made.last:%Y-%m-%d}",
        "level": level,
        "total": {"all": made.total},
        "total_low": {"all": made.low},
        "total_high": {"all": made.high},
        "origins": made.origins,
        "dispersion": {"all": {"single": made.single, "summed": made.summed}},
        **{end: row[["weekday", "hour", "expected"]].to_dict() for end, row in ends.items()},
        "month": f"{start:%Y-%m}",
        "last_complete": hours.last,
        "week": _week(hours),
    }
    chart = Chart(
        "heat",
        "hour",
        "expected",
        by="weekday",
        x_label="hour of the day",
        y_label="expected an hour",
        marks={"unit": "expected in one hour"},
    )
    rows = rows.assign(series="all")[["series", *rows.columns]]
    say = partial(words.demand, selection=selection, notes=hours.notes)
    return Result(name, rows, facts=facts, chart=chart, words=say)


def _week(hours: Hours) -> dict[str, Any]:
    """Does a pattern of the week repeat?"""
    tests = seasonality(hours.daily()).tests.set_index("season").loc["week"]
    return {"verdict": tests["verdict"], "p": tests["adjusted"], "reason": tests["reason"]}


def _month(text: str, hours: Hours) -> pd.Timestamp:
    last = pd.Timestamp(hours.last)
    if not text:
        return last + pd.offsets.MonthBegin(1)
    try:
        start = pd.Timestamp(dt.date.fromisoformat(f"{text}-01"))
    except ValueError:
        raise InputError(f"{text!r} is no month", where="month", do="write it as YYYY-MM") from None
    if start <= last or (start - last).days > 61:
        raise InputError(f"{start:%Y-%m} does not begin within two months after {hours.last}", where="month")
    return start


def staffing(month_ahead: Result, *, name: str = "season_staffing") -> Result:
    """What an ``ahead`` Result means for staffing: events per shift, and the share of each by weekday.

    Parameters
    ----------
    month_ahead : what ``ahead`` returned.

    Returns
    -------
    Result ``season_staffing``: per weekday and shift of eight hours ``expected`` events, ``low`` and ``high`` (what one
    such shift may bring, with the dispersion of its hours), and ``against`` (ratio to the mean shift). A shift stands
    under the day on which it starts, its hours after midnight included (``started``).
    Facts ``spread`` (busiest over quietest shift), ``busiest``, ``quietest``, ``level``, ``week`` (as of ``ahead``:
    where no pattern of the week is shown to repeat, the answer begins with that). Events are not hours of work.
    """
    if month_ahead.reason:
        return Result.not_assessable(name, month_ahead.reason, title=words.STAFFING, method=words.DEMAND)
    table = started(month_ahead.table)
    single = month_ahead.facts["dispersion"]["all"]["single"]
    table["low"], table["high"] = _ends(table["expected"].to_numpy(), single, month_ahead.facts["level"])
    table["against"] = table["expected"] / table["expected"].mean()
    top, low = table.iloc[int(table["expected"].argmax())], table.iloc[int(table["expected"].argmin())]
    facts = {
        "spread": float(top["expected"] / low["expected"]),
        "busiest": top[["weekday", "shift", "expected"]].to_dict(),
        "quietest": low[["weekday", "shift", "expected"]].to_dict(),
        **{fact: month_ahead.facts[fact] for fact in ("level", "month", "week")},
    }
    chart = Chart("dots", "weekday", "expected", "low", "high", by="shift", y_label="events in one shift")
    return Result(name, table, facts=facts, chart=chart, words=words.staffing)


def started(table: pd.DataFrame) -> pd.DataFrame:
    """``weekday, shift, expected``: events of each shift under the weekday on which it starts."""
    hour, day = table["hour"].to_numpy(), pd.Index(WEEKDAYS).get_indexer(pd.Index(table["weekday"]))
    shift = np.select([(hour >= start) & (hour < end) for start, end in SHIFTS.values()], list(SHIFTS), "Night")
    begins = np.array(WEEKDAYS)[(day - (hour < SHIFTS["Day"][0])) % 7]
    rows = pd.DataFrame(
        {
            "weekday": pd.Categorical(begins, WEEKDAYS),
            "shift": pd.Categorical(shift, list(SHIFTS)),
            "expected": table["expected"],
        }
    )
    sums = rows.groupby(["weekday", "shift"], observed=True)["expected"].sum().reset_index()
    return sums.astype({"weekday": str, "shift": str})


def _ends(mean: np.ndarray, dispersion: float, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Negative-binomial counts with the dispersion of a single hour, which hours of a shift are taken to share."""
    from scipy.stats import nbinom

    size, tail = 1 / max(dispersion, 1e-6), (1 - level) / 2
    low, high = nbinom.ppf([[tail], [1 - tail]], size, size / (size + mean))
    return low, high
