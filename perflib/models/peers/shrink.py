"""Rates drawn towards the peers' rate as far as each officer's own exposure leaves them open, with rank intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.counts import adjusted
from perflib.models.counts.arguments import Floats, positive, share
from perflib.models.peers import flag_rule, table
from perflib.models.peers.table import Comparison

DRAWS = 1000


def shrink(
    events: Any,
    exposure: Any,
    group: Any = None,
    *,
    prior: tuple[float, float] | None = None,
    threshold: float | None = None,
    times: float = 1.5,
    q: float = 0.10,
    minimum_expected: float = 5.0,
    minimum_peers: int = 5,
    coverage: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Each officer's rate of events per exposure, shrunken towards the rate of peers.

    Parameters
    ----------
    events : whole numbers, one per officer; a Series names the officers in its index.
    exposure : hours, calls, stops ... of each; 0 or missing is "no exposure".
    group : peer group of each officer (unit, district ...); groups are fitted apart.
    prior : (shape, rate) of a gamma that peers' rates are known to follow; then nothing is fitted or drawn.
    threshold : ``posterior`` is P(rate > threshold); default ``times`` x the rate of the officer's peer group.
    q, minimum_expected, minimum_peers : as in ``funnel``.
    coverage : of the intervals of rates and ranks.
    seed : of the 1,000 draws behind estimates and ranks; the verdict does not depend on them, and the order of rows
        changes neither.

    Returns
    -------
    Comparison with one row per officer: ``officer``, ``exposure``, ``peers``, ``estimate`` (posterior mean rate),
    ``low``, ``high``, ``posterior``, ``fdr``, ``verdict``, ``reason``, ``events``, ``rate`` (raw) and, where the prior
    is fitted, ``rank``, ``rank_low``, ``rank_high`` (1 is the highest rate among all with exposure). Facts: ``centre``
    (peers' rate), ``rank_width`` (median width of rank intervals) and the common facts.

    Raises
    ------
    InputError : lengths that differ, negative or fractional events, negative exposure, a prior that is not positive.

    Source: Gelman et al. 2013, Bayesian Data Analysis, sections 2.6 and 5.
    """
    share(q, "q"), share(coverage, "coverage"), positive(times, "times")
    rows = table.arguments(events, exposure)
    rows["group"] = "" if group is None else np.asarray(group, dtype=object)
    rows["known"] = rows["base"] > 0
    if not rows["known"].any():
        return Comparison(reason="no officer has any exposure")
    limit = None if threshold is None else positive(threshold, "threshold")
    rows = rows.sort_values(["group", "events", "base", "officer"], kind="stable", key=lambda column: column.map(str))
    if prior is not None:
        made, sample = _conjugate(rows, prior, limit, times, coverage), None
        minimum_peers = 0
    else:
        made, sample = _fitted(rows, limit, times, coverage, np.random.default_rng(seed))
    made = pd.concat([rows, made], axis=1)
    made["peers"] = made.groupby("group")["known"].transform("sum") - made["known"]
    made["reason"] = table.first_reason(
        (~made["known"], "no exposure recorded"),
        (made["peers"] < minimum_peers, f"fewer than {minimum_peers} peers"),
        (
            ~(made["expected"] >= minimum_expected),
            f"fewer than {minimum_expected:g} events expected at the peers' rate",
        ),
    )
    assessed = made["reason"] == ""
    made["fdr"] = adjusted(made["p"].where(assessed).to_numpy())
    made["verdict"] = table.verdicts(made["fdr"].to_numpy(), made["up"] == 1, made["reason"].to_numpy(), q)
    made["posterior"] = made["posterior"].where(assessed)
    made["rate"] = made["events"] / made["base"].where(made["known"])
    made = made.sort_index().rename(columns={"base": "exposure"})
    facts = table.summary(made, q, made["p"].to_numpy())
    facts["centre"] = float(np.average(made["centre"][made["known"]], weights=made["exposure"][made["known"]]))
    columns = [*table.COLUMNS, "events", "rate"]
    if sample is not None:
        facts["rank_width"] = float((made["rank_high"] - made["rank_low"]).median())
        columns += ["rank", "rank_low", "rank_high"]
    return Comparison(made[columns], facts)


