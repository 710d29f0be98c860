"""The candidates: each maps what is known to the expected counts at the coming dates, for all series at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.forecast import calendar, smoothing
from perflib.models.forecast.panel import FREQUENCIES, Panel
from perflib.models.forecast.regression import regression

Array = np.ndarray[Any, np.dtype[Any]]
Candidate = Callable[[Panel, int], Array]
_FLAT = ((0.0, 0.0),)
# Steps after which an error counts half when smoothing constants are chosen: one year of days, four of weeks or months.
_MEMORY = {"D": 364.0, "W": 208.0, "M": 48.0}


def seasonal_naive(panel: Panel, horizon: int) -> Array:
    """The last known count at the same place of the season (weekday, month); the yardstick of every other."""
    lag, counts = panel.lag, panel.counts
    last = pd.DataFrame(counts.T).groupby(np.arange(counts.shape[1]) % lag).last().reindex(range(lag)).to_numpy().T
    ahead = (counts.shape[1] + np.arange(horizon)) % lag
    return np.maximum(np.where(np.isfinite(last), last, _typical(counts))[:, ahead], 0.0)


def smooth(panel: Panel, horizon: int) -> Array:
    """Level and damped trend by exponential smoothing; daily series get theirs from the sum and a share of it."""
    if panel.freq != "D":
        return _per_series(panel, horizon, smoothing.TRENDS)
    known = np.isfinite(panel.counts)
    filled = np.where(known, panel.counts, _typical(panel.counts))
    # Two years back nothing is left of a level; the season within the week is known from them.
    recent = filled.sum(0, keepdims=True)[:, -728:]
    total = smoothing.damped(recent, _period(panel), horizon, memory=_MEMORY["D"])
    weight = 0.5 ** (np.arange(filled.shape[1])[::-1] / (0.55 * FREQUENCIES["D"][1]))
    share = filled @ weight + 0.5 / len(filled)
    return total * (share / share.sum())[:, None]


def theta(panel: Panel, horizon: int) -> Array:
    """Simple smoothing and half the slope of a line through the last three years (Assimakopoulos & Nikolopoulos 2000).

    The slope is the median of those between the same places of two seasons (Sen 1968; Hirsch, Slack & Smith 1982), on
    the square-root scale: neither a season nor a campaign tilts it.
    """
    flat = np.sqrt(_per_series(panel, horizon, _FLAT))
    slope = seasonal_slope(np.sqrt(panel.counts), max(panel.lag, int(FREQUENCIES[panel.freq][1])))
    return np.maximum(flat + slope[:, None] / 2 * np.arange(1, horizon + 1), 0.03) ** 2


def seasonal_slope(values: Array, lag: int, cycles: int = 3) -> Array:
    """Median slope per step between values one or more whole ``lag``s apart in the last ``cycles``; 0 where none."""
    recent = values[:, -cycles * lag :]
    slopes = [
        (recent[:, lag * apart :] - recent[:, : -lag * apart]) / (lag * apart)
        for apart in range(1, cycles)
        if recent.shape[1] > lag * apart
    ]
    every = np.hstack([np.full((len(values), 1), np.nan), *slopes])
    none = ~np.isfinite(every).any(axis=1)
    return np.where(none, 0.0, np.nanmedian(np.where(none[:, None], 0.0, every), axis=1))


FAST: dict[str, Candidate] = {
    "regression": regression,
    "smoothing": smooth,
    "theta": theta,
    "seasonal naive": seasonal_naive,
}
DEFAULTS = {
    "D": ("regression", "smoothing", "seasonal naive"),
    "W": ("regression", "smoothing", "theta", "seasonal naive"),
    "M": ("smoothing", "theta", "seasonal naive"),
}


def candidates_of(names: Sequence[str] | None, freq: str) -> dict[str, Candidate]:
    """The candidates of these names, the fast ones of the frequency by default; seasonal naive always among them.

    Raises
    ------
    InputError : a name is unknown.
    """
    every = FAST | {"prophet": prophet}
    names = DEFAULTS[freq] if names is None else tuple(dict.fromkeys([*names, "seasonal naive"]))
    if unknown := [name for name in names if name not in every]:
        raise InputError(f"no candidate {unknown[0]!r}", where="candidates", choices=every, found=unknown[0])
    return {name: every[name] for name in names}


def prophet(panel: Panel, horizon: int) -> Array:
    """Prophet with its defaults (Taylor & Letham 2018), every series by itself; means below zero are set to zero."""
    from prophet import Prophet

    for name in ("cmdstanpy", "prophet"):  # they speak for every series
        logging.getLogger(name).disabled = True
    ahead = pd.DataFrame({"ds": panel.with_future(horizon)[len(panel.dates) :]})
    models = [Prophet().fit(pd.DataFrame({"ds": panel.dates, "y": counts})) for counts in panel.counts]
    return np.maximum(np.stack([model.predict(ahead)["yhat"].to_numpy() for model in models]), 1e-3)


def _per_series(panel: Panel, horizon: int, trends: tuple[tuple[float, float], ...]) -> Array:
    length = panel.counts.shape[1]
    days = calendar.month_days(panel.with_future(horizon)) if panel.freq == "M" else np.ones(length + horizon)
    rate = smoothing.damped(panel.counts / days[:length], _period(panel), horizon, trends, _MEMORY[panel.freq])
    return rate * days[length:]


def _period(panel: Panel) -> int:
    wanted = {"D": ("week", 7), "W": ("year", 52), "M": ("year", 12)}[panel.freq]
    return wanted[1] if wanted[0] in panel.seasons else 1


def _typical(counts: Array) -> Array:
    known = np.isfinite(counts)
    return (np.where(known, counts, 0).sum(1) / np.maximum(known.sum(1), 1))[:, None]
