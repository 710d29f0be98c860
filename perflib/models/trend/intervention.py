"""What did a law, a policy or a reorganisation do? A structural time series with the measure as a regressor."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.figures import Chart
from perflib.models.trend.charts import autocorrelation, position
from perflib.result import Result

_TRENDS = {"level": "local level", "trend": "local linear trend", "smooth": "smooth trend"}
_FEWEST_SIDE = 3


def intervention(
    values: Sequence[float] | pd.Series,
    terms: pd.DataFrame | None = None,
    *,
    at: Any = None,
    dates: Sequence[Any] | None = None,
    season: int | None = 12,
    trend: str = "level",
    log: bool = True,
    level: float = 0.95,
    name: str = "intervention",
    unit: str = "",
) -> Result:
    """Effect of a measure in a series with its own moving level and season.

    Model: y_t (or its logarithm) = level_t + season_t + sum of coefficient * term_t + error; the level is a random walk
    ("level"), with a slope ("trend") or with a smooth slope ("smooth"); the season is trigonometric with all
    harmonics and may drift; the coefficients are states with a diffuse prior, so that their errors allow for the
    level and the season.

    Parameters
    ----------
    values : one number per period in time order, positive when ``log``; NaN allowed.
    terms : regressors, one row per value: 0/1 for a measure in force, logarithms of prices, and so on.
    at : instead of, or beside ``terms``: 1-based position, or date, from which a measure is in force (term "step").
    dates : one per value; needed when ``at`` is a date.
    season : periods per cycle (12 months, 52 weeks, 7 days) or None.
    trend : "level", "trend" or "smooth".
    log : analyse logarithms; effects are also given as ratios exp(coefficient).

    Returns a Result with one row per term: ``term``, ``estimate``, ``se``, ``low``, ``high``, ``z``, ``p`` and, when
    ``log``, ``ratio``, ``ratio_low``, ``ratio_high``. Facts: {term: row}, ``n``, ``loglik``, ``variances``,
    ``converged``, ``related`` (correlation of neighbouring forecast errors where it is beyond chance: the intervals are
    then too narrow). Not assessable with fewer than two seasons, or with a 0/1 term that has fewer than 3 periods on
    one side.

    Raises InputError for lengths that differ, unknown trend, missing regressors, or values that cannot be logged.
    Sources: Harvey and Durbin 1986, JRSS A 149; Durbin and Koopman, Time Series Analysis by State Space Methods, 2012.
    """
    y, design = _checked(values, terms, at, dates, trend, log)
    reason = _too_little(y, design, season)
    if reason:
        return Result.not_assessable(name, reason)
    fitted, related = _fit(y, design, season, trend)
    table = _table(fitted, list(design.columns), level, log)
    facts: dict[str, Any] = {
        row["term"]: {key: value for key, value in row.items() if key != "term"} for row in table.to_dict("records")
    }
    facts |= {
        "n": int(np.isfinite(y).sum()),
        "loglik": float(fitted.llf),
        "variances": dict(zip(fitted.model.param_names, map(float, fitted.params), strict=True)),
        "converged": bool(fitted.mle_retvals["converged"]),
        "related": related,
    }
    estimate = ("ratio", "ratio_low", "ratio_high") if log else ("estimate", "low", "high")
    marks = {"target": 1.0 if log else 0.0}
    chart = Chart("dots", "term", *estimate, y_label="Ratio" if log else unit, marks=marks)
    return Result(name, table, facts=facts, chart=chart)


def _checked(
    values: Any, terms: pd.DataFrame | None, at: Any, dates: Any, trend: str, log: bool
) -> tuple[Any, pd.DataFrame]:
    y = np.array(values, dtype=float)
    if trend not in _TRENDS:
        raise InputError(f"unknown trend {trend!r}", where="trend", choices=_TRENDS, found=trend)
    design = pd.DataFrame(index=range(len(y))) if terms is None else terms.reset_index(drop=True).astype(float)
    if at is not None:
        design = design.assign(step=(np.arange(1, len(y) + 1) >= position(at, dates, "at")).astype(float))
    for where, given in (("terms", design), ("dates", dates)):
        if given is not None and len(given) != len(y):
            raise InputError(f"{len(given)} rows for {len(y)} values", where=where, do="give one per value")
    if design.shape[1] == 0:
        raise InputError("no measure to assess", where="terms, at", do="give a regressor, or the date of the measure")
    if not np.isfinite(design.to_numpy()).all():
        raise InputError("a regressor is missing in some period", where="terms")
    if log and (y <= 0).any():
        raise InputError("values must be positive to be logged", where="values", do="use log=False")
    return (np.log(y) if log else y), design


def _too_little(y: Any, design: pd.DataFrame, season: int | None) -> str:
    known = np.isfinite(y)
    least = max(2 * (season or 1), 8) + design.shape[1]
    if known.sum() < least:
        return (
            f"{int(known.sum())} periods; at least {least} are needed for a level, a season and {design.shape[1]} terms"
        )
    for term in design.columns:
        column = design.loc[known, term]
        if set(column) <= {0.0, 1.0} and min((column == 0).sum(), (column == 1).sum()) < _FEWEST_SIDE:
            return f"{term!r} has fewer than {_FEWEST_SIDE} periods with, or without, the measure"
    return ""


def _fit(y: Any, design: pd.DataFrame, season: int | None, trend: str) -> tuple[Any, float | None]:
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    cycle = {"freq_seasonal": [{"period": season, "harmonics": season // 2}]} if season else {}
    model = UnobservedComponents(y, _TRENDS[trend], exog=design.to_numpy(), mle_regression=False, **cycle)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whether it converged is a fact
        fitted = model.fit(disp=0, maxiter=500)
    burn = max(fitted.loglikelihood_burn, model.k_states)
    rest = fitted.standardized_forecasts_error[0][burn:]
    first, p = autocorrelation(rest[np.isfinite(rest)])
    return fitted, first if p < 0.01 else None


def _table(fitted: Any, terms: list[str], level: float, log: bool) -> pd.DataFrame:
    from scipy.stats import norm

    count, z = len(terms), norm.ppf((1 + level) / 2)
    estimate = fitted.smoothed_state[-count:, -1]
    se = np.sqrt(np.diag(fitted.smoothed_state_cov[:, :, -1]))[-count:]
    table = pd.DataFrame(
        {
            "term": [str(term) for term in terms],
            "estimate": estimate,
            "se": se,
            "low": estimate - z * se,
            "high": estimate + z * se,
            "z": estimate / se,
            "p": 2 * norm.sf(np.abs(estimate / se)),
        }
    )
    if log:
        table = table.assign(
            **{
                f"ratio{tail}": np.exp(table[column])
                for tail, column in (("", "estimate"), ("_low", "low"), ("_high", "high"))
            }
        )
    return table
