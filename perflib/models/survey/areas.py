"""Small areas: direct estimates, multilevel regression and post-stratification, and the fallback where that fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.survey.estimate import mean
from perflib.models.survey.weights import effective
from perflib.privacy.quoting import quoted

Array = np.ndarray[Any, np.dtype[Any]]
#: respondents below which an area is not shown at all, and below which its own figure is not relied on.
HIDDEN, SMALL = 10, 50
_STEPS = np.linspace(-4, 4, 9)
_DRAWS, _SEED = 40_000, 11


def direct(frame: pd.DataFrame, value: str, area: str, weight: str | None = None) -> pd.DataFrame:
    """Weighted means by area: ``area, n, n_effective, estimate, se, low, high``; nothing below ``HIDDEN`` answers."""
    rows = []
    for name, part in frame[frame[value].notna()].groupby(area, sort=True):
        w = part[weight].to_numpy(float) if weight else np.ones(len(part))
        row: dict[str, Any] = {"area": name, "n": len(part), "n_effective": effective(w)}
        if len(part) >= HIDDEN:
            estimate = mean(part[value].to_numpy(float), w)
            row |= {"estimate": estimate.mean, "se": estimate.se, "low": estimate.low, "high": estimate.high}
        rows.append(row)
    return pd.DataFrame(rows, columns=["area", "n", "n_effective", "estimate", "se", "low", "high"])


def apart(gap: Sequence[float] | Array, cover: Array, level: float = 0.95) -> pd.DataFrame:
    """Differences with intervals that hold for all of them together: ``against, against_low, against_high``.

    Parameters
    ----------
    gap : the differences, such as areas less the mean of all. cover : their covariance.

    Returns
    -------
    One row per difference; each reaches as many of its own deviations as the largest of all passes with chance
    1 - ``level`` (normal, drawn with a fixed seed), so that naming whatever leaves out zero names nobody wrongly in
    ``level`` of the surveys in which no area differs.
    """
    middle, spread = np.asarray(gap, dtype=float), np.asarray(cover, dtype=float)
    deviation = np.sqrt(np.maximum(np.diag(spread), 0.0))
    values, vectors = np.linalg.eigh(spread)
    draws = np.random.default_rng(_SEED).normal(size=(_DRAWS, len(middle)))
    moved = draws @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    largest = (np.abs(moved) / np.where(deviation > 0, deviation, np.inf)).max(axis=1)
    reach = float(np.quantile(largest, level)) * deviation
    return pd.DataFrame({"against": middle, "against_low": middle - reach, "against_high": middle + reach})


def less_the_whole(best: Array, cover: Array, share: Array) -> tuple[Array, Array]:
    """Areas less the mean of all (``share`` of each adds to 1), and the covariance of that; the whole is as unsure as
    its parts are, and moves with them."""
    turn = np.eye(len(best)) - np.asarray(share, dtype=float)[None, :]
    return np.asarray(turn @ best), np.asarray(turn @ cover @ turn.T)


def fay_herriot(
    estimate: Sequence[float] | Array, se: Sequence[float] | Array, level: float = 0.95
) -> tuple[pd.DataFrame, float]:
    """Areas drawn to their common mean as far as their errors require: ``estimate, se, low, high``, ``against`` (less
    the common mean) with ends that hold for all areas together (``apart``); and the variance between areas.

    The variance between areas solves the moment equation of Paule & Mandel 1982; standard errors include the
    uncertainty of the common mean. Source: Fay & Herriot 1979, JASA 74; Prasad & Rao 1990, JASA 85.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    y, d = np.asarray(estimate, dtype=float), np.asarray(se, dtype=float) ** 2
    if len(y) < 3 or (d <= 0).any():
        raise InputError("at least three areas with positive standard errors are needed", where="fay_herriot")

    def centre(between: float) -> tuple[float, Array]:
        w = 1 / (d + between)
        return float((w * y).sum() / w.sum()), w

    def gap(between: float) -> float:
        middle, w = centre(between)
        return float((w * (y - middle) ** 2).sum()) - (len(y) - 1)

    top = 10 * float(np.var(y)) + 10 * float(d.max())
    between = float(brentq(gap, 0.0, top)) if gap(0.0) > 0 > gap(top) else 0.0
    middle, w = centre(between)
    keep = between / (between + d)
    # what estimating the variance between areas adds (Prasad & Rao): twice its own term, with the moment's variance
    unsure = 2 * len(y) / w.sum() ** 2 * d**2 / (d + between) ** 3
    spread = np.sqrt(keep * d + (1 - keep) ** 2 / w.sum() + 2 * unsure)
    best, reach = middle + keep * (y - middle), norm.ppf((1 + level) / 2) * spread
    # errors of keep (y - middle) as a guess of an area's effect: the middle's error is shared, and else independent
    cover = np.diag(keep * d + 2 * unsure) + np.outer(keep, keep) / w.sum()
    table = pd.DataFrame({"estimate": best, "se": spread, "low": best - reach, "high": best + reach})
    return pd.concat([table, apart(best - middle, cover, level)], axis=1), between


