"""The other comparisons: what a post fixes, whether a flag holds elsewhere, and what the page says of both."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

import perflib as pf
from perflib.metrics import officers, review
from perflib.metrics.review.ruled_out import constant_columns

DEPARTMENTS = Path(__file__).parents[2] / "data" / "departments"
OPEN = {"pseudonyms": False, "because": "invented people"}


def invented() -> pf.Department:
    """Twelve officers of one unit, each with 20 calls a month; O00 has 40 complaints, everybody else 10."""
    names, months = [f"O{number:02d}" for number in range(12)], pd.date_range("2024-01-01", periods=12, freq="MS")
    calls = pd.DataFrame(
        [(name, month + pd.Timedelta(days=day, hours=12)) for name in names for month in months for day in range(20)],
        columns=["officer_id", "assigned_at"],
    )
    calls = calls.assign(
        call_id=[f"c{n}" for n in range(len(calls))],
        unit_id=calls["officer_id"],
        assigned_at=calls["assigned_at"].dt.tz_localize("UTC"),
    )
    told = pd.DataFrame(
        [
            (f"C{name}{i}", name, months[i % 12] + pd.Timedelta(days=i % 20, hours=12))
            for name in names
            for i in range(40 if name == "O00" else 10)
        ],
        columns=["complaint_id", "officer_id", "filed_at"],
    )
    posts = pd.DataFrame(
        {
            "officer_id": names,
            "unit": "North Day",
            "district": "North",
            "duty": "patrol",
            "start_on": pd.Timestamp("2023-01-01"),
        }
    )
    return pf.from_frames(
        unit_responses=calls,
        assignments=posts,
        timezone="UTC",
        privacy=OPEN,
        complaints=told.assign(filed_at=told["filed_at"].dt.tz_localize("UTC"), allegation="x"),
    )


def verdicts(name: str, said: dict[str, str], **facts: object) -> pf.Result:
    rows = [
        {
            "officer": who,
            "exposure": 100,
            "estimate": 2.0,
            "low": 1.5,
            "high": 2.5,
            "events": 20,
            "expected": 10.0,
            "verdict": verdict,
            "reason": "too few" if verdict == "not assessable" else "",
        }
        for who, verdict in said.items()
    ]
    return pf.Result(name, pd.DataFrame(rows), "t", "a", "m", facts=facts)


def three(measure: str = "force") -> tuple[pf.Result, review.OtherComparisons]:
    """A is flagged everywhere, B here and under one of three ways, C here and at no scene, D elsewhere alone."""
    found = verdicts(
        "found",
        {"A": "higher", "B": "higher", "C": "higher", "D": "as peers"},
        measure=measure,
        flags=3,
        per="responses",
        assessed=4,
        officers=4,
    )
    ways = pd.DataFrame(
        {
            "officer": list("ABC"),
            "one": "higher",
            "two": ["higher", "as peers", "higher"],
            "three": ["higher", "as peers", "not assessable"],
        }
    )
    others = review.OtherComparisons(
        pf.Result("choices", ways, "t", "a", "m", facts={"flags": {"one": 3, "two": 2, "three": 1}}),
        verdicts(
            "similar", {"A": "higher", "B": "not assessable", "C": "higher", "D": "higher"}, assessed=3, officers=4
        ),
        verdicts("scenes", {"A": "higher", "C": "as peers"}, assessed=2, officers=2),
        5,
    )
    return found, others


def test_which_flags_hold_by_hand() -> None:
    rows = review.repeated(*three()).set_index("officer")
    assert rows[["ways", "of"]].values.tolist() == [[3, 3], [1, 3], [2, 2]]
    assert rows["similar"].tolist() == ["higher", "not assessable", "higher"]
    assert rows["scenes"].tolist() == ["higher", "", "as peers"]
    assert rows["borderline"].tolist() == [False, True, True]


def test_the_table_of_the_flagged() -> None:
    result = review.flagged(*three())
    assert result.answer == (
        "3 officers are flagged for review. 1 of the 3 flags holds in every comparison that can assess the officer; B "
        "and C are borderline. D is flagged by another comparison alone."
    )
    table = result.table.set_index("officer")
    assert table.loc["A", ["count", "expected", "ratio", "ratio_low", "ratio_high"]].tolist() == [20, 10, 2, 1.5, 2.5]
    assert table.loc["B", ["other_peers", "same_work", "same_scene"]].tolist() == [
        "1 of 3",
        "not assessable: too few",
        "not assessable",
    ]
    assert table.loc["C", "same_scene"] == "as peers, 100 scenes"
    assert any("4 of 4 with responses to calls" in line and "5 on the staff list" in line for line in result.caveats)
    assert result.facts == {"officers": ["A", "B", "C"], "borderline": ["B", "C"], "elsewhere": ["D"]}


def test_scenes_tell_of_force_alone() -> None:
    found, others = three("complaints")
    assert "same_scene" not in review.flagged(found, others).table.columns
    assert review.repeated(found, others).set_index("officer")["borderline"].tolist() == [False, True, False]


def test_the_headline_says_in_what_and_which_way() -> None:
    """O00 has 40 complaints where each of eleven others has 10 for the same calls."""
    dept = invented()
    found = officers.compare(dept, "complaints")
    others = review.other_comparisons(dept, found, "complaints")
    told = review.ruled_out(found, dept, others)
    assert told.answer == (
        "1 of 12 officers who can be assessed is flagged for review, with 4.0 times as many complaints as expected. "
        "The flag holds in every comparison that can assess the officer."
    )
    ruled = told.table.set_index("explanation")["ruled_out"]
    assert ruled["The district"] == "yes: each unit has one district" and ruled["The shift"] == "no"
    assert ruled["The kind of duty"] == "yes: each unit has one kind of duty"
    assert ruled["The time of year and events of the month"] == "yes"
    yearly = review.ruled_out(officers.compare(dept, "complaints", period="year"), dept)
    ruled = yearly.table.set_index("explanation")["ruled_out"]
    assert ruled["The time of year"] == "no" and ruled["What changed from year to year"] == "yes"
    assert review.flagged(found, others).table["other_peers"].tolist() == ["3 of 3"]


def test_nobody_flagged_is_no_table() -> None:
    dept = invented()
    kept = dept.keep(
        {"complaint_id": [f"CO{one:02d}{n}" for one in range(12) for n in range(10)]},
        because="ten each",
        table="complaints",
    )
    found = officers.compare(kept, "complaints")
    others = review.other_comparisons(kept, found, "complaints")
    assert review.flagged(found, others).answer == "Nobody is flagged." and review.flagged(found, others).table.empty
    assert review.ruled_out(found, kept, others).answer.startswith(
        "None of the 12 officers who can be assessed is flagged"
    )


def test_what_a_post_fixes_by_hand() -> None:
    """North has one district, South two, Traffic none: one of three fixes it and one records none."""
    posts = pd.DataFrame(
        [
            ("A", "North", "1"),
            ("B", "North", "1"),
            ("C", "South", "1"),
            ("D", "South", "2"),
            ("E", "Traffic", None),
            ("F", None, "3"),
        ],
        columns=["officer_id", "unit", "district"],
    )
    dept = pf.from_frames(assignments=posts.assign(start_on=pd.Timestamp("2024-01-01")), timezone="UTC", privacy=OPEN)
    assert constant_columns(dept, ["unit"]) == {"district": (3, 1, 1)}
    assert constant_columns(dept, []) == {} and constant_columns(dept, ["shift"]) == {}


def test_praise_by_the_rule_of_blame() -> None:
    """The eleven with a quarter of the outlier's complaints are like peers: nobody stands out for the better."""
    result = review.standouts(review.areas(invented(), only="complaints"))
    assert not result.reason and result.table.empty and result.title == "Fewer complaints than peers"
    assert result.answer == "No officer of 12 who can be assessed stands out for the better."
    none = review.standouts(review.areas(invented(), only="commendations"))
    assert "no table commendations" in none.reason


