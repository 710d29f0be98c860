"""Comparisons of officers in words: a flag asks for a review, and never says that somebody did something wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from perflib.result import Words
from perflib.verdicts import Verdict
from perflib.words.numbers import count, listed, percent

Facts = Mapping[str, Any]
DIFFERS = "Whose {events} differ from those of officers doing the same work?"
OWN_PAST = "Whose {events} changed against their own past?"
SIMILAR = "Whose {events} differ at the same kind of event?"
SCENES = "Who uses more or less force than colleagues at the same scene?"
DEMAND = "Whose {events} change with demand unlike their peers'?"
FLAG = "A flag asks for a review of the record. It is no finding of wrongdoing and no ground for discipline."
#: coefficient of variation of ordinary officers' rates above which practice itself varies too much to single out few.
WIDE = 0.4
FUNNEL = (
    "Observed over expected (Spiegelhalter 2005), limits widened by differences that officers commonly have (negative "
    "binomial, robust to a few who differ a lot); Benjamini-Hochberg at the stated q."
)
#: what a reader must know of each measure
MEASURES = {
    "force": "Officers who are sent to dangerous calls use more force.",
    "complaints": "A complaint is an accusation, whatever its finding; some work draws more of them.",
    "commendations": "Commendations follow visible work and who writes them, not merit alone.",
    "frisks": "Only recorded stops are compared.",
    "searches": "Only recorded stops are compared.",
    "stops": "More stops are neither better nor worse in themselves.",
    "arrests": "An arrest is not a success by itself.",
}
LABELS = {
    "officer": "Officer",
    "exposure": "Exposure",
    "peers": "Peers",
    "low": "95 % low",
    "high": "95 % high",
    "fdr": "False share if flagged",
    "verdict": "Verdict",
    "reason": "Why not assessable",
    "events": "Events",
    "expected": "Expected",
    "flagged": "Flagged",
}


def reasons(facts: Facts, most: int = 2) -> str:
    """The commonest reasons why officers cannot be assessed, with how many each concerns."""
    each = list(facts["reasons"].items())
    if len(each) == 1:
        return str(each[0][0])
    return "; ".join(f"{reason} ({n:,})" for reason, n in each[:most])


def verdicts(facts: Facts, higher: str, lower: str, compared: str = "can be assessed") -> list[str]:
    """Who is flagged, how many flags are expected to be false, and how many officers cannot be assessed."""
    assessed, flags, silent = facts["assessed"], facts["flags"], facts["not_assessable"]
    if not assessed:
        return [f"None of {count(facts['officers'], 'officer')} {compared}: {reasons(facts)}."]
    parts = [f"{n:,} {words}" for n, words in ((facts["higher"], higher), (facts["lower"], lower)) if n]
    if flags:
        sentences = [
            f"{flags:,} of {assessed:,} officers who {compared} {'are' if flags > 1 else 'is'} flagged for review: "
            f"{listed(parts)}.",
            false_flags(facts),
        ]
    else:
        sentences = [f"None of the {assessed:,} officers who {compared} is flagged for review."]
    return [*sentences, *([f"{silent:,} cannot be assessed, most often: {reasons(facts)}."] if silent else [])]


def false_flags(facts: Facts) -> str:
    """How many of the flags are expected to be false."""
    false = facts.get("expected_false_flags") or 0.0
    many = f"About {false:.0f} of the {facts['flags']:,} flags" if false >= 1 else "Fewer than one flag"
    return f"{many} {'are' if false >= 1.5 else 'is'} expected to be false."


def peers(facts: Facts) -> str:
    """Whom officers are compared with: "officers of the same unit and month"."""
    alike = [*facts.get("assignment", ()), *([facts["period"]] if facts.get("period") else [])]
    return f"officers of the same {listed(alike)}" if alike else "all other officers"


def variation(facts: Facts) -> list[str]:
    """How much the rates of ordinary officers vary."""
    if facts.get("cv") is None:
        return []
    low, high = percent(facts["cv_low"]), percent(facts["cv_high"])
    return [f"Rates of ordinary officers vary by {percent(facts['cv'])} of their mean ({low} to {high})."]


def compare(facts: Facts, table: pd.DataFrame, *, events: str, work: str) -> Words:
    """Officers against those who did the same work."""
    same, by = peers(facts), facts["assignment"]
    answer = [*verdicts(facts, f"had more {events} than expected", "had fewer"), *variation(facts)]
    whole = f"a {by[0]}" if by else "a department"
    caveats = [
        FLAG,
        f"Each is compared with {same}. Kinds of calls, partners and {whole} whose officers all do the same are not "
        "seen.",
        MEASURES[facts["measure"]],
        *few(facts),
    ]
    caveats += [
        f"{n:,} {events} {why} and count for nobody."
        for n, why in (
            (facts["without_officer"], "name no officer"),
            (facts["unplaced"], f"fall on days without {work} of the officer"),
        )
        if n
    ]
    unknown = [one for one, share in facts["unknown"].items() if share > 0]
    caveats += [f"Where the {listed(unknown)} is not recorded, that counts as a post of its own."] if unknown else []
    caveats += [rename(**each) for each in facts["renamed"]]
    labels = LABELS | {
        "exposure": work.capitalize(),
        "events": events.capitalize(),
        "expected": f"Expected {events}",
        "estimate": "Count over expected",
        "comparable": "Share of work with enough peers",
        "posterior": f"P(rate > {facts.get('times', 1.5):g} x peers)",
        "limit_low": "Ordinary officers, 95 % low",
        "limit_high": "Ordinary officers, 95 % high",
        "limit_low_998": "Ordinary officers, 99.8 % low",
        "limit_high_998": "Ordinary officers, 99.8 % high",
        "z": "z if only chance",
    }
    return Words(DIFFERS.format(events=events), " ".join(answer), FUNNEL, caveats, labels)


def few(facts: Facts) -> list[str]:
    """What so few officers can show, and what a small agency can do."""
    if facts["officers"] >= 30 and facts["assessed"] >= 0.2 * facts["officers"]:
        return []
    small = " The agency is too small to compare officers within posts." if facts["officers"] < 30 else ""
    return [
        "With so few officers assessed only large differences show: of officers at three times the peers' rate, nine "
        f"in ten are found where 15 events are expected of each, half where 7 are.{small} Pool several years."
    ]


def rename(column: str, before: Any, after: Any, when: Any) -> str:
    """That two names are read as one unit."""
    return f"{column.capitalize()} {before} became {after} in {str(when)[:7]} with all its members; both count as one."


def explorer(facts: Facts, table: pd.DataFrame, *, say: Callable[[Facts, pd.DataFrame], Words]) -> Words:
    """The words of a comparison without what stands beside its figure already."""
    return replace(say(facts, table), caveats=())


def one_officer(facts: Facts, table: pd.DataFrame, *, title: str, labels: Mapping[str, str], officer: str) -> Words:
    """One officer's figures of a comparison, for the explorer."""
    row = table[table["officer"].astype(str) == officer].iloc[0]
    if row["verdict"] == Verdict.NOT_ASSESSABLE:
        return Words(title, f"{officer} cannot be assessed: {row['reason']}.", labels=labels)
    answer = (
        f"{officer}: {row['events']:,.0f} where {row['expected']:,.1f} are expected from {row['peers']:,.0f} peers, "
        f"{row['estimate']:.2f} times as many ({row['low']:.2f} to {row['high']:.2f}): {row['verdict']}."
    )
    return Words(title, answer, labels=labels)


