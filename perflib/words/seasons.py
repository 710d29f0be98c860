"""Hours of the week, seasons and the coming month in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from perflib.result import Words
from perflib.verdicts import Verdict
from perflib.words.numbers import count, day, listed, month, percent
from perflib.words.response import NOT_RECORDED, UNKNOWN_ORIGIN, Facts, capital

RATES = (
    "Events divided by the hours of each kind that passed (clock changes included); gamma intervals on counts divided "
    "by their dispersion (Garwood 1936)."
)
SPANS = "Events known only to within a span weigh evenly over it (aoristic analysis: Ratcliffe 2000)."
SEASONS = (
    "Power at the season's frequencies against a fitted spectrum (exponential model: Bloomfield 1973), Holm-adjusted; "
    "STL (Cleveland et al. 1990) strength on the scale 2 sqrt(y + 3/8) against that of noise; ratios of a log-linear "
    "model with Newey-West covariance and intervals that hold for a whole season together."
)
DEMAND = (
    "Level: rolling-origin weighted forecast of daily counts; shape: hour-of-week shares of the last year, each "
    "weekday drawn to its kind; negative-binomial counts whose dispersion comes from earlier months forecast alike; "
    "the total's interval from the relative errors of whole earlier periods, t for their number, never below Poisson."
)
HOURS = {
    "weekday": "Weekday",
    "hour": "Hour",
    "count": "Events",
    "hours": "Such hours",
    "rate": "Events an hour",
    "low": "Low end (95 %)",
    "high": "High end (95 %)",
    "exact": "Of known time, an hour",
}
POSITIONS = {
    "month": "Month",
    "position": "Day",
    "percent": "Above or below the mean (%)",
    "count": "Events",
    "ratio": "Ratio to the mean",
    "low": "Low end (95 %)",
    "high": "High end (95 %)",
    "days": "Days",
    "per_day": "Events a day",
}
OUTLOOK = {
    "month": "Month",
    "basis": "Basis",
    "count": "Events",
    "days": "Days",
    "per_day": "Events a day",
    "low": "Low end",
    "high": "High end",
    "expected": "Not yet counted",
}
EXPECTED = {
    "series": "Series",
    "weekday": "Weekday",
    "hour": "Hour",
    "hours": "Such hours ahead",
    "expected": "Expected an hour",
    "low": "One hour, low",
    "high": "One hour, high",
    "mean_low": "Mean of the period, low",
    "mean_high": "Mean of the period, high",
}


def title(question: str, selection: Facts) -> str:
    """A question with the selection it is about: "Which days are busier? District 0412"."""
    named = ", ".join(f"{column} {value}" for column, value in selection.items())
    return f"{question} {capital(named)}".strip()


def subject(table: str, origin: str, recorded: bool) -> str:
    """What is counted; who began the calls only where the records say it."""
    if table != "calls" or not origin:
        return table
    return f"calls from the {origin}" if recorded else UNKNOWN_ORIGIN


def counted(last: Any, feeds: Facts) -> str:
    """Up to which day it is counted, where feeds stopped."""
    return f"Counted to {last}. A feed stopped: {stopped(feeds)}. All later days are left out; check the feed."


def stopped(feeds: Facts) -> str:
    """Which districts' feeds stopped, and when; empty where none did."""
    return ", ".join(f"district {name} (last on {end})" for name, end in feeds.items())


def basis(notes: Facts) -> list[str]:
    """What a reader must know of the records: feeds that stopped, jumps, an origin that is not recorded."""
    caveats = [NOT_RECORDED] if not notes["recorded"] else []
    if feeds := stopped(notes["stopped"]):
        caveats.append(f"A feed stopped: {feeds}. All later days are left out; check the feed.")
    return caveats + jumps(notes)


def jumps(notes: Facts) -> list[str]:
    """Jumps of the weekly number of records."""
    return [
        f"The records jump from {each['before']:,.0f} to {each['after']:,.0f} a week on {day(each['at'])}: check the "
        "extraction before reading a season or a forecast."
        for each in notes["jumps"]
    ]


_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def place(end: Facts, most: str) -> str:
    """One end of the week: "Saturday 15:00 to 21:00 is among the 15 busiest hours of the week"."""
    if not end["told"]:
        return f"no hour stands out as {most}"
    weekday = end["weekday"] in _WEEK
    run = f"{end['weekday'] + ' ' if weekday else ''}{end['start']:02d}:00 to {end['end']:02d}:00"
    if not end["others"]:
        return f"{run} is {most}{'' if weekday else ' on all days'}"
    among = end["others"] + end["end"] - end["start"]
    return f"{run} is among the {among} {most} hours of the {'week' if weekday else 'day'}"