def test_a_card_names_its_officer_and_its_peers() -> None:
    found = review.areas(invented())
    card = review.card(found, "O00")
    assert card.answer == "Need: complaints (40, expected 10). 0 are like peers, 7 cannot be assessed."
    assert "Compared with 11 officers of unit North Day in the same month." in card.caveats
    assert card.title == "Review of officer O00" and card.facts["units"] == ["North Day"] and card.facts["peers"] == 11
    example = review.card(found)
    assert example.facts["example"] and not card.facts["example"]
    assert "unit and month" in card.method
    assert "unit and year" in review.card(review.areas(invented(), period="year"), "O00").method


@pytest.mark.realdata
def test_the_headline_of_seattle(realdata: Path) -> None:
    """The README says that the place of 39 % of stops is missing; a spread of half the mean comes before any name."""
    os.environ["PERFLIB_REALDATA"] = str(realdata)
    dept = pf.open(DEPARTMENTS / "seattle.yml")
    told = review.ruled_out(officers.compare(dept, "frisks", ["district"], period="year"), dept)
    assert told.answer.startswith("Officers with the same work differ widely in frisks: ask first")
    ruled = told.table.set_index("explanation")["ruled_out"]
    assert ruled["The district"] == "in part: unknown for 39% of stops" and ruled["The time of year"] == "no"


def test_nobody_assessable_is_told_with_the_reason() -> None:
    dept = invented()
    few = dept.keep({"officer_id": ["O00", "O01", "O02"]}, because="a small agency", table="unit_responses")
    found = officers.compare(few, "complaints")
    others = review.other_comparisons(few, found, "complaints")
    told = review.ruled_out(found, few, others)
    assert "None of" in told.answer and "no exposure recorded" in told.answer and "nothing, good or bad" in told.answer
    assert review.repeated(found, others).empty and review.flagged(found, others).reason
