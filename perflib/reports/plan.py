"""A plan: which notebooks to run with which parameters, as YAML that is data only and stays in its folder.

``department``, ``out`` and notebooks are relative to the plan and may not leave its folder: no absolute path, no
``..``, no link that leads out. A notebook that is not in the folder may be one that perflib ships, by its name alone.
Every value is the text as written (``0412`` stays ``0412``) and is read as the type the notebook declares.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from perflib import strict_yaml
from perflib.errors import ParameterError, named
from perflib.files.record import digest
from perflib.files.roots import Roots
from perflib.reports.files import slug
from perflib.reports.hooks import Hook, read_hooks

KEYS = ("department", "out", "runs", "hooks", "time_limit", "retries")
MOST_RUNS = 100_000
TIME_LIMIT, RETRIES = 3600.0, 1


@dataclass(frozen=True)
class Planned:
    """One run of a plan: a notebook and what is given to it, as texts; ``name`` is its folder below ``out``."""

    notebook: Path
    given: Mapping[str, str]
    name: str


@dataclass(frozen=True)
class Plan:
    """A plan read: its folder, the department (empty: the sample), where results go, the runs."""

    path: Path
    department: str
    out: Path
    runs: tuple[Planned, ...]
    hooks: tuple[Hook, ...] = ()
    time_limit: float = TIME_LIMIT
    retries: int = RETRIES

    @property
    def folder(self) -> Path:
        """The plan's folder, which its paths may not leave."""
        return self.path.parent


def read_plan(path: str | Path) -> Plan:
    """The plan in a YAML file.

    Raises
    ------
    ParameterError : not readable, not a plan, a key given twice or unknown, a path that leaves the folder, no run, or
        the same run twice.
    """
    file = Path(path).resolve()
    raw = strict_yaml.of_file(file, ParameterError)
    if not isinstance(raw, dict):
        raise ParameterError("is not a plan", where=file.name, choices=KEYS)
    _only(raw, KEYS, file.name)
    runs = tuple(_runs(raw.get("runs"), file))
    if not runs:
        raise ParameterError("has no runs", where=file.name, do="write `runs: [{notebook: ..., parameters: ...}]`")
    return Plan(
        file,
        _inside(raw.get("department", ""), file, "department"),
        Path(_inside(raw.get("out", "") or "out", file, "out")),
        runs,
        read_hooks(raw.get("hooks") or [], file),
        _number(raw, "time_limit", TIME_LIMIT, file.name),
        int(_number(raw, "retries", RETRIES, file.name)),
    )


def _only(raw: Mapping[str, Any], valid: Sequence[str], where: str) -> None:
    for key in raw:
        if key not in valid:
            raise ParameterError(f"unknown key {named(key)}", where=where, choices=valid, found=key)


def _number(raw: Mapping[str, Any], name: str, default: float, where: str) -> float:
    text = raw.get(name, "")
    if text == "":
        return default
    if not isinstance(text, str) or not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ParameterError(f"{name} must be a number, found {text!r}", where=where)
    return float(text)


def _runs(raw: Any, file: Path) -> Iterator[Planned]:
    if not isinstance(raw, list):
        raise ParameterError("`runs` is not a list", where=file.name)
    names: set[str] = set()
    for place, item in enumerate(raw, 1):
        where = f"{file.name}, run {place}"
        if not isinstance(item, dict) or not isinstance(item.get("notebook"), str):
            raise ParameterError("needs `notebook`", where=where)
        _only(item, ("notebook", "parameters"), where)
        notebook = _notebook(item["notebook"], file, where)
        for given in _crossed(item.get("parameters") or {}, where):
            name = _name(notebook, item["notebook"], given)
            if name in names:
                raise ParameterError(f"the run {given} is there twice", where=where)
            names.add(name)
            if len(names) > MOST_RUNS:
                raise ParameterError(f"more than {MOST_RUNS:,} runs", where=where)
            yield Planned(notebook, given, name)


def _crossed(raw: Any, where: str) -> Iterator[dict[str, str]]:
    """Every combination of the listed values."""
    if not isinstance(raw, dict):
        raise ParameterError("`parameters` is not a mapping of names to values", where=where)
    if "department" in raw:
        raise ParameterError("the department is the plan's", where=where, do="write `department` at its top")
    lists = {name: value if isinstance(value, list) else [value] for name, value in raw.items()}
    for name, values in lists.items():
        if not values or not all(isinstance(value, str) for value in values):
            raise ParameterError(f"parameter {name!r} is not a value or a list of values", where=where)
    for chosen in itertools.product(*lists.values()):
        yield dict(zip(lists, chosen, strict=True))


def _name(notebook: Path, written: str, given: Mapping[str, str]) -> str:
    """A folder name that people can read, and that no other run of the plan has."""
    words = "-".join(f"{name}-{value}" for name, value in given.items() if value)
    mark = digest(json.dumps([written, dict(sorted(given.items()))]))[:8]
    return "-".join(part for part in (slug(notebook.stem), slug(words), mark) if part)


def _notebook(text: str, file: Path, where: str) -> Path:
    name = text if text.endswith(".ipynb") else f"{text}.ipynb"
    inside = Path(_inside(name, file, where))
    if inside.is_file():
        return inside
    shipped = shipped_notebooks() / name
    if PurePosixPath(name).name == name == PureWindowsPath(name).name and shipped.is_file():
        return shipped
    known = sorted(book.name for folder in (file.parent, shipped_notebooks()) for book in folder.glob("*.ipynb"))
    raise ParameterError(f"there is no notebook {text!r}", where=where, choices=known, found=text)


def shipped_notebooks() -> Path:
    """The folder of the notebooks that come with perflib: in the installed package, or in its checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_notebooks"
    return installed if installed.is_dir() else package.parent / "notebooks"


def _inside(text: Any, file: Path, where: str) -> str:
    """``text`` as an absolute path inside the plan's folder, symbolic links followed; empty stays empty.

    Raises
    ------
    ParameterError : it leads out of the folder.
    """
    roots = Roots(file, whose="the plan's folder", error=ParameterError)
    return str(roots.path(text, f"{file.name}, {where}").resolve()) if text else ""
