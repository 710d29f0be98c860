"""Has it changed? Control charts, breaks with intervals, interventions, and steps of one series among several."""

from perflib.models.trend.breaks import breaks
from perflib.models.trend.charts import KINDS, control_chart
from perflib.models.trend.intervention import intervention
from perflib.models.trend.nowcast import nowcast
from perflib.models.trend.steps import step_test

__all__ = ["KINDS", "breaks", "control_chart", "intervention", "nowcast", "step_test"]
