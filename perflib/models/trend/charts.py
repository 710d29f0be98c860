"""Control charts: is this month different, or is it the usual variation?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from perflib.figures import Chart
from perflib.models.trend import doubts, memory, rules
from perflib.models.trend.asked import KINDS, Asked, check
from perflib.models.trend.limits import SHEWHART, Floats, Limits, Mask
from perflib.result import Result

__all__ = ["KINDS", "control_chart"]


def control_chart(
    values: Sequence[float] | pd.Series,
    kind: str = "p",
    sizes: Sequence[float] | pd.Series | None = None,
    *,
    dates: Sequence[Any] | None = None,
    target: float | None = None,
    direction: str = "none",
    rebase: Sequence[Any] = (),
    sigma: float = 3.0,
    baseline: int | None = None,
    errors: Sequence[float] | None = None,
    sd: float | None = None,
    weight: float = 0.2,
    k: float | None = None,
    h: float | None = None,
    name: str = "control_chart",
    title: str = "",
    unit: str = "",
) -> Result:
    """Shewhart, EWMA and CUSUM charts with limits, signals and their meaning.

    Parameters
    ----------
    values : one number per period, in time order. p, p_prime: how many had the attribute; c, u: counts; g: how many
        opportunities passed between two events; i, ewma, cusum: measurements. A gap (NaN) is kept and not judged.
    kind : "p" proportion, "p_prime" or "laney" (Laney p', for large or over-dispersed samples), "c" count,
        "u" rate, "i" individual values, "g" gap between rare events, "ewma", "cusum".
    sizes : denominators (p, p_prime) or exposure (u), one per value; a size of 0 is a gap.
    dates : one per value, for the table and the axis.
    target : a wished-for level, drawn; for ewma and cusum the level drift is measured from (default: the mean).
    direction : of improvement: "up", "down" or "none".
    rebase : 1-based positions, or dates, at which a new process begins and limits are computed afresh.
    sigma : half-width of the limits in standard errors.
    baseline : compute the limits of each segment from its first ``baseline`` points only.
    errors : kind "i": the standard error of each value (of a median, see ``quantiles.interval_se``).
    sd, weight, k, h : ewma and cusum: known standard deviation, EWMA weight, CUSUM slack and decision interval
        (k and h in the units of the data).

    Returns
    -------
    Result whose table has ``point`` (1-based), ``date`` when given, ``value``, ``statistic`` (what is drawn),
    ``centre``, ``lower``, ``upper``, ``signal`` (beyond the limits), ``rule`` (every rule met and its meaning).
    Facts: ``centre``, ``lower``, ``upper`` (a number, or a list per point where it varies; for cusum ``upper`` and
    ``lower`` are the lists of upper and lower sums and ``h`` the limit), ``signals`` (1-based positions beyond the
    limits, always), ``signal_dates`` (when dates are given), ``run_points`` (positions met by a run rule: 8 in a row on
    one side, 2 of 3 beyond two standard errors), ``improvements``, ``deteriorations``. Not assessable below 3 points.

    Raises
    ------
    InputError : unknown kind or direction, lengths that differ, a count above its size, negative or missing sizes.

    Sources: Shewhart 1931; Montgomery, Introduction to Statistical Quality Control; and those of each kind.
    """
    asked = check(
        Asked(values, kind, sizes, dates, target, direction, rebase, sigma, baseline, errors, sd, weight, k, h)
    )
    if asked.known.sum() < 3:
        return Result.not_assessable(
            name, f"{int(asked.known.sum())} points; a control chart needs at least 3", title=title
        )
    limits = _whole(asked)
    table, outcome = _table(asked, limits)
    facts = _facts(asked, limits, table, outcome)
    return Result(
        name,
        table,
        title or "Is the latest figure more than the usual variation?",
        _answer(asked, facts),
        _method(asked),
        doubts.doubts(asked, limits),
        facts,
        _chart(asked, facts, unit, title),
        _labels(unit),
    )


def _whole(asked: Asked) -> Limits:
    """Limits of every known point, segment by segment."""
    parts = [_segment(asked, members) for members in asked.segments()]
    joined = {
        key: np.concatenate([getattr(part, key) for part in parts])
        for key in ("statistic", "centre", "lower", "upper", "spread")
    }
    facts: dict[str, Any] = {}
    for part in parts:
        for key, value in part.facts.items():
            facts[key] = facts.get(key, []) + value if isinstance(value, list) else value
    return Limits(facts=facts, **joined)


def _segment(asked: Asked, members: Mask) -> Limits:
    values = asked.values[members]
    sizes = None if asked.sizes is None else asked.sizes[members]
    errors = None if asked.errors is None else asked.errors[members]
    base = np.arange(len(values)) < (asked.baseline or len(values))
    if asked.kind == "ewma":
        return memory.ewma(values, base, asked.sigma, target=asked.target, sd=asked.sd, weight=asked.weight)
    if asked.kind == "cusum":
        return memory.cusum(values, base, target=asked.target, sd=asked.sd, k=asked.k, h=asked.h)
    return SHEWHART[asked.kind](values, sizes, errors, base, asked.sigma)


def _table(asked: Asked, limits: Limits) -> tuple[pd.DataFrame, dict[str, Any]]:
    # a geometric lies below its mean 63 % of the time: runs of a g chart are counted about its median
    middle = limits.centre if asked.kind != "g" else np.log(0.5) / np.log1p(-1 / (1.000001 + limits.centre))
    memoryless = asked.kind in SHEWHART
    out, in_run, texts = rules.label(limits, asked.direction, middle, memoryless)
    table = pd.DataFrame({"point": np.arange(1, len(asked.values) + 1)})
    if asked.dates is not None:
        table["date"] = asked.dates
    shown = limits.statistic if memoryless else asked.values[asked.known]
    columns: dict[str, Any] = {
        "value": shown,
        "statistic": limits.statistic,
        "centre": limits.centre,
        "lower": limits.lower,
        "upper": limits.upper,
    }
    for key, column in columns.items():
        table[key] = _spread_out(column, asked.known)
    table["signal"], table["rule"] = False, ""
    table.loc[asked.known, "signal"], table.loc[asked.known, "rule"] = out != 0, texts
    side = np.zeros(len(asked.values))
    side[asked.known] = out
    run = np.zeros(len(asked.values), dtype=bool)
    run[asked.known] = in_run
    return table, {"side": side, "run": run}


def _spread_out(column: Floats, known: Mask) -> Floats:
    whole = np.full(len(known), np.nan)
    whole[known] = column
    return whole


def _facts(asked: Asked, limits: Limits, table: pd.DataFrame, outcome: dict[str, Any]) -> dict[str, Any]:
    points = table["point"].to_numpy()
    meanings = np.array([rules.meaning(side, asked.direction) for side in outcome["side"]])
    signal = table["signal"].to_numpy()
    facts = {key: _one_or_all(getattr(limits, key)) for key in ("centre", "lower", "upper")} | {
        "n": int(asked.known.sum()),
        "signals": points[signal].tolist(),
        "run_points": points[outcome["run"]].tolist(),
        "improvements": points[signal & (meanings == "improvement")].tolist(),
        "deteriorations": points[signal & (meanings == "deterioration")].tolist(),
        "related": doubts.related(asked),
        **limits.facts,
    }
    if asked.kind == "cusum":
        facts |= {"centre": limits.facts["target"], "upper": facts["upper_sums"], "lower": facts["lower_sums"]}
    if asked.dates is not None:
        facts["signal_dates"] = [
            pd.Timestamp(date).date().isoformat() if isinstance(date, pd.Timestamp) else str(date)
            for date in table.loc[signal, "date"]
        ]
    return facts


def _one_or_all(column: Floats) -> float | list[float]:
    return float(column[0]) if np.allclose(column, column[0], rtol=1e-12, atol=0) else column.tolist()


def _answer(asked: Asked, facts: dict[str, Any]) -> str:
    shown = facts.get("signal_dates", facts["signals"])
    listed = ", ".join(str(item) for item in shown[:8]) + (", ..." if len(shown) > 8 else "")
    found = (
        f"{len(shown)} of {facts['n']} points signal ({listed})"
        if shown
        else f"none of {facts['n']} points is beyond the limits"
    )
    kinds = [f"{len(facts[key])} {key}" for key in ("improvements", "deteriorations") if facts[key]]
    runs = f"; {len(facts['run_points'])} points meet a run rule" if facts["run_points"] else ""
    return f"{_levels(asked, facts)}: {found}{', ' + ' and '.join(kinds) if kinds else ''}{runs}."


def _levels(asked: Asked, facts: dict[str, Any]) -> str:
    centre = facts["centre"]
    if asked.kind == "cusum":
        return f"Drift from {centre:.4g} (k {facts['k']:.3g}, h {facts['h']:.3g})"
    if isinstance(centre, list):
        return f"Centre {centre[-1]:.4g} in the last of {len(asked.segments())} segments"
    if isinstance(facts["upper"], list):
        return f"Centre {centre:.4g}, limits that vary with each point's precision"
    return f"Centre {centre:.4g}, limits {facts['lower']:.4g} to {facts['upper']:.4g}"


def _method(asked: Asked) -> str:
    from_first = f", limits from the first {asked.baseline} points" if asked.baseline else ""
    return (
        f"{KINDS[asked.kind]}{from_first}; {asked.sigma:g}-sigma limits."
        if asked.kind != "cusum"
        else f"{KINDS['cusum']}{from_first}."
    )


def _chart(asked: Asked, facts: dict[str, Any], unit: str, title: str) -> Chart:
    marks: dict[str, Any] = {"centre": "centre", "lower": "lower", "upper": "upper", "signal": "signal", "rule": "rule"}
    if asked.target is not None and asked.kind != "cusum":
        marks["target"] = asked.target
    x = "point" if asked.dates is None else "date"
    return Chart(
        "control",
        x,
        "statistic",
        x_label="" if x == "date" else "Point",
        y_label=unit or title,
        marks=marks,
        alt=_answer(asked, facts),
    )


def _labels(unit: str) -> dict[str, str]:
    tail = f" ({unit})" if unit else ""
    names = {"value": "Value", "statistic": "Drawn", "centre": "Centre", "lower": "Lower limit", "upper": "Upper limit"}
    return {key: text + tail for key, text in names.items()} | {
        "point": "Point",
        "date": "Date",
        "signal": "Signal",
        "rule": "Rule",
    }
