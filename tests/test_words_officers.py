"""Words about officers, from facts: careful, short, and never more than two sentences at the top of a report."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from perflib.words import officers, review

FACTS = {
    "officers": 224,
    "assessed": 200,
    "flags": 3,
    "higher": 3,
    "lower": 0,
    "not_assessable": 24,
    "reasons": {"fewer than 5 peers": 20, "no exposure recorded": 4},
    "expected_false_flags": 0.3,
    "cv": 0.2,
    "cv_low": 0.1,
    "cv_high": 0.3,
    "assignment": ["unit"],
    "period": "month",
    "measure": "force",
    "unknown": {"unit": 0.01},
    "renamed": [{"column": "unit", "before": "Tactical", "after": "Street Crimes", "when": "2025-11-01T00:00:00"}],
    "without_officer": 2,
    "unplaced": 0,
    "times": 1.5,
}
AGREED = pd.DataFrame(
    {
        "officer": ["A", "B", "C"],
        "verdict": "higher",
        "ways": [3, 1, 2],
        "of": [3, 3, 2],
        "similar": ["higher", "not assessable", "higher"],
        "scenes": ["higher", "", "as peers"],
        "borderline": [False, True, True],
    }
)
NOBODY = {"flags": 0, "higher": 0}


def opened(**changed: object) -> str:
    facts = FACTS | changed
    agreed = AGREED if facts["flags"] else AGREED.head(0)
    times = [2.1, 3.0, 4.0] if facts["flags"] else []
    return review.opening(facts, pd.DataFrame(), found=facts, times=times, agreed=agreed, events="uses of force").answer


@pytest.mark.parametrize(
    ("answer", "leads"),
    [
        (opened(), "3 of 200 officers who can be assessed are flagged for review, with up to 4.0 times as many"),
        (opened(higher=2, lower=1), "3 officers are flagged for review: 2 had more uses of force than expected"),
        (opened(cv=0.88), "Officers with the same work differ widely in uses of force: ask first"),
        (opened(**NOBODY), "None of the 200 officers who can be assessed is flagged in uses of force; 24 cannot"),
        (opened(**NOBODY, cv=0.88), "Officers with the same work differ widely in uses of force: ask first"),
        (opened(**NOBODY, assessed=0), "None of 224 officers can be assessed in uses of force"),
    ],
)
def test_the_opening_is_two_short_sentences(answer: str, leads: str) -> None:
    sentences = re.split(r"(?<=[a-z)])\. ", answer)
    assert answer.startswith(leads) and len(sentences) <= 2
    for sentence in sentences:
        assert len(sentence.split()) <= 25
        assert sum(any(sign.isdigit() for sign in word) for word in sentence.split()) <= 3


def test_a_comparison_says_review_and_what_it_does_not_see() -> None:
    words = officers.compare(FACTS, pd.DataFrame(), events="uses of force", work="responses to calls")
    assert words.answer.startswith("3 of 200 officers who can be assessed are flagged for review: 3 had more")
    assert "Fewer than one flag is expected to be false." in words.answer and "fewer than 5 peers (20)" in words.answer
    assert words.caveats[0] == officers.FLAG and "no ground for discipline" in words.caveats[0]
    assert "Unit Tactical became Street Crimes in 2025-11 with all its members; both count as one." in words.caveats
    few = officers.compare(FACTS | {"officers": 12, "assessed": 5}, pd.DataFrame(), events="stops", work="hours")
    assert any("too small" in caveat for caveat in few.caveats)


def test_which_flags_hold() -> None:
    assert review.agreement(AGREED) == (
        "1 of the 3 flags holds in every comparison that can assess the officer; B and C are borderline."
    )
    assert review.agreement(AGREED.head(1)) == "The flag holds in every comparison that can assess the officer."
    assert review.agreement(AGREED.tail(1)).startswith("No flag holds") and review.agreement(AGREED.head(0)) == ""


def test_how_far_a_post_is_held_fixed() -> None:
    assert review.share_unknown(0.39, "stops") == "in part: unknown for 39% of stops"
    assert review.share_unknown(0.0, "stops") == "yes"
    assert review.constant("duty", "unit", 3, 3, 0) == "yes: each unit has one kind of duty"
    assert review.constant("district", "unit", 3, 1, 1) == "in part: 1 of 3 units have one district, 1 record none"


def card(readings: list[str], **changed: object) -> str:
    table = pd.DataFrame({"reading": readings, "area": "Complaints", "count": 40, "expected": 10.0})
    table["chance_better"] = np.where(table["reading"].isin(review.STAND_OUT), 0.01, np.nan)
    facts = {"who": "A", "subject": "officer", "peers": 11, "units": ["North"], "example": False, "composite": None}
    return review.card(facts | changed, table, alike=("unit", "month"), weighted=False, probable=0.9).answer


def test_a_card_leads_with_the_clearest_reading() -> None:
    assert card(["like peers", "probable need", "need"]) == (
        "Need: complaints (40, expected 10). 1 more area stands out, 1 are like peers, 0 cannot be assessed."
    )
    assert card(["like peers", "not assessable"]).startswith("Nothing stands out: like peers in 1 of 2 areas")
    assert "says nothing about the work" in card(["not assessable"])


def test_a_move_says_how_far_and_claims_nothing_without_evidence() -> None:
    facts = {
        "simple": {"estimate": -0.11, "low": -0.27, "high": 0.04},
        "change": -0.67,
        "evidence": False,
        "treated": 28,
        "controls": 108,
        "before_p": 0.01,
    }
    words = review.moved(facts, pd.DataFrame(), events="complaints")
    assert words.answer.startswith("No evidence yet: after a change of unit complaints differ by -0.11")
    assert any("no effect is claimed" in caveat for caveat in words.caveats)
    hidden = review.moved(facts | {"simple": None, "change": None}, pd.DataFrame(), events="complaints")
    assert "-0.11" not in hidden.answer
