"""A ready workspace for an analyst: department file, mapping, notebooks, plan; and JupyterLab opened in it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from perflib.errors import InputError
from perflib.reports.plan import shipped_notebooks

EXAMPLE = "exports/example_calls.csv"
#: header of the example export -> column of the sample's calls.
HEADERS = {
    "IncidentNo": "call_id",
    "CallReceived": "received_at",
    "Queued": "queued_at",
    "Dispatched": "dispatched_at",
    "EnRoute": "enroute_at",
    "OnScene": "arrived_at",
    "Closed": "closed_at",
    "Pri": "priority",
    "Nature": "call_type",
    "Source": "reception",
    "Disposition": "disposition",
    "District": "district",
    "Beat": "beat",
}
_EXAMPLE_FROM = "2025-11-01"  # the last two months of the sample: a latest month and one to compare it with
_JUPYTER_STARTS = 8888


@dataclass(frozen=True)
class Workspace:
    """What ``init`` did: the folder, the files it wrote and the files it found and left as they were."""

    folder: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]

    def text(self) -> str:
        """The same, for a reader, and what to do next."""
        lines = [f"workspace in {self.folder}: {len(self.written)} files written"]
        lines += [f"  kept as it was: {name}" for name in self.kept]
        lines += [f"next: perflib lab {self.folder}", f"      {self.folder / 'README.md'} says the rest"]
        return "\n".join(lines)


def init(folder: str | Path) -> Workspace:
    """Make ``folder`` a workspace in which everything runs as it stands, on an export of invented calls.

    Writes ``department.yml``, ``mappings/``, ``notebooks/``, ``plan.yml``, ``exports/``, ``README.md`` and
    ``.gitignore``. No file is ever overwritten: in a workspace that exists already only what is missing is added.

    Raises
    ------
    InputError : ``folder`` is a file, or holds other things and no workspace, or cannot be written.
    """
    target = Path(folder).resolve()
    shipped = dict(_shipped())
    _check(target, [*shipped, EXAMPLE])
    written: list[str] = []
    kept: list[str] = []
    for name, content in shipped.items():
        (written if _write_new(target, name, content) else kept).append(name)
    if _wants_example(target, kept):
        _write_new(target, EXAMPLE, example_export())
        written.append(EXAMPLE)
    return Workspace(target, tuple(written), tuple(kept))


def _wants_example(target: Path, kept: list[str]) -> bool:
    """A workspace whose mapping is already the analyst's own, or that has exports, gets no invented ones."""
    return "mappings/calls.yml" not in kept and not any((target / "exports").glob("*"))


