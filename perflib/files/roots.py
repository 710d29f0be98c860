"""Where the paths of a plan or a department file may lead: into the file's own folder, and into the roots it declares.

A root is a folder, written or named by an environment variable: ``roots: [../shared, "${EXPORTS:-../exports}"]``.
Only variables that stand there expand, only at the start of a path, and only to a folder; no message shows to which.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from perflib.errors import DepartmentError, InputError, PerflibError, hide
from perflib.files import record

#: names the folder of public data sets; it needs no declaration
REALDATA = "PERFLIB_REALDATA"
#: the folder of the plan that a report belongs to: a file that a parameter names lies there, or in a declared root
PLAN = "PERFLIB_PLAN"
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^{}$]*))?\}(?=[/\\]|$)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: every folder that a file read by this process declares
_declared: set[Path] = set()


@dataclass(frozen=True)
class Roots:
    """The paths of one file. ``whose`` names its folder in messages; ``error`` is raised where a path leads out."""

    file: Path
    folders: tuple[Path, ...] = ()
    variables: frozenset[str] = frozenset((REALDATA,))
    whose: str = "the department file's folder"
    error: type[PerflibError] = DepartmentError

    @classmethod
    def of(cls, file: Path, declared: Any = None) -> Roots:
        """The paths of a department file; ``declared`` is its key ``roots``.

        Raises
        ------
        DepartmentError : not a list of folders, or one that holds everything.
        """
        where = f"{file.name}, roots"
        listed = declared or []
        if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
            raise DepartmentError("is not a list of folders", where=where, do='write `roots: [../a, "${EXPORTS}"]`')
        names = frozenset(found[1] for text in listed if (found := _VARIABLE.match(text)))
        known = cls(file, variables=names | {REALDATA})
        folders = []
        for text in listed:
            folder = known._resolved(known._located(text, where), text, where)
            if folder in (Path(folder.anchor), Path.home().resolve()):
                raise DepartmentError(f"the root {text!r} holds too much", where=where, do="name a folder below it")
            folders.append(folder)
        public = [Path(os.environ[REALDATA]).resolve()] if os.environ.get(REALDATA) else []
        _declared.update((*folders, file.absolute().parent.resolve()))
        return cls(file, (*folders, *public), known.variables)

    def path(self, text: Any, where: str, beside: Path | None = None) -> Path:
        """The path that ``text`` names, relative to the file (or to the folder ``beside``).

        Raises
        ------
        PerflibError : no path, an undeclared variable, or a path that leads out, by itself or over a link.
        """
        path = self._located(text, where, beside)
        self._inside(path, text, where)
        return path

    def read(self, text: Any, where: str) -> list[Path]:
        """As ``matches``, for files that are read now."""
        found = self.matches(text, where)
        base, rest = self._start(text, where)
        if not (base / rest).exists():
            record.files(base, rest, record.matching(base, rest))
        for path in found:
            record.file(path)
        return found

    def matches(self, text: Any, where: str) -> list[Path]:
        """The files that a glob finds, in order of name; the one file of this very name where there is one.

        Raises
        ------
        PerflibError : as ``path``, for each of them.
        """
        base, rest = self._start(text, where)
        if (base / rest).exists():
            return [self.path(text, where)]
        if ".." in Path(record.split(rest)[1]).parts:  # after a pattern it leads anywhere
            raise self._out(text, where)
        self._inside(self.folder(text, where), text, where)
        names = record.matching(base, rest)
        for name in names:
            self._inside(base / name, text, where)
        return [base / name for name in names]

    def folder(self, text: Any, where: str) -> Path:
        """The folder in and below which a glob looks for files."""
        base, rest = self._start(text, where)
        return base / record.split(rest)[0]

    def _located(self, text: Any, where: str, beside: Path | None = None) -> Path:
        base, rest = self._start(text, where, beside)
        return base / rest

    def _start(self, text: Any, where: str, beside: Path | None = None) -> tuple[Path, str]:
        """The folder at the start of a path, variable and ~ filled in, and the rest of the path."""
        if not isinstance(text, str) or not text.strip() or _CONTROL.search(text):
            raise self.error("is not a path", where=where)
        if "://" in text or (PureWindowsPath(text).drive and os.name != "nt"):
            raise self._out(text, where)
        variable = _VARIABLE.match(text)
        rest = text[variable.end() :] if variable else text
        if "${" in rest:
            raise self.error(
                "a variable stands elsewhere than at the start of a path",
                where=where,
                do="let it name a folder, and write the rest after it: ${NAME}/file.csv",
            )
        base, rest = beside or self.file.parent, rest.replace("\\", "/") if os.name != "nt" else rest
        if variable:
            return self._filled(variable, where), rest.lstrip("/\\")
        if rest.startswith("~"):
            home, _, rest = rest.replace("\\", "/").partition("/")
            base = Path(home).expanduser()
        return base, rest

    def _filled(self, variable: re.Match[str], where: str) -> Path:
        name, default = variable.groups()
        if name not in self.variables:
            raise self.error(
                f"the environment variable {name} is not declared",
                where=where,
                do=f'declare it in the department file: roots: ["${{{name}}}"]',
            )
        value = os.environ.get(name)
        record.note("variable", name)
        if not value and default is None:
            raise self.error(
                f"the environment variable {name} is not set", where=where, do=f"set it, or write ${{{name}:-default}}"
            )
        folder = self.file.absolute().parent / Path(value or default).expanduser()
        if value:
            for form in (folder, Path(os.path.normpath(folder)), folder.resolve()):
                hide(str(form), variable[0])
            if not folder.is_dir():
                raise self.error(f"the environment variable {name} names no folder", where=where, do="correct it")
        return folder

    def _inside(self, path: Path, text: str, where: str) -> None:
        real = self._resolved(path, text, where)
        own = self._resolved(self.file.parent, text, where)
        if not any(real.is_relative_to(folder) for folder in (own, *self.folders)):
            raise self._out(text, where)

    def _resolved(self, path: Path, text: str, where: str) -> Path:
        try:
            return path.resolve()
        except (OSError, RuntimeError, ValueError):
            raise self.error(f"{text!r} cannot be followed", where=where, do="is a link part of a circle?") from None

    def _out(self, text: str, where: str) -> PerflibError:
        declare = "keep it there, or declare the folder it is in: roots: [FOLDER]"
        return self.error(
            f"{text!r} leads out of {self.whose}",
            where=where,
            do=declare
            if self.error is DepartmentError
            else "keep what a plan uses beside it, or name the department or the target on the command line",
        )


def given(path: str | Path, where: str) -> Path:
    """A file that a caller names, to be read now.

    In a report of a plan it lies in the plan's folder, beside a department file, or in a root that one declares.

    Raises
    ------
    InputError : it leads out.
    """
    plan = os.environ.get(PLAN)
    found = Path(path)
    if plan and not any(found.resolve().is_relative_to(folder) for folder in (Path(plan).resolve(), *_declared)):
        raise InputError(f"{str(path)!r} leads out of the plan's folder", where=where, do="keep it beside the plan")
    record.file(found)
    return found
