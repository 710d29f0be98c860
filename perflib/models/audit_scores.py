"""Is the evaluation itself fair? What scores are explained by, and who loses when the weights change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.errors import InputError
from perflib.models.peers.table import Comparison, need
from perflib.privacy import refuse_protected

Floats = NDArray[np.float64]
LEAST = 30


def explained(
    frame: pd.DataFrame,
    score: str,
    blocks: Mapping[str, Sequence[str]],
    *,
    level: float = 0.95,
    draws: int = 1999,
    seed: int = 0,
) -> Comparison:
    """The share of the variance of a score that each block of columns explains, alone and with the others known.

    This is the one place where officers' race, sex and age are used: to audit a score, never to make one.

    Parameters
    ----------
    frame : one row per officer; rows with a missing value are left out and counted.
    blocks : name -> columns, such as ``{"assignment": ["unit"], "demographics": ["race", "sex"]}``. Numbers enter as
        they are, everything else as categories.
    draws : permutations of the residuals under the other blocks (Freedman and Lane 1983).

    Returns
    -------
    Comparison with one row per block: ``block``, ``alone`` (share explained by the block alone), ``share`` (partial,
    with all other blocks known), both freed of what as many random columns would explain (epsilon squared, at least
    0), ``low``, ``high`` (of the partial share, from the noncentral F distribution), ``p`` (permutation),
    ``p_adjusted`` (Holm),
    ``columns`` (degrees of freedom), ``reason`` where the block cannot be told from the others. Facts by block.
    Not assessable with fewer than 30 officers, or fewer officers than columns. Raises InputError for unknown columns.
    """
    wanted = [score, *(column for columns in blocks.values() for column in columns)]
    need(frame, *wanted)
    rows = frame[list(dict.fromkeys(wanted))].dropna()
    y = rows[score].to_numpy(dtype=float)
    designs = {block: _design(rows, columns) for block, columns in blocks.items()}
    every = np.column_stack([np.ones(len(rows)), *designs.values()])
    spare = len(rows) - int(np.linalg.matrix_rank(every)) if len(rows) else 0
    if len(rows) < LEAST or spare < LEAST / 2 or not np.ptp(y) > 0:
        reason = f"{len(rows)} officers with a score and all columns, too few for {every.shape[1]} columns"
        return Comparison(reason=f"{reason} (or their scores do not differ)")
    rng = np.random.default_rng(seed)
    table = pd.DataFrame([_block(y, block, designs, level, draws, rng) for block in blocks])
    table["p_adjusted"] = _holm(table["p"].to_numpy(dtype=float))
    named = table.set_index("block")[["alone", "share", "low", "high", "p", "p_adjusted"]]
    return Comparison(table, {str(block): row for block, row in named.to_dict("index").items()})


def _design(rows: pd.DataFrame, columns: Sequence[str]) -> Floats:
    parts = [
        rows[[column]].astype(float)
        if pd.api.types.is_numeric_dtype(rows[column])
        else pd.get_dummies(rows[column].astype(str), drop_first=True, dtype=float)
        for column in columns
    ]
    values = pd.concat(parts, axis=1).to_numpy(dtype=float)
    return np.asarray(values - values.mean(axis=0))


def _basis(x: Floats, of: Floats | None = None) -> Floats:
    """Orthonormal columns that span those of ``x``; what is nothing beside the size of ``of`` (or ``x``) is none."""
    if not x.shape[1]:
        return np.zeros((len(x), 0))
    u, size, _ = np.linalg.svd(x, full_matrices=False)
    scale = float(np.linalg.norm(x if of is None else of))
    return np.asarray(u[:, size > 1e-9 * max(scale, 1e-12)])


def _block(
    y: Floats, block: str, designs: Mapping[str, Floats], level: float, draws: int, rng: np.random.Generator
) -> dict[str, Any]:
    one = np.ones((len(y), 1))
    rest = _basis(np.column_stack([one, *(x for key, x in designs.items() if key != block)]))
    own = designs[block]
    added = _basis(own - rest @ (rest.T @ own), own)
    alone = _basis(own - own.mean(axis=0))
    row: dict[str, Any] = {
        "block": block,
        "alone": _epsilon(y, alone, _basis(one)),
        "share": None,
        "low": None,
        "high": None,
        "p": None,
        "columns": added.shape[1],
        "reason": "",
    }
    if not added.shape[1]:
        return row | {"reason": "cannot be told from the other blocks"}
    residual = y - rest @ (rest.T @ y)
    spare = len(y) - rest.shape[1] - added.shape[1]
    f = float(_f_many(residual[None, :], added, spare)[0])
    shuffled = rng.permuted(np.broadcast_to(residual, (draws, len(y))), axis=1)
    null = shuffled - shuffled @ rest @ rest.T
    p = (1 + int((_f_many(null, added, spare) >= f - 1e-12).sum())) / (draws + 1)
    low, high = _limits(f, added.shape[1], spare, len(y), level)
    return row | {"share": _epsilon(y, added, rest), "low": low, "high": high, "p": p}


def _epsilon(y: Floats, added: Floats, rest: Floats) -> float:
    """Partial epsilon squared: the share explained less what chance explains, at least 0."""
    residual = y - rest @ (rest.T @ y)
    total = float(residual @ residual)
    spare = len(y) - rest.shape[1] - added.shape[1]
    left = total - float(((added.T @ residual) ** 2).sum())
    return max(0.0, 1 - left / total * (spare + added.shape[1]) / spare) if total > 0 and spare > 0 else 0.0


def _f_many(residuals: Floats, added: Floats, spare: int) -> Floats:
    total = (residuals**2).sum(axis=1)
    gained = ((residuals @ added) ** 2).sum(axis=1)
    return np.asarray(gained / added.shape[1] / np.maximum((total - gained) / spare, 1e-300))


def _limits(f: float, columns: int, spare: int, officers: int, level: float) -> tuple[float, float]:
    """Limits of the partial share: noncentralities under which this F is just believable (Smithson 2003)."""
    from scipy.optimize import brentq
    from scipy.stats import ncf

    def solved(chance: float) -> float:
        if ncf.cdf(f, columns, spare, 1e-9) <= chance:
            return 0.0
        top = 10.0
        while ncf.cdf(f, columns, spare, top) > chance and top < 1e7:
            top *= 2
        return float(brentq(lambda at: ncf.cdf(f, columns, spare, at) - chance, 1e-9, top))

    low, high = (solved(chance) for chance in ((1 + level) / 2, (1 - level) / 2))
    return low / (low + officers), high / (high + officers)


def _holm(p: Floats) -> Floats:
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known])]
    scaled = np.maximum.accumulate(p[order] * (len(order) - np.arange(len(order))))
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(scaled, 1.0)
    return adjusted


def reweighted(
    frame: pd.DataFrame, officer: str, weights: Mapping[str, float], *, draws: int = 500, seed: int = 0
) -> Comparison:
    """How officers' places by a weighted composite move when the weights do.

    ``frame``: one row per officer; the columns named in ``weights`` hold the areas' scores on one scale (chances, say).
    Officers with a missing area are left out. The weights are moved in three ways: each area doubled, each left out,
    and ``draws`` random weights with the given ones as their mean (Dirichlet, concentration 10 per area).
    Returns a Comparison with one row per officer by name: ``officer``, ``place`` (1 is highest; ties share the mean),
    ``place_low``, ``place_high`` (5 and 95 % of the random weights), ``most_lost`` (places, over doubling and leaving
    out), ``lost_by`` (that change). Facts: ``kept_top`` (share of the top tenth that stays there at the 95 % place),
    ``median_width``. Not assessable with fewer than 10 officers or 2 areas of positive weight.
    Raises InputError for unknown columns or negative weights; PrivacyError for protected fields.
    """
    refuse_protected(weights, "a score")
    areas = [area for area, weight in weights.items() if weight > 0]
    need(frame, officer, *weights)
    if any(weight < 0 for weight in weights.values()):
        raise InputError("weights must be at least 0", where="weights")
    rows = frame[[officer, *areas]].dropna()
    if len(rows) < 10 or len(areas) < 2:
        return Comparison(reason=f"{len(rows)} officers with every area, {len(areas)} areas with a weight")
    scores = rows[areas].to_numpy(dtype=float)
    base = np.array([weights[area] for area in areas], dtype=float)
    base /= base.sum()
    table = _places(rows[officer].astype(str).to_numpy(), scores, base, areas, draws, seed)
    top = table[table["place"] <= max(1.0, len(table) / 10)]
    facts = {
        "kept_top": float((top["place_high"] <= max(1.0, len(table) / 10)).mean()),
        "median_width": float((table["place_high"] - table["place_low"]).median()),
        "officers": len(table),
    }
    return Comparison(table.sort_values("officer").reset_index(drop=True), facts)


def _places(names: NDArray[Any], scores: Floats, base: Floats, areas: list[str], draws: int, seed: int) -> pd.DataFrame:
    from scipy.stats import rankdata

    def place(weight: Floats) -> Floats:
        return np.asarray(rankdata(-np.round(scores @ weight, 12)))

    first = place(base)
    changes = {}
    for k, area in enumerate(areas):
        for words, factor in (("doubled", 2.0), ("left out", 0.0)):
            moved = base.copy()
            moved[k] *= factor
            changes[f"{area} {words}"] = place(moved / moved.sum()) - first
    lost = np.array(list(changes.values()))
    worst = lost.argmax(axis=0)
    random = np.random.default_rng(seed).dirichlet(10 * len(base) * base, draws)
    low, high = np.quantile(np.array([place(each) for each in random]), [0.05, 0.95], axis=0)
    most = lost.max(axis=0)
    return pd.DataFrame(
        {
            "officer": names,
            "place": first,
            "place_low": low,
            "place_high": high,
            "most_lost": most,
            "lost_by": np.where(most > 0, np.array(list(changes))[worst], ""),
        }
    )
