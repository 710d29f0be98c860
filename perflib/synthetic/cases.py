"""Cases with a clearance lag, arrests, and stops with one planted lower threshold for a search."""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.synthetic.calls import TYPE_NAMES
from perflib.synthetic.clock import DAY, midnight, offsets
from perflib.synthetic.columns import Column, Labels, take
from perflib.synthetic.people import RACE_SHARE, RACES
from perflib.synthetic.places import place
from perflib.synthetic.plan import Plan, day
from perflib.synthetic.rng import Floats, Ints, choose, exponential, normal, uniform
from perflib.synthetic.world import World, published

#: offence: NIBRS code, multiple of the clearance hazard, mean hours between the ends of when it can have happened
OFFENCES = {
    "Aggravated assault": ("13A", 2.0, 0.0),
    "Simple assault": ("13B", 2.2, 0.0),
    "Robbery": ("120", 1.2, 0.0),
    "Burglary": ("220", 0.5, 8.0),
    "Larceny": ("23F", 0.6, 6.0),
    "Motor vehicle theft": ("240", 0.4, 9.0),
    "Vandalism": ("290", 0.4, 10.0),
}
#: call type: offence, share of calls that become a case
CASES = {
    "Shots fired": (0, 0.24),
    "Assault in progress": (0, 0.19),
    "Robbery": (2, 0.5),
    "Domestic disturbance": (1, 0.2),
    "Fight": (1, 0.2),
    "Burglary in progress": (3, 0.25),
    "Burglary report": (3, 0.9),
    "Theft": (4, 0.85),
    "Vandalism": (6, 0.7),
}
#: clearances per day of an average offence, by days since the report, the same for every cohort: half of what is
#: ever cleared is cleared within three hours
DAYS, HAZARD = (0, 0.125, 7, 56, 182, 728), (1.24, 0.0102, 0.00112, 0.000143, 0.0000275, 0.0)
EXCEPTIONAL, UNFOUNDED, HEAPED = 0.10, 0.03, 0.05
OUTCOMES = ("charged", "declined", "diverted", "dismissed", "convicted", "pending")
#: share of calls that end in an arrest for something that is no case of ours: warrants, drugs, driving, disorder
ON_VIEW = {
    "Subject stop": 0.20,
    "Traffic stop": 0.04,
    "Suspicious person": 0.08,
    "Trespass": 0.12,
    "Domestic disturbance": 0.06,
    "Fight": 0.06,
}
STATUSES = ("open", "cleared_arrest", "cleared_exceptional", "unfounded", "inactive")


def cumulative(days: float, multiple: float = 1.0) -> float:
    """Planted chance that a case is cleared, by arrest or exceptionally, within these days of its report."""
    edges = np.minimum([*DAYS, 10**6], days)
    return float(1 - np.exp(-multiple * (np.diff(edges) * np.array(HAZARD)).sum()))


def incidents(world: World) -> dict[str, Any]:
    """The table of cases, with ``unit`` and ``offence_code`` for the tables that follow from it."""
    calls, numbers, _ = world.known()
    plan = world.plan
    share = np.array([CASES.get(name, (0, 0.0))[1] for name in TYPE_NAMES])[calls.kind]
    call = np.flatnonzero(calls.came & (uniform(plan.seed, "incidents/case", calls.at.rid) < share))
    rid, at, offence = calls.at.rid[call], calls.at.received[call], _offence(plan, calls.at.rid[call], calls.kind[call])
    begun, ended = _window(plan, rid, at, offence)
    status, cleared = _clearance(plan, rid, at, offence)
    frame: dict[str, Any] = {
        "incident_id": numbers[call],
        "call_id": numbers[call],
        "occurred_from": begun,
        "occurred_to": ended,
        "reported_at": at.astype(float),
        "offence": Labels(offence, tuple(OFFENCES)),
        "nibrs": Labels(offence, [values[0] for values in OFFENCES.values()]),
        "victims": 1 + (uniform(plan.seed, "incidents/victims", rid) < 0.12).astype(np.int64),
        "status": Labels(status, STATUSES),
        "cleared_at": cleared,
        "clearance": Labels(np.where(status == 1, 0, np.where(status == 2, 1, -1)), ("arrest", "exceptional")),
        "detective_id": world.officer(_detective(world, rid)),
        "officer_id": world.officer(calls.officer[call]),
        **place(plan, "calls", rid, calls.at.district[call]),
        "row": call,
        "rid": rid,
        "unit": world.unit(world.post(calls.officer[call], calls.at.day[call])),
    }
    return published(
        world, "incidents", rid, calls.at.district[call], calls.at.day[call], calls.stamps["closed_at"][call], frame
    )


