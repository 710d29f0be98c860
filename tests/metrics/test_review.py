"""Reviews: strengths and needs are read as planted, courses come with their evidence, and there is no score."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import perflib as pf
from perflib.errors import DepartmentError, InputError
from perflib.metrics import review
from perflib.metrics.review.development import Course, Plan, plan, read
from perflib.metrics.review.panel import monthly, reassigned, starts

OPEN = {"pseudonyms": False, "because": "invented people"}
MONTHS = pd.date_range("2024-01-01", periods=12, freq="MS")


def invented(extra: dict[str, int] | None = None, officers: int = 12) -> pf.Department:
    """Twelve officers of one unit, each with 20 calls a month; A has 40 complaints, everybody else 10."""
    names = [f"O{number:02d}" for number in range(officers)]
    calls, complaints = [], []
    for name in names:
        days = [month + pd.Timedelta(days=day) for month in MONTHS for day in range(20)]
        calls += [
            {
                "call_id": f"{name}-{i}",
                "unit_id": name,
                "officer_id": name,
                "assigned_at": day.tz_localize("UTC") + pd.Timedelta(hours=12),
            }
            for i, day in enumerate(days)
        ]
        many = 40 if name == "O00" else 10
        complaints += [
            {
                "complaint_id": f"C{name}{i}",
                "officer_id": name,
                "allegation": "x",
                "filed_at": (MONTHS[i % 12] + pd.Timedelta(days=i % 20, hours=12)).tz_localize("UTC"),
            }
            for i in range(many)
        ]
    posts = [
        {
            "officer_id": name,
            "unit": "North Day",
            "district": "North",
            "duty": "patrol",
            "start_on": pd.Timestamp("2023-01-01"),
        }
        for name in names
    ]
    return pf.from_frames(
        unit_responses=pd.DataFrame(calls),
        complaints=pd.DataFrame(complaints),
        timezone="UTC",
        assignments=pd.DataFrame(posts),
        privacy=OPEN,
    )


@pytest.fixture(scope="module")
def found():
    return review.areas(invented())


@pytest.fixture(scope="module")
def town(busy_city):
    return pf.open(busy_city)


def test_one_officer_by_hand(found) -> None:
    """O00: 40 complaints where 11 others with the same calls have 10 each; expected 240 x 110 / 2640 = 10."""
    row = review.card(found, "O00").table.set_index(pd.Index(list(review.AREAS))).loc["complaints"]
    assert (row["count"], row["work"]) == (40, "240 responses to calls")
    assert row["expected"] == pytest.approx(10.0)
    assert row["ratio"] == pytest.approx(4.0)
    assert (row["low"], row["high"]) == pytest.approx((2.858, 5.447), abs=1e-3)  # tabled limits of 40: 28.58, 54.47
    assert row["reading"] == "need" and row["chance_better"] < 0.01


def test_what_is_not_recorded_says_so_and_there_is_no_score(found) -> None:
    card = review.card(found, "O01")
    assert card.facts["composite"] is None
    assert card.facts["readings"]["training"] == "not assessable"
    reasons = card.table.loc[card.table["reading"] == "not assessable", "reason"]
    assert len(reasons) >= 5 and (reasons.str.len() > 10).all()
    assert not {"score", "rank"} & set(card.table.columns)


def test_a_composite_only_by_the_department_s_weights(found) -> None:
    """One area: its chance. Less than half of the weights assessable: none, and it says so."""
    one = review.card(found, "O00", weights={"complaints": 2.0})
    chance = one.table.set_index(pd.Index(list(review.AREAS))).loc["complaints", "chance_better"]
    assert one.facts["composite"] == pytest.approx(chance)
    none = review.card(found, "O00", weights={"complaints": 1.0, "response": 1.5})
    assert none.facts["composite"] is None and any("No composite" in caveat for caveat in none.caveats)


def test_nobody_by_that_name(found) -> None:
    with pytest.raises(InputError, match="O01"):
        review.card(found, "O0l")
    with pytest.raises(InputError, match="unit"):
        review.areas(invented(), "squad")


def test_needs_lead_to_courses_with_their_evidence(found) -> None:
    held = Plan((Course("Listening", ("complaints",), "complaints"),), {"response": "ride along"})
    evidence = pf.Result(
        "development", pd.DataFrame(), "t", "a", "m", facts={"Listening": {"evidence": "no evidence yet"}}
    )
    result = review.suggested(review.card(found, "O00"), evidence, held)
    assert result.table[["suggestion", "evidence"]].values.tolist() == [["Listening", "no evidence yet"]]
    none = review.suggested(review.card(found, "O05"), evidence, held)
    assert not none.reason and none.answer == "No need found in the one area that can be assessed." and none.table.empty
    silent = review.suggested(review.card(review.areas(invented(officers=4)), "O00"), evidence, held)
    assert silent.reason == "no area can be assessed"


def test_standouts_are_by_probability_and_not_ranked(found) -> None:
    """Who has fewer complaints than an outlier's peers is not for that better than peers."""
    result = review.standouts(found)
    assert result.reason or (result.table.groupby("area")["who"].apply(lambda who: who.is_monotonic_increasing)).all()


