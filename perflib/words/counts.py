"""Counts in words: which changed, whether they move, how complete they are, and how they were counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from perflib.result import Words
from perflib.verdicts import CHANGES, Verdict
from perflib.words.numbers import count, day, listed
from perflib.words.response import capital, season

Facts = Mapping[str, Any]
#: the windows of the meeting's table, and what a window is compared with
WINDOWS = {"7d": "7 days", "28d": "28 days", "ytd": "year to date"}
AGAINST = {"last_year": "last year", "mean_of_years": "the mean of years", "previous": "the period before"}
METHOD = (
    "Conditional negative-binomial test, dispersion estimated from earlier periods and shrunken over groups (E-test of "
    "Krishnamoorthy and Thomson 2004 as a check); false discovery rate of Benjamini and Hochberg 1995 over all groups."
)
_UNITS = {
    "incidents": "Incidents are counted: one report counts once in each group, however many offences it holds.",
    "offences": "Offences are counted: one report may hold several.",
    "victims": "Victims are counted: one offence may have several.",
}
#: caveats and parts of the method by code
NOTES = {
    "complete": "Counted to {day}, because {share:.0%} of the records arrive within {needed} days.",
    "unknown": "Counted to {day}; records do not say when they were entered, so the newest {grain}s may be low.",
    "late": "{days} of {period} days are not complete: this period is counted too low.",
    "missing": "Years without data are left out, not taken as zero: {years}.",
    "years": "Variance/mean {dispersion:.2f} from the {periods} years compared with.",
    "before": "Variance/mean {dispersion:.2f} from the {periods} periods of {length} days before.",
    "coarse": "The dates tell the {grain} alone: no shorter time is counted.",
    "unfit": "the dates tell the {grain} alone, and {period} is not whole {grain}s",
    "crosswalk": "{codes} offence codes are not in the crosswalk: {most}.",
    "victims": "{rows:,} rows do not say how many victims: they count as none.",
    "totals": "{column} {values} is the total of the others and is left out.",
    "corrections": "{n} negative counts are corrections of earlier periods ({first}): their groups in a period "
    "compared are not assessed.",
    "renamed": "{column} {old!r} ends on {end} where {new!r} begins on {start}: probably renamed, so their changes are "
    "not real.",
    "silent": "{column} {value}: nothing in the {days} days to {last}, {usual:,.0f} are usual. Check the feed first.",
    "event_now": "{name} falls in this period but in {periods} of {among} compared with.",
    "event_before": "{name} falls in a period compared with, not in this one.",
    "no_calendar": "Holidays and local events are not taken into account; they may explain a change.",
    "poisson": "There is too little history to see how much counts vary, so too many groups may be called changed.",
}
_LABELS = {
    "cell": "Group",
    "now": "Now",
    "before": "Before, all periods",
    "expected": "Before, per like period",
    "difference": "Difference",
    "ratio": "Ratio",
    "low": "Ratio, low",
    "high": "Ratio, high",
    "dispersion": "Variance/mean",
    "p_e_test": "p, E-test",
    "p_value": "p",
    "adjusted": "p, adjusted for all groups",
    "verdict": "Verdict",
}


def question(table: str) -> str:
    """The title where it cannot be said what changed."""
    return f"What changed in the {table}?"


def changes_title(period: Any, against: str, others: Sequence[Any]) -> str:
    """The question of one comparison."""
    if against == "mean_of_years":
        years = ", ".join(str(other)[:4] for other in others)
        return f"What changed, {period}, against the mean of {years or 'earlier years'}?"
    return f"What changed, {period}, against {others[0] if others else AGAINST[against]}?"


def changes(facts: Facts, table: pd.DataFrame, *, against: str, notes: Sequence[str], method: str) -> Words:
    """The groups that changed clearly, strongest evidence first."""
    strongest = [
        f"{row['cell']} {row['verdict']} ({row['now']:,.0f}, expected {row['expected']:,.1f})"
        for row in table[table["verdict"].isin(CHANGES)].head(3).to_dict("records")
    ]
    answer = clear_changes(facts["flags"], facts["cells"], "group", table["verdict"])
    answer += f" Strongest: {listed(strongest)}." if strongest else ""
    title = changes_title(facts["period"], against, facts["against"])
    return Words(title, answer, f"{METHOD} {method} {counted(facts['unit'])}", notes, _LABELS)


def clear_changes(flags: int, number: int, what: str, verdicts: Iterable[Any]) -> str:
    """How many of so many comparisons changed clearly, and how many have too few events."""
    few = sum(each == Verdict.TOO_FEW for each in verdicts)
    start = f"{flags} of {count(number, what)} {'shows' if flags == 1 else 'show'} a clear change"
    start = start if flags else f"None of {count(number, what)} shows a clear change"
    return f"{start}; {few:,} {'has' if few == 1 else 'have'} too few events to judge." if few else f"{start}."


def meeting(facts: Facts, table: pd.DataFrame, *, few: int, notes: Sequence[str], method: str) -> Words:
    """How many comparisons of the meeting's table show a clear change, and the strongest."""
    answer = clear_changes(facts["flags"], facts["tests"], "comparison", [Verdict.TOO_FEW] * few)
    if facts["changed"]:
        answer += f" Strongest: {_changed(facts['changed'][0])}."
    ends = {
        "now": "now",
        "last_year": "last year",
        "mean_of_years": "mean of years",
        "ratio": "ratio",
        "low": "ratio, low",
        "high": "ratio, high",
        "adjusted": "adjusted p",
        "verdict": "verdict",
    }
    heads = {f"{name}_{end}": f"{head}: {text}" for name, head in WINDOWS.items() for end, text in ends.items()}
    title = f"What changed? {capital(facts['unit'])} to {facts['last_complete']}"
    method = f"{METHOD} {method} {counted(facts['unit'])}"
    return Words(title, answer, method, notes, heads | {"cell": "Group", "ratio": "28 days: ratio"})


