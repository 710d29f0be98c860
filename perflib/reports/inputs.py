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
    found = [_input(note, base) for note in best.values()]
    return sorted(found, key=lambda item: (item["kind"] != "file", item["path"]))


def changed(notes: Iterable[record.Note]) -> list[str]:
    """The names of the files that were touched, made or removed since they were read."""
    touched = (note for note in notes if note["kind"] == "file" and record.stamp(note["name"]) != note["stamp"])
    return sorted({Path(note["name"]).name for note in touched})


def look_again() -> None:
    """Fingerprints of keys and databases are taken once for all runs of a batch: this begins another batch."""
    _print_of_key.cache_clear()
    _print_of_database.cache_clear()


def _input(note: record.Note, base: Path) -> Input:
    kind, path = note["kind"], _seen(note, base)
    if kind == "file":
        found = note.get("sha256") or _print_of_file(Path(note["name"]))
        return {"kind": kind, "path": path, "bytes": max(note["stamp"][0], 0), "sha256": found, "of": path}
    if kind == "files":
        return {
            "kind": kind,
            "path": f"files that match {path.rstrip('/')}/{note['pattern']}",
            "bytes": 0,
            "sha256": note["found"],
            "of": [path, note["pattern"]],
        }
    if kind == "variable":
        return {
            "kind": kind,
            "path": f"environment variable {note['name']} (keyed hash)",
            "bytes": 0,
            "sha256": variable_print(note["name"]),
            "of": note["name"],
        }
    if kind == "key":
        words, size = "key of the pseudonyms (fingerprint)", 32
    else:
        words, size = f"{note['label']} in a database (fingerprint)", 0
    return {"kind": kind, "path": words, "bytes": size, "sha256": note["found"], "of": path}


def _seen(note: record.Note, base: Path) -> str:
    written = str(note["shown"])
    return written.replace("\\", "/") if written != note["name"] else relative(Path(note["name"]), base)


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
    said = f"perflib: {name}={os.environ.get(name)}".encode("utf-8", "surrogateescape")
    return hmac.digest(key, said, "sha256").hex()


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

    found = {"perflib": __version__, "python": sys.version.split()[0], "system": platform.system()}
    for package in _packages():
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _packages() -> list[str]:
    try:
        declared = [text for text in requires("perflib") or [] if "extra ==" not in text]
    except PackageNotFoundError:
        return []
    return [name[0] for text in declared if (name := re.match(r"[\w.-]+", text))]
