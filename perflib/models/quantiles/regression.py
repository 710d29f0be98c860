"""Quantile regression: a difference of medians or percentiles, adjusted for what else differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from perflib.models.quantiles import interior
from perflib.models.quantiles.design import Design, of_terms
from perflib.models.quantiles.sandwich import covariance
from perflib.rates import inside
from perflib.result import Result

_THIN = 10


def quantile_regression(
    frame: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    tau: float | Sequence[float] = 0.5,
    *,
    level: float = 0.95,
    name: str = "quantile_regression",
) -> Result:
    """Linear regression of the ``tau``-quantiles of ``outcome`` on ``terms``.

    Parameters
    ----------
    frame : one row per observation; rows with a missing outcome or term are left out and counted in a caveat.
    outcome : numeric column.
    terms : column names (texts and categories become contrasts with their first level; a category's own order
        counts).
    tau : one or several levels in (0, 1).
    level : coverage of the intervals.

    Returns a Result with columns ``tau``, ``term`` ("const" for the intercept), ``estimate``, ``se``, ``low``,
    ``high``, ``p``; facts by tau as text: {term: {estimate, se, low, high, p}}, and ``n``. Standard errors: kernel
    sandwich covariance (Epanechnikov, Hall and Sheather bandwidth), valid when the spread depends on the terms.
    Not assessable when a quantile would rest on fewer than 10 observations per coefficient, or when the residuals do
    not spread. The fit is exact (an interior-point method, then the corner of the linear programme), not iterated to
    a tolerance.

    Raises InputError when a column is absent or not numeric.
    Sources: Koenker and Bassett 1978, Econometrica 46; Portnoy and Koenker 1997, Statistical Science 12; Powell 1991;
    Hall and Sheather 1988, JRSS B 50.
    """
    taus = [inside(float(value), "tau") for value in np.atleast_1d(np.asarray(tau, dtype=float))]
    design = of_terms(frame, outcome, terms)
    used, size = design.matrix.shape
    thin = min(taus + [1 - value for value in taus]) * used / size
    if thin < _THIN:
        few = f"{used} rows leave under {_THIN} observations beyond the quantile for each of {size} coefficients"
        return Result.not_assessable(name, few)
    rows: list[dict[str, Any]] = []
    caveats = [f"{design.dropped:,} rows with missing values are left out."] if design.dropped else []
    for value in taus:
        fitted, notes = _fit(design, value, level)
        rows, caveats = rows + fitted, caveats + notes
    if not all(np.isfinite(row["se"]) for row in rows):
        return Result.not_assessable(name, "too many values are equal: their spread around the fit is zero")
    table = pd.DataFrame(rows)
    facts: dict[str, Any] = {"n": used}
    for quantile, part in table.groupby("tau"):
        facts[f"{quantile:g}"] = part.set_index("term")[["estimate", "se", "low", "high", "p"]].to_dict("index")
    method = "Quantile regression (Koenker and Bassett 1978), kernel sandwich covariance (Powell 1991)."
    return Result(name, table, method=method, caveats=caveats, facts=facts)


def _fit(design: Design, tau: float, level: float) -> tuple[list[dict[str, Any]], list[str]]:
    """One row per coefficient, and caveats on them."""
    from scipy.special import stdtr, stdtrit

    columns = np.linalg.matrix_rank(design.matrix)
    estimate, closed = interior.fit(design.matrix, design.outcome, tau)
    variance = np.diag(covariance(design.matrix, design.outcome, estimate, tau))
    se, free = np.sqrt(variance), len(design.outcome) - columns
    half, p = stdtrit(free, (1 + level) / 2) * se, 2 * stdtr(free, -np.abs(estimate / se))
    caveats = [] if closed else [f"Quantile {tau:g}: the search ended before the exact fit."]
    if columns < len(design.names):
        caveats.append(f"Quantile {tau:g}: some terms repeat one another; their coefficients cannot be told apart.")
    return [
        {
            "tau": tau,
            "term": term,
            "estimate": estimate[place],
            "se": se[place],
            "low": estimate[place] - half[place],
            "high": estimate[place] + half[place],
            "p": p[place],
        }
        for place, term in enumerate(design.names)
    ], caveats
