"""Are stops and searches fair? Several tests on a department's stops, each with its assumption; never one score."""

from perflib.metrics.stops.reading import reading
from perflib.metrics.stops.scope import chosen
from perflib.metrics.stops.searches import outcome, threshold
from perflib.metrics.stops.selection import selection
from perflib.metrics.stops.totals import totals
from perflib.metrics.stops.who import baseline, veil

TESTS = ("veil", "baseline", "outcome", "threshold", "selection")

__all__ = ["TESTS", "baseline", "chosen", "outcome", "reading", "selection", "threshold", "totals", "veil"]