def arrests(world: World, cases: dict[str, Any]) -> dict[str, Column]:
    """The table of arrests: one per case cleared by arrest, and arrests on view at other calls."""
    calls, numbers, _ = world.known()
    plan, solved = world.plan, take(cases, cases["status"].codes == 1)
    share = np.array([ON_VIEW.get(name, 0.0) for name in TYPE_NAMES])[calls.kind]
    seen_there = np.flatnonzero(calls.came & (uniform(plan.seed, "arrests/onview", calls.at.rid) < share))
    row = np.concatenate([solved["row"], seen_there])
    rid, view = calls.at.rid[row], np.arange(row.size) >= solved["row"].size
    at = np.concatenate([solved["cleared_at"], calls.reached[seen_there] + 600])
    charge = np.where(view, len(OFFENCES), np.concatenate([solved["offence"].codes, np.zeros_like(seen_there)]))
    frame: dict[str, Any] = {
        "arrest_id": numbers[row] * 10 + view,
        "incident_id": Labels(np.where(view, -1, np.arange(row.size)), numbers[row].astype(str)),
        "call_id": numbers[row],
        "arrested_at": at,
        "offence": Labels(charge, (*OFFENCES, "Warrant or other")),
        "kind": Labels(view.astype(np.int64), ("warrant", "on_view")),
        "outcome": Labels(_outcome(plan, rid, at), OUTCOMES),
        "subject_id": rid % 50_000,
        **person(plan, "arrests", rid, np.array(RACE_SHARE)),
        "officer_id": world.officer(calls.officer[row]),
        **place(plan, "calls", rid, calls.at.district[row]),
    }
    return published(world, "arrests", rid, calls.at.district[row], calls.at.day[row], at, frame)


def stops(world: World) -> dict[str, Column]:
    """The table of stops. A person is searched when the officer's signal of risk passes the threshold."""
    calls, numbers, _ = world.known()
    plan, kinds = world.plan, [TYPE_NAMES.index("Traffic stop"), TYPE_NAMES.index("Subject stop")]
    row = np.flatnonzero(np.isin(calls.kind, kinds) & calls.came)
    rid, district = calls.at.rid[row], calls.at.district[row]
    subject = person(plan, "stops", rid, race_shares(plan)[district])
    searched, hit = _search(plan, rid, district, subject["subject_race"].codes)
    held = (hit & (uniform(plan.seed, "stops/held", rid) < 0.5)) | (uniform(plan.seed, "stops/heldother", rid) < 0.02)
    end = choose(plan.seed, "stops/ticket", rid, (0.45, 0.40, 0.15))
    frame: dict[str, Any] = {
        "stop_id": numbers[row],
        "stopped_at": calls.reached[row],
        "duration_min": np.round((calls.stamps["cleared_at"][row] - calls.reached[row]) / 60, 1),
        "kind": Labels((calls.kind[row] == kinds[1]).astype(np.int64), ("traffic", "pedestrian")),
        "reason": Labels(
            choose(plan.seed, "stops/reason", rid, (0.5, 0.3, 0.2)), ("moving violation", "equipment", "suspicion")
        ),
        "call_type": Labels(calls.kind[row], TYPE_NAMES),
        "frisked": (searched & (rid % 2 == 0)).astype(np.int64),
        "searched": searched.astype(np.int64),
        "contraband": hit.astype(np.int64),
        "cited": ((end == 0) & ~held).astype(np.int64),
        "warned": ((end == 1) & ~held).astype(np.int64),
        "arrested": held.astype(np.int64),
        **subject,
        "officer_id": world.officer(calls.officer[row]),
        "unit": world.unit(world.post(calls.officer[row], calls.at.day[row])),
        **place(plan, "calls", rid, district),
    }
    return published(world, "stops", rid, district, calls.at.day[row], calls.stamps["closed_at"][row], frame)


