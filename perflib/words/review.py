"""Reviews of officers in words: for a conversation, never a score, and no ground for discipline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from perflib.result import Words
from perflib.verdicts import Verdict
from perflib.words import officers
from perflib.words.numbers import count, listed, percent
from perflib.words.response import capital

Facts = Mapping[str, Any]
RULED_OUT = "What this comparison can and cannot rule out"
FLAGGED = "Who is flagged, and what the other comparisons say"
CHOICES = "Does it depend on who the peers are?"
DEVELOPMENT = "Does the training move what it should move?"
SUGGESTED = "What might help?"
AUDIT = "Is the comparison itself fair?"
REWEIGHTED = "Who loses when the weights change?"
MOVED = "Do {events} change after a move to another unit?"
#: columns of a post, and the periods, as explanations that a comparison may rule out
POST = {
    "unit": "The unit an officer worked in",
    "district": "The district",
    "shift": "The shift",
    "duty": "The kind of duty",
    "beat": "The beat",
}
WHEN = {
    "month": "The time of year and events of the month",
    "quarter": "The time of year and events of the quarter",
    "year": "What changed from year to year",
    "": "When the work was done",
}
WORK, CHANCE, SEASON = "How much work the officer did", "Chance", "The time of year"
KIND, SCENE = "The kind of call or stop", "Who and what was met there"
NEVER = (
    "What was not recorded",
    "Why an officer was sent",
    "A whole unit, or the whole department, doing too much or too little",
)
FALSE = "in part: up to {q:.0%} of flags are expected to be false"
ELSEWHERE = 'see "{of}"'
#: an explanation counts as more than chance below this adjusted p
BEYOND = 0.05
#: evidence that a course helped
WORKED, NONE_YET = "it moved its measure", "no evidence yet"
WRONG_WAY = "no evidence yet: its measure moved the wrong way"
#: readings that stand out, the clearest first
STAND_OUT = ("need", "strength", "probable need", "probable strength")


def share_unknown(share: float, work: str) -> str:
    """How far a column of the post is held fixed where it is not always recorded."""
    return f"in part: unknown for {share:.{0 if share >= 0.01 else 1}%} of {work}" if share >= 0.0005 else "yes"


def constant(column: str, post: str, posts: int, one: int, none: int) -> str:
    """How far a post fixes a further column: of ``posts``, ``one`` have one value of it and ``none`` record none."""
    word = "kind of duty" if column == "duty" else column
    if not one:
        return "no"
    if one == posts:
        return f"yes: each {post} has one {word}"
    return f"in part: {one} of {posts} {post}s have one {word}{f', {none} record none' if none else ''}"


def opening(
    facts: Facts, table: pd.DataFrame, *, found: Facts, times: Sequence[float], agreed: pd.DataFrame, events: str
) -> Words:
    """Who is flagged, how far, and whether the other comparisons agree; ``times``: of the flagged, over expected."""
    assessed, flags, silent = facts["assessed"], facts["flags"] or 0, facts["not_assessable"]
    wide = (found.get("cv") or 0.0) > officers.WIDE
    caveats = ["Officers are shown by codes; those who cannot be assessed have no figures."]
    if not assessed:
        answer = [
            f"None of {facts['officers']:,} officers can be assessed in {events}: {officers.reasons(found, 1)}.",
            "That says nothing, good or bad, about anybody's work.",
        ]
    elif not flags:
        rest = f"; {silent:,} cannot be assessed" if silent else ""
        answer = [f"None of the {assessed:,} officers who can be assessed is flagged in {events}{rest}."]
        if wide:
            answer.insert(0, _wide(events))
            caveats.append("Where practice differs so much, the absence of flags is no all-clear.")
    else:
        answer = [_flags(found, assessed, flags, times, events), agreement(agreed)]
        if wide:
            answer = [_wide(events), answer[0]]
            caveats.append(agreement(agreed))
        caveats.append(officers.false_flags(found))
    return Words(RULED_OUT, " ".join(filter(None, answer)), "", [each for each in caveats if each], LABELS)


def _wide(events: str) -> str:
    return f"Officers with the same work differ widely in {events}: ask first why practice differs."


def _flags(found: Facts, assessed: int, flags: int, times: Sequence[float], events: str) -> str:
    if found["higher"] and found["lower"]:
        return (
            f"{flags:,} officers are flagged for review: {found['higher']:,} had more {events} than expected for their "
            f"work, {found['lower']:,} fewer."
        )
    are, far = ("are", "up to " if found["higher"] else "down to ") if flags > 1 else ("is", "")
    most = max(times) if found["higher"] else min(times)
    return (
        f"{flags:,} of {assessed:,} officers who can be assessed {are} flagged for review, with {far}{most:.1f} times "
        f"as many {events} as expected."
    )


def agreement(rows: pd.DataFrame) -> str:
    """How many flags hold in every other comparison, and which are borderline; from ``review.repeated``."""
    if rows.empty:
        return ""
    silent = ("", Verdict.NOT_ASSESSABLE)
    holds = (rows["ways"] == rows["of"]) & (rows["of"] > 0)
    for name in ("similar", "scenes"):
        holds &= rows[name].isin(silent) | (rows[name] == rows["verdict"])
    n, of = int(holds.sum()), len(rows)
    some = f"{n} of the {of} flags" if 0 < n < of else ("No flag" if not n else "The flag" if of == 1 else "Every flag")
    verb = "hold" if 0 < n < of and n > 1 else "holds"
    edge = rows.loc[rows["borderline"], "officer"].tolist()
    doubt = f"; {officers.names(edge)} {'is' if len(edge) == 1 else 'are'} borderline" if edge else ""
    return f"{some} {verb} in every comparison that can assess the officer{doubt}."


def flagged(
    facts: Facts, table: pd.DataFrame, *, flags: int, agreed: pd.DataFrame, events: str, reach: Sequence[str], more: int
) -> Words:
    """Who is flagged, and what the other comparisons say of each; ``reach``: how many each can assess."""
    head = f"{count(flags, 'officer')} {'is' if flags == 1 else 'are'} flagged for review." if flags else ""
    alone = facts["elsewhere"]
    others = f"{officers.names(alone)} {'is' if len(alone) == 1 else 'are'} flagged by another comparison alone."
    answer = [head or "Nobody is flagged.", agreement(agreed), others if alone else ""]
    caveats = [f"Each comparison reaches officers of its own: {'; '.join(reach)}."]
    caveats += [f"{more} more are in the table of the comparison."] if more else []
    labels = LABELS | {"count": capital(events), "expected": "Expected", "ratio": "Times expected"}
    return Words(FLAGGED, " ".join(filter(None, answer)), "", caveats, labels)


def reach(assessed: int, of: int, how: str) -> str:
    """How many officers a comparison can assess."""
    return f"{assessed:,} of {of:,} {how}"


def choices(facts: Facts, table: pd.DataFrame) -> Words:
    """Who is flagged under which choice of peers."""
    flags, every = facts["flags"], facts["in_all"]
    answer = f"Nobody is flagged under any of {len(flags)} choices of peers."
    if len(table):
        answer = f"{every} of {count(len(table), 'officer')} flagged under any choice of peers hold under all: "
        answer += f"{'; '.join(f'{way} {n}' for way, n in flags.items())}."
    caveats = ["A flag that comes and goes with the peers is weak. Do not pick the choice that flags most."]
    return Words(CHOICES, answer, "The same comparison with different peers.", caveats, LABELS)


def moved(facts: Facts, table: pd.DataFrame, *, events: str) -> Words:
    """Whether figures change after a move to another unit."""
    simple, share = facts.get("simple"), facts.get("change")
    answer = f"{'After' if facts['evidence'] else 'No evidence yet: after'} a change of unit"
    if simple:
        size, low, high = (f"{simple[key]:+.2f}" for key in ("estimate", "low", "high"))
        answer += f" {events} differ by {size} a month and officer ({low} to {high})"
        answer += f", {share:+.0%}" if share is not None else ""
    answer += f"; {facts['treated']:,} who moved, up to {facts['controls']:,} who had not."
    caveats = ["Assumes that those who moved would have gone on like the others; busier work raises counts by itself."]
    if facts["before_p"] < 0.05:
        caveats.append("The groups differed before the move: no effect is claimed.")
    method = "Group-time average effects (Callaway and Sant'Anna 2021), against those who have not moved yet."
    return Words(MOVED.format(events=events), answer, method, caveats)


def card(facts: Facts, table: pd.DataFrame, *, alike: Sequence[str], weighted: bool, probable: float) -> Words:
    """One officer or unit: what stands out most, then how many areas do, are like peers or cannot be assessed."""
    subject, readings = facts["subject"], table["reading"]
    rows = table[readings.isin(STAND_OUT)].sort_values("reading", key=lambda each: each.map(STAND_OUT.index))
    like, silent, of = int(readings.eq("like peers").sum()), int(readings.eq(Verdict.NOT_ASSESSABLE).sum()), len(table)
    below = int(readings.eq("fewer than peers").sum())
    lower = f", {below} {'is' if below == 1 else 'are'} lower" if below else ""
    if silent == of:
        answer = "No area can be assessed: too few peers, or too little work. That says nothing about the work."
    elif len(rows):
        row = rows.iloc[0].to_dict()
        more = len(rows) - 1
        rest = f"{more} more {'areas stand' if more > 1 else 'area stands'} out, {like}" if more else f"{like}"
        answer = f"{capital(row['reading'])}: {row['area'].lower()} ({row['count']:,.0f}, expected "
        answer += f"{row['expected']:,.0f}). {rest} are like peers{lower}, {silent} cannot be assessed."
    else:
        answer = f"Nothing stands out: like peers in {like} of {of} areas{lower}, {silent} cannot be assessed."
    caveats = [
        "For a conversation: no finding of wrongdoing, no ground for discipline, and not a score.",
        f"Compared with {count(facts['peers'], subject)} {_where(facts['units'], alike, subject)}.",
        "Kinds of calls, partners and what was never recorded are not seen.",
    ]
    if facts["example"]:
        caveats.append(f"An example: the {subject} with most work.")
    if len(rows):
        chance = rows["chance_better"].astype(float)
        wrong = float(chance.where(chance < 0.5, 1 - chance).mean())
        caveats.append(
            f"{'Fewer than 1 %' if wrong < 0.01 else f'About {wrong:.0%}'} of the readings that stand out are expected "
            "to be wrong."
        )
    if weighted:
        caveats.append(composite(facts["composite"]))
    method = areas_method(
        alike, f"clear where the flag rule finds it, probable from a posterior probability of {probable:.0%}"
    )
    labels = LABELS | {"area": "Area", "ratio": "Count over expected"}
    return Words(f"Review of {subject} {facts['who']}", answer, method, caveats, labels)


def _where(units: Sequence[str], alike: Sequence[str], subject: str) -> str:
    if subject == "officer" and 0 < len(units) <= 3:
        same = f" in the same {alike[-1]}" if alike and alike[-1] != "unit" else ""
        return f"of unit{'s' if len(units) > 1 else ''} {listed(units)}{same}"
    return f"of the same {listed(alike)}" if alike else "of the agency"


def composite(value: float | None) -> str:
    """The composite by the department's own weights."""
    if value is None:
        return "No composite: less than half of the department's weights fall on areas that can be assessed."
    return (
        f"Composite by the department's own weights: {value:.2f} (mean chance of doing better than peers; .50 is like "
        "them). Other weights give another order."
    )


