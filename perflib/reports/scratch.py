"""The private folder of a batch, and the removal of those that killed batches left."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = re.compile(r"perflib-batch-(\d+)-")


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder only this user can read, for all that the batch and its runs put aside; it goes with the batch."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"perflib-batch-{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """Remove the folders of batches that were killed; another user's are left alone."""
    if not hasattr(os, "getuid"):
        return
    for folder in Path(tempfile.gettempdir()).glob("perflib-batch-*"):
        found = _NAME.match(folder.name)
        try:
            if found and folder.stat().st_uid == os.getuid() and not _alive(int(found[1])):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
