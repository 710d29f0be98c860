"""What a report says of itself: what it covers, and what it leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from perflib.result import Words
from perflib.words.numbers import count

NO_COMPARISON = "no earlier period was chosen (parameter compare_to)"
COMPARISON = "Compared with an earlier period"


def about(facts: Mapping[str, Any], table: pd.DataFrame, *, subject: str) -> Words:
    """Department, subject, place and period of a report, and the day whose records it shows."""
    where = "in all districts" if facts["district"] == "all" else f"in district {facts['district']}"
    against = f", compared with {facts['compared_with']}," if facts["compared_with"] else ""
    return Words(
        "What this report covers",
        f"{facts['department']}: {subject} {where}, from {facts['period']}{against} as recorded on {facts['as_of']}.",
    )


def decisions(facts: Mapping[str, Any], table: pd.DataFrame, *, main: str) -> Words:
    """How many records the choices of a report leave."""
    answer = "This report uses every record of the department."
    if "rows_after" in facts:
        steps = count(int((table["table"] == main).sum()), "choice was", "choices were")
        answer = f"This report uses {facts['rows_after']:,} of {facts['rows_before']:,} accepted {main}; {steps} made."
    return Words(
        "Records used",
        answer,
        labels={
            "table": "Table",
            "rule": "Kept",
            "because": "Because",
            "rows_before": "Rows before",
            "rows_after": "Rows after",
        },
    )
