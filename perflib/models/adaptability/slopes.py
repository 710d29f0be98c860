"""Officer-specific slopes on a demand index, against the peers' slope, as one table of the officer comparison."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perflib.errors import InputError
from perflib.models.adaptability import likelihood, posterior
from perflib.models.estimates_chart import drawn
from perflib.models.peers import table
from perflib.privacy import refuse_protected
from perflib.result import Result

Floats = NDArray[np.float64]
KINDS = {"poisson": likelihood.poisson, "gaussian": likelihood.gaussian}
TITLE = "Whose figures change with demand unlike their peers'?"
METHOD = (
    "Random slopes on demand: each officer's level is conditioned out (Poisson) or centred out (Gaussian), "
    "slopes are drawn towards the peers', of whom none, all or a few may differ; flagged by the mean chance of a "
    "wrong sign (Stephens 2017, Biostatistics 18)."
)
CAVEATS = (
    "Each officer is held against their own other periods, so an officer who is high or low at all times is not "
    "flagged here, and a bad month that is followed by an ordinary one is chance, not adaptation.",
    "Assumes that busier periods differ from quiet ones in how busy they are, and in nothing else that matters.",
)


def slopes(
    frame: pd.DataFrame,
    *,
    officer: str,
    demand: str,
    value: str,
    exposure: str | None = None,
    kind: str = "poisson",
    q: float = 0.10,
    level: float = 0.95,
    minimum_periods: int = 8,
    minimum_events: float = 10,
    minimum_peers: int = 5,
    spread: float | None = None,
    counted_words: str = "how the figure changes",
    name: str = "adaptability",
) -> Result:
    """How each officer's figure changes with demand, beyond what the peers' does.

    Parameters
    ----------
    frame : one row per officer and period.
    demand : the index, on any scale; a slope is per standard deviation of it over all rows.
    value : events of the period ("poisson") or a mean ("gaussian"). exposure : work of the period (poisson; default
        1), or the records behind the mean (gaussian). Rows without exposure, demand or value are left out.
    minimum_periods, minimum_events, minimum_peers : below these an officer is "not assessable".
    spread : standard deviation of officers' slopes, where it is known; otherwise unknown, and none with one half.

    Returns
    -------
    Result with the columns of all officer comparisons: ``exposure`` (summed), ``peers``, ``estimate`` with ``low``,
    ``high``: for counts the ratio by which the rate grows per standard deviation of demand, over the peers' (1: like
    them); for means the difference of slopes (0: like them). ``posterior`` is the chance of growing more than the
    peers' (no difference counts half), ``fdr`` the mean chance of a wrong sign among those at least as clear;
    ``periods``. Facts: ``peer_slope`` (ratio or difference per standard deviation), ``spread``, ``none_differ``,
    ``dispersion``, ``demand_sd`` and the common ones.
    Raises InputError for unknown columns, values that are not numbers or negative counts; PrivacyError for protected
    columns.
    """
    rows = _rows(frame, officer, demand, value, exposure, kind)
    officers = sorted(pd.unique(frame[officer].dropna()), key=str)
    sd = float(rows["demand"].std(ddof=0)) if len(rows) else 0.0
    if not sd > 0:
        return Result.not_assessable(name, "demand does not vary", title=TITLE, method=METHOD)
    rows["demand"] = (rows["demand"] - rows["demand"].mean()) / sd
    told = _reasons(rows, officers, kind, minimum_periods, minimum_events)
    able = told.index[told["reason"] == ""]
    if len(able) <= minimum_peers:
        told.loc[able, "reason"] = f"fewer than {minimum_peers} peers"
        return _result(told, None, pd.Index([]), kind, q, level, name, sd, None, counted_words)
    used = rows[rows["officer"].isin(able)].sort_values("officer", kind="stable")
    starts = np.flatnonzero(np.r_[True, used["officer"].to_numpy()[1:] != used["officer"].to_numpy()[:-1]])
    lines = KINDS[kind](used, starts)
    held = posterior.found(lines, spread)
    return _result(
        told, held, pd.Index(used["officer"].to_numpy()[starts]), kind, q, level, name, sd, lines, counted_words
    )


def _rows(frame: pd.DataFrame, officer: str, demand: str, value: str, exposure: str | None, kind: str) -> pd.DataFrame:
    if kind not in KINDS:
        raise InputError(f"no kind {kind!r}", where="kind", choices=KINDS, found=kind)
    named = {"officer": officer, "demand": demand, "value": value, **({"exposure": exposure} if exposure else {})}
    refuse_protected([column for key, column in named.items() if key != "officer"], "a score")
    for column in named.values():
        if column not in frame.columns:
            raise InputError(f"no column {column!r}", where="frame", choices=frame.columns, found=column)
    rows = pd.DataFrame({key: frame[column].to_numpy() for key, column in named.items()})
    rows["exposure"] = rows.get("exposure", 1.0)
    try:
        rows = rows.astype({"demand": float, "value": float, "exposure": float})
    except (TypeError, ValueError):
        raise InputError("demand, value and exposure must be numbers", where="frame") from None
    rows = rows.dropna()
    if np.isinf(rows[["demand", "value", "exposure"]].to_numpy()).any() or (rows["exposure"] < 0).any():
        raise InputError("infinite, or an exposure below 0", where="frame")
    if kind == "poisson" and ((rows["value"] < 0) | (rows["value"] % 1 != 0)).any():
        raise InputError("counts must be whole numbers, at least 0", where=value)
    return rows[rows["exposure"] > 0]


def _reasons(rows: pd.DataFrame, officers: list[Any], kind: str, periods: int, events: float) -> pd.DataFrame:
    """Per officer: periods, exposure, and why they cannot be assessed."""
    by = rows.groupby("officer")
    told = pd.DataFrame(
        {
            "periods": by.size(),
            "exposure": by["exposure"].sum(),
            "total": by["value"].sum(),
            "moves": by["demand"].std(ddof=0),
        }
    ).reindex(officers)
    told[["periods", "exposure"]] = told[["periods", "exposure"]].fillna(0)
    few = (told["total"] < events) & (kind == "poisson")
    told["reason"] = np.select(
        [told["exposure"] <= 0, told["periods"] < periods, few, ~(told["moves"] > 0.25)],
        [
            "no exposure recorded",
            f"fewer than {periods} periods",
            f"fewer than {events:g} events",
            "demand hardly changed for them",
        ],
        "",
    )
    return told.drop(columns=["total", "moves"])


def _result(
    told: pd.DataFrame,
    held: posterior.Found | None,
    names: pd.Index,
    kind: str,
    q: float,
    level: float,
    name: str,
    sd: float,
    lines: likelihood.Lines | None,
    counted_words: str,
) -> Result:
    counts = kind == "poisson"
    more = pd.DataFrame(columns=["estimate", "low", "high", "posterior", "fdr", "up"], index=names, dtype=float)
    if held is not None:
        middle, low, high = posterior.quantiles(held, level)
        shown = np.exp if counts else np.asarray
        wrong = 1 - np.maximum(held.above, held.below)
        more = more.assign(
            estimate=shown(middle),
            low=shown(low),
            high=shown(high),
            fdr=_running(wrong),
            posterior=held.above + held.same / 2,
            up=(held.above > held.below) * 1.0,
        )
    frame = told.join(more).rename_axis("officer").reset_index()
    frame["peers"] = np.where(frame["reason"] == "", max(len(names) - 1, 0), 0)
    frame["verdict"] = table.verdicts(
        frame["fdr"].to_numpy(), (frame["up"] == 1).to_numpy(), frame["reason"].to_numpy(), q
    )
    frame["periods"] = frame["periods"].astype(int)
    frame = table.ordered(frame, ("periods",))
    facts = table.counted(frame, q) | {"demand_sd": sd}
    flagged = frame["verdict"].isin(["higher", "lower"])
    if flagged.any():
        facts["expected_false_flags"] = float(frame.loc[flagged, "fdr"].max() * flagged.sum())
    if held is not None and lines is not None:
        centre = float(np.exp(held.centre)) if counts else held.centre
        facts |= {
            "peer_slope": centre,
            "spread": held.spread,
            "none_differ": held.none_differ,
            "dispersion": lines.dispersion,
        }
    answer = table.told(facts, f"{counted_words} with demand")
    labels = table.LABELS | {
        "estimate": "Change with demand, over peers'" if counts else "Slope less peers'",
        "posterior": "P(grows more than peers')",
        "periods": "Periods",
    }
    frame, chart = drawn(frame, 1.0 * counts, "Exposure", labels["estimate"], answer, intervals=True)
    caveats = (*CAVEATS, *table.CAVEATS, *table.honest(facts, rates=False))
    return Result(
        name,
        frame,
        TITLE,
        answer,
        METHOD,
        caveats,
        facts,
        chart if len(names) else None,
        labels | {"flagged": "Flagged"},
    )


def _running(wrong: Floats) -> Floats:
    """Mean chance of a wrong sign among the officers at least as clear, per officer."""
    order = np.argsort(wrong, kind="stable")
    mean = np.cumsum(wrong[order]) / np.arange(1, len(wrong) + 1)
    back = np.empty(len(wrong))
    back[order] = mean
    return back
