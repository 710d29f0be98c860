"""Calls for service: priority, type, how each ended, and every stamp from answer to closing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from perflib.synthetic.arrivals import Arrivals
from perflib.synthetic.clock import SHIFT_NAMES, duty_day, midnight, shift_of, yearly
from perflib.synthetic.columns import Column, Labels
from perflib.synthetic.people import People
from perflib.synthetic.places import place
from perflib.synthetic.plan import Plan, day
from perflib.synthetic.rng import Floats, Ints, choose, exponential, normal, uniform
from perflib.synthetic.roster import Duty

ORIGINS, ORIGIN_SHARE = ("public", "officer", "unknown"), (0.70, 0.29, 0.01)
PRIORITIES, PRIORITY_SHARE = ("1", "2", "3", "4"), (0.10, 0.25, 0.40, 0.25)
CLOSINGS = ("attended", "cancelled", "without_arrival")
CANCELLED, STAMP_MISSING = 0.05, 0.03
WITHOUT_ARRIVAL = (0.0, 0.01, 0.06, 0.15)
TYPES = {
    "1": {"Shots fired": 0.1, "Assault in progress": 0.35, "Robbery": 0.06, "Injury collision": 0.49},
    "2": {
        "Domestic disturbance": 0.3,
        "Burglary in progress": 0.05,
        "Fight": 0.2,
        "Alarm": 0.25,
        "Suspicious person": 0.2,
    },
    "3": {"Theft": 0.14, "Burglary report": 0.02, "Collision": 0.26, "Trespass": 0.22, "Welfare check": 0.36},
    "4": {"Noise": 0.32, "Parking": 0.24, "Vandalism": 0.12, "Found property": 0.1, "Animal": 0.22},
    "officer": {"Traffic stop": 0.4, "Subject stop": 0.1, "Business check": 0.25, "Directed patrol": 0.25},
}
TYPE_NAMES = tuple(name for kinds in TYPES.values() for name in kinds)
ATTENDED = ("Report taken", "No report", "Warning", "Gone on arrival", "Unfounded")
DISPOSITIONS = (*ATTENDED, "Cancelled by caller", "Duplicate", "Handled by phone", "Referred")
RECEPTIONS = ("E-911", "Phone", "Online", "Radio")
ON_SCENE_MIN = (60.0, 40.0, 30.0, 20.0)
BACKUPS, OWN_BACKUPS = (1.8, 1.0, 0.35, 0.1), 0.2

_FLAT = ("origin", "priority", "kind", "closing", "reached", "officer", "helpers", "crew", "recorded")


@dataclass(frozen=True, eq=False)
class Calls:
    """The calls of some hours as arrays; stamps in seconds since 1970, NaN where there is none.

    ``reached`` is the moment of arrival even where its stamp was lost; ``helpers`` (rows x 3) are further officers.
    """

    at: Arrivals
    origin: Ints
    priority: Ints
    kind: Ints
    closing: Ints
    stamps: dict[str, Floats]
    reached: Floats
    officer: Ints
    helpers: Ints
    crew: Ints
    recorded: Floats

    @property
    def came(self) -> npt.NDArray[np.bool_]:
        """Calls that an officer attended, whether or not the stamp was kept."""
        return np.asarray((self.closing == 0) & (self.officer >= 0))


def nature(plan: Plan, at: Arrivals) -> tuple[Ints, Ints]:
    """Origin and priority of each call; what officers begin is of priority 3 or 4."""
    origin = choose(plan.seed, "origin", at.rid, ORIGIN_SHARE)
    priority = choose(plan.seed, "priority", at.rid, PRIORITY_SHARE)
    return origin, np.where(origin == 1, 2 + priority % 2, priority)


def response(plan: Plan, at: Arrivals, priority: Ints) -> Floats:
    """Seconds from answer to arrival of public calls: lognormal, with the planted factors multiplied in."""
    median = np.array(plan.medians_min)[priority] * 60 * factor(plan, at)
    return np.asarray(median * np.exp(plan.sd_log * normal(plan.seed, "response", at.rid)))


def factor(plan: Plan, at: Arrivals) -> Floats:
    """What multiplies the median: district, season and hour (shared by all districts), and the planted step."""
    steady = np.array(plan.district_response)[at.district] * (1 - 0.04 * yearly(at.day, plan.season_peak_day))
    busy = np.where((at.hour >= 15) & (at.hour < 19), 1.10, np.where(at.hour < 6, 0.95, 1.0))
    stepped = np.array([name == plan.step_district for name in plan.districts])[at.district]
    return steady * busy * np.where(stepped & (at.day >= day(plan.step_date)), plan.step_size, 1.0)


def make(plan: Plan, at: Arrivals, duty: Duty) -> Calls:
    """Everything about these calls, each row from its own number."""
    origin, priority = nature(plan, at)
    kind, closing = _kind(plan, at, origin, priority), _closing(plan, at, origin, priority)
    officer = _officer(plan, at, duty, origin)
    stamps, reached = _stamps(plan, at, origin, priority, closing)
    helpers = _helpers(plan, at, duty, officer, np.where(closing == 0, _wanted(plan, at, priority, origin), 0))
    crew = np.where(np.isnan(stamps["dispatched_at"]), 0, 1 + (helpers >= 0).sum(axis=1))
    known = recorded(plan, "calls", at.rid, stamps["closed_at"])
    return Calls(at, origin, priority, kind, closing, stamps, reached, officer, helpers, crew, known)


def recorded(plan: Plan, salt: str, ids: Ints, known: Floats) -> Floats:
    """When a row reached the agency's records: most within hours, a planted share days late."""
    late = uniform(plan.seed, salt + "/late", ids) < plan.late_share
    hours = exponential(plan.seed, salt + "/lag", ids) * np.where(late, plan.late_mean_hours, 1.0)
    return np.floor(known + hours * 3600)


