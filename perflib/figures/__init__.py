"""Drawing: turns documented columns into figures; knows no model and no police table."""

from perflib.figures.chart import Chart
from perflib.figures.draw import KINDS, draw, lacking_fonts

__all__ = ["KINDS", "Chart", "draw", "lacking_fonts"]
