"""The same-scene comparison: one row per officer, with a verdict and how sure it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models import sampler
from perflib.models.peers.table import COLUMNS, Comparison, first_reason, need, summary
from perflib.models.same_scene.fitting import Scenes, sample, tails
from perflib.verdicts import FLAGS, Verdict


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
) -> Comparison:
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

    Returns a Comparison with one row per officer, in the order of their ids: ``officer``, ``exposure`` (incidents),
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
    used = rows[rows.groupby("incident")["level"].transform("nunique") > 1]
    if used.empty:
        return Comparison(reason="no incident where officers used different levels")
    scenes, ids = _scenes(used, prior_sd)
    posterior = sample(scenes, draws, warmup, chains, seed)
    against = tails(posterior.flat[:, : scenes.officers], prior_sd, share, tail)
    table = _table(rows, used, ids, against, coverage, certainty)
    common = ("officers", "assessed", "flags", "higher", "lower", "not_assessable", "reasons")
    counts = summary(table, tail)
    steps = np.cumsum(np.exp(posterior.flat[:, scenes.officers :]), axis=1)
    facts = {
        **{name: counts[name] for name in common},
        "incidents": rows["incident"].nunique(),
        "informative_incidents": used["incident"].nunique(),
        "no_peers": int((table["peers"] == 0).sum()),
        "expected_false_flags": float((1 - table.loc[table["verdict"].isin(FLAGS), "posterior"]).sum()),
        "scores": [0.0, 1.0, *(1.0 + steps).mean(axis=0).tolist()],
        **sampler.diagnose(posterior.values),
        "divergences": posterior.divergences,
        "draws": len(posterior.flat),
    }
    return Comparison(table, facts)


def _rows(frame: pd.DataFrame, incident: str, officer: str, level: str) -> pd.DataFrame:
    need(frame, incident, officer, level)
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


def _scenes(used: pd.DataFrame, prior_sd: float) -> tuple[Scenes, pd.Index]:
    officer, ids = pd.factorize(used["officer"], sort=True)
    level = np.unique(used["level"], return_inverse=True)[1].astype(np.int64)
    at = pd.factorize(used["incident"])[0]
    starts = np.r_[0, np.flatnonzero(np.diff(at)) + 1, len(at)].astype(np.int64)
    scenes = Scenes(starts, officer.astype(np.int64), level, len(ids), int(level.max()) + 1, np.array([prior_sd, 1.0]))
    return scenes, pd.Index(ids)


def _table(
    rows: pd.DataFrame, used: pd.DataFrame, ids: pd.Index, against: dict[str, Any], coverage: float, certainty: float
) -> pd.DataFrame:
    with np.errstate(invalid="ignore"):
        low, high = np.quantile(against["contrast"], [(1 - coverage) / 2, (1 + coverage) / 2], axis=0)
    compared = pd.DataFrame(
        {
            "informative": used["officer"].value_counts().reindex(ids),
            "peers": against["peers"].sum(axis=1),
            "estimate": against["contrast"].mean(axis=0),
            "low": low,
            "high": high,
            **{name: against[name] for name in ("top", "bottom", "most")},
        },
        index=ids,
    )
    table = rows["officer"].value_counts().sort_index().rename("exposure").rename_axis("officer").to_frame()
    table = table.join(compared)
    table[["informative", "peers", "most"]] = table[["informative", "peers", "most"]].fillna(0).astype(int)
    table["reason"] = first_reason(
        (table["informative"] == 0, "no incident where levels differed"),
        (table["peers"] == 0, "no peers"),
        (table["most"] == 0, "too few peers for a tail"),
    )
    table.loc[table["reason"] != "", ["top", "bottom"]] = np.nan
    table["posterior"] = table[["top", "bottom"]].max(axis=1)
    # the mean of 1 - posterior over all officers at least as sure: the Bayesian false discovery rate
    known = table["posterior"].dropna().sort_values(ascending=False, kind="stable")
    table["fdr"] = (1 - known).expanding().mean().groupby(known).transform("last")
    sure = table["posterior"] > certainty
    table["verdict"] = np.select(
        [table["reason"] != "", sure & (table["top"] > table["bottom"]), sure],
        [Verdict.NOT_ASSESSABLE, Verdict.HIGHER, Verdict.LOWER],
        Verdict.AS_PEERS,
    )
    return table.reset_index()[[*COLUMNS, "informative", "top", "bottom"]]