def _changed(row: Facts) -> str:
    against = "on average in earlier years" if row["against"] == "mean_of_years" else "a year ago"
    moved = "rose" if row["verdict"] == Verdict.UP else "fell"
    when = "this year to date" if row["window"] == "ytd" else f"in the last {WINDOWS[row['window']]}"
    return f"{row['cell']} {moved}: {row['now']:,.0f} {when}, against {row['expected']:,.0f} {against}"


def page_title(window: str) -> str:
    """The heading of the page for the meeting."""
    return f"For the meeting: {WINDOWS.get(window, window)}"


def page_missing(window: str, grain: str) -> str:
    """Why a window is not on the page."""
    if grain == "day" or window == "ytd":
        return f"the data do not hold {window} and a period to compare it with"
    return f"the dates tell the {grain} alone, and {WINDOWS.get(window, window)} are not whole {grain}s"


def page_verdict(row: Mapping[Any, Any], window: str) -> str:
    """The verdict of a window, and the clear changes that only another window shows."""
    others = [name for name in WINDOWS if name != window and row.get(f"{name}_verdict") in CHANGES]
    verdicts = [f"{WINDOWS[name]}: {row[f'{name}_verdict']}" for name in others]
    return "; ".join([str(row[f"{window}_verdict"]), *verdicts])


def page(facts: Facts, table: pd.DataFrame, *, keys: Sequence[str]) -> Words:
    """The page for the meeting: strongest evidence first."""
    left = facts["cells"] - facts["shown"]
    answer = "Strongest evidence first, not the largest percentage."
    answer += f" {left:,} further rows, with weaker evidence, are in the full table." if left > 0 else ""
    heads = {
        "now": f"{capital(WINDOWS[facts['window']])} now",
        "last_year": "Last year",
        "mean_of_years": "Mean of years",
        "ratio": "Ratio (interval)",
        "ratio_low": "Ratio, low",
        "ratio_high": "Ratio, high",
        "verdict": "Verdict",
    }
    title = f"{page_title(facts['window'])}, {facts['windows'][facts['window']]}"
    return Words(title, answer, METHOD, labels={key: key.capitalize() for key in keys} | heads)


def trend_title(counts: str, every: str, only: Facts) -> str:
    """The question of a trend."""
    where = capital(", ".join(f"{column} {value}" for column, value in only.items()))
    return f"Has the {every}ly number of {counts} changed? {where}".strip()


def trend(
    facts: Facts,
    table: pd.DataFrame,
    *,
    only: Facts,
    years: float,
    empty: bool,
    poisson: bool,
    notes: Sequence[str],
    basis: str,
) -> Words:
    """Whether the latest counts leave the usual range; ``empty``: that some period has no record at all."""
    every, signals = facts["every"], facts["signal_dates"]
    what = f"The {every}ly number of {facts['unit']}"
    last = f", last {day(signals[-1])}" if signals else ""
    answer = f"{what} left its usual range in {count(len(signals or []), every)}{last}."
    answer = answer if signals else f"{what} stays within its usual range."
    answer = f"{what} is small at times: its usual range is not shown." if signals is None else answer
    seasons = [f"Some {every}s have none: no season is removed."] if empty else season(facts["season_removed"], years)
    caveats = [*([] if every == "year" else seasons), *chart_caveats(facts), *notes]
    labels = {"value": "Value", "statistic": "Drawn", "centre": "Centre", "lower": "Lower limit"}
    labels |= {"upper": "Upper limit", "date": "From", "point": "Point", "signal": "Signal", "rule": "Rule"}
    method = (
        f"{'Poisson (c) chart' if poisson else 'Chart of individual values'} (Shewhart 1931), three-sigma limits. "
        f"{basis} {counted(facts['unit'])}"
    )
    return Words(trend_title(facts["unit"], every, only), answer, method, caveats, labels)