def _both(facts: Facts) -> str:
    if not facts["busiest"]["told"] and not facts["quietest"]["told"]:
        return "No hour stands out as busiest or quietest."
    return capital(f"{place(facts['busiest'], 'busiest')}; {place(facts['quietest'], 'quietest')}.")


def hours(facts: Facts, table: pd.DataFrame, *, subject: str, selection: Facts, notes: Facts) -> Words:
    """The busiest and the quietest hours."""
    return Words(
        title(f"At what hours do {subject} come in?", selection),
        _both(facts),
        f"{RATES} Hours of {notes['stamp']}, local time. {notes['basis']}",
        [*basis(notes), "About 8 of the 168 intervals miss the truth by chance."],
        HOURS,
    )


def spans(facts: Facts, table: pd.DataFrame, *, selection: Facts, basis: str, feeds: Facts, begun: Facts) -> Words:
    """The busiest hours of all offences, and of those whose time is known."""
    answer, caveats = _both(facts), []
    if facts["spans"]:
        answer += f" {percent(facts['span_share'])} of offences are known only to within a span of time."
        if "exact" in facts:
            answer += f" For the others {place(facts['exact']['busiest'], 'busiest')}."
        caveats.append(
            f"Half of the spans last {facts['span_hours']:.1f} hours or more: peaks look flatter, and intervals "
            "narrower, than they are."
        )
    if names := stopped(feeds):
        caveats.append(f"Offences are counted to {facts['last']}. A feed stopped: {names}.")
    if facts["long"]:
        caveats.append(f"{count(facts['long'], 'offence')} with a span of over a week are left out.")
    if facts["undated"]:
        caveats.append(f"{count(facts['undated'], 'offence')} without a time are left out.")
    heaps = (
        (facts["midnight"], "offences stand at midnight", "the excess is spread over its day"),
        (begun, "spans begin at midnight", "their start was probably unknown"),
    )
    for heap, what, then in heaps:
        if heap["heaped"]:
            caveats.append(f"{heap['observed']:,} {what}, {heap['expected']:,.0f} are expected: {then}.")
    method = f"{SPANS} {RATES} {basis}"
    return Words(title("When do offences happen?", selection), answer, method, caveats, HOURS)


QUESTIONS = {"year": "Is there a season of the year?", "week": "Which days are busier?"}
MEANS = {"year": "the mean month", "week": "the mean day"}


def season(
    facts: Facts, table: pd.DataFrame, *, season: str, selection: Facts, notes: Facts, faint: bool, heap: Facts
) -> Words:
    """The highest and the lowest month or weekday, or that no pattern repeats.

    ``heap``: records on the first of the month, where they are heaped; ``first_paydays``: a payday there was left out.
    """
    ratio = {name: value for name, value in facts["ratio"].items() if season == "year" or name in _WEEK}
    if facts["verdict"] == Verdict.NOT_SHOWN:
        answer = f"No pattern of the {season} is shown to repeat."
    else:
        top, low = max(ratio, key=ratio.__getitem__), min(ratio, key=ratio.__getitem__)
        answer = (
            f"{top} is {percent(ratio[top] - 1)} busier than {MEANS[season]}, {low} {percent(1 - ratio[low])} quieter."
        )
        answer += " The pattern is no stronger than that of noise." if faint else ""
    caveats = jumps(notes)
    if season == "year" and facts["cycles"] <= 3:
        caveats.append(f"{facts['cycles']} years show a season of the year only where it is plain.")
    if season == "week" and heap.get("observed"):
        caveats.append(
            f"{heap['observed']:,} records stand on the first of the month, {heap['expected']:,.0f} are expected: it "
            "has a row of its own."
        )
    if season == "week" and heap.get("first_paydays"):
        caveats.append("A payday on the first of the month cannot be told from records heaped there and is left out.")
    return Words(title(QUESTIONS[season], selection), answer, SEASONS, caveats, POSITIONS)


def tested(facts: Facts, table: pd.DataFrame, *, by: str, notes: Facts) -> Words:
    """How many parts have which season, and in which of them it is faint."""
    sentences = []
    for name, able in facts["assessable"].items():
        if not able:
            reason = table.loc[table["season"] == name, "reason"].iloc[0]
            sentences.append(f"The {name} is not assessable: {reason}.")
            continue
        faint = f"; in {listed(facts['faint'][name])} it is faint" if facts["faint"][name] else ""
        sentences.append(f"The pattern of the {name} repeats in {len(facts['seasonal'][name])} of {able} {by}s{faint}.")
    labels = {
        by: by.capitalize(),
        "season": "Season of the",
        "verdict": "Verdict",
        "p": "p (adjusted)",
        "strength": "Strength",
        "noise_median": "Strength of noise",
        "noise_95": "Noise, 95th percentile",
        "cycles": "Whole cycles",
        "reason": "Reason",
    }
    return Words(tested_title(by), " ".join(sentences), SEASONS, jumps(notes), labels)


