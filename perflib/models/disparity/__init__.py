"""Are stops and searches fair? Several tests, each with its assumption; never one score."""

from perflib.models.disparity.counts import multilevel_counts, ratios_by_place
from perflib.models.disparity.rates import outcome_test
from perflib.models.disparity.rows import Estimates
from perflib.models.disparity.selection import Bounded, bounds_within
from perflib.models.disparity.threshold import threshold_test
from perflib.models.disparity.veil import veil_of_darkness
from perflib.models.disparity.within import Difference, pooled, within_places

__all__ = [
    "Bounded",
    "Difference",
    "Estimates",
    "bounds_within",
    "multilevel_counts",
    "outcome_test",
    "pooled",
    "ratios_by_place",
    "threshold_test",
    "veil_of_darkness",
    "within_places",
]
