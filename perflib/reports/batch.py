"""Run a plan: all parameters checked first, then each run in its own process; one bad run never stops the rest."""

from __future__ import annotations

import datetime as dt
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from perflib.errors import InputError, PerflibError, shown
from perflib.files import temporary
from perflib.privacy.locked import hold
from perflib.reports import hooks, inputs
from perflib.reports.checks import check
from perflib.reports.execute import DEAD, LATE
from perflib.reports.failure import failure_page
from perflib.reports.files import write_whole
from perflib.reports.parameters import Value
from perflib.reports.plan import Plan, Planned, read_plan
from perflib.reports.runner import full_values, shown_values
from perflib.reports.target import Target
from perflib.reports.task import Task, as_json, clear, make, perform
from perflib.reports.worker import FORKS, GRACE, ProcessDiedError, Workers

#: failures of the machine rather than of the notebook: worth another attempt
RETRIED = (DEAD, LATE, "ProcessDiedError")
Say = Callable[[Mapping[str, Any], int, int], None]


@dataclass
class Batch:
    """A plan while it runs: what became of every run so far, by name."""

    plan: Plan
    out: Path
    workers: int
    say: Say
    target: Target
    started: float = field(default_factory=time.time)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def settle(self, run: Planned, found: Mapping[str, Any]) -> None:
        """Note what became of a run, and say it."""
        self.runs[run.name] = {"name": run.name, "notebook": run.notebook.name, **found}
        self.target.send(self.out / run.name)
        self.say(self.runs[run.name], len(self.runs), len(self.plan.runs))

    def status(self) -> dict[str, Any]:
        """The content of ``status.json``."""
        runs = [self.runs[run.name] for run in self.plan.runs if run.name in self.runs]
        failed = sum(run["status"] == "failed" for run in runs)
        return {
            "plan": self.plan.path.name,
            "status": "failed" if failed else "done",
            "runs_planned": len(self.plan.runs),
            "done": len(runs) - failed,
            "failed": failed,
            "resumed": sum(bool(run.get("resumed")) for run in runs),
            "started": _utc(self.started),
            "finished": _utc(time.time()),
            "seconds": round(time.time() - self.started, 3),
            "workers": self.workers,
            "perflib": inputs.versions()["perflib"],
            "runs": runs,
        }


def report(
    plan: str | Path,
    *,
    workers: int | None = None,
    resume: bool = False,
    scheduler: str = "",
    department: str | Path | None = None,
    out: str | Path | None = None,
    allow_commands: bool = False,
    say: Say = lambda run, n, total: None,
) -> dict[str, Any]:
    """Run every report of a plan and write ``index.html`` and ``status.json`` beside them; the status is returned.

    Parameters
    ----------
    plan : the plan's YAML file; see ``perflib.reports.plan``.
    workers : processes at once; default: one per processor, at most 8.
    resume : redo only what is missing, failed, or whose inputs, parameters, code or versions changed.
    scheduler : address of a Dask scheduler whose workers see the same files; they run the reports instead.
    department, out : instead of the plan's; unlike those, they may be anywhere, and ``out`` an fsspec address.
    allow_commands : let the plan's hooks start programs.
    say : called with each run's status, how many are settled, and how many there are.

    Raises
    ------
    ParameterError : the plan itself is wrong; a wrong run in it only fails that run.
    """
    found = read_plan(plan)
    if department is not None:
        found = replace(found, department=str(Path(department).resolve()) if str(department) else "")
    count = workers or min(os.cpu_count() or 1, 8)
    with ExitStack() as stack:
        private = stack.enter_context(temporary.passing("batch"))
        target = Target(str(out) if out else "", found.out, private)
        folder = target.folder
        make(folder)
        stack.enter_context(_alone(folder))
        if resume:
            target.fetch()
        clear(folder)
        batch = Batch(found, folder, count, say, target)
        executor = stack.enter_context(_executor(found, count, scheduler))
        tasks = list(_tasks(batch, str(private) if FORKS and not scheduler else ""))
        _run(batch, executor, tasks, resume)
        return _finish(batch, allow_commands)


def run_task(task: Task) -> dict[str, Any]:
    """Perform a task and give what the batch needs to know of it; this is what is sent to a worker."""
    if task.shared:  # what a killed run leaves goes with the batch
        tempfile.tempdir = os.environ[temporary.INSIDE] = task.shared
    return settled(perform(task).manifest)


