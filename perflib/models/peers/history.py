"""An officer against their own earlier work: what is left to compare with where there are no peers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.counts import adjusted
from perflib.models.counts.arguments import share
from perflib.models.peers import table
from perflib.models.peers.table import Comparison
from perflib.rates import poisson_limits


def own_history(
    frame: pd.DataFrame,
    officer: str = "officer",
    period: str = "period",
    *,
    exposure: str = "exposure",
    events: str = "events",
    q: float = 0.10,
    minimum_expected: float = 5.0,
    minimum_periods: int = 2,
) -> Comparison:
    """The latest period of each officer against the same officer's earlier ones, for agencies too small for peers.

    Parameters
    ----------
    frame : rows of officer x period (such as years) with ``exposure`` and ``events``; rows of one period are added up.
    minimum_expected : fewer events expected in the latest period than this is "not assessable".
    minimum_periods : earlier periods with exposure that are needed.

    Returns
    -------
    Comparison with the common table: ``exposure`` of the latest period, ``peers`` 0, ``estimate`` (observed over
    expected from the own earlier rate), ``low``/``high`` (Garwood limits of the latest count), ``fdr``, ``verdict``
    (here "higher" or "lower" than the officer's own past), ``reason``, ``events``, ``expected``, ``periods``;
    ``posterior`` is missing. Facts: ``cv_within`` (variation of an officer's rate between periods), ``latest`` and the
    common facts.

    Raises InputError for missing columns or one period only.
    """
    from scipy.stats import nbinom

    share(q, "q")
    table.need(frame, officer, period, exposure, events)
    named = frame.rename(columns={officer: "officer", period: "period", exposure: "exposure", events: "events"})
    rows = named.groupby(["officer", "period"])[["exposure", "events"]].sum().reset_index()
    last = rows["period"].max()
    earlier, now = (
        rows[rows["period"] < last],
        rows[rows["period"] == last].set_index("officer")[["exposure", "events"]],
    )
    if earlier.empty:
        raise InputError("there is one period only", where=period, do="give earlier periods to compare with")
    worked = earlier[earlier["exposure"] > 0]
    past = worked.groupby("officer").agg(
        events=("events", "sum"), exposure=("exposure", "sum"), periods=("period", "nunique")
    )
    names = pd.Index(sorted(set(rows["officer"])))
    past, now = past.reindex(names).fillna(0), now.reindex(names).fillna(0)
    shape, spread = past["events"].to_numpy() + 0.5, _within(worked)
    work, seen = now["exposure"].to_numpy(), now["events"].to_numpy()
    expected = shape / past["exposure"].where(past["exposure"] > 0).to_numpy() * work
    base = np.where(expected > 0, expected, np.nan)  # without work in the latest period there is no ratio
    # the gamma posterior of the own rate, widened by the variation over periods
    size = 1 / (1 / shape + spread)
    law = nbinom(size, size / (size + np.nan_to_num(base, nan=1.0)))
    upper, lower = law.sf(seen - 1), law.cdf(seen)
    reason = table.first_reason(
        (work <= 0, "no exposure recorded"),
        (past["periods"] < minimum_periods, f"fewer than {minimum_periods} earlier periods"),
        (~(expected >= minimum_expected), f"fewer than {minimum_expected:g} events expected from the own past"),
    )
    p = np.minimum(1.0, 2 * np.minimum(upper, lower))
    fdr = adjusted(np.where(reason == "", p, np.nan))
    low, high = poisson_limits(seen)
    made = pd.DataFrame(
        {
            "officer": names,
            "exposure": work,
            "peers": 0,
            "estimate": seen / base,
            "low": low / base,
            "high": high / base,
            "posterior": np.nan,
            "fdr": fdr,
            "verdict": table.verdicts(fdr, upper < lower, reason, q),
            "reason": reason,
            "events": seen,
            "expected": expected,
            "periods": past["periods"].astype(int).to_numpy(),
        }
    )
    return Comparison(made, table.summary(made, q, p) | {"cv_within": float(np.sqrt(spread)), "latest": last})


def _within(worked: pd.DataFrame) -> float:
    """Squared coefficient of variation of officers' rates between their own periods, by moments; at least 0.

    Over officers: sum of squared deviations from the own mean less what the Poisson makes, over the squared means.
    """
    total = worked.groupby("officer")[["exposure", "events"]].transform("sum")
    mean = worked["exposure"] * total["events"] / total["exposure"]
    part = 1 - worked["exposure"] / total["exposure"]
    beyond = ((worked["events"] - mean) ** 2 - mean * part).sum()
    scale = (mean**2 * part).sum()
    return float(max(beyond / scale, 0.0)) if scale > 0 else 0.0
