"""Execute a notebook in its own kernel and say what went wrong, if anything did."""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perflib.reports import facts as facts_of
from perflib.reports.parameters import Value


def execute(path: Path, values: Mapping[str, Value], progress: bool) -> tuple[Any, dict[str, Any] | None]:
    """The executed notebook, and what went wrong (cell, exception, message) or None."""
    import nbformat
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from perflib.reports.kernel import OwnKernel

    logging.getLogger("papermill").setLevel(logging.ERROR)
    source = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory(prefix="perflib-", ignore_cleanup_errors=True) as private:
        partial = Path(private) / "executed.ipynb"
        failure = None
        try:
            papermill.execute_notebook(
                source, partial, parameters=dict(values), kernel_name="python3", language="python",
                progress_bar={"file": sys.stderr, "leave": False} if progress else False, autosave_cell_every=0,
                kernel_manager_class=OwnKernel.inside(private),
            )
        except PapermillExecutionError as error:
            failure = {"exception": error.ename, "message": error.evalue}
        except DeadKernelError:
            failure = {"exception": "DeadKernelError", "message": "the kernel died (out of memory, or killed)"}
        executed = nbformat.read(partial, as_version=4)
    return _without_papermill_marks(executed), failure and {"cell": _failed_cell(executed), **failure}


def _without_papermill_marks(executed: Any) -> Any:
    from papermill.execute import remove_error_markers

    clean = remove_error_markers(executed)
    for key in ("input_path", "output_path"):  # paths of this machine
        clean.metadata.get("papermill", {}).pop(key, None)
    return clean


def _failed_cell(executed: Any) -> int | None:
    failed = (n for n, cell in facts_of.numbered(executed) if cell.metadata.get("papermill", {}).get("exception"))
    return next(failed, None)


def kernel_timings(executed: Any, execute: float) -> dict[str, float]:
    """Seconds in the cells, and around them: starting and stopping the kernel, loading papermill."""
    cells = sum(cell.metadata.get("papermill", {}).get("duration") or 0.0 for cell in executed.cells)
    return {"cells": round(cells, 3), "kernel": round(max(execute - cells, 0.0), 3)}
