"""What was asked of a control chart, checked against the data before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.trend.limits import Mask
from perflib.models.trend.rules import DIRECTIONS

#: kind -> its name in the method sentence.
KINDS = {
    "p": "p chart, pooled binomial limits (Shewhart 1931)",
    "p_prime": "p' chart, binomial limits scaled by short-term variation (Laney 2002)",
    "c": "c chart, Poisson limits (Shewhart 1931)",
    "u": "u chart, Poisson limits per exposure (Shewhart 1931)",
    "i": "Individuals chart (Shewhart 1931)",
    "g": "g chart of gaps between rare events (Benneyan 2001)",
    "ewma": "EWMA chart with exact limits (Roberts 1959)",
    "cusum": "Tabular CUSUM (Page 1954)",
}
_SIZED = ("p", "p_prime", "u")


@dataclass(frozen=True)
class Asked:
    """The arguments of ``control_chart``; after ``check`` the sequences are float arrays and ``rebase`` positions."""

    values: Any
    kind: str
    sizes: Any
    dates: Any
    target: float | None
    direction: str
    rebase: Any
    sigma: float
    baseline: int | None
    errors: Any
    sd: float | None
    weight: float
    k: float | None
    h: float | None

    @property
    def known(self) -> Mask:
        """Points that can be judged: a value, and a size or standard error where the kind needs one."""
        known = np.isfinite(self.values)
        if self.sizes is not None:
            known &= np.isfinite(self.sizes) & (self.sizes > 0)
        return known if self.errors is None else known & np.isfinite(self.errors)

    def segments(self) -> list[Mask]:
        """Masks of the known points between rebasing positions; segments without any known point are left out."""
        number = np.searchsorted(np.asarray(self.rebase, dtype=int), np.arange(1, len(self.values) + 1), side="right")
        masks = [self.known & (number == i) for i in range(len(self.rebase) + 1)]
        return [mask for mask in masks if mask.any()]


def check(asked: Asked) -> Asked:
    """Arrays instead of sequences, the kind by its one name; InputError names the argument at fault."""
    kind = {"laney": "p_prime", "individuals": "i", "p'": "p_prime"}.get(asked.kind, asked.kind)
    if kind not in KINDS:
        raise InputError(f"no control chart of kind {asked.kind!r}", where="kind", choices=KINDS, found=asked.kind)
    if asked.direction not in DIRECTIONS:
        raise InputError(
            f"unknown direction {asked.direction!r}", where="direction", choices=DIRECTIONS, found=asked.direction
        )
    clean = replace(
        asked,
        kind=kind,
        values=_numbers(asked.values, "values"),
        sizes=_optional(asked.sizes, "sizes", asked.values),
        errors=_optional(asked.errors, "errors", asked.values),
        dates=_dates(asked),
    )
    _check_sizes(clean)
    _check_settings(clean)
    return replace(clean, rebase=_positions(clean))


def _numbers(given: Any, where: str) -> Any:
    try:
        numbers = np.array(given, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError("not all entries are numbers", where=where, do="convert or drop them first") from error
    if numbers.ndim != 1:
        raise InputError(f"expected one dimension, found {numbers.ndim}", where=where)
    if np.isinf(numbers).any():
        raise InputError("an entry is infinite", where=where, do="give missing points as NaN")
    return numbers


def _optional(given: Any, where: str, values: Any) -> Any:
    if given is None:
        return None
    numbers = np.full(len(values), float(given)) if isinstance(given, (int, float)) else _numbers(given, where)
    if len(numbers) != len(values):
        raise InputError(f"{len(numbers)} entries for {len(values)} values", where=where, do="give one per value")
    if (numbers < 0).any() or (where == "errors" and (numbers == 0).any()):
        raise InputError("an entry is not positive", where=where)
    return numbers


def _dates(asked: Asked) -> Any:
    if asked.dates is None:
        return None
    dates = pd.Series(list(asked.dates))
    if len(dates) != len(asked.values):
        raise InputError(f"{len(dates)} dates for {len(asked.values)} values", where="dates", do="give one per value")
    if pd.api.types.is_datetime64_any_dtype(dates) and not dates.is_monotonic_increasing:
        raise InputError("dates are not in time order", where="dates", do="sort the series first")
    return dates


def _check_sizes(asked: Asked) -> None:
    if asked.kind in _SIZED and asked.sizes is None:
        raise InputError(f"a {asked.kind} chart needs the denominators", where="sizes")
    if asked.kind not in _SIZED and asked.sizes is not None:
        raise InputError(f"a {asked.kind} chart takes no sizes", where="sizes", do="use kind 'p', 'p_prime' or 'u'")
    if asked.errors is not None and asked.kind != "i":
        raise InputError("standard errors are for kind 'i'", where="errors")
    if asked.kind in (*_SIZED, "c", "g") and (asked.values < 0).any():
        raise InputError("a count is negative", where="values")
    if asked.kind in ("p", "p_prime") and (asked.values > asked.sizes).any():
        point = int(np.flatnonzero(asked.values > asked.sizes)[0]) + 1
        raise InputError(f"the count at point {point} exceeds its size", where="values", do="give counts and sizes")


def _check_settings(asked: Asked) -> None:
    if not asked.sigma > 0:
        raise InputError("must be positive", where="sigma")
    if not 0 < asked.weight <= 1:
        raise InputError("must be above 0 and at most 1", where="weight")
    if asked.baseline is not None and asked.baseline < 2:
        raise InputError("needs at least 2 points", where="baseline")
    for where in ("sd", "h"):
        if getattr(asked, where) is not None and not getattr(asked, where) > 0:
            raise InputError("must be positive", where=where)


def _positions(asked: Asked) -> list[int]:
    """1-based positions of the rebasing points, in order; dates are looked up (first point on or after)."""
    positions = {_position(point, asked) for point in asked.rebase}
    wrong = [point for point in positions if not 1 <= point <= len(asked.values)]
    if wrong:
        raise InputError(f"no point {wrong[0]} in a series of {len(asked.values)}", where="rebase")
    return sorted(positions - {1})


def _position(point: Any, asked: Asked) -> int:
    if isinstance(point, (int, np.integer)) and not isinstance(point, bool):
        return int(point)
    if asked.dates is None:
        raise InputError(f"{point!r} is not a position and no dates were given", where="rebase")
    return int((pd.to_datetime(asked.dates) < pd.Timestamp(point)).sum()) + 1
