"""Quantile regression: a difference of medians or percentiles, adjusted for what else differs."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.figures import Chart
from perflib.models.quantiles.order import inside
from perflib.result import Result

_THIN = 10


def quantile_regression(
    frame: pd.DataFrame, outcome: str, terms: Sequence[str] | str, tau: float | Sequence[float] = 0.5, *,
    level: float = 0.95, name: str = "quantile_regression", title: str = "", unit: str = "",
) -> Result:
    """Linear regression of the ``tau``-quantiles of ``outcome`` on ``terms``.

    Parameters
    ----------
    frame : one row per observation; rows with a missing outcome or term are left out and counted in a caveat.
    outcome : numeric column.
    terms : column names (texts and categories become contrasts with their first level), or the right-hand side of a
        formula in the language of patsy, written by the analyst (a formula is code: never pass one from outside).
    tau : one or several levels in (0, 1).
    level : coverage of the intervals.

    Returns a Result with columns ``tau``, ``term`` ("const" for the intercept), ``estimate``, ``se``, ``low``,
    ``high``, ``p``; facts by tau as text: {term: {estimate, se, low, high, p}}, and ``n``. Standard errors: kernel
    sandwich covariance (Epanechnikov, Hall and Sheather bandwidth), valid when the spread depends on the terms.
    Not assessable when a quantile would rest on fewer than 10 observations per coefficient.

    Raises InputError when a column is absent or not numeric.
    Sources: Koenker and Bassett 1978, Econometrica 46; Powell 1991; Hall and Sheather 1988, JRSS B 50.
    """
    taus = [inside(float(value), "tau") for value in np.atleast_1d(np.asarray(tau, dtype=float))]
    used, design, response, dropped = _design(frame, outcome, terms)
    thin = min(taus + [1 - value for value in taus]) * used / design.shape[1]
    if thin < _THIN:
        return Result.not_assessable(
            name, f"{used} rows leave under {_THIN} observations beyond the quantile for each of "
            f"{design.shape[1]} coefficients", title=title)
    rows, doubts = [], [f"{dropped:,} rows with missing values are left out."] if dropped else []
    for value in taus:
        fitted, said = _fit(response, design, value)
        doubts += said
        rows += _rows(fitted, value, level)
    return _result(pd.DataFrame(rows), used, doubts, level, name, title, unit, outcome)


def _design(frame: pd.DataFrame, outcome: str, terms: Sequence[str] | str) -> tuple[int, Any, Any, int]:
    import patsy

    columns = [outcome] if isinstance(terms, str) else [outcome, *terms]
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise InputError(f"no column {absent[0]!r}", where="frame", choices=frame.columns, found=absent[0])
    if not pd.api.types.is_numeric_dtype(frame[outcome]):
        raise InputError(f"is {frame[outcome].dtype}, not numeric", where=outcome)
    right = terms if isinstance(terms, str) else " + ".join(f"Q({str(term)!r})" for term in terms) or "1"
    plain = frame.assign(**{column: frame[column].astype(object).where(frame[column].notna(), np.nan)
                            for column in frame.columns if not pd.api.types.is_numeric_dtype(frame[column])})
    response, design = patsy.dmatrices(f"Q({outcome!r}) ~ {right}", plain, return_type="dataframe")
    names = {column: _term(column) for column in design.columns}
    return len(response), design.rename(columns=names), response.iloc[:, 0], len(frame) - len(response)


def _term(patsy_name: str) -> str:
    """``Q('district')[T.0412]`` -> ``district: 0412``."""
    if patsy_name == "Intercept":
        return "const"
    head, bracket, level = patsy_name.partition("[T.")
    plain = head[3:-2] if head.startswith("Q(") and head.count("(") == 1 else head
    return f"{plain}: {level[:-1]}" if bracket else plain


def _fit(response: pd.Series, design: pd.DataFrame, tau: float) -> tuple[Any, list[str]]:
    from statsmodels.regression.quantile_regression import QuantReg

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        fitted = QuantReg(response, design).fit(
            q=tau, vcov="robust", kernel="epa", bandwidth="hsheather", max_iter=5000)
    said = sorted({str(item.message) for item in seen if "convergence" in str(item.message).lower()})
    return fitted, [f"Quantile {tau:g}: {text.rstrip('.')}." for text in said]


def _rows(fitted: Any, tau: float, level: float) -> list[dict[str, Any]]:
    interval = fitted.conf_int(alpha=1 - level)
    return [{"tau": tau, "term": term, "estimate": fitted.params[term], "se": fitted.bse[term],
             "low": interval.loc[term, 0], "high": interval.loc[term, 1], "p": fitted.pvalues[term]}
            for term in fitted.params.index]


def _result(table: pd.DataFrame, n: int, doubts: list[str], level: float, name: str, title: str, unit: str,
            outcome: str) -> Result:
    facts: dict[str, Any] = {"n": n}
    for tau, part in table.groupby("tau"):
        facts[f"{tau:g}"] = part.set_index("term")[["estimate", "se", "low", "high", "p"]].to_dict("index")
    slopes = table[table["term"] != "const"].assign(tau=lambda shown: shown["tau"].map("{:g}".format))
    told = [f"{row.term}, quantile {row.tau}: {row.estimate:.4g} ({row.low:.4g} to {row.high:.4g})"
            for row in slopes.head(4).itertuples()]
    shown = f"{outcome} ({unit})" if unit else outcome
    answer = f"Differences in {shown} with {level:.0%} intervals, n {n:,}: {'; '.join(told)}."
    return Result(
        name, table, title or f"What goes with {outcome}?", answer,
        "Quantile regression (Koenker and Bassett 1978), kernel sandwich covariance (Powell 1991).", doubts, facts,
        Chart("dots", "term", "estimate", "low", "high", by="tau", y_label=unit, alt=answer))
