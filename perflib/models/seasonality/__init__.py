"""Seasons: a test that holds for real counts, strength against that of noise, rates by hour, expected demand."""

from perflib.models.seasonality.core import ALPHA, Seasons, seasonality
from perflib.models.seasonality.demand import Demand, demand
from perflib.models.seasonality.events import Hourly, hourly
from perflib.models.seasonality.profile import profile, rate_interval
from perflib.models.seasonality.spectrum import Stable, stable
from perflib.models.seasonality.strength import noise, stabilised, strength

__all__ = [
    "ALPHA",
    "Demand",
    "Hourly",
    "Seasons",
    "Stable",
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
