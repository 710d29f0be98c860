"""The first screen: what the tests find side by side, what each holds fixed, and what none can show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from perflib.errors import InputError
from perflib.metrics.stops import words
from perflib.result import Result

TITLE = "Are stops and searches fair? What these tests find and cannot rule out"
#: test -> what it asks, holds fixed, assumes and cannot rule out
ASKS = {
    "veil": (
        "Does darkness, which hides who drives, change who is stopped?",
        "the clock time and the district; not the season, which changes with darkness",
        "who is out does not change with darkness at one clock time; street light does not show the driver",
        "bias against pedestrians, or by where cars are sent; bias that needs no sight",
    ),
    "baseline": (
        "Is a group stopped more than its arrests say?",
        "the district",
        "arrests measure who an even-handed officer would stop",
        "bias that arrests share",
    ),
    "outcome": (
        "Do searches find as much?",
        "the district",
        "the search an officer nearly did not make is like the average one",
        "bias, or its absence, where people who carry something stand out more clearly in one group",
    ),
    "threshold": (
        "How sure were officers before they searched?",
        "the district, each with a bar of its own",
        "searches follow one bar per district and group; what officers see has one shape",
        "who is stopped at all; searches that law requires",
    ),
    "selection": (
        "What could undue stops hide in what follows a stop?",
        "the district, where it is recorded",
        "an assumed share of undue stops, which no record shows",
        "anything by itself: it shows how far the answer depends on the assumption",
    ),
}
NAMES = {
    "veil": "Veil of darkness",
    "baseline": "Against arrests",
    "outcome": "Hit rates",
    "threshold": "Threshold",
    "selection": "Undue stops",
}
CAVEATS = (
    "There is no single score, and the findings must not be added up: each test asks something else and assumes "
    "something else.",
    "A difference is a reason to review stops, not proof of bias by an officer; no difference is not proof of its "
    "absence.",
    "Stops that were never recorded are in no test.",
)
#: in the order in which the first sentence tells them
_FINDINGS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "threshold": words.threshold,
    "outcome": words.outcome,
    "selection": words.selection,
    "veil": words.veil,
    "baseline": words.baseline,
}
_UNSEEN = (
    "No test shows why: they cannot rule out differences in who was on the street, in where officers were sent, "
    "in what they saw and did not write down, or in stops that were not recorded."
)


def reading(*tests: Result) -> Result:
    """The tests side by side: what each finds, rests on, asks, holds fixed, assumes and cannot rule out.

    ``tests`` are Results named ``veil``, ``baseline``, ``outcome``, ``threshold``, ``selection`` (any of them). The
    answer tells the findings of those that could be made, and where the two tests of searches agree. Result
    ``reading`` with rows ``test``, ``found``, ``limits``. Raises InputError for another Result, or none.
    """
    unknown = [each.name for each in tests if each.name not in ASKS]
    if unknown or not tests:
        raise InputError(
            f"no such test {unknown[0]!r}" if unknown else "no test is given", where="reading", choices=ASKS
        )
    rows = [{"test": NAMES[each.name], "found": _found(each), "limits": _limits(each)} for each in tests]
    return Result(
        "reading",
        pd.DataFrame(rows),
        TITLE,
        _answer(tests),
        "Several tests, each with its own assumption.",
        CAVEATS,
        {"tests": {each.name: each.reason or "assessed" for each in tests}},
        None,
        {
            "test": "Test",
            "found": "It finds",
            "limits": "What it asks, rests on, holds fixed, assumes and cannot rule out",
        },
    )


def _limits(test: Result) -> str:
    asks, fixed, assumes, cannot = ASKS[test.name]
    facts = _facts(test)
    rests = "" if facts is None else f" Rests on: {words.used(test.name, facts)}"
    return f"{asks}{rests} Holds fixed: {fixed}. Assumes: {assumes}. Cannot rule out: {cannot}."


def _facts(test: Result) -> Mapping[str, Any] | None:
    """The facts as they may be shared; None where some are hidden or there are none."""
    if test.reason:
        return None
    shared = test.shared()
    return None if shared.facts.get("hidden") else shared.facts


def _found(test: Result) -> str:
    facts = _facts(test)
    return test.shared().answer if facts is None else _FINDINGS[test.name](facts)


def _answer(tests: tuple[Result, ...]) -> str:
    """The findings in plain words, what the tests of searches agree on, and what none shows."""
    if all(each.reason for each in tests):
        return (
            f"None of {len(tests)} tests can be made on these records: nothing about fairness follows from them, "
            "neither bias nor its absence."
        )
    facts = {each.name: found for each in tests if (found := _facts(each)) is not None}
    told = [
        words.baseline(facts[name], brief=True) if name == "baseline" else find(facts[name])
        for name, find in _FINDINGS.items()
        if name in facts
    ]
    if {"threshold", "outcome"} <= set(facts):
        told[1:1] = words.agreement(facts["threshold"], facts["outcome"])
    made = sum(not each.reason for each in tests)
    lacking = [NAMES[each.name].lower() for each in tests if each.reason]
    without = f" (not made: {', '.join(lacking)})" if lacking else ""
    return " ".join(
        [
            *told,
            _UNSEEN,
            f"{made} of {len(tests)} tests can be made on these records{without}. Their findings are not added up.",
        ]
    )
