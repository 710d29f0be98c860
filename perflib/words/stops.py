"""Stops and searches in words: what each test finds, and what must be known before it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from perflib.result import Words
from perflib.words.numbers import count, listed, percent

Facts = Mapping[str, Any]
DID = {"searched": "a search", "frisked": "a pat-down", "arrested": "an arrest"}
_NAMED = {"female": "women", "male": "men", "other": "people of other groups"}
#: the place of stops that record none
UNPLACED = "no district recorded"
TITLES = {
    "totals": "How many stops, searches and finds are there of each group?",
    "veil": "Is a group a smaller share of stops after dark, at the same clock time?",
    "baseline": "Is a group stopped more than its arrests suggest?",
    "outcome": "Do searches find as much in every group?",
    "threshold": "How sure were officers before they searched?",
    "selection": "What could undue stops hide?",
}
METHODS = {
    "totals": "Counts and shares as recorded; nothing is held fixed.",
    "veil": (
        "Veil of darkness (Grogger and Ridgeway 2006): logistic regression on darkness within the evening "
        "inter-twilight period, natural spline of clock time with quantile knots, places held fixed."
    ),
    "baseline": (
        "Ratios of stops per arrest, logarithmic intervals; one ratio over all districts by Poisson regression with "
        "offset and places (Gelman, Fagan and Kiss 2007)."
    ),
    "outcome": (
        "Outcome test (Becker 1957). Differences within districts weighted as Mantel and Haenszel, Wilson limits "
        "joined (Newcombe 1998; Zou and Donner 2008)."
    ),
    "threshold": (
        "Threshold test (Simoiu, Corbett-Davies and Goel 2017; priors of Pierson et al. 2020): beta signals, "
        "thresholds logit-normal within a group, Hamiltonian Monte Carlo."
    ),
    "selection": (
        "Bounds under selection into stops (Knox, Lowe and Mummolo 2020) within districts, weighted by the stops of "
        "both groups; sampling intervals from Wilson limits (Newcombe 1998; Zou and Donner 2008)."
    ),
}
#: a column -> what a department without it does not record
RECORDED = {
    "searched": "whether a search was made",
    "contraband": "whether a search found something",
    "frisked": "whether there was a pat-down",
    "arrested": "whether the stop led to an arrest",
    "district": "the district of a stop",
    "beat": "the beat of a stop",
    "stopped_at": "when a stop was made",
    "kind": "the kind of stop",
    "subject_race": "race",
    "subject_sex": "sex",
    "subject_age_group": "the age group",
}
NAMES = {
    "veil": "Veil of darkness",
    "baseline": "Against arrests",
    "outcome": "Hit rates",
    "threshold": "Threshold",
    "selection": "Undue stops",
}
#: test -> what it holds fixed, assumes and cannot rule out
LIMITS = {
    "veil": (
        "the clock time and the district, not the season",
        "who is out at one clock time does not change with darkness, and street light does not show the driver",
        "bias against pedestrians, by where cars are sent, or that needs no sight",
    ),
    "baseline": ("the district", "arrests show whom an even-handed officer would stop", "bias that arrests share"),
    "outcome": (
        "the district",
        "the search an officer nearly did not make is like the average one",
        "bias where people who carry something stand out more clearly in one group",
    ),
    "threshold": (
        "the district",
        "searches follow one bar per district and group, and what officers see has one shape",
        "bias in who is stopped; searches that law requires",
    ),
    "selection": (
        "the district, where it is recorded",
        "a share of undue stops, which no record shows",
        "anything by itself: it shows how far the answer depends on the assumption",
    ),
}
_COLUMNS = {
    "group": "Group",
    "place": "District",
    "stops": "Stops",
    "searches": "Searches",
    "hits": "Finds",
    "nothing": "Searches without a find",
    "low": "Low",
    "high": "High",
    "hit_share": "Hit rate",
    "search_share": "Search rate",
    "note": "Small counts",
}


def people(group: str) -> str:
    """A group as people: ``Black people``, ``women``, ``people aged 18 - 25``."""
    return f"people aged {group}" if group[:1].isdigit() else _NAMED.get(group.lower(), f"{group} people")


def points(value: float) -> str:
    """A difference of shares, with its sign."""
    return f"{100 * value:+.1f}"


def interval(each: Facts) -> str:
    """A difference in points with its interval."""
    return f"{points(each['value'])} points ({points(each['low'])} to {points(each['high'])})"


def left_out(counts: Mapping[str, int], by: str, kinds: Sequence[str], outcome: str = "", least: int = 0) -> list[str]:
    """Which stops are not counted, by reason; nothing where all are."""
    group = by.removeprefix("subject_").replace("_", " ")
    reasons = {
        "kind": f"of other kinds than {listed(kinds, 'or')}",
        "unknown": f"without a known {group} or district",
        "group_unknown": f"without a known {group}",
        "small_group": f"of groups with fewer than {least}",
        "outcome_unknown": f"that do not record {outcome}",
        "find_without_search": "with a find but no recorded search (their finds)",
    }
    texts = [f"{n:,} {reasons[name]}" for name, n in counts.items() if n]
    return [f"Not counted: {listed(texts)}."] if texts else []


def totals(facts: Facts, table: pd.DataFrame, *, left: Sequence[str]) -> Words:
    """The plain counts."""
    names = {"stops": "stop", "searches": "search", "hits": "find", "frisks": "pat-down"}
    texts = [
        count(facts[name], word, "searches" if name == "searches" else "")
        for name, word in names.items()
        if facts.get(name) is not None
    ]
    made = {
        "unsearched": "Not searched",
        "search_share": "Share of stops searched",
        "find_share": "Share of searches with a find",
        "frisks": "Patted down",
        "unfrisked": "Not patted down",
        "frisk_share": "Share of stops patted down",
    }
    answer = f"{listed(texts)} of {len(table)} groups."
    return Words(TITLES["totals"], answer, METHODS["totals"], left, {**_COLUMNS, **made})


def veil(facts: Facts, table: pd.DataFrame, *, kind: str, few: Sequence[str], whole: str) -> Words:
    """Which groups are clearly a smaller or larger share of stops after dark."""
    caveats = ["An odds ratio below 1 is what bias by sight would give; 1 does not rule it out. Dusk is left out."]
    caveats += [f"{kind.capitalize()} stops only."] if kind else []
    caveats += [f"Too few stops in light or in the dark: {listed(map(people, few))}."] if few else []
    near = table[table["period"] != whole].set_index("group")
    all_seasons = table[table["period"] == whole].set_index("group")["odds_ratio"].reindex(near.index)
    apart = near.index[(all_seasons < near["low"]) | (all_seasons > near["high"])]
    if near.empty:
        caveats.append("Too few stops near a clock change to check that season does not explain it.")
    elif len(apart):
        caveats.append(f"The days near a clock change give another figure for {listed(map(people, apart))}.")
    made = {"odds_ratio": "Odds ratio", "dark": "Of these in the dark", "stops": "Stops of the group"}
    return Words(TITLES["veil"], finding("veil", facts)[1], METHODS["veil"], caveats, {**_COLUMNS, **made})


def baseline(facts: Facts, table: pd.DataFrame) -> Words:
    """Stops per arrest against the reference group."""
    caveats = ["Arrests are made by the same officers: bias that they share is hidden here."]
    made = {"arrests": "Arrests", "ratio": f"Ratio to {facts['reference']}"}
    answer = finding("baseline", facts)[1]
    return Words(TITLES["baseline"], answer, METHODS["baseline"], caveats, {**_COLUMNS, **made})


def outcome(facts: Facts, table: pd.DataFrame) -> Words:
    """For which groups searches find clearly less or more than for the reference in the same district."""
    caveats = ["Only the average search is seen: read it with the threshold test."]
    caveats += [
        f"{people(a)} against {people(b)}: over all districts together the hit rates differ the other way. "
        "That figure compares districts, not groups."
        for a, b in facts.get("clearly_reversed") or []
    ]
    made = {"difference": f"Points against {facts['reference']}, same district", "together": "All districts together"}
    return Words(TITLES["outcome"], finding("outcome", facts)[1], METHODS["outcome"], caveats, {**_COLUMNS, **made})


def threshold(facts: Facts, table: pd.DataFrame) -> Words:
    """Where a group is searched at a lower chance of a find than the reference."""
    bars = listed(f"{people(group)} {percent(each['mean'])}" for group, each in facts["thresholds"].items())
    caveats = ["A lower bar is evidence under the model, not of intent. With few searches read the interval."]
    if facts["hit_misfit"] > 0.1:
        caveats.append(f"The model misses hit rates by {percent(facts['hit_misfit'])} on average.")
    if facts["divergences"]:
        caveats.append(f"{count(facts['divergences'], 'step')} of the sampler failed: intervals may be too narrow.")
    if len(facts["thresholds"]) < 3:
        caveats.append("Two groups only: the published test required three.")
    answer = f"{finding('threshold', facts)[1]} Over all districts officers search at a chance of a find of: {bars}."
    made = {"threshold_share": "Threshold"}
    return Words(TITLES["threshold"], answer, METHODS["threshold"], caveats, {**_COLUMNS, **made})


def selection(facts: Facts, table: pd.DataFrame, *, left: Sequence[str]) -> Words:
    """How often a stop led to the outcome, the difference within districts, and what undue stops could change."""
    group, base, last = people(facts["focus"]), people(facts["reference"]), table.iloc[-1]
    undue = percent(facts["rows"][-1]["undue"])
    answer = (
        f"{finding('selection', facts)[1]} If {undue} of the stops of {group} were undue, "
        f"the difference could lie between {last['lower']:+.1f} and {last['upper']:+.1f} points."
    )
    caveats = [
        f"Assumes that nobody is stopped only for being among {base} and that undue stops are not the more severe "
        "ones. Only the district is held fixed."
    ]
    if facts["unplaced"]:
        caveats.append(f"{count(facts['unplaced'], 'stop')} without a district are compared among themselves.")
    made = {
        "assumed": "Assumed",
        "lower": "Lower bound, points",
        "upper": "Upper bound, points",
        "own": "Among the group's own stops, points",
    }
    return Words(TITLES["selection"], answer, METHODS["selection"], [*caveats, *left], made)


def finding(test: str, facts: Facts) -> tuple[bool, str]:
    """Whether a test shows a clear difference, and its finding in one sentence."""
    return _FINDINGS[test](facts)


def _veil(facts: Facts) -> tuple[bool, str]:
    shown = {group: each for group, each in facts.items() if isinstance(each, Mapping)}
    texts = [
        f"{listed(map(people, groups))} are a clearly {word} share of stops after dark"
        for word, groups in (
            ("smaller", [group for group, each in shown.items() if each["high"] < 1]),
            ("larger", [group for group, each in shown.items() if each["low"] > 1]),
        )
        if groups
    ]
    text = listed(texts) or "no group is a clearly smaller or larger share of stops after dark"
    return bool(texts), f"At the same clock time {text}."


def _baseline(facts: Facts) -> tuple[bool, str]:
    base = people(facts["reference"])
    if facts["one_ratio"]:
        texts = [f"{people(each['group'])} {each['ratio']:.2f}" for each in facts["ratios"]]
        clear = any(each["low"] > 1 or each["high"] < 1 for each in facts["ratios"])
        return clear, f"Stops per arrest in the same district, as a multiple of those of {base}: {listed(texts)}."
    differ = "Stops per arrest differ too much between districts for one figure"
    if not facts["spans"]:
        return False, f"{differ}, and each district has too few."
    span = facts["spans"][0]
    return False, (
        f"{differ}: for {people(span['group'])} from {span['low']:.1f} ({span['low_place']}) to {span['high']:.1f} "
        f"({span['high_place']}) times those of {base}."
    )


def _outcome(facts: Facts) -> tuple[bool, str]:
    base = people(facts["reference"])
    gaps = {group: each["within"] for group, each in (facts["differences"] or {}).items()}
    gaps = {group: each for group, each in gaps.items() if not pd.isna(each["value"])}
    if not gaps:
        return False, f"No group's searches can be compared with those of {base}."
    texts = [
        f"searches of {people(group)} find {'less' if each['high'] < 0 else 'more'} than those of {base} "
        f"({points(each['value'])} points)"
        for group, each in gaps.items()
        if each["high"] < 0 or each["low"] > 0
    ]
    text = listed(texts) or f"no group's searches find clearly less or more than those of {base}"
    return bool(texts), f"In the same district {text}."


def _threshold(facts: Facts) -> tuple[bool, str]:
    base, below = people(facts["reference"]), facts["below"]
    if not below:
        return False, f"In no district is a group clearly searched at a lower chance of a find than {base}."
    row, more = below[0], len(below) - 1
    return True, (
        f"In {row['place']} officers search {people(row['group'])} at a lower chance of a find "
        f"({percent(row['threshold'])}) than {base} ({percent(row['other'])})"
        f"{f'; so it is in {more} more cases' if more else ''}."
    )


def _selection(facts: Facts) -> tuple[bool, str]:
    group, base, rates = facts["focus"], facts["reference"], facts["rates"]
    return False, (
        f"{percent(rates[group]['share'])} of {rates[group]['stops']:,} stops of {people(group)} led to "
        f"{DID.get(facts['outcome'], facts['outcome'])}, of {rates[base]['stops']:,} of {people(base)} "
        f"{percent(rates[base]['share'])}; in the same district the difference is {interval(facts['within'])}."
    )


_FINDINGS = {
    "threshold": _threshold,
    "outcome": _outcome,
    "veil": _veil,
    "baseline": _baseline,
    "selection": _selection,
}


def used(test: str, facts: Facts) -> str:
    """How many stops of what kind a test used."""
    if test == "veil":
        groups = [each for each in facts.values() if isinstance(each, Mapping)]
        dark = sum(each["dark"] for each in groups)
        return f"{sum(each['stops'] for each in groups):,} evening stops, {dark:,} in the dark"
    if test == "baseline":
        return f"{facts['stops']:,} stops and {facts['arrests']:,} arrests"
    if test == "selection":
        return listed(f"{each['stops']:,} stops of {people(group)}" for group, each in facts["rates"].items())
    kinds = f"{', '.join(facts['kinds'])} " if facts["kinds"] else ""
    return f"{facts['searches']:,} searches at {facts['stops']:,} {kinds}stops; {facts['hits']:,} finds"


def reading(every: Sequence[tuple[str, Facts, str]]) -> tuple[pd.DataFrame, Words]:
    """The tests side by side, each as (name, facts as shared, reason), and what they say together."""
    made = {name: facts for name, facts, reason in every if not reason}
    rows = []
    for name, facts, reason in every:
        fixed, assumes, cannot = LIMITS[name]
        rests = "" if reason else f"Rests on {used(name, facts)}. "
        limits = f"{rests}Holds fixed: {fixed}. Assumes: {assumes}. Cannot rule out: {cannot}."
        text = f"Not assessable: {reason}" if reason else finding(name, facts)[1]
        rows.append({"test": NAMES[name], "found": text, "limits": limits})
    labels = {"test": "Test", "found": "Finding", "limits": "What it rests on and cannot rule out"}
    lead = next(
        (text for name in _FINDINGS if name in made for clear, text in [finding(name, made[name])] if clear), ""
    )
    answer = f"{lead or 'No test shows a clear difference between groups.'} {len(made)} of {len(every)} tests could be "
    answer += "made; none shows why groups differ, and their findings are not added up."
    if not made:
        answer = "No test can be made: nothing about fairness follows from these records, neither bias nor its absence."
    caveats = [
        "There is no single score: each test asks and assumes something else.",
        "A difference is a reason to review stops, not proof of bias; no difference is not proof of its absence. "
        "Stops that were never recorded are in no test.",
        "Many groups and districts are compared: some intervals miss by chance.",
    ]
    title = "Are stops and searches fair?"
    return pd.DataFrame(rows), Words(title, answer, "Several tests, each with its own assumption.", caveats, labels)
