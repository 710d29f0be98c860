"""When does work come in, which seasons are real, and what is to be expected next month?"""

from perflib.metrics.seasons.ahead import ahead, staffing
from perflib.metrics.seasons.outlook import outlook
from perflib.metrics.seasons.read import Hours, read
from perflib.metrics.seasons.rhythm import hours, spans
from perflib.metrics.seasons.year import months, tested, weekdays

__all__ = ["Hours", "ahead", "hours", "months", "outlook", "read", "spans", "staffing", "tested", "weekdays"]
