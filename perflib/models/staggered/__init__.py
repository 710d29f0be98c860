"""Did a course, or a move, change a measure? Units that start at different times, against those not started yet."""

from perflib.models.staggered.effect import effect
from perflib.models.staggered.panel import Panel, panel

__all__ = ["Panel", "effect", "panel"]
