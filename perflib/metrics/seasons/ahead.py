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
from perflib.metrics.seasons.read import Hours, read, untimed
from perflib.metrics.seasons.rhythm import where
from perflib.models.seasonality import demand, seasonality
from perflib.models.seasonality.demand import FEWEST as ENOUGH
from perflib.models.seasonality.demand import METHOD
from perflib.models.seasonality.effects import WEEKDAYS
from perflib.result import Result
from perflib.verdicts import Verdict

SHIFTS = {"Day": (7, 15), "Evening": (15, 23), "Night": (23, 7)}


def ahead(
    dept: Department,
    table: str = "calls",
    origin: str = "public",
    *,
    month: str = "",
    by: str = "",
    level: float = 0.80,
    name: str = "season_demand",
    **cell: Any,
) -> Result:
    """Expected events per hour of the week in a coming month, ready for the workload of that month.

    Parameters
    ----------
    table, origin, cell : what is counted (``read``). month : YYYY-MM; empty: the first whole month after the last
        complete day. by : a column whose values get a forecast each. level : share of the intervals.

    Returns
    -------
    Result ``season_demand``: as ``perflib.models.seasonality.demand``: ``series, weekday, hour, hours, expected, low,
    high, mean_low, mean_high`` (events in one such hour). Facts ``month``, ``total`` with
    ``total_low`` and ``total_high``, ``busiest``, ``quietest``, ``last_complete``, and ``week``: ``verdict``,
    ``p`` and ``reason`` of the test whether a pattern of the week repeats, as ``weekdays`` has it. Not assessable below
    84 complete days.

    Raises
    ------
    InputError : a month that is none, is past, or begins more than a month after the next.
    """
    title = f"What to expect next month, hour by hour?{where(cell)}"
    held = untimed(dept, table) or read(dept, table, by, origin, **cell)
    if isinstance(held, str):
        return Result.not_assessable(name, held, title=title, method=METHOD)
    days = (held.last - held.first).days + 1
    if days < ENOUGH:
        reason = f"{days} complete days are too few to know the hours of a week: {ENOUGH} are needed"
        return Result.not_assessable(name, reason, title=title, method=METHOD)
    start, length = _month(month, held)
    found = demand(held.weights, start, length, level)
    facts = {**found.facts, "month": f"{start:%Y-%m}", "last_complete": held.last, "week": _week(held)}
    return replace(
        found,
        name=name,
        title=f"What to expect in {start:%B %Y}, hour by hour?{where(cell)}",
        facts=facts,
        caveats=(*held.notes, *found.caveats),
    )


def _week(held: Hours) -> dict[str, Any]:
    """Does a pattern of the week repeat? The test of all series together."""
    test = next(each for each in seasonality(held.only().daily()).facts["tests"] if each["season"] == "week")
    return {"verdict": test["verdict"], "p": test["adjusted"], "reason": test["reason"]}


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
    such shift may bring, with the dispersion of its hours), and ``against`` (ratio to the mean shift). A shift stands
    under the day on which it starts, its hours after midnight included (``started``).
    Facts ``spread`` (busiest over quietest shift), ``busiest``, ``quietest``, ``level``, ``week`` (as of ``ahead``:
    where no pattern of the week is shown to repeat, the answer begins with that). Events are not hours of work.
    """
    title = "What does it mean for staffing?"
    if found.reason:
        return Result.not_assessable(name, found.reason, title=title, method=METHOD)
    table = started(found.table)
    table["low"], table["high"] = _ends(table["expected"].to_numpy(), found)
    table["against"] = table["expected"] / table["expected"].mean()
    top, low = (table.iloc[int(place)] for place in (table["expected"].argmax(), table["expected"].argmin()))
    ratio = float(top["expected"] / low["expected"])
    level = found.facts["level"]
    answer = (
        f"{_unshown(found.facts.get('week') or {})}"
        f"The busiest shift, {top['weekday']} {top['shift'].lower()}, is expected to bring {top['expected']:.0f} "
        f"events ({top['low']:.0f} to {top['high']:.0f}), {ratio:.1f} times the quietest, {low['weekday']} "
        f"{low['shift'].lower()} ({low['expected']:.0f}; {low['low']:.0f} to {low['high']:.0f}). The ranges are "
        f"{level:.0%} intervals for a single such shift."
    )
    facts = {
        "spread": ratio,
        "level": level,
        "busiest": top[["weekday", "shift", "expected"]].to_dict(),
        "quietest": low[["weekday", "shift", "expected"]].to_dict(),
        "month": found.facts.get("month"),
        "week": found.facts.get("week"),
    }
    chart = Chart("dots", "weekday", "expected", "low", "high", by="shift", y_label="events in one shift", alt=answer)
    caveats = [
        "Events are not hours of work: multiply by the time and the units each takes.",
        "Shifts of eight hours from 07:00, 15:00 and 23:00, each under the day on which it starts: the night of "
        "Thursday ends on Friday at 07:00.",
    ]
    labels = {
        "weekday": "Starts on",
        "shift": "Shift",
        "expected": "Expected events",
        "low": f"Low end ({level:.0%})",
        "high": f"High end ({level:.0%})",
        "against": "Ratio to the mean shift",
    }
    return Result(name, table, title, answer, METHOD, caveats, facts, chart, labels)


def _unshown(week: dict[str, Any]) -> str:
    """What must be said before any weekday is named: that the week shows no pattern, or none can be tested."""
    if week.get("verdict") == Verdict.NOT_SHOWN:
        return (
            f"No pattern of the week is shown to repeat (p {week['p']:.3f}): which weekday leads below may be "
            "chance, and is no reason to staff the days differently. "
        )
    if week.get("verdict") == Verdict.NOT_ASSESSABLE:
        return f"Whether a pattern of the week repeats is not assessable ({week['reason']}). "
    return ""


def started(table: pd.DataFrame) -> pd.DataFrame:
    """``weekday, shift, expected``: events of each shift under the weekday on which it starts, all series together."""
    rows = table.groupby(["weekday", "hour"], sort=False)["expected"].sum().reset_index()
    shift = [_shift(hour) for hour in rows["hour"]]
    late = [hour < SHIFTS[name][0] for name, hour in zip(shift, rows["hour"], strict=True)]
    days = [WEEKDAYS[(WEEKDAYS.index(day) - after) % 7] for day, after in zip(rows["weekday"], late, strict=True)]
    kept = rows.assign(weekday=pd.Categorical(days, WEEKDAYS), shift=pd.Categorical(shift, list(SHIFTS)))
    made = kept.groupby(["weekday", "shift"], observed=True)["expected"].sum().reset_index()
    return made.astype({"weekday": str, "shift": str})


def _shift(hour: int) -> str:
    return next(
        name
        for name, (start, end) in SHIFTS.items()
        if (start <= hour < end if start < end else hour >= start or hour < end)
    )


def _ends(mean: np.ndarray, found: Result) -> tuple[np.ndarray, np.ndarray]:
    """Negative-binomial counts with the dispersion of a single hour, which hours of a shift are taken to share."""
    from scipy.stats import nbinom

    spread = max(float(np.mean([each["single"] for each in found.facts["dispersion"].values()])), 1e-6)
    size, tail = 1 / spread, (1 - found.facts["level"]) / 2
    low, high = nbinom.ppf([[tail], [1 - tail]], size, size / (size + mean))
    return low, high
