"""Charts with memory, which see small sustained shifts that single points hide: EWMA and CUSUM."""

from __future__ import annotations

import numpy as np

from perflib.models.trend.limits import Floats, Limits, Mask, short_term_sd


def ewma(values: Floats, base: Mask, sigma: float, *, target: float | None, sd: float | None, weight: float) -> Limits:
    """Exponentially weighted moving average with exact (time-varying) limits.

    z_i = weight * x_i + (1 - weight) * z_(i-1), z_0 = target or the mean; var z_i = sd^2 * weight / (2 - weight) *
    (1 - (1 - weight)^(2 i)). Source: Roberts 1959; Lucas and Saccucci 1990, Technometrics 32.
    """
    centre = float(np.mean(values[base])) if target is None else target
    spread = short_term_sd(values[base]) if sd is None else sd
    smooth, last = np.empty(len(values)), centre
    for i, value in enumerate(values):
        last = smooth[i] = weight * value + (1 - weight) * last
    age = np.arange(1, len(values) + 1)
    wide = spread * np.sqrt(weight / (2 - weight) * (1 - (1 - weight) ** (2 * age)))
    middle = np.full(len(values), centre)
    return Limits(smooth, middle, middle - sigma * wide, middle + sigma * wide, wide, {"weight": weight, "sd": spread})


def cusum(
    values: Floats, base: Mask, *, target: float | None, sd: float | None, k: float | None, h: float | None
) -> Limits:
    """Tabular CUSUM of drift from the target, in the units of the data.

    upper_i = max(0, x_i - target - k + upper_(i-1)), lower_i = max(0, target - k - x_i + lower_(i-1)); a signal is a
    sum above ``h``. Defaults: k = sd / 2 (tuned to a shift of one sd), h = 5 sd. Source: Page 1954, Biometrika 41.
    The statistic drawn is the larger sum, negative when it is the lower one.
    """
    centre = float(np.mean(values[base])) if target is None else target
    spread = short_term_sd(values[base]) if sd is None else sd
    slack, bound = (0.5 * spread if k is None else k), (5 * spread if h is None else h)
    up, down = _sums(values - centre - slack), _sums(centre - slack - values)
    facts = {
        "upper_sums": up.tolist(),
        "lower_sums": down.tolist(),
        "k": slack,
        "h": bound,
        "sd": spread,
        "target": centre,
    }
    zero, limit = np.zeros(len(values)), np.full(len(values), bound)
    return Limits(np.where(up >= down, up, -down), zero, -limit, limit, limit / 3, facts)


def _sums(steps: Floats) -> Floats:
    sums, last = np.empty(len(steps)), 0.0
    for i, step in enumerate(steps):
        last = sums[i] = max(0.0, last + step)
    return sums
