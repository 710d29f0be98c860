"""An indicator in words: its highest and lowest value, how its interval is made, and what limits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from perflib.result import Words
from perflib.words.numbers import listed, percent
from perflib.words.response import GROUPS, capital, quantile, stem

Facts = Mapping[str, Any]
NOT_RECORDED = "not recorded"
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


def title(label: str, by: Sequence[str], only: Facts, first: Any, last: Any) -> str:
    """What is measured, by what, of which records."""
    parts = [label + (f" by {' and '.join(by)}" if by else "")]
    parts += [f"{column} {', '.join(map(str, values))}" for column, values in only.items()]
    return ", ".join(parts + ([f"{first} to {last}"] if first else []))


def text(value: Any) -> str:
    """A group as a fact's key: dates in ISO 8601."""
    return f"{value:%Y-%m-%d}" if hasattr(value, "strftime") else str(value)


def indicator(
    facts: Facts,
    table: pd.DataFrame,
    *,
    record: Any,
    heading: str,
    by: Sequence[str],
    value: str,
    level: float,
    quantiles: Sequence[float],
    names: Mapping[str, str],
    notes: Sequence[str],
) -> Words:
    """The value of all records, or the highest and the lowest group; ``value``: the column of the figure."""
    low, high = (f"{value}_low", f"{value}_high") if record.kind == "quantile" else ("low", "high")
    rows = table.dropna(subset=[value])
    groups = rows[list(by)].map(text).agg(" | ".join, axis=1) if by else pd.Series("", index=rows.index)
    recorded = rows[~groups.str.split(" | ", regex=False).map(lambda parts: NOT_RECORDED in parts)]
    rows = (recorded if len(recorded) else rows).sort_values(value, ascending=False, kind="stable")
    said = [
        number(row[value], record.kind)
        + ("" if pd.isna(row[low]) else f" ({number(row[low], record.kind)} to {number(row[high], record.kind)})")
        + (f" in {group}" if by else "")
        for row, group in zip(rows.to_dict("records"), groups[rows.index], strict=True)
    ]
    answer = f"{record.label}: no group has enough records."
    if len(said) == 1:
        answer = f"{record.label}: {said[0]}."
    elif said:
        overall = f"{number(facts['overall'], record.kind)} over all; " if facts.get("overall") is not None else ""
        answer = f"{record.label}: {overall}highest {said[0]}, lowest {said[-1]}."
    caveats, wide = [*record.caveats, *notes], facts.get("dispersion") or 1
    if wide > 1.05:
        caveats.append(f"Monthly counts vary {wide:.1f} times as much as Poisson counts; the intervals allow for it.")
    ends = {"low": f"{level:.0%} low", "high": f"{level:.0%} high"}
    heads = {"numerator": "Number", "denominator": "Out of", "value": record.label, "others": "Others"} | ends
    if record.kind == "rate":
        heads["denominator"] = capital(record.denominator.unit)
    heads = {names.get(column, column): head for column, head in heads.items()}
    for q in quantiles if record.kind == "quantile" else ():
        heads |= {f"{stem(q)}{part}": f"{capital(quantile(q))}{end}" for part, end in (("", ""), ("_low", ", low"))}
        heads[f"{stem(q)}_high"] = f"{capital(quantile(q))}, high"
    heads |= {key: GROUPS.get(key, capital(key.replace("_", " "))) for key in by}
    return Words(heading, answer, f"{record.definition} {METHODS[record.kind]}", caveats, heads)


def number(value: float, kind: str) -> str:
    """A value with the digits that its kind carries."""
    if pd.isna(value):
        return "unknown"
    return percent(value) if kind == "share" else f"{value:,.0f}" if kind == "count" else f"{value:,.1f}"


def residents(notes: Sequence[str], years: Sequence[int]) -> list[str]:
    """Which residents are the exposure; ``years``: those that are added up."""
    added = f"Residents of {listed(years)} are added up, and only events of those years count."
    return [*(f"Of the population, {note}." for note in notes), *([added] if len(years) > 1 else [])]


OUTCOMES = "What became of the arrests?"


def outcomes(facts: Facts, table: pd.DataFrame, *, caveats: Sequence[str], level: float) -> Words:
    """What became of the arrests whose outcome is known."""
    answer = f"No outcome is known for {facts['arrests']:,} arrests."
    if facts["share"]:
        shares = [f"{word} {percent(share)}" for word, share in sorted(facts["share"].items(), key=lambda one: -one[1])]
        answer = f"The outcome is known for {facts['known']:,} of {facts['arrests']:,} arrests: {', '.join(shares)}."
    elif facts["share"] is None:
        answer = f"{facts['arrests']:,} arrests; small counts are hidden."
    heads = {
        "outcome": "Outcome",
        "arrests": "Arrests",
        "known": "With a known outcome",
        "share": "Share of known",
        "low": f"{level:.0%} low",
        "high": f"{level:.0%} high",
    }
    caveats = [*caveats, "Shares are of arrests whose outcome is known; recent arrests are still pending."]
    return Words(OUTCOMES, answer, METHODS["share"], caveats, heads)
