"""One run as data, and the whole of it performed in one process: execute, render, write, say what moved."""

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
from perflib.reports import facts as facts_of
from perflib.reports import inputs
from perflib.reports.execute import execute, kernel_timings
from perflib.reports.files import write_whole
from perflib.reports.moved import moved
from perflib.reports.parameters import Value


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
    make(task.folder)
    clear(task.folder)
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
    facts, failure = ({}, failure) if failure else _facts(executed)
    failure = failure or _changed(notes)
    manifest["inputs"] = inputs.inputs_of(notes, task.cwd)
    manifest["key"] = task.key(manifest["inputs"])
    manifest |= {"status": "failed" if failure else "done", "as_of": _as_of(facts), "error": failure}
    manifest["moved"] = [] if failure else moved(earlier, facts)
    manifest["timings"] = clock.stages | kernel_timings(executed, clock.stages["execute"])
    manifest["audit"] = _logged(task, manifest)
    _mark(executed, manifest)
    return _write(task, executed, {} if failure else facts, manifest, clock)


def _logged(task: Task, manifest: Mapping[str, Any]) -> dict[str, str]:
    """The hash of this run's line in the audit log; where there is none, why: a report does not fail for it."""
    from perflib import audit
    from perflib.sources.guard import log_of

    department = str(task.values.get("department", ""))
    try:
        detail, status = f"{task.notebook.name}, key {manifest['key'][:16]}", str(manifest["status"])
        return {"line": audit.append(log_of(department), "report", Path(department).name or "sample", detail, status)}
    except PerflibError as fault:
        return {"caveat": f"This run is not in the audit log: {fault.what}."}


def make(folder: Path) -> None:
    """Make a run's folder.

    Raises
    ------
    InputError : it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot be made a folder ({error.strerror})", where=str(folder), do="choose another --out"
        ) from None


def clear(folder: Path) -> None:
    """Remove what a killed process left half-written."""
    for stray in folder.glob(".*.part"):
        stray.unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """The content of a JSON file; None where there is none, or where it is not readable."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def as_json(content: Any) -> str:
    """JSON for people and machines."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _changed(notes: list[record.Note]) -> dict[str, Any] | None:
    changed = inputs.changed(notes)
    if not changed:
        return None
    words = f"changed while the report was made: {', '.join(changed)}"
    return {"cell": None, "exception": "InputError", "message": words}


def _facts(executed: Any) -> tuple[dict[str, Any], dict[str, Any] | None]:
    try:
        return facts_of.collect(executed), None
    except InputError as error:
        return {}, {"cell": None, "exception": "InputError", "message": str(error)}


def _as_of(facts: Mapping[str, Any]) -> str | None:
    found = facts.get("about", {}).get("as_of")
    return str(found) if found else None


def _mark(executed: Any, manifest: Mapping[str, Any]) -> None:
    import nbformat

    executed.metadata["perflib"] = {key: manifest[key] for key in ("status", "parameters", "started", "error")}
    if manifest["error"]:
        words = "This run FAILED; what stands below is incomplete. The reason is in the notebook's metadata."
        executed.cells.insert(0, nbformat.v4.new_markdown_cell(words, metadata={"tags": ["failed"]}))


def _as_written(content: Any) -> Any:
    """The same, what environment variables hold only as it was written."""
    text = json.dumps(content, ensure_ascii=False)
    return content if shown(text) == text else json.loads(shown(text))


def _write(task: Task, executed: Any, facts: dict[str, Any], manifest: dict[str, Any], clock: Clock) -> RunResult:
    import nbformat

    from perflib.reports.failure import failure_page
    from perflib.reports.render import render

    folder, stem = task.folder, task.notebook.stem
    result = RunResult(folder, folder / f"{stem}.ipynb", folder / f"{stem}.html", facts, manifest)
    failed = result.status == "failed"
    manifest.update(_as_written(manifest))
    executed, facts = nbformat.from_dict(_as_written(executed)), _as_written(facts)
    (folder / "manifest.json").unlink(missing_ok=True)  # from here on the folder is not whole
    for gone in ("facts.json",) if failed else ("failure.html",):
        (folder / gone).unlink(missing_ok=True)
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