def test_the_planted_of_the_sample(town) -> None:
    """The small sample: every area of the page is there, and readings come from the same table as the comparison."""
    every = review.areas(town)
    card = review.card(every)
    assert len(card.table) == len(review.AREAS)
    assert card.facts["who"] in every.names()
    complaints = every.results["complaints"].table
    assert (complaints["events"].sum() > 0) and set(complaints["verdict"]) <= {
        "higher",
        "lower",
        "as peers",
        "not assessable",
    }


@pytest.mark.slow
def test_the_planted_officers_and_the_course_that_works() -> None:
    """truth.yml of the sample: all twelve planted at three times the rate read as planted."""
    folder = Path(pf.synthetic.sample("events"))
    dept = pf.open(folder)
    truth = yaml.safe_load((folder / "truth.yml").read_text(encoding="utf-8"))["truths"]
    every = review.areas(dept)
    for planted, area, reading in (
        ("top_performers", "commendations", "strength"),
        ("complaint_outliers", "complaints", "need"),
        ("force_outliers", "force", "need"),
    ):
        read = [review.card(every, who).facts["readings"][area] for who in truth[planted]["officers"]]
        assert read == [reading] * 4, (area, read)
    assert not review.moved(dept).facts["evidence"]
    course = review.development(dept).facts[truth["course_that_works"]["course"]]
    effect = (truth["course_that_works"]["multiple"] - 1) * course["baseline"]
    assert course["effect_low"] < effect < course["effect_high"] < 0


@pytest.mark.slow
def test_a_course_that_works_needs_many_events_to_be_seen(tmp_path) -> None:
    """30 % fewer complaints: shown at 20 events an officer; at one, as in a real department, there is no evidence."""
    tables = ("unit_responses", "complaints", "force", "arrests", "training", "assignments", "officers")
    told = {}
    for scale in ("events", "sample"):
        folder = Path(pf.synthetic.write(tmp_path / scale, scale, seed=1, tables=tables))
        truth = yaml.safe_load((folder / "truth.yml").read_text(encoding="utf-8"))["truths"]
        facts = review.development(pf.open(folder)).facts
        told[scale] = facts[truth["course_that_works"]["course"]]["evidence"]
        assert "no evidence yet" in facts[truth["course_that_does_not"]["course"]]["evidence"]
    assert told == {"events": "it moved its measure", "sample": "no evidence yet"}


def test_the_panel_counts_zero_months_and_finds_the_start() -> None:
    dept = invented()
    rows, _ = monthly(dept, "complaints")
    assert rows.groupby("officer").size().unique().tolist() == [11]  # the last month may be unfinished
    assert rows.loc[rows["officer"] == "O01", "count"].tolist() == [1] * 10 + [0]
    days = pd.DataFrame({"officer": ["O00", "O01", "O02"], "day": ["2024-05-17", "2023-02-01", "2030-01-01"]})
    first = starts(rows, days).groupby("officer")["first"].first()
    assert first["O00"] == 5 and first["O01"] == 0 and np.isnan(first["O02"]) and np.isnan(first["O03"])


def test_where_nobody_changed_unit_nobody_moved() -> None:
    posts = pd.DataFrame(
        {
            "officer_id": ["A", "A", "B"],
            "unit": "Patrol",
            "start_on": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-01-01"]).date,
        }
    )
    dept = pf.from_frames(assignments=posts, timezone="UTC", privacy=OPEN)
    assert reassigned(dept).empty and list(reassigned(dept).columns) == ["officer", "day"]


def test_a_renamed_unit_is_no_move() -> None:
    dept = invented()
    posts = dept.assignments.execute()
    renamed = posts.assign(unit="North One", start_on=pd.Timestamp("2024-06-01"))
    gone = posts.head(1).assign(unit="South", start_on=pd.Timestamp("2024-03-01"))
    made = pf.from_frames(
        timezone="UTC", privacy=OPEN, assignments=pd.concat([posts, renamed.iloc[1:], gone], ignore_index=True)
    )
    assert reassigned(made)["officer"].tolist() == ["O00"]


