"""How strong a season is, and what noise without any season would show."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
_SEED = 12


def stabilised(counts: Array) -> Array:
    """Counts on a scale of nearly constant variance, 2 sqrt(y + 3/8) (Anscombe 1948, Biometrika 35)."""
    return np.asarray(2 * np.sqrt(np.maximum(np.asarray(counts, dtype=float), 0.0) + 0.375))


def strength(values: Array, period: int) -> float:
    """max(0, 1 - var(R) / var(S + R)) of an STL decomposition with statsmodels' defaults: 0 none, 1 nothing else.

    ``values`` are on a stabilised scale, regular, none missing, at least two periods long. Source: Cleveland et al.
    1990 (STL), Wang, Smith & Hyndman 2006 (strength).
    """
    from statsmodels.tsa.seasonal import STL

    parts = STL(np.asarray(values, dtype=float), period=period).fit()
    both = float(np.var(parts.seasonal + parts.resid))
    return max(0.0, 1 - float(np.var(parts.resid)) / both) if both > 0 else 0.0


@lru_cache(maxsize=64)
def noise(length: int, period: int) -> tuple[float, float]:
    """Median and 95th percentile of the strength that white noise of this length shows (drawn with a fixed seed)."""
    rng = np.random.default_rng(_SEED)
    draws = [strength(rng.normal(size=length), period) for _ in range(400 if length <= 400 else 100)]
    return float(np.median(draws)), float(np.quantile(draws, 0.95))
