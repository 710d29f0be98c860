"""What a synthetic department is to look like: every planted size, date and place in one frozen record."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields, replace
from typing import Any

from perflib.errors import ParameterError

SCALES = ("small", "sample", "events", "large")
AGENCIES = ("city", "town")
SHIFTS = {"Day": ("07:00", "15:00"), "Evening": ("15:00", "23:00"), "Night": ("23:00", "07:00")}
EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Plan:
    """One department's truths. Dates are local days; ``None`` as a district means the effect is not planted."""

    agency: str = "city"
    scale: str = "sample"
    seed: int = 20240101
    name: str = "Sample City Police"
    timezone: str = "America/New_York"
    first: dt.date = dt.date(2023, 1, 1)
    last: dt.date = dt.date(2025, 12, 31)
    districts: tuple[str, ...] = ("0411", "0412", "0413", "0421", "0422", "0423")
    district_share: tuple[float, ...] = (0.19, 0.18, 0.17, 0.16, 0.16, 0.14)
    district_response: tuple[float, ...] = (0.95, 1.0, 1.05, 0.98, 1.08, 0.94)
    beats: int = 5
    residents: int = 125_000
    officers: int = 250
    calls_per_day: float = 235.0
    requests_per_day: float = 110.0
    feedback_per_day: float = 3.0
    respondents: int = 700
    # calls in time
    season: float = 0.15
    season_peak_day: int = 200
    weekday: tuple[float, ...] = (0.95, 0.94, 0.95, 0.98, 1.08, 1.10, 1.00)
    day_shock_sd: float = 0.04
    trend_district: str | None = "0421"
    trend_per_year: float = 0.12
    # response times
    sd_log: float = 0.55
    medians_min: tuple[float, ...] = (6.0, 11.0, 20.0, 30.0)
    step_district: str | None = "0412"
    step_date: dt.date = dt.date(2025, 3, 1)
    step_size: float = 1.2
    # officers
    cv: float = 0.8
    activity_cv: float = 0.35
    outliers: int = 4
    outlier_multiple: float = 3.0
    # about one event an officer in three years, as in ``rates``; the scale "events" has about fifteen
    force_per_response: float = 0.0013
    complaints_per_response: float = 0.0008
    commendations_per_response: float = 0.0008
    rename_date: dt.date = dt.date(2024, 7, 1)
    moved_date: dt.date = dt.date(2024, 10, 1)
    moved: int = 12
    # training
    course_effect: float = 0.70
    course_first: dt.date = dt.date(2023, 7, 1)
    cohorts: int = 8
    cohort_days: int = 60
    # policy
    compliance: float = 0.93
    breach_unit: str | None = "0422 Evening"
    breach_compliance: float = 0.60
    breach_first: dt.date = dt.date(2024, 9, 1)
    breach_last: dt.date = dt.date(2025, 2, 28)
    # fatigue
    fatigued: int = 6
    fatigue_first: dt.date = dt.date(2025, 4, 1)
    fatigue_last: dt.date = dt.date(2025, 9, 30)
    # feeds
    late_share: float = 0.2
    late_mean_hours: float = 72.0
    stopped_district: str | None = "0423"
    stopped_days: int = 9
    # community
    mix_district: str | None = "0413"
    mix_date: dt.date = dt.date(2024, 6, 1)
    mix_kind: str = "encampment"
    mix_multiple: float = 2.5
    instrument_wave: str = "2025-1"
    instrument_shift: float = 0.4
    # stops
    search_district: str | None = "0413"
    search_group: str = "Black"
    search_threshold: float = 0.30
    search_threshold_low: float = 0.18

    @property
    def days(self) -> int:
        """Number of local days."""
        return (self.last - self.first).days + 1

    @property
    def first_day(self) -> int:
        """The first local day, in days since 1970."""
        return day(self.first)


def day(date: dt.date) -> int:
    """Days since 1970."""
    return (date - EPOCH).days


_SMALL: dict[str, Any] = {
    "first": dt.date(2025, 9, 1),
    "residents": 33_000,
    "officers": 60,
    "calls_per_day": 50.0,
    "requests_per_day": 25.0,
    "beats": 3,
    "respondents": 150,
    "outliers": 2,
    "step_date": dt.date(2025, 11, 1),
    "rename_date": dt.date(2025, 11, 1),
    "moved_date": dt.date(2025, 10, 15),
    "moved": 3,
    "course_first": dt.date(2025, 9, 20),
    "cohorts": 3,
    "cohort_days": 25,
    "breach_first": dt.date(2025, 10, 1),
    "breach_last": dt.date(2025, 12, 15),
    "fatigued": 2,
    "fatigue_first": dt.date(2025, 10, 1),
    "fatigue_last": dt.date(2025, 11, 30),
    "mix_date": dt.date(2025, 11, 1),
    "instrument_wave": "2025-2",
}
#: so many events that officers at three times the usual rate can be told from chance
EVENTS: dict[str, Any] = {
    "cv": 0.2,
    "force_per_response": 0.02,
    "complaints_per_response": 0.02,
    "commendations_per_response": 0.02,
}
_LARGE: dict[str, Any] = {"residents": 4_900_000, "officers": 4000, "calls_per_day": 9260.0, "beats": 10}
_TOWN: dict[str, Any] = {
    "name": "Sample Town Police",
    "districts": ("01", "02"),
    "district_share": (0.6, 0.4),
    "district_response": (1.0, 1.06),
    "residents": 8_500,
    "officers": 15,
    "calls_per_day": 12.0,
    "requests_per_day": 6.0,
    "beats": 2,
    "feedback_per_day": 0.3,
    "respondents": 120,
    "trend_district": "01",
    "step_district": "02",
    "outliers": 1,
    "moved": 1,
    "cohorts": 3,
    "breach_unit": "02 Evening",
    "fatigued": 1,
    "stopped_district": None,
    "mix_district": "01",
    "search_district": None,
}
_SCALES = {"small": _SMALL, "sample": {}, "events": {"residents": 200_000, "officers": 400, **EVENTS}, "large": _LARGE}


def make(scale: str = "small", agency: str = "city", seed: int = 20240101, **overrides: Any) -> Plan:
    """The plan of a scale and an agency; any field of Plan can be overridden by name.

    Raises
    ------
    ParameterError : an unknown scale, agency or field.
    """
    known("scale", scale, SCALES)
    known("agency", agency, AGENCIES)
    names = [field.name for field in fields(Plan)]
    for name in overrides:
        known("override", name, names)
    changes = {**_SCALES[scale], **(_TOWN if agency == "town" else {}), **overrides}
    return replace(Plan(), scale=scale, agency=agency, seed=seed, **changes)


def known(what: str, found: str, choices: Any) -> None:
    """Refuse a name that is not among the choices."""
    if found not in choices:
        raise ParameterError(f"unknown {what} {found!r}", choices=choices, found=found)
