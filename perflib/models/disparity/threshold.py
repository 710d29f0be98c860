"""The threshold test: how sure must officers be before they search, by group?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.figures import Chart
from perflib.models import sampler
from perflib.models.disparity.rows import counts
from perflib.result import Result

Floats = NDArray[np.float64]
LEAST_PLACES, LEAST_GROUPS = 5, 2
#: the sampler has settled when R-hat is at most this and the effective draws at least that
MOST_RHAT, LEAST_ESS = 1.02, 400

#: scale of the half-normal sigma; then mean, sd of t, phi by group and place, lambda by group and place.
PRIORS = np.array([0.25, -2.0, 1.0, -3.5, 0.25, 0.0, 0.25, 2.0, 0.5, 0.0, 0.5])

METHOD = (
    "Threshold test (Simoiu, Corbett-Davies and Goel 2017; priors of Pierson et al. 2020): beta signals, thresholds "
    "logit-normal within a group, Hamiltonian Monte Carlo."
)
CAVEATS = (
    "Assumes that an officer searches whenever the chance of a find, as a beta-distributed signal, exceeds a threshold "
    "of that place and group; and that how clearly people who carry something stand out has one part of the place and "
    "one of the group.",
    "A lower threshold is evidence of a lower bar for searching that group under these assumptions; it does not "
    "show intent, it says nothing about who is stopped, and searches that law or policy require count as choices.",
    "With few searches in a row the prior decides: read its interval, not its middle.",
)


def threshold_test(
    frame: pd.DataFrame,
    *,
    reference: str | None = None,
    level: float = 0.95,
    draws: int = 600,
    warmup: int = 400,
    chains: int = 6,
    seed: int = 0,
    name: str = "threshold_test",
) -> Result:
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

    Returns a Result with one row per place and group: the counts, ``search_rate``, ``hit_rate``, ``threshold`` (mean of
    the posterior) and its interval ``low``, ``high``. Facts: ``thresholds`` by group, each place weighted by its
    stops of all groups, with intervals; ``differences`` from the reference with intervals and
    ``probability_lower``; ``rhat``, ``ess``, ``divergences``, ``settled`` (whether the first two
    suffice); ``search_misfit``, ``hit_misfit`` (stop- and search-weighted root mean square differences of observed and
    fitted rates).

    Raises InputError for missing columns, impossible counts, repeated rows or an unknown reference.
    """
    rows = counts(frame, ("stops", "searches", "hits"))
    rows = rows[rows["stops"] > 0].reset_index(drop=True)
    lacking = _lacking(rows)
    if lacking:
        return Result.not_assessable(name, lacking, title=TITLE, method=METHOD)
    fit = _fit(rows, draws, warmup, chains, seed)
    return _tell(fit, frame, _reference(rows, reference), level, name)


TITLE = "How sure were officers before they searched?"


@dataclass(frozen=True, eq=False)
class _Fit:
    rows: pd.DataFrame
    thresholds: Floats
    search: Floats
    hit: Floats
    health: dict[str, Any]


def _lacking(rows: pd.DataFrame) -> str:
    places, groups = rows["place"].nunique(), rows["group"].nunique()
    if places < LEAST_PLACES or groups < LEAST_GROUPS:
        return (
            f"{places} places and {groups} groups; the model needs at least {LEAST_PLACES} and {LEAST_GROUPS} to "
            "tell thresholds from signals"
        )
    return "" if rows["searches"].sum() > 0 else "no search is recorded"


def _reference(rows: pd.DataFrame, asked: str | None) -> str:
    from perflib.errors import InputError

    stops = rows.groupby("group")["stops"].sum()
    if asked is not None and asked not in stops.index:
        raise InputError("no such group", where="reference", choices=stops.index, found=asked)
    return str(stops.idxmax()) if asked is None else asked


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
    found = sampler.hmc(density, start, covariance, draws=draws, warmup=warmup, seed=seed, target=0.9)
    logit, log_lam, theta = signals.thresholds(found.flat, ints, frames)
    health = {**sampler.diagnose(found.values), "divergences": found.divergences, "draws": len(theta)}
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
        q = sampler.mode(_held(partial(_density, ints, frames), groups), q, tolerance=1e-3)
        logit, log_lam, _theta = signals.thresholds(q[None, :], ints, frames)
        frames = signals.frames_at(ints, logit[0], log_lam[0])
        q[2 * groups : 2 * groups + rows] = 0.0
    return q, frames


def _density(ints: NDArray[np.int64], frames: Floats, q: Floats) -> tuple[Floats, Floats]:
    from perflib.models.disparity import signals

    log, slope = signals.posteriors(np.ascontiguousarray(q), ints, frames, PRIORS)
    return log, slope


