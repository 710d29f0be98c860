"""Just the urgent public calls of one seed, with or without a planted step: quick enough for hundreds of seeds."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from perflib.synthetic.calls import PRIORITIES, arrivals, with_stamps
from perflib.synthetic.clock import hours
from perflib.synthetic.plan import make

if TYPE_CHECKING:
    import pandas as pd


def calls_with_step(
    seed: int,
    size: float = 1.2,
    district: str | None = "0412",
    date: str | dt.date = "2025-03-01",
    scale: str = "sample",
    **overrides: Any,
) -> pd.DataFrame:
    """Public calls of priority 1 and 2 that an officer reached, with a step in one district from one local day on.

    Parameters
    ----------
    size : what the whole response-time distribution of the district is multiplied by; 1.0 plants nothing.
    overrides : fields of the plan, such as ``first`` and ``last`` for a shorter period.

    Returns
    -------
    frame in order of time with the calls table's ``call_id, received_at, dispatched_at, arrived_at`` (UTC),
    ``priority, origin, closing, district``, and ``response_min`` (minutes from answer to arrival).

    Raises
    ------
    ParameterError : an unknown scale or override.
    """
    import pandas as pd

    when = dt.date.fromisoformat(str(date))
    plan = make(scale, seed=seed, step_size=size, step_district=district, step_date=when, **overrides)
    every = arrivals(plan, hours(plan))
    calls = with_stamps(plan, every[(every.origin == 0) & (every.priority < 2)])
    calls = calls[~np.isnan(calls.arrived_at)]
    stamps = ("received_at", "dispatched_at", "arrived_at")
    return pd.DataFrame(
        {
            "call_id": calls.rid.astype(str),
            **{name: pd.to_datetime(vars(calls)[name].astype("int64"), unit="s", utc=True) for name in stamps},
            "priority": np.array(PRIORITIES)[calls.priority],
            "origin": "public",
            "closing": "attended",
            "district": np.array(plan.districts)[calls.district],
            "response_min": (calls.arrived_at - calls.received_at) / 60,
        }
    )
