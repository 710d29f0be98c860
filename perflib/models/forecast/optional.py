"""Slow candidates, opted into by name: each fits every series by itself."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from perflib.models.forecast.panel import FREQUENCIES, Panel
from perflib.models.forecast.parallel import workers

Array = np.ndarray[Any, np.dtype[Any]]
Candidate = Callable[[Panel, int], Array]
_SHIFT = 3 / 8


def ets(panel: Panel, horizon: int) -> Array:
    """statsmodels' damped additive exponential smoothing of the square root (Hyndman et al. 2008)."""
    return _each(panel, horizon, _ets)


def ucm(panel: Panel, horizon: int) -> Array:
    """statsmodels' local level with a stochastic season of the square root (Harvey 1989)."""
    return _each(panel, horizon, _ucm)


def mstl(panel: Panel, horizon: int) -> Array:
    """Seasons by MSTL of the square root (Bandara et al. 2021), the rest by damped smoothing."""
    return _each(panel, horizon, _mstl)


def prophet(panel: Panel, horizon: int) -> Array:
    """Prophet with its defaults (Taylor & Letham 2018); means below zero are set to zero."""
    from prophet import Prophet

    for name in ("cmdstanpy", "prophet"):  # they speak for every series
        logging.getLogger(name).disabled = True

    future = panel.with_future(horizon)
    made = []
    for counts in panel.counts:
        model = Prophet().fit(pd.DataFrame({"ds": panel.dates, "y": counts}))
        made.append(model.predict(pd.DataFrame({"ds": future[len(panel.dates) :]}))["yhat"].to_numpy())
    return np.maximum(np.stack(made), 1e-3)


SLOW: dict[str, Candidate] = {"ets": ets, "ucm": ucm, "mstl": mstl, "prophet": prophet}


def _each(panel: Panel, horizon: int, fit: Callable[[Array, int, int], Array]) -> Array:
    period = {"D": 7, "W": 52, "M": 12}[panel.freq]
    wanted = "week" if panel.freq == "D" else "year"
    period = period if wanted in panel.seasons else 1
    from joblib import Parallel, delayed  # type: ignore[import-untyped]

    roots = np.sqrt(_filled(panel.counts) + _SHIFT)
    run = Parallel(n_jobs=workers() if len(roots) > 4 else 1)
    made = np.stack(run(delayed(_quiet)(fit, root, period, horizon) for root in roots))
    return np.maximum(np.maximum(made, 0) ** 2 - _SHIFT, 1e-3)


def _quiet(fit: Callable[[Array, int, int], Array], root: Array, period: int, horizon: int) -> Array:
    with warnings.catch_warnings():
        # Convergence of one of a thousand likelihoods is judged by the back-test, not by a line on the screen.
        warnings.simplefilter("ignore")
        return fit(root, period, horizon)


def _filled(counts: Array) -> Array:
    frame = pd.DataFrame(counts.T).interpolate(limit_direction="both")
    return frame.to_numpy().T


def _ets(root: Array, period: int, horizon: int) -> Array:
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    season = {"seasonal": "add", "seasonal_periods": period} if period > 1 else {}
    model = ExponentialSmoothing(root, trend="add", damped_trend=True, initialization_method="estimated", **season)
    return np.asarray(model.fit().forecast(horizon))


def _ucm(root: Array, period: int, horizon: int) -> Array:
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    season = {"freq_seasonal": [{"period": period, "harmonics": min(period // 2, 6)}]} if period > 1 else {}
    model = UnobservedComponents(root, level="local level", **season)
    return np.asarray(model.fit(disp=False).forecast(horizon))


def _mstl(root: Array, period: int, horizon: int) -> Array:
    from statsmodels.tsa.seasonal import MSTL

    year = int(FREQUENCIES["D"][1])
    periods = [each for each in (period, year if period == 7 else 0) if 1 < each < len(root) / 2]
    if not periods:
        return _ets(root, 1, horizon)
    parts = MSTL(root, periods=periods).fit()
    seasonal = np.asarray(parts.seasonal).reshape(len(root), -1)
    ahead = sum(np.resize(seasonal[-each:, at], horizon) for at, each in enumerate(periods))
    return _ets(root - seasonal.sum(axis=1), 1, horizon) + ahead
