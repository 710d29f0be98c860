"""The threshold test: how sure must officers be before they search, by group?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.models import sampler
from perflib.models.disparity.rows import Estimates, counts, known_group

Floats = NDArray[np.float64]
LEAST_PLACES, LEAST_GROUPS = 5, 2
#: the sampler has settled when R-hat is at most this and the effective draws at least that
MOST_RHAT, LEAST_ESS = 1.02, 400

#: scale of the half-normal sigma; then mean, sd of t, phi by group and place, lambda by group and place.
PRIORS = np.array([0.25, -2.0, 1.0, -3.5, 0.25, 0.0, 0.25, 2.0, 0.5, 0.0, 0.5])


def threshold_test(
    frame: pd.DataFrame,
    *,
    reference: str | None = None,
    level: float = 0.95,
    draws: int = 600,
    warmup: int = 400,
    chains: int = 6,
    seed: int = 0,
) -> Estimates:
    """Search thresholds by place and group, estimated jointly with what officers can see.

    Hit rates alone mislead where groups differ in how clearly carriers can be told apart (infra-marginality). This
    model lets each group and place have its own distribution of signals and asks which threshold explains search
    and hit rates together.

    Parameters
    ----------
    frame : one row per place and group with columns ``place``, ``group``, ``stops``, ``searches``, ``hits`` (counts;
        hits <= searches <= stops). Rows without stops are left out. At least 5 places and 2 groups.
    reference : the group others are compared with; default the one with most stops.
    level : coverage of the intervals.
    draws, warmup, chains, seed : of the sampler. The result is the same for the same seed, whatever the order of rows.

    The table has one row per place and group: the counts, ``search_rate``, ``hit_rate``, ``threshold`` (mean of the
    posterior) and its interval ``low``, ``high``. Facts: ``thresholds`` by group, each place weighted by its
    stops of all groups, with intervals; ``differences`` from the reference with intervals and
    ``probability_lower``; ``rhat``, ``ess``, ``divergences``, ``settled`` (whether the first two
    suffice); ``search_misfit``, ``hit_misfit`` (stop- and search-weighted root mean square differences of observed and
    fitted rates).

    Raises InputError for missing columns, impossible counts, repeated rows or an unknown reference.
    """
    rows = counts(frame, ("stops", "searches", "hits"))
    rows = rows[rows["stops"] > 0].reset_index(drop=True)
    places, groups = rows["place"].nunique(), rows["group"].unique()
    if places < LEAST_PLACES or len(groups) < LEAST_GROUPS:
        least = f"at least {LEAST_PLACES} and {LEAST_GROUPS} are needed"
        return Estimates(reason=f"{places} places and {len(groups)} groups; {least} to tell thresholds from signals")
    if not rows["searches"].sum():
        return Estimates(reason="no search is recorded")
    first = str(rows.groupby("group")["stops"].sum().idxmax()) if reference is None else known_group(reference, groups)
    return _estimates(_fit(rows, draws, warmup, chains, seed), frame, first, level)


@dataclass(frozen=True, eq=False)
class _Fit:
    rows: pd.DataFrame
    thresholds: Floats
    search: Floats
    hit: Floats
    health: dict[str, Any]


def _fit(rows: pd.DataFrame, draws: int, warmup: int, chains: int, seed: int) -> _Fit:
    from perflib.models.disparity import signals

    order = rows.groupby("place")["stops"].sum().sort_values(ascending=False, kind="stable").index
    rows = rows.assign(_d=rows["place"].map({p: i for i, p in enumerate(order)})).sort_values(["_d", "group"])
    rows = rows.reset_index(drop=True)
    group, place = pd.factorize(rows["group"], sort=True)[0], rows["_d"].to_numpy()
    ints = np.column_stack([group, place, rows[["stops", "searches", "hits"]]]).astype(np.int64)

    at, frames = _mode(ints)

    density = partial(_density, ints, frames)
    start, covariance = _start(density, at, int(group.max()) + 1, chains, seed)
    sample = sampler.hmc(density, start, covariance, draws=draws, warmup=warmup, seed=seed, target=0.9)
    logit, log_lam, theta = signals.thresholds(sample.flat, ints, frames)
    health = {**sampler.diagnose(sample.values), "divergences": sample.divergences, "draws": len(theta)}
    some = np.linspace(0, len(theta) - 1, 100).astype(int)  # enough for a mean
    search, hit = signals.search_and_hit_rate(_expit(logit[some]), np.exp(log_lam[some]), _expit(theta[some]))
    return _Fit(rows.drop(columns="_d"), _expit(theta), search.mean(axis=0), hit.mean(axis=0), health)


def _expit(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def _mode(ints: NDArray[np.int64], sigma: float = 0.5) -> tuple[Floats, Floats]:
    """The mode of the posterior with ``sigma`` held, and the rows' coordinate frames about it."""
    from perflib.models.disparity import signals

    rows, groups, places = len(ints), int(ints[:, 0].max()) + 1, int(ints[:, 1].max()) + 1
    q = np.concatenate(
        [
            np.full(groups, np.log(sigma)),
            np.full(groups, -2.0),
            np.zeros(rows),
            np.full(groups, -3.5),
            np.zeros(places - 1),
            np.full(groups, 2.0),
            np.zeros(places - 1),
        ]
    )
    frames = signals.frames_at(ints, np.full(rows, -3.5), np.full(rows, 2.0))
    for _ in range(3):
        q = sampler.mode(_fixed(partial(_density, ints, frames), groups), q, tolerance=1e-3)
        logit, log_lam, _theta = signals.thresholds(q[None, :], ints, frames)
        frames = signals.frames_at(ints, logit[0], log_lam[0])
        q[2 * groups : 2 * groups + rows] = 0.0
    return q, frames