def areas_method(alike: Sequence[str], rule: str) -> str:
    """How an area is judged, in a sentence that ends with ``rule``."""
    same = f"peers of the same {listed(alike)}" if alike else "all others"
    return f"Each area: events over those expected from {same} (over-dispersed funnel, Spiegelhalter 2005); {rule}."


def standouts_title(subject: str, area: str) -> str:
    """The question of the list: of one area, or of all."""
    return f"{capital(area)} than peers" if area else f"Which {subject}s do better than their peers?"


def standouts(facts: Facts, table: pd.DataFrame, *, subject: str, area: str, alike: Sequence[str], total: int) -> Words:
    """Who does better than peers by the rule that flags."""
    reached, false = max(facts["assessed"].values()), facts["expected_false"]
    answer = f"No {subject} of {reached:,} who can be assessed stands out for the better."
    if total:
        each = listed(f"{name.lower()} {n}" for name, n in facts["by_area"].items())
        chance = f"about {false:.0f}" if false >= 1 else "fewer than one"
        answer = (
            f"{total} of {reached:,} {subject}s who can be assessed stand out for the better ({each}), {chance} by "
        )
        answer += "chance. They are listed by code: the figures support no ranking."
    caveats = ["Whoever is not listed may have had too little work to tell."]
    method = areas_method(alike, "listed where the rule that flags officers for review finds them better")
    labels = LABELS | {"area": "Area", "ratio": "Count over expected", "who": capital(subject)}
    return Words(standouts_title(subject, area), answer, method, caveats, labels)


