"""The first screen: what the tests say side by side, and what they can and cannot rule out."""

from __future__ import annotations

import pandas as pd

from perflib.errors import InputError
from perflib.result import Result

TITLE = "Are stops and searches fair? What these tests can and cannot rule out"
ASKS = {
    "veil": ("Does darkness, which hides who drives, change who is stopped?",
             "who is out does not change with darkness at one clock time; street light does not show the driver",
             "bias against pedestrians, or by where cars are sent; bias that needs no sight"),
    "baseline": ("Is a group stopped more than its arrests say, in the same district?",
                 "arrests measure who an even-handed officer would stop",
                 "bias that arrests share"),
    "outcome": ("Do searches find as much?",
                "the marginal search is like the average one",
                "bias, or its absence, where groups differ in how clearly carriers stand out"),
    "threshold": ("How sure were officers before they searched?",
                  "searches follow one threshold per district and group; signals have one shape",
                  "who is stopped at all; searches that law requires"),
    "selection": ("What could undue stops hide in what follows a stop?",
                  "an assumed share of undue stops, which no record shows",
                  "anything by itself: it shows how far the answer depends on the assumption"),
}
NAMES = {"veil": "Veil of darkness", "baseline": "Against arrests", "outcome": "Hit rates",
         "threshold": "Threshold", "selection": "Undue stops"}
CAVEATS = (
    "There is no single score, and the findings must not be added up: each test asks something else and assumes "
    "something else.",
    "A difference is a reason to review stops, not proof of bias by an officer; no difference is not proof of its "
    "absence.",
    "Stops that were never recorded are in no test.",
)


def reading(*tests: Result) -> Result:
    """The tests side by side: what each asks, found, assumes and cannot rule out.

    ``tests`` are Results named ``veil``, ``baseline``, ``outcome``, ``threshold``, ``selection`` (any of them).
    Raises InputError for another Result, or none.
    """
    unknown = [each.name for each in tests if each.name not in ASKS]
    if unknown or not tests:
        raise InputError(f"no such test {unknown[0]!r}" if unknown else "no test is given", where="reading",
                         choices=ASKS)
    rows = [{"test": NAMES[each.name], "found": each.shared().answer, "limits": f"{ASKS[each.name][0]} Assumes: "
             f"{ASKS[each.name][1]}. Cannot rule out: {ASKS[each.name][2]}."} for each in tests]
    told = [each for each in tests if not each.reason]
    answer = _answer([each.name for each in told], len(tests))
    return Result("reading", pd.DataFrame(rows), TITLE, answer, "Several tests, each with its own assumption.",
                  CAVEATS, {"tests": {each.name: each.reason or "assessed" for each in tests}}, None,
                  {"test": "Test", "found": "It finds", "limits": "What it asks, assumes and cannot rule out"})


def _answer(told: list[str], every: int) -> str:
    """What can and cannot be ruled out, given the tests that could be made."""
    if not told:
        return (f"None of {every} tests can be made on these records: nothing about fairness follows from them, "
                "neither bias nor its absence.")
    held = "the hour and the district" if "veil" in told else "the district"
    can = (f"Those made hold {held} fixed, and so can rule out that {held} alone explain what they find."
           if set(told) - {"selection"} else "None of those made holds anything fixed, so they can rule out nothing.")
    return (f"{len(told)} of {every} tests can be made on these records. {can} They cannot rule out differences in who "
            "is on the street, in where officers are sent, in what officers saw and did not write down, or in stops "
            "that were not recorded.")
