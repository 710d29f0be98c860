"""Counts of stops against a baseline, by group, with the place held fixed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.models.disparity.rows import Estimates, counts, known_group


def multilevel_counts(frame: pd.DataFrame, *, reference: str | None = None, level: float = 0.95) -> Estimates:
    """Stops relative to a baseline (arrests of the year before, say) by group, within places.

    ``frame`` has one row per place and group: ``place``, ``group``, ``stops`` and ``baseline`` (the exposure; rows at 0
    are left out). Three Poisson regressions with offset log(baseline): constant; group; group and place. Intervals of
    the rate ratios come from the last, widened by its dispersion (Pearson). The reference group is the first by name
    unless named. The table has one row per group but the reference: ``coefficient``, ``ratio``, ``low``, ``high``.
    Facts: per model ``deviance``, ``coefficients``, ``df``; ``dispersion``.
    Raises InputError for missing columns or impossible counts.
    Source: Gelman, Fagan and Kiss 2007, JASA 102.
    """
    rows = _rows(frame)
    rows = rows[rows["baseline"] > 0]
    groups = sorted(rows["group"].unique())
    if len(groups) < 2 or rows["place"].nunique() < 2:
        return Estimates(reason="fewer than two groups or places with a baseline")
    first = groups[0] if reference is None else known_group(str(reference), groups)
    others = [group for group in groups if group != first]
    fits = _fits(rows, others)
    last = fits["place"]
    scale = float(last.pearson_chi2 / last.df_resid) if last.df_resid else float("nan")
    facts = {
        "reference": first,
        "dispersion": scale,
        "models": {
            key: {
                "deviance": float(fit.deviance),
                "df": int(fit.df_resid),
                "constant": float(fit.params.iloc[0]),
                "groups": [float(fit.params[group]) for group in others if group in fit.params],
            }
            for key, fit in fits.items()
        },
    }
    return Estimates(_ratios(last, others, scale, level), facts)


def _rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Stops with their baseline, each checked by itself: either may be the larger."""
    return counts(frame, ("stops",)).merge(counts(frame, ("baseline",)), on=["place", "group"])


def _fits(rows: pd.DataFrame, others: list[str]) -> dict[str, Any]:
    import statsmodels.api as sm

    constant = pd.DataFrame({"constant": 1.0}, index=rows.index)
    group = pd.DataFrame({g: (rows["group"] == g).astype(float) for g in others})
    place = pd.get_dummies(rows["place"], prefix="place", prefix_sep="=", drop_first=True, dtype=float)
    designs = {"constant": [constant], "group": [constant, group], "place": [constant, group, place]}
    offset = np.log(rows["baseline"])
    return {
        key: sm.GLM(rows["stops"], pd.concat(parts, axis=1), sm.families.Poisson(), offset=offset).fit(
            maxiter=200, tol=1e-10
        )
        for key, parts in designs.items()
    }


def _ratios(fit: Any, others: list[str], scale: float, level: float) -> pd.DataFrame:
    from scipy.stats import norm

    b, error = fit.params[others].to_numpy(), fit.bse[others].to_numpy() * np.sqrt(max(scale, 1.0))
    reach = norm.ppf((1 + level) / 2) * error
    ends = {"ratio": np.exp(b), "low": np.exp(b - reach), "high": np.exp(b + reach)}
    return pd.DataFrame({"group": others, "coefficient": b, **ends})


def ratios_by_place(frame: pd.DataFrame, *, reference: str, level: float = 0.95) -> pd.DataFrame:
    """Stops per baseline of each group relative to ``reference`` in the same place, both taken as counts.

    ``frame`` as for ``multilevel_counts``. Returns its rows with ``ratio``, ``low``, ``high``: (s1 / b1) / (s0 / b0),
    the interval from 1/s1 + 1/b1 + 1/s0 + 1/b0 as the variance of its logarithm; missing for the reference itself and
    where any of the four is 0. Raises InputError for missing columns or impossible counts.
    """
    from scipy.stats import norm

    rows = _rows(frame)
    base = rows[rows["group"] == reference].set_index("place")[["stops", "baseline"]]
    both = rows.join(base.set_axis(["stops0", "baseline0"], axis=1), on="place")
    four = both[["stops", "baseline", "stops0", "baseline0"]].astype(float)
    four = four.where((four > 0).all(axis=1) & (rows["group"] != reference))
    log = np.log(four["stops"] / four["baseline"]) - np.log(four["stops0"] / four["baseline0"])
    reach = norm.ppf((1 + level) / 2) * np.sqrt((1 / four).sum(axis=1, skipna=False))
    return rows.assign(ratio=np.exp(log), low=np.exp(log - reach), high=np.exp(log + reach))
