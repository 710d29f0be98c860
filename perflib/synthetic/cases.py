"""Cases with a clearance lag, and arrests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.synthetic.calls import by_type
from perflib.synthetic.clock import DAY, HOUR, to_local
from perflib.synthetic.columns import Floats, Frame, Ints, Labels, Rows, only, sizes
from perflib.synthetic.plan import Plan, read
from perflib.synthetic.rng import Draws
from perflib.synthetic.world import World

OFFENCES = pd.DataFrame.from_dict(read("choices")["offences"], orient="index")
NAMES = list(OFFENCES.index)
STATUSES = ("open", "cleared_arrest", "cleared_exceptional", "unfounded", "inactive")


def cumulative(plan: Plan, days: float, multiple: float) -> float:
    """Planted chance that a case is cleared, by arrest or exceptionally, within these days of its report."""
    edges = np.minimum([*plan.hazard, 10**6], days)
    return float(1 - np.exp(-multiple * (np.diff(edges) * sizes(plan.hazard)).sum()))


def incidents(world: World) -> Frame:
    """The table of cases, with what arrests and reports need: the ``call``'s row, its ``rid`` and the ``unit``."""
    plan, calls = world.plan, world.calls
    chance = by_type("case", calls)
    call = np.flatnonzero(calls.came & world.draws("incidents", calls.rid).below("case", chance))
    at = calls[call]
    draws, offence = world.draws("incidents", at.rid), OFFENCES.index.get_indexer(by_type("offence", at))
    larceny, vehicle = NAMES.index("Larceny"), NAMES.index("Motor vehicle theft")
    offence = np.where((offence == larceny) & draws.below("car", 0.17), vehicle, offence)
    begun, ended = _window(plan, draws, at.received_at, OFFENCES.hours.to_numpy()[offence])
    status, cleared = _clearance(plan, draws, at.received_at, OFFENCES.hazard.to_numpy()[offence])
    detectives = np.flatnonzero(world.people.post == world.people.units.index("Detectives"))
    frame = {
        "incident_id": at.call_id,
        "call_id": at.call_id,
        "occurred_from": begun,
        "occurred_to": ended,
        "reported_at": at.received_at.astype(float),
        "offence": Labels(offence, NAMES),
        "nibrs": Labels(offence, list(OFFENCES.nibrs)),
        "victims": 1 + draws.below("victims", 0.12),
        "status": Labels(status, STATUSES),
        "cleared_at": cleared,
        "clearance": Labels(np.where(np.isnan(cleared), -1, status - 1), ("arrest", "exceptional")),
        "detective_id": world.officer(detectives[draws.choose("detective", np.ones(detectives.size))]),
        "officer_id": world.officer(at.officer),
        **world.place(at),
        "call": call,
        "unit": world.unit(world.post(at.officer, at.day)),
    }
    return world.published(draws, at, at.closed_at, frame)


def arrests(world: World) -> Frame:
    """The table of arrests: one per case cleared by arrest, and arrests on view at other calls."""
    calls, every = world.calls, Rows(**world.once(incidents))
    solved = every[every.status.codes == 1]
    chance = by_type("on_view", calls)
    on_view = np.flatnonzero(calls.came & world.draws("arrests", calls.rid).below("onview", chance))
    at = calls[np.concatenate([solved.call, on_view])]
    draws, view = world.draws("arrests", at.rid), np.arange(at.rid.size) >= solved.call.size
    moment = np.concatenate([solved.cleared_at, calls.reached[on_view] + 600])
    charge = np.concatenate([solved.offence.codes, np.full(on_view.size, len(NAMES))])
    fresh = moment > world.plan.midnight(world.plan.last_day - 45)
    frame = {
        "arrest_id": at.call_id * 10 + view,
        "incident_id": Labels(np.where(view, -1, np.arange(view.size)), at.call_id.astype(str)),
        "call_id": at.call_id,
        "arrested_at": moment,
        "offence": Labels(charge, [*NAMES, "Warrant or other"]),
        "kind": Labels(view, ("warrant", "on_view")),
        "outcome": draws.label("court").put(fresh, "pending"),
        "subject_id": at.rid % 50_000,
        **world.subject(draws),
        "officer_id": world.officer(at.officer),
        **world.place(at),
    }
    return world.published(draws, at, moment, frame)


def _window(plan: Plan, draws: Draws, reported: Ints, hours: Floats) -> tuple[Any, Any]:
    """Between which moments an offence can have happened; some beginnings are put at the local midnight before."""
    ended = reported - np.floor(600 + 1800 * draws.exponential("until"))
    begun = ended - np.floor(HOUR * hours * draws.exponential("window"))
    heaped = (hours > 0) & draws.below("heaped", plan.heaped)
    return np.where(heaped, begun - to_local(plan, begun) % DAY, begun), ended


def _clearance(plan: Plan, draws: Draws, reported: Ints, multiple: Floats) -> tuple[Ints, Floats]:
    """Status at the end, and when a case was cleared; the hazard by days since the report is the same for all."""
    days, hazard = np.array([*plan.hazard]), sizes(plan.hazard)
    reach = np.concatenate([[0.0], np.cumsum(np.diff(days) * hazard[:-1])])
    lasts = np.interp(draws.exponential("clearance") / multiple, reach, days * DAY, right=np.inf)
    cleared = np.floor(reported + 1800 + lasts)
    founded = ~draws.below("unfounded", plan.unfounded)
    done = founded & (cleared < plan.end)
    by = np.where(draws.below("exceptional", plan.exceptional), 2, 1)
    idle = (plan.end - reported > 180 * DAY) & draws.below("idle", 0.6)
    status = np.where(done, by, np.where(founded, np.where(idle, 4, 0), 3))
    return status, only(done, cleared)
