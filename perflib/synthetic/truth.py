"""The planted truths of a plan, as a plain dictionary for ``truth.yml``."""

from __future__ import annotations

from typing import Any

import numpy as np

from perflib.synthetic.arrivals import HOURLY
from perflib.synthetic.calls import CANCELLED, PRIORITIES, STAMP_MISSING, WITHOUT_ARRIVAL
from perflib.synthetic.clock import yearly
from perflib.synthetic.people import RENAMED, People
from perflib.synthetic.plan import Plan

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def truths(plan: Plan, people: People) -> dict[str, Any]:
    """Every planted truth: table, column, place, date and size, by name."""
    return {
        "agency": plan.agency, "scale": plan.scale, "seed": plan.seed, "first": plan.first.isoformat(),
        "last": plan.last.isoformat(), "timezone": plan.timezone,
        "truths": {**_response(plan), **_counts(plan), **_feeds(plan), **_officers(plan, people)},
    }


def _response(plan: Plan) -> dict[str, Any]:
    return {
        "response_step": {
            "table": "calls", "column": "arrived_at - received_at", "district": plan.step_district,
            "date": plan.step_date.isoformat(), "multiple": plan.step_size,
            "note": "every stage of public calls is multiplied from this local day on, so each quantile is",
        },
        "response_times": {
            "table": "calls", "column": "arrived_at - received_at", "distribution": "lognormal", "sd_log": plan.sd_log,
            "median_min": dict(zip(PRIORITIES, plan.medians_min, strict=True)),
            "district_multiple": dict(zip(plan.districts, plan.district_response, strict=True)),
            "hour_multiple": {"15-18": 1.10, "0-5": 0.95}, "season_amplitude": -0.04,
            "season_peak_day": plan.season_peak_day,
        },
        "missing_arrivals": {
            "table": "calls", "column": "arrived_at", "cancelled": CANCELLED, "stamp_missing_of_attended": STAMP_MISSING,
            "without_arrival": dict(zip(PRIORITIES, WITHOUT_ARRIVAL, strict=True)),
        },
    }


def _counts(plan: Plan) -> dict[str, Any]:
    days = np.arange(plan.first_day, plan.first_day + plan.days)
    wave = 1 + plan.season * yearly(days, plan.season_peak_day)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    monthly = {int(month): round(float(wave[months == month].mean()), 4) for month in np.unique(months)}
    return {
        "trend": {"table": "calls", "column": "received_at", "district": plan.trend_district,
                  "per_year": plan.trend_per_year, "from": plan.first.isoformat()},
        "season": {"table": "calls", "column": "received_at", "amplitude": plan.season,
                   "peak_day_of_year": plan.season_peak_day, "month_multiple": monthly},
        "weekday": {"table": "calls", "column": "received_at",
                    "multiple": dict(zip(WEEKDAYS, plan.weekday, strict=True))},
        "hour": {"table": "calls", "column": "received_at",
                 "multiple": [round(float(value), 4) for value in np.array(HOURLY) / np.mean(HOURLY)]},
        "dispersion": {"table": "calls", "column": "received_at", "day_shock_sd": plan.day_shock_sd},
    }


def _feeds(plan: Plan) -> dict[str, Any]:
    return {
        "lagging_feed": {"table": "calls", "column": "recorded_at", "after": "closed_at", "late_share": plan.late_share,
                         "late_mean_hours": plan.late_mean_hours, "prompt_mean_hours": 1.0},
        "stopped_feed": {"table": "calls", "column": "received_at", "district": plan.stopped_district,
                         "days_before_end": plan.stopped_days},
    }


def _officers(plan: Plan, people: People) -> dict[str, Any]:
    named = {what: [people.names[officer] for officer in who] for what, who in people.chosen.items()}
    return {
        "renamed_unit": {"table": "assignments", "column": "unit", "date": plan.rename_date.isoformat(),
                         "before": "Tactical", "after": RENAMED},
        "reassigned": {"table": "assignments", "column": "district", "date": plan.moved_date.isoformat(),
                       "officers": named["moved"], "from": plan.districts[0], "to": plan.districts[1], "effect": 1.0},
        "activity": {"table": "calls", "column": "officer_id", "distribution": "gamma", "cv": plan.activity_cv},
    }