def seen(plan: Plan, district: Ints, day_number: Ints, known: Floats) -> npt.NDArray[np.bool_]:
    """Rows that are in the extract: recorded before its end, and not of a feed that had stopped."""
    end = midnight(plan, day(plan.last) + 1)
    stopped = np.array([name == plan.stopped_district for name in plan.districts])[district]
    return (known < end) & ~(stopped & (day_number > day(plan.last) - plan.stopped_days))


def attendance(
    plan: Plan, at: Arrivals, origin: Ints, priority: Ints
) -> tuple[npt.NDArray[np.bool_], dict[str, Floats]]:
    """Whether each call has an arrival stamp, and its stamps from answer to arrival."""
    stamps = {"received_at": at.received.astype(float)}
    stamps |= _stamps(plan, at, origin, priority, _closing(plan, at, origin, priority))[0]
    reached = ~np.isnan(stamps["arrived_at"])
    return reached, {name: stamps[name] for name in ("received_at", "dispatched_at", "arrived_at")}


def table(plan: Plan, people: People, calls: Calls, names: npt.NDArray[Any]) -> dict[str, Column]:
    """The table of calls; ``names`` are their incident numbers."""
    at, seed = calls.at, plan.seed
    staff = [f"D{number:02d}" for number in range(1, 25)]
    frame: dict[str, Column] = {
        "call_id": names,
        "received_at": at.received,
        **calls.stamps,
        "priority": Labels(calls.priority, PRIORITIES),
        "call_type": Labels(calls.kind, TYPE_NAMES),
        "service": Labels(np.zeros_like(at.rid), ("police",)),
        "origin": Labels(calls.origin, ORIGINS),
        "reception": Labels(_reception(plan, calls), RECEPTIONS),
        "disposition": Labels(_disposition(plan, calls), DISPOSITIONS),
        "closing": Labels(calls.closing, CLOSINGS),
        "shift": Labels(shift_of(at.hour), SHIFT_NAMES),
        "unit_count": calls.crew,
        "call_taker_id": Labels(np.where(calls.origin == 1, -1, choose(seed, "taker", at.rid, np.ones(24))), staff),
        "dispatcher_id": Labels(choose(seed, "dispatcher", at.rid, np.ones(24)), staff),
        "officer_id": Labels(np.where(calls.crew > 0, calls.officer, -1), people.names),
        "recorded_at": calls.recorded,
    }
    return {**frame, **place(plan, "calls", at.rid, at.district)}