def tested_title(by: str) -> str:
    """The question of the table of tests."""
    return f"Does every {by} have the same seasons?"


def total(facts: Facts) -> str:
    """The expected total with its interval, where it has one: "4,554 (4,411 to 4,698)"."""
    middle, low, high = (next(iter(facts[name].values())) for name in ("total", "total_low", "total_high"))
    return f"{middle:,.0f}" + ("" if low is None else f" ({low:,.0f} to {high:,.0f})")


def demand(facts: Facts, table: pd.DataFrame, *, selection: Facts, notes: Facts) -> Words:
    """The total of the month, and its busiest and quietest hours."""
    top, low = facts["busiest"], facts["quietest"]
    answer = (
        f"{total(facts)} are expected, most on {top['weekday']} from {top['hour']:02d}:00 and fewest on "
        f"{low['weekday']} from {low['hour']:02d}:00. The range is {_level(facts)} interval."
    )
    caveats = [
        *jumps(notes),
        f"About {1 - facts['level']:.0%} of the hours will lie outside their own interval.",
        "Holidays and events are foreseen only as in earlier years.",
    ]
    question = f"What to expect in {month(facts['month'])}, hour by hour?"
    return Words(title(question, selection), answer, DEMAND, caveats, EXPECTED)


def _level(facts: Facts) -> str:
    share = f"{facts['level']:.0%}"
    return f"{'an' if share.startswith('8') else 'a'} {share}"


STAFFING = "What does it mean for staffing?"


def staffing(facts: Facts, table: pd.DataFrame) -> Words:
    """The busiest shift against the quietest; before it, where no pattern of the week is shown, that there is none."""
    week, ends = facts["week"] or {}, []
    first = ""
    if week.get("verdict") == Verdict.NOT_SHOWN:
        first = "No pattern of the week is shown to repeat: do not staff weekdays differently for it. "
    elif week.get("verdict") == Verdict.NOT_ASSESSABLE:
        first = f"Whether a pattern of the week repeats is not assessable ({week['reason']}). "
    for name in ("busiest", "quietest"):
        shift = (table["weekday"] == facts[name]["weekday"]) & (table["shift"] == facts[name]["shift"])
        row = table[shift].iloc[0]
        ends.append(f"{row['expected']:.0f} ({row['low']:.0f} to {row['high']:.0f})")
    top, low = (f"{facts[name]['weekday']} {facts[name]['shift'].lower()}" for name in ("busiest", "quietest"))
    answer = f"{first}{top} is expected to bring {ends[0]} events, {facts['spread']:.1f} times the {ends[1]} of {low}."
    caveats = [
        "Events are not hours of work: multiply by the time and the units each takes.",
        "Shifts begin at 07:00, 15:00 and 23:00; a night counts under the day on which it begins.",
    ]
    labels = {
        "weekday": "Starts on",
        "shift": "Shift",
        "expected": "Expected events",
        "low": f"Low end ({facts['level']:.0%})",
        "high": f"High end ({facts['level']:.0%})",
        "against": "Ratio to the mean shift",
    }
    return Words(STAFFING, answer, DEMAND, caveats, labels)


def outlook(facts: Facts, table: pd.DataFrame, *, subject: str, selection: Facts, notes: Facts, reason: str) -> Words:
    """The report in two sentences: how many and when, and what the coming month is expected to bring."""
    top = facts["busiest"]
    when = "no hour stands out"
    if top["told"]:
        on = "" if top["weekday"] not in _WEEK else f"on {top['weekday']} "
        when = f"most {on}from {top['start']:02d}:00 to {top['end']:02d}:00"
    answer = [f"{facts['per_day']:,.0f} {subject} come in a day, {when}."]
    if reason:
        answer.append(f"What is expected next month cannot be said: {reason}.")
    else:
        length = pd.Timestamp(facts["month"]).days_in_month
        answer.append(
            f"About {facts['total']:,.0f} are expected in {month(facts['month'])}, "
            f"{facts['total'] / length:,.0f} a day."
        )
    return Words(outlook_title(subject, selection), " ".join(answer), DEMAND, basis(notes), OUTLOOK)


def outlook_title(subject: str, selection: Facts) -> str:
    """The question of the report."""
    return title(f"How many {subject}, when, and what next?", selection)
