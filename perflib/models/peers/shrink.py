"""Rates drawn towards the peers' rate as far as each officer's own exposure leaves them open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.errors import InputError
from perflib.models.counts.asked import Floats, positive, share
from perflib.models.estimates_chart import drawn
from perflib.models.peers import draws, rule, table
from perflib.result import Result

TITLE = "What is each officer's rate, allowing for how little each one's own record tells?"
METHOD = (
    "Gamma-Poisson empirical Bayes with the uncertainty of its own spread and centre, robust to a few officers far "
    "from the rest; a centre per peer group drawn towards all (multilevel); Benjamini-Hochberg at the stated q."
)


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
    name: str = "shrink",
) -> Result:
    """Each officer's rate of events per exposure, shrunken towards the rate of peers, with rank intervals.

    Parameters
    ----------
    events : whole numbers, one per officer; a Series names the officers in its index.
    exposure : hours, calls, stops ... of each; 0 or missing is "no exposure".
    group : peer group of each officer (unit, district ...): groups have centres of their own, themselves shrunken.
    prior : (shape, rate) of a gamma that peers' rates are known to follow; then nothing is fitted.
    threshold : ``posterior`` is P(rate > threshold); default ``times`` x the rate of the officer's peer group.
    q, minimum_expected, minimum_peers, coverage : as in ``funnel``.
    seed : of the 400 to 2,000 draws behind estimates and ranks; the verdict does not depend on them.

    Returns
    -------
    Result with one row per officer: ``officer``, ``exposure``, ``peers``, ``estimate`` (posterior mean rate), ``low``,
    ``high``, ``posterior``, ``fdr``, ``verdict``, ``reason``, ``events``, ``rate`` (raw), ``rank``, ``rank_low``,
    ``rank_high`` (1 is the highest rate; among all with exposure). Facts: ``cv`` with limits, ``centre`` (peers' rate),
    ``rank_width`` (median width of rank intervals) and the common facts.

    Raises
    ------
    InputError : lengths that differ, negative or fractional events, negative exposure.

    Source: Gelman et al. 2013, Bayesian Data Analysis, sections 2.6 and 5.
    """
    share(q, "q"), share(coverage, "coverage"), positive(times, "times")
    rows = table.given(events, exposure, group, "exposure")
    known = (rows["base"] > 0).to_numpy()
    if not known.any():
        return Result.not_assessable(name, "no officer has any exposure", title=TITLE, method=METHOD)
    used = rows[known]
    if prior is not None:
        return _known_prior(rows, known, prior, threshold, times, coverage, q, minimum_expected, name)
    member = pd.factorize(used["group"], sort=True)[0].astype(np.int64)
    seen, size = used["events"].to_numpy(), used["base"].to_numpy()
    found = rule.judge(seen, size, None, member)
    sample = draws.rates(found, seen, size, seed)
    limit = found.centre * times if threshold is None else np.full(len(used), positive(threshold, "threshold"))
    frame = pd.DataFrame({"officer": rows["officer"], "exposure": rows["base"], "events": rows["events"]})
    more = pd.DataFrame(
        {
            "rate": seen / size,
            "posterior": (sample > limit).mean(axis=0),
            **draws.told(sample, coverage),
            "p": found.p,
            "up": found.upper < found.lower,
            "expected": size * found.centre,
            "peers": used.groupby("group")["officer"].transform("size").to_numpy() - 1,
        },
        index=used.index,
    )
    frame = frame.join(more)
    frame["peers"] = frame["peers"].fillna(0).astype(int)
    exposed = np.where(known, rows["base"], 0.0)
    frame["reason"] = table.why_not(
        exposed, frame["expected"].to_numpy(), frame["peers"].to_numpy(), minimum_expected, minimum_peers
    )
    open_to = (frame["reason"] == "").to_numpy()
    frame["fdr"] = rule.false_discovery(frame["p"].to_numpy(), open_to)
    frame["verdict"] = table.verdicts(
        frame["fdr"].to_numpy(),
        (frame["up"] == True).to_numpy(),  # noqa: E712
        frame["reason"].to_numpy(),
        q,
    )
    frame.loc[~open_to, "posterior"] = np.nan
    cv, low, high = found.spread
    facts = table.counted(frame, q, frame["p"].to_numpy()) | {
        "cv": cv,
        "cv_low": low,
        "cv_high": high,
        "centre": float(np.average(found.centre, weights=size)),
        "rank_width": float((frame["rank_high"] - frame["rank_low"]).median()),
        "times": times,
    }
    columns = ("events", "rate", "rank", "rank_low", "rank_high")
    return _result(table.ordered(frame, columns), facts, _words(threshold, times), name)


def _words(threshold: float | None, times: float) -> str:
    return f"P(rate > {times:g} x peers)" if threshold is None else f"P(rate > {threshold:g})"


def _known_prior(
    rows: pd.DataFrame,
    known: NDArray[np.bool_],
    prior: tuple[float, float],
    threshold: float | None,
    times: float,
    coverage: float,
    q: float,
    minimum_expected: float,
    name: str,
) -> Result:
    """The conjugate posterior under a gamma prior known beforehand."""
    from scipy.stats import gamma

    try:
        shape, rate = (positive(float(part), "prior") for part in prior)
    except (TypeError, ValueError):
        raise InputError(f"{prior!r} is not (shape, rate), both positive", where="prior") from None
    after, scale = shape + rows["events"].to_numpy(), 1 / (rate + np.where(known, rows["base"], 0.0))
    tail: Floats = np.array([(1 - coverage) / 2, (1 + coverage) / 2])
    low, high = gamma.ppf(tail[:, None], after, scale=scale)
    limit = threshold if threshold is not None else times * shape / rate
    size = np.where(known, rows["base"], 0.0)
    reason = table.why_not(size, size * shape / rate, np.full(len(rows), 1), minimum_expected, 0)
    upper, lower = _predictive(rows["events"].to_numpy(), np.maximum(size, 1e-12), shape, rate)
    p = np.minimum(1.0, 2 * np.minimum(upper, lower))
    fdr = rule.false_discovery(p, reason == "")
    frame = pd.DataFrame(
        {
            "officer": rows["officer"],
            "exposure": rows["base"],
            "peers": len(rows) - 1,
            "estimate": after * scale,
            "low": low,
            "high": high,
            "posterior": gamma.sf(limit, after, scale=scale),
            "fdr": fdr,
            "verdict": table.verdicts(fdr, upper < lower, reason, q),
            "reason": reason,
            "events": rows["events"],
            "rate": np.where(known, rows["events"] / rows["base"].where(known), np.nan),
        }
    )
    facts = table.counted(frame, q, p) | {"prior": [shape, rate], "centre": shape / rate, "threshold": limit}
    return _result(table.ordered(frame, ("events", "rate")), facts, f"P(rate > {limit:g})", name)


def _predictive(events: Floats, exposure: Floats, shape: float, rate: float) -> tuple[Floats, Floats]:
    """P(at least, at most so many events) for an officer drawn from the prior."""
    from scipy.stats import nbinom

    chance = rate / (rate + exposure)
    return nbinom.sf(events - 1, shape, chance), nbinom.cdf(events, shape, chance)


def _result(frame: pd.DataFrame, facts: dict[str, Any], posterior: str, name: str) -> Result:
    answer = table.told(facts, "rate")
    if "rank_width" in facts:
        answer += (
            f" Half of the 95 % rank intervals are wider than {facts['rank_width']:,.0f} of "
            f"{facts['officers']:,} places: do not rank."
        )
    frame, chart = drawn(frame, facts["centre"], "Exposure", "Events per unit of exposure", answer)
    labels = table.LABELS | {
        "estimate": "Rate, shrunken",
        "rate": "Raw rate",
        "posterior": posterior,
        "rank": "Rank",
        "rank_low": "Rank, 95 % low",
        "rank_high": "Rank, 95 % high",
        "flagged": "Flagged",
    }
    return Result(name, frame, TITLE, answer, METHOD, (*table.CAVEATS, *table.honest(facts)), facts, chart, labels)
