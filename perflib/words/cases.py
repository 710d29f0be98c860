"""Case resolution in words: what is cleared, how soon, whether that changes, and what is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from perflib.result import Words
from perflib.words.numbers import count, day, listed, month, percent
from perflib.words.response import Facts, capital

METHOD = (
    "Cumulative incidence with competing ends (Aalen and Johansen 1978, Scandinavian Journal of Statistics 5); cases "
    "still open are censored; delta-method variance (Gaynor et al. 1993, JASA 88), limits on the log-log scale."
)
HAZARD = "Complementary log-log model of grouped times (Prentice and Gloeckler 1978, Biometrics 34)."
BACKLOG = "How many cases are open, and for how long?"
TIME = "How long does an arrest take?"
MULTIPLE = "One in twenty of these intervals misses the truth by chance."


def followed(left: Facts) -> str:
    """Up to when cases were followed, and which are left out."""
    parts = [f"{left['unfounded']:,} unfounded"] if left["unfounded"] else []
    parts += [f"{left['backwards']:,} cleared before they were reported"] if left["backwards"] else []
    out = f" Left out: {listed(parts)}." if parts else ""
    return f"Cases were followed to {day(left['end'])}.{out}"


def within(days: float | str) -> str:
    """A time since the report: "on the day of the report", "within 30 days"."""
    return f"within {count(float(days), 'day')}" if float(days) else "on the day of the report"


def clearance_title(by: str) -> str:
    """The question of cleared shares."""
    return f"What share of cases is cleared, and how soon{f', by {by}' if by else ''}?"


def clearance(
    facts: Facts, table: pd.DataFrame, *, by: str, level: float, left: Facts, small: Sequence[str], fewest: int
) -> Words:
    """The share cleared by arrest by each day; of groups the lowest and the highest."""
    if by:
        answer = _range({name: found["at"]["arrest"] for name, found in facts.items() if isinstance(found, Mapping)})
        names = listed(small) if len(small) <= 4 else f"{len(small)} groups"
        caveats = [f"{names} {'has' if len(small) == 1 else 'have'} fewer than {fewest} cases: no figure."]
        caveats = caveats if small else []
    else:
        shares = [f"{percent(row['estimate'])} {within(at)}" for at, row in _known(facts["at"]["arrest"])]
        answer = f"Of {count(facts['n'], 'case')}, cleared by arrest: {listed(shares)}."
        caveats = ["An open case is not a failure: it may still be cleared.", followed(left)]
    labels = {
        "group": capital(by.replace("_", " ")) or "Group",
        "cause": "Cleared by",
        "time": "Days since the report",
        "at_risk": "Still open (cases)",
        "events": "Cleared (cases)",
        "incidence": "Cleared (share)",
        "se": "Standard error",
        "low": f"{level:.0%} low",
        "high": f"{level:.0%} high",
        "naive": "1 - Kaplan-Meier (share, too high)",
    }
    return Words(clearance_title(by), answer, f"{METHOD} {followed(left)}" if by else METHOD, caveats, labels)


def _known(shares: Mapping[str, Facts]) -> list[tuple[str, Facts]]:
    return [(at, row) for at, row in shares.items() if row["estimate"] is not None]


def _range(groups: Mapping[str, Mapping[str, Facts]]) -> str:
    """The lowest and the highest group at the last day that all groups were followed to."""
    days = [at for at in next(iter(groups.values())) if all(row[at]["estimate"] is not None for row in groups.values())]
    if not days:
        return "No time after the report is known for every group."
    shares = {name: row[days[-1]]["estimate"] for name, row in groups.items()}
    low, high = min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)
    ends = f"from {percent(shares[low])} ({low}) to {percent(shares[high])} ({high})"
    return f"Cleared by arrest {within(days[-1])}: {ends}."


def time_to_arrest(facts: Facts, table: pd.DataFrame, *, level: float, left: Facts) -> Words:
    """The days of solved cases, with the share that is solved."""
    answer = (
        f"{facts['arrests']:,} of {facts['cases']:,} cases have an arrest: half of them {within(round(facts['p50']))}, "
        f"nine in ten {within(round(facts['p90']))}."
    )
    labels = {
        "days": "Days since the report",
        "arrest": "Cleared by arrest (share)",
        "low": f"{level:.0%} low",
        "high": f"{level:.0%} high",
        "at_risk": "Still followed (cases)",
    }
    caveats = ["These days describe solved cases only: they fall when hard cases are never solved."]
    return Words(TIME, answer, f"{METHOD} {followed(left)}", caveats, labels)


def cohorts_title(by: str, days: int) -> str:
    """The question of cohorts."""
    return f"Is clearance within {days} days changing, by {by} of report?"


def cohorts(facts: Facts, table: pd.DataFrame, *, by: str, days: int, level: float, left: Facts) -> Words:
    """Whether the last cohort differs from the first at the same age."""
    answer = changed(facts, days)
    caveats = ["Cleared so far and the UCR-style ratio show no change: new cases have had less time."]
    if table["provisional"].any():
        caveats.append(f"Hollow points: some cases were followed for less than {days} days.")
    labels = {
        "cohort": f"{by.capitalize()} of report",
        "cases": "Cases",
        "arrest": f"By arrest, {days} days",
        "low": f"{level:.0%} low",
        "high": f"{level:.0%} high",
        "exceptional": f"Exceptional, {days} days (share)",
        "so_far": "Cleared so far (share, naive)",
        "ucr": "UCR-style ratio (naive)",
        "provisional": "Provisional",
    }
    return Words(cohorts_title(by, days), answer, f"{METHOD} {followed(left)}", caveats, labels)


def changed(facts: Facts, days: int) -> str:
    """The change from the first to the last cohort that was followed long enough."""
    if "change" not in facts:
        return f"Fewer than two cohorts were followed for {days} days: no change can be judged."
    first, last, change = facts["first"], facts["last"], facts["change"]
    size, low, high = (100 * change[key] for key in ("estimate", "low", "high"))
    if low <= 0 <= high:
        return f"Clearance within {days} days shows no clear change ({size:+.1f} points; {low:+.1f} to {high:+.1f})."
    return (
        f"Clearance within {days} days {'rose' if size > 0 else 'fell'} from {percent(first['estimate'])} of cases "
        f"reported from {first['cohort']} to {percent(last['estimate'])} of those from {last['cohort']} ({size:+.1f} "
        f"points; {low:+.1f} to {high:+.1f}). One in twenty such differences is chance."
    )


def opening(facts: Facts, table: pd.DataFrame) -> Words:
    """Whether clearance changed, and its level."""
    level, answer = facts["level"], "Whether clearance by arrest changed cannot be judged from these records."
    if facts["finding"] == "none":
        answer = "Clearance by arrest shows no clear change."
    elif facts["finding"] == "change":
        first, last, change = (facts["change"][key] for key in ("first", "last", "change"))
        answer = (
            f"Clearance by arrest {'rose' if change['estimate'] > 0 else 'fell'} by "
            f"{abs(100 * change['estimate']):.1f} points between the cases of {month(first['cohort'])} and of "
            f"{month(last['cohort'])}."
        )
    if level:
        share = percent(level["estimate"])
        answer += f" Of {count(level['n'], 'case')}, {share} were cleared by arrest {within(level['day'])}."
    return Words("In short", answer)


def adjusted_title(compare: str) -> str:
    """The question of a comparison of like cases."""
    return f"For like cases, is clearance by arrest faster in some {compare}s?"


def adjusted(
    facts: Facts, table: pd.DataFrame, *, compare: str, terms: Sequence[str], level: float, left: Facts
) -> Words:
    """The groups that differ clearly from the largest, the most distant first."""
    base = facts["reference"]
    clear = table[(table["low"] > 1) | (table["high"] < 1)]
    order = (clear["coefficient"].abs()).sort_values(ascending=False).index[:2]
    sentences = [
        f"{capital(compare)} {row['value']} clears like cases at {row['ratio']:.2f} times the rate of {base}."
        for row in clear.loc[order].to_dict("records")
    ]
    answer = " ".join(sentences) or f"No {compare} differs clearly from {base}, the one with most cases."
    equal = listed("time of report" if term in ("month", "quarter", "year") else term for term in terms)
    twice = " A case with several offences counts once for each." if "offence" in terms else ""
    caveats = [f"Like cases: equal {equal}.{twice}"] if terms else []
    labels = {
        "what": "Compared",
        "value": capital(compare),
        "ratio": "Hazard ratio",
        "low": f"{level:.0%} low",
        "high": f"{level:.0%} high",
    }
    caveats += [MULTIPLE] if len(table) > 1 else []
    return Words(adjusted_title(compare), answer, f"{HAZARD} {followed(left)}", caveats, labels)


def backlog(facts: Facts, table: pd.DataFrame, *, oldest: str) -> Words:
    """How many cases are open, how long, and how many are very old."""
    middle = f", half of them for over {count(facts['open_median_days'], 'day')}" if facts["open"] else ""
    old = f"; {facts['by_age'][oldest]:,} for {oldest}" if facts["by_age"][oldest] else ""
    answer = f"{count(facts['open'], 'case')} open on {day(facts['followed_to'])}{middle}{old}."
    caveats = ["Many open cases have no lead."]
    caveats += [f"{facts['inactive']:,} more are inactive: the source set them aside."] if facts["inactive"] else []
    labels = {"age": "Days since the report", "open": "Open (cases)", "inactive": "Inactive (cases)", "cases": "Cases"}
    return Words(BACKLOG, answer, "Uncleared, founded cases by calendar days since the report.", caveats, labels)
