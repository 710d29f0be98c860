"""Hazards in whole intervals of time: ratios between groups that no number of ties disturbs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.result import Result

EDGES = (0, 1, 8, 31, 91, 366)


def hazard_ratios(
    frame: pd.DataFrame,
    time: str,
    event: str,
    terms: Sequence[str],
    *,
    edges: Sequence[float] = EDGES,
    weights: str | None = None,
    level: float = 0.95,
    name: str = "hazard_ratios",
) -> Result:
    """How much faster cases end (event 1) at one value of a term than at its reference, the other terms equal.

    Times are grouped into intervals, so that any number of equal times is handled exactly; ``exp(coefficient)`` is the
    hazard ratio of the underlying proportional-hazards model. Cause-specific: other ends are withdrawals.

    Parameters
    ----------
    frame : a row per case, or per pattern with ``weights`` cases; text and category columns become indicators against
        their most frequent value, numbers enter as they are.

    Returns
    -------
    Result with a row per coefficient: ``term``, ``value``, ``reference``, ``coefficient``, ``se``, ``ratio``, ``low``,
    ``high``, ``p``, ``cases`` and ``what`` (term and value). Facts: ``{what: {ratio, low, high, p}}``, ``n``,
    ``events``. Not assessable with fewer than 10 events per coefficient.

    Raises
    ------
    InputError : a column is absent.

    Source: complementary log-log model of grouped times, Prentice and Gloeckler 1978, Biometrics 34.
    """
    import statsmodels.api as sm

    complete = columns_of(frame, [time, event, *terms], weights)
    rows = _intervals(complete.rename(columns={time: "time", event: "event"}), edges)
    patterns = rows[rows["at_risk"] > 0].groupby(["interval", *terms], observed=True)
    rows = patterns[["at_risk", "events"]].sum().reset_index()
    design, about = design_of(rows, terms)
    events = float(rows["events"].sum())
    if events < 10 * max(1, design.shape[1]):
        return Result.not_assessable(name, few(events, design.shape[1]))
    kept = rows.groupby("interval")["events"].transform("sum") > 0  # without any event: nothing about ratios
    rows, design = rows[kept], design[kept]
    periods = pd.get_dummies(rows["interval"], prefix="interval", dtype=float)
    counts = np.column_stack([rows["events"], (rows["at_risk"] - rows["events"]).clip(lower=0.0)])
    family = sm.families.Binomial(link=sm.families.links.CLogLog())
    fitted = sm.GLM(counts, pd.concat([periods, design], axis=1).to_numpy(float), family=family).fit(maxiter=100)
    place = slice(periods.shape[1], None)
    more = {"n": float(complete["weight"].sum()), "events": events}
    return as_ratios(about, fitted.params[place], fitted.bse[place], level, name, more)


def few(events: float, coefficients: int) -> str:
    """Why so many coefficients cannot be estimated."""
    return f"{events:,.0f} events for {coefficients} coefficients; 10 each are needed"


def columns_of(frame: pd.DataFrame, names: Sequence[str], weights: str | None) -> pd.DataFrame:
    """The named columns of complete rows, and ``weight``."""
    missing = [column for column in (*names, *([weights] if weights else [])) if column not in frame.columns]
    if missing:
        raise InputError(f"no column {missing[0]!r}", choices=frame.columns, found=missing[0])
    complete = frame[list(names)].assign(weight=frame[weights].astype(float) if weights else 1.0)
    return complete.dropna()


def _intervals(cases: pd.DataFrame, edges: Sequence[float]) -> pd.DataFrame:
    """Every case once per interval it entered, with the share of it that was at risk and whether it ended there."""
    if len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise InputError("edges must increase and be at least two", where="edges")
    last = np.searchsorted(np.asarray(edges, float), cases["time"].to_numpy(float), side="right") - 1
    if (last < 0).any():
        raise InputError(f"{int((last < 0).sum()):,} times lie before the first edge", where="time")
    parts = []
    for number in range(len(edges) - 1):
        entered = cases[last >= number]
        here = last[last >= number] == number
        ended = here & (entered["event"].to_numpy() == 1)
        share = np.where(here & ~ended, 0.5, 1.0) * entered["weight"]
        parts.append(entered.assign(interval=number, at_risk=share, events=ended * entered["weight"]))
    return pd.concat(parts, ignore_index=True)


def design_of(rows: pd.DataFrame, terms: Sequence[str]) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Indicator columns against the most frequent value of each text term; numbers as they are."""
    columns: dict[str, pd.Series] = {}
    about: list[dict[str, Any]] = []
    for term in terms:
        if pd.api.types.is_numeric_dtype(rows[term]) and not pd.api.types.is_bool_dtype(rows[term]):
            columns[term] = rows[term].astype(float)
            about.append({"term": term, "value": "", "reference": "per unit", "cases": None})
            continue
        entered = rows[rows["interval"] == 0] if "interval" in rows else rows
        sizes = entered.groupby(term, observed=True)["at_risk"].sum().sort_values(ascending=False)
        for value in sizes.index[1:]:
            columns[f"{term}={value}"] = (rows[term] == value).astype(float)
            about.append(
                {"term": term, "value": str(value), "reference": str(sizes.index[0]), "cases": float(sizes[value])}
            )
    return pd.DataFrame(columns, index=rows.index), about


def as_ratios(
    about: list[dict[str, Any]], coefficient: Any, error: Any, level: float, name: str, more: dict[str, Any]
) -> Result:
    """The coefficients of a hazard model as ratios, as a Result."""
    from scipy.stats import norm

    z = norm.ppf((1 + level) / 2)
    beta, se = np.asarray(coefficient, float), np.asarray(error, float)
    table = pd.DataFrame(about).assign(
        coefficient=beta,
        se=se,
        ratio=np.exp(beta),
        low=np.exp(beta - z * se),
        high=np.exp(beta + z * se),
        p=2 * norm.sf(np.abs(beta / se)),
    )
    table.insert(0, "what", (table["term"] + " " + table["value"]).str.strip())
    facts: dict[Any, Any] = table.set_index("what")[["coefficient", "se", "ratio", "low", "high", "p"]].to_dict("index")
    return Result(name, table, facts=facts | more)
