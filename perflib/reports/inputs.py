"""What a report was made from: the files of its department and the versions of what computed it."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from perflib.errors import DepartmentError, shown
from perflib.reports.files import sha256

PACKAGES = (
    "pandas", "numpy", "scipy", "statsmodels", "ibis-framework", "duckdb", "matplotlib", "papermill", "nbconvert",
)


def department_inputs(department: str, base: Path) -> list[dict[str, Any]]:
    """Fingerprints of the department's files, with paths relative to ``base``; of the sample's files when it is empty.

    Raises
    ------
    DepartmentError : there is no such file or folder.
    """
    files = files_of(department)
    return fingerprints(files, base if department else Path(os.path.commonpath(files)).parent) + _key(department)


def _key(department: str) -> list[dict[str, Any]]:
    """The key that made the codes of people, by its fingerprint: with another key a report names other codes."""
    from perflib.sources.guard import key_print

    found = key_print(department)
    return [{"path": "key of the pseudonyms (fingerprint)", "bytes": 32, "sha256": found}] if found else []


def files_of(department: str) -> list[Path]:
    """Every file of the department at this path; of the sample when it is empty."""
    if department:
        return department_files(department)
    from perflib import synthetic

    return department_files(str(synthetic.sample()))


def stamps(files: list[Path]) -> dict[str, tuple[int, int]]:
    """Size and time of change of each file, to see cheaply whether it was touched since."""
    return {str(file): _stamp(file) for file in files}


def changed(before: Mapping[str, tuple[int, int]]) -> list[str]:
    """The names of the files that were touched, or removed, since their stamps were taken."""
    return [Path(file).name for file, stamp in before.items() if _stamp(Path(file)) != tuple(stamp)]


def _stamp(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return (-1, -1)
    return (found.st_size, found.st_mtime_ns)


def digest(content: str | bytes) -> str:
    """The SHA-256 of a text (as UTF-8) or of bytes, in hexadecimal."""
    return hashlib.sha256(content.encode("utf-8") if isinstance(content, str) else content).hexdigest()


@cache
def code_digest() -> str:
    """One digest over the files of perflib itself: what it computes and how it looks."""
    package = Path(__file__).parents[1]
    kinds = {".py", ".yml", ".j2", ".css", ".js", ".parquet", ".csv"}
    files = sorted(file for file in package.rglob("*") if file.suffix in kinds and file.is_file())
    lines = [f"{file.relative_to(package).as_posix()} {sha256(file)}" for file in files]
    return digest("\n".join(lines))


def department_files(department: str) -> list[Path]:
    """Every file the department at this path is read from: its own file, its mappings and its data.

    Raises
    ------
    DepartmentError : there is no such file or folder.
    """
    path = Path(department)
    if path.is_dir():
        return sorted(item for item in path.rglob("*") if item.suffix in {".parquet", ".yml", ".geojson"})
    if not path.is_file():
        raise DepartmentError("there is no such department file or folder", where=department)
    return sorted({item.resolve() for item in (path, *_named_files(path)) if item.is_file()})


def fingerprints(files: list[Path], base: Path) -> list[dict[str, Any]]:
    """Path relative to ``base``, size and SHA-256 of each file, for the manifest."""
    return [{"path": relative(file, base), "bytes": file.stat().st_size, "sha256": sha256(file)} for file in files]


def relative(path: Path, base: Path) -> str:
    """``path`` as seen from ``base``, with forward slashes; as it was written where a variable leads to it."""
    written = shown(str(path.absolute()))
    if written != str(path.absolute()):
        return written.replace("\\", "/")
    try:
        return Path(os.path.relpath(path, base)).as_posix()
    except ValueError:
        return path.name


@cache
def versions() -> dict[str, str]:
    """The versions of perflib, Python, the system and the packages that compute the figures."""
    from perflib import __version__

    found = {"perflib": __version__, "python": sys.version.split()[0], "system": platform.system()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _named_files(path: Path) -> Iterator[Path]:
    from perflib.sources import department_file

    described = department_file.read(path)
    for source in described.sources:
        yield source.mapping
        if source.files:
            yield from described.roots.matches(source.files, path.name)
    boundaries = described.settings.get("boundaries")
    if isinstance(boundaries, str):
        yield Path(boundaries)
