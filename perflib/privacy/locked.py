"""A lock between processes, on every system."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perflib.errors import PrivacyError

#: seconds to wait for another process
PATIENCE = 30.0


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Hold a lock between processes; the system frees it when its holder ends, however it ends."""
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait(handle, lock)
        yield
    finally:
        os.close(handle)


def _wait(handle: int, lock: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not _taken(handle):
        if time.monotonic() > until:
            raise PrivacyError("held by another process", where=str(lock), do="end it and try again")
        time.sleep(0.01)


def _taken(handle: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
