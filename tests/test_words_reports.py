"""What a report says of itself, from facts alone."""

from __future__ import annotations

import pandas as pd

from perflib.words import reports as words

FACTS = {"department": "Testville", "period": "2025-11", "district": "all", "compared_with": "", "as_of": "2025-12-01"}


def test_about_says_subject_place_and_period() -> None:
    table = pd.DataFrame()
    assert words.about(FACTS, table, subject="calls").answer == (
        "Testville: calls in all districts, from 2025-11 as recorded on 2025-12-01."
    )
    facts = FACTS | {"district": "0412", "compared_with": "2024-11"}
    assert words.about(facts, table, subject="calls").answer == (
        "Testville: calls in district 0412, from 2025-11, compared with 2024-11, as recorded on 2025-12-01."
    )


def test_decisions_say_how_many_records_are_left() -> None:
    log = pd.DataFrame({"table": ["calls", "incidents"]})
    facts = {"steps": 2, "rows_before": 265_185, "rows_after": 6_297}
    assert words.decisions(facts, log, main="calls").answer == (
        "This report uses 6,297 of 265,185 accepted calls; 1 choice was made."
    )
    assert "every record" in words.decisions({"steps": 0}, log.iloc[:0], main="calls").answer
