"""What a report was made from: the files of its department and the versions of what computed it."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from perflib.errors import DepartmentError
from perflib.reports.files import sha256

PACKAGES = (
    "pandas", "numpy", "scipy", "statsmodels", "ibis-framework", "duckdb", "matplotlib", "papermill", "nbconvert",
)
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


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
    return sorted({path, *_named_files(path)})


def fingerprints(files: list[Path], base: Path) -> list[dict[str, Any]]:
    """Path relative to ``base``, size and SHA-256 of each file, for the manifest."""
    return [{"path": relative(file, base), "bytes": file.stat().st_size, "sha256": sha256(file)} for file in files]


def relative(path: Path, base: Path) -> str:
    """``path`` as seen from ``base``, with forward slashes; on another drive, its name alone."""
    try:
        return Path(os.path.relpath(path, base)).as_posix()
    except ValueError:
        return path.name


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
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise DepartmentError("is not a department file (YAML)", where=str(path)) from None
    settings = content if isinstance(content, dict) else {}
    for source in settings.get("sources") or []:
        for key in ("files", "mapping"):
            if isinstance(source, dict) and isinstance(source.get(key), str):
                yield from _matches(path.parent, source[key])
    if isinstance(settings.get("boundaries"), str):
        yield from _matches(path.parent, settings["boundaries"])


def _matches(folder: Path, pattern: str) -> Iterator[Path]:
    text = _VARIABLE.sub(lambda found: os.environ.get(found[1]) or found[2] or "", pattern)
    whole = Path(os.path.normpath(folder / text))
    first = next((n for n, part in enumerate(whole.parts) if set(part) & set("*?[")), None)
    if first is None:
        if whole.is_file():
            yield whole
        return
    for match in Path(*whole.parts[:first]).glob("/".join(whole.parts[first:])):
        if match.is_file():
            yield match
