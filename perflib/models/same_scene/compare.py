"""The same-scene comparison as a Result: one row per officer, with a verdict and how sure it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models import sampler
from perflib.models.estimates_chart import drawn
from perflib.models.same_scene.fitting import Floats, Scenes, sample, standing
from perflib.result import Result
from perflib.verdicts import Verdict

TITLE = "Who uses more or less force than colleagues at the same scene?"
METHOD = (
    "Conditional ordinal stereotype model given the levels used at each incident (Ridgeway 2026, JASA); propensities "
    "normal with sd 2, Hamiltonian Monte Carlo; peers: variance of the difference below a quarter of its prior."
)
CAVEATS = (
    "Conditioning on the incident rules out what everyone there shared: place, time, the call, the subject. It cannot "
    "rule out what differed between officers at one scene: who arrived first, assigned roles, equipment, partners.",
    "Only officers who were recorded at the scene are compared; an incident where nobody or everybody used the same "
    "level tells nothing, and a level nobody recorded is not seen.",
    "A flag says that the record deserves review. It is not a finding of wrongdoing, and a low place is not merit: "
    "restraint and leaving the work to others look alike here.",
)


def same_scene(
    frame: pd.DataFrame,
    incident: str,
    officer: str,
    level: str,
    *,
    tail: float = 0.05,
    certainty: float = 0.9,
    share: float = 0.25,
    coverage: float = 0.95,
    prior_sd: float = 2.0,
    draws: int = 300,
    warmup: int = 100,
    chains: int = 8,
    seed: int = 0,
    name: str = "same_scene",
) -> Result:
    """Each officer's propensity to a higher level than colleagues at the same incidents.

    P(levels y at an incident | which levels were used there) is proportional to exp(sum of lambda_officer * s_level)
    over all ways to deal those levels out, so that everything about the incident cancels. Scores s of the ordered
    levels: s_1 = 0, s_2 = 1, further steps positive with half-normal(1) priors; lambda ~ N(0, ``prior_sd`` squared).
    Only differences between connected officers are identified, hence each officer is measured from the mean of peers.

    Parameters
    ----------
    frame : one row per officer and incident; ``incident``, ``officer``, ``level`` name its columns. Levels are numbers
        or an ordered categorical; only their order counts.
    tail, certainty : a verdict needs P(among the top, or bottom, ``tail`` of peers and oneself) > ``certainty``.
    share : j is a peer of i if Var(lambda_i - lambda_j | data) < ``share`` * 2 * ``prior_sd`` squared.
    coverage : of the intervals.
    draws, warmup, chains, seed : of the sampler; same seed, same answer, whatever the order of rows.

    Returns a Result with one row per officer, in the order of their ids: ``officer``, ``exposure`` (incidents),
    ``peers``, ``estimate`` (lambda less the mean of the peers), ``low``, ``high``, ``posterior`` (the larger of ``top``
    and ``bottom``), ``fdr`` (the expected share of false flags among officers at least as sure), ``verdict``,
    ``reason`` of "not assessable" (no informative incident, no peers, or so few that ``tail`` of them is nobody),
    ``informative`` (incidents where levels differed), ``top`` and ``bottom`` (probabilities of those tails).
    Facts: ``higher``, ``lower``, ``not_assessable``, ``no_peers``, ``expected_false_flags``, ``scores``, ``officers``,
    ``incidents``, ``informative_incidents``, ``rhat``, ``ess``, ``divergences``.

    Raises InputError for missing columns or values, an officer twice at one incident, or levels without an order.
    Source: Ridgeway 2026, A conditional ordinal stereotype model to estimate police officers' propensity to escalate
    force, Journal of the American Statistical Association.
    """
    rows = _rows(frame, incident, officer, level)
    kept = rows[rows.groupby("incident")["level"].transform("nunique") > 1]
    if kept.empty:
        why = "no incident where officers used different levels"
        return Result.not_assessable(name, why, title=TITLE, method=METHOD)
    scenes, ids = _scenes(kept, prior_sd)
    found = sample(scenes, draws, warmup, chains, seed)
    stand = standing(found.flat[:, : scenes.officers], prior_sd, share, tail)
    table = _table(rows, kept, ids, stand, coverage, certainty)
    facts = {
        **_facts(table, rows, kept),
        "scores": _scores(found.flat[:, scenes.officers :]),
        **sampler.diagnose(found.values),
        "divergences": found.divergences,
        "draws": len(found.flat),
    }
    return _tell(table, facts, tail, certainty, name)


def _rows(frame: pd.DataFrame, incident: str, officer: str, level: str) -> pd.DataFrame:
    for column in (incident, officer, level):
        if column not in frame.columns:
            raise InputError(f"no column {column!r}", where="frame", choices=frame.columns, found=column)
    rows = pd.DataFrame({"incident": frame[incident], "officer": frame[officer], "level": _ordered(frame[level])})
    if rows.isna().any().any():
        raise InputError(
            f"{int(rows.isna().any(axis=1).sum())} rows without incident, officer or level",
            where="frame",
            do="leave them out, and say how many there were",
        )
    if rows.duplicated(["incident", "officer"]).any():
        raise InputError(
            "an officer is there more than once at one incident",
            where=officer,
            do="keep each officer's highest level per incident",
        )
    if rows["level"].nunique() < 2:
        raise InputError("only one level is recorded", where=level)
    dense = rows["level"].rank(method="dense").astype(np.int64) - 1
    return rows.assign(level=dense).sort_values(["incident", "officer"])


def _ordered(level: pd.Series) -> pd.Series:
    if isinstance(level.dtype, pd.CategoricalDtype) and level.cat.ordered:
        return level.cat.codes.where(level.notna()).astype(float)
    if not pd.api.types.is_numeric_dtype(level):
        raise InputError("levels have no order", where=str(level.name), do="give numbers or an ordered categorical")
    return level.astype(float)


def _scenes(kept: pd.DataFrame, prior_sd: float) -> tuple[Scenes, pd.Index]:
    officer, ids = pd.factorize(kept["officer"], sort=True)
    level = np.unique(kept["level"], return_inverse=True)[1].astype(np.int64)
    at = pd.factorize(kept["incident"])[0]
    starts = np.r_[0, np.flatnonzero(np.diff(at)) + 1, len(at)].astype(np.int64)
    scenes = Scenes(starts, officer.astype(np.int64), level, len(ids), int(level.max()) + 1, np.array([prior_sd, 1.0]))
    return scenes, pd.Index(ids)


def _table(
    rows: pd.DataFrame, kept: pd.DataFrame, ids: pd.Index, stand: dict[str, Any], coverage: float, certainty: float
) -> pd.DataFrame:
    with np.errstate(invalid="ignore"):
        low, high = np.quantile(stand["contrast"], [(1 - coverage) / 2, (1 + coverage) / 2], axis=0)
    told = pd.DataFrame(
        {
            "informative": kept["officer"].value_counts().reindex(ids),
            "peers": stand["peers"].sum(axis=1),
            "estimate": stand["contrast"].mean(axis=0),
            "low": low,
            "high": high,
            "top": stand["top"],
            "bottom": stand["bottom"],
            "most": stand["most"],
        },
        index=ids,
    )
    every = rows["officer"].value_counts().sort_index().rename("exposure").rename_axis("officer")
    table = every.to_frame().join(told)
    table[["informative", "peers", "most"]] = table[["informative", "peers", "most"]].fillna(0).astype(int)
    table["reason"] = np.select(
        [table["informative"] == 0, table["peers"] == 0, table["most"] == 0],
        ["no incident where levels differed", "no peers", "too few peers for a tail"],
        "",
    )
    table.loc[table["reason"] != "", ["top", "bottom"]] = np.nan
    table["posterior"] = table[["top", "bottom"]].max(axis=1)
    table["fdr"] = _false_share(table["posterior"])
    sure = table["posterior"] > certainty
    table["verdict"] = np.select(
        [table["reason"] != "", sure & (table["top"] > table["bottom"]), sure],
        [Verdict.NOT_ASSESSABLE, "higher", "lower"],
        Verdict.AS_PEERS,
    )
    return table.reset_index().drop(columns="most")[
        [
            "officer",
            "exposure",
            "peers",
            "estimate",
            "low",
            "high",
            "posterior",
            "fdr",
            "verdict",
            "reason",
            "informative",
            "top",
            "bottom",
        ]
    ]


def _false_share(posterior: pd.Series) -> pd.Series:
    """Mean of 1 - posterior over all officers at least as sure: the Bayesian false discovery rate."""
    known = posterior.dropna().sort_values(ascending=False, kind="stable")
    mean = (1 - known).expanding().mean()
    return mean.groupby(known).transform("last").reindex(posterior.index)


def _facts(table: pd.DataFrame, rows: pd.DataFrame, kept: pd.DataFrame) -> dict[str, Any]:
    flagged = table["verdict"].isin(["higher", "lower"])
    return {
        "officers": len(table),
        "incidents": rows["incident"].nunique(),
        "informative_incidents": kept["incident"].nunique(),
        "higher": int((table["verdict"] == "higher").sum()),
        "lower": int((table["verdict"] == "lower").sum()),
        "not_assessable": int((table["verdict"] == Verdict.NOT_ASSESSABLE).sum()),
        "no_peers": int((table["peers"] == 0).sum()),
        "assessed": int((table["verdict"] != Verdict.NOT_ASSESSABLE).sum()),
        "flags": int(flagged.sum()),
        "reasons": {why: int(n) for why, n in table["reason"][table["reason"] != ""].value_counts().items()},
        "expected_false_flags": float((1 - table.loc[flagged, "posterior"]).sum()),
    }


def _scores(steps: Floats) -> list[float]:
    return [0.0, 1.0, *(1.0 + np.cumsum(np.exp(steps), axis=1)).mean(axis=0).tolist()]


def _tell(table: pd.DataFrame, facts: dict[str, Any], tail: float, certainty: float, name: str) -> Result:
    flags = facts["higher"] + facts["lower"]
    answer = (
        f"Of {facts['officers']:,} officers at {facts['informative_incidents']:,} incidents where levels "
        f"differed, {facts['higher']} lie among the highest {tail:.0%} of their peers and {facts['lower']} among "
        f"the lowest with probability above {certainty:.0%}; of these {flags} flags about "
        f"{facts['expected_false_flags']:.1f} are expected to be false. {facts['not_assessable']:,} officers are "
        "not assessable."
    )
    doubts = []
    if facts["rhat"] > 1.05 or facts["ess"] < 200:
        doubts.append(
            f"The sampler has not settled (R-hat {facts['rhat']:.3f}, effective draws {facts['ess']:.0f}): "
            "repeat with more draws before use."
        )
    if facts["divergences"]:
        doubts.append(f"{facts['divergences']} divergent trajectories: parts of the posterior may be missed.")
    table, chart = drawn(table, 0.0, "Scenes", "Against peers (log odds per level)", answer)
    labels = {
        "exposure": "Incidents",
        "informative": "Incidents where levels differed",
        "estimate": "Propensity against peers (log odds)",
        "posterior": "Probability of the tail",
        "fdr": "Expected share of false flags",
        "flagged": "Flagged",
        "officer": "Officer",
        "peers": "Peers",
        "low": "95 % low",
        "high": "95 % high",
        "verdict": "Verdict",
        "reason": "Why not assessable",
        "top": "P(among the highest)",
        "bottom": "P(among the lowest)",
    }
    return Result(name, table, TITLE, answer, METHOD, (*CAVEATS, *doubts), facts, chart, labels)
