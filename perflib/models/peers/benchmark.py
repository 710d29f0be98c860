"""The internal benchmark: each officer's events against other officers' events of the same kind, place and time."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from perflib.models.counts import adjusted
from perflib.models.counts.arguments import Floats, positive, share
from perflib.models.peers import design as designs
from perflib.models.peers import flag_rule, table
from perflib.models.peers.table import COLUMNS, Comparison

_LEAST = 50  # z-values below which no density can be estimated
_ORDER = [*COLUMNS, "events", "rate", "benchmark", "effective", "imbalance", "log_odds", "error", "z", "fdr_z"]


def internal_benchmark(
    frame: pd.DataFrame,
    officer: str,
    outcome: str,
    features: Sequence[str],
    *,
    times: float = 1.5,
    q: float = 0.10,
    minimum_events: int = 50,
    minimum_expected: float = 5.0,
    minimum_effective: float = 50.0,
    most_imbalance: float = 0.05,
    bins: int = 10,
    ridge: float = 1e-3,
    coverage: float = 0.95,
) -> Comparison:
    """Each officer's share of events with the outcome, against other officers' events weighted to the same features.

    For one officer after another: a logistic regression tells the officer's events from all others' by the features;
    every other event is weighted by its odds, so that the weighted events look like the officer's; a weighted logistic
    regression of the outcome on being the officer and the features gives the contrast. It is right when either
    regression is. Rows with the same levels are first added up to cells, which changes neither fit.

    Parameters
    ----------
    frame : one row per event (stop, arrest ...); ``outcome`` is true/false or 0/1.
    features : columns of place, time and kind of event, never of the officer's person. Text is taken as it is; numbers
        of more than ``2 * bins`` values are cut into ``bins`` quantile classes; missing is a
        level of its own.
    times : ``posterior`` is P(rate > ``times`` x benchmark).
    minimum_events, minimum_expected, minimum_effective, most_imbalance : below so many own events, expected outcomes
        (or expected events without it), or effective weighted events, or above so large a difference in any level's
        share after weighting, an officer is "not assessable".
    ridge : pull of the coefficients towards 0, as if from ``ridge`` events; keeps them finite.

    Returns
    -------
    Comparison with one row per officer: ``officer``, ``exposure`` (events), ``peers`` (other officers), ``estimate``
    (own rate over benchmark rate), ``low``, ``high``, ``posterior``, ``fdr``, ``verdict``, ``reason``, ``events``
    (with the outcome), ``rate``, ``benchmark``, ``effective`` (sample size of the weighted events), ``imbalance``
    (largest difference in a level's share), ``log_odds``, ``error`` (sandwich), ``z``, ``fdr_z`` (Benjamini-Hochberg
    of z against N(0, 1): "differs at all"), ``local_fdr`` (empirical null: "unlike most"; a description, never a rule).
    Facts: ``cv`` of ordinary officers' ratios, ``cells``, ``flags_theoretical``, ``flags_local``, ``null_mean``,
    ``null_sd``, ``median_effective``, ``worst_imbalance``, ``binned`` (features cut into classes) and the common facts.

    Not assessable where no officer's events can be matched with others'.
    Source: Ridgeway and MacDonald 2009, Journal of the American Statistical Association 104.

    Raises
    ------
    InputError : missing columns, an outcome that is not 0/1, no feature.
    PrivacyError : a protected personal field among the features.
    """
    share(q, "q"), share(coverage, "coverage"), positive(times, "times")
    design = designs.build(frame, officer, outcome, features, bins)
    rows = _rows(design, ridge, coverage)
    rarer = rows["exposure"] * np.minimum(rows["benchmark"], 1 - rows["benchmark"])
    rows["reason"] = table.first_reason(
        (rows["exposure"] < minimum_events, f"fewer than {minimum_events:g} events"),
        (rows["benchmark"].isna() | rows["z"].isna(), "no comparable events of others"),
        (
            rows["imbalance"] > most_imbalance,
            f"others' events cannot be made alike (a share differs by more than {most_imbalance:g})",
        ),
        (rows["effective"] < minimum_effective, f"effective sample size of others below {minimum_effective:g}"),
        (~(rarer >= minimum_expected), f"fewer than {minimum_expected:g} events expected with the outcome, or without"),
    )
    if not rows["benchmark"].between(0, 1, inclusive="neither").any():
        return Comparison(reason="no officer's events can be matched with others'")
    rows, facts = _judged(rows, times, q)
    facts |= {
        "events": int(rows["exposure"].sum()),
        "cells": len(design.total),
        "binned": list(design.binned),
        "times": times,
    }
    return Comparison(rows[[*_ORDER, "local_fdr"]], facts)


def _rows(design: designs.Design, ridge: float, coverage: float) -> pd.DataFrame:
    from scipy.special import ndtri

    log_odds, error, rate, benchmark, effective, imbalance = designs.solve(design, ridge).T
    n, yes = design.counts
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, doubt = rate / benchmark, (1 - benchmark) / (benchmark * effective)
        wide = np.exp(ndtri((1 + coverage) / 2) * np.sqrt((1 - rate) / yes + doubt))
        z = np.where(
            (yes > 0) & (yes < n),
            log_odds / error,
            (rate - benchmark) / np.sqrt(benchmark * (1 - benchmark) * (1 / n + 1 / effective)),
        )
        high = np.where(yes > 0, ratio * wide, -np.log((1 - coverage) / 2) / (n * benchmark))
    return pd.DataFrame(
        {
            "officer": design.officers,
            "exposure": n,
            "peers": len(n) - 1,
            "estimate": ratio,
            "low": np.where(yes > 0, ratio / wide, 0.0),
            "high": high,
            "events": yes,
            "rate": rate,
            "benchmark": benchmark,
            "effective": effective,
            "imbalance": imbalance,
            "log_odds": log_odds,
            "error": error,
            "z": z,
            "doubt": doubt,
        }
    )


def _judged(rows: pd.DataFrame, times: float, q: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The common rule on counts scaled so that a share varies like a Poisson count; verdicts and facts."""
    able = (rows["reason"] == "").to_numpy()
    rows = rows.assign(fdr=np.nan, posterior=np.nan, fdr_z=np.nan, local_fdr=np.nan, p=np.nan)
    up, spread, null = np.zeros(len(rows), bool), (np.nan, np.nan, np.nan), (np.nan, np.nan)
    if able.any():
        used = rows[able]
        base, n, seen = (used[name].to_numpy() for name in ("benchmark", "exposure", "events"))
        flip = base > 0.5
        rare = np.where(flip, 1 - base, base)
        count, expected = np.where(flip, n - seen, seen) / (1 - rare), n * rare / (1 - rare)
        fit = flag_rule.judge(count, expected, used["doubt"].to_numpy(), whole=False)
        rows.loc[able, "p"], spread = fit.p, fit.spread
        rows.loc[able, "posterior"] = np.where(flip, np.nan, flag_rule.exceeds(fit, count, expected, times))
        up[able] = (fit.upper < fit.lower) != flip
        rows.loc[able, "fdr_z"], rows.loc[able, "local_fdr"], null = _differs_at_all(used["z"].to_numpy())
    rows["fdr"] = adjusted(rows["p"].to_numpy())
    rows["verdict"] = table.verdicts(rows["fdr"].to_numpy(), up, rows["reason"].to_numpy(), q)
    used = rows[able]
    return rows, table.summary(rows, q, rows["p"].to_numpy()) | {
        **dict(zip(("cv", "cv_low", "cv_high"), spread, strict=True)),
        "null_mean": null[0],
        "null_sd": null[1],
        "flags_theoretical": int((used["fdr_z"] <= q).sum()),
        "flags_local": int((used["local_fdr"] < 0.2).sum()),
        "flags_fixed_z": int((used["z"].abs() > 1.96).sum()),
        "median_effective": float(used["effective"].median()),
        "worst_imbalance": float(used["imbalance"].max()),
    }


def _differs_at_all(z: Floats) -> tuple[Any, Any, tuple[float, float]]:
    """Adjusted p of each z against N(0, 1); its local FDR, mean and sd of the empirical null (missing for few z).

    Source: Efron 2008, Statistical Science 23 (statsmodels' implementation).
    """
    from scipy.special import ndtr
    from statsmodels.stats.multitest import NullDistribution, local_fdr

    fdr = adjusted(2 * ndtr(-np.abs(z)))
    if len(z) < _LEAST or not np.isfinite(z).all() or (np.abs(z) < 1).sum() < _LEAST // 2:
        return fdr, np.nan, (np.nan, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numerical noise of its optimiser; the figures are a description only
        null = NullDistribution(z)
        local = local_fdr(z, null_pdf=null.pdf)
    return fdr, np.clip(local, 0.0, 1.0), (float(null.mean), float(null.sd))
