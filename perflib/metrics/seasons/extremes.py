"""The busiest and the quietest hours in words: a run of hours that cannot be told apart, not the one that leads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.models.seasonality.profile import leading

#: of the 168 hours of a week; where more than these cannot be told apart, no hour is named.
HALF = 84


def ends(found: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Facts ``busiest`` and ``quietest`` of a ``profile`` by weekday and hour.

    Returns
    -------
    Per end: the leading hour's ``weekday, hour, rate, low, high``; ``alike``, every hour of the week that cannot be
    told apart from it (``leading``, 95 %), as "Friday 16"; of these, the neighbours of the leading hour on its day:
    ``start`` and ``end`` of that run and ``together``, its rate; ``others``, how many are alike beside the run.
    """
    known = found[found["hours"] > 0].reset_index(drop=True)
    return {name: _end(known, highest) for name, highest in (("busiest", True), ("quietest", False))}


def _end(known: pd.DataFrame, highest: bool) -> dict[str, Any]:
    row = known.iloc[int(known["rate"].argmax() if highest else known["rate"].argmin())]
    near = known[leading(known, highest)]
    start, end = _run(near.loc[near["weekday"] == row["weekday"], "hour"].to_numpy(), int(row["hour"]))
    run = near[(near["weekday"] == row["weekday"]) & near["hour"].between(start, end - 1)]
    alike = [f"{day} {hour}" for day, hour in zip(near["weekday"], near["hour"], strict=True)]
    return {
        "weekday": row["weekday"], "hour": int(row["hour"]), "rate": row["rate"], "low": row["low"],
        "high": row["high"], "alike": alike,
        "start": start, "end": end, "together": float(run["count"].sum() / run["hours"].sum()),
        "others": len(near) - len(run),
    }


def _run(hours: np.ndarray[Any, Any], hour: int) -> tuple[int, int]:
    """The first of the neighbouring ``hours`` around one, and the hour after the last."""
    held, start, end = {int(each) for each in hours}, hour, hour + 1
    while start - 1 in held:
        start -= 1
    while end in held:
        end += 1
    return start, end


def words(doing: str, most: dict[str, Any]) -> str:
    """The busiest and quietest hours in one sentence without its stop; ``doing``: who does what, or empty."""
    told = [f"{doing} most {when(most['busiest'], ' an hour')}", f"least {when(most['quietest'])}"]
    return ", ".join(told).strip()


def when(end: dict[str, Any], unit: str = "") -> str:
    """One end in words: the run of hours, its rate, and how many others cannot be told apart from it."""
    if len(end["alike"]) > HALF:
        return "at no hour in particular"
    others = end["others"]
    more = "" if not others else f"; {others} other hour{'s' if others > 1 else ''} of the week cannot be told apart"
    return f"on {end['weekday']} from {end['start']:02d}:00 to {end['end']:02d}:00 ({end['together']:.1f}{unit}{more})"
