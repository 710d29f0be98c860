"""Calls for service: when and where they come in, priority, type, how each ended, and every stamp to its closing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.synthetic.clock import HOUR, Hours, duty_day, months, shift_of, yearly
from perflib.synthetic.columns import Floats, Ints, Labels, Mask, Rows
from perflib.synthetic.people import People
from perflib.synthetic.places import place
from perflib.synthetic.plan import SHIFTS, Plan, day, read
from perflib.synthetic.rng import SHARES, Draws
from perflib.synthetic.roster import Duty

ORIGINS, PRIORITIES = list(SHARES["origin"]), list(SHARES["priority"])
CLOSINGS = ("attended", "cancelled", "without_arrival")
TYPES = pd.DataFrame.from_dict(read("choices")["call_types"], orient="index").fillna(
    {"case": 0, "on_view": 0, "tension": 0.25}
)
TYPE_NAMES = list(TYPES.index)
DISPOSITIONS = (
    *("Report taken", "No report", "Warning", "Gone on arrival", "Unfounded"),
    *("Cancelled by caller", "Duplicate", "Handled by phone", "Referred"),
)
ON_SCENE_MIN, BACKUPS, OWN_BACKUPS = (60.0, 40.0, 30.0, 20.0), (1.8, 1.0, 0.35, 0.1), 0.2


def by_type(column: str, kind: Ints) -> Any:
    """A column of the natures of call in ``choices.yml``, for each call."""
    return TYPES[column].to_numpy()[kind]


def in_district(plan: Plan, name: str | None, district: Ints) -> Mask:
    """Whether each row is of the district of this name."""
    return np.array([each == name for each in plan.districts])[district]


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


def arrivals(plan: Plan, hours: Hours) -> Rows:
    """The calls of these hours, in order of time: ``rid``, ``received``, ``district`` and local ``day`` and ``hour``.

    Their expected number is the planted season, weekday, hour and trend multiplied, and a shock shared by a day.
    """
    days, sd = hours.day, plan.day_shock_sd
    city = (
        plan.calls_per_day
        / 24
        * (np.array(plan.hourly) / np.mean(plan.hourly))[hours.hour]
        * np.array(list(plan.weekday.values()))[(days + 3) % 7]
        * (1 + plan.season * yearly(days, plan.season_peak_day))
    )
    trend = (1 + plan.trend_per_year) ** ((days - plan.first_day) / 365.25)
    rises = in_district(plan, plan.trend_district, np.arange(len(plan.districts)))
    shock = np.exp(sd * Draws(plan.seed, "", days).normal("shock") - sd**2 / 2)
    mean = city[:, None] * np.array(plan.district_share) * np.where(rises, trend[:, None], 1.0) * shock[:, None]
    rid, hour, district = scatter(plan, "count", hours.start // HOUR, mean)
    received = hours.start[hour] + Draws(plan.seed, "", rid).whole("second", HOUR)
    day, of_day = days[hour], hours.hour[hour]
    return Rows(rid=rid, received=received, district=district, day=day, hour=of_day)[np.lexsort((rid, received))]


def with_priority(plan: Plan, at: Rows) -> Rows:
    """With ``origin`` and ``priority``; what officers begin is of priority 3 or 4."""
    draws = Draws(plan.seed, "", at.rid)
    origin, priority = draws.label("origin").codes, draws.label("priority").codes
    return Rows(**vars(at), origin=origin, priority=np.where(origin == 1, 2 + priority % 2, priority))


def with_stamps(plan: Plan, calls: Rows) -> Rows:
    """With ``closing``, the stamps, NaN where there is none, and ``reached``, arrival even where its stamp was lost."""
    draws, own, start = Draws(plan.seed, "", calls.rid), calls.origin == 1, calls.received.astype(float)
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
    scene = np.array(ON_SCENE_MIN)[calls.priority] * 60 * np.exp(0.6 * draws.normal("scene"))
    free = np.floor(np.where(attended, arrived + scene, dispatched + 60 + 240 * draws.uniform("scene")))
    sent = attended | ((closing == 1) & draws.below("sent", 0.5))
    lost = draws.below("stamp", plan.stamp_missing) & ~own
    return Rows(
        **vars(calls),
        closing=closing,
        call_taking_ended_at=np.where(own, np.nan, np.floor(queued + 20 + 90 * draws.uniform("talk"))),
        queued_at=np.where(own, np.nan, queued),
        dispatched_at=np.where(sent, dispatched, np.nan),
        enroute_at=np.where(attended & ~own, enroute, np.nan),
        arrived_at=np.where(attended & ~lost, arrived, np.nan),
        cleared_at=np.where(sent, free, np.nan),
        closed_at=np.floor(free + 600 * draws.uniform("close")),
        reached=np.where(attended, arrived, np.nan),
    )


def make(plan: Plan, month: Hours, duty: Duty) -> Rows:
    """The calls of one local month that are in the records, each drawn from its own number.

    With ``number`` (year, month and a running number), ``kind``, ``officer`` (the primary one), ``helpers`` (rows x 3,
    -1 for none), ``crew``, ``came`` (an officer attended, whether or not the stamp was kept) and ``recorded_at``.
    """
    calls = with_stamps(plan, with_priority(plan, arrivals(plan, month)))
    draws, of_2000 = Draws(plan.seed, "", calls.rid), months(calls.day) - 30 * 12
    calls.number = (of_2000 // 12 * 100 + of_2000 % 12 + 1) * 1_000_000 + 1 + np.arange(calls.rid.size)
    calls.kind = _kind(plan, calls)
    calls.officer, calls.helpers = _officers(plan, calls, duty, draws)
    calls.crew = np.where(np.isnan(calls.dispatched_at), 0, 1 + (calls.helpers >= 0).sum(axis=1))
    calls.came = (calls.closing == 0) & (calls.officer >= 0)
    calls.recorded_at = recorded(plan, "calls", calls.rid, calls.closed_at)
    return calls[seen(plan, calls, calls.recorded_at)]


def recorded(plan: Plan, table: str, ids: Ints, known: Floats) -> Floats:
    """When a row reached the agency's records: most within hours, a planted share days late."""
    draws = Draws(plan.seed, f"{table}/", ids)
    mean = np.where(draws.below("late", plan.late_share), plan.late_mean_hours, 1.0)
    return np.floor(known + draws.exponential("lag") * mean * HOUR)


