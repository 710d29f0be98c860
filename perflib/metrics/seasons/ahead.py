"""What to expect next month, hour by hour of the week, and what that means for staffing."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from perflib.agency import Department
from perflib.errors import InputError
from perflib.figures import Chart
from perflib.metrics.seasons.read import Hours, read
from perflib.metrics.seasons.rhythm import where
from perflib.models.seasonality import demand
from perflib.models.seasonality.demand import FEWEST as ENOUGH
from perflib.models.seasonality.demand import METHOD
from perflib.result import Result

SHIFTS = {"Day": (7, 15), "Evening": (15, 23), "Night": (23, 7)}


def ahead(dept: Department, table: str = "calls", origin: str = "public", *, month: str = "", by: str = "",
          level: float = 0.80, name: str = "season_demand", **cell: Any) -> Result:
    """Expected events per hour of the week in a coming month, ready for the workload of that month.

    Parameters
    ----------
    table, origin, cell : what is counted (``read``). month : YYYY-MM; empty: the first whole month after the last
        complete day. by : a column whose values get a forecast each. level : share of the intervals.

    Returns
    -------
    Result ``season_demand``: as ``perflib.models.seasonality.demand``: ``series, weekday, hour, hours, expected, low,
    high, mean_low, mean_high`` (events in one such hour). Facts ``month``, ``total``, ``busiest``, ``quietest``,
    ``last_complete``. Not assessable below 84 complete days.

    Raises
    ------
    InputError : a month that is none, is past, or begins more than a month after the next.
    """
    title = f"What to expect next month, hour by hour?{where(cell)}"
    held = read(dept, table, by, origin, **cell)
    if isinstance(held, str):
        return Result.not_assessable(name, held, title=title, method=METHOD)
    days = (held.last - held.first).days + 1
    if days < ENOUGH:
        reason = f"{days} complete days are too few to know the hours of a week: {ENOUGH} are needed"
        return Result.not_assessable(name, reason, title=title, method=METHOD)
    start, length = _month(month, held)
    found = demand(held.weights, start, length, level)
    facts = {**found.facts, "month": f"{start:%Y-%m}", "last_complete": held.last}
    return replace(found, name=name, title=f"What to expect in {start:%B %Y}, hour by hour?{where(cell)}", facts=facts,
                   caveats=(*held.notes, *found.caveats))


def _month(text: str, held: Hours) -> tuple[pd.Timestamp, int]:
    if not text:
        start = pd.Timestamp(held.last) + pd.offsets.MonthBegin(1)
    else:
        try:
            start = pd.Timestamp(dt.date.fromisoformat(f"{text}-01"))
        except ValueError:
            raise InputError(f"{text!r} is no month", where="month", do="write it as YYYY-MM") from None
    if start <= pd.Timestamp(held.last) or (start - pd.Timestamp(held.last)).days > 61:
        raise InputError(f"{start:%Y-%m} does not begin within two months after {held.last}", where="month")
    return start, start.days_in_month


def staffing(found: Result, *, name: str = "season_staffing") -> Result:
    """What an ``ahead`` Result means for staffing: events per shift, and the share of each by weekday.

    Parameters
    ----------
    found : what ``ahead`` returned.

    Returns
    -------
    Result ``season_staffing``: per weekday and shift of eight hours ``expected`` events, ``low`` and ``high`` (what one
    such shift may bring, with the dispersion of its hours), and ``against`` (ratio to the mean shift).
    Facts ``spread`` (busiest over quietest shift), ``busiest``, ``quietest``. Counts of events are not work: the
    workload report turns them into unit hours.
    """
    title = "What does it mean for staffing?"
    if found.reason:
        return Result.not_assessable(name, found.reason, title=title, method=METHOD)
    rows = found.table.groupby(["weekday", "hour"], sort=False)[["expected", "low", "high"]].sum().reset_index()
    rows["shift"] = [_shift(hour) for hour in rows["hour"]]
    table = rows.groupby(["weekday", "shift"], sort=False)["expected"].sum().reset_index()
    table["low"], table["high"] = _ends(table["expected"].to_numpy(), found)
    table["against"] = table["expected"] / table["expected"].mean()
    top, low = (table.iloc[int(place)] for place in (table["expected"].argmax(), table["expected"].argmin()))
    ratio = float(top["expected"] / low["expected"])
    answer = (
        f"The busiest shift, {top['weekday']} {top['shift'].lower()}, is expected to bring {top['expected']:.0f} "
        f"events ({top['low']:.0f} to {top['high']:.0f}), {ratio:.1f} times the quietest, {low['weekday']} "
        f"{low['shift'].lower()} ({low['expected']:.0f}; {low['low']:.0f} to {low['high']:.0f}). Equal crews on every "
        "shift would leave the first short or the second idle."
    )
    facts = {"spread": ratio, "busiest": top[["weekday", "shift", "expected"]].to_dict(),
             "quietest": low[["weekday", "shift", "expected"]].to_dict(), "month": found.facts.get("month")}
    chart = Chart("dots", "weekday", "expected", "low", "high", by="shift", y_label="events in one shift", alt=answer)
    caveats = ["Events are not hours of work: multiply by the time and the units each takes (the workload report).",
               "Shifts of eight hours from 07:00, 15:00 and 23:00; hours after midnight stand under their own weekday."]
    labels = {"weekday": "Weekday", "shift": "Shift", "expected": "Expected events", "low": "Low end",
              "high": "High end", "against": "Ratio to the mean shift"}
    return Result(name, table, title, answer, METHOD, caveats, facts, chart, labels)


def _shift(hour: int) -> str:
    return next(name for name, (start, end) in SHIFTS.items()
                if (start <= hour < end if start < end else hour >= start or hour < end))


def _ends(mean: np.ndarray, found: Result) -> tuple[np.ndarray, np.ndarray]:
    """Negative-binomial counts with the dispersion of a single hour, which hours of a shift are taken to share."""
    from scipy.stats import nbinom

    spread = max(float(np.mean([each["single"] for each in found.facts["dispersion"].values()])), 1e-6)
    size, tail = 1 / spread, (1 - found.facts["level"]) / 2
    low, high = nbinom.ppf([[tail], [1 - tail]], size, size / (size + mean))
    return low, high
