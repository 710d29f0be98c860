"""Machine code from Python functions, kept between sessions where a folder for it can be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def jit(function: Callable[..., Any]) -> Any:
    """Compile with numba: no Python objects, no lock held, cached on disk if possible.

    A read-only installation has nowhere to keep the code: then it is compiled once in each session.
    """
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:
        return numba.njit(nogil=True, error_model="numpy")(function)