def chart_caveats(facts: Facts) -> list[str]:
    """What limits a control chart: few points, points that resemble their neighbours."""
    short = facts["n"] < 20
    found = [f"{facts['n']} points are few: the limits are {'provisional' if facts['n'] < 12 else 'uncertain'}."]
    alike = "Neighbouring points resemble each other, so a few signals are expected without a real change."
    return found * short + [alike] * (facts["related"] is not None)


def nowcast_title(table: str) -> str:
    """The question of a nowcast."""
    return f"What will the newest {table} come to?"


def nowcast(facts: Facts, table: pd.DataFrame, *, counts: str, levels: Sequence[float], complete: float) -> Words:
    """How many records of the last week are still to come, and which days must not be compared yet."""
    tag = f"{100 * levels[0]:g}".replace(".", "_")
    weeks = {group: sums["7"] for group, sums in list(facts["recent"].items())[:3]}
    sentences = [
        f"{f'{group}: ' if len(facts['recent']) > 1 else ''}{week['count']:,.0f} reported in the last 7 days, "
        f"about {week['nowcast']:,.0f} expected ({week[f'low_{tag}']:,.0f} to {week[f'high_{tag}']:,.0f})."
        for group, week in weeks.items()
    ]
    through = day(facts["complete_through"])
    caveats = [f"Days after {through} are less than {complete:.0%} complete: do not compare them."]
    if facts["releases"] == 1:
        caveats.append("There is one release: the delay is the one given, not estimated from these records.")
    elif facts["releases"] < 4:
        caveats.append(f"Only {facts['releases']} releases show how late records come.")
    if (facts["fallen"] or 0) > 0.02:
        caveats.append(f"{facts['fallen']:.0%} of the days' counts fell between releases: records were withdrawn.")
    if facts["recoded"]:
        caveats.append(f"Do not trust the nowcast of {listed(facts['recoded'])}: old days changed, as by a recoding.")
    labels = {
        "group": "Group",
        "date": "Day",
        "age": "Age (days)",
        "count": "Reported",
        "completeness": "Complete (share)",
        "completeness_low": "Complete, 95% low",
        "completeness_high": "Complete, 95% high",
        "nowcast": "Nowcast",
        "provisional": "Provisional",
    }
    for level in levels:
        labels |= {f"{end}_{100 * level:g}".replace(".", "_"): f"Nowcast, {level:.0%} {end}" for end in ("low", "high")}
    method = (
        "Completeness by age from successive releases (chain ladder as a regression, Renshaw and Verrall 1998, with "
        "beta-binomial thinning); linear Bayes from what is reported and the level of the weekday (Lawless 1994), the "
        f"count at {facts['horizon']:g} days."
    )
    return Words(nowcast_title(counts), " ".join(sentences), method, caveats, labels)


def opening(facts: Facts, table: pd.DataFrame) -> Words:
    """The strongest change, then whether the whole number moves."""
    sentences = {
        "none": "No group shows a clear change.",
        "not_assessable": "Whether any group changed cannot be judged from these records.",
        "change": "",
    }
    if facts["finding"] == "change":
        sentences["change"] = f"{_changed(facts['changed'])}."
    answer = [sentences[facts["finding"]]]
    if facts["trend"] is not None:
        signals, every = facts["trend"]["signal_dates"], facts["trend"]["every"]
        what = f"The {every}ly number of {facts['trend']['unit']}"
        answer.append(
            f"{what} left its usual range {count(len(signals), 'time')}, last in the {every} of {day(signals[-1])}."
            if signals
            else f"{what} stays within its usual range."
        )
    return Words("In short", " ".join(answer))


def note(code: str, **values: Any) -> str:
    """A caveat, or a part of the method, by its code and its numbers."""
    return NOTES[code].format(**values)


def counted(unit: str) -> str:
    """What one of the numbers counted is."""
    return _UNITS.get(unit, "Records are counted.")
