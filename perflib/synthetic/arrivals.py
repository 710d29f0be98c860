"""When and where calls come in: Poisson counts by hour and district, and the moment of each call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perflib.synthetic.clock import Hours, yearly
from perflib.synthetic.plan import Plan
from perflib.synthetic.rng import Floats, Ints, normal, poisson, uniform

#: share of a day's calls by local hour, as a multiple of the mean
_PERCENT = "80 66 55 45 38 40 52 72 90 100 106 112 118 120 126 136 144 148 142 136 130 122 116 106"
HOURLY = tuple(int(value) / 100 for value in _PERCENT.split())


@dataclass(frozen=True, eq=False)
class Arrivals:
    """One row per call: its number ``rid`` (all else is drawn from it), moment, district and local clock."""

    rid: Ints
    received: Ints
    district: Ints
    day: Ints
    hour: Ints


def expected(plan: Plan, hours: Hours) -> Floats:
    """Expected calls by hour (rows) and district (columns): the planted season, weekday, hour and trend multiplied."""
    day = hours.day
    hourly = np.array(HOURLY) / np.mean(HOURLY)
    city = (
        plan.calls_per_day
        / 24
        * hourly[hours.hour]
        * np.array(plan.weekday)[(day + 3) % 7]
        * (1 + plan.season * yearly(day, plan.season_peak_day))
    )
    return city[:, None] * np.array(plan.district_share)[None, :] * _trend(plan, day)


def arrivals(plan: Plan, hours: Hours) -> Arrivals:
    """The calls of these hours, in order of time."""
    shock = plan.day_shock_sd
    mean = expected(plan, hours) * np.exp(shock * normal(plan.seed, "shock", hours.day) - shock**2 / 2)[:, None]
    cell = (hours.start // 3600)[:, None] * 16 + np.arange(len(plan.districts))[None, :]
    count = poisson(plan.seed, "count", cell, mean).ravel()
    at = np.repeat(np.arange(count.size), count)
    within = np.arange(at.size) - np.repeat(np.cumsum(count) - count, count)
    rid = cell.ravel()[at] * 4096 + within
    hour = at // len(plan.districts)
    received = hours.start[hour] + (uniform(plan.seed, "second", rid) * 3600).astype(np.int64)
    order = np.lexsort((rid, received))
    hour = hour[order]
    return Arrivals(rid[order], received[order], at[order] % len(plan.districts), hours.day[hour], hours.hour[hour])


def _trend(plan: Plan, day: Ints) -> Floats:
    years = (day - plan.first_day) / 365.25
    rises = np.array([name == plan.trend_district for name in plan.districts])
    return np.where(rises[None, :], (1 + plan.trend_per_year) ** years[:, None], 1.0)
