"""What a process reads, noted where it is read: no list says what a report depends on, the reading itself does.

A note is a dictionary: ``kind`` and ``name`` say what was read, ``shown`` how a report calls it, the rest how it was.
Kinds: ``file`` (with its stamp; one that was looked for and absent too), ``files`` (what a glob found), ``variable``,
``key``, ``database``. In the kernel of a report notes go to the file that RECORD names; ``gathered`` collects them.
"""

from __future__ import annotations

import glob
import hashlib
import importlib.util
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from perflib.errors import shown
from perflib.files.temporary import INSIDE

#: names the file that notes are added to
RECORD = "PERFLIB_RECORD"
Note = dict[str, Any]
_PATTERN = re.compile(r"[*?[]")
_gathering: list[list[Note]] = []
_quiet: list[None] = []
_written: set[str] = set()
_ignored: set[str] = set()
#: what the system says of a file that is not there
ABSENT = [-1, -1]


def note(kind: str, name: str, **more: Any) -> None:
    """Note that something was read."""
    if _quiet:
        return
    made = {"kind": kind, "name": name, "shown": shown(name), **more}
    for notes in _gathering:
        notes.append(made)
    target, line = os.environ.get(RECORD), json.dumps(made)
    if target and line not in _written:
        _written.add(line)
        with open(target, "a", encoding="utf-8") as stream:
            stream.write(line + "\n")


def active() -> bool:
    """Whether anybody wants to know."""
    return bool(_gathering or os.environ.get(RECORD))


def file(path: Path | str) -> None:
    """Note a file that is read now, or is looked for and absent."""
    name = os.path.abspath(path)
    if active() and name not in _ignored:
        note("file", name, stamp=stamp(name))


def files(folder: Path, pattern: str, found: Iterable[str]) -> None:
    """Note what a glob finds: another file that matches, or one less, is another input."""
    note("files", os.path.abspath(folder), pattern=pattern, found=digest("\n".join(found)))


def matching(folder: Path | str, pattern: str) -> list[str]:
    """The names below a folder that match, in order; hidden ones do not."""
    if "**" not in pattern:
        return sorted(glob.glob(pattern, root_dir=folder))
    plain, rest = split(pattern)
    start = Path(folder) / plain  # of pathlib, which follows no links there: folders that hold themselves have no end
    found = (path.relative_to(start) for path in start.glob(rest + "/*" if rest.endswith("**") else rest))
    return sorted(str(plain / name) for name in found if not any(part.startswith(".") for part in name.parts))


def split(pattern: str) -> tuple[Path, str]:
    """The folders of a glob that hold no pattern, and the rest of it."""
    parts = Path(pattern).parts
    plain = next((at for at, part in enumerate(parts) if _PATTERN.search(part)), max(len(parts) - 1, 0))
    return Path(*parts[:plain]), str(Path(*parts[plain:]))


def ignore(path: Path) -> None:
    """A file that is no input, though it is read: the key, which is noted by its fingerprint."""
    _ignored.add(os.path.abspath(path))


@contextmanager
def gathered() -> Iterator[list[Note]]:
    """The notes that are made within the context."""
    notes: list[Note] = []
    _gathering.append(notes)
    try:
        yield notes
    finally:
        _gathering[:] = [other for other in _gathering if other is not notes]


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing is noted within the context: what is read there decides nothing that a report shows."""
    _quiet.append(None)
    try:
        yield
    finally:
        _quiet.pop()


def replay(notes: Iterable[Note]) -> None:
    """Note again what was read for something that is used now."""
    for made in notes:
        note(**made)


def hashed(notes: Iterable[Note]) -> list[Note]:
    """The notes, files with their SHA-256: so it is computed once for all who use what was read."""
    return [{**made, "sha256": sha256(Path(made["name"]))} if _unchanged(made) else made for made in notes]


def _unchanged(made: Note) -> bool:
    return made["kind"] == "file" and made["stamp"] != ABSENT and stamp(made["name"]) == made["stamp"]


def read(path: Path) -> list[Note]:
    """The notes in a file; none where there is none."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def stamp(path: Path | str) -> list[int]:
    """Size and time of change of a file, to see cheaply whether it was touched since."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return ABSENT
    return [found.st_size, found.st_mtime_ns]


def digest(content: str | bytes) -> str:
    """The SHA-256 of a text (as UTF-8) or of bytes, in hexadecimal."""
    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    return hashlib.sha256(data).hexdigest()


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def watch() -> None:
    """In the kernel of a report: note every file that Python opens in its working folder, whatever opens it.

    Not Python's own files, nor those of perflib (whose code has a digest), nor what hidden folders hold.
    """
    inside = os.path.abspath("") + os.sep
    apart = (sys.prefix, sys.base_prefix, Path(__file__).parents[1], os.environ.get(INSIDE) or sys.prefix)
    not_ours = tuple(os.path.abspath(folder) + os.sep for folder in apart)
    own: set[str] = set()

    def seen(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], str):
            return
        name = os.path.abspath(arguments[0])
        hidden = f"{os.sep}." in name[len(inside) - 1 :]
        if hidden or not name.startswith(inside) or name.startswith(not_ours):
            return
        _, mode, flags = arguments
        if (set("wax+") & set(mode)) if mode else flags & (os.O_WRONLY | os.O_RDWR):
            own.add(name)  # what the report itself writes is no input
        elif name not in own:
            file(importlib.util.source_from_cache(name) if name.endswith(".pyc") else name)

    sys.addaudithook(seen)
