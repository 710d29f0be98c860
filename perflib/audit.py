"""The audit log: who ran, exported or re-identified what, and when. Lines are only ever added.

The log is a text file of one JSON object per line. Every line carries the hash of the line before it, so that a line
changed, taken out or put in later is found by ``verify``. What the chain cannot show by itself is the loss of its
newest lines, or a log written anew from the start: keep a line's hash elsewhere (each report's manifest holds one) and
ask for it with ``holds``. The log names users of the computer; it never holds ids of people, parameters or secrets.
"""

from __future__ import annotations

import datetime as dt
import getpass
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perflib.errors import PrivacyError
from perflib.privacy import config_folder
from perflib.privacy.locked import only_one

#: names the log for every department; for one department, `privacy: {audit: ...}` in its file
LOG_FILE = "PERFLIB_AUDIT_FILE"
START = "0" * 64
#: what is logged
ACTIONS = ("report", "export", "quarantine", "re-identify")
_FIELDS = ("when", "who", "what", "department", "detail", "result", "before")


@dataclass(frozen=True)
class Verdict:
    """What a look at the whole log found: its lines, the hash of the last one, and every fault in plain words."""

    lines: int
    last: str
    faults: tuple[str, ...] = ()


def log_file(named: Path | None = None, key_file: Path | None = None) -> Path:
    """Where the log is: ``named`` by the department, else $PERFLIB_AUDIT_FILE, else beside the key, else the user's."""
    by_environment = os.environ.get(LOG_FILE)
    if named or by_environment:
        return named or Path(str(by_environment)).expanduser()
    return (key_file.parent if key_file else config_folder()) / "audit.jsonl"


def append(path: Path, what: str, department: str, detail: str = "", result: str = "done") -> str:
    """Add a line and return its hash; safe among processes that write at once.

    Parameters
    ----------
    what : one of ACTIONS. department : its name or file name. detail : what was run or written, without ids of people.

    Raises
    ------
    PrivacyError : the log cannot be written, or another process holds it.
    """
    if what not in ACTIONS:
        raise PrivacyError(f"no action {what!r}", where="audit", choices=ACTIONS, found=what)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with only_one(path.with_name(path.name + ".lock")):
            return _add(path, [what, department, detail, result])
    except OSError as fault:
        raise PrivacyError(
            f"the audit log cannot be written ({fault.strerror or fault})", where=str(path),
            do=f"name another in {LOG_FILE} or in `privacy: {{audit: ...}}` of the department file",
        ) from None


def _add(path: Path, said: list[str]) -> str:
    last = _last_line(path)
    when = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    entry = dict(zip(_FIELDS, [when, user(), *said, _hash_of(last)], strict=True))
    entry["hash"] = _digest(entry)
    text = json.dumps(entry, ensure_ascii=True).encode() + b"\n"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        # a writer that was killed left half a line: it is closed, stays as it is and counts as a line
        _write(handle, b"\n" + text if last and not last.endswith(b"\n") else text)
        os.fsync(handle)
    finally:
        os.close(handle)
    return str(entry["hash"])


def _write(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content):]


def user() -> str:
    """The name under which the operating system knows whoever runs this."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container without an entry for its user
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """The lines that can be read, oldest first; none where there is no log.

    Raises
    ------
    PrivacyError : the log is there and cannot be read.
    """
    for raw in _raw_lines(path):
        found = _parsed(raw)
        if found is not None:
            yield found


def verify(path: Path, holds: str = "") -> Verdict:
    """Whether every line is whole, unchanged and follows the one before; with ``holds``, whether that hash is there.

    Raises
    ------
    PrivacyError : the log cannot be read.
    """
    faults, before, count, seen = [], START, 0, False
    for count, raw in enumerate(_raw_lines(path), 1):
        entry = _parsed(raw)
        faults += [f"line {count}: {fault}" for fault in _faults(entry, before)]
        before = _hash_of(raw)
        seen = seen or (entry is not None and bool(holds) and entry["hash"] == holds)
    if holds and not seen:
        faults.append(f"no line has the hash {holds}: lines were lost, or the log was written anew")
    return Verdict(count, before, tuple(faults))


def _faults(entry: dict[str, Any] | None, before: str) -> list[str]:
    if entry is None:
        return ["not readable: cut off, or not written by perflib"]
    found = [] if entry["hash"] == _digest(entry) else ["changed after it was written"]
    return found if entry["before"] == before else [*found, "does not follow the line before it: lines changed or gone"]


def _raw_lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            yield from (line.rstrip(b"\n") for line in stream)
    except FileNotFoundError:
        return
    except OSError as fault:
        raise PrivacyError(f"the audit log cannot be read ({fault.strerror})", where=str(path)) from None


def _parsed(raw: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(raw)
    except ValueError:
        return None
    whole = isinstance(found, dict) and set(found) == {*_FIELDS, "hash"}
    return found if whole and all(isinstance(value, str) for value in found.values()) else None


def _digest(entry: dict[str, Any]) -> str:
    said = {key: entry[key] for key in _FIELDS}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _hash_of(raw: bytes) -> str:
    """What the next line must say of this one: its own hash, or the digest of its bytes where it is not whole."""
    if not raw:
        return START
    entry = _parsed(raw)
    return str(entry["hash"]) if entry else hashlib.sha256(raw.rstrip(b"\n")).hexdigest()


def _last_line(path: Path, step: int = 1 << 16) -> bytes:
    """The last line, with its end if it has one; empty for a log that is absent or empty."""
    if not path.exists():
        return b""
    with path.open("rb") as stream:
        place = stream.seek(0, os.SEEK_END)
        held = b""
        while place and b"\n" not in held[:-1]:
            start = max(0, place - step)
            stream.seek(start)
            held, place = stream.read(place - start) + held, start
    return held[held[:-1].rfind(b"\n") + 1:]