def nobody(facts: Facts, table: pd.DataFrame, *, title: str) -> Words:
    """Why nobody can be assessed: how many officers each reason concerns."""
    each = listed(f"{count(n, 'officer')} ({why})" for why, n in table[["reason", "officers"]].itertuples(index=False))
    labels = {"reason": "Why not assessable", "officers": "Officers"}
    return Words(title, f"Nobody can be assessed: {each}.", labels=labels)


def past(facts: Facts, table: pd.DataFrame, *, events: str, work: str, period: str) -> Words:
    """Officers against their own earlier periods."""
    answer = verdicts(facts, "rose", "fell", "can be compared with their own past")
    caveats = [
        "A change can be one of post, place or recording. A high level that lasts is not seen.",
        f"After an unusual {period} a more usual one is to be expected.",
    ]
    labels = LABELS | {
        "exposure": f"{work.capitalize()}, latest {period}",
        "events": f"{events.capitalize()}, latest {period}",
        "expected": "Expected from the own past",
        "estimate": "Count over own past",
        "periods": f"Earlier {period}s",
        "posterior": "Posterior",
    }
    method = (
        "Negative binomial prediction of the latest period from the officer's own earlier ones, with the variation of "
        "rates between periods from all officers; Benjamini-Hochberg."
    )
    return Words(OWN_PAST.format(events=events), " ".join(answer), method, caveats, labels)


