"""How strong a season is, beside what noise without any season would show; and a series taken apart."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

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

    found = STL(np.asarray(values, dtype=float), period=period).fit()
    both = float(np.var(found.seasonal + found.resid))
    return max(0.0, 1 - float(np.var(found.resid)) / both) if both > 0 else 0.0


@lru_cache(maxsize=64)
def noise(length: int, period: int) -> tuple[float, float]:
    """Median and 95th percentile of the strength that white noise of this length shows (drawn with a fixed seed)."""
    rng = np.random.default_rng(_SEED)
    draws = 400 if length <= 400 else 100
    found = [strength(rng.normal(size=length), period) for _ in range(draws)]
    return float(np.median(found)), float(np.quantile(found, 0.95))


def components(dates: pd.DatetimeIndex, counts: Array, periods: dict[str, int]) -> pd.DataFrame:
    """A series taken apart: ``date``, ``observed``, ``trend``, one column per season, ``remainder``.

    STL for one season, MSTL (Bandara, Hyndman & Bergmeir 2021) for several, on the stabilised scale; ``counts`` have
    none missing. Without a season only ``observed`` is there.
    """
    from statsmodels.tsa.seasonal import MSTL, STL

    values = stabilised(counts)
    made: dict[str, Any] = {"date": dates, "observed": values}
    if len(periods) == 1:
        ((name, period),) = periods.items()
        found = STL(values, period=period).fit()
        made |= {"trend": found.trend, name: found.seasonal, "remainder": found.resid}
    elif periods:
        names = sorted(periods, key=lambda name: periods[name])
        found = MSTL(values, periods=[periods[name] for name in names]).fit()
        made |= {"trend": found.trend, **dict(zip(names, found.seasonal.T, strict=True)), "remainder": found.resid}
    return pd.DataFrame(made)
