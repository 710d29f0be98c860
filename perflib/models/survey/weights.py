"""Weights: raking to population margins within bounds, with a report of how it went, and what unequal weights cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.privacy.quoting import quoted

Array = np.ndarray[Any, np.dtype[Any]]
Margins = Mapping[str, Mapping[Any, float]]
#: margins count as met when no share is further off than this.
TOLERANCE = 1e-6


def kish(weights: Sequence[float] | Array) -> float:
    """Design effect of unequal weights, n sum(w^2) / (sum w)^2 (Kish 1965): how much wider than simple sampling."""
    w = _weights(weights)
    return float(len(w) * (w**2).sum() / w.sum() ** 2)


def effective(weights: Sequence[float] | Array) -> float:
    """Effective number of respondents, (sum w)^2 / sum(w^2)."""
    w = _weights(weights)
    return float(w.sum() ** 2 / (w**2).sum())


def _weights(weights: Sequence[float] | Array) -> Array:
    w = np.asarray(weights, dtype=float)
    if w.size == 0 or not np.isfinite(w).all() or (w < 0).any() or w.sum() <= 0:
        raise InputError("weights must be known, not negative and not all zero", where="weights")
    return w


@dataclass(frozen=True, eq=False)
class Raked:
    """Raked weights and how it went.

    Attributes
    ----------
    weights : one per row, with mean 1. converged : whether every margin is met to ``TOLERANCE``.
    cycles : passes over the margins. fault : which margin could not be met and why; empty when converged.
    report : ``margin, level, respondents, target, before, after`` (shares). bounded : rows at a bound.
    """

    weights: Array
    converged: bool
    cycles: int
    fault: str
    report: pd.DataFrame
    bounded: int

    @property
    def deff(self) -> float:
        """Kish design effect."""
        return kish(self.weights)

    @property
    def n_effective(self) -> float:
        """Effective number of respondents."""
        return effective(self.weights)


def rake(
    frame: pd.DataFrame,
    margins: Margins,
    weight: str | None = None,
    *,
    bounds: tuple[float, float] = (0.2, 5.0),
    cycles: int = 500,
    strict: bool = True,
) -> Raked:
    """Adjust weights until the sample's margins are those of the population (iterative proportional fitting).

    Parameters
    ----------
    frame : one row per respondent. margins : column -> level -> population count or share.
    weight : column of design weights; None for equal ones.
    bounds : lowest and highest adjustment of a weight relative to the mean adjustment.
    strict : raise where the margins cannot be met; otherwise return what was reached, with ``fault``.

    Raises
    ------
    InputError : a column lacks or has missing values; a level has no respondents, or no target; or (``strict``) the
        margins cannot be met within the bounds: the message names the margin at fault.

    Source: Deming & Stephan 1940, Ann. Math. Stat. 11; bounded as in Deville & Sarndal 1992, JASA 87.
    """
    low, high = bounds
    if not 0 < low < 1 < high:
        raise InputError(f"{bounds!r} do not enclose 1", where="bounds")
    targets, codes = _margins(frame, margins)
    start = _weights(frame[weight].to_numpy()) if weight else np.ones(len(frame))
    start = start / start.mean()
    weights, done, off = start.copy(), 0, np.inf
    for done in range(1, cycles + 1):  # noqa: B007 - the number of passes is reported
        for name, code in codes.items():
            sums = np.bincount(code, weights, minlength=len(targets[name]))
            weights = weights * (targets[name] * weights.sum() / np.maximum(sums, 1e-300))[code]
        adjusted = weights / start
        weights = start * np.clip(adjusted, low * adjusted.mean(), high * adjusted.mean())
        last, off = off, max(_off(weights, codes[name], targets[name]) for name in codes)
        if off < TOLERANCE or abs(last - off) < 1e-12:
            break
    weights = weights / weights.mean()
    adjusted = weights / start
    at_bound = (adjusted <= low * adjusted.mean() * 1.001) | (adjusted >= high * adjusted.mean() * 0.999)
    fault = "" if off < TOLERANCE else _fault(weights, codes, targets, margins, int(at_bound.sum()), bounds)
    if fault and strict:
        raise InputError(fault, where="rake", do="merge small levels, drop that margin, or widen the bounds")
    return Raked(
        weights, not fault, done, fault, _report(frame, start, weights, codes, targets, margins), int(at_bound.sum())
    )


def _margins(frame: pd.DataFrame, margins: Margins) -> tuple[dict[str, Array], dict[str, Array]]:
    if not margins:
        raise InputError("no margin to rake to", where="margins")
    targets, codes = {}, {}
    for name, given in margins.items():
        if name not in frame.columns:
            raise InputError(f"no column {name!r}", where="margins", choices=frame.columns, found=name)
        levels = [level for level, total in given.items() if total > 0]
        unknown = sorted({str(value) for value in frame[name].dropna()} - {str(level) for level in levels})
        if frame[name].isna().any() or unknown:
            what = "missing values" if frame[name].isna().any() else f"{quoted(unknown[0])!r}, which has no target"
            raise InputError(f"margin {name} has {what}", where="margins", do="recode or impute before raking")
        place = {str(level): at for at, level in enumerate(levels)}
        code = frame[name].astype(str).map(place).to_numpy(dtype=int)
        respondents = np.bincount(code, minlength=len(levels))
        empty = [level for level, count in zip(levels, respondents, strict=True) if not count]
        if empty:
            raise InputError(
                f"margin {name} cannot be met: {empty[0]!r} has a target and no respondents",
                where="margins",
                do="merge that level with another",
            )
        totals = np.array([float(given[level]) for level in levels])
        targets[name], codes[name] = totals / totals.sum(), code
    return targets, codes


def _off(weights: Array, code: Array, target: Array) -> float:
    return float(np.abs(np.bincount(code, weights, minlength=len(target)) / weights.sum() - target).max())


def _fault(
    weights: Array,
    codes: dict[str, Array],
    targets: dict[str, Array],
    margins: Margins,
    bounded: int,
    bounds: tuple[float, float],
) -> str:
    worst = max(codes, key=lambda name: _off(weights, codes[name], targets[name]))
    sums = np.bincount(codes[worst], weights, minlength=len(targets[worst])) / weights.sum()
    at = int(np.abs(sums - targets[worst]).argmax())
    level = [level for level, total in margins[worst].items() if total > 0][at]
    why = (
        f"{bounded} weights stand at their bounds {bounds[0]:g} and {bounds[1]:g}"
        if bounded
        else "the margins contradict each other in this sample"
    )
    return (
        f"margin {worst} cannot be met: {level!r} reaches {sums[at]:.1%} where {targets[worst][at]:.1%} is wanted "
        f"({why})"
    )


def _report(
    frame: pd.DataFrame,
    start: Array,
    weights: Array,
    codes: dict[str, Array],
    targets: dict[str, Array],
    margins: Margins,
) -> pd.DataFrame:
    rows = []
    for name, code in codes.items():
        size = len(targets[name])
        before, after = (np.bincount(code, each, minlength=size) / each.sum() for each in (start, weights))
        levels = [level for level, total in margins[name].items() if total > 0]
        rows.append(
            pd.DataFrame(
                {
                    "margin": name,
                    "level": levels,
                    "respondents": np.bincount(code, minlength=size),
                    "target": targets[name],
                    "before": before,
                    "after": after,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)
