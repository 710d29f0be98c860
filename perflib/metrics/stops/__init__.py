"""Are stops and searches fair? Several tests on a department's stops, each with its assumption; never one score."""

from perflib.metrics.stops.reading import reading
from perflib.metrics.stops.scope import TESTS, chosen
from perflib.metrics.stops.searches import outcome, threshold, totals
from perflib.metrics.stops.selection import selection
from perflib.metrics.stops.who import baseline, veil

__all__ = ["TESTS", "baseline", "chosen", "outcome", "reading", "selection", "threshold", "totals", "veil"]
