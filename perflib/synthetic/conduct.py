"""Force, complaints and commendations: rare events of officers at calls, some of whom differ by a known multiple."""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.synthetic.calls import TYPE_NAMES, seen
from perflib.synthetic.cases import person
from perflib.synthetic.clock import midnight, shift_of
from perflib.synthetic.columns import Column, Labels, take
from perflib.synthetic.people import RACE_SHARE, RACES
from perflib.synthetic.places import place
from perflib.synthetic.plan import day
from perflib.synthetic.rng import Floats, Ints, choose, exponential, normal, uniform
from perflib.synthetic.training import WORKS
from perflib.synthetic.world import World, published

#: chance of a use of force by an average officer at a scene where it comes to force at all
ON_SCENE = 0.30
VOLATILE = {
    "Assault in progress": 4.0,
    "Robbery": 3.0,
    "Shots fired": 2.5,
    "Fight": 3.5,
    "Domestic disturbance": 2.5,
    "Subject stop": 2.0,
    "Trespass": 1.0,
}
CALM, PLACE_FACTOR, SHIFT_FACTOR = 0.25, (1.2, 1.0, 0.8, 1.1, 0.9, 1.0), (0.8, 1.15, 1.25)
CUTS = (0.2, 1.2, 2.4, 3.6, 5.0)
LEVELS = ("hold", "takedown", "strike", "conducted energy device", "spray or baton", "firearm pointed")
ALLEGATIONS = ("discourtesy", "procedure", "excessive force", "search", "neglect of duty")
FINDINGS = ("sustained", "not_sustained", "exonerated", "unfounded", "withdrawn", "pending")
HONOURS = ("thanks from a resident", "life saving", "letter of merit")


def force(world: World) -> dict[str, Column]:
    """The table of force: at a scene that turns, each officer there uses force with a chance in proportion to rate."""
    calls, numbers, sent = world.known()
    plan, key = world.plan, _key(world)
    turned = uniform(plan.seed, "force/volatile", calls.at.rid) < plan.force_per_response / ON_SCENE * _tension(world)
    chance = np.minimum(ON_SCENE * world.people.force[sent.officer], 0.97)
    used = np.flatnonzero(turned[sent.call] & (uniform(plan.seed, "force/used", key) < chance))
    call, officer = sent.call[used], sent.officer[used]
    rid, level = calls.at.rid[call], _level(world, calls.at.rid[call], key[used], officer)
    at = calls.reached[call] + np.floor(900 * uniform(plan.seed, "force/moment", key[used]))
    frame: dict[str, Any] = {
        "force_id": numbers[call],
        "incident_id": numbers[call],
        "call_id": numbers[call],
        "used_at": at,
        "officer_id": world.officer(officer),
        "level": level,
        "kind": Labels(level - 1, LEVELS),
        "officer_injured": (uniform(plan.seed, "force/hurt", key[used]) < 0.07 * level).astype(np.int64),
        "subject_injured": (uniform(plan.seed, "force/injured", rid) < 0.13 * level).astype(np.int64),
        "justified": Labels(_justified(world, key[used], at), ("within_policy", "outside_policy", "pending")),
        **person(plan, "force", rid, np.array(RACE_SHARE), 0.8),
        "unit": world.unit(sent.post[used]),
        **place(plan, "calls", rid, calls.at.district[call]),
    }
    return published(world, "force", key[used], calls.at.district[call], calls.at.day[call], at, frame)


