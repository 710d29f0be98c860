"""The over-dispersed funnel: observed over expected events of each officer, against what officers commonly differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.counts import adjusted
from perflib.models.counts.arguments import Floats, positive, share
from perflib.models.peers import flag_rule, table
from perflib.models.peers.table import Comparison
from perflib.rates import poisson_limits

_LIMITS = {"limit_low": 0.025, "limit_high": 0.975, "limit_low_998": 0.001, "limit_high_998": 0.999}


def funnel(
    events: Any,
    expected: Any,
    *,
    uncertainty: Any = 0.0,
    times: float = 1.5,
    q: float = 0.10,
    minimum_expected: float = 5.0,
    minimum_peers: int = 5,
) -> Comparison:
    """Observed over expected events per officer, flagged when beyond the spread that officers commonly have.

    Parameters
    ----------
    events : whole numbers, one per officer; a Series names the officers in its index.
    expected : events expected of each at the peers' rate; 0 or missing is "no exposure". Where most officers lie at
        another multiple of it than 1, that centre is fitted, and officers are compared with it.
    uncertainty : squared coefficient of variation of each expected count, where that is an estimate itself.
    times : ``posterior`` is P(rate > ``times`` x the peers' rate).
    q : accepted share of false flags among flags, and so the chance of any flag when nobody differs.
    minimum_expected, minimum_peers : below these an officer is "not assessable".

    Returns
    -------
    Comparison with one row per officer: ``officer``, ``exposure`` (events expected), ``peers`` (others with exposure),
    ``estimate`` (observed over expected), ``low``/``high`` (Garwood limits of the count over expected: what its own
    count leaves open), ``posterior``, ``fdr`` (adjusted p), ``verdict``, ``reason``, ``events``,
    ``limit_low``/``limit_high`` and ``limit_low_998``/``limit_high_998`` (where 95 and 99.8 % of ordinary officers
    with this exposure lie, a different thing from Garwood's; missing below one event), ``z`` (plain Poisson z,
    Spiegelhalter's log scale).
    Facts: ``phi`` (mean squared z, extremes pulled in; 1 for pure chance), ``cv`` of ordinary officers' rates with
    ``cv_low``/``cv_high``, ``centre``, ``flags_fixed_z`` (what |z| > 1.96 would have flagged) and the common facts.

    Raises
    ------
    InputError : lengths that differ, negative or fractional events, negative expected.

    Source: Spiegelhalter 2005, Statistics in Medicine 24, Funnel plots for comparing institutional performance.
    """
    share(q, "q"), positive(times, "times")
    rows = table.arguments(events, expected)
    extra = np.nan_to_num(np.broadcast_to(np.asarray(uncertainty, float), (len(rows),)))
    if (extra < 0).any():
        raise InputError("a squared coefficient of variation is not negative", where="uncertainty")
    known = (rows["base"] > 0).to_numpy()
    if not known.any():
        return Comparison(reason="no officer has any exposure")
    seen, base = rows["events"].to_numpy(), rows["base"].where(known).to_numpy()
    fit = flag_rule.judge(seen[known], base[known], extra[known])
    mean, peers = base * fit.centre, np.where(known, known.sum() - 1, 0)
    reason = table.first_reason(
        (~known, "no exposure recorded"),
        (peers < minimum_peers, f"fewer than {minimum_peers} peers"),
        (~(mean >= minimum_expected), table.few_expected(minimum_expected)),
    )
    p, up, posterior = (np.full(len(rows), np.nan) for _ in range(3))
    p[known], up[known] = fit.p, fit.upper < fit.lower
    posterior[known] = flag_rule.exceeds(fit, seen[known], base[known], times)
    fdr = adjusted(np.where(reason == "", p, np.nan))
    low, high = poisson_limits(seen)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.log(np.maximum(seen, 0.5) / base) * np.sqrt(base)
    cv, cv_low, cv_high = fit.spread
    enough = np.where(mean >= 1, mean, np.nan)  # below one event limits only stretch the picture
    limits = prediction_limits(enough, cv**2 + extra)
    made = pd.DataFrame(
        {
            "officer": rows["officer"],
            "exposure": base,
            "peers": peers,
            "estimate": seen / base,
            "low": low / base,
            "high": high / base,
            "posterior": np.where(reason == "", posterior, np.nan),
            "fdr": fdr,
            "verdict": table.verdicts(fdr, up == 1, reason, q),
            "reason": reason,
            "events": seen,
            **{name: at * fit.centre for name, at in limits.items()},
            "z": z,
        }
    )
    facts = table.summary(made, q, p) | {
        "phi": overdispersion(z),
        "cv": cv,
        "cv_low": cv_low,
        "cv_high": cv_high,
        "centre": fit.centre,
        "times": times,
        "flags_fixed_z": int((np.abs(z) > 1.96).sum()),
    }
    return Comparison(made, facts)


def overdispersion(z: Floats, extremes: float = 0.10) -> float:
    """Mean square of z with the share ``extremes`` at each end pulled in to the next one (Spiegelhalter 2005)."""
    ordered = np.sort(z[np.isfinite(z)])
    cut = int(np.floor(extremes * len(ordered)))
    return float(np.mean(np.clip(ordered, ordered[cut], ordered[len(ordered) - 1 - cut]) ** 2))


def prediction_limits(expected: Floats, spread: Floats | float = 0.0) -> dict[str, Floats]:
    """Where 95 and 99.8 % of ratios to ``expected`` lie: interpolated quantiles of the (over-dispersed) count.

    ``spread`` is the squared coefficient of variation of rates; 0 for the Poisson. Source: Spiegelhalter 2005,
    appendix A.1.1.
    """
    from scipy.stats import nbinom, poisson

    mean, width = np.broadcast_arrays(np.asarray(expected, float), np.asarray(spread, float))
    known = np.isfinite(mean) & (mean > 0)
    safe, size = np.where(known, mean, 1.0), 1 / np.maximum(width, 1e-9)
    laws, wide = (nbinom(size, size / (size + safe)), poisson(safe)), width > 1e-9
    limits = {}
    for name, level in _LIMITS.items():
        at = np.where(wide, *(law.ppf(level) for law in laws))
        here, before = (np.where(wide, *(law.cdf(count) for law in laws)) for count in (at, at - 1))
        inside = np.maximum(at - (here - level) / np.maximum(here - before, 1e-300), 0.0)
        limits[name] = np.where(known, inside, np.nan) / mean
    return limits
