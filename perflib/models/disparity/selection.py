"""What selection into stops hides: bounds on the effect of a group on what happens after a stop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.disparity.within import pairs
from perflib.rates import newcombe


@dataclass(frozen=True)
class Bounded:
    """Bounds averaged over places, each a (value, low, high) of its own sampling interval.

    ``observed``: difference as recorded, within places. ``own``: effect among the group's own stops (a point given
    ``undue``). ``lower``, ``upper``: the bounds of the effect among all stops of both groups.
    """

    undue: float
    observed: tuple[float, float, float]
    own: tuple[float, float, float]
    lower: tuple[float, float, float]
    upper: tuple[float, float, float]


def bounds_within(
    frame: pd.DataFrame, *, focus: str, reference: str, of: str, count: str, undue: float, level: float = 0.95
) -> Bounded:
    """Bounds of the effect of the group on what follows a stop, averaged over the places where both are stopped.

    Within a place these are propositions 1 and 2 of Knox, Lowe and Mummolo 2020 (APSR 114): ``undue`` is the assumed
    share of the group's stops that would not have been made of a like person of the reference.

    ``frame`` has one row per ``place`` and ``group`` with ``of`` (stops) and ``count`` (stops with the outcome). The
    assumed share ``undue`` is the same everywhere. Effects among all stops weight a place by the stops of both groups,
    those among the group's stops by the group's; so with ``undue`` 0 they differ where places do. The weights are taken
    as known. Raises InputError for an ``undue`` out of [0, 1), groups that share no place, or as ``pairs``.
    """
    if not 0 <= undue < 1:
        raise InputError("the share must lie from 0 to below 1", where="undue")
    both = pairs(frame, focus, reference, of, count)
    if both.empty:
        raise InputError("no place where both groups are stopped", where="frame")
    one, other = both["n1"].to_numpy(float), both["n0"].to_numpy(float)
    k, n = np.append(both["k1"], both["k0"]), np.append(one, other)
    w, part, own = (one + other) / n.sum(), other / (one + other), one / one.sum()
    # where more of the group's stops led to the outcome than could all be due, some undue ones must have
    over = both["k1"].to_numpy(float) / one > 1 - undue
    rise = undue / (1 - undue) * part * np.where(over, 1 - 1 / undue if undue else 0.0, 1.0)
    low = -w * (1 - undue * (1 - part))

    def interval(first: np.ndarray, second: np.ndarray, more: float = 0.0) -> tuple[float, float, float]:
        value, least, most = newcombe(np.append(first, second), k, n, level)
        return value + more, least + more, most + more

    return Bounded(
        undue,
        interval(w, -w),
        interval(own, -own * (1 - undue)),
        interval(w, low),
        interval(w * (1 + rise), low, float((w * part)[over].sum())),
    )