def poststratified(
    frame: pd.DataFrame,
    value: str,
    area: str,
    factors: Sequence[str],
    cells: pd.DataFrame,
    size: str = "residents",
    level: float = 0.95,
) -> pd.DataFrame:
    """Means by area from a multilevel regression, weighted to the population's cells.

    Parameters
    ----------
    frame : one row per respondent: ``value``, ``area`` and ``factors``. cells : the population: ``area``, ``factors``
        and ``size``, every combination that lives there.

    Returns
    -------
    ``area, n, estimate, se, low, high``; areas without respondents are estimated from their cells alone. ``against``,
    ``against_low``, ``against_high``: the area less the mean of the whole population by the same model, with ends that
    hold for all areas together (``apart``).

    Raises
    ------
    InputError : columns lack, a level of a factor is not in the population, or fewer than 30 answers.

    Notes
    -----
    Answers are normal around a mean with independent normal effects of area and of each factor and of each pair of
    area and factor; their variances maximise the marginal likelihood of the cell means under a weak prior (Chung et
    al. 2013, Psychometrika 78), and estimates are posterior means over the likely variances between areas, weighted by
    ``size``. Source: Gelman & Little 1997, Survey Methodology 23; Park, Gelman & Bafumi 2004, Political Analysis 12.
    """
    from scipy.stats import norm

    names = [area, *factors]
    answers = _complete(frame, value, names, cells, size)
    population = cells[cells[size] > 0].groupby(names, sort=True)[size].sum().reset_index()
    summary = answers.groupby(names, sort=True)[value].agg(["size", "mean", "var"]).reset_index()
    blocks = [*([name] for name in names), *([area, name] for name in factors)]
    maps = [_map(summary, population, block) for block in blocks]
    fitted = _fit(summary, [rows for rows, _ in maps])
    best, spread = _posterior(fitted, maps)
    places = population[area].astype(str).to_numpy()
    towns = sorted(set(places))
    people = population[size].to_numpy(dtype=float)
    inside = np.stack([np.where(places == name, people, 0.0) for name in towns])
    each = inside / inside.sum(axis=1, keepdims=True)
    middle, cover = each @ best, each @ spread @ each.T
    se = np.sqrt(np.maximum(np.diag(cover), 0.0))
    reach = norm.ppf((1 + level) / 2) * se
    table = pd.DataFrame(
        {
            "area": towns,
            "n": [int((answers[area] == name).sum()) for name in towns],
            "estimate": middle,
            "se": se,
            "low": middle - reach,
            "high": middle + reach,
        }
    )
    return pd.concat([table, apart(*less_the_whole(middle, cover, inside.sum(axis=1) / people.sum()), level)], axis=1)


def _complete(frame: pd.DataFrame, value: str, names: list[str], cells: pd.DataFrame, size: str) -> pd.DataFrame:
    for where, table, wanted in (("frame", frame, [value, *names]), ("cells", cells, [*names, size])):
        missing = [name for name in wanted if name not in table.columns]
        if missing:
            raise InputError(f"no column {missing[0]!r}", where=where, choices=table.columns, found=missing[0])
    answers = frame[[value, *names]].dropna()
    answers = answers.assign(**{name: answers[name].astype(str) for name in names})
    for name in names:
        unknown = set(answers[name]) - set(cells[name].astype(str))
        if unknown:
            raise InputError(f"{name} {quoted(sorted(unknown)[0])!r} is not in the population", where="cells")
    if len(answers) < 30:
        raise InputError(f"{len(answers)} answers are too few for a model of areas", where="frame")
    return answers


