"""Has it changed? Control charts, breaks with intervals, interventions, and steps of one series among several."""

from perflib.models.trend.charts import KINDS, control_chart

__all__ = ["KINDS", "control_chart"]
