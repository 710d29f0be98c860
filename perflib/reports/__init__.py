"""Reports: a notebook run strictly and unattended becomes one offline page, its facts and its manifest."""

from perflib.reports.parameters import Contract, Parameter, from_assignments, read_contract
from perflib.reports.printing import pdf
from perflib.reports.runner import ReportError, RunResult, run
from perflib.reports.selection import about, compared, decisions
from perflib.selection import select

__all__ = [
    "Contract",
    "Parameter",
    "ReportError",
    "RunResult",
    "about",
    "compared",
    "decisions",
    "from_assignments",
    "pdf",
    "read_contract",
    "run",
    "select",
]
