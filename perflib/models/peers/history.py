"""An officer beside their own earlier work: what is left to compare with where there are no peers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.counts.asked import Floats, share
from perflib.models.estimates_chart import drawn
from perflib.models.peers import rule, table
from perflib.rates import poisson_limits
from perflib.result import Result

TITLE = "Whose latest period differs from their own earlier ones?"
METHOD = (
    "Negative binomial prediction of the latest period from the officer's own earlier ones, allowing rates to vary "
    "from period to period by a coefficient of variation taken from all officers' earlier periods; Benjamini-Hochberg."
)


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
    name: str = "own_history",
) -> Result:
    """The latest period of each officer beside the same officer's earlier ones, for agencies too small for peers.

    Parameters
    ----------
    frame : rows of officer x period (such as years) with ``exposure`` and ``events``; rows of one period are added up.
    minimum_expected : fewer events expected in the latest period than this is "not assessable".
    minimum_periods : earlier periods with exposure that are needed.

    Returns
    -------
    Result with the common table: ``exposure`` of the latest period, ``peers`` 0, ``estimate`` (observed over expected
    from the own earlier rate), ``low``/``high`` (Garwood limits of the latest count), ``fdr``, ``verdict`` (here
    "higher" or "lower" than the officer's own past), ``reason``, ``events``, ``expected``, ``periods``; ``posterior``
    is missing. Facts: ``cv_within`` (variation of an officer's rate between periods), ``latest`` and the common facts.

    Raises InputError for missing columns or one period only.
    """
    share(q, "q")
    rows = _rows(frame, officer, period, exposure, events)
    last = rows["period"].max()
    before, now = rows[rows["period"] < last], rows[rows["period"] == last].set_index("officer")
    if before.empty:
        raise InputError("there is one period only", where=period, do="give earlier periods to compare with")
    past = (
        before[before["exposure"] > 0]
        .groupby("officer")
        .agg(events=("events", "sum"), exposure=("exposure", "sum"), periods=("period", "nunique"))
    )
    names = pd.Index(sorted(set(rows["officer"])))
    past, now = past.reindex(names).fillna(0), now.reindex(names).fillna(0)
    spread = _within(before)
    expected = ((past["events"] + 0.5) / past["exposure"].where(past["exposure"] > 0) * now["exposure"]).to_numpy()
    seen = now["events"].to_numpy()
    upper, lower = _tails(seen, expected, past["events"].to_numpy() + 0.5, spread)
    reason = np.select(
        [now["exposure"] <= 0, past["periods"] < minimum_periods, ~(expected >= minimum_expected)],
        [
            "no exposure recorded",
            f"fewer than {minimum_periods} earlier periods",
            f"fewer than {minimum_expected:g} events expected from the own past",
        ],
        "",
    )
    p = np.minimum(1.0, 2 * np.minimum(upper, lower))
    fdr = rule.false_discovery(p, reason == "")
    low, high = poisson_limits(seen)
    base = np.where(expected > 0, expected, np.nan)  # without work in the latest period there is no ratio
    made = pd.DataFrame(
        {
            "officer": names,
            "exposure": now["exposure"].to_numpy(),
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
    facts = table.counted(made, q, p) | {"cv_within": float(np.sqrt(spread)), "latest": last}
    return _told(table.ordered(made, ("events", "expected", "periods")), facts, name)


def _rows(frame: pd.DataFrame, officer: str, period: str, exposure: str, events: str) -> pd.DataFrame:
    for column in (officer, period, exposure, events):
        if column not in frame.columns:
            raise InputError(f"no column {column!r}", where="frame", choices=frame.columns, found=column)
    named = frame.rename(columns={officer: "officer", period: "period", exposure: "exposure", events: "events"})
    return named.groupby(["officer", "period"])[["exposure", "events"]].sum().reset_index()


def _within(before: pd.DataFrame) -> float:
    """Squared coefficient of variation of officers' rates between their own periods, by moments; at least 0.

    Over officers: sum of squared deviations from the own mean less what the Poisson makes, over the squared means.
    """
    used = before[before["exposure"] > 0]
    total = used.groupby("officer")[["exposure", "events"]].transform("sum")
    mean = used["exposure"] * total["events"] / total["exposure"]
    part = 1 - used["exposure"] / total["exposure"]
    beyond = ((used["events"] - mean) ** 2 - mean * part).sum()
    scale = (mean**2 * part).sum()
    return float(max(beyond / scale, 0.0)) if scale > 0 else 0.0


def _tails(seen: Floats, expected: Floats, shape: Floats, spread: float) -> tuple[Floats, Floats]:
    """P(at least, at most as many) from the gamma posterior of the own rate, widened by the variation over periods."""
    from scipy.stats import nbinom

    safe = np.where(np.isfinite(expected) & (expected > 0), expected, 1.0)
    size = 1 / (1 / np.maximum(shape, 0.5) + spread)
    law = nbinom(size, size / (size + safe))
    return law.sf(seen - 1), law.cdf(seen)


def _told(made: pd.DataFrame, facts: dict[str, Any], name: str) -> Result:
    answer = (
        f"Of {facts['officers']:,} officers {facts['assessed']:,} can be held beside their own past: "
        f"{facts['higher']} higher and {facts['lower']} lower than before.{table.doubt(facts)}"
    )
    made, chart = drawn(made, 1.0, "Exposure, latest period", "Latest period / own past", answer)
    caveats = (
        "A change of an officer's figures can be a change of assignment, of the area or of recording: the past "
        "is no standard of what is right, and a high level that lasts is not seen here.",
        table.CAVEATS[0],
        "An extreme past is followed by a milder present by chance alone (regression to the mean).",
    )
    labels = table.LABELS | {
        "estimate": "Latest / own past",
        "exposure": "Exposure, latest period",
        "periods": "Earlier periods",
        "flagged": "Flagged",
    }
    return Result(name, made, TITLE, answer, METHOD, caveats, facts, chart, labels)
