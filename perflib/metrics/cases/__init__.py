"""Are cases solved, and how soon? Cumulative incidence of clearance by cohort, so that young cases are not failures."""

from perflib.metrics.cases.backlog import backlog
from perflib.metrics.cases.clearance import clearance, time_to_arrest
from perflib.metrics.cases.cohorts import adjusted, cohorts, opening
from perflib.metrics.cases.scope import CAUSES, chosen

__all__ = ["CAUSES", "adjusted", "backlog", "chosen", "clearance", "cohorts", "opening", "time_to_arrest"]
