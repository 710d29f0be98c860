"""Seasons: a test that holds for real counts, strength beside noise, profiles with exposure, expected demand."""

from perflib.models.seasonality.core import ALPHA, SeasonResult, seasonality
from perflib.models.seasonality.demand import demand
from perflib.models.seasonality.events import Hourly, hourly
from perflib.models.seasonality.profile import profile, rate_interval
from perflib.models.seasonality.spectrum import Stable, stable
from perflib.models.seasonality.strength import components, noise, stabilised, strength

__all__ = [
    "ALPHA",
    "Hourly",
    "SeasonResult",
    "Stable",
    "components",
    "demand",
    "hourly",
    "noise",
    "profile",
    "rate_interval",
    "seasonality",
    "stabilised",
    "stable",
    "strength",
]
