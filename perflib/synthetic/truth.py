"""The planted truths of a plan: ``truth.yml`` of this package, filled with the plan's own values."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from perflib.synthetic.cases import OFFENCES, cumulative
from perflib.synthetic.clock import months, yearly
from perflib.synthetic.people import People
from perflib.synthetic.plan import Plan, read
from perflib.synthetic.rng import SHARES


def truths(plan: Plan, people: People) -> Any:
    """Every planted truth: table, column, place, date and size, by name."""
    return filled(read("truth"), {**SHARES, **vars(plan), **derived(plan, people)})


def filled(template: Any, values: dict[str, Any]) -> Any:
    """The template with every ``=name`` replaced by the value of that name."""
    if isinstance(template, dict):
        return {key: filled(value, values) for key, value in template.items()}
    if not str(template).startswith("="):
        return template
    value = values[template[1:]]
    return value.isoformat() if isinstance(value, date) else value


def derived(plan: Plan, people: People) -> dict[str, Any]:
    """What follows from the plan and the officers drawn."""
    named = {f"{what} officers": [people.names[officer] for officer in who] for what, who in people.chosen.items()}
    return {
        **named,
        "response by district": dict(zip(plan.districts, plan.district_response, strict=True)),
        "trust by district": dict(zip(plan.districts, plan.place_trust, strict=False)),
        "months": monthly(plan),
        "moved from": plan.districts[0],
        "moved to": plan.districts[1],
        "hazard by day": {f"from day {days}": hazard for days, hazard in plan.hazard.items()},
        "hazard by offence": OFFENCES.hazard.to_dict(),
        "cleared by day": {
            name: {days: round(cumulative(plan, days, multiple), 4) for days in (7, 30, 180, 365)}
            for name, multiple in OFFENCES.hazard.items()
        },
    }


def monthly(plan: Plan) -> dict[int, float]:
    """The planted season by month: multiples of the mean day."""
    days = plan.first_day + np.arange(plan.days)
    wave, month = 1 + plan.season * yearly(days, plan.season_peak_day), months(days) % 12 + 1
    return {int(number): round(float(wave[month == number].mean()), 4) for number in np.unique(month)}
