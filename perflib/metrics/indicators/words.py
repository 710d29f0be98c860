"""The words of an indicator's result, made from its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from perflib.figures import Chart
from perflib.metrics.indicators.record import Exposure, Indicator
from perflib.metrics.response.cells import tag
from perflib.metrics.response.groups import NONE, TIMES
from perflib.result import Result
from perflib.words.response import GROUPS as WORDS

_POISSON = (
    "Exact Poisson limits (Garwood 1936) of the count over the dispersion of monthly counts, times the dispersion "
    "(McCullagh and Nelder 1989)."
)
METHODS = {
    "count": _POISSON,
    "rate": _POISSON,
    "share": "Score intervals (Wilson 1927).",
    "quantile": "Quantiles by linear interpolation; intervals from order statistics (David and Nagaraja 2003).",
}


def result(
    record: Indicator,
    by: tuple[str, ...],
    name: str,
    heading: str,
    table: pd.DataFrame,
    facts: dict[str, Any],
    level: float,
    quantiles: Sequence[float],
) -> Result:
    """The Result of an indicator's table: facts by group, sentence, caveats, chart and headings."""
    value = tag(quantiles[0]) if record.kind == "quantile" else "value"
    low, high = (f"{value}_low", f"{value}_high") if record.kind == "quantile" else ("low", "high")
    rows = table[list(by)].itertuples(index=False)
    groups = [" | ".join(text(part) for part in row) for row in rows] if by else ["all"]
    by_group = table.drop(columns=list(by)).to_dict("records")
    said = answer(record, table, groups, value, low, high)
    method = f"{record.definition} {METHODS[record.kind]}"
    headings = {key: WORDS.get(key, key.replace("_", " ").capitalize()) for key in by}
    ends = {"low": f"{level:.0%} low", "high": f"{level:.0%} high", "numerator": "Number", "value": record.label}
    labels = headings | ends | {"denominator": denominator(record), "others": "Others"}
    return Result(
        name,
        table,
        heading,
        said,
        method,
        _caveats(record, facts),
        dict(zip(groups, by_group, strict=True)) | facts,
        _chart(record, by, table, value, low, high, headings, said) if by else None,
        labels,
    )


def _caveats(record: Indicator, facts: Mapping[str, Any]) -> list[str]:
    spread = facts.get("dispersion", 1)
    if spread <= 1.05:
        return list(record.caveats)
    wide = f"Monthly counts vary {spread:.1f} times as much as Poisson counts; the intervals are widened accordingly."
    return [*record.caveats, wide]


def _chart(
    record: Indicator,
    by: tuple[str, ...],
    table: pd.DataFrame,
    value: str,
    low: str,
    high: str,
    headings: Mapping[str, str],
    alt: str,
) -> Chart:
    timed, second = by[0] in TIMES, by[1] if len(by) > 1 else None
    many = second is not None and timed and table[second].nunique() > 4
    return Chart(
        "line" if timed else "dots",
        by[0],
        value,
        low,
        high,
        by=second,
        x_label=headings[by[0]],
        y_label=f"{record.label} ({record.unit})",
        panels=many,
        alt=alt,
    )


def denominator(record: Indicator) -> str:
    """The heading of the denominator."""
    return record.denominator.unit.capitalize() if isinstance(record.denominator, Exposure) else "Out of"


def text(value: Any) -> str:
    """A group as a fact's key: dates in ISO 8601."""
    return f"{value:%Y-%m-%d}" if hasattr(value, "strftime") else str(value)


def title(record: Indicator, by: Sequence[str], only: Mapping[str, Any], first: Any, last: Any) -> str:
    """What is measured, by what, of which records."""
    parts = [record.label + (f" by {' and '.join(by)}" if by else "")]
    parts += [f"{column} {', '.join(map(str, values))}" for column, values in only.items()]
    return ", ".join(parts + ([f"{first} to {last}"] if first else []))


def answer(record: Indicator, table: pd.DataFrame, groups: list[str], value: str, low: str, high: str) -> str:
    """The value, or the highest and the lowest one, each with its interval."""
    known = table[value].astype(float).reset_index(drop=True)
    named = known[[NONE not in group.split(" | ") for group in groups]].dropna()
    named = named if len(named) else known.dropna()
    if named.empty:
        return f"{record.label}: no group has enough records."
    places = [int(named.to_numpy().argmax()), int(named.to_numpy().argmin())][: len(named)]
    said = []
    for place in places:
        at = int(named.index[place])
        row, group = table.iloc[at], groups[at]
        ends = f"{_number(row[low], record)} to {_number(row[high], record)}"
        where = "" if group == "all" else f" in {group}"
        said.append(f"{_number(row[value], record)} ({ends}){where}")
    if len(said) == 1:
        return f"{record.label}: {said[0]}."
    return f"{record.label}: highest {said[0]}, lowest {said[1]}."


def _number(value: float, record: Indicator) -> str:
    if pd.isna(value):
        return "unknown"
    if record.kind == "share":
        return f"{value:.1%}"
    return f"{value:,.0f}" if record.kind == "count" else f"{value:,.1f}"
