"""The planted truths of a plan, as a plain dictionary for ``truth.yml``."""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.synthetic.arrivals import HOURLY
from perflib.synthetic.calls import CANCELLED, PRIORITIES, STAMP_MISSING, WITHOUT_ARRIVAL
from perflib.synthetic.cases import DAYS, EXCEPTIONAL, HAZARD, HEAPED, OFFENCES, UNFOUNDED, cumulative
from perflib.synthetic.clock import yearly
from perflib.synthetic.community import AGES, ANSWERS_BY_AGE, CODED, KIND_SHARE, KINDS, PLACE_TRUST, TOPIC_SHARE, TOPICS
from perflib.synthetic.people import RENAMED, People
from perflib.synthetic.plan import Plan
from perflib.synthetic.training import IDLE, WORKS
from perflib.synthetic.units import EXCLUDED
from perflib.synthetic.work import OVERTIME_SHARE, WEARY_OVERTIME

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def truths(plan: Plan, people: People) -> dict[str, Any]:
    """Every planted truth: table, column, place, date and size, by name."""
    return {
        "agency": plan.agency,
        "scale": plan.scale,
        "seed": plan.seed,
        "first": plan.first.isoformat(),
        "last": plan.last.isoformat(),
        "timezone": plan.timezone,
        "truths": {
            **_response(plan),
            **_counts(plan),
            **_feeds(plan),
            **_officers(plan, people),
            **_cases(plan),
            **_community(plan),
        },
    }


def _response(plan: Plan) -> dict[str, Any]:
    return {
        "response_step": {
            "table": "calls",
            "column": "arrived_at - received_at",
            "district": plan.step_district,
            "date": plan.step_date.isoformat(),
            "multiple": plan.step_size,
            "note": "every stage of public calls is multiplied from this local day on, so each quantile is",
        },
        "response_times": {
            "table": "calls",
            "column": "arrived_at - received_at",
            "distribution": "lognormal",
            "sd_log": plan.sd_log,
            "median_min": dict(zip(PRIORITIES, plan.medians_min, strict=True)),
            "district_multiple": dict(zip(plan.districts, plan.district_response, strict=True)),
            "hour_multiple": {"15-18": 1.10, "0-5": 0.95},
            "season_amplitude": -0.04,
            "season_peak_day": plan.season_peak_day,
        },
        "missing_arrivals": {
            "table": "calls",
            "column": "arrived_at",
            "cancelled": CANCELLED,
            "stamp_missing_of_attended": STAMP_MISSING,
            "without_arrival": dict(zip(PRIORITIES, WITHOUT_ARRIVAL, strict=True)),
        },
    }


def _counts(plan: Plan) -> dict[str, Any]:
    days = np.arange(plan.first_day, plan.first_day + plan.days)
    wave = 1 + plan.season * yearly(days, plan.season_peak_day)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    monthly = {int(month): round(float(wave[months == month].mean()), 4) for month in np.unique(months)}
    return {
        "trend": {
            "table": "calls",
            "column": "received_at",
            "district": plan.trend_district,
            "per_year": plan.trend_per_year,
            "from": plan.first.isoformat(),
        },
        "season": {
            "table": "calls",
            "column": "received_at",
            "amplitude": plan.season,
            "peak_day_of_year": plan.season_peak_day,
            "month_multiple": monthly,
        },
        "weekday": {
            "table": "calls",
            "column": "received_at",
            "multiple": dict(zip(WEEKDAYS, plan.weekday, strict=True)),
        },
        "hour": {
            "table": "calls",
            "column": "received_at",
            "multiple": [round(float(value), 4) for value in np.array(HOURLY) / np.mean(HOURLY)],
        },
        "dispersion": {"table": "calls", "column": "received_at", "day_shock_sd": plan.day_shock_sd},
    }


def _feeds(plan: Plan) -> dict[str, Any]:
    return {
        "lagging_feed": {
            "table": "calls",
            "column": "recorded_at",
            "after": "closed_at",
            "late_share": plan.late_share,
            "late_mean_hours": plan.late_mean_hours,
            "prompt_mean_hours": 1.0,
        },
        "stopped_feed": {
            "table": "calls",
            "column": "received_at",
            "district": plan.stopped_district,
            "days_before_end": plan.stopped_days,
        },
    }


