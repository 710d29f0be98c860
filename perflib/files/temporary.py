"""Private folders for what a process puts aside. They go with it; those of a process that was killed go with the next.

All lie in one folder of this user. Each process has one there, and holds a lock beside it: the system frees the lock
when the process ends, however it ends, and a folder whose lock is free is removed.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import stat
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perflib.errors import InputError
from perflib.privacy import config_folder
from perflib.privacy.locked import hold, only_one

#: names the folder in which a process makes its own, where another process removes it: the kernel of a report
INSIDE = "PERFLIB_TEMPORARY"
_mine: dict[int, Path] = {}


def folder(kind: str) -> Path:
    """A new folder that only this user can read."""
    return Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=os.environ.get(INSIDE) or _of_this_process()))


@contextmanager
def passing(kind: str) -> Iterator[Path]:
    """A new folder that only this user can read, for as long as the context lasts."""
    place = folder(kind)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def tidy() -> Iterator[None]:
    """For a command: what ended processes left is removed before and after it, and SIGTERM ends it in order."""
    _sweep()
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _sweep()


def _of_this_process() -> Path:
    """The folder of this process; one that was forked has its own."""
    mine = _mine.get(os.getpid())
    if mine is None or not mine.is_dir():
        top = _of_this_user()
        with only_one(top / "lock"):
            _sweep_locked(top)
            mine = _mine[os.getpid()] = Path(tempfile.mkdtemp(prefix="p-", dir=top))
            hold(mine.with_suffix(".lock"))  # until this process ends
        atexit.register(_leave, os.getpid(), mine)
    return mine


def _leave(pid: int, mine: Path) -> None:
    if os.getpid() == pid:  # not in a fork
        shutil.rmtree(mine, ignore_errors=True)


def _sweep() -> None:
    top = _of_this_user()
    with only_one(top / "lock"):
        _sweep_locked(top)


def _sweep_locked(top: Path) -> None:
    for place in top.glob("p-*"):
        lock = place.with_suffix(".lock")
        handle = hold(lock)
        if handle is not None:
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            os.close(handle)
            lock.unlink(missing_ok=True)


def _of_this_user() -> Path:
    """The folder of this user, which nobody else may have made beforehand."""
    named = f"perflib-{os.getuid()}" if hasattr(os, "getuid") else "perflib"
    for place in (Path(tempfile.gettempdir()) / named, config_folder() / "temporary"):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "nt":  # there the folder of temporary files is this user's already
            return place
        found = place.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
            place.chmod(0o700)
            return place
    raise InputError("no private folder can be made", where=str(place), do="name another in TMPDIR")