def development(facts: Facts, table: pd.DataFrame) -> Words:
    """Every course of the plan with the evidence of the department's own records."""
    worked = [row for row in table.to_dict("records") if row["evidence"] == WORKED]
    answer = f"{len(worked)} of {len(table)} courses of the plan {'shows' if len(worked) == 1 else 'show'} evidence of "
    answer += "moving what they should move"
    if worked:
        answer += ": " + "; ".join(
            f"{row['course']} ({row['moves']} {row['effect']:+.2f} per officer and month, {row['effect_low']:+.2f} to "
            f"{row['effect_high']:+.2f})"
            for row in worked
        )
    caveats = [
        "Missing evidence is not evidence that a course does nothing.",
        "Assumes that officers took courses however they were doing. One in twenty intervals misses by chance.",
    ]
    labels = {
        "course": "Course",
        "moves": "Should move",
        "baseline": "Without it, a month",
        "effect": "Effect per officer and month",
        "effect_low": "95 % low",
        "effect_high": "95 % high",
        "change_share": "In per cent",
        "evidence": "Evidence here",
    }
    method = "Staggered adoption: officers who took the course against those who had not yet (Roth and Sant'Anna 2023)."
    return Words(DEVELOPMENT, f"{answer}.", method, caveats, labels)


def suggested(facts: Facts, table: pd.DataFrame, *, judged: int) -> Words:
    """What the needs of a review suggest."""
    labels = {"need": "Need", "how_sure": "Reads as", "suggestion": "Suggestion", "evidence": "Evidence here"}
    if table.empty:
        many = f"{judged} areas" if judged > 1 else "one area"
        return Words(SUGGESTED, f"No need found in the {many} that can be assessed.", labels=labels)
    needs = listed(need.lower() for need in table["need"].unique())
    caveats = ["A suggestion for the talk between officer and sergeant, who know what the records do not."]
    method = "The department's development plan; evidence by staggered adoption in its own records."
    return Words(SUGGESTED, f"Suggestions for {needs} stand below.", method, caveats, labels)


