"""One run as data, and the whole of it performed in one process: execute, render, write, say what changed."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perflib.errors import InputError, PerflibError, shown
from perflib.files import record
from perflib.files.record import digest, sha256
from perflib.files.roots import PLAN
from perflib.files.shared import FOLDER
from perflib.reports import inputs
from perflib.reports.execute import execute, kernel_timings
from perflib.reports.facts import changes, collect
from perflib.reports.files import as_json, make_folder, read_json, write_whole
from perflib.reports.pages import failure_page
from perflib.reports.parameters import Value
from perflib.sources.guard import log_of


class ReportError(PerflibError):
    """The notebook failed while it ran; the partial notebook is kept, marked FAILED."""


@dataclass(frozen=True)
class Task:
    """Everything a run needs, checked and fingerprinted beforehand; it can be sent to another process.

    Attributes
    ----------
    values : every parameter's value; ``shown`` the same as the manifest shows them, paths relative.
    versions, code : package versions, digest of perflib itself.
    limit : seconds for the whole notebook; ``attempts`` says how earlier attempts of this run ended.
    shared : folder of what the runs of a plan share (``perflib.files.shared``); the kernel is then a fork of the
        performing process. Empty: neither.
    planned : the run is of a plan, and the files that its parameters name lie in the plan's folder, which is ``cwd``.
    """

    notebook: Path
    values: Mapping[str, Value]
    shown: Mapping[str, Value]
    folder: Path
    versions: Mapping[str, str]
    code: str
    cwd: Path
    limit: float | None = None
    progress: bool = False
    shared: str = ""
    planned: bool = False
    attempts: tuple[Mapping[str, Any], ...] = ()

    def key(self, read: list[dict[str, Any]]) -> str:
        """What decides the facts: notebook, parameters, versions, code and the inputs that were read, as one digest."""
        named = [self.notebook.name, sha256(self.notebook), dict(self.shown), dict(self.versions), self.code]
        return digest(json.dumps([*named, read], sort_keys=True, default=str))

    def manifest(self) -> dict[str, Any]:
        """The manifest as far as it is known before the run."""
        return {
            "status": "running",
            "seconds": 0.0,
            "notebook": {"file": self.notebook.name, "sha256": sha256(self.notebook)},
            "parameters": dict(self.shown),
            "inputs": [],
            "versions": dict(self.versions),
            "code": self.code,
            "key": self.key([]),
            "attempts": [dict(item) for item in self.attempts],
            "started": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        }


@dataclass(frozen=True)
class RunResult:
    """Where a run's files are and what its manifest says."""

    folder: Path
    notebook: Path
    html: Path
    facts: Mapping[str, Any]
    manifest: Mapping[str, Any]

    @property
    def status(self) -> str:
        """``done`` or ``failed``."""
        return str(self.manifest["status"])

    def raise_if_failed(self) -> RunResult:
        """This result, or a ReportError that names the cell and its exception."""
        if self.status == "failed":
            error = self.manifest["error"]
            cell = f"code cell {error['cell']}: " if error["cell"] else ""
            raise ReportError(
                f"FAILED: {cell}{error['exception']}: {error['message']}",
                where=self.manifest["notebook"]["file"],
                do=f"the notebook as far as it came is {self.notebook}",
            )
        return self


@dataclass
class Clock:
    """Seconds spent in each stage, in order."""

    started: float = field(default_factory=time.perf_counter)
    stages: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add a stage."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = round(time.perf_counter() - begin, 3)

    def total(self) -> float:
        """Seconds since the clock was made."""
        return round(time.perf_counter() - self.started, 3)


