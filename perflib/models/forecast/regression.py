"""Log-linear count regression in which every series borrows the season and trend of all of them together.

The sum of the series (the city) is regressed on weekday, yearly waves, unusual days and a bending trend, older days
discounted. Each series keeps its own deviations from that profile, shrunk to none by a prior of a few per cent, and its
own share of the level, a discounted ratio: the empirical-Bayes compromise between a profile too noisy to be estimated
for one district and one that is wrong for it. The estimating equations are those of a Poisson likelihood, which are
consistent for the mean of over-dispersed counts; dispersion is found afterwards from the back-test.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.models.forecast import calendar
from perflib.models.forecast.panel import FREQUENCIES, Panel

Array = np.ndarray[Any, np.dtype[Any]]
# Chosen on windows before any that is scored; the results change by less than 0.5 % over a factor of three of each.
PROFILE_YEARS, LEVEL_YEARS, SHARE_YEARS = 3.0, 1 / 6, 0.55
DEVIATION_INFORMATION, DAY_INFORMATION, BEND_INFORMATION = 200.0, 10.0, 20.0


def regression(panel: Panel, horizon: int) -> Array:
    """Expected counts at the coming ``horizon`` dates, (N, H)."""
    year = FREQUENCIES[panel.freq][1]
    counts, known = panel.counts, np.isfinite(panel.counts)
    length = counts.shape[1]
    dates = panel.with_future(horizon)
    exposure = calendar.month_days(dates) if panel.freq == "M" else np.ones(len(dates))
    share = np.nansum(counts, axis=1) / known.sum(axis=1)
    share = np.maximum(share, 1e-3) / np.maximum(share, 1e-3).sum()
    together, seen = np.nansum(counts, axis=0), share @ known
    age = length - 1 - np.arange(length)
    season, trend = _city(panel, together, seen * exposure[:length], dates, age, horizon)
    season = season * exposure
    expected = share[:, None] * (season * trend)[:length] * known
    own = _deviations(np.where(known, counts, 0), expected, panel, dates, age)
    path = season * trend * own * share[:, None]
    recent = _level(np.where(known, counts, 0), path[:, :length] * known, age, SHARE_YEARS * year)
    city_path = (season * trend)[:length] * seen
    now = _level(together, city_path, age, LEVEL_YEARS * year) / _level(together, city_path, age, SHARE_YEARS * year)
    return np.maximum(path[:, length:] * (recent * now)[:, None], 1e-6)


def _city(
    panel: Panel, counts: Array, seen: Array, dates: pd.DatetimeIndex, age: Array, horizon: int
) -> tuple[Array, Array]:
    year, length = FREQUENCIES[panel.freq][1], len(counts)
    columns, information = _profile(panel, dates, 5 if panel.freq == "M" else 3)
    if panel.freq == "D" and "year" in panel.seasons:
        special = calendar.special_days(dates)
        columns = np.hstack([columns, special])
        information = np.r_[information, np.full(special.shape[1], DAY_INFORMATION)]
    trend = calendar.hinges(length, length + horizon, year)
    design = np.hstack([np.ones((len(dates), 1)), columns, trend])
    prior = np.r_[0, information, 0.1, np.full(trend.shape[1] - 1, BEND_INFORMATION)]
    weight = 0.5 ** (age / (PROFILE_YEARS * year))
    fitted = poisson(design[:length], counts, weight * (seen > 0), prior, np.maximum(seen, 1e-9))
    bends = trend.shape[1]
    return np.exp(design[:, :-bends] @ fitted[:-bends]), np.exp(trend @ fitted[-bends:])


def _profile(panel: Panel, dates: pd.DatetimeIndex, waves: int) -> tuple[Array, Array]:
    """Columns of the week and of the year (``waves`` pairs), and a vague prior of each."""
    parts = [np.empty((len(dates), 0))]
    parts += [calendar.weekday(dates)] if "week" in panel.seasons else []
    parts += [calendar.waves(dates, waves)] if "year" in panel.seasons else []
    columns = np.hstack(parts)
    return columns, np.full(columns.shape[1], 1e-3)


def _deviations(counts: Array, expected: Array, panel: Panel, dates: pd.DatetimeIndex, age: Array) -> Array:
    """Factors (N, T + H) by which each series departs from the common profile, a ridge regression on a log scale."""
    columns, _ = _profile(panel, dates, 2 if panel.freq == "M" else 1)
    design = np.hstack([np.ones((len(dates), 1)), columns])
    count, wide = len(counts), design.shape[1]
    if count == 1 or wide == 1:
        return np.ones((count, len(dates)))
    prior = np.r_[1e-6, np.full(wide - 1, DEVIATION_INFORMATION)]
    past = design[: counts.shape[1]]
    weight = 0.5 ** (age / (PROFILE_YEARS * FREQUENCIES[panel.freq][1]))
    squares = (past[:, :, None] * past[:, None, :]).reshape(len(past), -1)
    beta = np.zeros((count, wide))
    for _ in range(3):
        mean = expected * np.exp(np.clip(beta @ past.T, -8, 8))
        score = (weight * (counts - mean)) @ past - prior * beta
        curve = ((weight * mean) @ squares).reshape(count, wide, wide) + np.diag(prior)
        beta = beta + np.clip(np.linalg.solve(curve, score[..., None])[..., 0], -1, 1)
    return np.exp(beta[:, 1:] @ design[:, 1:].T)


def _level(counts: Array, expected: Array, age: Array, half: float) -> Array:
    weight = 0.5 ** (age / half)
    return ((counts * weight).sum(-1) + 0.5) / ((expected * weight).sum(-1) + 0.5)


def poisson(design: Array, counts: Array, weight: Array, prior: Array, exposure: Array, steps: int = 25) -> Array:
    """Coefficients that maximise a weighted Poisson likelihood with independent normal priors (precision ``prior``).

    Raises
    ------
    numpy.linalg.LinAlgError : columns are exact combinations of each other and have no prior.
    """
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(max((weight * counts).sum(), 0.5) / max((weight * exposure).sum(), 1e-9))

    def objective(tried: Array) -> float:
        line = np.clip(design @ tried, -30, 30)
        return float((weight * (counts * line - exposure * np.exp(line))).sum() - (prior * tried**2).sum() / 2)

    value = objective(beta)
    for _ in range(steps):
        mean = exposure * np.exp(np.clip(design @ beta, -30, 30))
        curve = (design * (weight * mean)[:, None]).T @ design + np.diag(prior + 1e-9)
        step = np.linalg.solve(curve, design.T @ (weight * (counts - mean)) - prior * beta)
        for half in range(12):  # the Newton step, halved until the penalised likelihood rises; none where it never does
            gained = objective(beta + step / 2**half) - value
            if gained >= 0:
                beta, value = beta + step / 2**half, value + gained
                break
        if not gained >= 1e-7 * (1 + abs(value)):
            break
    return beta
