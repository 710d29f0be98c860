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
def only_one(lock: Path, patience: float | None = None) -> Iterator[None]:
    """Hold a lock between processes; the system frees it when its holder ends, however it ends.

    Raises
    ------
    PrivacyError : another process holds it for longer than ``patience`` seconds (default: PATIENCE).
    """
    until = time.monotonic() + (PATIENCE if patience is None else patience)
    while (handle := hold(lock)) is None:
        if time.monotonic() > until:
            raise PrivacyError("held by another process", where=str(lock), do="end it and try again")
        time.sleep(0.01)
    try:
        yield
    finally:
        os.close(handle)


def hold(lock: Path) -> int | None:
    """An open handle that holds the lock until it is closed or the process ends; None where another one holds it."""
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    if _taken(handle):
        return handle
    os.close(handle)
    return None


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
