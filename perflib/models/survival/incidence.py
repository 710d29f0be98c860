"""Cumulative incidence: the share that has ended in a given way by a given time, open cases counted right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from perflib.errors import InputError
from perflib.models.survival.curve import incidence, interval, risk_table
from perflib.rates import inside
from perflib.result import Result


def cumulative_incidence(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike | None = None,
    *,
    level: float = 0.95,
    at: Sequence[float] = (0, 7, 30, 365),
    weights: ArrayLike | None = None,
    causes: Mapping[int, str] | None = None,
    name: str = "cumulative_incidence",
) -> Result:
    """Aalen-Johansen cumulative incidence of each way of ending, per group.

    Parameters
    ----------
    time : how long each case was followed, >= 0; an event and a censoring at the same time: the event comes first.
    event : 0 still open (censored), 1, 2, ... how it ended.
    group : one label per case; None: all together.
    at : the times reported in the facts.
    weights : how many cases each row stands for (counts, >= 0); None: one.
    causes : names of the codes of ``event``.

    Returns
    -------
    Result with a row per group, cause and distinct time: ``group``, ``cause``, ``time``, ``at_risk``, ``events``,
    ``incidence`` with ``se``, ``low``, ``high``, and ``naive`` (1 - Kaplan-Meier that treats the other ends as
    censored; always at least as high, shown for comparison). Facts, per group when ``group`` is given: ``n``,
    ``open``, ``followed`` (longest), ``cif`` and ``naive`` (final value by cause), ``events`` by cause, and ``at``:
    by cause and time ``{estimate, low, high, at_risk}``; a time nobody was followed to has ``reason`` instead.

    Raises
    ------
    InputError : lengths differ; a time or weight is negative or missing; an event is no whole number >= 0; no case.

    Source: Aalen and Johansen 1978, Scandinavian Journal of Statistics 5; Gaynor et al. 1993, JASA 88.
    """
    cases = _checked(time, event, group, weights)
    codes = sorted({int(code) for code in cases["event"] if code > 0} | set(causes or {}))
    if not codes:
        return Result.not_assessable(name, "no case has ended yet")
    names = {code: str((causes or {}).get(code, code)) for code in codes}
    parts, facts = [], {}
    for label, places in cases.groupby("group", sort=True).indices.items():
        part = cases.iloc[places]
        risk = risk_table(part["time"].to_numpy(), part["event"].to_numpy(), part["weight"].to_numpy(), codes)
        curves = _curves(risk, names, inside(level))
        parts += [{"group": label, "cause": cause, **curve} for cause, curve in curves.items()]
        facts[str(label)] = _facts(risk, curves, at, level)
    return Result(name, _table(parts), facts=facts if group is not None else next(iter(facts.values())))


def _checked(time: Any, event: Any, group: Any, weights: Any) -> pd.DataFrame:
    length = np.size(time)
    columns = {
        "time": time,
        "event": event,
        "group": np.full(length, "all") if group is None else group,
        "weight": np.ones(length) if weights is None else weights,
    }
    sizes = {name: np.size(values) for name, values in columns.items()}
    if set(sizes.values()) - {length} or not length:
        raise InputError(f"lengths differ or are 0: {sizes}", where="cumulative_incidence")
    cases = pd.DataFrame({name: np.atleast_1d(np.asarray(values)) for name, values in columns.items()})
    for column in ("time", "event", "weight"):
        numbers = pd.to_numeric(cases[column], errors="coerce")
        bad = ~(numbers >= 0) | np.isinf(numbers) | ((column == "event") & (numbers % 1 != 0))
        if bad.any():
            raise InputError(
                f"{int(bad.sum()):,} of {length:,} values are missing, negative or no such number",
                where=column,
                do="leave those cases out with a reason, or correct them",
            )
        cases[column] = numbers.astype(float)
    return cases[cases["weight"] > 0]


def _curves(risk: dict[Any, Any], names: Mapping[int, str], level: float) -> dict[str, dict[str, Any]]:
    """Cause -> arrays over the distinct times."""
    curves = {}
    for code, (curve, error, naive) in incidence(risk, list(names)).items():
        low, high = interval(curve, error, float(risk["at_risk"][0]), level)
        curves[names[code]] = {
            "time": risk["time"],
            "at_risk": risk["at_risk"],
            "events": risk[code],
            "incidence": curve,
            "se": error,
            "low": low,
            "high": high,
            "naive": naive,
        }
    return curves


def _facts(
    risk: dict[Any, Any], curves: dict[str, dict[str, Any]], at: Sequence[float], level: float
) -> dict[str, Any]:
    return {
        "n": float(risk["at_risk"][0]),
        "open": float(risk["censored"].sum()),
        "followed": float(risk["time"][-1]),
        "events": {cause: float(curve["events"].sum()) for cause, curve in curves.items()},
        "cif": {cause: float(curve["incidence"][-1]) for cause, curve in curves.items()},
        "naive": {cause: float(curve["naive"][-1]) for cause, curve in curves.items()},
        "at": {cause: {f"{day:g}": _reading(curve, risk, day, level) for day in at} for cause, curve in curves.items()},
    }


def _table(parts: list[dict[str, Any]]) -> pd.DataFrame:
    """The curves below one another; a frame per curve would cost more than the curve."""
    lengths = [len(part["time"]) for part in parts]
    labels = {name: pd.Series([part[name] for part in parts]).repeat(lengths).array for name in ("group", "cause")}
    return pd.DataFrame(labels | {name: np.concatenate([part[name] for part in parts]) for name in list(parts[0])[2:]})


def _reading(curve: dict[str, Any], risk: dict[Any, Any], day: float, level: float) -> dict[str, Any]:
    """The step function read at one time: estimate, interval and the number still followed."""
    times, at_risk = risk["time"], risk["at_risk"]
    if day > times[-1] and risk["censored"][-1] > 0:
        return {
            "estimate": None,
            "low": None,
            "high": None,
            "at_risk": 0.0,
            "reason": f"no case has been followed for {day:g}; the longest for {float(times[-1]):g}",
        }
    place = int(np.searchsorted(times, day, side="right"))
    estimate, low, high = 0.0, *interval(np.zeros(1), np.zeros(1), float(at_risk[0]), level)
    if place:
        estimate, low, high = (curve[name][[place - 1]] for name in ("incidence", "low", "high"))
    left = float(at_risk[place]) if place < len(times) else 0.0
    values = {"estimate": estimate, "low": low, "high": high, "at_risk": left}
    return {name: float(np.squeeze(value)) for name, value in values.items()}
