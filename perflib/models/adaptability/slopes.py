"""Officer-specific slopes on a demand index, against the peers' slope, as one table of the officer comparison."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.errors import InputError
from perflib.models.adaptability import likelihood, posterior
from perflib.models.peers.table import COLUMNS, Comparison, first_reason, need, summary, verdicts
from perflib.privacy import refuse_protected
from perflib.verdicts import FLAGS

Floats = NDArray[np.float64]


def slopes(
    frame: pd.DataFrame,
    *,
    officer: str,
    demand: str,
    value: str,
    exposure: str | None = None,
    q: float = 0.10,
    level: float = 0.95,
    minimum_periods: int = 8,
    minimum_events: float = 10,
    minimum_peers: int = 5,
    spread: float | None = None,
) -> Comparison:
    """How each officer's figure changes with demand, beyond what the peers' does.

    Parameters
    ----------
    frame : one row per officer and period.
    demand : the index, on any scale; a slope is per standard deviation of it over all rows.
    value : events of the period. exposure : work of the period, default 1. Rows without exposure, demand or value are
        left out.
    minimum_periods, minimum_events, minimum_peers : below these an officer is "not assessable".
    spread : standard deviation of officers' slopes, where it is known; otherwise unknown, and none with one half.

    Returns
    -------
    Comparison with the columns of all officer comparisons: ``exposure`` (summed), ``peers``, ``estimate`` with ``low``,
    ``high``: the ratio by which the rate grows per standard deviation of demand, over the peers' (1: like them).
    ``posterior`` is the chance of growing more than the peers' (no difference counts half), ``fdr`` the mean chance of
    a wrong sign among those at least as clear; ``periods``. Facts: ``peer_slope`` (ratio per standard deviation),
    ``spread``, ``none_differ``, ``dispersion``, ``demand_sd`` and the common ones.
    Not assessable where demand does not vary. Source: Stephens 2017, Biostatistics 18 (the wrong sign).

    Raises InputError for unknown columns, values that are not numbers or negative counts; PrivacyError for protected
    columns.
    """
    rows = _rows(frame, {"officer": officer, "demand": demand, "value": value, "exposure": exposure})
    sd = float(rows["demand"].std(ddof=0)) if len(rows) else 0.0
    if not sd > 0:
        return Comparison(reason="demand does not vary")
    rows["demand"] = (rows["demand"] - rows["demand"].mean()) / sd
    made = _periods(rows).reindex(sorted(pd.unique(frame[officer].dropna()), key=str))
    made[["periods", "exposure"]] = made[["periods", "exposure"]].fillna(0)
    made["reason"] = first_reason(
        (made["exposure"] <= 0, "no exposure recorded"),
        (made["periods"] < minimum_periods, f"fewer than {minimum_periods} periods"),
        (made["total"] < minimum_events, f"fewer than {minimum_events:g} events"),
        (~(made["moves"] > 0.25), "demand hardly changed for them"),
    )
    able = made["reason"] == ""
    made[["estimate", "low", "high", "posterior", "fdr", "up"]] = np.nan
    facts = {"demand_sd": sd}
    if able.sum() <= minimum_peers:
        made["reason"] = made["reason"].replace("", f"fewer than {minimum_peers} peers")
    else:
        used = rows[rows["officer"].isin(made.index[able])].sort_values("officer", kind="stable")
        names, starts = np.unique(used["officer"].to_numpy(), return_index=True)
        lines = likelihood.poisson(used, starts)
        found = posterior.differences(lines, spread)
        middle, low, high = np.exp(posterior.quantiles(found, level))
        wrong = 1 - np.maximum(found.above, found.below)
        columns = {"estimate": middle, "low": low, "high": high, "fdr": _running(wrong)}
        columns |= {"posterior": found.above + found.same / 2, "up": found.above > found.below}
        made.loc[names, list(columns)] = np.column_stack(list(columns.values()))
        facts |= {
            "peer_slope": float(np.exp(found.centre)),
            "spread": found.spread,
            "none_differ": found.none_differ,
            "dispersion": lines.dispersion,
        }
    assessed = (made["reason"] == "").to_numpy()
    made["peers"] = np.where(assessed, assessed.sum() - 1, 0)
    made["verdict"] = verdicts(made["fdr"].to_numpy(), made["up"].eq(1).to_numpy(), made["reason"].to_numpy(), q)
    made = made.rename_axis("officer").reset_index().astype({"periods": int})[[*COLUMNS, "periods"]]
    facts = summary(made, q) | facts
    if facts["flags"]:
        facts["expected_false_flags"] = float(made.loc[made["verdict"].isin(FLAGS), "fdr"].max() * facts["flags"])
    return Comparison(made, facts)


def _rows(frame: pd.DataFrame, named: dict[str, str | None]) -> pd.DataFrame:
    columns = {key: column for key, column in named.items() if column}
    refuse_protected([column for key, column in columns.items() if key != "officer"], "a score")
    need(frame, *columns.values())
    rows = pd.DataFrame({key: frame[column].to_numpy() for key, column in columns.items()})
    rows["exposure"] = rows.get("exposure", 1.0)
    try:
        rows = rows.astype({"demand": float, "value": float, "exposure": float}).dropna()
    except (TypeError, ValueError):
        raise InputError("demand, value and exposure must be numbers", where="frame") from None
    if np.isinf(rows[["demand", "value", "exposure"]].to_numpy()).any() or (rows["exposure"] < 0).any():
        raise InputError("infinite, or an exposure below 0", where="frame")
    if ((rows["value"] < 0) | (rows["value"] % 1 != 0)).any():
        raise InputError("counts must be whole numbers, at least 0", where=columns["value"])
    return rows[rows["exposure"] > 0]


def _periods(rows: pd.DataFrame) -> pd.DataFrame:
    """By officer: how many periods, the exposure, the events in all, and how far demand moved."""
    by = rows.groupby("officer")
    return pd.DataFrame(
        {
            "periods": by.size(),
            "exposure": by["exposure"].sum(),
            "total": by["value"].sum(),
            "moves": by["demand"].std(ddof=0),
        }
    )


def _running(wrong: Floats) -> Floats:
    """Mean chance of a wrong sign among the officers at least as clear, per officer."""
    order = np.argsort(wrong, kind="stable")
    mean = np.cumsum(wrong[order]) / np.arange(1, len(wrong) + 1)
    back = np.empty(len(wrong))
    back[order] = mean
    return back
