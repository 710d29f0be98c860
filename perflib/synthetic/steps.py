"""Just the urgent public calls of one seed, with or without a planted step: quick enough for hundreds of seeds."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from perflib.synthetic import calls as dispatch
from perflib.synthetic import plan
from perflib.synthetic.arrivals import Arrivals, arrivals
from perflib.synthetic.clock import hours
from perflib.synthetic.plan import Plan

if TYPE_CHECKING:
    import pandas as pd


def calls_with_step(
    seed: int,
    size: float = 1.2,
    district: str | None = "0412",
    date: str | dt.date = "2025-03-01",
    priorities: tuple[str, ...] = ("1", "2"),
    scale: str = "sample",
    agency: str = "city",
    **overrides: Any,
) -> pd.DataFrame:
    """Public calls that an officer reached, of these priorities, with a step in one district from one local day on.

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
    ParameterError : an unknown scale, agency or override.
    """
    when = dt.date.fromisoformat(date) if isinstance(date, str) else date
    wanted = plan.make(scale, agency, seed, step_size=size, step_district=district, step_date=when, **overrides)
    every = arrivals(wanted, hours(wanted))
    origin, priority = dispatch.nature(wanted, every)
    codes = [dispatch.PRIORITIES.index(name) for name in priorities]
    keep = np.flatnonzero((origin == 0) & np.isin(priority, codes))
    return _frame(wanted, Arrivals(**{name: value[keep] for name, value in vars(every).items()}), priority[keep])


def _frame(wanted: Plan, at: Arrivals, priority: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    origin = np.zeros_like(at.rid)
    reached, stamps = dispatch.attendance(wanted, at, origin, priority)
    kept = np.flatnonzero(reached)
    moment = {name: pd.to_datetime(values[kept].astype("int64"), unit="s", utc=True) for name, values in stamps.items()}
    return pd.DataFrame(
        {
            "call_id": at.rid[kept].astype(str),
            **moment,
            "priority": np.array(dispatch.PRIORITIES)[priority[kept]],
            "origin": "public",
            "closing": "attended",
            "district": np.array(wanted.districts)[at.district[kept]],
            "response_min": (stamps["arrived_at"] - stamps["received_at"])[kept] / 60,
        }
    )
