"""Centre lines and limits of control charts, for one segment between rebasing points."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: mean of the range of two standard normal values, 2 / sqrt(pi); turns a mean moving range into a standard deviation.
D2 = 2.0 / np.sqrt(np.pi)
#: p: share; p_prime: share, scaled by short-term variation; c: count; u: count per exposure; i: individual values;
#: g: gap between rare events.
SHEWHART = ("p", "p_prime", "c", "u", "i", "g")


@dataclass(frozen=True)
class Limits:
    """What is plotted (``statistic``), its centre, limits and standard error ``spread``, one per point."""

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


def shewhart(
    kind: str, values: Floats, sizes: Floats | None, errors: Floats | None, base: Mask, sigma: float
) -> Limits:
    """Limits of a chart of ``SHEWHART``, centre +- sigma standard errors, cut where the statistic cannot go.

    ``base`` marks the points that the limits are computed from. Standard errors: binomial of each point's size (p),
    times the short-term variation of the z-scores (p_prime; Laney 2002, Quality Engineering 14), Poisson (c, u),
    geometric with variance g (g + 1) (g; Benneyan 2001), the moving range (i). With known ``errors`` of individual
    values (medians, percentiles) the centre is the inverse-variance mean, and the errors are widened, never narrowed,
    by the short-term variation of the standardised points.
    """
    n = np.ones(len(values)) if sizes is None else sizes
    statistic, centre = values / n, float(values[base].sum() / n[base].sum())
    if errors is not None:
        centre = float(np.average(values[base], weights=errors[base] ** -2.0))
    spread = {
        "p": lambda: np.sqrt(centre * (1 - centre) / n),
        "c": lambda: np.sqrt(centre / n),
        "g": lambda: np.full(len(n), np.sqrt(centre * (centre + 1))),
        "i": lambda: np.full(len(n), short_term_sd(values[base])) if errors is None else errors,
    }[{"p_prime": "p", "u": "c"}.get(kind, kind)]()
    facts: dict[str, Any] = {}
    if kind != "g" and (kind != "i" or errors is not None):
        known = base & (spread > 0)
        z = (statistic[known] - centre) / spread[known]
        inflation = short_term_sd(z) if known.sum() > 1 else 1.0
        facts["inflation"] = max(1.0, inflation) if kind == "i" else inflation
        if kind in ("p_prime", "i"):
            spread = spread * facts["inflation"]
    lower = np.maximum(centre - sigma * spread, -np.inf if kind == "i" else 0.0)
    upper = np.minimum(centre + sigma * spread, 1.0 if kind in ("p", "p_prime") else np.inf)
    return Limits(statistic, np.full(len(n), centre), lower, upper, spread, facts)


def ewma(values: Floats, base: Mask, sigma: float, *, target: float | None, sd: float | None, weight: float) -> Limits:
    """Exponentially weighted moving average with exact (time-varying) limits.

    z_i = weight * x_i + (1 - weight) * z_(i-1), z_0 = target or the mean; var z_i = sd^2 * weight / (2 - weight) *
    (1 - (1 - weight)^(2 i)). Source: Roberts 1959; Lucas and Saccucci 1990, Technometrics 32.
    """
    centre = float(np.mean(values[base])) if target is None else target
    error = short_term_sd(values[base]) if sd is None else sd
    smooth = pd.Series([centre, *values]).ewm(alpha=weight, adjust=False).mean().to_numpy()[1:]
    age = np.arange(1, len(values) + 1)
    wide = error * np.sqrt(weight / (2 - weight) * (1 - (1 - weight) ** (2 * age)))
    middle = np.full(len(values), centre)
    return Limits(smooth, middle, middle - sigma * wide, middle + sigma * wide, wide, {"weight": weight, "sd": error})


def cusum(
    values: Floats, base: Mask, *, target: float | None, sd: float | None, k: float | None, h: float | None
) -> Limits:
    """Tabular CUSUM of drift from the target, in the units of the data.

    upper_i = max(0, x_i - target - k + upper_(i-1)), lower_i = max(0, target - k - x_i + lower_(i-1)); a signal is a
    sum above ``h``. Defaults: k = sd / 2 (tuned to a shift of one sd), h = 5 sd. Source: Page 1954, Biometrika 41.
    The statistic drawn is the larger sum, negative when it is the lower one.
    """
    centre = float(np.mean(values[base])) if target is None else target
    error = short_term_sd(values[base]) if sd is None else sd
    slack, bound = (0.5 * error if k is None else k), (5 * error if h is None else h)
    up, down = (
        np.array([*accumulate(steps, lambda last, step: max(0.0, last + step), initial=0.0)][1:])
        for steps in (values - centre - slack, centre - slack - values)
    )
    facts = {"upper_sums": up.tolist(), "lower_sums": down.tolist()}
    facts |= {"k": slack, "h": bound, "sd": error, "target": centre}
    limit = np.full(len(values), bound)
    return Limits(np.where(up >= down, up, -down), 0 * limit, -limit, limit, limit / 3, facts)
