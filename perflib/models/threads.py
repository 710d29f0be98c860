"""How many threads there are, and how many of them the linear algebra may use."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager


def one_thread() -> AbstractContextManager[object]:
    """Keep the linear algebra to one thread.

    For many small products, and beside threads of our own: BLAS threads that wait for work spin, and take the
    processors from the threads that have some. (The same-scene sampler went from 58 to 34 s on two cores.)
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    return threadpool_limits(limits=1)


def workers() -> int:
    """How many threads of our own run at a time: the cores, at most eight."""
    return max(1, min(os.cpu_count() or 1, 8))
