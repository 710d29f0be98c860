"""Many series on the cores there are: bounded threads of the linear algebra, and a progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

_MANY = 200


def one_thread() -> AbstractContextManager[object]:
    """Keep the linear algebra to one thread: its matrices are small, and threads that wait cost ten times the work."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)


def tracked(progress: bool | None, series: int) -> Callable[[Iterable[int]], Iterable[int]]:
    """A function that wraps the origins in a progress bar where one is wanted."""
    wanted = progress if progress is not None else series >= _MANY and sys.stderr.isatty()
    if not wanted:
        return iter
    from tqdm.auto import tqdm

    return lambda origins: tqdm(list(origins), desc=f"back-test of {series:,} series", unit="origin")
