"""Reports: a notebook run strictly and unattended becomes one offline page, its facts and its manifest."""

from perflib.reports.parameters import Contract, Parameter, from_assignments, read_contract
from perflib.reports.runner import ReportError, RunResult, run

__all__ = ["Contract", "Parameter", "ReportError", "RunResult", "from_assignments", "read_contract", "run"]
