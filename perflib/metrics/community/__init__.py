"""What do residents ask for, what do they say, and has it changed?"""

from perflib.metrics.community.beside import beside
from perflib.metrics.community.feedback import SEEDS, feedback
from perflib.metrics.community.mix import by_area, course, drivers
from perflib.metrics.community.needs import needs
from perflib.metrics.community.opinion import areas, waves

__all__ = ["SEEDS", "areas", "beside", "by_area", "course", "drivers", "feedback", "needs", "waves"]
