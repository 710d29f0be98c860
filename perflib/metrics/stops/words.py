"""What each test finds and rests on, in one or two plain sentences made from its facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Facts = Mapping[str, Any]
DID = {"searched": "a search", "frisked": "a pat-down", "arrested": "an arrest"}
_NAMED = {"female": "women", "male": "men", "other": "people of other groups"}
_MOST = 3
#: the place of stops that record none
UNPLACED = "no district recorded"


def people(group: str) -> str:
    """A group as people: ``Black people``, ``women``, ``people aged 18 - 25``."""
    if group[:1].isdigit():
        return f"people aged {group}"
    return _NAMED.get(group.lower(), f"{group} people")


def listed(words: Iterable[str]) -> str:
    """Several things in a sentence."""
    every = list(words)
    return " and ".join(filter(None, [", ".join(every[:-1]), *every[-1:]]))


def points(value: float) -> str:
    """A difference of shares, with its sign."""
    return f"{100 * value:+.1f}"


def between(found: Facts) -> str:
    """A difference in points with its interval."""
    return f"{points(found['value'])} points ({points(found['low'])} to {points(found['high'])})"


def veil(facts: Facts) -> str:
    """Which groups are clearly a smaller, or larger, share of stops after dark."""
    smaller = [group for group, each in facts.items() if each["high"] < 1]
    larger = [group for group, each in facts.items() if each["low"] > 1]
    told = [
        f"{listed(f'{people(group)} (odds ratio {_ratio(facts[group])})' for group in groups)} are a clearly "
        f"{word} share of stops after dark than in daylight"
        for groups, word in ((smaller, "smaller"), (larger, "larger"))
        if groups
    ]
    if not told:
        return "At the same clock time no group is a clearly smaller or larger share of stops after dark."
    return f"At the same clock time {'; '.join(told)}; a smaller share is what bias by sight would give."


def _ratio(each: Facts, low: str = "low", high: str = "high", name: str = "odds_ratio") -> str:
    return f"{each[name]:.2f}, {each[low]:.2f} to {each[high]:.2f}"


def baseline(facts: Facts, *, brief: bool = False) -> str:
    """Stops per arrest against the reference, in one figure where one describes the districts, else their range."""
    base, spans = people(facts["reference"]), facts["spans"]
    if facts["one_ratio"]:
        told = "; ".join(f"{people(each['group'])} {_ratio(each, name='ratio')}" for each in facts["ratios"])
        return f"Stops per arrest in the same district, as ratios to {base}: {told}."
    if not spans:
        return "Stops per arrest differ too much between districts for one figure, and each one's counts are too small."
    each = "; ".join(
        f"{people(span['group'])} {span['low']:.1f} ({span['low_place']}) to {span['high']:.1f} ({span['high_place']})"
        for span in spans[: 1 if brief else None]
    )
    return (
        f"Stops per arrest differ too much between districts for one figure; as ratios to {base} in the same "
        f"district: {each}."
    )


def outcome(facts: Facts) -> str:
    """For which groups searches find clearly less, or more, than for the reference in the same district."""
    base = people(facts["reference"])
    known = {group: each["within"] for group, each in facts["differences"].items() if each["within"]["places"]}
    if not known:
        return f"No district has searches of {base} and of another group."
    told = []
    for word, groups in (
        ("less", [g for g, each in known.items() if each["high"] < 0]),
        ("more", [g for g, each in known.items() if each["low"] > 0]),
    ):
        told += [
            f"searches of {people(group)} find {word} than those of {base}, {between(known[group])}" for group in groups
        ]
    if told:
        return f"Over all districts, compared within each: {'; '.join(told)}."
    most = max(known, key=lambda group: known[group]["group"])
    return (
        f"Over all districts searches of no group find clearly less, or more, than those of {base} in the same "
        f"district; for {people(most)} the difference is {between(known[most])}."
    )


def threshold(facts: Facts) -> str:
    """Where which group is searched on less ground than the reference."""
    base, below = people(facts["reference"]), facts["below"]
    if not below:
        return f"In no district is a group clearly searched on less ground than {base}."
    each = "; ".join(
        f"in {row['place']} {people(row['group'])} are searched on less ground than {base}, at a chance "
        f"of a find of {row['threshold']:.0%} against {row['other']:.0%}"
        for row in below[:_MOST]
    )
    more = f"; and so in {len(below) - _MOST} more cases" if len(below) > _MOST else "; nowhere else is it clear"
    return f"{each[0].upper()}{each[1:]}{more}."


def agreement(bars: Facts, rates: Facts) -> list[str]:
    """Whether hit rates agree with the thresholds in the districts where a bar is lower."""
    if bars["reference"] != rates["reference"]:
        return []
    gaps = {(each["place"], each["group"]): each for each in rates["places"]}
    told = []
    for row in bars["below"][:_MOST]:
        gap = gaps.get((str(row["place"]), row["group"]))
        if gap is None:
            told.append(f"Hit rates in {row['place']} cannot say: too few searches.")
        else:
            said = "agree" if gap["high"] < 0 else "contradict it" if gap["low"] > 0 else "do not show it clearly"
            told.append(f"Hit rates in {row['place']} {said}: {between(gap)}.")
    return told


def selection(facts: Facts) -> str:
    """How often stops of each group led to the outcome, the difference in the same district, and its range."""
    group, base, rates, places = facts["focus"], facts["reference"], facts["rates"], facts["places"]
    ends = [f"{points(each['value'])} ({each['place']})" for each in (*places[:1], *places[-1:])]
    spread = f", by district from {ends[0]} to {ends[1]}" if len(places) > 1 else ""
    return (
        f"Of {rates[group]['stops']:,} stops of {people(group)}, {rates[group]['share']:.1%} led to "
        f"{DID.get(facts['outcome'], facts['outcome'])}; of {rates[base]['stops']:,} of {people(base)}, "
        f"{rates[base]['share']:.1%}; in the same district the difference is {between(facts['within'])}{spread}."
    )


def used(name: str, facts: Facts) -> str:
    """How many stops of what kind a test used."""
    if name == "veil":
        each = facts.values()
        kind = next((f"{one['kind']} " for one in each if one["kind"]), "")
        return (
            f"{sum(one['stops'] for one in each):,} {kind}stops at evening clock times that are light on some days "
            f"and dark on others, {sum(one['dark'] for one in each):,} of them in the dark."
        )
    if name == "baseline":
        return f"{facts['stops']:,} stops of every kind and {facts['arrests']:,} arrests."
    if name == "selection":
        rates = facts["rates"]
        return " and ".join(f"{each['stops']:,} stops of {people(group)}" for group, each in rates.items()) + "."
    kinds = f"{', '.join(facts['kinds'])} " if facts["kinds"] else ""
    return f"{facts['searches']:,} searches at {facts['stops']:,} {kinds}stops; {facts['hits']:,} found something."