def _density(ints: NDArray[np.int64], frames: Floats, q: Floats) -> tuple[Floats, Floats]:
    from perflib.models.disparity import signals

    log, slope = signals.posteriors(np.ascontiguousarray(q), ints, frames, PRIORS)
    return log, slope


def _fixed(density: sampler.Density, groups: int) -> sampler.Density:
    """The density with the first ``groups`` coordinates, the log sigmas, held where they are."""

    def fixed(q: Floats) -> tuple[Floats, Floats]:
        log, slope = density(q)
        return log, np.hstack([np.zeros((len(q), groups)), slope[:, groups:]])

    return fixed


def _start(density: sampler.Density, at: Floats, groups: int, chains: int, seed: int) -> tuple[Floats, Floats]:
    """Chains scattered about the mode, and a first metric: the curvature there, with sd 1/2 for log sigma."""
    loose = np.diag([4.0] * groups + [0.0] * (len(at) - groups))
    bend, turn = np.linalg.eigh(sampler.curvature(_fixed(density, groups), at) + loose)
    covariance = (turn / np.clip(bend, 0.5, None)) @ turn.T
    rng = np.random.default_rng([seed, 1])
    return at + rng.standard_normal((chains, len(at))) @ np.linalg.cholesky(covariance).T, covariance


def _estimates(fit: _Fit, frame: pd.DataFrame, reference: str, level: float) -> Estimates:
    rows, tails = fit.rows, [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(fit.thresholds, tails, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = {"search_rate": rows["searches"] / rows["stops"], "hit_rate": rows["hits"] / rows["searches"]}
    table = rows.assign(**rates, threshold=fit.thresholds.mean(axis=0), low=low, high=high)
    facts = {
        **_contrasts(fit, reference, tails),
        **_misfit(fit),
        **fit.health,
        "reference": reference,
        "settled": bool(fit.health["rhat"] <= MOST_RHAT and fit.health["ess"] >= LEAST_ESS),
    }
    order = frame[["place", "group"]].astype(str).drop_duplicates()
    return Estimates(order.merge(table, on=["place", "group"], how="inner"), facts)


def _contrasts(fit: _Fit, reference: str, tails: list[float]) -> dict[str, Any]:
    weight = fit.rows.groupby("place")["stops"].transform("sum").to_numpy()
    group = fit.rows["group"].to_numpy()
    pooled = {
        g: np.average(fit.thresholds[:, group == g], axis=1, weights=weight[group == g]) for g in sorted(set(group))
    }

    def summary(draws: Floats) -> dict[str, float]:
        low, high = np.quantile(draws, tails)
        return {"mean": float(draws.mean()), "low": float(low), "high": float(high)}

    gaps = {g: each - pooled[reference] for g, each in pooled.items() if g != reference}
    return {
        "thresholds": {g: summary(each) for g, each in pooled.items()},
        "differences": {g: {**summary(gap), "probability_lower": float((gap < 0).mean())} for g, gap in gaps.items()},
    }


def _misfit(fit: _Fit) -> dict[str, float]:
    rows = fit.rows
    search = np.average((rows["searches"] / rows["stops"] - fit.search) ** 2, weights=rows["stops"])
    searched = rows["searches"] > 0
    gap = (rows["hits"] / rows["searches"].where(searched) - fit.hit)[searched]
    return {
        "search_misfit": float(np.sqrt(search)),
        "hit_misfit": float(np.sqrt(np.average(gap**2, weights=rows.loc[searched, "searches"]))),
    }
