"""What residents ask for and say, in words: the mix of requests, the survey, messages, and areas side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from perflib.result import Words
from perflib.verdicts import Verdict
from perflib.words.numbers import count, listed
from perflib.words.response import Facts, capital

MIX = (
    "Jensen-Shannon divergence of the two mixes (Lin 1991, IEEE Trans. Inf. Theory 37) against permutations of whole "
    "blocks of days, which keep over-dispersion and the likeness of neighbouring days; kinds by the same permutations "
    "of their numbers against the middle kind, adjusted for how many they are (Benjamini and Hochberg 1995)."
)
SHARES = "Shares with linearised intervals from the variation between weeks."
NEEDS = "Put together from the tests of the mix and the survey below; see there for how each figure is made."
SURVEY = (
    "Weights raked to the population by age and sex within bounds (Deming & Stephan 1940; Deville & Sarndal 1992); "
    "linearised variance; Kish design effect."
)
AREAS = (
    "Multilevel regression and post-stratification by area, age and sex (Gelman & Little 1997); without a population "
    "by age and sex, means drawn together as their errors require (Fay & Herriot 1979)."
)
TOPICS = (
    "Messages with seed words of one topic teach a multinomial regression on words, which reads them all; agreement "
    "with hand-coded messages, which it never saw, as Cohen's kappa (1960). No sentiment is scored."
)
BESIDE = (
    "Survey means by area (see survey_areas) with the median response of public calls and calls per 1,000 residents; "
    "Spearman correlation with a permutation test where there are enough areas."
)
NEEDS_TITLE = "What do residents ask for, and has it changed?"
MESSAGES = "What do messages speak of?"
UNLIKE = "The periods fall in different seasons: a season may look like a change."
_SHARE = {
    "kind": "Kind",
    "share_before": "Share before",
    "share_after": "Share after",
    "change": "Change (points)",
    "change_low": "Low end (95 %)",
    "change_high": "High end (95 %)",
}


def mix_of(table: str, origin: str) -> str:
    """What is counted: "requests", "calls from the public"."""
    return f"calls from the {origin}" if table == "calls" and origin else table


def place(cell: Facts, before: str = " in ") -> str:
    """Where: " in district 0412"; nothing for all areas."""
    return before + listed(f"{column} {value}" for column, value in cell.items()) if cell else ""


def share(value: float) -> str:
    """A share to a tenth of a per cent."""
    return f"{100 * value:.1f} %"


def moved(row: Any, of: str = "") -> str:
    """How a kind's share moved (a row of ``composition.shift``)."""
    way = "rose" if row["share_after"] >= row["share_before"] else "fell"
    whole = f" of {of}" if of else ""
    return f"{row['kind']} {way} from {share(row['share_before'])} to {share(row['share_after'])}{whole}"


def because(row: Any, changed: bool) -> str:
    """Why a kind is not called though the interval of its change leaves out zero; empty for the others."""
    if row["verdict"] != Verdict.AS_BEFORE or row["change_low"] <= 0 <= row["change_high"]:
        return ""
    return f"number: no clear change (p {row['adjusted']:.2f})" if changed else "the mix as a whole did not change"


def course(facts: Facts, table: pd.DataFrame, *, of: str, cell: Facts, basis: str) -> Words:
    """The kind whose share moved most."""
    ends = table.groupby("kind")["share"].agg(["first", "last"]).reset_index()
    row = ends.iloc[int((ends["last"] - ends["first"]).abs().to_numpy().argmax())]
    most = moved({"kind": row["kind"], "share_before": row["first"], "share_after": row["last"]}, of)
    answer = f"{capital(most)} between the first and the last {facts['grain']}. Read it with the test of the mix."
    labels = {"kind": "Kind", "share": "Share", "count": "Number", "quarter": capital(facts["grain"])}
    return Words(course_title(of, cell), answer, f"{SHARES} {basis}", labels=labels)


def course_title(of: str, cell: Facts) -> str:
    """The question of shares over time."""
    return f"What is asked for? The mix of {of}{place(cell)}"


def drivers_title(of: str, cell: Facts) -> str:
    """The question of one mix."""
    return f"Has the mix of {of}{place(cell)} changed?"


