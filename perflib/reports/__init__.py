"""Reports: a notebook run strictly and unattended becomes one offline page, its facts and its manifest."""

from perflib.reports.parameters import Contract, Parameter, from_assignments, read_contract
from perflib.reports.runner import ReportError, RunResult, run
from perflib.reports.selection import about, against, days, decisions, select

__all__ = [
    "Contract", "Parameter", "ReportError", "RunResult", "about", "against", "days", "decisions",
    "from_assignments", "read_contract", "run", "select",
]