def shipped_templates() -> Path:
    """The folder of the templates that come with perflib: in the installed package, or in its checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_templates"
    return installed if installed.is_dir() else package.parent / "templates"


def _shipped() -> Iterator[tuple[str, bytes]]:
    """Name in the workspace and content of every file that comes with perflib."""
    templates = shipped_templates()
    for file in sorted((templates / "workspace").rglob("*")):
        if file.is_file():
            name = file.relative_to(templates / "workspace").as_posix()
            yield ".gitignore" if name == "gitignore" else name, file.read_bytes()
    yield "mappings/skeleton.yml", (templates / "mapping.yml").read_bytes()
    yield "notebooks/new_question.ipynb", (templates / "notebook.ipynb").read_bytes()
    for file in sorted(shipped_notebooks().glob("*.ipynb")):
        yield f"notebooks/{file.name}", file.read_bytes()


def _check(target: Path, names: list[str]) -> None:
    if target.exists() and not target.is_dir():
        raise InputError("is a file, not a folder", where=str(target))
    others = [item.name for item in target.iterdir() if not item.name.startswith(".")] if target.is_dir() else []
    if others and not (target / "department.yml").is_file():
        raise InputError(
            f"holds other things ({sorted(others)[0]!r}) and no workspace",
            where=str(target),
            do="name a new or empty folder",
        )
    for name in names:
        place = (target / name).parent.resolve()
        if not place.is_relative_to(target) or (place.exists() and not place.is_dir()):
            raise InputError(f"{name} would lie outside, or below a file", where=str(target), do="name another folder")


def _write_new(target: Path, name: str, content: bytes) -> bool:
    """Write a file unless there is one of this name (a link counts as one); whether it was written."""
    place = target / name
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as handle:
            handle.write(content)
    except FileExistsError:
        return False
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", where=str(place)) from error
    return True


def example_export() -> bytes:
    """Two months of the sample's calls as a dispatch system would export them: its headers, local times, CSV."""
    from perflib.agency import Department
    from perflib.sources import open as open_department

    dept: Department = open_department("", tables=["calls"])
    calls = dept.calls
    local = {
        name: dept.local(calls[name]).strftime("%m/%d/%Y %H:%M:%S")
        for name in HEADERS.values()
        if calls[name].type().is_timestamp()
    }
    rows = calls.filter(dept.local(calls.received_at).date() >= _EXAMPLE_FROM).order_by("call_id").mutate(**local)
    frame = rows.select(Agency="service", **HEADERS).execute()
    return frame.assign(Agency="PD").to_csv(index=False, lineterminator="\n").encode("utf-8")


def lab(folder: str | Path = ".", *, port: int = _JUPYTER_STARTS, browser: bool = True) -> int:
    """Open JupyterLab in a workspace, for this machine only and with its token; returns when it is ended.

    Nothing is fetched from outside: no news, no search for updates, no catalogue of extensions.

    Raises
    ------
    InputError : no such folder, or JupyterLab is not installed.
    """
    target = Path(folder).resolve()
    if not target.is_dir():
        raise InputError("there is no such folder", where=str(target), do="make a workspace: perflib init DIR")
    if find_spec("jupyterlab") is None:
        raise InputError("JupyterLab is not installed", where="perflib lab", do="pip install jupyterlab")
    import os

    from jupyterlab.labapp import LabApp  # type: ignore[import-untyped,unused-ignore]

    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # this environment's kernel before another one's
    ours = str(Path(__file__).parent / "jupyter")  # its page_config.json: no question about news, and none fetched
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, (ours, os.environ.get("JUPYTER_CONFIG_PATH"))))
    LabApp.launch_instance(lab_arguments(target, port, browser))
    return 0


def lab_arguments(folder: Path, port: int, browser: bool) -> list[str]:
    """JupyterLab's command line for a workspace: its own folder, this machine, nothing asked of any other host."""
    first = sorted((folder / "notebooks").glob("[0-9]*.ipynb"))[:1]
    start = [f"--LabApp.default_url=/lab/tree/notebooks/{name.name}" for name in first]
    return [
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.ip=localhost",
        f"--ServerApp.port={port}",
        f"--ServerApp.open_browser={browser}",
        "--LabApp.news_url=",
        "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
        *start,
    ]


def add_commands(commands: argparse._SubParsersAction) -> None:
    """The sub-commands ``init`` and ``lab``."""
    begin = commands.add_parser("init", help="make a ready workspace: department file, mapping, notebooks, plan")
    begin.add_argument("folder", metavar="DIR", type=Path)
    begin.set_defaults(command=_init)
    explore = commands.add_parser("lab", help="open JupyterLab in a workspace")
    explore.add_argument("folder", metavar="DIR", type=Path, nargs="?", default=Path("."))
    explore.add_argument("--port", type=int, default=_JUPYTER_STARTS, help="default: %(default)s, or the next free one")
    explore.add_argument("--no-browser", action="store_true", help="only print the address")
    explore.set_defaults(command=lambda options: lab(options.folder, port=options.port, browser=not options.no_browser))


def _init(options: argparse.Namespace) -> int:
    print(init(options.folder).text())
    return 0
