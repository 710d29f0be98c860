"""Run one notebook unattended: strict parameters, own kernel, four files that are whole or absent."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perflib.errors import InputError, ParameterError, PerflibError
from perflib.reports import facts as facts_of
from perflib.reports import inputs
from perflib.reports.execute import execute, kernel_timings
from perflib.reports.files import sha256, slug, write_whole
from perflib.reports.parameters import Value, read_contract
from perflib.reports.values import check_values


class ReportError(PerflibError):
    """The notebook failed while it ran; the partial notebook is kept, marked FAILED."""


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
                f"FAILED: {cell}{error['exception']}: {error['message']}", where=self.manifest["notebook"]["file"],
                do=f"the notebook as far as it came is {self.notebook}",
            )
        return self


@dataclass
class _Clock:
    """Seconds spent in each stage, in order."""

    started: float = field(default_factory=time.perf_counter)
    stages: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = round(time.perf_counter() - begin, 3)

    def total(self) -> float:
        return round(time.perf_counter() - self.started, 3)


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
    clock, path, base = _Clock(), Path(notebook), Path.cwd()
    with clock.stage("check"):
        values = _values(path, parameters or {}, department, base)
        check_values(values, where=path.name)
    folder = Path(out) if out else _default_folder(path, parameters or {}, department)
    _make(folder)
    with clock.stage("inputs"):
        files = inputs.department_inputs(str(values["department"]), base) if "department" in values else []
        manifest = _manifest(path, values, files, base)
    with clock.stage("execute"):
        executed, failure = execute(path, values, progress)
    facts, failure = ({}, failure) if failure else _facts(executed)
    manifest |= {"status": "failed" if failure else "done", "as_of": _as_of(facts), "error": failure}
    manifest["timings"] = clock.stages | kernel_timings(executed, clock.stages["execute"])
    _mark(executed, manifest)
    return _write(folder, path.stem, executed, facts, manifest, clock)


def _values(path: Path, given: Mapping[str, Any], department: str | Path, base: Path) -> dict[str, Value]:
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


def _default_folder(path: Path, given: Mapping[str, Any], department: str | Path) -> Path:
    words = [Path(department).stem] if str(department) else []
    words += [f"{name}-{value}" for name, value in given.items()]
    tail = slug("-".join(words)) or f"{dt.datetime.now():%Y%m%d-%H%M%S}"
    return Path("reports") / f"{path.stem}-{tail}"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot be made a folder ({error.strerror})", where=str(folder), do="choose another --out"
        ) from None


def _manifest(path: Path, values: Mapping[str, Value], files: list[dict[str, Any]], base: Path) -> dict[str, Any]:
    shown = dict(values)
    if shown.get("department"):
        shown["department"] = inputs.relative(Path(str(shown["department"])), base)
    return {
        "status": "running", "seconds": 0.0, "notebook": {"file": path.name, "sha256": sha256(path)},
        "parameters": shown, "inputs": files, "versions": inputs.versions(),
        "started": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }


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


def _write(
    folder: Path, stem: str, executed: Any, facts: dict[str, Any], manifest: dict[str, Any], clock: _Clock
) -> RunResult:
    import nbformat

    from perflib.reports.render import render

    result = RunResult(folder, folder / f"{stem}.ipynb", folder / f"{stem}.html", facts, manifest)
    facts_path = folder / "facts.json"
    if result.status == "failed":
        facts_path.unlink(missing_ok=True)
    with clock.stage("render"):
        page = render(executed, manifest)
    write_whole(result.notebook, nbformat.writes(executed) + "\n")
    write_whole(result.html, page)
    if result.status == "done":
        write_whole(facts_path, _json(facts))
    manifest["seconds"] = clock.total()
    manifest["timings"]["render"] = clock.stages["render"]
    write_whole(folder / "manifest.json", _json(manifest))  # last: its presence says that the others are whole
    return result


def _json(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