def _map(summary: pd.DataFrame, population: pd.DataFrame, block: list[str]) -> tuple[Array, Array]:
    """Which level of a block each sample cell and each population cell belongs to, as one-hot columns."""
    keys = [table[block].astype(str).agg("\x1f".join, axis=1) for table in (summary, population)]
    levels = {key: at for at, key in enumerate(sorted(set(keys[0]) | set(keys[1])))}
    eye = np.eye(len(levels))
    return eye[keys[0].map(levels).to_numpy()], eye[keys[1].map(levels).to_numpy()]


def _fit(summary: pd.DataFrame, maps: list[Array]) -> dict[str, Any]:
    """Within variance and the variance of each block by marginal likelihood, the general mean profiled out."""
    from scipy.optimize import minimize

    n, y = summary["size"].to_numpy(float), summary["mean"].to_numpy(float)
    inside = float((summary["var"].fillna(0) * (n - 1)).sum())
    freedom = float((n - 1).sum())
    within = inside / freedom if freedom > 20 and inside > 0 else float(np.average((y - y.mean()) ** 2, weights=n))
    within = within or 1.0
    kernels = [rows @ rows.T for rows in maps]

    def loss(logs: Array) -> float:
        cover = np.diag(within / n) + sum(np.exp(log) * kernel for log, kernel in zip(logs, kernels, strict=True))
        root = np.linalg.cholesky(cover)
        one, rest = np.linalg.solve(root, np.ones(len(y))), np.linalg.solve(root, y)
        middle = (one @ rest) / (one @ one)
        # a weak prior on deviations keeps few levels from claiming to be all alike (Chung et al. 2013)
        prior = float(np.sum(-logs + np.exp(logs / 2) / np.sqrt(within)))
        return float(2 * np.log(np.diag(root)).sum() + np.log(one @ one) + ((rest - middle * one) ** 2).sum() + prior)

    start = np.full(len(kernels), np.log(within / 50))
    best = minimize(loss, start, method="L-BFGS-B", bounds=[(np.log(within) - 14, np.log(within) + 3)] * len(start))
    tried = best.x + np.outer(_STEPS, np.eye(len(start))[0])
    losses = np.array([loss(logs) for logs in tried])
    # the prior is one on deviations, the steps are even in log variances: hence half a log more
    logs = (losses.min() - losses) / 2 + (tried[:, 0] - tried[:, 0].max()) / 2
    chance = np.exp(logs - logs.max())
    return {
        "within": within,
        "n": n,
        "y": y,
        "kernels": kernels,
        "tried": np.exp(tried),
        "chance": chance / chance.sum(),
    }


def _posterior(fitted: Mapping[str, Any], maps: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Mean and covariance of the population cells' means given the sample, the variance between areas unsure."""
    made = [_given(sizes, fitted, maps) for sizes in fitted["tried"]]
    best = sum(chance * middle for chance, (middle, _) in zip(fitted["chance"], made, strict=True))
    spread = sum(
        chance * (each + np.outer(middle - best, middle - best))
        for chance, (middle, each) in zip(fitted["chance"], made, strict=True)
    )
    return np.asarray(best), np.asarray(spread)


def _given(sizes: Array, fitted: Mapping[str, Any], maps: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """The same for given variances, the general mean unknown."""
    cover = np.diag(fitted["within"] / fitted["n"]) + sum(
        size * kernel for size, kernel in zip(sizes, fitted["kernels"], strict=True)
    )
    across = sum(size * there @ here.T for size, (here, there) in zip(sizes, maps, strict=True))
    there = sum(size * each @ each.T for size, (_, each) in zip(sizes, maps, strict=True))
    inverse = np.linalg.inv(cover)
    one = np.ones(len(fitted["y"]))
    weight = float(one @ inverse @ one)
    middle = float(one @ inverse @ fitted["y"]) / weight
    best = middle + across @ inverse @ (fitted["y"] - middle)
    rest = 1 - across @ inverse @ one
    spread = there - across @ inverse @ across.T + np.outer(rest, rest) / weight
    return np.asarray(best), np.asarray(spread)
