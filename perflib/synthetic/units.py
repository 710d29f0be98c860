"""Units at calls, the cameras they should have run, and how well that rule was kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.synthetic.calls import seen
from perflib.synthetic.columns import Column, Labels, take
from perflib.synthetic.plan import day
from perflib.synthetic.rng import Floats, Ints, exponential, uniform
from perflib.synthetic.world import World

GRACE, EXCLUDED = 60, 0.015


def unit_responses(world: World) -> dict[str, Column]:
    """The table of unit responses: the primary unit has the call's own stamps, the others follow it."""
    calls, numbers, sent = world.known()
    key, first = calls.at.rid[sent.call] * 4 + sent.turn, sent.turn == 0
    seed, stamp = world.plan.seed, {name: values[sent.call] for name, values in calls.stamps.items()}
    reached = calls.reached[sent.call]
    assigned = np.floor(
        stamp["dispatched_at"] + np.where(first, 0, 90 * exponential(seed, "unit_responses/assigned", key))
    )
    later = np.maximum(reached, assigned) + np.floor(150 * exponential(seed, "unit_responses/later", key))
    stays = np.floor((stamp["cleared_at"] - reached) * (0.3 + 0.7 * uniform(seed, "unit_responses/stays", key)))
    return {
        "call_id": numbers[sent.call],
        "unit_id": world.car(sent.officer, sent.post),
        "officer_id": world.officer(sent.officer),
        "assigned_at": assigned,
        "enroute_at": np.where(first, stamp["enroute_at"], np.floor(assigned + (later - assigned) * 0.1)),
        "arrived_at": np.where(first, stamp["arrived_at"], later),
        "cleared_at": np.where(first, stamp["cleared_at"], later + stays),
        "role": Labels(np.minimum(sent.turn, 1), ("primary", "backup")),
        "recorded_at": calls.recorded[sent.call],
    }


def cameras(world: World) -> tuple[dict[str, Column], dict[str, Column]]:
    """The camera rule's events and the recordings: one event per attended call, of its primary officer."""
    calls, numbers, sent = world.known()
    first = np.flatnonzero(sent.turn == 0)
    call, officer, post = sent.call[first], sent.officer[first], sent.post[first]
    rid, reached = calls.at.rid[call], calls.reached[call]
    started = _started(world, rid, reached, compliance(world, post, calls.at.day[call]))
    excluded = uniform(world.plan.seed, "policy_events/excluded", rid) < EXCLUDED
    started = np.where(excluded, np.nan, started)
    events = {
        **_events("camera_on_arrival", numbers[call], numbers[call], reached + GRACE, started),
        "officer_id": world.officer(officer),
        "excluded": Labels(np.where(excluded, 0, -1), ("equipment failure",)),
        "district": world.district(calls.at.district[call]),
        "unit": world.unit(post),
        "recorded_at": calls.recorded[call],
    }
    shot = ~np.isnan(started)
    films: dict[str, Any] = {
        "activation_id": numbers[call] * 10 + 1,
        "officer_id": events["officer_id"],
        "call_id": numbers[call],
        "started_at": started,
        "ended_at": np.maximum(calls.stamps["cleared_at"][call], started + 60),
        "buffered": np.ones_like(rid),
        "recorded_at": calls.recorded[call],
    }
    return events, take(films, shot)


def compliance(world: World, post: Any, days: Any) -> Floats:
    """Planted chance that the camera rule is kept."""
    plan = world.plan
    breaks = np.array([unit == plan.breach_unit for unit in world.people.units])[post]
    during = (days >= day(plan.breach_first)) & (days <= day(plan.breach_last))
    return np.where(breaks & during, plan.breach_compliance, plan.compliance)


def _started(world: World, rid: Any, reached: Floats, chance: Floats) -> Floats:
    seed = world.plan.seed
    kept = uniform(seed, "policy_events/complied", rid) < chance
    prompt = np.floor(reached + (GRACE + 30) * uniform(seed, "policy_events/prompt", rid) - 30)
    late = np.floor(reached + GRACE + 1 + 300 * exponential(seed, "policy_events/tardy", rid))
    never = uniform(seed, "policy_events/never", rid) < 0.5
    return np.where(kept, prompt, np.where(never, np.nan, late))


def reports(world: World, incidents: dict[str, Any]) -> dict[str, Column]:
    """The 24-hour report rule's events: one per case, kept in nine cases of ten everywhere."""
    plan, at = world.plan, incidents["reported_at"]
    rid = incidents["call_id"]
    kept = uniform(plan.seed, "policy_events/report", rid) < 0.9
    u, late = (draw(plan.seed, "policy_events/hours", rid) for draw in (uniform, exponential))
    done = np.floor(at + 86400 * np.where(kept, u, 1.01 + late))
    local = np.asarray(at // 86400, dtype=np.int64)
    frame: dict[str, Any] = {
        **_events("report_within_24h", incidents["incident_id"], rid, at + 86400, done),
        **{name: incidents[name] for name in ("officer_id", "district", "unit")},
        "recorded_at": done + 3600,
    }
    return take(frame, seen(plan, incidents["district"].codes, local, done + 3600))


def _events(rule: str, event: Ints, call: Ints, due: Floats, done: Floats) -> dict[str, Any]:
    """The columns that the events of every rule have."""
    none = np.zeros_like(event)
    return {
        "event_id": event,
        "rule_id": Labels(none, (rule,)),
        "policy_version": Labels(none, ("1",)),
        "call_id": call,
        "due_at": due,
        "done_at": done,
        "complied": (done <= due).astype(np.int64),
        "excluded": Labels(none - 1, ("",)),
    }
