"""Cumulative incidence: the share that has ended in a given way by a given time, open cases counted right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from perflib.errors import InputError
from perflib.figures import Chart
from perflib.models.survival.curve import incidence, interval, risk_table
from perflib.result import Result

_METHOD = (
    "Cumulative incidence with competing ends (Aalen and Johansen 1978, Scandinavian Journal of Statistics 5); "
    "cases still open are censored; delta-method variance (Gaynor et al. 1993, JASA 88), limits on the log-log scale."
)
_SMALL = 10


def cumulative_incidence(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike | None = None,
    *,
    level: float = 0.95,
    at: Sequence[float] = (0, 7, 30, 365),
    weights: ArrayLike | None = None,
    causes: Mapping[int, str] | None = None,
    unit: str = "days",
    name: str = "cumulative_incidence",
    title: str = "",
    ended: str = "ended with",
) -> Result:
    """Aalen-Johansen cumulative incidence of each way of ending, per group.

    Parameters
    ----------
    time : how long each case was followed, >= 0; an event and a censoring at the same time: the event comes first.
    event : 0 still open (censored), 1, 2, ... how it ended.
    group : one label per case; None: all together.
    at : the times reported in the facts and the answer.
    weights : how many cases each row stands for (counts, >= 0); None: one.
    causes : words for the codes of ``event``; the first is the one the answer is about. ended : what the answer puts
        before it.

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
    """
    cases = _checked(time, event, group, weights, level)
    codes = sorted({int(code) for code in cases["event"] if code > 0} | set(causes or {}))
    if not codes:
        return Result.not_assessable(name, "no case has ended yet", title=title, method=_METHOD)
    words = {code: str((causes or {}).get(code, code)) for code in codes}
    parts, facts = [], {}
    for label, places in cases.groupby("group", sort=True).indices.items():
        time_, event_, weight_ = (cases[column].to_numpy()[places] for column in ("time", "event", "weight"))
        curves, found = _one(time_, event_, weight_, codes, words, at, level)
        parts += [{"group": label} | curve for curve in curves]
        facts[str(label)] = found
    table = _table(parts)
    shown = facts if group is not None else next(iter(facts.values()))
    answer = _answer(facts, words, at, level, unit, ended, grouped=group is not None)
    chart = Chart(
        "steps",
        "time",
        "incidence",
        "low",
        "high",
        by="group" if group is not None else "cause",
        x_label=unit.capitalize(),
        y_label="Cumulative incidence",
        alt=answer,
    )
    return Result(
        name,
        table,
        title or "How many have ended, how, and by when?",
        answer,
        _METHOD,
        _caveats(facts, words),
        shown,
        chart,
        _labels(unit, level),
    )


def _checked(time: Any, event: Any, group: Any, weights: Any, level: float) -> pd.DataFrame:
    if not 0 < level < 1:
        raise InputError(f"must lie between 0 and 1, found {level}", where="level")
    length = len(np.atleast_1d(np.asarray(time)))
    columns = {
        "time": time,
        "event": event,
        "group": "all" if group is None else group,
        "weight": 1.0 if weights is None else weights,
    }
    sizes = {name: np.size(values) for name, values in columns.items() if not isinstance(values, (str, float))}
    if set(sizes.values()) - {length} or not length:
        raise InputError(f"lengths differ or are 0: {sizes}", where="cumulative_incidence")
    cases = pd.DataFrame(
        {name: values if isinstance(values, (str, float)) else np.asarray(values) for name, values in columns.items()},
        index=range(length),
    )
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


def _one(
    time: Any, event: Any, weight: Any, codes: list[int], words: Mapping[int, str], at: Sequence[float], level: float
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """One curve per cause, as arrays over the distinct times, and the facts of a group."""
    risk = risk_table(time, event, weight, codes)
    n, curves = float(risk["at_risk"][0]), incidence(risk, codes)
    parts = []
    for code, (curve, error, naive) in curves.items():
        low, high = interval(curve, error, n, level)
        parts.append(
            {
                "cause": words[code],
                "time": risk["time"],
                "at_risk": risk["at_risk"],
                "events": risk[code],
                "incidence": curve,
                "se": error,
                "low": low,
                "high": high,
                "naive": naive,
            }
        )
    facts = {
        "n": n,
        "open": float(risk["censored"].sum()),
        "followed": float(risk["time"][-1]),
        "events": {str(words[code]): float(risk[code].sum()) for code in codes},
        "cif": {words[code]: float(curve[-1]) for code, (curve, _, _) in curves.items()},
        "naive": {words[code]: float(naive[-1]) for code, (_, _, naive) in curves.items()},
        "at": {
            words[code]: {f"{day:g}": reading(part, risk, day, level) for day in at}
            for code, part in zip(codes, parts, strict=True)
        },
    }
    return parts, facts


def _table(parts: list[dict[str, Any]]) -> pd.DataFrame:
    """The curves below one another; a frame per curve would cost more than the curve."""
    lengths = [len(part["time"]) for part in parts]
    labels = {
        name: pd.Series([part[name] for part in parts]).repeat(lengths).reset_index(drop=True)
        for name in ("group", "cause")
    }
    return pd.DataFrame(labels | {name: np.concatenate([part[name] for part in parts]) for name in list(parts[0])[2:]})


def reading(curve: dict[str, Any], risk: dict[Any, Any], day: float, level: float) -> dict[str, Any]:
    """The step function read at one time: estimate, interval and the number still followed."""
    followed, ended = float(risk["time"][-1]), bool(risk["censored"][-1] == 0)
    if day > followed and not ended:
        return {
            "estimate": None,
            "low": None,
            "high": None,
            "at_risk": 0.0,
            "reason": f"no case has been followed for {day:g}; the longest for {followed:g}",
        }
    place = int(np.searchsorted(curve["time"], day, side="right")) - 1
    later = risk["time"] > day
    left = float(risk["at_risk"][later][0]) if later.any() else 0.0
    if place < 0:
        low, high = interval(np.zeros(1), np.zeros(1), float(risk["at_risk"][0]), level)
        return {"estimate": 0.0, "low": float(low[0]), "high": float(high[0]), "at_risk": left}
    found = {said: float(curve[name][place]) for said, name in (("estimate", "incidence"), ("low",) * 2, ("high",) * 2)}
    return found | {"at_risk": left}


def _answer(
    facts: Mapping[str, Any],
    words: Mapping[int, str],
    at: Sequence[float],
    level: float,
    unit: str,
    ended: str,
    *,
    grouped: bool,
) -> str:
    cause = next(iter(words.values()))
    said = []
    for label, found in list(facts.items())[:3]:
        days = [
            f"{share['estimate']:.1%} ({share['low']:.1%} to {share['high']:.1%}) by {day} {unit}"
            for day, share in found["at"][cause].items()
            if share["estimate"] is not None
        ]
        whose = f"{label}: " if grouped else ""
        said.append(f"{whose}{found['n']:,.0f} cases, {ended} {cause}: {', '.join(days)}")
    return ". ".join(said) + f". Intervals at {level:.0%}."


def _caveats(facts: Mapping[str, Any], words: Mapping[int, str]) -> list[str]:
    small = [label for label, found in facts.items() if found["n"] < _SMALL]
    gaps = [max(found["naive"][cause] - found["cif"][cause] for cause in words.values()) for found in facts.values()]
    naive = [
        "The column naive (1 - Kaplan-Meier) treats every other end as if it could still be followed by this one, "
        f"and is too high (here by up to {max(gaps):.3f}); it is shown for comparison only."
    ]
    few = [f"Fewer than {_SMALL} cases: {', '.join(small[:5])}."]
    return (naive if len(words) > 1 else []) + (few if small else [])


def _labels(unit: str, level: float) -> dict[str, str]:
    return {
        "group": "Group",
        "cause": "Ended with",
        "time": f"Time ({unit})",
        "at_risk": "At risk (cases)",
        "events": "Ended (cases)",
        "incidence": "Cumulative incidence (share)",
        "se": "Standard error",
        "low": f"{level:.0%} low",
        "high": f"{level:.0%} high",
        "naive": "1 - Kaplan-Meier (share, too high)",
    }