def drivers(facts: Facts, table: pd.DataFrame, *, of: str, unlike: bool, basis: str) -> Words:
    """Whether the mix changed, and the kinds that changed most."""
    kinds = table[table["verdict"] != Verdict.AS_BEFORE].head(2)
    if not facts["changed"]:
        answer = f"The mix of {of} shows no clear change."
    elif kinds.empty:
        answer = f"The mix of {of} changed, but no single kind stands out."
    else:
        answer = f"{capital(listed(moved(row) for _, row in kinds.iterrows()))}."
    method = (
        f"{MIX} Blocks of {facts['block_days']} days; what chance gives is widened {facts['inflation']:.2f} times, as "
        f"far as neighbouring blocks are alike. {basis} {UNLIKE if unlike else ''}"
    )
    labels = _SHARE | {
        "before": "Before",
        "after": "After",
        "contribution": "Share of the shift",
        "relative": "Growth against the others",
        "p": "p",
        "adjusted": "Adjusted p",
        "verdict": "Verdict",
        "late_low": "Share after, low end",
        "late_high": "Share after, high end",
        "because": "Why not",
        "stands_out": "Stands out",
    }
    caveats = ["A share can fall because another rose: a kind is named only where its number moved too."]
    title = f"{drivers_title(of, facts['cell'])} {facts['after']} against {facts['before']}"
    return Words(title, answer, method.strip(), caveats if facts["changed"] else [], labels)


def by_area_title(of: str, by: str) -> str:
    """The question of the mixes of areas."""
    return f"In which {by}s has the mix of {of} changed?"


def by_area(facts: Facts, table: pd.DataFrame, *, of: str, by: str, unlike: bool, stopped: str, basis: str) -> Words:
    """The areas whose mix changed most clearly, and in what."""
    rows = [f"{name}: {moved(row)}" for name, row in list(facts["moves"].items())[:3]]
    answer = f"{'; '.join(rows)}." if rows else f"No {by} shows a clear change."
    few = len(table) - facts["assessable"]
    answer += f" {count(few, by)} {'has' if few == 1 else 'have'} too few {of} to judge." if few else ""
    caveats = [UNLIKE] if unlike else []
    caveats += [f"Some feeds stopped: {stopped}; the later period lacks their last days."] if stopped else []
    caveats += [f"Up to {facts['q']:.0%} of the {by}s named may be false."] if rows else []
    labels = _SHARE | {
        by: capital(by),
        "records": "Records",
        "jsd": "Divergence (bits)",
        "null_95": "Chance, 95 %",
        "p": "p",
        "adjusted": "Adjusted p",
        "verdict": "Verdict",
        "drivers": "Driven by",
        "beyond": "Multiple of chance",
        "changed": "Changed",
        "kind": "Moved most",
    }
    return Words(by_area_title(of, by), answer, f"{MIX} {basis}", caveats, labels)


def needs(
    facts: Facts, table: pd.DataFrame, *, cell: Facts, area: str, moves: Mapping[str, Any], mix: Facts, answers: Facts
) -> Words:
    """The clearest change, of an area, of the whole mix or of the survey; then what is asked for most."""
    top = facts["most"]
    kinds = table[table["kind"].isin(mix["drivers"])]
    if moves:
        name, row = next(iter(moves.items()))
        more = ", the clearest of several changes" if len(moves) > 1 else ""
        first = f"In {area} {name}, {moved(row, '' if more else 'requests')}{more}."
    elif len(kinds):
        first = f"{capital(moved(kinds.iloc[0], 'requests'))}{place(cell)}."
    elif answers.get("p") is not None and answers["p"] < 0.05:
        way = "higher" if answers["change"] > 0 else "lower"
        first = f"In the survey, {answers['question']} is {abs(answers['change']):.2f} {way} than in the wave before."
    else:
        first = f"The mix of requests{place(cell)} shows no clear change."
    second = f"Residents ask most for help with {top['kind']}, in {share(top['share_after'])} of requests."
    labels = _SHARE | {
        "after": "Requests after",
        "share_after_low": "Low end (95 %)",
        "share_after_high": "High end (95 %)",
    }
    return Words(NEEDS_TITLE, f"{first} {second}", NEEDS, labels=labels)


_ANSWERS = {
    "wave": "Wave",
    "date": "Date",
    "area": "Area",
    "estimate": "Mean answer",
    "low": "Low end (95 %)",
    "high": "High end (95 %)",
    "n": "Answers",
    "n_effective": "Effective answers",
    "deff": "Design effect",
    "instrument": "Questionnaire",
    "basis": "Basis",
    "own": "Own mean",
    "against": "Less the city's mean",
    "against_low": "Low end (95 %, all areas)",
    "against_high": "High end (95 %, all areas)",
}


def waves_title(question: str, cell: Facts) -> str:
    """The question of a survey over time."""
    return f"What do residents answer? {capital(question)}{place(cell)}"


