"""Which counts changed? Any table, any grouping, tested; and the table of the weekly meeting."""

from perflib.metrics.counts.areas import check_areas
from perflib.metrics.counts.calendar import read_calendar
from perflib.metrics.counts.compare import compare
from perflib.metrics.counts.compstat import compstat, compstat_page
from perflib.metrics.counts.opening import opening
from perflib.metrics.counts.over_time import trend
from perflib.metrics.counts.records import records
from perflib.metrics.counts.series import UNITS, Series, daily, read_crosswalk
from perflib.metrics.counts.totals import total

__all__ = [
    "UNITS",
    "Series",
    "check_areas",
    "compare",
    "compstat",
    "compstat_page",
    "daily",
    "opening",
    "read_calendar",
    "read_crosswalk",
    "records",
    "total",
    "trend",
]