def settled(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What ``status.json`` says of a run, from its manifest."""
    named = ("status", "seconds", "parameters", "error", "as_of", "attempts", "started", "key")
    return {name: manifest.get(name) for name in named} | {"moved": manifest.get("moved") or []}


@contextmanager
def _executor(plan: Plan, workers: int, scheduler: str) -> Iterator[Executor]:
    if scheduler:
        from perflib.reports.cluster import cluster

        with cluster(scheduler) as executor:
            yield executor
        return
    executor = Workers(workers, plan.time_limit + GRACE)
    try:
        yield executor
    except BaseException:
        executor.shutdown(cancel_futures=True)
        raise
    executor.shutdown()


def _tasks(batch: Batch, shared: str) -> Iterator[tuple[Planned, Task]]:
    """The runs whose parameters the notebook takes, as tasks; the others are settled as failed."""
    plan = batch.plan
    for run in plan.runs:
        task = Task(
            run.notebook,
            run.given,
            run.given,
            batch.out / run.name,
            inputs.versions(),
            inputs.code_digest(),
            plan.folder,
            limit=plan.time_limit,
            shared=shared,
            planned=True,
        )
        try:
            values = _values(run, plan)
        except PerflibError as error:
            _refuse(batch, run, task, error)
        else:
            yield run, replace(task, values=values, shown=shown_values(values, plan.folder))


def _values(run: Planned, plan: Plan) -> dict[str, Value]:
    """The run's values; the plan's department is given to every notebook that takes one."""
    values = full_values(run.notebook, run.given, "", plan.folder)
    if "department" in values:
        values["department"] = plan.department
    return values


def _refuse(batch: Batch, run: Planned, task: Task, error: PerflibError) -> None:
    _fail(batch, run, task, {"cell": None, "exception": type(error).__name__, "message": str(error)})


def _fail(batch: Batch, run: Planned, task: Task, error: Mapping[str, Any], seconds: float = 0.0) -> None:
    """Settle a run of which no process could report: its manifest and the page that says why."""
    error = {**error, "message": shown(str(error["message"]))}
    manifest = task.manifest() | {"status": "failed", "error": error, "seconds": round(seconds, 3), "as_of": None}
    try:
        make(task.folder)
        (task.folder / "facts.json").unlink(missing_ok=True)
        write_whole(task.folder / "failure.html", failure_page(manifest))
        write_whole(task.folder / "manifest.json", as_json(manifest))
    except (InputError, OSError) as fault:
        manifest["error"] = {**error, "message": f"{error['message']}; and nothing can be written: {fault}"}
    batch.settle(run, settled(manifest))


def _run(batch: Batch, executor: Executor, tasks: list[tuple[Planned, Task]], resume: bool) -> None:
    waiting: dict[Future[Any], tuple[Planned, Task, float]] = {}
    each = [task for _, task in tasks]
    outcomes = executor.submit(check, batch.plan.department, each, resume, each[0].shared).result() if each else []
    for (run, task), outcome in zip(tasks, outcomes, strict=True):
        if isinstance(outcome, PerflibError):
            _refuse(batch, run, task, outcome)
        elif outcome:
            batch.settle(run, settled(outcome) | {"resumed": True})
        else:
            waiting[executor.submit(run_task, task)] = (run, task, time.time())
    written = 0.0
    while waiting:
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            run, task, since = waiting.pop(future)
            again = _ended(batch, run, task, future, since)
            if again:
                waiting[executor.submit(run_task, again)] = (run, again, time.time())
        if time.time() - written > 5:
            written = time.time()
            write_whole(batch.out / "status.json", as_json(batch.status() | {"status": "running"}))


def _ended(batch: Batch, run: Planned, task: Task, future: Future[Any], since: float) -> Task | None:
    """Settle a run, or give the task of its next attempt."""
    seconds = time.time() - since
    try:
        found = future.result()
        error = found["error"]
    except Exception as fault:  # of whatever kind, it is the end of this run only
        kind = "ProcessDiedError" if isinstance(fault, ProcessDiedError) else type(fault).__name__
        found, error = None, {"cell": None, "exception": kind, "message": str(fault)}
    if error and error["exception"] in RETRIED and len(task.attempts) < batch.plan.retries:
        reason = {"exception": error["exception"], "message": error["message"], "seconds": round(seconds, 3)}
        return replace(task, attempts=(*task.attempts, reason))
    if found is None:
        _fail(batch, run, task, error, seconds)
    else:
        batch.settle(run, found)
    return None


def _finish(batch: Batch, allow_commands: bool) -> dict[str, Any]:
    status = batch.status()
    status["hooks"] = []
    _write_top(batch, status)
    status["hooks"] = hooks.fire(batch.plan.hooks, json.loads(json.dumps(status)), batch.out, allow_commands)
    _write_top(batch, status)  # again: no hook has the last word here
    batch.target.send_top()
    return status


def _write_top(batch: Batch, status: Mapping[str, Any]) -> None:
    from perflib.reports.index import index_page

    write_whole(batch.out / "index.html", index_page(status))
    write_whole(batch.out / "status.json", as_json(status))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No second batch writes to this folder meanwhile; the system frees the lock when the holder ends."""
    handle = hold(folder / ".lock")
    if handle is None:
        raise InputError("another batch is writing there", where=str(folder), do="wait for it, or choose another --out")
    try:
        yield
    finally:
        os.close(handle)


def _utc(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="seconds")
