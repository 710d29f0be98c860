"""Are stops and searches fair? Several tests, each with its assumption; never one score."""

from perflib.models.disparity.counts import multilevel_counts
from perflib.models.disparity.rates import benchmark, outcome_test
from perflib.models.disparity.selection import bounds
from perflib.models.disparity.threshold import threshold_test
from perflib.models.disparity.veil import veil_of_darkness

__all__ = ["benchmark", "bounds", "multilevel_counts", "outcome_test", "threshold_test", "veil_of_darkness"]
