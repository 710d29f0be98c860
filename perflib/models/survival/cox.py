"""Cox's proportional-hazards model, with its assumption tested term by term."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from perflib.models.survival.hazard import as_ratios, columns_of, design_of, few
from perflib.result import Result


def cox(
    frame: pd.DataFrame,
    time: str,
    event: str,
    terms: Sequence[str],
    *,
    level: float = 0.95,
    cause: int = 1,
    name: str = "cox",
) -> Result:
    """Hazard ratios of ``terms`` by Cox regression of the time to ``event == cause``; other ends are withdrawals.

    Many equal times (cases cleared on the day they are reported) make Efron's treatment slow and biased towards 1;
    ``hazard_ratios`` groups the times instead.

    Returns
    -------
    Result with a row per coefficient: ``term``, ``value``, ``reference``, ``coefficient``, ``se``, ``ratio``, ``low``,
    ``high``, ``p``, ``p_proportional`` (small: the ratio changes with time). Facts by coefficient, and ``loglik``,
    ``n``, ``events``, ``survival``: the Breslow estimate at the mean of the terms, by time, for up to 60 times.

    Raises
    ------
    InputError : a column is absent.

    Source: Cox 1972, JRSS B 34; Efron 1977, JASA 72; proportionality on Schoenfeld residuals against the rank of time.
    """
    from statsmodels.duration.hazard_regression import PHReg

    complete = columns_of(frame, [time, event, *terms], None)
    rows = complete.assign(at_risk=1.0)
    design, about = design_of(rows, terms)
    status = (complete[event].to_numpy() == cause).astype(int)
    if status.sum() < 10 * max(1, design.shape[1]):
        return Result.not_assessable(name, few(status.sum(), design.shape[1]))
    moments, exog = complete[time].to_numpy(float), design.to_numpy(float)
    fitted = PHReg(moments, exog, status=status, ties="efron").fit()
    facts = {
        "n": float(len(complete)),
        "events": float(status.sum()),
        "loglik": float(fitted.llf),
        "survival": _survival(moments, status, exog, fitted.params),
    }
    ratios = as_ratios(about, fitted.params, fitted.bse, level, name, facts)
    return replace(ratios, table=ratios.table.assign(p_proportional=_proportional(fitted, moments, status)))


def _proportional(fitted: Any, time: Any, status: Any) -> list[float]:
    """Per term the p-value of no correlation between scaled residuals and the rank of time."""
    from scipy.stats import pearsonr, rankdata

    ended = status == 1
    scaled = fitted.schoenfeld_residuals[ended] @ np.atleast_2d(fitted.cov_params())
    ranks = rankdata(time[ended])
    return [float(pearsonr(ranks, column).pvalue) for column in scaled.T]


def _survival(time: Any, status: Any, exog: Any, beta: Any, most: int = 60) -> dict[str, float]:
    """Breslow's survival at the mean of the terms."""
    weight = np.exp((exog - exog.mean(axis=0)) @ beta)
    moments = np.unique(time[status == 1])
    risk = np.array([weight[time >= at].sum() for at in moments])
    deaths = np.array([((time == at) & (status == 1)).sum() for at in moments])
    curve = np.exp(-np.cumsum(deaths / risk))
    keep = np.unique(np.linspace(0, len(moments) - 1, min(most, len(moments))).round().astype(int))
    return {f"{moments[i]:g}": float(curve[i]) for i in keep}
