"""Medians and percentiles with intervals, bounds for missing values, and quantile regression."""

from perflib.models.quantiles.order import Ranks, bounded_probabilities, interval_se, quantile_ranks
from perflib.models.quantiles.regression import quantile_regression

__all__ = ["Ranks", "bounded_probabilities", "interval_se", "quantile_ranks", "quantile_regression"]
