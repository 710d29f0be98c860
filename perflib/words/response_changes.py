"""Changes of response times in words: between periods, over time, apart from other districts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from perflib.result import Words
from perflib.words.numbers import count, day, listed, minutes, month
from perflib.words.response import (
    GROUPS,
    INTERVALS,
    ORDER,
    Facts,
    capital,
    labels,
    limited_to,
    origin,
    quantile,
    recorded,
    season,
)

DIFFERENCE = (
    "Difference of two quantiles; interval by the method of variance estimates recovery (Zou and Donner 2008, "
    "Statistics in Medicine 27)."
)


def change(facts: Facts, table: pd.DataFrame, *, by: str, now: str, before: str) -> Words:
    """The clearest change, or that there is none."""
    known = table[table["note"] == ""]
    clear = known[known["clear"].astype(bool)]
    if known.empty:
        answer = "No group has enough known times in both periods for a comparison."
    elif clear.empty:
        answer = f"No {by} shows a clear change against {before}."
    else:
        size = (clear["difference"] / clear["before"]).abs()
        rows = clear.loc[size.sort_values(ascending=False).index[:2]].to_dict("records")
        answer = " ".join(
            f"{capital(by)} {row[by]}: the {row['quantile']} is {abs(row['difference']):.1f} minutes "
            f"{'longer' if row['difference'] > 0 else 'shorter'} ({row['now']:.1f} against "
            f"{row['before']:.1f})."
            for row in rows
        )
    caveats = ["One in twenty of these intervals misses the truth by chance."] if len(known) > 1 else []
    made = {
        by: GROUPS.get(by, by),
        "now": f"{now} (min)",
        "before": f"{before} (min)",
        "low": "Low (min)",
        "difference": "Difference (min)",
        "high": "High (min)",
        "n_now": "Calls now",
        "n_before": "Calls before",
        "quantile": "Quantile",
        "clear": "Clear",
        "note": "Note",
    }
    return Words(f"Has the response time changed? {now} against {before}", answer, DIFFERENCE, caveats, made)


def adjusted(
    facts: Facts,
    table: pd.DataFrame,
    *,
    compare: str,
    terms: Sequence[str],
    used: int,
    total: int,
    method: str,
    notes: Sequence[str],
) -> Words:
    """The slowest group at equal conditions, or that none differs."""
    names = {"block": "hour of the week", "nature": "nature of call", "code": "priority"}
    equal = listed(names[term] for term in terms if term != "group") or "conditions"
    base = facts["reference"]
    middle = table[table["tau"] == table["tau"].min()]
    slow, fast = middle[middle["low"] > 1], middle[middle["high"] < 1]
    if len(slow) or len(fast):
        row = slow.sort_values("ratio").iloc[-1] if len(slow) else fast.sort_values("ratio").iloc[0]
        word = "slower" if row["ratio"] > 1 else "faster"
        answer = (
            f"For like calls, {compare} {row['group']} is {abs(row['ratio'] - 1):.0%} {word} than {base}, the "
            f"{compare} with most calls."
        )
    else:
        answer = f"For like calls, no {compare} differs clearly from {base}, the one with most calls."
    caveats = [f"Like calls: equal {equal}. Distance, weather and staffing are not adjusted for."]
    caveats += [f"A repeatable sample of {used:,} of {total:,} calls."] if used < total else []
    labels_ = {
        "group": GROUPS.get(compare, compare),
        "tau": "Quantile",
        "ratio": f"Ratio to {base}",
        "low": "Low",
        "high": "High",
        "p": "p",
    }
    return Words(f"Do response times differ by {compare} for like calls?", answer, method, [*caveats, *notes], labels_)


def trend(facts: Facts, table: pd.DataFrame, *, every: str, q: float, asked: Facts, years: float) -> Words:
    """Whether the latest figures leave the usual range."""
    signals = facts.get("signal_dates", [])
    when = listed(day(each) for each in signals[-3:])
    answer = (
        f"The {every}ly {quantile(q)} stays within its usual range."
        if not signals
        else f"The {every}ly {quantile(q)} left its usual range in {count(len(signals), every)}, last that of {when}."
        if len(signals) == 1
        else f"The {every}ly {quantile(q)} left its usual range in {count(len(signals), every)}, last {when}."
    )
    caveats = [*season(facts["season_removed"], years), *recorded(asked)]
    return Words(changed_title(every, q, None, asked), answer, caveats=caveats)


def changed_title(every: str, q: float, by: str | None, asked: Facts) -> str:
    """The question of a trend, or of steps by group."""
    where = f" by {GROUPS.get(by, by).lower()}" if by else ""
    what = "response time" if asked["interval"] == "response" else f"time from {INTERVALS[asked['interval']]}"
    return f"Has the {every}ly {quantile(q)} of the {what} changed{where}?{limited_to(asked)}"


def steps(facts: Facts, table: pd.DataFrame, *, every: str, q: float, by: str, asked: Facts) -> Words:
    """Which group changed apart from the others, by how much and when."""
    rows = sorted((facts["steps"][name] for name in facts["flagged"]), key=lambda row: -abs(row["ratio"] - 1))
    sentences = [
        f"Response in {by} {row['series']} became {abs(row['ratio'] - 1):.0%} "
        f"{'slower' if row['ratio'] > 1 else 'faster'} around {day(row['break_date'])}."
        for row in rows
    ]
    answer = " ".join(sentences) or f"No {by} changed apart from the others."
    caveats = [f"This test cannot see a change that all {by}s share."]
    if not facts["reference"]:
        caveats.append(f"So many {by}s changed that it is uncertain which of them did.")
    return Words(changed_title(every, q, by, asked), answer, caveats=caveats)


def breaks(
    facts: Facts, table: pd.DataFrame, *, every: str, q: float, asked: Facts, years: float, removed: bool
) -> Words:
    """When the level changed, and from what to what."""
    levels = facts["means"]
    answer = " ".join(
        f"The level changed from {levels[at]:.1f} to {levels[at + 1]:.1f} minutes after {day(change['after'])} "
        f"(between {day(change['low'])} and {day(change['high'])})."
        for at, change in enumerate(facts["breaks"])
    )
    caveats = ["A break says when the level changed, not why: recording may have changed."] if answer else []
    caveats += [*season(removed, years), *recorded(asked)]
    method = (
        "Least-squares breaks in the mean, sequential sup-F (Bai and Perron 1998, 2003), dates after Bai 1997 and "
        "Hansen 2000."
    )
    answer = answer or f"The level did not change clearly: {levels[0]:.1f} minutes."
    return Words(changed_title(every, q, None, asked), answer, method, caveats, {"value": "Minutes", "mean": "Level"})


def jump(together: int, feeds: int = 0) -> str:
    """What a jump of so many of the feeds at once means."""
    if not feeds:
        return "no level shift"
    if not together:
        return "the number of records jumps in one feed only: ask what changed there"
    whose = "both" if together == 2 else f"{together} of {feeds}"
    return f"{whose} feeds jump together: check the extraction"


def volume_title(asked: Facts) -> str:
    """The question of the number of records."""
    return f"Did the number of records change?{limited_to(asked)}"


def volume(facts: Facts, table: pd.DataFrame, *, asked: Facts) -> Words:
    """Whether the number of records jumped, and whether in every feed at once."""
    answer = "The weekly number of records shows no sudden change."
    if facts["week"]:
        answer = (
            f"The number of records went from {facts['before']:,} to {facts['after']:,} in the week of "
            f"{day(facts['week'])}: {facts['message']}."
        )
    caveats = ["Counts before and after the jump must not be compared."] if facts["together"] else []
    method = (
        "Weekly counts per feed; a jump changes the four-week median by at least 25 % and four over-dispersed "
        "Poisson standard deviations, mostly within one week."
    )
    return Words(
        volume_title(asked),
        answer,
        method,
        caveats,
        {"week": "Week beginning", "feed": "Feed", "calls": "Calls", "shift": "Jump"},
    )


BOARD = "Month by month"


def board(facts: Facts, table: pd.DataFrame, *, first: str, asked: Facts, origins: Facts) -> Words:
    """What there is to choose from."""
    keys = ("month", "district", "priority")
    made = {name: text for name, text in labels(keys, (0.5, 0.9), 0.95).items() if name in table.columns}
    caveats = ["With many small groups a single high month is to be expected.", *origin(asked, origins)]
    return Words(
        BOARD,
        f"Choose district, priority, period and measure on the page. Printed: priority {first}.",
        ORDER,
        caveats,
        made,
        f"Median response time by month and district, priority {first}.",
    )


def opening(facts: Facts, table: pd.DataFrame) -> Words:
    """The finding that matters most, then the level of the first priority."""
    changed, level = facts["changed"], facts["level"]
    sentences = {
        "none": "Response times show no clear change.",
        "not_assessable": "Whether response times changed cannot be judged from these records.",
    }
    if facts["finding"] == "step":
        word = "slower" if changed["ratio"] > 1 else "faster"
        sentences["step"] = (
            f"Compared with other districts, response in {changed['series']} became "
            f"{abs(changed['ratio'] - 1):.0%} {word} in {month(changed['break_date'])}."
        )
    if facts["finding"] == "change":
        word = "longer" if changed["difference"] > 0 else "shorter"
        sentences["change"] = (
            f"Priority {changed['group']}: the {changed['quantile']} is {minutes(abs(changed['difference']))} {word} "
            "than in the earlier period."
        )
    answer = [sentences[facts["finding"]]]
    if level:
        answer.append(
            f"Priority {level['priority']}: half of the calls are reached within {minutes(level['median_min'])}, "
            f"nine in ten within {minutes(level['p90_min'])}."
        )
    return Words("In short", " ".join(answer))