def similar(facts: Facts, table: pd.DataFrame, *, counted: str, events: str) -> Words:
    """Officers' events against other officers' events of the same kind, place and time."""
    answer = verdicts(facts, f"had more {counted} than like events of others", "had fewer")
    caveats = [f"Events are matched on {listed(facts['features'])}; what else differed is not seen."]
    if facts["binned"]:
        caveats.append(f"Numbers in {listed(facts['binned'])} are compared within classes.")
    if facts["unknown"]:
        caveats.append(f"{facts['unknown']:,} {events} do not say whether there were {counted}; they are left out.")
    labels = LABELS | {
        "exposure": events.capitalize(),
        "estimate": "Share over expected share",
        "events": f"With {counted}",
        "rate": "Own share",
        "benchmark": "Expected share",
        "effective": "Effective sample size of others",
        "imbalance": "Largest imbalance",
        "log_odds": "Log odds ratio",
        "error": "Standard error",
        "z": "z",
        "fdr_z": "False share if flagged (theoretical null)",
        "local_fdr": "Local FDR (empirical null)",
        "posterior": f"P(rate > {facts['times']:g} x expected)",
    }
    method = (
        "Doubly robust internal benchmark (Ridgeway and MacDonald 2009): others' events weighted by propensity odds, "
        "then a weighted outcome regression; Benjamini-Hochberg at the stated q."
    )
    return Words(SIMILAR.format(events=counted), " ".join(answer), method, caveats, labels)


def scenes(facts: Facts, table: pd.DataFrame) -> Words:
    """Officers against colleagues at the same scenes."""
    at = f"{facts['informative_incidents']:,} scenes where levels of force differed are compared."
    caveats = ["Roles, equipment and who came first can differ at one scene. Restraint and standing back look alike."]
    if facts["present"]:
        caveats.append("Officers sent there who recorded no force count as level 0, wherever they stood.")
    if facts["without_level"]:
        caveats.append(f"{facts['without_level']:,} records of force state no level and are left out.")
    if facts["rhat"] > 1.05 or facts["ess"] < 200:
        caveats.append("The estimate has not settled: repeat with more draws before use.")
    if facts["divergences"]:
        caveats.append("Parts of the estimate may be missed: the sampler diverged.")
    labels = LABELS | {
        "exposure": "Incidents",
        "informative": "Incidents where levels differed",
        "estimate": "Compared with peers (log odds)",
        "posterior": "Probability of the tail",
        "fdr": "Expected share of false flags",
        "top": "P(among the highest)",
        "bottom": "P(among the lowest)",
    }
    method = (
        "Conditional ordinal stereotype model given the levels used at each incident (Ridgeway 2026); propensities "
        "normal with sd 2, Hamiltonian Monte Carlo; peers: variance of the difference below a quarter of its prior."
    )
    answer = [at, *verdicts(facts, "used more force than colleagues", "used less")]
    return Words(SCENES, " ".join(answer), method, caveats, labels)


def adaptability(facts: Facts, table: pd.DataFrame, *, events: str, work: str) -> Words:
    """Officers' figures against the demand of their district."""
    answer = verdicts(facts, "rose more with demand", "rose less")
    caveats = [
        "Each officer is compared with their own quieter months: who is high or low at all times is not seen.",
        "Demand is the number of calls of the district, not their gravity.",
    ]
    labels = LABELS | {
        "exposure": work.capitalize(),
        "estimate": "Change with demand, over peers'",
        "posterior": "P(grows more than peers')",
        "periods": "Periods",
    }
    method = (
        "Random slopes on demand, each officer's own level conditioned out, drawn towards the peers' slope; flagged by "
        "the mean chance of a wrong sign (Stephens 2017)."
    )
    return Words(DEMAND.format(events=events), " ".join(answer), method, caveats, labels)


def names(officers: Sequence[str], most: int = 5) -> str:
    """Officers by code where a sentence can hold them, else how many."""
    return listed(officers) if len(officers) <= most else f"{len(officers):,} of them"