def waves(facts: Facts, table: pd.DataFrame, *, hidden: Sequence[str], unraked: Mapping[str, str], few: int) -> Words:
    """The newest mean answer and whether it changed; what the weights rest on."""
    known = table.dropna(subset=["estimate"]).sort_values("date")
    last, (low, high) = known.iloc[-1], facts["scale"]
    answer = (
        f"{capital(facts['question'])} is {last['estimate']:.2f} on average in wave {last['wave']} (answers run from "
        f"{low:g} to {high:g})."
    )
    change = facts.get("change")
    if facts.get("comparable") is False:
        answer += " The questionnaire changed, so it cannot be compared with the wave before."
    elif change is not None:
        way = f"{abs(change):.2f} {'higher' if change > 0 else 'lower'} than"
        answer += f" This is {way if facts['p'] < 0.05 else 'no clear change from'} the wave before."
    caveats = ["Read the questionnaire first: the records hold neither its wording nor which end is good."]
    if facts["breaks"]:
        names = listed(dict.fromkeys(known["instrument"]), "to")
        caveats.append(f"The questionnaire changed ({names}): differences across it are not changes of opinion.")
    caveats += (
        [f"{count(len(hidden), 'wave')} with fewer than {few} answers not shown: {listed(hidden)}."] if hidden else []
    )
    caveats += weights(unraked)
    return Words(waves_title(facts["question"], facts["cell"]), answer, SURVEY, caveats, _ANSWERS)


def weights(unraked: Mapping[str, str]) -> list[str]:
    """Which waves are not weighted to the population, and why."""
    if not unraked:
        return []
    reasons = dict.fromkeys(unraked.values())
    if reasons == {"": None}:
        return [
            "Age and sex are not loaded, so who answers may decide the figures: design weights only (open the "
            'department with personal=["age_group", "sex"]).'
        ]
    return [f"Wave {wave} has design weights only: {why}." for wave, why in unraked.items()]


def areas_title(question: str) -> str:
    """The question of a survey by area."""
    return f"Where do residents answer differently? {capital(question)}"


def areas(facts: Facts, table: pd.DataFrame, *, question: str, few: int) -> Words:
    """The areas whose answer differs from the city's."""
    rows = table[(table["against_low"] > 0) | (table["against_high"] < 0)].to_dict("records")
    differ = listed(
        f"{row['area']} ({abs(row['against']):.2f} {'higher' if row['against'] > 0 else 'lower'})" for row in rows
    )
    answer = f"Unlike the city's mean of {facts['city']:.2f}: {differ}."
    if not rows:
        answer = f"No area differs clearly from the city's mean of {facts['city']:.2f}."
    caveats = ["These are intervals, not ranks: they hold for all areas together."]
    hidden = int((table["n"] < few).sum())
    caveats += [f"{count(hidden, 'area')} with fewer than {few} answers not shown."] if hidden else []
    return Words(areas_title(question), answer, AREAS, caveats, _ANSWERS)


def feedback(facts: Facts, table: pd.DataFrame, *, perfect: float) -> Words:
    """The commonest topic, and how far topics agree with hand-coded ones."""
    coded = facts.get("kappa")
    answer = (
        f"Messages speak most of {facts['commonest']}: {share(facts['shares'][facts['commonest']])} of "
        f"{facts['messages']:,}."
    )
    caveats = ["Those who write are no sample of residents, and no officer is judged by what they write."]
    if not coded:
        caveats.append("No messages were coded by hand: how far the topics can be relied on is not known.")
    elif coded["kappa"] >= perfect:
        caveats.append("These messages look invented: real ones never agree this well with hand coding.")
    else:
        answer += f" On {count(coded['n'], 'message')} coded by hand the topics agree (kappa {coded['kappa']:.2f})."
    labels = {"quarter": "Quarter", "topic": "Topic", "count": "Messages", "share": "Share"}
    return Words(MESSAGES, answer, TOPICS, caveats, labels)


def beside_title(question: str) -> str:
    """The question of two figures side by side."""
    return f"{capital(question)} and response times, area by area"


def beside(facts: Facts, table: pd.DataFrame, *, question: str, top: str, basis: str) -> Words:
    """Whether answers and response times go together, where there are areas enough."""
    p, areas_ = facts.get("p"), count(facts["areas"], "area")
    if p is None:
        answer = f"{areas_} are too few to say whether answers and response times go together."
    elif p >= 0.05:
        answer = f"In {areas_}, answers and response times do not clearly go together."
    else:
        way = "higher" if facts["correlation"] > 0 else "lower"
        answer = f"In {areas_}, {question} is {way} where response takes longer."
    caveats = [
        "This compares areas, not people (ecological fallacy): it does not show that those who waited trust less.",
        "Calls without a usable arrival are in no median.",
    ]
    caveats += [f"The median mixes priorities; areas differ in their share of priority {top}."] if top else []
    labels = {
        "area": "Area",
        "trust": "Mean answer",
        "trust_low": "Low end",
        "trust_high": "High end",
        "n": "Answers",
        "median": "Median response (min)",
        "median_low": "Low end (min)",
        "median_high": "High end (min)",
        "missing_share": "Without arrival",
        "first_share": f"Priority {top}",
        "calls": "Public calls",
        "per_1000": "Calls per 1,000 residents a year",
    }
    return Words(beside_title(question), answer, f"{BESIDE} {basis}", caveats, labels)