def _held(density: sampler.Density, groups: int) -> sampler.Density:
    """The density with the first ``groups`` coordinates, the log sigmas, held where they are."""

    def held(q: Floats) -> tuple[Floats, Floats]:
        log, slope = density(q)
        return log, np.hstack([np.zeros((len(q), groups)), slope[:, groups:]])

    return held


def _start(density: sampler.Density, at: Floats, groups: int, chains: int, seed: int) -> tuple[Floats, Floats]:
    """Chains scattered about the mode, and a first metric: the curvature there, with sd 1/2 for log sigma."""
    loose = np.diag([4.0] * groups + [0.0] * (len(at) - groups))
    bend, turn = np.linalg.eigh(sampler.curvature(_held(density, groups), at) + loose)
    covariance = (turn / np.clip(bend, 0.5, None)) @ turn.T
    rng = np.random.default_rng([seed, 1])
    return at + rng.standard_normal((chains, len(at))) @ np.linalg.cholesky(covariance).T, covariance


def _tell(fit: _Fit, frame: pd.DataFrame, reference: str, level: float, name: str) -> Result:
    rows, tails = fit.rows, [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(fit.thresholds, tails, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = {"search_rate": rows["searches"] / rows["stops"], "hit_rate": rows["hits"] / rows["searches"]}
    table = rows.assign(**rates, threshold=fit.thresholds.mean(axis=0), low=low, high=high)
    settled = fit.health["rhat"] <= MOST_RHAT and fit.health["ess"] >= LEAST_ESS
    facts = {
        **_contrasts(fit, reference, tails),
        **_misfit(fit),
        **fit.health,
        "reference": reference,
        "settled": bool(settled),
    }
    doubts = _doubts(facts)
    chart = Chart(
        "dots",
        "place",
        "threshold",
        "low",
        "high",
        by="group",
        y_label="Search threshold (chance of a find)",
        alt=_answer(facts),
    )
    labels = {
        "threshold": "Threshold (chance of a find)",
        "search_rate": "Searches per stop",
        "hit_rate": "Finds per search",
    }
    order = frame[["place", "group"]].astype(str).drop_duplicates()
    table = order.merge(table, on=["place", "group"], how="inner")
    return Result(name, table, TITLE, _answer(facts), METHOD, (*CAVEATS, *doubts), facts, chart, labels)


def _contrasts(fit: _Fit, reference: str, tails: list[float]) -> dict[str, Any]:
    weight = fit.rows.groupby("place")["stops"].transform("sum").to_numpy()
    group = fit.rows["group"].to_numpy()
    pooled = {
        g: np.average(fit.thresholds[:, group == g], axis=1, weights=weight[group == g]) for g in sorted(set(group))
    }

    def told(draws: Floats) -> dict[str, float]:
        low, high = np.quantile(draws, tails)
        return {"mean": float(draws.mean()), "low": float(low), "high": float(high)}

    gaps = {g: each - pooled[reference] for g, each in pooled.items() if g != reference}
    return {
        "thresholds": {g: told(each) for g, each in pooled.items()},
        "differences": {g: {**told(gap), "probability_lower": float((gap < 0).mean())} for g, gap in gaps.items()},
    }


def _misfit(fit: _Fit) -> dict[str, float]:
    rows = fit.rows
    search = np.average((rows["searches"] / rows["stops"] - fit.search) ** 2, weights=rows["stops"])
    found = rows["searches"] > 0
    gap = (rows["hits"] / rows["searches"].where(found) - fit.hit)[found]
    return {
        "search_misfit": float(np.sqrt(search)),
        "hit_misfit": float(np.sqrt(np.average(gap**2, weights=rows.loc[found, "searches"]))),
    }


def _answer(facts: dict[str, Any]) -> str:
    each = [f"{g} {v['mean']:.1%} ({v['low']:.1%} to {v['high']:.1%})" for g, v in facts["thresholds"].items()]
    gaps = [
        f"{g} {v['mean'] * 100:+.1f} points ({v['low'] * 100:+.1f} to {v['high'] * 100:+.1f})"
        for g, v in facts["differences"].items()
    ]
    return (
        f"Chance of a find at which officers search, weighted by stops: {'; '.join(each)}. "
        f"Against {facts['reference']}: {'; '.join(gaps)}."
    )


def _doubts(facts: dict[str, Any]) -> list[str]:
    doubts = []
    if not facts["settled"]:
        doubts.append(
            f"The sampler has not settled (R-hat {facts['rhat']:.3f}, effective draws {facts['ess']:.0f}): "
            "repeat with more draws before use."
        )
    if facts["divergences"]:
        doubts.append(f"{facts['divergences']} divergent trajectories: parts of the posterior may be missed.")
    if len(facts["thresholds"]) < 3:
        doubts.append("Two groups only: the published test required three.")
    return doubts
