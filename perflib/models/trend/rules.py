"""Which points of a chart signal, by which rule, and whether that is good news."""

from __future__ import annotations

import numpy as np

from perflib.models.trend.limits import Floats, Limits, Mask

RUN = 8
DIRECTIONS = ("up", "down", "none")


def beyond(limits: Limits) -> Floats:
    """+1 above the upper limit, -1 below the lower, 0 within; a point on a limit is within (rounding allowed)."""
    slack = 1e-9 * np.maximum(1.0, np.abs(limits.statistic))
    return (limits.statistic > limits.upper + slack).astype(float) - (limits.statistic < limits.lower - slack)


def runs(side: Floats, length: int = RUN) -> Mask:
    """Points belonging to ``length`` or more successive points on one side (a point on the centre ends a run)."""
    member = np.zeros(len(side), dtype=bool)
    start = 0
    for i in range(1, len(side) + 1):
        if i == len(side) or side[i] != side[start]:
            member[start:i] = side[start] != 0 and i - start >= length
            start = i
    return member


def two_of_three(limits: Limits) -> Mask:
    """Points beyond two standard errors that are two of three successive points, on the same side."""
    z = np.divide(
        limits.statistic - limits.centre, limits.spread, out=np.zeros_like(limits.spread), where=limits.spread > 0
    )
    member = np.zeros(len(z), dtype=bool)
    for sign in (1.0, -1.0):
        far = sign * z > 2
        for i in range(len(z)):
            window = slice(max(0, i - 2), i + 1)
            member[window] |= far[window] & (far[window].sum() >= 2)
    return member


def label(limits: Limits, direction: str, middle: Floats, with_runs: bool) -> tuple[Floats, Mask, list[str]]:
    """(+1/0/-1 beyond the limits, member of a run rule, text per point); ``middle`` is what runs are counted about."""
    out = beyond(limits)
    side = np.sign(limits.statistic - middle)
    in_run = runs(side) if with_runs else np.zeros(len(side), dtype=bool)
    pair = two_of_three(limits) if with_runs else in_run
    texts = [_text(out[i], in_run[i], pair[i], side[i], direction) for i in range(len(side))]
    return out, in_run | pair, texts


def _text(out: float, in_run: bool, pair: bool, side: float, direction: str) -> str:
    found = [f"beyond the {'upper' if out > 0 else 'lower'} limit"] if out else []
    found += [f"{RUN} or more in a row {'above' if side > 0 else 'below'} the centre"] if in_run else []
    found += ["2 of 3 beyond two standard errors"] if pair else []
    return f"{'; '.join(found)}: {meaning(side, direction)}" if found else ""


def meaning(side: float, direction: str) -> str:
    """improvement, deterioration or change, for a move to ``side`` when improvement is ``direction``."""
    if direction == "none" or side == 0:
        return "change"
    return "improvement" if (side > 0) == (direction == "up") else "deterioration"
