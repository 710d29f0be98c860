"""When does work come in, which seasons are real, and what is to be expected next month?"""

from perflib.metrics.seasons.ahead import ahead, staffing
from perflib.metrics.seasons.by_hour import hours, spans
from perflib.metrics.seasons.outlook import outlook
from perflib.metrics.seasons.patterns import months, tested, weekdays
from perflib.metrics.seasons.read import Hours, read

__all__ = ["Hours", "ahead", "hours", "months", "outlook", "read", "spans", "staffing", "tested", "weekdays"]
