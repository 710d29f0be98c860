"""Logs whose entries are chained by hashes, with a head kept apart: what was lost, cut off or changed shows.

A log is a text file of one JSON object per line. An entry carries the hash of the entry before it and its own
(SHA-256 over its canonical JSON), so that a line changed, taken out or put in is found. The loss of the newest lines, a
last line written anew with a new hash, and the loss of the whole log are found by the *head*: how many lines there were
and the hash of the last, in a file of the user's own configuration folder, one per log. Whoever may write both files
can still forge both; a hash kept with somebody else (``verify(holds=...)``) finds that too.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from perflib.errors import PrivacyError
from perflib.privacy.locked import only_one
from perflib.privacy.pseudonyms import config_folder

START = "0" * 64
#: keys of an entry that the chain itself writes
OWN = ("before", "hash")


@dataclass(frozen=True)
class Head:
    """What is kept apart: lines and bytes of the log, the hash of its last line, and every loss noticed while writing.

    ``since`` lines were there when the head was first made: only the chain itself speaks for them.
    """

    lines: int = 0
    size: int = 0
    last: str = START
    since: int = 0
    losses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What a look at the whole log found: its lines, the hash of the last one, every fault in plain words, notes."""

    lines: int
    last: str
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chain:
    """A chained log in a file.

    ``what`` names it in messages, which end with ``do`` where it cannot be written; every entry must have the ``keys``.
    """

    path: Path
    what: str = "log"
    keys: frozenset[str] = frozenset()
    do: str = ""

    @property
    def head_file(self) -> Path:
        """Where the head of this log is: in the user's own configuration folder, whatever folder the log is in."""
        place = os.path.normcase(self.path.absolute().resolve())
        named = hashlib.sha256(place.encode(errors="surrogatepass")).hexdigest()[:24]
        return config_folder() / "heads" / f"{named}.json"

    def head(self) -> Head | None:
        """The head; None where none was ever kept.

        Raises
        ------
        PrivacyError : it is there and cannot be read.
        """
        try:
            found = json.loads(self.head_file.read_text(encoding="utf-8"))
            return Head(**{**found["head"], "losses": tuple(found["head"]["losses"])})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            raise PrivacyError(f"the head of the {self.what} cannot be read", where=str(self.head_file)) from None

    def append(self, entry: Mapping[str, Any]) -> str:
        """Add an entry and return its hash; safe among processes that write at once.

        Raises
        ------
        PrivacyError : the log or its head cannot be written, or another process holds it.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with only_one(self.path.with_name(self.path.name + ".lock")):
                head = self._followed()
                line, made = self._line(entry)
                _add(self.path, line)
                self._keep(replace(head, lines=head.lines + 1, size=self.path.stat().st_size, last=made))
                return made
        except OSError as fault:
            raise PrivacyError(
                f"the {self.what} cannot be written ({fault.strerror or fault})",
                where=str(fault.filename or self.path),
                do=self.do,
            ) from None

    def entries(self) -> Iterator[dict[str, Any]]:
        """The entries that can be read, oldest first; none where there is no log.

        Raises
        ------
        PrivacyError : the log is there and cannot be read.
        """
        for raw in self._lines():
            found = self._parsed(raw)
            if found is not None:
                yield found

    def verify(self, holds: str = "") -> Verdict:
        """Whether every line is whole, unchanged and follows the one before, and whether the head agrees.

        With ``holds``: also whether the line of that hash is there. A log that is absent is a fault.

        Raises
        ------
        PrivacyError : the log or its head cannot be read.
        """
        with self._at_rest():
            head, raws = self.head(), list(self._lines())
        faults, hashes = [], [START]
        for count, raw in enumerate(raws, 1):
            faults += [f"line {count}: {fault}" for fault in self._faults(self._parsed(raw), hashes[-1])]
            hashes.append(self._hash_of(raw))
        faults += self._against(head, hashes)
        if holds and holds not in hashes[1:]:
            faults.append(f"no line has the hash {holds}: lines were lost, or the log was written anew")
        since = head.since if head else 0
        notes = (f"the head kept apart was made when {since:,} lines were there: only the chain speaks for them",)
        return Verdict(len(raws), hashes[-1], tuple(faults), notes if since else ())

    def _against(self, head: Head | None, hashes: list[str]) -> list[str]:
        """What the head says against the log, whose lines have these hashes (after START)."""
        lines = len(hashes) - 1
        if head is None and not self.path.exists():
            return [f"there is no {self.what}, and none was ever kept here: nothing is verified"]
        if head is None:
            return [
                f"no head is kept apart (in {self.head_file}): it is lost, or an older version wrote it; "
                "the next entry makes one"
            ]
        found = list(head.losses)
        if lines < head.lines:
            what = f"the {self.what} is gone" if not self.path.exists() else f"{head.lines - lines:,} lines were lost"
            found.append(f"{what}: the head kept apart says {head.lines:,} lines, {lines:,} are there")
        elif hashes[head.lines] != head.last:
            found.append(f"line {head.lines}: not the line that the head kept apart says")
        return found

    def _at_rest(self) -> Any:
        lock = self.path.with_name(self.path.name + ".lock")
        return only_one(lock) if lock.exists() and os.access(lock, os.W_OK) else nullcontext()

    def _followed(self) -> Head:
        """The head as the next entry follows it: what is missing from the log is written down in it for good."""
        head = self.head()
        size = self.path.stat().st_size if self.path.exists() else 0
        last = self._hash_of(_last_line(self.path))
        if head is not None and (size, last) == (head.size, head.last):
            return head
        hashes = [START, *(self._hash_of(raw) for raw in self._lines())]
        lines = len(hashes) - 1
        if head is None:
            return Head(lines, size, last, since=lines)
        # a log that goes on from its head was written by another user, or a writer was killed before the head
        gone = lines < head.lines or hashes[head.lines] != head.last
        words = f"the head said {head.lines:,} lines; when the next was added, there were {lines:,} lines or others"
        return Head(lines, size, last, head.since, (*head.losses, words) if gone else head.losses)

    def _keep(self, head: Head) -> None:
        self.head_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.head_file.with_name(f".{self.head_file.name}.{os.getpid()}")
        content = json.dumps({"log": str(self.path.absolute()), "head": asdict(head)}, indent=1).encode() + b"\n"
        draft.unlink(missing_ok=True)
        _add(draft, content)
        os.replace(draft, self.head_file)

    def _line(self, entry: Mapping[str, Any]) -> tuple[bytes, str]:
        if set(entry) & set(OWN) or not self.keys <= set(entry):
            raise PrivacyError(f"not an entry of the {self.what}", choices=sorted(self.keys))
        last = _last_line(self.path)
        whole = {**entry, "before": self._hash_of(last)}
        whole["hash"] = digest(whole)
        text = _written(whole) + b"\n"
        # a writer that was killed left half a line: it is closed, stays as it is and counts as a line
        return (b"\n" + text if last and not last.endswith(b"\n") else text), str(whole["hash"])

    def _faults(self, entry: dict[str, Any] | None, before: str) -> list[str]:
        if entry is None:
            return ["not readable: cut off, or not written by perflib"]
        found = [] if entry["hash"] == digest(entry) else ["changed after it was written"]
        return (
            found
            if entry["before"] == before
            else [*found, "does not follow the line before it: lines changed or gone"]
        )

    def _lines(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as stream:
                yield from (line.rstrip(b"\n") for line in stream)
        except FileNotFoundError:
            return
        except OSError as fault:
            raise PrivacyError(f"the {self.what} cannot be read ({fault.strerror})", where=str(self.path)) from None

    def _parsed(self, raw: bytes) -> dict[str, Any] | None:
        try:
            found = json.loads(raw)
        except (ValueError, RecursionError):
            return None
        whole = isinstance(found, dict) and {*self.keys, *OWN} <= set(found) and isinstance(found["hash"], str)
        return found if whole and _written(found) == raw.rstrip(b"\n") else None  # a key that stands twice hides one

    def _hash_of(self, raw: bytes) -> str:
        """What the next line must say of this one: its own hash, or the digest of its bytes where it is not whole."""
        if not raw:
            return START
        entry = self._parsed(raw)
        return str(entry["hash"]) if entry else hashlib.sha256(raw.rstrip(b"\n")).hexdigest()


def digest(entry: Mapping[str, Any]) -> str:
    """The hash of an entry: SHA-256 over the JSON of all of it but the hash, keys sorted, ASCII only."""
    said = {key: value for key, value in entry.items() if key != "hash"}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _written(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, ensure_ascii=True).encode()


def _add(path: Path, content: bytes) -> None:
    """Add the bytes to a file readable by its owner alone: all of them or, as on a full disk, none."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        size = os.fstat(handle).st_size
        try:
            while content:
                content = content[os.write(handle, content) :]
            os.fsync(handle)
        except OSError:
            with suppress(OSError):
                os.ftruncate(handle, size)
            raise
    finally:
        os.close(handle)


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
    return held[held[:-1].rfind(b"\n") + 1 :]