def _conjugate(
    rows: pd.DataFrame, prior: tuple[float, float], limit: float | None, times: float, coverage: float
) -> pd.DataFrame:
    """The posterior under a gamma prior that is known beforehand."""
    from scipy.stats import gamma, nbinom

    try:
        shape, rate = (positive(float(part), "prior") for part in prior)
    except (TypeError, ValueError):
        raise InputError(f"{prior!r} is not (shape, rate), both positive", where="prior") from None
    events, base = rows["events"], rows["base"].where(rows["known"], 0.0)
    after = gamma(shape + events, scale=1 / (rate + base))
    chance = rate / (rate + np.maximum(base, 1e-12))
    upper, lower = nbinom.sf(events - 1, shape, chance), nbinom.cdf(events, shape, chance)
    low, high = after.ppf((1 - coverage) / 2), after.ppf((1 + coverage) / 2)
    return pd.DataFrame(
        {
            "estimate": after.mean(),
            "low": low,
            "high": high,
            "posterior": after.sf(times * shape / rate if limit is None else limit),
            "p": np.minimum(1.0, 2 * np.minimum(upper, lower)),
            "up": upper < lower,
            "expected": base * shape / rate,
            "centre": shape / rate,
        },
        index=rows.index,
    )


def _fitted(
    rows: pd.DataFrame, limit: float | None, times: float, coverage: float, rng: np.random.Generator
) -> tuple[pd.DataFrame, Floats]:
    """Each peer group fitted by the flag rule; rates and ranks by draws from its posterior."""
    parts, samples = [], []
    for _, part in rows[rows["known"]].groupby("group", sort=False):
        events, base = part["events"].to_numpy(), part["base"].to_numpy()
        fit = flag_rule.judge(events, base)
        sample = draws(fit, events, base, DRAWS, rng)
        above = sample > (times * fit.centre if limit is None else limit)
        numbers = {"posterior": above.mean(axis=0), "p": fit.p, "up": fit.upper < fit.lower, "centre": fit.centre}
        parts.append(pd.DataFrame({**numbers, "expected": base * fit.centre}, index=part.index))
        samples.append(sample)
    sample = np.hstack(samples)
    tails = [(1 - coverage) / 2, (1 + coverage) / 2]
    rank = sample.shape[1] - np.argsort(np.argsort(sample, axis=1), axis=1)
    low, high = np.quantile(sample, tails, axis=0)
    first, last = np.quantile(rank, tails, axis=0, method="closest_observation")
    numbers = {"estimate": sample.mean(axis=0), "low": low, "high": high}
    ranks = {"rank": np.median(rank, axis=0), "rank_low": first, "rank_high": last}
    made = pd.concat(parts)
    return made.assign(**numbers, **ranks).reindex(rows.index), sample


def draws(fit: flag_rule.Fit, events: Floats, exposure: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Rates (``size``, officers) from the posterior of a fit; all officers of one draw share centre, spread and share.

    Ordinary officers are gamma around the centre, the few around a multiple of it.
    """
    multiples, shares = flag_rule.mixture()
    at = np.unravel_index(rng.choice(fit.weight.size, size, p=fit.weight.ravel()), fit.weight.shape)
    rates = np.empty((size, len(events)))
    for number, (s, c, d) in enumerate(zip(*at, strict=True)):
        spread, mean = max(fit.cv[s] ** 2, 1e-8), fit.centres[s, c] * multiples
        log = flag_rule.log_chance(events, exposure, mean, spread)
        chance = np.cumsum(np.exp(log - log.max(axis=1, keepdims=True)) * shares[d], axis=1)
        pick = (rng.random(len(events))[:, None] * chance[:, -1:] > chance).sum(axis=1)
        rates[number] = rng.gamma(1 / spread + events) / (1 / (spread * mean[pick]) + exposure)
    return rates
