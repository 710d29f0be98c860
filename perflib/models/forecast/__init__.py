"""Forecasts of counts: several candidates, judged and weighted by back-test, as calibrated count distributions."""

from perflib.models.forecast.core import Forecast, forecast
from perflib.models.forecast.distribution import CountForecast
from perflib.models.forecast.panel import Panel, panel
from perflib.models.forecast.scores import mase, randomised_pit, seasonal_scale

__all__ = ["CountForecast", "Forecast", "Panel", "forecast", "mase", "panel", "randomised_pit", "seasonal_scale"]