def audit(facts: Facts, table: pd.DataFrame, *, missing: Sequence[str], left_out: int, used: int) -> Words:
    """What explains the differences between scores beyond chance, what does not, and what cannot be told."""
    known = table[table["reason"] == ""]
    parts = []
    for rows, text in (
        (known[known["p_adjusted"] < BEYOND], "more"),
        (known[~(known["p_adjusted"] < BEYOND)], "no more"),
    ):
        each = [f"{row['block']} {percent(row['share'])}" for row in rows.to_dict("records")]
        parts += [f"{listed(each)} {text} than chance allows"] if each else []
    answer = f"Of the differences between {used:,} officers' scores is explained: {'; '.join(parts) or 'nothing'}."
    caveats = [
        "Race, sex and age are used only to audit the score.",
        "A share explained is no proof of unfairness, and none explained is no proof of fairness.",
    ]
    caveats += [
        f"The {block} goes together with the others: not separable." for block in table[table["reason"] != ""]["block"]
    ]
    caveats += [f"Not audited: {reason}." for reason in missing]
    caveats += [f"{left_out:,} officers without a score, or with a column missing, are left out."] if left_out else []
    labels = {
        "block": "Block",
        "alone": "Alone",
        "share": "With the others known",
        "low": "95 % low",
        "high": "95 % high",
        "p": "p",
        "p_adjusted": "p, adjusted",
        "columns": "Columns",
        "reason": "Why not",
    }
    method = (
        "Partial share of variance (epsilon squared), limits from the noncentral F (Smithson 2003), permutation of "
        "residuals (Freedman and Lane 1983), Holm."
    )
    return Words(AUDIT, answer, method, caveats, labels)


def reweighted(facts: Facts, table: pd.DataFrame) -> Words:
    """How officers' places move when the weights of a composite do."""
    answer = (
        f"When the weights move, half of the officers' places span more than {facts['median_width']:.0f} of "
        f"{len(table):,}; {facts['kept_top']:.0%} of the top tenth stay there."
    )
    caveats = ["The uncertainty of the areas' own scores comes on top. Listed by name, not by place."]
    labels = {
        "officer": "Officer",
        "place": "Place",
        "place_low": "Place, 5 %",
        "place_high": "Place, 95 %",
        "most_lost": "Most places lost",
        "lost_by": "By",
    }
    method = "Composite under weights doubled, left out, and drawn about the given ones."
    return Words(REWEIGHTED, answer, method, caveats, labels)


LABELS = {
    "officer": "Officer",
    "better": "Better",
    "count": "Count",
    "work": "In",
    "expected": "Expected from peers",
    "chance_better": "Chance of doing better than peers",
    "reading": "Reads as",
    "reason": "Why not assessable",
    "low": "95 % low",
    "high": "95 % high",
    "ratio_low": "95 % low",
    "ratio_high": "95 % high",
    "flagged_in": "Flagged in",
    "other_peers": "Choices of peers that say so",
    "same_work": "Same kind of work",
    "same_scene": "Same scene",
    "explanation": "Could it be explained by",
    "ruled_out": "Ruled out",
}
