"""Which points of a chart signal, by which rule, and whether that is good news."""

from __future__ import annotations

import numpy as np
import pandas as pd

from perflib.models.trend.limits import Floats, Limits, Mask

RUN = 8
DIRECTIONS = ("up", "down", "none")


def beyond(limits: Limits) -> Floats:
    """+1 above the upper limit, -1 below the lower, 0 within; a point on a limit is within (rounding allowed)."""
    slack = 1e-9 * np.maximum(1.0, np.abs(limits.statistic))
    return (limits.statistic > limits.upper + slack).astype(float) - (limits.statistic < limits.lower - slack)


def runs(side: Floats) -> Mask:
    """Points belonging to ``RUN`` or more successive points on one side (a point on the centre ends a run)."""
    sides = pd.Series(side)
    length = sides.groupby((sides != sides.shift()).cumsum()).transform("size")
    return ((length >= RUN) & (sides != 0)).to_numpy()


def two_of_three(limits: Limits) -> Mask:
    """Points beyond two standard errors that are two of three successive points, on the same side."""
    distance, spread = limits.statistic - limits.centre, limits.spread
    z = pd.Series(np.divide(distance, spread, out=np.zeros_like(spread), where=spread > 0))
    member = pd.Series(False, index=z.index)
    for far in (z > 2, z < -2):
        ends = far.rolling(3, min_periods=1).sum() >= 2
        member |= far & (ends | ends.shift(-1, fill_value=False) | ends.shift(-2, fill_value=False))
    return member.to_numpy()


def label(limits: Limits, direction: str, middle: Floats, with_runs: bool) -> tuple[Floats, Mask, list[str]]:
    """(+1/0/-1 beyond the limits, member of a run rule, text per point); ``middle`` is what runs are counted about."""
    out, side = beyond(limits), np.sign(limits.statistic - middle)
    run, pair = (runs(side), two_of_three(limits)) if with_runs else np.zeros((2, len(side)), dtype=bool)
    texts = []
    for at, point in enumerate(side):
        rules = [f"beyond the {'upper' if out[at] > 0 else 'lower'} limit"] if out[at] else []
        rules += [f"{RUN} or more in a row {'above' if point > 0 else 'below'} the centre"] if run[at] else []
        rules += ["2 of 3 beyond two standard errors"] if pair[at] else []
        texts.append(f"{'; '.join(rules)}: {meaning(point, direction)}" if rules else "")
    return out, run | pair, texts


def meaning(side: float, direction: str) -> str:
    """improvement, deterioration or change, for a move to ``side`` when improvement is ``direction``."""
    if direction == "none" or side == 0:
        return "change"
    return "improvement" if (side > 0) == (direction == "up") else "deterioration"