def numbers(at: Arrivals) -> Ints:
    """Incident numbers: year, month, and a running number within the local month (the rows of one month)."""
    month = at.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    stem = (month // 12 + 1970 - 2000) * 100 + month % 12 + 1
    return stem * 1_000_000 + 1 + np.arange(at.rid.size)


def _kind(plan: Plan, at: Arrivals, origin: Ints, priority: Ints) -> Ints:
    group = np.where(origin == 1, 4, priority)
    found, begin = np.zeros_like(at.rid), 0
    for index, kinds in enumerate(TYPES.values()):
        rows = group == index
        found[rows] = begin + choose(plan.seed, "kind", at.rid[rows], list(kinds.values()))
        begin += len(kinds)
    return found


def _closing(plan: Plan, at: Arrivals, origin: Ints, priority: Ints) -> Ints:
    u = uniform(plan.seed, "closing", at.rid)
    phone = np.array(WITHOUT_ARRIVAL)[priority]
    return np.where(origin == 1, 0, np.where(u < CANCELLED, 1, np.where(u < CANCELLED + phone, 2, 0)))


def _officer(plan: Plan, at: Arrivals, duty: Duty, origin: Ints) -> Ints:
    shift, when = shift_of(at.hour), duty_day(at.day, at.hour)
    special = (origin == 1) & (uniform(plan.seed, "special", at.rid) < 0.2)
    area = np.where(special, len(plan.districts), at.district)
    u = uniform(plan.seed, "officer", at.rid)
    found = duty.draw(duty.cell(area, when, shift), u)
    nearby = duty.draw(duty.cell(at.district, when, shift), u)
    anyone = duty.draw(duty.cell(np.full_like(area, len(plan.districts) + 1), when, shift), u)
    found = np.where(found >= 0, found, nearby)
    return np.where(found >= 0, found, anyone)


def _stamps(plan: Plan, at: Arrivals, origin: Ints, priority: Ints, closing: Ints) -> tuple[dict[str, Floats], Floats]:
    seed, rid, start = plan.seed, at.rid, at.received.astype(float)
    own = origin == 1
    total = np.where(own, 0.0, response(plan, at, priority))
    taking, waiting, driving = _stages(plan, rid)
    arrived = np.floor(start + total)
    dispatched = np.floor(start + total * (taking + waiting))
    enroute = np.floor(start + total * (1 - driving * (0.7 + 0.25 * uniform(seed, "turnout", rid))))
    queued = np.floor(start + total * taking)
    scene = np.array(ON_SCENE_MIN)[priority] * 60 * np.exp(0.6 * normal(seed, "scene", rid))
    free = np.where(
        closing == 0, np.floor(arrived + scene), np.floor(dispatched + 60 + 240 * uniform(seed, "scene", rid))
    )
    sent = (closing == 0) | ((closing == 1) & (uniform(seed, "sent", rid) < 0.5))
    kept = (closing == 0) & (own | (uniform(seed, "stamp", rid) >= STAMP_MISSING))
    none = np.nan
    stamps = {
        "call_taking_ended_at": np.where(own, none, np.floor(queued + 20 + 90 * uniform(seed, "talk", rid))),
        "queued_at": np.where(own, none, queued),
        "dispatched_at": np.where(sent, dispatched, none),
        "enroute_at": np.where((closing == 0) & ~own, enroute, none),
        "arrived_at": np.where(kept, arrived, none),
        "cleared_at": np.where(sent, free, none),
        "closed_at": np.floor(free + 600 * uniform(seed, "close", rid)),
    }
    return stamps, np.where(closing == 0, arrived, none)


def _stages(plan: Plan, rid: Ints) -> tuple[Floats, Floats, Floats]:
    # Shares of the whole interval, so that a factor on the whole is the same factor on every stage.
    weights = [
        size * np.exp(spread * normal(plan.seed, what, rid))
        for what, size, spread in (("taking", 0.12, 0.3), ("waiting", 0.25, 0.6), ("driving", 0.63, 0.2))
    ]
    total = weights[0] + weights[1] + weights[2]
    return weights[0] / total, weights[1] / total, weights[2] / total


def _wanted(plan: Plan, at: Arrivals, priority: Ints, origin: Ints) -> Ints:
    extra = np.where(origin == 1, OWN_BACKUPS, np.array(BACKUPS)[priority])
    share = uniform(plan.seed, "crew", at.rid)
    # Poisson cut off at three, written out because the means are few and small.
    p0, p1, p2 = np.exp(-extra), extra * np.exp(-extra), extra**2 / 2 * np.exp(-extra)
    return (share > p0).astype(np.int64) + (share > p0 + p1) + (share > p0 + p1 + p2)


def _helpers(plan: Plan, at: Arrivals, duty: Duty, officer: Ints, wanted: Ints) -> Ints:
    found = np.full((at.rid.size, 3), -1)
    cell = duty.cell(at.district, duty_day(at.day, at.hour), shift_of(at.hour))
    for turn in range(3):
        some = np.flatnonzero((wanted > turn) & (officer >= 0))
        helper = duty.draw(cell[some], uniform(plan.seed, f"helper{turn}", at.rid[some]))
        twice = (helper == officer[some]) | (found[some] == helper[:, None]).any(axis=1)
        found[some, turn] = np.where(twice, -1, helper)
    return found


def _reception(plan: Plan, calls: Calls) -> Ints:
    return np.where(calls.origin == 1, 3, choose(plan.seed, "reception", calls.at.rid, (0.6, 0.34, 0.06)))


def _disposition(plan: Plan, calls: Calls) -> Ints:
    rid, seed = calls.at.rid, plan.seed
    attended = choose(seed, "disposition", rid, (0.35, 0.35, 0.12, 0.12, 0.06))
    other = choose(seed, "disposition", rid, (0.7, 0.3))
    return np.where(calls.closing == 0, attended, np.where(calls.closing == 1, 5 + other, 7 + other))


def rows(calls: Calls, keep: npt.NDArray[Any]) -> Calls:
    """Some of the calls; ``keep`` is a mask or positions."""
    at = Arrivals(**{name: value[keep] for name, value in vars(calls.at).items()})
    stamps = {name: value[keep] for name, value in calls.stamps.items()}
    return Calls(at=at, stamps=stamps, **{name: getattr(calls, name)[keep] for name in _FLAT})


def join(parts: list[Calls]) -> Calls:
    """Consecutive pieces put together."""
    at = Arrivals(**{name: np.concatenate([getattr(part.at, name) for part in parts]) for name in vars(parts[0].at)})
    stamps = {name: np.concatenate([part.stamps[name] for part in parts]) for name in parts[0].stamps}
    flat = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _FLAT}
    return Calls(at=at, stamps=stamps, **flat)
