"""Centre lines and limits of Shewhart charts, one function per kind, each for one segment between rebasing points.

Every function takes the same arguments: ``values`` (float array without gaps), ``sizes`` (denominators, or None),
``errors`` (known standard errors, or None), ``base`` (boolean mask of the points the limits are computed from)
and ``sigma`` (width of the limits in standard errors). It returns a ``Limits``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: mean of the range of two standard normal values, 2 / sqrt(pi); turns a mean moving range into a standard deviation.
D2 = 2.0 / np.sqrt(np.pi)


@dataclass(frozen=True)
class Limits:
    """What is plotted (``statistic``), its centre, limits and one-sigma ``spread``, all of the segment's length."""

    statistic: Floats
    centre: Floats
    lower: Floats
    upper: Floats
    spread: Floats
    facts: dict[str, Any] = field(default_factory=dict)


def short_term_sd(values: Floats) -> float:
    """Standard deviation from the mean moving range of successive points; a sustained shift barely inflates it.

    Source: Shewhart individuals chart, e.g. Montgomery, Introduction to Statistical Quality Control, section 6.4.
    """
    return float(np.mean(np.abs(np.diff(values))) / D2) if len(values) > 1 else 0.0


def around(
    statistic: Floats,
    centre: float,
    spread: Floats | float,
    sigma: float,
    floor: float = -np.inf,
    ceiling: float = np.inf,
    **facts: Any,
) -> Limits:
    """Symmetric limits ``centre +- sigma * spread``, cut where the statistic cannot go."""
    wide = np.broadcast_to(np.asarray(spread, dtype=float), statistic.shape).copy()
    middle = np.full(statistic.shape, centre)
    lower = np.maximum(middle - sigma * wide, floor)
    upper = np.minimum(middle + sigma * wide, ceiling)
    return Limits(statistic, middle, lower, upper, wide, facts)


def proportion(values: Floats, sizes: Floats, errors: Floats | None, base: Mask, sigma: float) -> Limits:
    """p chart: pooled proportion, binomial standard error of each point's own size (Shewhart 1931)."""
    shares, centre, spread = _shares(values, sizes, base)
    return around(shares, centre, spread, sigma, 0.0, 1.0, inflation=_inflation(shares, centre, spread, base))


def laney(values: Floats, sizes: Floats, errors: Floats | None, base: Mask, sigma: float) -> Limits:
    """p' chart: binomial error times the short-term variation of the z-scores (Laney 2002, Quality Engineering 14)."""
    shares, centre, spread = _shares(values, sizes, base)
    inflation = _inflation(shares, centre, spread, base)
    return around(shares, centre, spread * inflation, sigma, 0.0, 1.0, inflation=inflation)


def count(values: Floats, sizes: Floats | None, errors: Floats | None, base: Mask, sigma: float) -> Limits:
    """c chart: counts over equal exposure, Poisson standard error."""
    centre = float(np.mean(values[base]))
    spread = np.full(values.shape, np.sqrt(centre))
    return around(values, centre, spread, sigma, 0.0, inflation=_inflation(values, centre, spread, base))


def rate(values: Floats, sizes: Floats, errors: Floats | None, base: Mask, sigma: float) -> Limits:
    """u chart: counts per unit of exposure, Poisson standard error of each point's own exposure."""
    rates, centre = values / sizes, float(values[base].sum() / sizes[base].sum())
    spread = np.sqrt(centre / sizes)
    return around(rates, centre, spread, sigma, 0.0, inflation=_inflation(rates, centre, spread, base))


def individual(values: Floats, sizes: Floats | None, errors: Floats | None, base: Mask, sigma: float) -> Limits:
    """Individuals chart: moving-range limits; with known standard errors, those, widened by what they leave out.

    With ``errors`` (medians, percentiles) the centre is the inverse-variance mean and the limits are
    ``sigma * errors * max(1, s)``, s being the short-term standard deviation of the standardised points: the limits are
    never narrower than sampling alone makes them, and wider when the periods truly differ (Laney's idea for p charts).
    """
    if errors is None:
        return around(values, float(np.mean(values[base])), short_term_sd(values[base]), sigma)
    centre = float(np.average(values[base], weights=errors[base] ** -2.0))
    inflation = max(1.0, _inflation(values, centre, errors, base))
    return around(values, centre, errors * inflation, sigma, inflation=inflation)


def gap(values: Floats, sizes: Floats | None, errors: Floats | None, base: Mask, sigma: float) -> Limits:
    """g chart: opportunities between rare events, geometric with variance g (g + 1) (Benneyan 2001)."""
    centre = float(np.mean(values[base]))
    return around(values, centre, float(np.sqrt(centre * (centre + 1))), sigma, 0.0)


def _shares(values: Floats, sizes: Floats, base: Mask) -> tuple[Floats, float, Floats]:
    centre = float(values[base].sum() / sizes[base].sum())
    return values / sizes, centre, np.sqrt(centre * (1 - centre) / sizes)


def _inflation(statistic: Floats, centre: float, spread: Floats, base: Mask) -> float:
    known = base & (spread > 0)
    return short_term_sd((statistic[known] - centre) / spread[known]) if known.sum() > 1 else 1.0


SHEWHART: dict[str, Callable[..., Limits]] = {
    "p": proportion,
    "p_prime": laney,
    "c": count,
    "u": rate,
    "i": individual,
    "g": gap,
}
