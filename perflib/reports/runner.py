"""Run one notebook unattended: strict parameters, own kernel, files that are whole or absent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perflib.errors import ParameterError
from perflib.reports import inputs
from perflib.reports.files import make_folder, slug
from perflib.reports.parameters import Value, read_contract
from perflib.reports.task import Clock, ReportError, RunResult, Task, perform
from perflib.reports.values import check_values
from perflib.sources.guard import key_print

__all__ = ["ReportError", "RunResult", "full_values", "run", "shown_values"]


def run(
    notebook: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    department: str | Path = "",
    out: str | Path | None = None,
    progress: bool = False,
) -> RunResult:
    """Execute ``notebook`` and write ``<name>.ipynb``, ``<name>.html``, ``facts.json`` and ``manifest.json``.

    Parameters
    ----------
    notebook : an .ipynb with one cell tagged ``parameters``.
    parameters : name -> value; texts are read as the annotated type.
    department : department file or folder, relative to the current directory; empty means the sample.
    out : folder for the files, made if needed; default ``reports/<notebook>-<parameters or time>``.
    progress : show a bar over the cells on standard error.

    Returns
    -------
    RunResult with ``status`` ``done``, or ``failed`` when a cell raised (``raise_if_failed()`` turns that into an
    error). A failed run keeps its notebook and page, marked FAILED, and writes no ``facts.json``.

    Raises
    ------
    ParameterError : an unknown name, a wrong type or a value the department does not have; no kernel was started.
    DepartmentError : there is no such department.
    InputError : the folder cannot be written.
    """
    clock, path, base = Clock(), Path(notebook), Path.cwd()
    with clock.stage("check"):
        values = full_values(path, parameters or {}, department, base)
        check_values(values, where=path.name)
    folder = Path(out) if out else _default_folder(path, parameters or {}, department)
    make_folder(folder)
    if "department" in values:
        key_print(str(values["department"]))  # a wrong department is refused before any kernel starts
    task = Task(
        path,
        values,
        shown_values(values, base),
        folder,
        inputs.versions(),
        inputs.code_digest(),
        base,
        progress=progress,
    )
    return perform(task, clock)


def full_values(path: Path, given: Mapping[str, Any], department: str | Path, base: Path) -> dict[str, Value]:
    """Every parameter's value of an unattended run, checked against the notebook's contract; the department absolute.

    Raises
    ------
    ParameterError : an unknown name, a wrong type, or the department given twice.
    """
    contract, given = read_contract(path), dict(given)
    if str(department):
        if given.get("department"):
            raise ParameterError("the department is given twice: as an option and as a parameter", where=path.name)
        given["department"] = str(department)
    values = contract.fill(given)
    if "interactive" in values:
        if given.get("interactive") and values["interactive"]:
            raise ParameterError("'interactive' is always off in an unattended run", where=path.name, do="leave it out")
        values["interactive"] = False
    if values.get("department"):
        values["department"] = str((base / str(values["department"])).resolve())
    return values


def shown_values(values: Mapping[str, Value], base: Path) -> dict[str, Value]:
    """The values as a manifest shows them: the department's path relative to ``base``."""
    department = values.get("department")
    return dict(values) | ({"department": inputs.relative(Path(str(department)), base)} if department else {})


def _default_folder(path: Path, given: Mapping[str, Any], department: str | Path) -> Path:
    words = [Path(department).stem] if str(department) else []
    words += [f"{name}-{value}" for name, value in given.items()]
    tail = slug("-".join(words)) or f"{dt.datetime.now():%Y%m%d-%H%M%S}"
    return Path("reports") / f"{path.stem}-{tail}"
