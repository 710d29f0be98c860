"""What residents ask for and think: 311 requests, surveys, feedback, and how many residents there are."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from perflib.synthetic.calls import recorded, seen
from perflib.synthetic.cases import race_shares
from perflib.synthetic.clock import DAY, midnight, to_utc, yearly
from perflib.synthetic.columns import Column, Labels, stack, take
from perflib.synthetic.people import RACES
from perflib.synthetic.places import place
from perflib.synthetic.plan import Plan, day
from perflib.synthetic.rng import Floats, Ints, choose, exponential, normal, poisson, uniform

KINDS = ("noise", "abandoned vehicle", "graffiti", "street light", "parking", "encampment", "speeding")
KIND_SHARE = (0.22, 0.14, 0.12, 0.18, 0.20, 0.06, 0.08)
AGES, AGE_SHARE = ("18-34", "35-54", "55-74", "75+"), (0.32, 0.34, 0.25, 0.09)
ANSWERS_BY_AGE = (0.6, 0.9, 1.4, 1.3)
SEXES = ("female", "male")
QUESTIONS = {"trust": 3.4, "safety": 3.1, "fairness": 3.3, "satisfaction": 3.6}
PLACE_TRUST = (0.1, 0.0, -0.25, 0.05, 0.15, -0.05)
AGE_TRUST = (-0.3, 0.0, 0.2, 0.3)
TOPICS = {
    "response": (
        "It took {n} minutes before anyone came to {place}.",
        "Nobody came for a long time when I called from {place}.",
        "The officers came quickly to {place}, thank you.",
    ),
    "conduct": (
        "The officer was rude to my {who} at {place}.",
        "Two officers treated my {who} with respect.",
        "I was stopped at {place} and nobody told me why.",
    ),
    "traffic": (
        "Cars race down {place} every night.",
        "People ignore the stop sign at {place}.",
        "Please do something about speeding at {place}.",
    ),
    "noise": (
        "Loud music at {place} until {n} past two.",
        "Fireworks again at {place}.",
        "Parties at {place} keep my {who} awake.",
    ),
    "safety": (
        "My {who} no longer feels safe walking at {place}.",
        "We need more lights and patrols around {place}.",
        "There were shots near {place} last week.",
    ),
}
TOPIC_SHARE = (0.22, 0.20, 0.24, 0.16, 0.18)
PLACES, WHO = (
    ("the park", "Main Street", "the school", "the station", "the mall"),
    ("mother", "son", "neighbour", "friend"),
)
CHANNELS, CODED = ("web form", "email", "meeting", "letter"), 0.3


def requests(plan: Plan) -> dict[str, Column]:
    """The table of requests: a season, and one kind that becomes more common in one district from a planted day."""
    rid, days, district = _daily(plan, "requests", plan.requests_per_day, 0.25)
    at = _moment(plan, "requests", rid, days)
    boost = np.array([name == plan.mix_district for name in plan.districts])[district] & (days >= day(plan.mix_date))
    weights = np.tile(np.array(KIND_SHARE), (rid.size, 1))
    weights[:, KINDS.index(plan.mix_kind)] *= np.where(boost, plan.mix_multiple, 1.0)
    closed = np.floor(at + 3600 * (2 + 90 * exponential(plan.seed, "requests/closed", rid)))
    known = recorded(plan, "requests", rid, at)
    frame: dict[str, Any] = {
        "request_id": rid,
        "received_at": at,
        "kind": Labels(choose(plan.seed, "requests/kind", rid, weights), KINDS),
        "closed_at": np.where(closed < _end(plan), closed, np.nan),
        **place(plan, "requests", rid, district),
        "recorded_at": known,
    }
    return take(frame, seen(plan, district, days, known))


def feedback(plan: Plan) -> dict[str, Column]:
    """The table of messages: seeded words by topic; three in ten were coded by hand."""
    rid, days, district = _daily(plan, "feedback", plan.feedback_per_day, 0.0)
    at, topic = _moment(plan, "feedback", rid, days), choose(plan.seed, "feedback/topic", rid, TOPIC_SHARE)
    coded = uniform(plan.seed, "feedback/coded", rid) < CODED
    known = at + 86400
    frame: dict[str, Any] = {
        "feedback_id": rid,
        "received_at": at,
        "text": np.array(_texts(plan, rid, topic), dtype=object),
        "channel": Labels(choose(plan.seed, "feedback/channel", rid, (0.5, 0.3, 0.12, 0.08)), CHANNELS),
        "topic": Labels(np.where(coded, topic, -1), tuple(TOPICS)),
        "district": Labels(district, plan.districts),
        "recorded_at": known,
    }
    return take(frame, known < _end(plan))


def surveys(plan: Plan) -> dict[str, Column]:
    """The table of answers, two waves a year; older people answer more, weights undo it; the wording changes once."""
    return reduce(stack, (_wave(plan, index, name, when) for index, (name, when) in enumerate(_waves(plan))))


def population(plan: Plan) -> dict[str, Column]:
    """The table of residents by district and year: all of them (no group), and by age, sex and race."""
    rows = [
        row
        for year in range(plan.first.year, plan.last.year + 1)
        for index in range(len(plan.districts))
        for row in _residents(plan, year, index)
    ]
    names = ("area", "year", "group", "age_group", "sex", "race", "residents")
    return {
        name: np.array(values, dtype=object if name not in ("year", "residents") else None)
        for name, values in zip(names, zip(*rows, strict=True), strict=True)
    }


def _residents(plan: Plan, year: int, index: int) -> list[tuple[Any, ...]]:
    total = plan.residents * plan.district_share[index] * 1.005 ** (year - 2023)
    shares, area = race_shares(plan)[index], plan.districts[index]
    cells = [
        (
            area,
            year,
            f"{age}, {sex}, {race}",
            age,
            sex,
            race,
            float(round(total * AGE_SHARE[a] * (0.51 if s == 0 else 0.49) * shares[r])),
        )
        for a, age in enumerate(AGES)
        for s, sex in enumerate(SEXES)
        for r, race in enumerate(RACES)
    ]
    return [(area, year, None, None, None, None, sum(cell[-1] for cell in cells)), *cells]


def _waves(plan: Plan) -> list[tuple[str, int]]:
    halves = [
        (f"{year}-{half}", day(plan.first.replace(year=year, month=month, day=10)))
        for year in range(plan.first.year, plan.last.year + 1)
        for half, month in ((1, 4), (2, 10))
    ]
    return [(name, when) for name, when in halves if plan.first_day <= when <= day(plan.last) - 30]


def _wave(plan: Plan, index: int, wave: str, when: int) -> dict[str, Any]:
    person = (index + 1) * 100_000 + np.arange(plan.respondents)
    seed, area = plan.seed, choose(plan.seed, "surveys/area", person, plan.district_share)
    age = choose(seed, "surveys/age", person, np.array(AGE_SHARE) * ANSWERS_BY_AGE)
    weight = (1 / np.array(ANSWERS_BY_AGE))[age]
    row = np.repeat(np.arange(person.size), len(QUESTIONS))
    question = np.tile(np.arange(len(QUESTIONS)), person.size)
    new = wave >= plan.instrument_wave
    mean = (
        np.array(list(QUESTIONS.values()))[question]
        + np.array(PLACE_TRUST)[area[row]]
        + np.array(AGE_TRUST)[age[row]]
        + (plan.instrument_shift if new else 0.0)
        + 0.5 * normal(seed, "surveys/person", person)[row]
    )
    said = np.clip(np.round(mean + 0.8 * normal(seed, "surveys/answer", person[row] * 8 + question)), 1, 5)
    refused = uniform(seed, "surveys/refused", person[row] * 8 + question) < 0.02
    return {
        "respondent_id": person[row],
        "wave": np.full(row.size, wave, dtype=object),
        "answered_on": when + (uniform(seed, "surveys/on", person) * 28).astype(np.int64)[row].astype(float),
        "question": Labels(question, tuple(QUESTIONS)),
        "instrument": np.full(row.size, "v2" if new else "v1", dtype=object),
        "answer": np.where(refused, np.nan, said),
        "weight": np.round(weight / weight.mean(), 4)[row],
        "area": Labels(area[row], plan.districts),
        "age_group": Labels(age[row], AGES),
        "sex": Labels(choose(seed, "surveys/sex", person, (0.55, 0.45))[row], SEXES),
        "race": Labels(choose(seed, "surveys/race", person, race_shares(plan)[area])[row], RACES),
        "contact": (uniform(seed, "surveys/contact", person) < 0.3).astype(np.int64)[row],
        "recorded_at": (when + 40) * 86400.0 + np.zeros(row.size),
    }


def _daily(plan: Plan, salt: str, per_day: float, season: float) -> tuple[Ints, Ints, Ints]:
    days = plan.first_day + np.arange(plan.days)
    cell = days[:, None] * 16 + np.arange(len(plan.districts))[None, :]
    mean = per_day * (1 + season * yearly(days, plan.season_peak_day))[:, None] * np.array(plan.district_share)[None, :]
    count = poisson(plan.seed, f"{salt}/count", cell, mean).ravel()
    at = np.repeat(np.arange(count.size), count)
    within = np.arange(at.size) - np.repeat(np.cumsum(count) - count, count)
    return cell.ravel()[at] * 4096 + within, days[at // len(plan.districts)], at % len(plan.districts)


def _moment(plan: Plan, salt: str, rid: Ints, days: Ints) -> Floats:
    hour = 7 + 15 * uniform(plan.seed, f"{salt}/time", rid)
    return to_utc(plan, days * DAY + np.floor(hour * 3600).astype(np.int64)).astype(float)


def _texts(plan: Plan, rid: Ints, topic: Ints) -> list[str]:
    banks = list(TOPICS.values())
    form, where, who = (
        choose(plan.seed, f"feedback/{what}", rid, np.ones(size))
        for what, size in (("form", 3), ("place", len(PLACES)), ("who", len(WHO)))
    )
    wait = (5 + 80 * uniform(plan.seed, "feedback/wait", rid)).astype(int)
    return [
        banks[t][f].format(n=n, place=PLACES[p], who=WHO[w])
        for t, f, p, w, n in zip(topic, form, where, who, wait, strict=True)
    ]


def _end(plan: Plan) -> int:
    return midnight(plan, day(plan.last) + 1)
