"""What residents ask for and think: 311 requests, surveys, feedback, and how many residents there are."""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.synthetic.calls import in_district, recorded, scatter, seen
from perflib.synthetic.clock import DAY, HOUR, to_utc, yearly
from perflib.synthetic.columns import Labels, Rows
from perflib.synthetic.people import race_shares
from perflib.synthetic.places import place
from perflib.synthetic.plan import Plan, day, read
from perflib.synthetic.rng import SHARES, Draws

RACES, SEXES, AGES = (list(SHARES[name]) for name in ("officers/race", "surveys/sex", "surveys/age"))
AGE_SHARE = np.array(list(SHARES["surveys/age"].values()))  # of residents
#: mean answer by question, and what it differs by in each age group
QUESTIONS, AGE_TRUST = (
    {"trust": 3.4, "safety": 3.1, "fairness": 3.3, "satisfaction": 3.6},
    np.array([-0.3, 0.0, 0.2, 0.3]),
)


def requests(plan: Plan) -> dict[str, Any]:
    """The table of requests: a season, and one kind that becomes more common in one district from a planted day."""
    at, draws = _daily(plan, "requests", plan.requests_per_day, 0.25)
    shares = SHARES["requests/kind"]
    weights = np.tile(list(shares.values()), (at.rid.size, 1))
    more = in_district(plan, plan.mix_district, at.district) & (at.day >= day(plan.mix_date))
    weights[more, list(shares).index(plan.mix_kind)] *= plan.mix_multiple
    closed = np.floor(at.received + HOUR * (2 + 90 * draws.exponential("closed")))
    known = recorded(plan, "requests", at.rid, at.received)
    frame = {
        "request_id": at.rid,
        "received_at": at.received,
        "kind": Labels(draws.choose("kind", weights), list(shares)),
        "closed_at": np.where(closed < plan.end, closed, np.nan),
        **place(plan, "requests", at.rid, at.district),
        "recorded_at": known,
    }
    return vars(Rows(**frame)[seen(plan, at, known)])


def feedback(plan: Plan) -> dict[str, Any]:
    """The table of messages: seeded words by topic; a share of them was coded by hand."""
    at, draws = _daily(plan, "feedback", plan.feedback_per_day, 0.0)
    topic, form, where, who = (draws.label(purpose) for purpose in ("topic", "form", "place", "who"))
    wait, texts = (5 + 80 * draws.uniform("wait")).astype(int), read("choices")["feedback"]
    said = [
        texts[topic.names[t]][f].format(n=n, place=where.names[p], who=who.names[w])
        for t, f, p, w, n in zip(topic.codes, form.codes, where.codes, who.codes, wait, strict=True)
    ]
    frame = Rows(
        feedback_id=at.rid,
        received_at=at.received,
        text=np.array(said, dtype=object),
        channel=draws.label("channel"),
        topic=Labels(np.where(draws.below("coded", plan.coded), topic.codes, -1), topic.names),
        district=Labels(at.district, plan.districts),
        recorded_at=at.received + DAY,
    )
    return vars(frame[frame.recorded_at < plan.end])


def surveys(plan: Plan) -> dict[str, Any]:
    """The table of answers, two waves a year; older people answer more, weights undo it; the wording changes once."""
    waves = [
        (f"{year}-{half}", when)
        for year in range(plan.first.year, plan.last.year + 1)
        for half, month in ((1, 4), (2, 10))
        if plan.first_day <= (when := day(plan.first.replace(year=year, month=month, day=10))) <= plan.last_day - 30
    ]
    questions = np.arange(len(QUESTIONS))
    person = (np.arange(len(waves))[:, None] + 1) * 100_000 + np.arange(plan.respondents)
    wave, draws = np.indices(person.shape)[0].ravel(), Draws(plan.seed, "surveys/", person.ravel())
    area, answers = draws.choose("area", plan.district_share), np.array(list(plan.answers_by_age.values()))
    age = draws.choose("age", AGE_SHARE * answers)
    weight = (1 / answers)[age].reshape(person.shape)
    begun = np.array([when for _, when in waves])[wave]
    new = np.array([name >= plan.instrument_wave for name, _ in waves])[wave]
    each = Draws(plan.seed, "surveys/", np.add.outer(draws.ids * 8, questions).ravel())
    people = Rows(
        respondent_id=draws.ids,
        wave=Labels(wave, [name for name, _ in waves]),
        answered_on=begun + draws.whole("on", 28),
        instrument=Labels(new.astype(np.int64), ("v1", "v2")),
        weight=np.round(weight / weight.mean(axis=1, keepdims=True), 4).ravel(),
        area=Labels(area, plan.districts),
        age_group=Labels(age, AGES),
        sex=draws.label("sex"),
        race=Labels(draws.choose("race", race_shares(plan)[area]), RACES),
        contact=draws.below("contact", 0.3),
        recorded_at=(begun + 40) * DAY,
    )
    row, question = np.repeat(np.arange(person.size), questions.size), np.tile(questions, person.size)
    mean = (
        np.array(list(QUESTIONS.values()))[question]
        + np.array(plan.place_trust)[area[row]]
        + AGE_TRUST[age[row]]
        + np.where(new, plan.instrument_shift, 0.0)[row]
        + 0.5 * draws.normal("person")[row]
    )
    answer = np.clip(np.round(mean + 0.8 * each.normal("answer")), 1, 5)
    answer[each.below("refused", 0.02)] = np.nan
    return {**vars(people[row]), "question": Labels(question, list(QUESTIONS)), "answer": answer}


def population(plan: Plan) -> dict[str, Any]:
    """The table of residents by district and year: all of them (no group), and by age, sex and race."""
    years = np.arange(plan.first.year, plan.last.year + 1)
    year, area, age, sex, race = np.ogrid[: len(years), : len(plan.districts), : len(AGES), :2, : len(RACES)]
    total = plan.residents * np.array(plan.district_share)[area] * 1.005 ** (years - 2023)[year]
    cells = np.round(total * AGE_SHARE[age] * np.array([0.51, 0.49])[sex] * race_shares(plan)[area, race])
    by_area = cells.reshape(years.size * len(plan.districts), -1)
    residents = np.column_stack([by_area.sum(axis=1), by_area])  # all of them first
    row, cell = np.indices(residents.shape).reshape(2, -1)
    whose = np.array(np.unravel_index(np.maximum(cell - 1, 0), cells.shape[2:]))
    age, sex, race = np.where(cell > 0, whose, -1)
    groups = [f"{one}, {two}, {three}" for one in AGES for two in SEXES for three in RACES]
    return {
        "area": Labels(row % len(plan.districts), plan.districts),
        "year": years[row // len(plan.districts)],
        "group": Labels(cell - 1, groups),
        "age_group": Labels(age, AGES),
        "sex": Labels(sex, SEXES),
        "race": Labels(race, RACES),
        "residents": residents.ravel(),
    }


def _daily(plan: Plan, table: str, per_day: float, season: float) -> tuple[Rows, Draws]:
    """What residents send by day and district, between 7 and 22 o'clock, and its random numbers."""
    days = plan.first_day + np.arange(plan.days)
    mean = per_day * (1 + season * yearly(days, plan.season_peak_day))[:, None] * np.array(plan.district_share)
    rid, at, district = scatter(plan, f"{table}/count", days, mean)
    draws = Draws(plan.seed, f"{table}/", rid)
    local = days[at] * DAY + np.floor((7 + 15 * draws.uniform("time")) * HOUR)
    return Rows(rid=rid, day=days[at], district=district, received=to_utc(plan, local).astype(float)), draws
