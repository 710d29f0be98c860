"""Numbers, dates and lists as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd


def listed(parts: Iterable[Any], last: str = "and") -> str:
    """The parts as an enumeration: "a", "a and b", "a, b and c"."""
    texts = [str(part) for part in parts]
    return f" {last} ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else "".join(texts)


def count(number: float, one: str, many: str = "") -> str:
    """A count with its noun: "1 call", "1,240 calls"."""
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """A share as a percentage with as many digits as it carries: 0.4 %, 6 %, 21 %."""
    return "unknown" if pd.isna(share) else f"{100 * share:.1f} %" if abs(share) < 0.0095 else f"{100 * share:.0f} %"


def minutes(value: float) -> str:
    """Minutes to a tenth below an hour: "6.4 minutes", "75 minutes"."""
    return "unknown" if pd.isna(value) else f"{value:.1f} minutes" if value < 60 else f"{value:,.0f} minutes"


def day(value: Any) -> str:
    """A date in words: "10 March 2025"."""
    at = pd.Timestamp(value)
    return f"{at.day} {at:%B %Y}"


def month(value: Any) -> str:
    """A month in words: "March 2025"."""
    return f"{pd.Timestamp(value):%B %Y}"
