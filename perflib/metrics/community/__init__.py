"""What do residents ask for, what do they say, and has it changed?"""

from perflib.metrics.community.feedback import SEEDS, feedback
from perflib.metrics.community.mix import by_area, course, drivers
from perflib.metrics.community.needs import needs
from perflib.metrics.community.opinion import areas, waves
from perflib.metrics.community.side_by_side import beside

__all__ = ["SEEDS", "areas", "beside", "by_area", "course", "drivers", "feedback", "needs", "waves"]
