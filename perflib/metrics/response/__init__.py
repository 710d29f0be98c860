"""How long do callers wait? Every interval of a call, by any grouping, with what is missing counted and bounded."""

from perflib.metrics.response.board import board
from perflib.metrics.response.by import by_priority, intervals, response
from perflib.metrics.response.change import adjusted, compare
from perflib.metrics.response.course import series, steps, trend
from perflib.metrics.response.goals import targets
from perflib.metrics.response.opening import opening
from perflib.metrics.response.scope import FATES, INTERVALS, Interval, Scope
from perflib.metrics.response.volume import volume_shift

__all__ = [
    "FATES",
    "INTERVALS",
    "Interval",
    "Scope",
    "adjusted",
    "board",
    "by_priority",
    "compare",
    "intervals",
    "opening",
    "response",
    "series",
    "steps",
    "targets",
    "trend",
    "volume_shift",
]
