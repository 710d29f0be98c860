"""The over-dispersed funnel: observed over expected events of each officer, against what officers commonly differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.errors import InputError
from perflib.figures import Chart
from perflib.models.counts.asked import Floats, positive, share
from perflib.models.peers import rule, table
from perflib.rates import poisson_limits
from perflib.result import Result

TITLE = "Whose count differs from what their work leads one to expect?"
METHOD = (
    "Observed over expected (Spiegelhalter 2005): limits from the Poisson, widened by differences that officers "
    "commonly have (negative binomial, robust to a few who differ a lot); each officer held against the others; "
    "Benjamini-Hochberg at the stated q."
)


def funnel(
    events: Any,
    expected: Any,
    *,
    group: Any = None,
    uncertainty: Any = None,
    times: float = 1.5,
    q: float = 0.10,
    extremes: float = 0.10,
    minimum_expected: float = 5.0,
    minimum_peers: int = 5,
    coverage: float = 0.95,
    name: str = "funnel",
) -> Result:
    """Observed over expected events per officer, flagged when beyond the spread that officers commonly have.

    Parameters
    ----------
    events : whole numbers, one per officer; a Series names the officers in its index.
    expected : events expected of each at the peers' rate; 0 or missing is "no exposure". Where most officers lie at
        another multiple of it than 1, that centre is fitted, and officers are held against it.
    group : peer group of each officer: groups may have different centres, the spread is shared.
    uncertainty : squared coefficient of variation of each expected count, where that is an estimate itself.
    times : ``posterior`` is P(rate > ``times`` x the peers' rate).
    q : accepted share of false flags among flags, and so the chance of any flag when nobody differs.
    extremes : share of z-scores pulled in at each end before ``phi`` is taken.
    minimum_expected, minimum_peers : below these an officer is "not assessable".

    Returns
    -------
    Result with one row per officer: ``officer``, ``exposure`` (events expected), ``peers`` (others
    in the group), ``estimate`` (observed over expected), ``low``/``high`` (Garwood limits of the count over expected:
    what its own count leaves open), ``posterior``, ``fdr`` (adjusted p), ``verdict``, ``reason``, ``events``,
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
    share(q, "q"), share(coverage, "coverage"), positive(times, "times")
    rows = table.given(events, expected, group, "expected")
    known = (rows["base"] > 0).to_numpy()
    doubts = _uncertain(uncertainty, len(rows))
    if not known.any():
        return Result.not_assessable(name, "no officer has any exposure", title=TITLE, method=METHOD)
    used = rows[known]
    group_used = pd.factorize(used["group"], sort=True)[0].astype(np.int64)
    found = rule.judge(used["events"].to_numpy(), used["base"].to_numpy(), doubts[known], group_used)
    given, centre = np.where(known, rows["base"], np.nan), np.full(len(rows), np.nan)
    centre[known] = found.centre
    size = used.groupby("group")["officer"].transform("size")
    peers = size.reindex(rows.index).fillna(1).to_numpy(np.int64) - 1
    reason = table.why_not(np.nan_to_num(given), given * centre, peers, minimum_expected, minimum_peers)
    frame = _frame(rows, given, peers, reason, coverage)
    p, up, posterior = (np.full(len(rows), np.nan) for _ in range(3))
    p[known], up[known], posterior[known] = (
        found.p,
        found.upper < found.lower,
        rule.exceeds(found, used["events"].to_numpy(), used["base"].to_numpy(), times),
    )
    open_to = reason == ""
    fdr = rule.false_discovery(p, open_to)
    cv, cv_low, cv_high = found.spread
    enough = np.where(given * centre >= 1, given * centre, np.nan)  # below one event limits only stretch the picture
    limits = {word: at * centre for word, at in prediction_limits(enough, cv**2 + doubts).items()}
    frame = frame.assign(
        posterior=np.where(open_to, posterior, np.nan),
        fdr=fdr,
        **limits,
        verdict=table.verdicts(fdr, up == 1, reason, q),
    )
    facts = table.counted(frame, q, p) | {
        "phi": overdispersion(frame["z"].to_numpy()[known], extremes),
        "cv": cv,
        "cv_low": cv_low,
        "cv_high": cv_high,
        "centre": float(np.average(found.centre, weights=used["base"])),
        "times": times,
        "flags_fixed_z": int((frame["z"].abs() > 1.96).sum()),
    }
    more = ("events", "limit_low", "limit_high", "limit_low_998", "limit_high_998", "z")
    return _result(table.ordered(frame, more), facts, times, name)


def _uncertain(uncertainty: Any, size: int) -> Floats:
    if uncertainty is None:
        return np.zeros(size)
    found = np.nan_to_num(np.broadcast_to(np.asarray(uncertainty, float), (size,)))
    if (found < 0).any():
        raise InputError("a squared coefficient of variation is not negative", where="uncertainty")
    return np.asarray(found)


def _frame(
    rows: pd.DataFrame, given: Floats, peers: NDArray[np.int64], reason: NDArray[Any], coverage: float
) -> pd.DataFrame:
    low, high = poisson_limits(rows["events"].to_numpy(), coverage)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.log(np.maximum(rows["events"], 0.5) / given) * np.sqrt(given)
        return pd.DataFrame(
            {
                "officer": rows["officer"],
                "exposure": given,
                "peers": peers,
                "estimate": rows["events"] / given,
                "low": low / given,
                "high": high / given,
                "reason": reason,
                "events": rows["events"],
                "z": z,
            }
        )


def overdispersion(z: Floats, extremes: float = 0.10) -> float:
    """Mean square of z with the share ``extremes`` at each end pulled in to the next one (Spiegelhalter 2005)."""
    found = np.sort(z[np.isfinite(z)])
    cut = int(np.floor(extremes * len(found)))
    if cut:
        found = np.clip(found, found[cut], found[-cut - 1])
    return float(np.mean(found**2))


def prediction_limits(expected: Floats, spread: Floats | float = 0.0) -> dict[str, Floats]:
    """Where 95 and 99.8 % of ratios to ``expected`` lie: interpolated quantiles of the (over-dispersed) count.

    ``spread`` is the squared coefficient of variation of rates; 0 for the Poisson. Source: Spiegelhalter 2005,
    appendix A.1.1.
    """
    levels = {"limit_low": 0.025, "limit_high": 0.975, "limit_low_998": 0.001, "limit_high_998": 0.999}
    mean, width = np.broadcast_arrays(np.asarray(expected, float), np.asarray(spread, float))
    return {word: _quantile(level, mean, width) / mean for word, level in levels.items()}


def _quantile(level: float, mean: Floats, spread: Floats) -> Floats:
    from scipy.stats import nbinom, poisson

    size = 1 / np.maximum(spread, 1e-9)
    wide = spread > 1e-9
    known = np.isfinite(mean) & (mean > 0)
    safe = np.where(known, mean, 1.0)

    def chance(at: Floats) -> Floats:
        return np.where(wide, nbinom.cdf(at, size, size / (size + safe)), poisson.cdf(at, safe))

    at = np.where(wide, nbinom.ppf(level, size, size / (size + safe)), poisson.ppf(level, safe))
    here, before = chance(at), chance(at - 1)
    return np.where(known, np.maximum(at - (here - level) / np.maximum(here - before, 1e-300), 0.0), np.nan)


def _result(frame: pd.DataFrame, facts: dict[str, Any], times: float, name: str) -> Result:
    answer = table.told(facts, "events for their exposure")
    answer += (
        f" Ordinary officers' rates vary by {facts['cv']:.0%} of their mean ({facts['cv_low']:.0%} to "
        f"{facts['cv_high']:.0%}); a fixed |z| > 1.96 would have flagged {facts['flags_fixed_z']}."
    )
    flagged = frame.assign(flagged=frame["verdict"].isin(["higher", "lower"]))
    marks = {
        "centre": facts["centre"],
        "lower": "limit_low",
        "upper": "limit_high",
        "lower_998": "limit_low_998",
        "upper_998": "limit_high_998",
        "highlight": "flagged",
        "name": "officer" if facts["flags"] <= 12 else None,
        "limits": "of ordinary officers",
    }
    chart = Chart(
        "funnel",
        "exposure",
        "estimate",
        x_label="Events expected",
        y_label="Observed / expected",
        alt=answer,
        marks=marks,
    )
    labels = table.LABELS | {
        "exposure": "Events expected",
        "estimate": "Observed / expected",
        "posterior": f"P(rate > {times:g} x peers)",
        "limit_low": "Ordinary officers, 95 % low",
        "limit_high": "Ordinary officers, 95 % high",
        "limit_low_998": "Ordinary officers, 99.8 % low",
        "limit_high_998": "Ordinary officers, 99.8 % high",
        "z": "z if only chance",
        "flagged": "Flagged",
    }
    return Result(name, flagged, TITLE, answer, METHOD, (*table.CAVEATS, *table.honest(facts)), facts, chart, labels)