def race_shares(plan: Plan) -> Floats:
    """Residents by district (rows) and race (columns): the districts differ."""
    tilt = np.array(
        [
            [1 + 0.5 * np.cos(place * 1.7 + race * 2.1) for race in range(len(RACES))]
            for place in range(len(plan.districts))
        ]
    )
    share = np.array(RACE_SHARE)[None, :] * tilt
    return np.asarray(share / share.sum(axis=1, keepdims=True))


def _search(plan: Plan, rid: Ints, district: Ints, race: Ints) -> tuple[Any, Any]:
    mean = np.array([-2.4, -2.3, -2.4, -2.6])[race] + np.array([0.1, 0.0, -0.1, 0.05, 0.0, -0.05])[district]
    risk = 1 / (1 + np.exp(-(mean + 0.9 * normal(plan.seed, "stops/risk", rid))))
    planted = np.array([name == plan.search_district for name in plan.districts])[district]
    low = planted & (race == RACES.index(plan.search_group))
    searched = risk > np.where(low, plan.search_threshold_low, plan.search_threshold)
    return searched, searched & (uniform(plan.seed, "stops/hit", rid) < risk)


def _offence(plan: Plan, rid: Ints, kind: Ints) -> Ints:
    found = np.array([CASES.get(name, (0, 0.0))[0] for name in TYPE_NAMES])[kind]
    car = (found == 4) & (uniform(plan.seed, "incidents/car", rid) < 0.17)
    return np.where(car, 5, found)


def _window(plan: Plan, rid: Ints, at: Ints, offence: Ints) -> tuple[Floats, Floats]:
    mean = np.array([values[2] for values in OFFENCES.values()])[offence]
    ended = at.astype(float) - np.floor(600 + 1800 * exponential(plan.seed, "incidents/until", rid))
    begun = ended - np.floor(3600 * mean * exponential(plan.seed, "incidents/window", rid))
    heaped = (mean > 0) & (uniform(plan.seed, "incidents/heaped", rid) < HEAPED)
    shift = offsets(plan, begun)
    midnights = ((begun + shift) // DAY * DAY - shift).astype(float)
    return np.where(heaped, midnights, begun), ended


def _clearance(plan: Plan, rid: Ints, at: Ints, offence: Ints) -> tuple[Ints, Floats]:
    multiple = np.array([values[1] for values in OFFENCES.values()])[offence]
    reach = np.concatenate([[0.0], np.cumsum(np.diff(DAYS) * np.array(HAZARD[:-1]))])
    need = exponential(plan.seed, "incidents/clearance", rid) / multiple
    lasts = np.interp(need, reach, np.array(DAYS) * DAY, right=np.inf)
    end, cleared = midnight(plan, day(plan.last) + 1), np.floor(at + 1800 + lasts)
    founded = uniform(plan.seed, "incidents/unfounded", rid) >= UNFOUNDED
    done = founded & (cleared < end)
    by = np.where(uniform(plan.seed, "incidents/exceptional", rid) < EXCEPTIONAL, 2, 1)
    idle = (end - at > 180 * DAY) & (uniform(plan.seed, "incidents/idle", rid) < 0.6)
    rest = np.where(founded, np.where(idle, 4, 0), 3)
    return np.where(done, by, rest), np.where(done, cleared, np.nan)


def _detective(world: World, rid: Ints) -> Ints:
    members = np.flatnonzero(world.people.post == 3 * len(world.plan.districts) + 2)
    if not members.size:
        return np.full(rid.size, -1)
    return np.asarray(members[choose(world.plan.seed, "incidents/detective", rid, np.ones(members.size))])


def _outcome(plan: Plan, rid: Ints, at: Floats) -> Ints:
    fresh = at > midnight(plan, day(plan.last) - 45)
    return np.where(fresh, 5, choose(plan.seed, "arrests/court", rid, (0.42, 0.2, 0.06, 0.12, 0.2)))


def person(plan: Plan, table: str, rid: Ints, shares: Floats, male: float = 0.7) -> dict[str, Any]:
    """Who was stopped, arrested or subject to force; ``shares`` are those of the races."""
    return {
        "subject_race": Labels(choose(plan.seed, f"{table}/race", rid, shares), RACES),
        "subject_sex": Labels(choose(plan.seed, f"{table}/sex", rid, (male, 1 - male)), ("male", "female")),
        "subject_age": np.floor(16 + 45 * uniform(plan.seed, f"{table}/age", rid) ** 1.5),
    }
