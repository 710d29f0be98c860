"""The busiest and the quietest hours: a run of hours that cannot be told apart, not the one that leads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.models.seasonality.profile import leading

#: of the hours of a week, or of a day: where more than this share cannot be told apart, none is named.
HALF = 0.5
ANY = "any day"


def ends(rates: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Facts ``busiest`` and ``quietest`` of a ``profile`` by weekday and hour.

    Returns
    -------
    Per end: the leading hour's ``weekday, hour, rate, low, high``; ``alike``, every hour of the week that cannot be
    told apart from it (``leading``, 95 %), as "Friday 16"; of these, the neighbours of the leading hour on its day:
    ``start`` and ``end`` of that run and ``together``, its rate; ``others``, how many are alike beside the run;
    ``told``, whether any hour stands out. Where more than half of the week is alike, hours of all days together are
    compared, and ``weekday`` is "any day".
    """
    known = rates[rates["hours"] > 0].reset_index(drop=True)
    return {name: _end(known, highest) for name, highest in (("busiest", True), ("quietest", False))}


def _end(known: pd.DataFrame, highest: bool) -> dict[str, Any]:
    near = known[leading(known, highest)]
    if len(near) > HALF * len(known) and known["weekday"].nunique() > 1:
        return _end(_of_the_day(known), highest)
    row = known.iloc[int(known["rate"].argmax() if highest else known["rate"].argmin())]
    start, end = _run(near.loc[near["weekday"] == row["weekday"], "hour"].to_numpy(), int(row["hour"]))
    run = near[(near["weekday"] == row["weekday"]) & near["hour"].between(start, end - 1)]
    alike = [f"{day} {hour}" for day, hour in zip(near["weekday"], near["hour"], strict=True)]
    return {
        "weekday": row["weekday"],
        "hour": int(row["hour"]),
        "rate": row["rate"],
        "low": row["low"],
        "high": row["high"],
        "alike": alike,
        "start": start,
        "end": end,
        "together": float(run["count"].sum() / run["hours"].sum()),
        "others": len(near) - len(run),
        "told": len(near) <= HALF * len(known),
    }


def _of_the_day(known: pd.DataFrame) -> pd.DataFrame:
    """The hours of all days together; errors of the parts add up in squares."""
    error = known["hours"] * (known["high"] - known["low"]) / 2
    sums = known.assign(square=error**2).groupby("hour")[["count", "hours", "square"]].sum().reset_index()
    rate, reach = sums["count"] / sums["hours"], np.sqrt(sums["square"]) / sums["hours"]
    return sums.assign(weekday=ANY, rate=rate, low=rate - reach, high=rate + reach)


def _run(hours: np.ndarray[Any, Any], hour: int) -> tuple[int, int]:
    """The first of the neighbouring ``hours`` around one, and the hour after the last."""
    start, end = hour, hour + 1
    while start - 1 in hours:
        start -= 1
    while end in hours:
        end += 1
    return start, end
