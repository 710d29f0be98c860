"""What a synthetic department is to look like: every planted size, date and place in one frozen record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from perflib.errors import ParameterError

SCALES = ("small", "sample", "events", "large")
SHIFTS = ("Day", "Evening", "Night")
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, eq=False)
class Plan:
    """One department's truths; ``plan.yml`` has their values and says what they are.

    Dates are local days; ``None`` as a district means the effect is not planted.
    """

    agency: str
    scale: str
    seed: int
    name: str
    timezone: str
    first: date
    last: date
    districts: list[str]
    district_share: list[float]
    district_response: list[float]
    beats: int
    residents: int
    officers: int
    calls_per_day: float
    requests_per_day: float
    feedback_per_day: float
    respondents: int
    season: float
    season_peak_day: int
    weekday: Mapping[str, float]
    hourly: list[float]
    day_shock_sd: float
    trend_district: str | None
    trend_per_year: float
    sd_log: float
    medians_min: Mapping[str, float]
    step_district: str | None
    step_date: date
    step_size: float
    cancelled: float
    stamp_missing: float
    without_arrival: Mapping[str, float]
    cv: float
    activity_cv: float
    outliers: int
    outlier_multiple: float
    force_per_response: float
    complaints_per_response: float
    commendations_per_response: float
    renamed: str
    rename_date: date
    moved_date: date
    moved: int
    course: str
    idle_course: str
    course_effect: float
    course_first: date
    cohorts: int
    cohort_days: int
    compliance: float
    excluded: float
    breach_unit: str | None
    breach_compliance: float
    breach_first: date
    breach_last: date
    fatigued: int
    fatigue_first: date
    fatigue_last: date
    overtime: float
    fatigue_overtime: float
    late_share: float
    late_mean_hours: float
    stopped_district: str | None
    stopped_days: int
    hazard: Mapping[float, float]
    exceptional: float
    unfounded: float
    heaped: float
    mix_district: str | None
    mix_date: date
    mix_kind: str
    mix_multiple: float
    coded: float
    instrument_wave: str
    instrument_shift: float
    place_trust: list[float]
    answers_by_age: Mapping[str, float]
    search_district: str | None
    search_group: str
    search_threshold: float
    search_threshold_low: float

    @property
    def first_day(self) -> int:
        """The first local day, in days since 1970."""
        return day(self.first)

    @property
    def last_day(self) -> int:
        """The last local day, in days since 1970."""
        return day(self.last)

    @property
    def days(self) -> int:
        """Number of local days."""
        return self.last_day - self.first_day + 1

    @property
    def end(self) -> int:
        """The moment after the last local day, in seconds since 1970."""
        return self.midnight(self.last_day + 1)

    def midnight(self, number: int) -> int:
        """The moment at which a local day begins, in seconds since 1970."""
        local = datetime.combine(EPOCH + timedelta(number), time(), ZoneInfo(self.timezone))
        return int(local.timestamp())


def day(when: date) -> int:
    """Days since 1970."""
    return (when - EPOCH).days


def make(scale: str = "small", agency: str = "city", seed: int = 20240101, **overrides: Any) -> Plan:
    """The plan of a scale and an agency; any field of Plan can be overridden by name.

    Raises
    ------
    ParameterError : an unknown scale, agency or field.
    """
    known("scale", scale, SCALES)
    known("agency", agency, ("city", "town"))
    names = [field.name for field in fields(Plan)]
    for name in overrides:
        known("override", name, names)
    every = read("plan")
    town = every["town"] if agency == "town" else {}
    own = {"scale": scale, "agency": agency, "seed": seed, **overrides}
    return Plan(**{**every["sample"], **every[scale], **town, **own})


def known(what: str, found: str, choices: Collection[str]) -> None:
    """Refuse a name that is not among the choices."""
    if found not in choices:
        raise ParameterError(f"unknown {what} {found!r}", choices=choices, found=found)


@cache
def read(name: str) -> Any:
    """The content of a YAML file of this package."""
    return yaml.safe_load((resources.files(__package__) / f"{name}.yml").read_text(encoding="utf-8"))