def seen(plan: Plan, at: Rows, known: Floats) -> Mask:
    """Rows that are in the extract: recorded before its end, and not of a feed that had stopped."""
    stopped = in_district(plan, plan.stopped_district, at.district) & (at.day > plan.last_day - plan.stopped_days)
    return (known < plan.end) & ~stopped


def table(plan: Plan, people: People, calls: Rows) -> dict[str, Any]:
    """The table of calls."""
    draws, own = Draws(plan.seed, "", calls.rid), calls.origin == 1
    staff = [f"D{number:02d}" for number in range(1, 25)]
    spoken = np.where(own, 3, draws.choose("reception", (0.6, 0.34, 0.06)))
    attended = draws.choose("disposition", (0.35, 0.35, 0.12, 0.12, 0.06))
    other = 3 + 2 * calls.closing + draws.choose("disposition", (0.7, 0.3))
    return {
        **vars(calls),
        "call_id": calls.number,
        "received_at": calls.received,
        "priority": Labels(calls.priority, PRIORITIES),
        "call_type": Labels(calls.kind, TYPE_NAMES),
        "service": Labels(np.zeros_like(calls.rid), ["police"]),
        "origin": Labels(calls.origin, ORIGINS),
        "reception": Labels(spoken, ("E-911", "Phone", "Online", "Radio")),
        "disposition": Labels(np.where(calls.closing == 0, attended, other), DISPOSITIONS),
        "closing": Labels(calls.closing, CLOSINGS),
        "shift": Labels(shift_of(calls.hour), SHIFTS),
        "unit_count": calls.crew,
        "call_taker_id": Labels(np.where(own, -1, draws.choose("taker", np.ones(24))), staff),
        "dispatcher_id": Labels(draws.choose("dispatcher", np.ones(24)), staff),
        "officer_id": Labels(np.where(calls.crew > 0, calls.officer, -1), people.names),
        **place(plan, "calls", calls.rid, calls.district),
    }


