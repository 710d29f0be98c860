"""Counts of stops against a baseline, by group, with the place held fixed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.figures import Chart
from perflib.models.disparity.rows import counts
from perflib.result import Result


def multilevel_counts(
    frame: pd.DataFrame, *, reference: str | None = None, level: float = 0.95, name: str = "multilevel_counts"
) -> Result:
    """Stops relative to a baseline (arrests of the year before, say) by group, within places.

    ``frame`` has one row per place and group: ``place``, ``group``, ``stops`` and ``baseline`` (the exposure; rows at 0
    are left out). Three Poisson regressions with offset log(baseline): constant; group; group and place. Intervals of
    the rate ratios come from the last, widened by its dispersion (Pearson). The reference group is the first by name
    unless named. Returns a Result with one row per group but the reference: ``coefficient``, ``ratio``, ``low``,
    ``high``. Facts: per model ``deviance``, ``coefficients``, ``df``; ``dispersion``.
    Raises InputError for missing columns or impossible counts.
    Source: Gelman, Fagan and Kiss 2007, JASA 102.
    """
    rows = counts(frame, ("stops",)).merge(_baseline(frame), on=["place", "group"])
    rows = rows[rows["baseline"] > 0]
    groups, places = sorted(rows["group"].unique()), rows["place"].nunique()
    if len(groups) < 2 or places < 2:
        return Result.not_assessable(name, "fewer than two groups or places with a baseline", title=_TITLE)
    first = _known(reference, groups)
    others = [group for group in groups if group != first]
    fits = _fits(rows, others)
    last = fits["place"]
    scale = float(last.pearson_chi2 / last.df_resid) if last.df_resid else float("nan")
    table = _ratios(last, others, scale, level)
    facts = {
        "reference": first,
        "dispersion": scale,
        "models": {
            key: {
                "deviance": float(fit.deviance),
                "df": int(fit.df_resid),
                "constant": float(fit.params.iloc[0]),
                "groups": [float(fit.params[g]) for g in others if g in fit.params],
            }
            for key, fit in fits.items()
        },
    }
    each = "; ".join(f"{r.group} {r.ratio:.2f} ({r.low:.2f} to {r.high:.2f})" for r in table.itertuples())
    return Result(
        name,
        table,
        _TITLE,
        f"Stops per baseline within places, as ratios to {first}: {each}.",
        "Poisson regression with offset and places, errors widened by dispersion (Gelman et al. 2007).",
        [
            "Assumes that the baseline measures how often each group would be stopped by an even-handed "
            "officer. If the baseline (arrests, say) is itself biased, so is the comparison.",
            f"Dispersion {scale:.1f}: counts vary more than Poisson; intervals are widened accordingly.",
        ],
        facts,
        Chart(
            "dots",
            "group",
            "ratio",
            "low",
            "high",
            y_label=f"Rate ratio to {first}",
            alt=each,
            marks={"target": 1.0, "target_words": "no difference"},
        ),
    )


_TITLE = "Is a group stopped more than its baseline says, within places?"


def _baseline(frame: pd.DataFrame) -> pd.DataFrame:
    return counts(frame, ("baseline",))


def _known(asked: str | None, groups: list[str]) -> str:
    from perflib.errors import InputError

    if asked is not None and str(asked) not in groups:
        raise InputError("no such group", where="reference", choices=groups, found=asked)
    return groups[0] if asked is None else str(asked)


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

    b, error = fit.params[others], fit.bse[others] * np.sqrt(max(scale, 1.0))
    z = norm.ppf((1 + level) / 2)
    return pd.DataFrame(
        {
            "group": others,
            "coefficient": b.to_numpy(),
            "ratio": np.exp(b).to_numpy(),
            "low": np.exp(b - z * error).to_numpy(),
            "high": np.exp(b + z * error).to_numpy(),
        }
    )


def ratios_by_place(frame: pd.DataFrame, *, reference: str, level: float = 0.95) -> pd.DataFrame:
    """Stops per baseline of each group relative to ``reference`` in the same place, both taken as counts.

    ``frame`` as for ``multilevel_counts``. Returns its rows with ``ratio``, ``low``, ``high``: (s1 / b1) / (s0 / b0),
    the interval from 1/s1 + 1/b1 + 1/s0 + 1/b0 as the variance of its logarithm; missing for the reference itself and
    where any of the four is 0. Raises InputError for missing columns or impossible counts.
    """
    from scipy.stats import norm

    rows = counts(frame, ("stops",)).merge(_baseline(frame), on=["place", "group"])
    base = rows[rows["group"] == reference].set_index("place")[["stops", "baseline"]]
    both = rows.join(base.set_axis(["stops0", "baseline0"], axis=1), on="place")
    four = both[["stops", "baseline", "stops0", "baseline0"]].astype(float)
    four = four.where((four > 0).all(axis=1) & (rows["group"] != reference))
    log = np.log(four["stops"] / four["baseline"]) - np.log(four["stops0"] / four["baseline0"])
    reach = norm.ppf((1 + level) / 2) * np.sqrt((1 / four).sum(axis=1, skipna=False))
    return rows.assign(ratio=np.exp(log), low=np.exp(log - reach), high=np.exp(log + reach))
