"""The internal benchmark: each officer's events beside other officers' events at the same kind of place and time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.models.counts import adjusted
from perflib.models.counts.asked import Floats, positive, share
from perflib.models.estimates_chart import drawn
from perflib.models.peers import features as designs
from perflib.models.peers import local_fdr, rule, table
from perflib.result import Result

TITLE = "Whose outcomes differ from those of other officers' events of the same kind?"
METHOD = (
    "Doubly robust internal benchmark (Ridgeway and MacDonald 2009, JASA 104): per officer all other officers' events "
    "weighted by propensity odds, then a weighted outcome regression; flags beyond what officers commonly differ, "
    "Benjamini-Hochberg at the stated q."
)


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
    counted_words: str = "outcomes of events of the same kind",
    name: str = "internal_benchmark",
) -> Result:
    """Each officer's share of events with the outcome, beside other officers' events weighted to the same features.

    For one officer after another: a logistic regression tells the officer's events from all others' by the features;
    every other event is weighted by its odds, so that the weighted events look like the officer's; a weighted logistic
    regression of the outcome on being the officer and the features gives the contrast. It is right when either
    regression is. Rows with the same levels are first added up to cells, which changes neither fit.

    Parameters
    ----------
    frame : one row per event (stop, arrest ...); ``outcome`` is true/false or 0/1.
    features : columns of place, time and kind of event, never of the officer's person. Text is taken as it is; numbers
        of more than ``2 * bins`` values are cut into ``bins`` quantile classes, and a caveat says so; missing is a
        level of its own.
    times : ``posterior`` is P(rate > ``times`` x benchmark).
    minimum_events, minimum_expected, minimum_effective, most_imbalance : below so many own events, expected outcomes
        (or expected events without it), or effective weighted events, or above so large a difference in any level's
        share after weighting, an officer is "not assessable".
    ridge : pull of the coefficients towards 0, as if from ``ridge`` events; keeps them finite.

    Returns
    -------
    Result with one row per officer: ``officer``, ``exposure`` (events), ``peers`` (other officers), ``estimate`` (own
    rate over benchmark rate), ``low``, ``high``, ``posterior``, ``fdr``, ``verdict``, ``reason``, ``events`` (with the
    outcome), ``rate``, ``benchmark``, ``effective`` (sample size of the weighted events), ``imbalance`` (largest
    difference in a level's share), ``log_odds``, ``error`` (sandwich), ``z``, ``fdr_z`` (Benjamini-Hochberg of z
    against N(0, 1): "differs at all"), ``local_fdr`` (empirical null: "unlike the bulk"; a description, never a rule).
    Facts: ``cv`` of ordinary officers' ratios, ``cells``, ``flags_theoretical``, ``flags_local``, ``null_mean``,
    ``null_sd``, ``median_effective``, ``worst_imbalance`` and the common facts.

    Raises
    ------
    InputError : missing columns, an outcome that is not 0/1, no feature.
    PrivacyError : a protected personal field among the features.
    """
    share(q, "q"), share(coverage, "coverage"), positive(times, "times")
    design = designs.build(frame, officer, outcome, features, bins)
    found = designs.solve(design, ridge)
    rows = _rows(design, found, coverage)
    least = {
        "events": minimum_events,
        "expected": minimum_expected,
        "effective": minimum_effective,
        "imbalance": most_imbalance,
    }
    rows["reason"] = _reason(rows, least)
    if not rows["benchmark"].between(0, 1, inclusive="neither").any():
        why = "no officer's events can be matched with others'"
        return Result.not_assessable(name, why, title=TITLE, method=METHOD)
    rows, cv = _judged(rows, times, q)
    facts = _facts(rows, design, q) | cv | {"times": times}
    order = ("events", "rate", "benchmark", "effective", "imbalance", "log_odds", "error", "z", "fdr_z", "local_fdr")
    return _told(table.ordered(rows, order), facts, design, times, name, counted_words)


def _rows(design: designs.Design, found: Floats, coverage: float) -> pd.DataFrame:
    from scipy.special import ndtri

    log_odds, error, rate, benchmark, effective, imbalance = found.T
    n, yes = design.events, design.outcomes
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


def _reason(rows: pd.DataFrame, least: dict[str, float]) -> NDArray[Any]:
    rarer = rows["exposure"] * np.minimum(rows["benchmark"], 1 - rows["benchmark"])
    return np.select(
        [
            rows["exposure"] < least["events"],
            rows["benchmark"].isna() | rows["z"].isna(),
            rows["imbalance"] > least["imbalance"],
            rows["effective"] < least["effective"],
            ~(rarer >= least["expected"]),
        ],
        [
            f"fewer than {least['events']:g} events",
            "no comparable events of others",
            f"others' events cannot be made alike (a share differs by more than {least['imbalance']:g})",
            f"effective sample size of others below {least['effective']:g}",
            f"fewer than {least['expected']:g} events expected with the outcome, or without",
        ],
        "",
    )


def _judged(rows: pd.DataFrame, times: float, q: float) -> tuple[pd.DataFrame, dict[str, float]]:
    """The common rule on counts scaled so that a share varies like a Poisson count."""
    open_to = (rows["reason"] == "").to_numpy()
    rows = rows.assign(fdr=np.nan, posterior=np.nan, fdr_z=np.nan, local_fdr=np.nan, p=np.nan)
    up, spread = np.zeros(len(rows), bool), (np.nan, np.nan, np.nan)
    if open_to.any():
        base, n = rows["benchmark"][open_to].to_numpy(), rows["exposure"][open_to].to_numpy()
        seen, flip = rows["events"][open_to].to_numpy(), base > 0.5
        rare = np.where(flip, 1 - base, base)
        count, expected = np.where(flip, n - seen, seen) / (1 - rare), n * rare / (1 - rare)
        found = rule.judge(count, expected, rows["doubt"][open_to].to_numpy(), whole=False)
        high = rule.exceeds(found, count, expected, times)
        rows.loc[open_to, "p"], spread = found.p, found.spread
        rows.loc[open_to, "posterior"] = np.where(flip, np.nan, high)
        up[open_to] = (found.upper < found.lower) != flip
        z = rows["z"][open_to].to_numpy()
        rows.loc[open_to, "fdr_z"] = adjusted(local_fdr.two_sided(z))
        rows.loc[open_to, "local_fdr"] = local_fdr.empirical(z)[0]
    rows["fdr"] = rule.false_discovery(rows["p"].to_numpy(), open_to)
    rows["verdict"] = table.verdicts(rows["fdr"].to_numpy(), up, rows["reason"].to_numpy(), q)
    return rows, dict(zip(("cv", "cv_low", "cv_high"), spread, strict=True))


def _facts(rows: pd.DataFrame, design: designs.Design, q: float) -> dict[str, Any]:
    used = rows[rows["reason"] == ""]
    _, mean, sd = local_fdr.empirical(used["z"].to_numpy())
    return table.counted(rows, q, rows["p"].to_numpy()) | {
        "events": int(design.events.sum()),
        "cells": len(design.total),
        "null_mean": mean,
        "null_sd": sd,
        "flags_theoretical": int((used["fdr_z"] <= q).sum()),
        "flags_local": int((used["local_fdr"] < 0.2).sum()),
        "flags_fixed_z": int((used["z"].abs() > 1.96).sum()),
        "median_effective": float(used["effective"].median()),
        "worst_imbalance": float(used["imbalance"].max()),
        "binned": list(design.binned),
    }


def _told(
    frame: pd.DataFrame, facts: dict[str, Any], design: designs.Design, times: float, name: str, counted_words: str
) -> Result:
    answer = table.told(facts, counted_words)
    answer += (
        f" {facts['flags_theoretical']} differ from their benchmark at all, more than chance explains; a plain "
        f"|z| > 1.96 would have flagged {facts['flags_fixed_z']}."
    )
    names = ", ".join(design.features)
    caveats = [
        f"The weights make {names} alike, each by itself; what officers' events differ in besides is not adjusted for.",
        "The local false discovery rate describes who is unlike the bulk. It cannot see a habit of the whole "
        "department, and it finds somebody unlike in most departments where nobody differs.",
    ]
    if design.binned:
        caveats.append(
            f"Numbers in {', '.join(design.binned)} are compared within quantile classes: differences "
            "within a class are not adjusted for."
        )
    caveats.append(
        f"Events were added up to {facts['cells']:,} cells of identical features: this loses nothing, since "
        "both regressions use the features alone."
    )
    frame, chart = drawn(frame, 1.0, "Events", "Own rate / benchmark rate", answer)
    labels = table.LABELS | {
        "exposure": "Events",
        "estimate": "Rate / benchmark",
        "events": "With the outcome",
        "rate": "Own rate",
        "benchmark": "Benchmark rate",
        "effective": "Effective sample size of others",
        "imbalance": "Largest imbalance",
        "log_odds": "Log odds ratio",
        "error": "Standard error",
        "fdr_z": "False share if flagged (theoretical null)",
        "local_fdr": "Local FDR (empirical null)",
        "posterior": f"P(rate > {times:g} x benchmark)",
        "flagged": "Flagged",
    }
    more = (*table.CAVEATS, *caveats, *table.honest(facts))
    return Result(name, frame, TITLE, answer, METHOD, more, facts, chart, labels)
