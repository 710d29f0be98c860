"""The sentences of the response-time results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from perflib.agency import Department
from perflib.metrics.response.cells import tag
from perflib.metrics.response.scope import UNTOLD, Scope, origins


def name(q: float) -> str:
    """0.5 -> "median", 0.9 -> "90th percentile"."""
    if q == 0.5:
        return "median"
    number = f"{100 * q:g}"
    ending = "th" if number.endswith(("11", "12", "13")) else {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")
    return f"{number}{ending} percentile"


def first_upper(text: str) -> str:
    """The text with a capital first letter; the rest (names of districts, shifts) stays as it is."""
    return text[:1].upper() + text[1:]


def span(value: Any, low: Any, high: Any) -> str:
    """"4.8 min (95 % interval 4.6 to 5.1)", with absent ends named."""
    ends = ["no bound" if pd.isna(end) else f"{end:,.1f}" for end in (low, high)]
    return f"{value:,.1f} min (interval {ends[0]} to {ends[1]})"


def shown(key: str, value: Any) -> str:
    """A group's value for a reader: a month as YYYY-MM, other days as ISO dates."""
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m" if key == "month" else "%Y-%m-%d"))
    return str(value)


def answer(found: pd.DataFrame, keys: Sequence[str], quantiles: Sequence[float], asked: Scope) -> str:
    """One sentence on the first assessable group, one on the busiest other one."""
    solid = found[found["note"] == ""]
    if solid.empty:
        return f"No group of {asked.words()} has enough known values ({found['n'].sum():,} calls)."
    busiest = int(solid["n"].to_numpy().argmax())
    records = solid.to_dict("records")
    rows = [records[place] for place in dict.fromkeys((0, busiest))]
    return " ".join(_sentence(row, keys, quantiles) for row in rows)


def _sentence(row: Mapping[Any, Any], keys: Sequence[str], quantiles: Sequence[float]) -> str:
    where = ", ".join(f"{key.replace('_', ' ')} {shown(key, row[key])}" for key in keys)
    parts = [f"{name(q)} {span(row[tag(q)], row[tag(q) + '_low'], row[tag(q) + '_high'])}"
             for q in quantiles if q in (quantiles[0], max(quantiles))]
    return (f"{first_upper(where)}: {', '.join(parts)}; {row['n']:,} calls, {row['missing_share']:.1%} without both "
            "stamps.")


def unbounded(row: Mapping[Any, Any], quantiles: Sequence[float]) -> list[str]:
    """Why bounds of this row do not exist."""
    return [f"{name(q)}: missing share {row['missing_share']:.1%} exceeds {1 - q:.0%}, its upper bound does not exist"
            for q in quantiles if pd.isna(row[f"{tag(q)}_upper"])]


def caveats(
    dept: Department, asked: Scope, found: pd.DataFrame, quantiles: Sequence[float], fewest: int,
) -> list[str]:
    """What a reader must know: missing stamps by fate, bounds that do not exist, thin groups, origins left out."""
    total = int(found["n"].sum())
    lost = {"cancelled before arrival": "cancelled", "handled without arrival": "without_arrival",
            "stamp missing": "stamp_missing", "stamps in the wrong order": "negative"}
    parts = [f"{words} {found[column].sum():,}" for words, column in lost.items()]
    said = [f"Of {total:,} calls, without a usable interval: {', '.join(parts)}. Whiskers are intervals; thin lines "
            "are bounds with the missing at zero and at infinity, an arrow means the bound does not exist."]
    top = max(quantiles)
    open_end = found[(found["note"] == "") & found[f"{tag(top)}_upper"].isna()]
    if len(open_end):
        said.append(f"The {name(top)} has no upper bound in {len(open_end)} of {len(found)} groups: more than "
                    f"{1 - top:.0%} of their calls lack an arrival.")
    few = int((found["note"] != "").sum())
    if few:
        said.append(f"{few} of {len(found)} groups have fewer than {fewest} known values: too few for quantiles.")
    return said + _origin(dept, asked)


def _origin(dept: Department, asked: Scope) -> list[str]:
    if asked.origin == "all":
        return ["Officer-initiated activity is included; its response is mostly zero by construction."]
    counts = origins(dept, asked)
    if not counts:
        return [UNTOLD]
    rest = [f"{origin} {n:,}" for origin, n in counts.items() if origin != asked.origin]
    return [f"Left out by origin: {', '.join(rest)}."] if rest else []
