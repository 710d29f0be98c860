"""Files that are either whole or absent: written beside their place, flushed to disk, then renamed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from perflib.errors import InputError


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write ``content`` (text as UTF-8) to ``path`` so that a reader, or a power cut, never sees half of it.

    Raises
    ------
    InputError : the place cannot be written, for instance because the file is open in Excel or a browser on Windows.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as handle:
            handle.write(content.encode("utf-8") if isinstance(content, str) else content)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(
            f"cannot be written ({error.strerror})",
            where=str(path),
            do="close it where it is open, or choose another --out",
        ) from error
    return path


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened for flushing there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make the folder of a run or a plan; what a killed process left half-written in it is removed.

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
    for partial in folder.glob(".*.part"):
        partial.unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """The content of a JSON file; None where there is none, or where it is not readable."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def as_json(content: Any) -> str:
    """JSON for people and machines."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def slug(text: str, longest: int = 60) -> str:
    """``text`` as a file name that every system accepts: letters, digits, ``-`` and ``_`` only."""
    return re.sub(r"[^\w]+", "-", text, flags=re.ASCII).strip("-")[:longest].strip("-")
