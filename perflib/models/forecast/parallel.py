"""Many series on the cores there are: bounded threads, and a progress bar."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_MANY, _MOST = 200, 8
T = TypeVar("T")


def workers() -> int:
    """How many at a time: the cores, at most eight."""
    return max(1, min(os.cpu_count() or 1, _MOST))


def over_origins(work: Callable[[int], T], origins: Sequence[int], series: int, progress: bool | None) -> list[T]:
    """``work`` done for every origin, several at a time, in the order of the origins.

    Threads, not processes: the work is array arithmetic, which lets other threads run, and nothing has to be copied.
    """
    with ThreadPoolExecutor(workers()) as pool:
        done = pool.map(work, origins)
        wanted = progress if progress is not None else series >= _MANY and sys.stderr.isatty()
        if not wanted:
            return list(done)
        from tqdm.auto import tqdm

        return list(tqdm(done, total=len(origins), desc=f"back-test of {series:,} series", unit="origin"))
