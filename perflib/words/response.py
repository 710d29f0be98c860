"""Response times in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from perflib.result import Words
from perflib.words.numbers import listed, minutes, percent

Facts = Mapping[str, Any]
LINEAR = "Quantiles by linear interpolation."
ORDER = (
    "Quantiles by linear interpolation; intervals from order statistics (David and Nagaraja 2003); bounds put missing "
    "times at zero and at infinity (Manski 2003)."
)
NOT_RECORDED = "The records do not say who began a call, so activity begun by officers counts too."
PUBLIC = "calls from the public"
UNKNOWN_ORIGIN = "calls (who began them is not recorded)"
INTERVALS = {
    "received_queued": "answered to queued",
    "queued_dispatched": "queued to dispatched",
    "dispatched_enroute": "dispatched to under way",
    "enroute_arrived": "under way to arrived",
    "dispatched_arrived": "dispatched to arrived",
    "response": "answered to first arrival",
}
GROUPS = {
    "priority": "Priority",
    "district": "District",
    "beat": "Beat",
    "shift": "Shift",
    "week": "Week beginning",
    "month": "Month",
    "day": "Day",
    "quarter": "Quarter beginning",
    "year": "Year",
    "hour": "Hour of day",
    "weekday": "Weekday (1 = Monday)",
    "call_type": "Nature of call",
}
FATES = {
    "cancelled": "were cancelled",
    "without_arrival": "were handled without arrival",
    "stamp_missing": "lack a time",
    "negative": "have times in the wrong order",
}


def quantile(q: float) -> str:
    """0.5 -> "median", 0.9 -> "90th percentile"."""
    if q == 0.5:
        return "median"
    number = f"{100 * q:g}"
    ending = "th" if number.endswith(("11", "12", "13")) else {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")
    return f"{number}{ending} percentile"


def stem(q: float) -> str:
    """The column stem of a quantile: 0.5 -> "median", 0.9 -> "p90"."""
    return "median" if q == 0.5 else f"p{100 * q:g}".replace(".", "_")


def group(key: str, value: Any) -> str:
    """A group's value for a reader: a month as YYYY-MM, other days as ISO dates."""
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m" if key == "month" else "%Y-%m-%d"))
    return str(value)


def capital(text: str) -> str:
    """The text with a capital first letter; names inside stay as they are."""
    return text[:1].upper() + text[1:]


def subject(asked: Facts) -> str:
    """Whose calls, in which district and period."""
    whose = {
        "public": PUBLIC,
        "officer": "activity begun by officers",
        "unknown": "calls of unknown origin",
        "all": "all calls",
    }[asked["origin"]]
    parts = [whose if asked["recorded"] or asked["origin"] == "all" else UNKNOWN_ORIGIN]
    parts += [f"{name} {listed(asked[name], 'or')}" for name in ("district", "priority") if asked[name]]
    return ", ".join(parts + ([f"{asked['first']} to {asked['last']}"] if asked["first"] else []))


def limited_to(asked: Facts) -> str:
    """What a heading adds: nothing for all calls from the public, which a caveat explains."""
    usual = asked["origin"] == "public" and asked["recorded"]
    limited = any(asked[name] for name in ("district", "priority", "first"))
    return f" {capital(subject(asked))}" if limited or not usual else ""


def origin(asked: Facts, counts: Facts) -> list[str]:
    """Which calls are left out because of who began them."""
    if asked["origin"] == "all":
        return ["Activity begun by officers is included; its response time is mostly zero."]
    if not asked["recorded"]:
        return [NOT_RECORDED]
    names = {"public": "from the public", "officer": "begun by officers", "unknown": "of unknown origin"}
    rest = [f"{n:,} {names.get(name, name)}" for name, n in counts.items() if name != asked["origin"]]
    return [f"Calls not counted here: {listed(rest)}."] if rest else []


def by_group(
    facts: Facts,
    table: pd.DataFrame,
    *,
    keys: Sequence[str],
    quantiles: Sequence[float],
    asked: Facts,
    origins: Facts,
    level: float,
    fewest: int,
) -> Words:
    """The first group and the busiest other one; what is missing; which groups are too small."""
    enough = table[table["note"] == ""]
    rows = enough.to_dict("records")
    busiest = int(enough["n"].to_numpy().argmax()) if rows else 0
    sentences = [_waited(rows[at], keys, quantiles) for at in dict.fromkeys((0, busiest)) if rows]
    answer = " ".join(sentences) or f"No group has the {fewest} known times that a figure needs."
    few = int((table["note"] != "").sum())
    caveats = [missing(table), *_open_ended(enough, max(quantiles), len(table))]
    caveats += [f"{few} of {len(table)} groups have fewer than {fewest} known times and no figure."] if few else []
    return Words(
        by_title(keys, asked), answer, ORDER, [*caveats, *origin(asked, origins)], labels(keys, quantiles, level)
    )


def by_title(keys: Sequence[str], asked: Facts) -> str:
    """The question of a table by groups."""
    how = listed(GROUPS.get(key, key.replace("_", " ")).lower() for key in keys)
    waiting = asked["interval"] == "response" and asked["origin"] == "public"
    what = "How long do callers wait" if waiting else f"How long from {INTERVALS[asked['interval']]}"
    return f"{what}, by {how}?{limited_to(asked)}"


def intervals_title(asked: Facts) -> str:
    """The question of the table of intervals."""
    return f"Where does the time go?{limited_to(asked)}"


