"""Arguments that several tests of counts share, checked once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perflib.errors import InputError
from perflib.rates import inside as share

__all__ = ["Floats", "counts", "exposures", "plain", "positive", "share"]
Floats = NDArray[np.float64]


def counts(values: ArrayLike, where: str) -> Floats:
    """The values as whole numbers of at least 0, in floating point.

    Raises InputError for anything else; a negative count is a correction booked in a later period.
    """
    try:
        found = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError("is not a number or an array of numbers", where=where, do="give counts") from None
    if not np.isfinite(found).all():
        raise InputError("holds a missing or infinite count", where=where, do="leave the cell out; missing is not zero")
    if (found < 0).any():
        raise InputError(
            f"holds the negative count {found.min():g}",
            where=where,
            do="a negative count is a correction of an earlier period: book it there, or ask for a longer period",
        )
    if (found % 1 != 0).any():
        first = found[found % 1 != 0].flat[0]
        raise InputError(
            f"holds {first:g}, which is not a whole number",
            where=where,
            do="test counts, not rates or averages; put the exposure into `exposure`",
        )
    return found


def exposures(exposure: Any) -> tuple[Floats, Floats]:
    """The pair of exposures, each positive. Raises InputError otherwise."""
    try:
        first, second = (np.asarray(part, dtype=float) for part in exposure)
    except (TypeError, ValueError):
        raise InputError(f"{exposure!r} is not a pair of numbers", where="exposure", do="write (1, 3)") from None
    if not ((first > 0).all() and (second > 0).all() and np.isfinite(first).all() and np.isfinite(second).all()):
        raise InputError("exposures must be positive", where="exposure")
    return first, second


def positive(value: float, where: str) -> float:
    """A positive finite number. Raises InputError otherwise."""
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"must be positive, found {value}", where=where)
    return float(value)


def plain(values: NDArray[Any]) -> Any:
    """A float for a single value, the array otherwise."""
    return float(values) if np.ndim(values) == 0 else np.asarray(values)
