"""Calls for service: when and where they come in, priority, type, how each ended, and every stamp to its closing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.synthetic.clock import HOUR, months, shift_of, yearly
from perflib.synthetic.columns import Floats, Frame, Ints, Labels, Mask, Rows, only, sizes
from perflib.synthetic.people import People
from perflib.synthetic.places import place
from perflib.synthetic.plan import SHIFTS, Plan, day, read
from perflib.synthetic.rng import SHARES, Draws
from perflib.synthetic.roster import Duty

ORIGINS, PRIORITIES = list(SHARES["origin"]), list(SHARES["priority"])
CHOICES = read("choices")
NONE = {"case": 0, "on_view": 0, "tension": 0.25}  # of a nature of call that names none
TYPES = pd.DataFrame.from_dict(CHOICES["call_types"], orient="index").fillna(NONE)
TYPE_NAMES = list(TYPES.index)
#: by priority, and last of what officers begin
TYPE_WEIGHTS = np.array([TYPES.weight.where(TYPES.group == name, 0) for name in (*PRIORITIES, "officer")])


def by_type(column: str, calls: Rows) -> Any:
    """A column of the natures of call in ``choices.yml``, for each call."""
    return TYPES[column].to_numpy()[calls.kind]


def in_district(plan: Plan, name: str | None, district: Ints) -> Mask:
    """Whether each row is of the district of this name."""
    return np.array(plan.districts)[district] == name


def scatter(plan: Plan, purpose: str, period: Ints, mean: Floats) -> tuple[Ints, Ints, Ints]:
    """Poisson many rows in every period (rows of ``mean``) and district (columns).

    Returns the rows' numbers, from which all else is drawn, the positions of their periods, and their districts.
    """
    width = len(plan.districts)
    cell = period[:, None] * 16 + np.arange(width)
    count = Draws(plan.seed, "", cell).poisson(purpose, mean).ravel()
    at = np.repeat(np.arange(count.size), count)
    within = np.arange(at.size) - np.repeat(np.cumsum(count) - count, count)
    return cell.ravel()[at] * 4096 + within, at // width, at % width


def arrivals(plan: Plan, hours: Rows) -> Rows:
    """The calls of these hours, in order of time: ``rid``, ``received_at``, ``district``, local ``day`` and ``hour``.

    ``origin`` and ``priority`` are codes; what officers begin is of priority 3 or 4. The expected number of calls is
    the planted season, weekday, hour and trend multiplied, and a shock shared by a day.
    """
    days, sd = hours.day, plan.day_shock_sd
    city = (
        plan.calls_per_day
        / 24
        * np.array(plan.hourly)[hours.hour]
        * sizes(plan.weekday)[(days + 3) % 7]
        * (1 + plan.season * yearly(days, plan.season_peak_day))
    )
    trend = (1 + plan.trend_per_year) ** ((days - plan.first_day) / 365.25)
    rises = in_district(plan, plan.trend_district, np.arange(len(plan.districts)))
    shock = np.exp(sd * Draws(plan.seed, "", days).normal("shock") - sd**2 / 2)
    mean = city[:, None] * np.array(plan.district_share) * np.where(rises, trend[:, None], 1.0) * shock[:, None]
    rid, hour, district = scatter(plan, "count", hours.start // HOUR, mean)
    calls = hours[hour]
    draws = Draws(plan.seed, "", rid)
    calls.rid, calls.district, calls.origin = rid, district, draws.label("origin").codes
    priority = draws.label("priority").codes
    calls.priority = np.where(calls.origin == 1, 2 + priority % 2, priority)
    calls.received_at = calls.start + draws.whole("second", HOUR)
    return calls[np.lexsort((rid, calls.received_at))]


def with_stamps(plan: Plan, calls: Rows) -> Rows:
    """With ``closing``, the stamps, NaN where there is none, and ``reached``, arrival even where its stamp was lost."""
    draws, own, start = Draws(plan.seed, "", calls.rid), calls.origin == 1, calls.received_at.astype(float)
    closing = _closing(plan, calls, draws)
    attended, total = closing == 0, np.where(own, 0.0, _response(plan, calls, draws))
    # Shares of the whole interval, so that a factor on the whole is the same factor on every stage.
    taking, waiting, driving = (
        size * np.exp(spread * draws.normal(stage))
        for stage, size, spread in (("taking", 0.12, 0.3), ("waiting", 0.25, 0.6), ("driving", 0.63, 0.2))
    )
    stages = taking + waiting + driving
    queued, arrived = np.floor(start + total * (taking / stages)), np.floor(start + total)
    dispatched = np.floor(start + total * (taking / stages + waiting / stages))
    enroute = np.floor(start + total * (1 - driving / stages * (0.7 + 0.25 * draws.uniform("turnout"))))
    scene = sizes(plan.on_scene_min)[calls.priority] * 60 * np.exp(0.6 * draws.normal("scene"))
    free = np.floor(np.where(attended, arrived + scene, dispatched + 60 + 240 * draws.uniform("scene")))
    sent = attended | ((closing == 1) & draws.below("sent", 0.5))
    lost = draws.below("stamp", plan.stamp_missing) & ~own
    return Rows(
        **vars(calls),
        closing=closing,
        call_taking_ended_at=only(~own, np.floor(queued + 20 + 90 * draws.uniform("talk"))),
        queued_at=only(~own, queued),
        dispatched_at=only(sent, dispatched),
        enroute_at=only(attended & ~own, enroute),
        arrived_at=only(attended & ~lost, arrived),
        cleared_at=only(sent, free),
        closed_at=np.floor(free + 600 * draws.uniform("close")),
        reached=only(attended, arrived),
    )


def make(plan: Plan, month: Rows, duty: Duty) -> Rows:
    """The calls of one local month that are in the records, each drawn from its own number.

    With ``call_id`` (year, month and a running number), ``kind``, ``officer`` (the primary one), ``helpers`` (rows x 3,
    -1 for none), ``unit_count``, ``came`` (an officer attended, whether or not the stamp was kept) and ``recorded_at``.
    """
    calls = with_stamps(plan, arrivals(plan, month))
    draws, of_2000 = Draws(plan.seed, "", calls.rid), months(calls.day) - 30 * 12
    calls.call_id = (of_2000 // 12 * 100 + of_2000 % 12 + 1) * 1_000_000 + 1 + np.arange(calls.rid.size)
    calls.kind = draws.choose("kind", TYPE_WEIGHTS[np.where(calls.origin == 1, len(PRIORITIES), calls.priority)])
    calls.officer, calls.helpers = _officers(plan, calls, duty, draws)
    calls.unit_count = np.where(np.isnan(calls.dispatched_at), 0, 1 + (calls.helpers >= 0).sum(axis=1))
    calls.came = (calls.closing == 0) & (calls.officer >= 0)
    calls.recorded_at = recorded(plan, Draws(plan.seed, "calls/", calls.rid), calls.closed_at)
    return calls[in_extract(plan, calls, calls.recorded_at)]


def recorded(plan: Plan, draws: Draws, happened: Floats) -> Floats:
    """When a row reached the agency's records: most within hours, a planted share days late."""
    mean = np.where(draws.below("late", plan.late_share), plan.late_mean_hours, 1.0)
    return np.floor(happened + draws.exponential("lag") * mean * HOUR)