def _officers(plan: Plan, people: People) -> dict[str, Any]:
    named = {what: [people.names[officer] for officer in who] for what, who in people.chosen.items()}
    shared = {
        "exposure": "unit_responses rows",
        "distribution": "gamma",
        "cv": plan.cv,
        "multiple": plan.outlier_multiple,
    }
    return {
        "renamed_unit": {
            "table": "assignments",
            "column": "unit",
            "date": plan.rename_date.isoformat(),
            "before": "Tactical",
            "after": RENAMED,
        },
        "reassigned": {
            "table": "assignments",
            "column": "district",
            "date": plan.moved_date.isoformat(),
            "officers": named["moved"],
            "from": plan.districts[0],
            "to": plan.districts[1],
            "effect": 1.0,
        },
        "activity": {"table": "calls", "column": "officer_id", "distribution": "gamma", "cv": plan.activity_cv},
        "force_outliers": {
            "table": "force",
            "column": "officer_id",
            "officers": named["force"],
            **shared,
            "rate_per_response": plan.force_per_response,
            "confounders": ["call_type", "district", "shift"],
        },
        "complaint_outliers": {
            "table": "complaints",
            "column": "officer_id",
            "officers": named["complaint"],
            **shared,
            "rate_per_response": plan.complaints_per_response,
        },
        "top_performers": {
            "table": "commendations",
            "column": "officer_id",
            "officers": named["commend"],
            **shared,
            "rate_per_response": plan.commendations_per_response,
        },
        "force_level": {
            "table": "force",
            "column": "level",
            "officers": named["level"],
            "lean": _lean(people),
            "distribution": "ordinal logistic, officers' lean normal with sd 0.5, scene shared",
        },
        "demographics": {"table": "officers", "column": "race, sex, birth_year", "effect": 1.0},
        **_work(plan, named),
    }


def _lean(people: People) -> float:
    """The lean (log odds of a higher level) of those who use higher force at the same scene."""
    chosen = people.chosen["level"]
    return round(float(people.lean[chosen].max()), 4) if chosen.size else 0.0


def _work(plan: Plan, named: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "course_that_works": {
            "table": "complaints",
            "column": "filed_at",
            "course": WORKS,
            "multiple": plan.course_effect,
            "first": plan.course_first.isoformat(),
            "cohorts": plan.cohorts,
            "days_between": plan.cohort_days,
        },
        "course_that_does_not": {"table": "complaints", "column": "filed_at", "course": IDLE, "multiple": 1.0},
        "policy_breach": {
            "table": "policy_events",
            "column": "complied",
            "rule_id": "camera_on_arrival",
            "unit": plan.breach_unit,
            "first": plan.breach_first.isoformat(),
            "last": plan.breach_last.isoformat(),
            "compliance": plan.breach_compliance,
            "elsewhere": plan.compliance,
            "excluded": EXCLUDED,
        },
        "fatigue": {
            "table": "shifts",
            "column": "started_at",
            "officers": named["fatigue"],
            "first": plan.fatigue_first.isoformat(),
            "last": plan.fatigue_last.isoformat(),
            "overtime_share": WEARY_OVERTIME,
            "elsewhere": OVERTIME_SHARE,
            "effect_on_conduct": 1.0,
        },
    }


def _cases(plan: Plan) -> dict[str, Any]:
    return {
        "clearance_lag": {
            "table": "incidents",
            "column": "cleared_at - reported_at",
            "change": 1.0,
            "exceptional_share": EXCEPTIONAL,
            "unfounded": UNFOUNDED,
            "daily_hazard": dict(zip((f"from day {day}" for day in DAYS), HAZARD, strict=True)),
            "hazard_multiple": {name: values[1] for name, values in OFFENCES.items()},
            "cleared_by_day": {
                name: {days: round(cumulative(days, values[1]), 4) for days in (7, 30, 180, 365)}
                for name, values in OFFENCES.items()
            },
            "note": "the hazard is the same for every cohort; the naive ratio falls at the end all the same",
        },
        "search_threshold": {
            "table": "stops",
            "column": "searched",
            "district": plan.search_district,
            "group": plan.search_group,
            "threshold": plan.search_threshold_low,
            "elsewhere": plan.search_threshold,
        },
        "veil_of_darkness": {"table": "stops", "column": "subject_race", "effect": 1.0},
        "heaping": {"table": "incidents", "column": "occurred_from", "at": "local midnight", "share": HEAPED},
    }


def _community(plan: Plan) -> dict[str, Any]:
    return {
        "request_mix": {
            "table": "requests",
            "column": "kind",
            "district": plan.mix_district,
            "kind": plan.mix_kind,
            "date": plan.mix_date.isoformat(),
            "weight_multiple": plan.mix_multiple,
            "before": dict(zip(KINDS, KIND_SHARE, strict=True)),
        },
        "survey_instrument": {
            "table": "surveys",
            "column": "answer",
            "wave": plan.instrument_wave,
            "shift": plan.instrument_shift,
            "note": "a new wording; opinion itself does not change",
        },
        "survey_places": {
            "table": "surveys",
            "column": "answer",
            "shift_by_district": dict(zip(plan.districts, PLACE_TRUST, strict=False)),
        },
        "survey_response": {
            "table": "surveys",
            "column": "weight",
            "multiple_by_age": dict(zip(AGES, ANSWERS_BY_AGE, strict=True)),
        },
        "feedback_topics": {
            "table": "feedback",
            "column": "topic",
            "share": dict(zip(TOPICS, TOPIC_SHARE, strict=True)),
            "coded": CODED,
        },
    }
