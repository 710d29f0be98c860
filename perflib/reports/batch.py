"""Run a plan: all parameters checked first, then each run in its own process; one bad run never stops the rest."""

from __future__ import annotations

import datetime as dt
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from perflib.errors import InputError, PerflibError, shown
from perflib.files import temporary
from perflib.privacy.locked import hold
from perflib.reports import hooks, inputs
from perflib.reports.checks import check
from perflib.reports.cluster import cluster
from perflib.reports.destination import Destination
from perflib.reports.execute import DEAD, LATE
from perflib.reports.files import as_json, make_folder, write_whole
from perflib.reports.pages import failure_page, index_page
from perflib.reports.plan import Plan, Planned, read_plan
from perflib.reports.runner import full_values, shown_values
from perflib.reports.task import Task, perform
from perflib.reports.worker import FORKS, GRACE, ProcessDiedError, Workers

#: failures of the machine rather than of the notebook: worth another attempt
RETRIED = (DEAD, LATE, ProcessDiedError.__name__)
#: what ``status.json`` says of a run, from its manifest
STATUS = ("status", "seconds", "parameters", "error", "as_of", "attempts", "started", "key", "changes")
Say = Callable[[Mapping[str, Any], int, int], None]


@dataclass
class Batch:
    """A plan while it runs: what became of every run so far, by name."""

    plan: Plan
    destination: Destination
    workers: int
    say: Say
    started: float = field(default_factory=time.time)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        """The folder of the results."""
        return self.destination.folder

    def settle(self, run: Planned, manifest: Mapping[str, Any], **more: Any) -> None:
        """Note what became of a run, and say it."""
        outcome = {name: manifest.get(name) for name in STATUS}
        self.runs[run.name] = {"name": run.name, "notebook": run.notebook.name, **outcome, **more}
        self.destination.send(self.out / run.name)
        self.say(self.runs[run.name], len(self.runs), len(self.plan.runs))

    def fail(self, run: Planned, task: Task, exception: str, message: str, seconds: float = 0.0) -> None:
        """Settle a run of which no process could report: its manifest and the page that says why."""
        error: dict[str, Any] = {"cell": None, "exception": exception, "message": shown(message)}
        manifest = task.manifest() | {"status": "failed", "error": error, "seconds": round(seconds, 3), "changes": []}
        try:
            make_folder(task.folder)
            (task.folder / "facts.json").unlink(missing_ok=True)
            write_whole(task.folder / "failure.html", failure_page(manifest))
            write_whole(task.folder / "manifest.json", as_json(manifest))
        except (InputError, OSError) as fault:
            error["message"] += f"; and nothing can be written: {fault}"
        self.settle(run, manifest)

    def status(self, **more: Any) -> dict[str, Any]:
        """The content of ``status.json``."""
        runs = [self.runs[run.name] for run in self.plan.runs if run.name in self.runs]
        failed = sum(run["status"] == "failed" for run in runs)
        seconds = time.time() - self.started
        started, finished = (
            dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="seconds")
            for moment in (self.started, self.started + seconds)
        )
        return {
            "plan": self.plan.path.name,
            "status": "failed" if failed else "done",
            "runs_planned": len(self.plan.runs),
            "done": len(runs) - failed,
            "failed": failed,
            "resumed": sum(bool(run.get("resumed")) for run in runs),
            "started": started,
            "finished": finished,
            "seconds": round(seconds, 3),
            "workers": self.workers,
            "perflib": inputs.versions()["perflib"],
            "runs": runs,
            **more,
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
    checked = read_plan(plan)
    if department is not None:
        checked = replace(checked, department=str(Path(department).resolve()) if str(department) else "")
    count = workers or min(os.cpu_count() or 1, 8)
    with ExitStack() as stack:
        private = stack.enter_context(temporary.passing("batch"))
        batch = Batch(checked, Destination(str(out or ""), checked.out, private), count, say)
        make_folder(batch.out)
        lock = hold(batch.out / ".lock")  # the system frees it when its holder ends, however it ends
        if lock is None:
            do = "wait for it, or choose another --out"
            raise InputError("another batch is writing there", where=str(batch.out), do=do)
        stack.callback(os.close, lock)
        if resume:
            batch.destination.fetch()
        executor = stack.enter_context(cluster(scheduler) if scheduler else Workers(count, checked.time_limit + GRACE))
        _run(batch, executor, list(_tasks(batch, str(private) if FORKS and not scheduler else "")), resume)
        return _finish(batch, allow_commands)


def run_task(task: Task) -> Mapping[str, Any]:
    """Perform a task and give its manifest; this is what is sent to a worker."""
    if task.shared:  # what a killed run leaves goes with the batch
        tempfile.tempdir = os.environ[temporary.INSIDE] = task.shared
    return perform(task).manifest


def _tasks(batch: Batch, shared: str) -> Iterator[tuple[Planned, Task]]:
    """The runs whose parameters the notebook takes, as tasks; the others are settled as failed."""
    plan = batch.plan
    for run in plan.runs:
        folder, versions, code = batch.out / run.name, inputs.versions(), inputs.code_digest()
        more: dict[str, Any] = {"limit": plan.time_limit, "shared": shared, "planned": True}
        task = Task(run.notebook, run.given, run.given, folder, versions, code, plan.folder, **more)
        try:
            values = full_values(run.notebook, run.given, "", plan.folder)
        except PerflibError as error:
            batch.fail(run, task, type(error).__name__, str(error))
            continue
        if "department" in values:  # the plan's is given to every notebook that takes one
            values["department"] = plan.department
        yield run, replace(task, values=values, shown=shown_values(values, plan.folder))


def _run(batch: Batch, executor: Executor, tasks: list[tuple[Planned, Task]], resume: bool) -> None:
    waiting: dict[Future[Any], tuple[Planned, Task, float]] = {}
    every = [task for _, task in tasks]
    outcomes = executor.submit(check, batch.plan.department, every, resume).result() if every else []
    for (run, task), outcome in zip(tasks, outcomes, strict=True):
        if isinstance(outcome, PerflibError):
            batch.fail(run, task, type(outcome).__name__, str(outcome))
        elif outcome:
            batch.settle(run, outcome, resumed=True)
        else:
            waiting[executor.submit(run_task, task)] = (run, task, time.time())
    written = 0.0
    while waiting:
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            run, task, since = waiting.pop(future)
            again = _ended(batch, run, task, future, time.time() - since)
            if again:
                waiting[executor.submit(run_task, again)] = (run, again, time.time())
        if time.time() - written > 5:
            written = time.time()
            write_whole(batch.out / "status.json", as_json(batch.status(status="running")))


def _ended(batch: Batch, run: Planned, task: Task, future: Future[Any], seconds: float) -> Task | None:
    """Settle a run, or give the task of its next attempt."""
    fault = future.exception()  # of whatever kind, it is the end of this run only
    manifest = {} if fault else future.result()
    error = {"exception": type(fault).__name__, "message": str(fault)} if fault else manifest["error"]
    if error and error["exception"] in RETRIED and len(task.attempts) < batch.plan.retries:
        attempt = {"exception": error["exception"], "message": error["message"], "seconds": round(seconds, 3)}
        return replace(task, attempts=(*task.attempts, attempt))
    if fault:
        batch.fail(run, task, error["exception"], error["message"], seconds)
    else:
        batch.settle(run, manifest)
    return None


def _finish(batch: Batch, allow_commands: bool) -> dict[str, Any]:
    status = batch.status(hooks=[])
    for last in (False, True):  # written again after the hooks: none of them has the last word here
        if last:
            status["hooks"] = hooks.fire(batch.plan.hooks, json.loads(json.dumps(status)), batch.out, allow_commands)
        write_whole(batch.out / "index.html", index_page(status))
        write_whole(batch.out / "status.json", as_json(status))
    batch.destination.send_top()
    return status