def _waited(row: Mapping[Any, Any], keys: Sequence[str], quantiles: Sequence[float]) -> str:
    where = ", ".join(f"{key.replace('_', ' ')} {group(key, row[key])}" for key in keys)
    if 0.5 in quantiles and 0.9 in quantiles:
        return (
            f"{capital(where)}: half of the calls within {minutes(row['median'])}, nine in ten within "
            f"{minutes(row['p90'])}."
        )
    parts = [f"{quantile(q)} {minutes(row[stem(q)])}" for q in dict.fromkeys((quantiles[0], max(quantiles)))]
    return f"{capital(where)}: {listed(parts)}."


def missing(table: pd.DataFrame, lines: bool = True) -> str:
    """How many calls have no time, and why; ``lines``: the figure shows how far that could move it."""
    counts = {words: int(table[name].sum()) for name, words in FATES.items()}
    parts = [f"{n:,} {words}" for words, n in counts.items() if n]
    total = int(table["n"].sum())
    if not parts:
        return f"All {total:,} calls have both times."
    bounds = " Thin lines show how far they could move the figure." if lines else ""
    return f"{sum(counts.values()):,} of {total:,} calls have no usable time: {listed(parts)}.{bounds}"


def _open_ended(enough: pd.DataFrame, top: float, groups: int) -> list[str]:
    without = enough[f"{stem(top)}_upper"].isna().sum()
    if not without:
        return []
    return [
        f"In {without} of {groups} groups over {1 - top:.0%} of times are missing: the {quantile(top)} could be much "
        "higher."
    ]


def unbounded(row: Mapping[Any, Any], quantiles: Sequence[float]) -> str:
    """Why upper bounds of a group do not exist; empty where they do."""
    without = [quantile(q) for q in quantiles if pd.isna(row[f"{stem(q)}_upper"])]
    share = percent(row["missing_share"])
    return f"{share} missing: the upper bound does not exist ({listed(without)})" if without else ""


def labels(keys: Sequence[str], quantiles: Sequence[float], level: float) -> dict[str, str]:
    """Column -> heading."""
    made = {key: GROUPS.get(key, key) for key in keys}
    made |= {
        "n": "Calls",
        "known": "Both times known",
        "missing_share": "Missing (share)",
        "zero": "Exactly zero",
        "note": "Note",
        "cancelled": "Cancelled before arrival",
        "without_arrival": "Handled without arrival",
        "stamp_missing": "Time missing",
        "negative": "Times in the wrong order",
    }
    for q in quantiles:
        name, title = stem(q), capital(quantile(q))
        made |= {
            name: f"{title} (min)",
            f"{name}_low": f"{title}, {level:.0%} low (min)",
            f"{name}_high": f"{title}, {level:.0%} high (min)",
            f"{name}_lower": f"{title}, lower bound (min)",
            f"{name}_upper": f"{title}, upper bound (min)",
        }
    return made


def intervals(facts: Facts, table: pd.DataFrame, *, asked: Facts) -> Words:
    """Which part of a call takes longest, and which is recorded worst."""
    parts = table[table["interval"] != "response"] if len(table) > 1 else table
    longest = parts.iloc[int(parts["median"].astype(float).fillna(-1).to_numpy().argmax())]
    worst = table.iloc[int(table["missing_share"].to_numpy().argmax())]
    answer = (
        f"The longest step is {longest['words']}: {minutes(longest['median'])} at the median. "
        f"{capital(str(worst['words']))} is missing most often, in {percent(worst['missing_share'])} of calls."
    )
    odd = {"in the wrong order": "negative", "exactly equal": "zero", "on both sides of a clock change": "clock_change"}
    counts = [f"{int(table[name].sum()):,} {words}" for words, name in odd.items() if table[name].sum()]
    caveats = (
        [f"Pairs of times that are odd: {listed(counts)}. Those in the wrong order are not used."] if counts else []
    )
    return Words(
        intervals_title(asked),
        answer,
        ORDER,
        [*caveats, *recorded(asked)],
        labels(["words"], (0.5, 0.9), 0.95) | {"words": "Interval"},
    )


def targets(facts: Facts, table: pd.DataFrame) -> Words:
    """How many calls of each priority were reached in time."""
    rows = table[table["known"] > 0].to_dict("records")
    answer = " ".join(
        f"Priority {row['priority']}: {percent(row['share'])} within {row['target_min']:g} minutes." for row in rows[:2]
    )
    made = {
        "priority": "Priority",
        "n": "Calls",
        "known": "Arrival known",
        "within": "Within target",
        "target_min": "Target (min)",
        "target_share": "Share aimed at",
        "share": "Share in time",
        "low": "Low",
        "high": "High",
        "share_lower": "Share if missing are late",
        "share_upper": "Share if missing are in time",
    }
    return Words(
        "Are the response targets met?",
        answer,
        "Share of calls with a known response time that were within the target; score interval (Wilson 1927).",
        ["Thin lines count calls without an arrival time as late, and as in time."],
        made,
    )


def season(removed: bool, years: float) -> list[str]:
    """That a season may be taken for a change; nothing where it was removed."""
    return (
        []
        if removed
        else [f"The data span {years:.1f} years: too short to remove the season, which may look like a change."]
    )


def recorded(asked: Facts) -> list[str]:
    """That it is not recorded who began the calls; nothing where it is, or where all are meant."""
    return [] if asked["recorded"] or asked["origin"] == "all" else [NOT_RECORDED]
