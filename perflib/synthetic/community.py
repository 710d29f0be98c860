"""What residents ask for and think: 311 requests, surveys, feedback, and how many residents there are."""

from __future__ import annotations

import numpy as np

from perflib.synthetic.calls import in_district, scatter
from perflib.synthetic.clock import DAY, HOUR, to_utc, yearly
from perflib.synthetic.columns import Frame, Labels, Rows, only, sizes
from perflib.synthetic.people import race_shares
from perflib.synthetic.places import place
from perflib.synthetic.plan import Plan, day, read
from perflib.synthetic.rng import SHARES, Draws
from perflib.synthetic.world import World

RACES, SEXES, AGES = (list(SHARES[name]) for name in ("officers/race", "surveys/sex", "surveys/age"))
AGE_SHARE = sizes(SHARES["surveys/age"])  # of residents


def requests(world: World) -> Frame:
    """The table of requests: a season, and one kind that becomes more common in one district from a planted day."""
    plan = world.plan
    at, draws = _daily(plan, "requests", plan.requests_per_day, 0.25)
    shares = SHARES["requests/kind"]
    weights = np.tile(list(shares.values()), (at.rid.size, 1))
    more = in_district(plan, plan.mix_district, at.district) & (at.day >= day(plan.mix_date))
    weights[more, list(shares).index(plan.mix_kind)] *= plan.mix_multiple
    closed = np.floor(at.received_at + HOUR * (2 + 90 * draws.exponential("closed")))
    frame = {
        "request_id": at.rid,
        "received_at": at.received_at,
        "kind": draws.label("kind", weights),
        "closed_at": only(closed < plan.end, closed),
        **place(plan, draws, at.district),
    }
    return world.published(draws, at, at.received_at, frame)


def feedback(world: World) -> Frame:
    """The table of messages: seeded words by topic; a share of them was coded by hand."""
    plan = world.plan
    at, draws = _daily(plan, "feedback", plan.feedback_per_day, 0.0)
    topic, form, where, who = (draws.label(purpose) for purpose in ("topic", "form", "place", "who"))
    wait, texts = (5 + 80 * draws.uniform("wait")).astype(int), read("choices")["feedback"]
    messages = [
        texts[topic.names[t]][f].format(n=n, place=where.names[p], who=who.names[w])
        for t, f, p, w, n in zip(topic.codes, form.codes, where.codes, who.codes, wait, strict=True)
    ]
    frame = Rows(
        feedback_id=at.rid,
        received_at=at.received_at,
        text=np.array(messages, dtype=object),
        channel=draws.label("channel"),
        topic=topic.put(~draws.below("coded", plan.coded), None),
        district=Labels(at.district, plan.districts),
        recorded_at=at.received_at + DAY,
    )
    return vars(frame[frame.recorded_at < plan.end])


def surveys(world: World) -> Frame:
    """The table of answers, two waves a year; older people answer more, weights undo it; the wording changes once."""
    plan = world.plan
    waves = {
        name: (when, name >= plan.instrument_wave)
        for year in range(plan.first.year, plan.last.year + 1)
        for name, month in ((f"{year}-1", 4), (f"{year}-2", 10))
        if plan.first_day <= (when := day(plan.first.replace(year=year, month=month, day=10))) <= plan.last_day - 30
    }
    person = np.add.outer((np.arange(len(waves)) + 1) * 100_000, np.arange(plan.respondents))
    wave, draws = np.indices(person.shape)[0].ravel(), world.draws("surveys", person.ravel())
    area, answers = draws.choose("area", plan.district_share), sizes(plan.answers_by_age)
    age = draws.choose("age", AGE_SHARE * answers)
    weight = (1 / answers)[age].reshape(person.shape)
    begun, new = (np.array(values)[wave] for values in zip(*waves.values(), strict=True))
    trust = np.array(plan.place_trust)[area] + sizes(plan.trust_by_age)[age] + 0.5 * draws.normal("person")
    people = Rows(
        respondent_id=draws.ids,
        wave=Labels(wave, list(waves)),
        answered_on=begun + draws.whole("on", 28),
        instrument=Labels(new, ("v1", "v2")),
        weight=np.round(weight / weight.mean(axis=1, keepdims=True), 4).ravel(),
        area=Labels(area, plan.districts),
        age_group=Labels(age, AGES),
        sex=draws.label("sex"),
        race=draws.label("race", race_shares(plan)[area]),
        contact=draws.below("contact", 0.3),
        recorded_at=(begun + 40) * DAY,
        mean=trust + np.where(new, plan.instrument_shift, 0),
    )
    row, question = np.indices((person.size, len(plan.questions))).reshape(2, -1)
    each = world.draws("surveys", draws.ids[row] * 8 + question)
    answer = np.round(sizes(plan.questions)[question] + people.mean[row] + 0.8 * each.normal("answer"))
    return {
        **vars(people[row]),
        "question": Labels(question, list(plan.questions)),
        "answer": only(~each.below("refused", 0.02), np.clip(answer, 1, 5)),
    }


def population(world: World) -> Frame:
    """The table of residents by district and year: all of them (no group), and by age, sex and race."""
    plan = world.plan
    groups = [f"{age}, {sex}, {race}" for age in AGES for sex in SEXES for race in RACES]
    shape = (plan.last.year - plan.first.year + 1, len(plan.districts), len(groups) + 1)
    year, area, cell = np.indices(shape).reshape(3, -1)
    year, everyone = year + plan.first.year, cell == 0
    age, sex, race = np.unravel_index(np.maximum(cell - 1, 0), (len(AGES), len(SEXES), len(RACES)))
    total = plan.residents * np.array(plan.district_share)[area] * 1.005 ** (year - 2023.0)
    residents = np.round(total * AGE_SHARE[age] * np.array([0.51, 0.49])[sex] * race_shares(plan)[area, race])
    residents[everyone] = residents[~everyone].reshape(-1, len(groups)).sum(axis=1)
    return {
        "area": Labels(area, plan.districts),
        "year": year,
        "group": Labels(cell - 1, groups),
        "age_group": Labels(age, AGES).put(everyone, None),
        "sex": Labels(sex, SEXES).put(everyone, None),
        "race": Labels(race, RACES).put(everyone, None),
        "residents": residents,
    }


def _daily(plan: Plan, table: str, per_day: float, season: float) -> tuple[Rows, Draws]:
    """What residents send by day and district, between 7 and 22 o'clock, and its random numbers."""
    days = plan.first_day + np.arange(plan.days)
    mean = per_day * (1 + season * yearly(days, plan.season_peak_day))[:, None] * np.array(plan.district_share)
    rid, at, district = scatter(plan, f"{table}/count", days, mean)
    draws = Draws(plan.seed, f"{table}/", rid)
    local = days[at] * DAY + np.floor((7 + 15 * draws.uniform("time")) * HOUR)
    return Rows(rid=rid, day=days[at], district=district, received_at=to_utc(plan, local).astype(float)), draws
