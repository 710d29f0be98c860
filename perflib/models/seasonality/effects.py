"""What each weekday, month, holiday and payday is worth: a log-linear model of the counts, with intervals that hold
for over-dispersed and autocorrelated counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perflib.models.forecast.calendar import hinges
from perflib.models.forecast.regression import poisson

Array = np.ndarray[Any, np.dtype[Any]]
WEEKDAYS = tuple("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())
MONTHS = tuple("January February March April May June July August September October November December".split())
#: days over which errors may be related.
LAGS = 28
_BEND, _DRAWS, _SEED, _YEAR = 20.0, 4000, 30, 365.2425


@dataclass(frozen=True, eq=False)
class Term:
    """One season's columns (T, k), the words for its positions, and the matrix (positions, k) that gives each one's
    logarithm. ``centred``: positions are ratios to their mean over the calendar, otherwise to the days without."""

    season: str
    positions: tuple[str, ...]
    columns: Array
    read: Array
    exposure: Array
    counted: Array
    centred: bool = True


def terms(
    dates: pd.DatetimeIndex, counts: Array, seasons: Sequence[str], special: dict[str, dict[str, Array]]
) -> list[Term]:
    """The terms of a model: week, year, and each kind of ``special`` days (kind -> name -> mask over the dates)."""
    places = {"week": (WEEKDAYS, dates.day_of_week.to_numpy()), "year": (MONTHS, dates.month.to_numpy() - 1)}
    made = [_factor(season, *places[season], counts) for season in seasons]
    for kind, named in special.items():
        often = {name: mask for name, mask in named.items() if mask.sum() >= 2}
        if often:
            columns = np.column_stack([mask.astype(float) for mask in often.values()])
            counted = np.nan_to_num(counts) @ columns
            made.append(Term(kind, tuple(often), columns, np.eye(len(often)), columns.sum(0), counted, centred=False))
    return made


def _factor(season: str, names: tuple[str, ...], place: Array, counts: Array) -> Term:
    """Sum-to-zero columns of a factor; a position that never occurs is left out."""
    there = np.unique(place)
    code = np.searchsorted(there, place)
    read = np.vstack([np.eye(len(there) - 1), -np.ones(len(there) - 1)])
    exposure = np.bincount(code, np.isfinite(counts).astype(float), minlength=len(there))
    counted = np.bincount(code, np.nan_to_num(counts), minlength=len(there))
    return Term(season, tuple(names[each] for each in there), read[code], read, exposure, counted)


def effects(dates: pd.DatetimeIndex, counts: Array, model: list[Term], level: float = 0.95) -> pd.DataFrame:
    """A row per position: ``season, position, ratio, low, high, count, days``.

    ``ratio`` is that of the expected count a day to its mean over the calendar (special days: to days without them),
    the others held fixed, so that months are compared at the same weekday mix and the same number of days. Intervals
    of one season hold for all its positions together at ``level`` (simulated largest deviation).

    Notes
    -----
    Poisson estimating equations with a trend that may bend each year; covariance by Newey & West (1987, Econometrica
    55) over ``LAGS`` days, so that neither over-dispersion nor autocorrelation of days narrows the intervals; never
    less than that of over-dispersed counts whose errors are independent, or decay as those of neighbouring steps do:
    a term that few days bear hides its own errors, and months use up much of what slow errors there are.
    """
    if not model:
        return pd.DataFrame(columns=["season", "position", "ratio", "low", "high", "count", "days"])
    known = np.isfinite(counts)
    trend = hinges(len(dates), len(dates), _YEAR)
    design = np.hstack([np.ones((len(dates), 1)), *(term.columns for term in model), trend])
    prior = np.r_[np.zeros(design.shape[1] - trend.shape[1]) + 1e-3, 0.1, np.full(trend.shape[1] - 1, _BEND)]
    prior[0] = 0.0
    filled = np.where(known, counts, 0.0)
    beta = poisson(design, filled, known.astype(float), prior, np.ones(len(dates)))
    spreads = _covariances(design, filled, known, np.exp(design @ beta), prior)
    normal = np.random.default_rng(_SEED).normal(size=(_DRAWS, len(beta)))
    draws = [normal @ _root(spread) for spread in spreads]
    parts, start = [], 1
    for term in model:
        span = slice(start, start + term.columns.shape[1])
        parts.append(_read(term, beta[span], [each[:, span] for each in draws], level))
        start = span.stop
    return pd.concat(parts, ignore_index=True)


def _covariances(design: Array, counts: Array, known: Array, mean: Array, prior: Array) -> list[Array]:
    """Robust to dispersion and autocorrelation; that of independent counts with their own dispersion; and that of
    counts whose scaled errors follow a first-order autoregression."""
    curve = (design * (mean * known)[:, None]).T @ design + np.diag(prior + 1e-9)
    score = design * ((counts - mean) * known)[:, None]
    meat = score.T @ score
    for lag in range(1, min(LAGS, len(score) - 1) + 1):
        cross = score[lag:].T @ score[:-lag]
        meat += (1 - lag / (LAGS + 1)) * (cross + cross.T)
    wide = np.linalg.inv(curve)
    freedom = max(int(known.sum()) - design.shape[1], 1)
    rest = (counts - mean) / np.sqrt(np.maximum(mean, 1e-9)) * known
    phi = max(float((rest**2).sum()) / freedom, 1e-12)
    alike = _related(rest, freedom)
    scaled = design * np.sqrt(mean * known)[:, None]
    smooth = scaled.T @ scaled
    for lag in range(1, min(60, len(rest) - 1)):
        cross = alike**lag * scaled[lag:].T @ scaled[:-lag]
        smooth += cross + cross.T
    robust = wide @ meat @ wide * (freedom + design.shape[1]) / freedom
    return [robust, wide * phi, wide @ smooth @ wide * phi]


def _related(rest: Array, freedom: int) -> float:
    """Correlation of neighbouring errors, freed of what fitting took from it; between 0 and .95."""
    related = float(rest[1:] @ rest[:-1]) / max(float(rest @ rest), 1e-12)
    used = len(rest) - freedom
    return float(np.clip(related + (1 + 3 * related + used * (1 - related)) / len(rest), 0.0, 0.95))


def _root(spread: Array) -> Array:
    values, vectors = np.linalg.eigh((spread + spread.T) / 2)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))).T)


def _read(term: Term, beta: Array, draws: list[Array], level: float) -> pd.DataFrame:
    best = _logs(term, beta)
    deviations = [_logs(term, beta + each) - best for each in draws]
    deviation = np.max([each.std(axis=0) for each in deviations], axis=0)
    scaled = np.abs(deviations[0]) / np.maximum(deviations[0].std(axis=0), 1e-12)
    reach = _student(float(np.quantile(scaled.max(axis=1), level)), term) * deviation
    return pd.DataFrame(
        {
            "season": term.season,
            "position": term.positions,
            "ratio": np.exp(best),
            "low": np.exp(best - reach),
            "high": np.exp(best + reach),
            "count": term.counted,
            "days": term.exposure,
        }
    )


def _student(normal: float, term: Term) -> float:
    """Student's counterpart of a normal quantile: months are judged by the months there were, less those fitted."""
    from scipy.stats import norm, t

    if term.season != "year":
        return normal
    months = term.exposure.sum() / (365.2425 / 12)
    return float(t.isf(norm.sf(normal), max(months - len(term.positions) - months / 12, 3.0)))


def _logs(term: Term, beta: Array) -> Array:
    """Logarithms of the positions' multiples, for a centred term relative to their mean over the calendar."""
    logs = np.asarray(beta @ term.read.T)
    return logs - np.log(np.exp(logs) @ (term.exposure / term.exposure.sum()))[..., None] if term.centred else logs