def test_the_shipped_plan_is_valid_and_a_wrong_one_is_refused(tmp_path) -> None:
    assert {each.name for each in plan(invented()).courses} == {
        "De-escalation",
        "Report writing",
        "Firearms qualification",
    }
    path = tmp_path / "development.yml"
    for text, message in (
        ("courses: [a]", "by name"),
        ("courses: {A: {helps: [force]}}", "moves"),
        ("courses: {A: {helps: [farce], moves: force}}", "force"),
        ("courses: {}\nextra: 1", "extra"),
        ("courses: {A: {helps: [force], moves: training}}", "judged by"),
        ("courses: {}\nother: {force: [1]}", "not a text"),
        ("courses: {A: {helps: [force], moves: force}, A: {helps: [], moves: force}}", "twice"),
        ("a: [", "YAML"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DepartmentError, match=message):
            read(path)
    with pytest.raises(DepartmentError, match="no such development plan"):
        read(tmp_path / "none.yml")


def test_settings_of_a_review_are_checked() -> None:
    dept = invented()
    for raw, message in (
        ({"wieghts": {}}, "weights"),
        ({"weights": {"farce": 1}}, "force"),
        ({"weights": {"force": -1}}, "at least 0"),
        ({"weights": {"force": True}}, "at least 0"),
    ):
        with pytest.raises(DepartmentError, match=message):
            review.weights(replace(dept, settings={"review": raw}))
    assert review.weights(dept) == {}


def test_the_first_screen_of_a_comparison(town) -> None:
    compared = pf.metrics.officers.compare(town, "complaints")
    told = review.ruled_out(compared)
    held = told.table.set_index("explanation")["ruled_out"]
    assert held["The unit an officer worked in"] == "yes" and held["The kind of call or stop"] == "no"
    nobody = review.shareable(compared)  # sixty officers in twenty units have too few peers
    assert nobody.table["officers"].sum() == compared.facts["officers"] and "Nobody can be assessed" in nobody.answer
    wide = pf.metrics.officers.compare(town, "arrests", ())
    shown = review.shareable(wide)
    silent = shown.table["verdict"] == "not assessable"
    assert silent.any() and not silent.all()
    assert shown.table.loc[silent, ["events", "expected", "exposure", "peers"]].isna().all().all()
    assert len(review.shareable(wide, most=3).table) == 3
    plain = review.ruled_out(pf.metrics.officers.compare(town, "complaints", (), period=""))
    assert plain.table.set_index("explanation")["ruled_out"]["The unit an officer worked in"] == "no"


def test_adaptability_needs_demand(town) -> None:
    assert "no calls" in review.adaptability(invented(), "complaints").reason
    result = review.adaptability(town, "response")
    assert result.reason or result.facts["assessed"] + result.facts["not_assessable"] == result.facts["officers"]


def test_the_audit_says_what_it_could_not_read(busy_city) -> None:
    dept = pf.open(busy_city, personal=["race", "sex", "birth_year"])
    compared = pf.metrics.officers.compare(dept, "arrests", ())
    result = review.audit(dept, compared)
    assert result.reason or "demographics" in result.facts
    plain = review.audit(invented(), pf.metrics.officers.compare(invented(), "complaints"))
    assert "not recorded" in plain.reason or "too few" in plain.reason
    nobody = review.audit(dept, pf.Result.not_assessable("x", "no comparison was made"))
    assert nobody.reason == "no comparison was made"


def test_nobody_loses_by_weights_that_do_not_exist(found) -> None:
    assert "no composite" in review.reweighted(found, {}).reason
    moved = review.reweighted(found, {"complaints": 1.0})
    assert "1 areas" in moved.reason


def test_an_officer_without_peers_reads_as_not_assessable_everywhere() -> None:
    few = review.areas(invented(officers=4))
    card = review.card(few, "O00")
    assert set(card.facts["readings"].values()) == {"not assessable"}
    assert "No area can be assessed" in card.answer
    assert "fewer than 5 peers" in card.table["reason"].tolist()


def test_who_is_flagged_under_which_peers() -> None:
    """O00 has four times the complaints of the others whoever the peers are; with as many as they, nobody is listed."""
    dept = invented()
    result = review.choices(dept, "complaints")
    assert result.table["officer"].tolist() == ["O00"] and result.facts["in_all"] == 1
    ten = [f"CO{officer:02d}{number}" for officer in range(12) for number in range(10)]
    none = review.choices(dept.keep({"complaint_id": ten}, because="ten each", table="complaints"), "complaints")
    assert none.table.empty and "Nobody is flagged" in none.answer


def test_old_names_of_functions_warn_and_work() -> None:
    for old, new in {"beside": "other_comparisons", "standing": "ruled_out", "shown": "shareable"}.items():
        with pytest.warns(DeprecationWarning, match=f"review.{new}"):
            assert getattr(review, old) is getattr(review, new)
    with pytest.raises(AttributeError):
        _ = review.unheard_of


@pytest.mark.parametrize(
    ("area", "verdict", "reading"),
    [
        ("commendations", "lower", "fewer than peers"),
        ("commendations", "higher", "strength"),
        ("contact", "lower", "need"),
        ("complaints", "higher", "need"),
        ("complaints", "lower", "strength"),
    ],
)
def test_few_commendations_are_no_need(area: str, verdict: str, reading: str) -> None:
    from perflib.metrics.review.card import row_of
    from perflib.models.peers import Comparison

    columns = ("officer", "exposure", "verdict", "reason", "posterior", "events", "expected", "estimate", "low", "high")
    table = pd.DataFrame([("O1", 100.0, verdict, "", 0.01, 0, 6.0, 0.0, 0.0, 0.6)], columns=columns)
    assert row_of(area, Comparison(table), "O1", "calls")["reading"] == reading
