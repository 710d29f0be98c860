"""Stops, force, complaints and commendations: events of officers at calls, some of whom differ by a known multiple."""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.synthetic.calls import TYPE_NAMES, by_type, in_district, in_extract
from perflib.synthetic.clock import DAY, HOUR, shift_of
from perflib.synthetic.columns import Frame, Labels, Rows, only, sizes
from perflib.synthetic.people import race_shares
from perflib.synthetic.rng import Draws
from perflib.synthetic.world import World


def stops(world: World) -> Frame:
    """The table of stops. A person is searched when the risk of contraband passes a threshold.

    The planted truth is a lower threshold for one group in one district.
    """
    plan, calls = world.plan, world.calls
    traffic, pedestrian = TYPE_NAMES.index("Traffic stop"), TYPE_NAMES.index("Subject stop")
    at = calls[np.isin(calls.kind, (traffic, pedestrian)) & calls.came]
    draws = world.draws("stops", at.rid)
    subject = world.subject(draws, race_shares(plan)[at.district])
    race = subject["subject_race"]
    mean = sizes(plan.risk_by_race)[race.codes] + np.array(plan.risk_by_district)[at.district]
    risk = 1 / (1 + np.exp(-(mean + 0.9 * draws.normal("risk"))))
    low = in_district(plan, plan.search_district, at.district) & (race.codes == race.names.index(plan.search_group))
    searched = risk > np.where(low, plan.search_threshold_low, plan.search_threshold)
    hit = searched & draws.below("hit", risk)
    arrested = (hit & draws.below("held", 0.5)) | draws.below("heldother", 0.02)
    ticket = np.where(arrested, -1, draws.choose("ticket", (0.45, 0.40, 0.15)))
    frame = {
        "stop_id": at.call_id,
        "stopped_at": at.reached,
        "duration_min": np.round((at.cleared_at - at.reached) / 60, 1),
        "kind": Labels(at.kind == pedestrian, ("traffic", "pedestrian")),
        "reason": draws.label("reason"),
        "call_type": Labels(at.kind, TYPE_NAMES),
        "frisked": searched & (at.rid % 2 == 0),
        "searched": searched,
        "contraband": hit,
        "cited": ticket == 0,
        "warned": ticket == 1,
        "arrested": arrested,
        **subject,
        "officer_id": world.officer(at.officer),
        "unit": world.unit(world.post(at.officer, at.day)),
        **world.place(at),
    }
    return world.published(draws, at, at.closed_at, frame)


def force(world: World) -> Frame:
    """The table of force: at a scene that turns, each officer there uses force with a chance in proportion to rate."""
    plan, sent = world.plan, world.sent
    tension = by_type("tension", sent) * np.array(plan.force_by_district)[sent.district]
    tension = tension * sizes(plan.force_by_shift)[shift_of(sent.hour)]
    turned = world.draws("force", sent.rid).below("volatile", plan.force_per_response / plan.force_on_scene * tension)
    chance = np.minimum(plan.force_on_scene * world.people.force[sent.officer], 0.97)
    at = sent[turned & world.draws("force", sent.key).below("used", chance)]
    draws, scene = world.draws("force", at.key), world.draws("force", at.rid)
    # Ordinal logistic: the scene's own gravity is shared by all officers there, the lean is the officer's.
    u = draws.uniform("level")
    latent = scene.normal("gravity") + world.people.lean[at.officer] + np.log(u / (1 - u))
    level = 1 + np.searchsorted(plan.force_cuts, latent)
    moment = at.reached + np.floor(900 * draws.uniform("moment"))
    fresh = moment > plan.midnight(plan.last_day - 60)
    frame = {
        "force_id": at.call_id,
        "incident_id": at.call_id,
        "call_id": at.call_id,
        "used_at": moment,
        "officer_id": world.officer(at.officer),
        "level": level,
        "kind": Labels(level - 1, plan.force_levels),
        "officer_injured": draws.below("hurt", 0.07 * level),
        "subject_injured": scene.below("injured", 0.13 * level),
        "justified": draws.label("justified").put(fresh, "pending"),
        **world.subject(scene),
        "unit": world.unit(at.post),
        **world.place(at),
    }
    return world.published(draws, at, moment, frame)


def complaints(world: World) -> Frame:
    """The table of complaints: a rate per response, lower after the course that works."""
    plan, sent = world.plan, world.sent
    trained = sent.day > world.trained[plan.course][sent.officer]
    rate = plan.complaints_per_response * world.people.complaint[sent.officer]
    at, draws = _at(world, "complaints", rate * np.where(trained, plan.course_effect, 1.0))
    filed = at.reached + np.floor(DAY * (0.1 + 15 * draws.exponential("filed")))
    closed = filed + np.floor(DAY * (45 + 60 * draws.exponential("investigated")))
    done = closed < plan.end
    finding = draws.label("finding").put(~done, "pending")
    frame = {
        "complaint_id": at.call_id,
        "officer_id": world.officer(at.officer),
        "allegation": draws.label("allegation"),
        "occurred_at": at.reached,
        "filed_at": filed,
        "closed_at": only(done, closed),
        "source": draws.label("source"),
        "finding": finding,
        "outcome": draws.label("outcome").put(finding.codes != finding.names.index("sustained"), None),
        "complainant_race": draws.label("race"),
        "complainant_sex": draws.label("sex"),
        **world.place(at),
    }
    return world.published(draws, at, filed, frame)


def commendations(world: World) -> Frame:
    """The table of commendations: a rate per response, with a few officers who earn many."""
    rate = world.plan.commendations_per_response * world.people.commend[world.sent.officer]
    at, draws = _at(world, "commendations", rate)
    awarded = at.reached + np.floor(DAY * (1 + 25 * draws.uniform("awarded")))
    frame = Rows(
        commendation_id=at.call_id,
        officer_id=world.officer(at.officer),
        awarded_at=awarded,
        kind=draws.label("kind"),
        source=draws.label("source"),
        recorded_at=awarded + HOUR,
    )
    return vars(frame[in_extract(world.plan, at, frame.recorded_at)])


def _at(world: World, table: str, rate: Any) -> tuple[Rows, Draws]:
    """The responses from which something came, with the chance of each, and random numbers for what came."""
    at = world.sent[world.draws(table, world.sent.key).below("made", rate)]
    return at, world.draws(table, at.key)
