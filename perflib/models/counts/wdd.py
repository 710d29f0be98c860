"""Weighted displacement difference: did an operation reduce crime, or move it?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.counts.arguments import Floats, counts, share
from perflib.result import Result

AREAS = ("treated", "control", "treated_displacement", "control_displacement")
Pair = Sequence[float]


def wdd(
    treated: Pair,
    control: Pair,
    treated_displacement: Pair | None = None,
    control_displacement: Pair | None = None,
    time_weights: Pair = (1, 1),
    area_weights: Sequence[float] | None = None,
    level: float = 0.95,
) -> Result:
    """The change of a treated area less that of its control, displacement areas included.

    Parameters
    ----------
    treated, control, treated_displacement, control_displacement : (pre, post) counts; displacement areas are optional
        and come in pairs.
    time_weights : divisors of the pre and post counts (their lengths).
    area_weights : divisors of the areas' counts (their sizes), in the order of the arguments.
    level : coverage of the interval.

    Returns
    -------
    Result with facts ``estimate``, ``variance``, ``se``, ``z``, ``p_value``, ``low``, ``high``, ``local``,
    ``displacement``; a row per area (pre, post, change, all after division). Negative: fewer crimes than without.

    Raises
    ------
    InputError : counts that are negative or fractional, one displacement area without the other, wrong weights.

    Notes
    -----
    Poisson counts: the variance is the sum of the counts, each divided by the square of its divisors. Counts that vary
    more make the interval too narrow. Treated and control areas are taken to have changed alike otherwise.
    Source: Wheeler and Ratcliffe 2018, Crime Science 7.
    """
    areas = _areas(treated, control, treated_displacement, control_displacement)
    times, sizes = _weights(time_weights, 2, "time_weights"), _weights(area_weights, len(areas), "area_weights")
    divisors = sizes[:, None] * times[None, :]
    scaled = areas / divisors
    change = scaled[:, 1] - scaled[:, 0]
    local = float(change[0] - change[1])
    moved = float(change[2] - change[3]) if len(areas) > 2 else 0.0
    facts = _facts(local + moved, float((areas / divisors**2).sum()), level) | {"local": local, "displacement": moved}
    table = pd.DataFrame({"area": AREAS[: len(areas)], "pre": scaled[:, 0], "post": scaled[:, 1], "change": change})
    return Result("wdd", table, facts=facts)


def wdd_harm(results: Sequence[Result], weights: Sequence[float], level: float = 0.95) -> Result:
    """Several offences' weighted displacement differences added up by harm.

    Parameters
    ----------
    results : one ``wdd`` Result per offence. weights : harm of one crime of that offence (days of prison, cost).

    Returns a Result with facts ``estimate``, ``variance``, ``se``, ``z``, ``p_value``, ``low``, ``high``, in units of
    harm; a row per offence. Raises InputError for results that are no ``wdd`` or lengths that differ.
    Source: Wheeler and Ratcliffe 2018; offences are taken as independent.
    """
    if not results or any("variance" not in result.facts for result in results):
        raise InputError("needs a list of results of wdd", where="results")
    harm = np.asarray(weights, dtype=float)
    if harm.shape != (len(results),) or not np.isfinite(harm).all():
        raise InputError(f"needs {len(results)} numbers, one per result", where="weights")
    estimates, variances = (np.array([result.facts[name] for result in results]) for name in ("estimate", "variance"))
    facts = _facts(float(harm @ estimates), float(harm**2 @ variances), level)
    table = pd.DataFrame({"weight": harm, "estimate": estimates, "variance": variances, "harm": harm * estimates})
    return Result("wdd_harm", table, facts=facts)


def _facts(estimate: float, variance: float, level: float) -> dict[str, float | None]:
    from scipy.stats import norm

    se = math.sqrt(variance)
    half = float(norm.ppf((1 + share(level, "level")) / 2)) * se
    z = estimate / se if se else None
    return {
        "estimate": estimate,
        "variance": variance,
        "se": se,
        "z": z,
        "low": estimate - half,
        "high": estimate + half,
        "p_value": None if z is None else float(2 * norm.sf(abs(z))),
    }


def _areas(treated: Pair, control: Pair, near: Pair | None, near_control: Pair | None) -> Floats:
    if (near is None) != (near_control is None):
        raise InputError(
            "a displacement area needs its control, and the other way round",
            where="treated_displacement" if near is None else "control_displacement",
        )
    given = [pair for pair in (treated, control, near, near_control) if pair is not None]
    rows = [counts(pair, name) for pair, name in zip(given, AREAS, strict=False)]
    wrong = [name for row, name in zip(rows, AREAS, strict=False) if row.shape != (2,)]
    if wrong:
        raise InputError("is not a pair (pre, post)", where=wrong[0])
    return np.array(rows)


def _weights(weights: Sequence[float] | None, size: int, where: str) -> Floats:
    found = np.ones(size) if weights is None else np.asarray(weights, dtype=float)
    if found.shape != (size,) or not (np.isfinite(found).all() and (found > 0).all()):
        raise InputError(f"needs {size} positive divisors", where=where)
    return found
