"""What a report was made from: whatever was read for it, with fingerprints, and the versions of what computed it."""

from __future__ import annotations

import hmac
import os
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from perflib.errors import PerflibError, shown
from perflib.files import record
from perflib.files.record import digest, sha256

Input = dict[str, Any]
_VARIABLE = re.compile(r"\$\{(\w+)[^}]*\}")


def inputs_of(notes: Iterable[record.Note], base: Path) -> list[Input]:
    """The inputs of a report for its manifest, paths relative to ``base``: ``path`` names one, ``sha256`` prints it.

    ``kind`` and ``of`` say how ``current`` finds the fingerprint again.
    """
    best: dict[str, record.Note] = {}
    for note in notes:
        key = f"{note['kind']} {note['name']} {note.get('pattern', '')}"
        if key not in best or "sha256" in note:
            best[key] = note
    return sorted(
        (_input(note, base) for note in best.values()), key=lambda item: (item["kind"] != "file", item["path"])
    )


def changed(notes: Iterable[record.Note]) -> list[str]:
    """The names of the files that were touched, made or removed since they were read."""
    touched = (note for note in notes if note["kind"] == "file" and record.stamp(note["name"]) != note["stamp"])
    return sorted({Path(note["name"]).name for note in touched})


def look_again() -> None:
    """Fingerprints of keys and databases are taken once for all runs of a batch: this begins another batch."""
    _print_of_key.cache_clear()
    _print_of_database.cache_clear()


def _input(note: record.Note, base: Path) -> Input:
    kind, name = note["kind"], note["name"]
    path = str(note["shown"]).replace("\\", "/") if note["shown"] != name else relative(Path(name), base)
    size, mark = 0, note.get("found")
    of: str | list[str] = path
    if kind == "file":
        label, size, mark = path, max(note["stamp"][0], 0), note.get("sha256") or _print_of_file(Path(name))
    elif kind == "files":
        label, of = f"files that match {path.rstrip('/')}/{note['pattern']}", [path, note["pattern"]]
    elif kind == "variable":
        label, of, mark = f"environment variable {name} (keyed hash)", name, variable_print(name)
    elif kind == "key":
        label, size = "key of the pseudonyms (fingerprint)", 32
    else:
        label = f"{note['label']} in a database (fingerprint)"
    return {"kind": kind, "path": label, "bytes": size, "sha256": mark, "of": of}


def current(item: Mapping[str, Any], base: Path) -> str:
    """The fingerprint of an input as it is now; empty where it cannot be had, which equals none."""
    kind, of = item.get("kind"), item.get("of", "")
    try:
        if kind == "file":
            return _print_of_file(_real(of, base))
        if kind == "files":
            return digest("\n".join(record.matching(_real(of[0], base), of[1])))
        if kind == "variable":
            return variable_print(of)
        return _print_of_key(str(_real(of, base))) if kind == "key" else _print_of_database(str(_real(of, base)))
    except (PerflibError, OSError, TypeError, ValueError, LookupError):
        return ""


def _real(path: str, base: Path) -> Path:
    """Where an input is that a manifest names; the folder that a variable names must stand on its own."""
    from perflib.sources.guard import SAMPLE, located

    if path.split("/")[0] == SAMPLE:
        return Path(str(located(""))) / path.partition("/")[2]
    variable = _VARIABLE.match(path)
    if not variable:
        return base / path
    folder = Path(os.environ[variable[1]])
    if not folder.is_absolute():
        raise ValueError("relative to a department file, which is not known here")
    return folder / path[variable.end() :].lstrip("/")


def _print_of_file(path: Path) -> str:
    return _sha256(str(path), *record.stamp(path)) if path.is_file() else "absent"


@lru_cache(maxsize=10_000)
def _sha256(path: str, size: int, time: int) -> str:
    return sha256(Path(path))


@cache
def _print_of_key(department: str) -> str:
    from perflib.sources.guard import key_print

    return key_print(department)


@cache
def _print_of_database(mapping: str) -> str:
    from perflib.engine import postgresql
    from perflib.sources import mapping as mappings

    return postgresql.fingerprint(dict(mappings.load(Path(mapping)).reader))


def variable_print(name: str) -> str:
    """What tells two values of a variable apart and gives neither away: a hash under a key of this user.

    Empty where there is no such key: then the variable counts as changed.
    """
    from perflib import privacy

    try:
        key = privacy.read_key(privacy.default_key("inputs"))
    except PerflibError:
        return ""
    text = f"perflib: {name}={os.environ.get(name)}".encode("utf-8", "surrogateescape")
    return hmac.digest(key, text, "sha256").hex()


@cache
def code_digest() -> str:
    """One digest over the files of perflib itself: what it computes and how it looks."""
    package = Path(__file__).parents[1]
    files = sorted(file for file in package.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return digest("\n".join(f"{file.relative_to(package).as_posix()} {sha256(file)}" for file in files))


def relative(path: Path, base: Path) -> str:
    """``path`` as seen from ``base``, with forward slashes; as it was written where a variable leads to it."""
    written = shown(str(path.absolute()))
    if written != str(path.absolute()):
        return written.replace("\\", "/")
    try:
        return Path(os.path.relpath(path, base)).as_posix()
    except ValueError:  # another drive
        return path.absolute().as_posix()


@cache
def versions() -> dict[str, str]:
    """The versions of perflib, Python, the system and every package that perflib declares."""
    from perflib import __version__

    try:
        declared = [text for text in requires("perflib") or [] if "extra ==" not in text]
    except PackageNotFoundError:
        declared = []
    installed = {"perflib": __version__, "python": sys.version.split()[0], "system": platform.system()}
    for name in (match[0] for text in declared if (match := re.match(r"[\w.-]+", text))):
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            installed[name] = "not installed"
    return installed
