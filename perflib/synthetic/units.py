"""Officers at calls, the cameras they should have run, and how well that rule and the rule of reports were kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.synthetic.calls import in_extract
from perflib.synthetic.cases import incidents
from perflib.synthetic.clock import DAY, HOUR
from perflib.synthetic.columns import Floats, Frame, Ints, Labels, Rows
from perflib.synthetic.plan import day
from perflib.synthetic.world import World

GRACE = 60


def unit_responses(world: World) -> Frame:
    """The table of unit responses: the primary unit has the call's own stamps, the others follow it."""
    sent = world.sent
    draws, first = world.draws("unit_responses", sent.key), sent.turn == 0
    assigned = np.floor(sent.dispatched_at + np.where(first, 0, 90 * draws.exponential("assigned")))
    later = np.maximum(sent.reached, assigned) + np.floor(150 * draws.exponential("later"))
    stays = np.floor((sent.cleared_at - sent.reached) * (0.3 + 0.7 * draws.uniform("stays")))
    return {
        "call_id": sent.call_id,
        "unit_id": world.car(sent.officer, sent.post),
        "officer_id": world.officer(sent.officer),
        "assigned_at": assigned,
        "enroute_at": np.where(first, sent.enroute_at, np.floor(assigned + (later - assigned) * 0.1)),
        "arrived_at": np.where(first, sent.arrived_at, later),
        "cleared_at": np.where(first, sent.cleared_at, later + stays),
        "role": Labels(np.minimum(sent.turn, 1), ("primary", "backup")),
        "recorded_at": sent.recorded_at,
    }


def camera_events(world: World) -> Frame:
    """The camera rule's events, with the columns of the recordings: one per attended call, of its primary officer.

    One unit keeps the rule less often in the planted months.
    """
    plan, at = world.plan, world.sent[world.sent.turn == 0]
    draws = world.draws("policy_events", at.rid)
    breaks = np.array(world.people.units)[at.post] == plan.breach_unit
    breaks &= (at.day >= day(plan.breach_first)) & (at.day <= day(plan.breach_last))
    complied = draws.below("complied", np.where(breaks, plan.breach_compliance, plan.compliance))
    prompt = np.floor(at.reached + (GRACE + 30) * draws.uniform("prompt") - 30)
    late = np.floor(at.reached + GRACE + 1 + 300 * draws.exponential("tardy"))
    started = np.where(complied, prompt, np.where(draws.below("never", 0.5), np.nan, late))
    excluded = draws.below("excluded", plan.excluded)
    started[excluded] = np.nan
    return {
        **_events("camera_on_arrival", at.call_id, at.reached + GRACE, started, excluded),
        "officer_id": world.officer(at.officer),
        "district": Labels(at.district, plan.districts),
        "unit": world.unit(at.post),
        "recorded_at": at.recorded_at,
        "activation_id": at.call_id * 10 + 1,
        "started_at": started,
        "ended_at": np.maximum(at.cleared_at, started + 60),
        "buffered": np.ones_like(at.rid),
    }


def camera_activations(world: World) -> Frame:
    """The table of recordings: the events at which a camera ran."""
    events = Rows(**world.once(camera_events))
    return vars(events[~np.isnan(events.started_at)])


def policy_events(world: World) -> list[Frame]:
    """The table of both rules' events."""
    return [world.once(camera_events), report_events(world)]


def report_events(world: World) -> Frame:
    """The 24-hour report rule's events: one per case, kept in nine cases of ten everywhere."""
    at = Rows(**world.once(incidents))
    draws = world.draws("policy_events", at.call_id)
    wait = np.where(draws.below("report", 0.9), draws.uniform("hours"), 1.01 + draws.exponential("hours"))
    done = np.floor(at.reported_at + DAY * wait)
    event = _events("report_within_24h", at.call_id, at.reported_at + DAY, done, np.zeros_like(at.call_id))
    frame = Rows(**{**vars(at), **event, "recorded_at": done + HOUR})
    utc = Rows(district=at.district.codes, day=at.reported_at // DAY)
    return vars(frame[in_extract(world.plan, utc, frame.recorded_at)])


def _events(rule: str, call: Ints, due: Floats, done: Floats, excluded: Any) -> Frame:
    """The columns that the events of every rule have."""
    none = np.zeros_like(call)
    return {
        "event_id": call,
        "rule_id": Labels(none, [rule]),
        "policy_version": none + 1,
        "call_id": call,
        "due_at": due,
        "done_at": done,
        "complied": done <= due,
        "excluded": Labels(excluded - 1, ["equipment failure"]),
    }