def in_extract(plan: Plan, at: Rows, recorded_at: Floats) -> Mask:
    """Rows that are in the extract: recorded before its end, and not of a feed that had stopped."""
    stopped = in_district(plan, plan.stopped_district, at.district) & (at.day > plan.last_day - plan.stopped_days)
    return (recorded_at < plan.end) & ~stopped


def table(plan: Plan, people: People, calls: Rows) -> Frame:
    """The table of calls."""
    draws, own = Draws(plan.seed, "", calls.rid), calls.origin == 1
    attended = draws.choose("disposition", (0.35, 0.35, 0.12, 0.12, 0.06))
    other = 3 + 2 * calls.closing + draws.choose("disposition", (0.7, 0.3))
    return {
        **vars(calls),
        "priority": Labels(calls.priority, PRIORITIES),
        "call_type": Labels(calls.kind, TYPE_NAMES),
        "service": Labels(np.zeros_like(calls.rid), ["police"]),
        "origin": Labels(calls.origin, ORIGINS),
        "reception": draws.label("reception").put(own, "Radio"),
        "disposition": Labels(np.where(calls.closing == 0, attended, other), CHOICES["dispositions"]),
        "closing": Labels(calls.closing, CHOICES["closings"]),
        "shift": Labels(shift_of(calls.hour), SHIFTS),
        "call_taker_id": draws.label("taker").put(own, None),
        "dispatcher_id": draws.label("dispatcher"),
        "officer_id": Labels(np.where(calls.unit_count > 0, calls.officer, -1), people.names),
        **place(plan, Draws(plan.seed, "calls/", calls.rid), calls.district),
    }


def _response(plan: Plan, calls: Rows, draws: Draws) -> Floats:
    # Seconds from answer to arrival of public calls: lognormal, multiplied by district, season and hour (shared by all
    # districts) and by the planted step.
    season = 1 + plan.response_season * yearly(calls.day, plan.season_peak_day)
    busy = np.array(plan.response_by_hour)[calls.hour]
    stepped = in_district(plan, plan.step_district, calls.district) & (calls.day >= day(plan.step_date))
    factor = np.array(plan.district_response)[calls.district] * season * busy * np.where(stepped, plan.step_size, 1.0)
    median = sizes(plan.medians_min)[calls.priority] * 60 * factor
    return median * np.exp(plan.sd_log * draws.normal("response"))


def _closing(plan: Plan, calls: Rows, draws: Draws) -> Ints:
    u, phone = draws.uniform("closing"), sizes(plan.without_arrival)[calls.priority]
    ended = np.where(u < plan.cancelled, 1, np.where(u < plan.cancelled + phone, 2, 0))
    return np.where(calls.origin == 1, 0, ended)


def _officers(plan: Plan, calls: Rows, duty: Duty, draws: Draws) -> tuple[Ints, Ints]:
    """The primary officer, of the district or a specialist, or else of anywhere; and helpers of the district."""
    own, city = calls.origin == 1, np.full_like(calls.rid, len(plan.districts))
    area, u = np.where(own & draws.below("special", 0.2), city, calls.district), draws.uniform("officer")
    officer = np.full_like(calls.rid, -1)
    for choice in (area, calls.district, city + 1):
        officer = np.where(officer >= 0, officer, duty.draw(duty.cell(choice, calls), u))
    extra = np.where(own, plan.own_backups, sizes(plan.backups)[calls.priority])
    wanted, cell = draws.poisson("crew", extra), duty.cell(calls.district, calls)
    helpers = np.full((calls.rid.size, 3), -1)
    for turn in range(3):
        some = np.flatnonzero((wanted > turn) & (officer >= 0) & (calls.closing == 0))
        helper = duty.draw(cell[some], Draws(plan.seed, "", calls.rid[some]).uniform(f"helper{turn}"))
        twice = (helper == officer[some]) | (helpers[some] == helper[:, None]).any(axis=1)
        helpers[some, turn] = np.where(twice, -1, helper)
    return officer, helpers