def complaints(world: World) -> dict[str, Column]:
    """The table of complaints: a rate per response, lower after the course that works."""
    calls, numbers, sent = world.known()
    plan, key, days = world.plan, _key(world), calls.at.day[sent.call]
    trained = days > world.trained[WORKS][sent.officer]
    rate = (
        plan.complaints_per_response * world.people.complaint[sent.officer] * np.where(trained, plan.course_effect, 1.0)
    )
    made = np.flatnonzero(uniform(plan.seed, "complaints/made", key) < rate)
    call, chosen = sent.call[made], key[made]
    filed = calls.reached[call] + np.floor(86400 * (0.1 + 15 * exponential(plan.seed, "complaints/filed", chosen)))
    closed = filed + np.floor(86400 * (45 + 60 * exponential(plan.seed, "complaints/investigated", chosen)))
    done = closed < midnight(plan, day(plan.last) + 1)
    finding = np.where(done, choose(plan.seed, "complaints/finding", chosen, (0.11, 0.34, 0.23, 0.25, 0.07)), 5)
    frame: dict[str, Any] = {
        "complaint_id": numbers[call],
        "officer_id": world.officer(sent.officer[made]),
        "allegation": Labels(
            choose(plan.seed, "complaints/allegation", chosen, (0.33, 0.24, 0.16, 0.13, 0.14)), ALLEGATIONS
        ),
        "occurred_at": calls.reached[call],
        "filed_at": filed,
        "closed_at": np.where(done, closed, np.nan),
        "source": Labels(
            (uniform(plan.seed, "complaints/source", chosen) < 0.15).astype(np.int64), ("public", "internal")
        ),
        "finding": Labels(finding, FINDINGS),
        "outcome": Labels(
            np.where(finding == 0, choose(plan.seed, "complaints/outcome", chosen, (0.6, 0.3, 0.1)), -1),
            ("counselling", "reprimand", "suspension"),
        ),
        "complainant_race": Labels(choose(plan.seed, "complaints/race", chosen, RACE_SHARE), RACES),
        "complainant_sex": Labels(choose(plan.seed, "complaints/sex", chosen, (0.55, 0.45)), ("male", "female")),
        **place(plan, "calls", calls.at.rid[call], calls.at.district[call]),
    }
    return published(world, "complaints", chosen, calls.at.district[call], calls.at.day[call], filed, frame)


def commendations(world: World) -> dict[str, Column]:
    """The table of commendations: a rate per response, with a few officers who earn many."""
    calls, numbers, sent = world.known()
    plan, key = world.plan, _key(world)
    rate = plan.commendations_per_response * world.people.commend[sent.officer]
    made = np.flatnonzero(uniform(plan.seed, "commendations/made", key) < rate)
    chosen, call = key[made], sent.call[made]
    at = calls.reached[call] + np.floor(86400 * (1 + 25 * uniform(plan.seed, "commendations/awarded", chosen)))
    frame: dict[str, Any] = {
        "commendation_id": numbers[call],
        "officer_id": world.officer(sent.officer[made]),
        "awarded_at": at,
        "kind": Labels(choose(plan.seed, "commendations/kind", chosen, (0.8, 0.05, 0.15)), HONOURS),
        "source": Labels(
            (uniform(plan.seed, "commendations/source", chosen) < 0.3).astype(np.int64), ("public", "internal")
        ),
        "recorded_at": at + 3600,
    }
    return take(frame, seen(plan, calls.at.district[call], calls.at.day[call], at + 3600))


def _key(world: World) -> Ints:
    calls, _, sent = world.known()
    return calls.at.rid[sent.call] * 4 + sent.turn


def _tension(world: World) -> Floats:
    calls, _, _ = world.known()
    kinds = np.array([VOLATILE.get(name, CALM) for name in TYPE_NAMES])
    places = np.array(PLACE_FACTOR)[calls.at.district]
    return np.asarray(kinds[calls.kind] * places * np.array(SHIFT_FACTOR)[shift_of(calls.at.hour)])


def _level(world: World, rid: Ints, key: Ints, officer: Ints) -> Ints:
    # Ordinal logistic: the scene's own gravity is shared by all officers there, the lean is the officer's.
    u = uniform(world.plan.seed, "force/level", key)
    latent = normal(world.plan.seed, "force/gravity", rid) + world.people.lean[officer] + np.log(u / (1 - u))
    return np.asarray(1 + np.searchsorted(np.array(CUTS), latent))


def _justified(world: World, key: Ints, at: Floats) -> Ints:
    fresh = at > midnight(world.plan, day(world.plan.last) - 60)
    return np.where(fresh, 2, (uniform(world.plan.seed, "force/justified", key) < 0.03).astype(np.int64))