def perform(task: Task, clock: Clock | None = None) -> RunResult:
    """Execute the notebook of a checked task and write its files, the manifest last.

    Raises
    ------
    InputError : the folder cannot be written.
    """
    clock = clock or Clock()
    manifest = task.manifest()
    make_folder(task.folder)
    earlier = read_json(task.folder / "facts.json") or {}
    environment = {PLAN: str(task.cwd)} if task.planned else {}
    environment |= {FOLDER: task.shared} if task.shared else {}
    with clock.stage("execute"):
        executed, failure, notes = execute(
            task.notebook,
            task.values,
            task.progress,
            task.limit,
            task.cwd,
            bool(task.shared) and threading.active_count() == 1,  # only then is a fork sound
            environment,
        )
    facts, failure = _facts(executed, notes, failure)
    manifest["inputs"] = inputs.inputs_of(notes, task.cwd)
    manifest["key"] = task.key(manifest["inputs"])
    as_of = facts.get("about", {}).get("as_of")
    manifest |= {"status": "failed" if failure else "done", "as_of": as_of and str(as_of), "error": failure}
    manifest["changes"] = [] if failure else changes(earlier, facts)
    manifest["timings"] = clock.stages | kernel_timings(executed, clock.stages["execute"])
    manifest["audit"] = _logged(task, manifest)
    return _write(task, executed, facts, manifest, clock)


def _facts(
    executed: Any, notes: list[record.Note], failure: dict[str, Any] | None
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The facts of a run, and why it failed: in a cell, by two Results of one name, or as its inputs changed."""
    fault, facts = "", {}
    if not failure:
        try:
            facts = collect(executed)
        except InputError as error:
            fault = str(error)
    changed = ", ".join(inputs.changed(notes))
    if changed:
        fault = fault or f"changed while the report was made: {changed}"
    if fault and not failure:
        failure = {"cell": None, "exception": "InputError", "message": fault}
    return {} if failure else facts, failure


def _logged(task: Task, manifest: Mapping[str, Any]) -> dict[str, str]:
    """The hash of this run's line in the audit log; where there is none, why: a report does not fail for it."""
    from perflib import audit

    department = str(task.values.get("department", ""))
    try:
        detail, status = f"{task.notebook.name}, key {manifest['key'][:16]}", str(manifest["status"])
        return {"line": audit.append(log_of(department), "report", Path(department).name or "sample", detail, status)}
    except PerflibError as fault:
        return {"caveat": f"This run is not in the audit log: {fault.what}."}


def _as_written(content: Any) -> Any:
    """The same, what environment variables hold only as it was written."""
    text = json.dumps(content, ensure_ascii=False)
    return content if shown(text) == text else json.loads(shown(text))


def _write(task: Task, executed: Any, facts: dict[str, Any], manifest: dict[str, Any], clock: Clock) -> RunResult:
    import nbformat

    from perflib.reports.render import render

    folder, stem = task.folder, task.notebook.stem
    result = RunResult(folder, folder / f"{stem}.ipynb", folder / f"{stem}.html", facts, manifest)
    failed = result.status == "failed"
    executed.metadata["perflib"] = {key: manifest[key] for key in ("status", "parameters", "started", "error")}
    if failed:
        words = "This run FAILED; what follows is incomplete. The reason is in the notebook's metadata."
        executed.cells.insert(0, nbformat.v4.new_markdown_cell(words, metadata={"tags": ["failed"]}))
    manifest.update(_as_written(manifest))
    executed, facts = nbformat.from_dict(_as_written(executed)), _as_written(facts)
    for name in ("manifest.json", "facts.json" if failed else "failure.html"):  # from here on the folder is not whole
        (folder / name).unlink(missing_ok=True)
    with clock.stage("render"):
        pages = {result.html: render(executed, manifest)}
    pages[result.notebook] = nbformat.writes(executed) + "\n"
    pages |= {folder / "failure.html": failure_page(manifest)} if failed else {folder / "facts.json": as_json(facts)}
    manifest["outputs"] = {path.name: digest(content) for path, content in pages.items()}
    for path, content in pages.items():
        write_whole(path, content)
    manifest["seconds"] = clock.total()
    manifest["timings"]["render"] = clock.stages["render"]
    write_whole(folder / "manifest.json", as_json(manifest))  # last: its presence says that the others are whole
    return result