def _response(plan: Plan, calls: Rows, draws: Draws) -> Floats:
    # Seconds from answer to arrival of public calls: lognormal, multiplied by district, season and hour (shared by all
    # districts) and by the planted step.
    season = 1 - 0.04 * yearly(calls.day, plan.season_peak_day)
    busy = np.where((calls.hour >= 15) & (calls.hour < 19), 1.10, np.where(calls.hour < 6, 0.95, 1.0))
    stepped = in_district(plan, plan.step_district, calls.district) & (calls.day >= day(plan.step_date))
    factor = np.array(plan.district_response)[calls.district] * season * busy * np.where(stepped, plan.step_size, 1.0)
    median = np.array(list(plan.medians_min.values()))[calls.priority] * 60 * factor
    return median * np.exp(plan.sd_log * draws.normal("response"))


def _closing(plan: Plan, calls: Rows, draws: Draws) -> Ints:
    u, phone = draws.uniform("closing"), np.array(list(plan.without_arrival.values()))[calls.priority]
    ended = np.where(u < plan.cancelled, 1, np.where(u < plan.cancelled + phone, 2, 0))
    return np.where(calls.origin == 1, 0, ended)


def _kind(plan: Plan, calls: Rows) -> Ints:
    group = np.where(calls.origin == 1, "officer", np.array(PRIORITIES)[calls.priority])
    kind = np.zeros_like(calls.rid)
    for name in TYPES.group.unique():
        rows, (among,) = group == name, np.nonzero(TYPES.group == name)
        kind[rows] = among[Draws(plan.seed, "", calls.rid[rows]).choose("kind", TYPES.weight.iloc[among])]
    return kind


def _officers(plan: Plan, calls: Rows, duty: Duty, draws: Draws) -> tuple[Ints, Ints]:
    """The primary officer, of the district or a specialist, or else of anywhere; and helpers of the district."""
    own, city = calls.origin == 1, np.full_like(calls.rid, len(plan.districts))
    area, u = np.where(own & draws.below("special", 0.2), city, calls.district), draws.uniform("officer")
    when, shift = duty_day(calls.day, calls.hour), shift_of(calls.hour)
    officer = np.full_like(calls.rid, -1)
    for choice in (area, calls.district, city + 1):
        officer = np.where(officer >= 0, officer, duty.draw(duty.cell(choice, when, shift), u))
    extra = np.where(own, OWN_BACKUPS, np.array(BACKUPS)[calls.priority])
    # Poisson cut off at three, written out because the means are few and small.
    none, one, two = np.exp(-extra), extra * np.exp(-extra), extra**2 / 2 * np.exp(-extra)
    crew, cell = draws.uniform("crew"), duty.cell(calls.district, when, shift)
    wanted = (crew > none).astype(np.int64) + (crew > none + one) + (crew > none + one + two)
    helpers = np.full((calls.rid.size, 3), -1)
    for turn in range(3):
        some = np.flatnonzero((wanted > turn) & (officer >= 0) & (calls.closing == 0))
        helper = duty.draw(cell[some], Draws(plan.seed, "", calls.rid[some]).uniform(f"helper{turn}"))
        twice = (helper == officer[some]) | (helpers[some] == helper[:, None]).any(axis=1)
        helpers[some, turn] = np.where(twice, -1, helper)
    return officer, helpers
