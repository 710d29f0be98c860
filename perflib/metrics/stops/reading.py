"""The first screen: what the tests find side by side, what each holds fixed, and what none can show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perflib.errors import InputError
from perflib.result import Result
from perflib.words import stops as words
from perflib.words.stops import LIMITS


def reading(*tests: Result) -> Result:
    """The tests side by side: what each finds, rests on, holds fixed, assumes and cannot rule out.

    ``tests`` are Results named ``veil``, ``baseline``, ``outcome``, ``threshold``, ``selection`` (any of them). The
    answer leads with a clear difference where a test shows one. Result ``reading`` with rows ``test``, ``found``,
    ``limits``, made from the tests as they may be shared. Raises InputError for another Result, or none.
    """
    unknown = [each.name for each in tests if each.name not in LIMITS]
    if unknown or not tests:
        raise InputError(
            f"no such test {unknown[0]!r}" if unknown else "no test is given", where="reading", choices=LIMITS
        )
    shared = [each.shared() for each in tests]
    reasons = [each.reason or _withheld(each.facts) for each in shared]
    table, texts = words.reading([(each.name, each.facts, why) for each, why in zip(shared, reasons, strict=True)])
    facts = {"tests": {each.name: each.reason or "assessed" for each in tests}}
    return Result("reading", table, facts=facts, words=lambda *_: texts)


def _withheld(facts: Mapping[str, Any]) -> str:
    """Why a test that was made says nothing: no fact may be shown."""
    shown = any(value is not None for name, value in facts.items() if name != "hidden")
    return "" if shown or not facts else "its counts are too small to be shown"
