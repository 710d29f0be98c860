"""Execute a notebook in its own kernel and say what went wrong, if anything did."""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from perflib.files import record, temporary
from perflib.privacy.quoting import outcome
from perflib.reports.facts import numbered
from perflib.reports.parameters import Value
from perflib.reports.worker import end_with_parent

DEAD, LATE = "DeadKernelError", "TimeLimit"
_COLOURS = re.compile(r"\x1b\[[\d;]*m")
#: the line of a traceback that holds an error's words, and how the lines begin that end them
_ERROR = re.compile(r"([A-Za-z_][\w.]*): (.*)")
_BLOCKS = ("-----", "During handling", "The above exception", "Traceback ", "Cell ", "File ")
START_TIMEOUT = 120  # seconds; a machine that starts many kernels is slow


def execute(
    path: Path,
    values: Mapping[str, Value],
    progress: bool,
    limit: float | None = None,
    cwd: Path | None = None,
    fork: bool = False,
    environment: Mapping[str, str] | None = None,
) -> tuple[Any, dict[str, Any] | None, list[record.Note]]:
    """The executed notebook, what went wrong (cell, exception, message) or None, and notes of what was read.

    ``limit`` is in seconds for the whole notebook, the kernel's start included. With ``fork`` the kernel is a fork of
    this process, which must not have started a thread. ``environment`` is added to the kernel's.
    """
    with temporary.passing("k") as folder:
        private = str(folder)
        # a kernel is killed at its end: what it puts aside goes with this folder
        own = dict.fromkeys((temporary.INSIDE, "TMPDIR", "TEMP", "TMP"), private) | dict(environment or {})
        own[record.RECORD] = str(folder / "read.jsonl")
        from perflib.reports.kernel import ForkedKernel, OwnKernel

        process = ForkedKernel(private, str(cwd or Path.cwd()), own) if fork else None
        if process:
            end_with_parent()
        manager = OwnKernel.inside(private, own, process)
        notebook = _prepared(path, values)
        late = threading.Event()
        timer = threading.Timer(limit or 0, _stop, (manager, late))
        if limit:
            timer.start()
        try:
            failure = _drive(notebook, manager, progress, cwd)
        finally:
            timer.cancel()
            manager.kill_now()
            if process:
                process.wait()
        notes = record.read(folder / "read.jsonl")
    if late.is_set() and failure:
        failure = {"exception": LATE, "message": f"the notebook took longer than {limit:g} seconds"}
    return notebook, failure and {"cell": _failed_cell(notebook), **failure}, notes


def _stop(manager: Any, late: threading.Event) -> None:
    late.set()
    manager.kill_now()


def _prepared(path: Path, values: Mapping[str, Value]) -> Any:
    """The notebook with its parameters set, as papermill does it."""
    import nbformat
    import papermill

    logging.getLogger("papermill").setLevel(logging.ERROR)
    source = nbformat.read(path, as_version=4)
    notebook = papermill.execute_notebook(
        source, None, parameters=dict(values), kernel_name="python3", language="python", prepare_only=True
    )
    for key in ("input_path", "output_path"):  # paths of this machine
        notebook.metadata.papermill.pop(key, None)
    return notebook


def _drive(notebook: Any, manager: Any, progress: bool, cwd: Path | None) -> dict[str, Any] | None:
    """Run the cells in place, saving nothing on the way; what went wrong, or None."""
    from nbclient.exceptions import DeadKernelError
    from papermill.engines import NBClientEngine

    try:
        NBClientEngine.execute_notebook(
            notebook,
            "python3",
            progress_bar={"file": sys.stderr, "leave": False} if progress else False,
            autosave_cell_every=0,
            start_timeout=START_TIMEOUT,
            kernel_manager_class=manager,
            shutdown_kernel="immediate",
            resources={"metadata": {"path": str(cwd)}} if cwd else {},
        )
    except DeadKernelError:
        return {"exception": DEAD, "message": "the kernel died (out of memory, or killed)"}
    except RuntimeError as error:
        if "ernel d" not in str(error):  # "Kernel died before replying", "Kernel didn't respond in 120 seconds"
            raise
        return {"exception": DEAD, "message": str(error)}
    _without_records(notebook)
    return _raised(notebook)


def _raised(notebook: Any) -> dict[str, Any] | None:
    errors = (
        output
        for cell in notebook.cells
        if cell.metadata.get("papermill", {}).get("exception")
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    )
    error = next(errors, None)
    return error and {"exception": error.ename, "message": error.evalue}


def _without_records(notebook: Any) -> None:
    """Take out of the errors in a notebook's outputs whatever their words may repeat of the records."""
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        if output.output_type == "error":
            output.evalue = outcome(output.ename, output.evalue)
            output.traceback = list(_frames("\n".join(output.traceback).split("\n")))


def _frames(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a traceback, with what may be said of each error in it; a message may go over several lines."""
    within = False
    for line in lines:
        plain = _COLOURS.sub("", line)
        error = _ERROR.match(plain)
        if error:
            yield f"{error[1]}: {outcome(error[1].rpartition('.')[2], error[2])}"
        elif not within or not plain.strip() or plain.startswith(_BLOCKS):
            yield line
        within = bool(error) or (within and not plain.startswith(_BLOCKS))


def _failed_cell(executed: Any) -> int | None:
    """The number of the cell that raised, else of the last one that was started."""
    states = [(n, cell.metadata.get("papermill", {})) for n, cell in numbered(executed)]
    raised = [n for n, state in states if state.get("exception")]
    started = [n for n, state in states if state.get("start_time")]
    return raised[0] if raised else started[-1] if started else None


def kernel_timings(executed: Any, execute: float) -> dict[str, float]:
    """Seconds in the cells, around them (starting and stopping the kernel), and of processor time up to now."""
    used = os.times()
    cells = sum(cell.metadata.get("papermill", {}).get("duration") or 0.0 for cell in executed.cells)
    parts = {"cells": cells, "kernel": max(execute - cells, 0.0), "processor": sum(used[:4])}
    return {name: round(value, 3) for name, value in parts.items()}
