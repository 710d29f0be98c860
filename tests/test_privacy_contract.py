"""Every metric says whether its table counts people: it declares them, or stands here with the reason why not."""

from __future__ import annotations

import ast
from pathlib import Path

import pandas as pd
import pytest

import perflib as pf
from perflib.metrics import community, counts, stops
from perflib.metrics.review.areas import by_unit
from perflib.metrics.stops.searches import COUNTED

ROOT = Path(pf.__file__).parent / "metrics"
CALLS = "counts calls, or times of calls"
OFFENCES = "counts reports and offences; where its table counts people, the Result it is made of declares them"
ONE = "a row is one officer's own events under a code, for those inside the agency who review them: see SECURITY.md"
NONE = "its table holds no count of people"
#: public functions that return a Result and declare nobody, each with its reason
OPEN = {
    "arrests.rates": "made by indicators.measure, which declares",
    "asof.nowcast": OFFENCES,
    "asof.change_log": "counts corrections of records",
    "asof.moved_since": OFFENCES,
    "cases.backlog.backlog": "counts cases: operational, see SECURITY.md",
    "cases.clearance.clearance": "counts cases: operational, see SECURITY.md",
    "cases.clearance.time_to_arrest": "counts cases: operational, see SECURITY.md",
    "cases.cohorts.cohorts": "counts cases: operational, see SECURITY.md",
    "cases.cohorts.opening": "shares of cases, from clearance and cohorts",
    "cases.cohorts.adjusted": "counts cases: operational, see SECURITY.md",
    "community.feedback.feedback": "counts messages, in quarters of 30 or more: see SECURITY.md",
    "community.mix.course": "counts requests and calls",
    "community.mix.drivers": "counts requests and calls",
    "community.mix.by_area": "counts requests and calls",
    "community.needs.needs": "counts requests; of the survey only means, from its table as it may be shared",
    "counts.compstat.compstat_page": "made of the meeting's table as it may be shared",
    "counts.opening.opening": "made of Results as they may be shared",
    "officers.compare.compare": ONE,
    "officers.figure.result": ONE,
    "officers.past.past": ONE,
    "officers.scenes.scenes": ONE,
    "officers.similar.similar": ONE,
    "review.agreement.flagged": ONE,
    "review.choices.choices": ONE,
    "review.changes.adaptability": ONE,
    "review.card.card": ONE,
    "review.standouts.standouts": ONE,
    "review.ruled_out.shareable": ONE,
    "review.audit.audit": "shares of variance by block of columns; no group and no count of a group",
    "review.audit.reweighted": ONE,
    "review.development.development": NONE,
    "review.development.suggested": NONE,
    "review.ruled_out.ruled_out": NONE,
    "quality.quality": "counts records",
    "quality.volume": "counts records",
    "response.board.board": CALLS,
    "response.by.response": CALLS,
    "response.by.by_priority": CALLS,
    "response.by.intervals": CALLS,
    "response.change.compare": CALLS,
    "response.change.adjusted": CALLS,
    "response.course.trend": CALLS,
    "response.course.steps": CALLS,
    "response.goals.targets": CALLS,
    "response.opening.opening": CALLS,
    "response.volume.volume_shift": CALLS,
    "seasons.ahead.ahead": CALLS,
    "seasons.ahead.staffing": CALLS,
    "seasons.by_hour.hours": "means over many weeks",
    "seasons.outlook.outlook": "counts calls by month",
    "seasons.by_hour.spans": OFFENCES,
    "seasons.patterns.months": "means over years",
    "seasons.patterns.weekdays": "means over many weeks",
    "seasons.patterns.tested": NONE,
    "stops.reading.reading": "made of the words of the tests as they may be shared",
    "stops.scope.not_assessable": NONE,
}


def functions(path: Path) -> dict[str, ast.FunctionDef]:
    return {
        node.name: node
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }


def declares(node: ast.FunctionDef) -> bool:
    """Whether it hands ``people=`` to the Result it returns."""
    return any(
        isinstance(each, ast.Call) and any(word.arg == "people" for word in each.keywords) for each in ast.walk(node)
    )


def metrics() -> dict[str, bool]:
    """Every public function of a metric that returns a Result -> whether it declares people."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        place = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for name, node in functions(path).items():
            if not name.startswith("_") and node.returns is not None and ast.unparse(node.returns) == "Result":
                found[f"{place}.{name}"] = declares(node)
    return found


def test_every_metric_declares_people_or_says_why_not() -> None:
    found = metrics()
    assert len(found) > 50
    silent = {name for name, says in found.items() if not says}
    assert not silent - set(OPEN), "declare people=... on the Result, or add the reason to OPEN"
    assert not set(OPEN) - silent, "these declare people now, or are gone: take them from OPEN"


def test_reasons_that_are_settled_in_security() -> None:
    text = (Path(__file__).parents[1] / "SECURITY.md").read_text(encoding="utf-8")
    for words in ("One officer's own", "Cases are not people", "Messages"):
        assert words in text


def stopped(cells: list[tuple[str, str, int, int, int]], **privacy: object) -> pf.Department:
    rows = pd.DataFrame(
        [
            (place, group, number < searches, number < hits)
            for place, group, count, searches, hits in cells
            for number in range(count)
        ],
        columns=["district", "subject_race", "searched", "contraband"],
    )
    rows = rows.assign(
        stop_id=[f"S{n}" for n in range(len(rows))],
        kind="traffic",
        stopped_at=pd.Timestamp("2025-03-01 12:00", tz="UTC"),
    )
    return pf.from_frames(stops=rows, personal=["subject_race"], privacy=privacy or None)


FEW = [
    ("North", "White", 120, 20, 12),
    ("South", "White", 80, 20, 8),
    ("North", "Black", 50, 20, 2),
    ("South", "Black", 100, 40, 1),
    ("North", "Asian", 97, 30, 9),
    ("South", "Asian", 3, 2, 1),
]


def test_few_finds_of_a_group_are_hidden_with_their_rate() -> None:
    result = stops.outcome(stopped(FEW))
    found = result.shared()
    shown = found.table.set_index("group")
    assert shown.loc["Black", "note"] == "hidden" and shown.loc["Black", ["hits", "hit_rate", "low"]].isna().all()
    assert shown["note"].tolist().count("hidden") >= 2
    assert "Black" not in found.answer and "Black" not in found.facts["hit_rates"]
    assert result.facts["hit_rates"]["Black"] == pytest.approx(3 / 60)
    assert "5.0%" not in stops.reading(result).table["found"].iloc[0]
    assert stops.outcome(stopped(FEW, small_cells=1)).people is None


def test_the_threshold_table_hides_small_stops_searches_and_finds() -> None:
    cells = [
        (place, group, 60 + 7 * at, 20 + at, 6) for at, place in enumerate("abcde") for group in ("Black", "White")
    ]
    cells += [("a", "Asian", 110, 30, 9), ("b", "Asian", 3, 2, 1)]
    result = stops.threshold(stopped(cells))
    assert not result.reason and result.table[list(COUNTED)].notna().all(axis=None)
    table = result.shared().table.set_index(["place", "group"])
    assert table.loc[("b", "Asian"), [*COUNTED, "search_rate", "hit_rate"]].isna().all()
    assert table["stops"].notna().any() and table["threshold"].notna().any()
    whole = stops.threshold(stopped(cells, small_cells=1)).table
    assert whole[list(COUNTED)].notna().all(axis=None)


def test_a_weekly_course_of_arrests_hides_weeks_with_few() -> None:
    days = pd.date_range("2024-01-01", "2024-12-29")
    frame = pd.DataFrame({"date": days.astype(str), "count": 2})
    frame.loc[(days.day_of_week > 0) & (days.month == 5), "count"] = 0
    found = counts.trend(frame, table="arrests")
    shown = found.shared()
    few = shown.table.set_index("date")["value"].isna()
    assert few[(few.index.month == 5) & (few.index.day < 22)].all() and few.sum() < 10
    assert shown.facts["every"] == "week" and shown.facts["last_complete"]
    found.plot()
    assert counts.trend(frame).people is None


def test_few_answers_of_an_area_are_not_counted_out() -> None:
    answers = [
        {"respondent_id": f"{area}{n}", "wave": "2025-01", "question": "trust", "answer": 1.0 + n % 5, "area": area}
        for area, many in {"A": 60, "B": 50, "C": 3, "D": 12}.items()
        for n in range(many)
    ]
    dept = pf.from_frames(surveys=pd.DataFrame(answers))
    shown = community.areas(dept).shared().table.set_index("area")
    assert shown.loc["C", "note"] == "hidden" and shown.loc[["C", "D"], "n"].isna().all()
    assert shown.loc[["A", "B"], "n"].tolist() == [60, 50]


def test_a_unit_of_few_officers_has_no_figures() -> None:
    frame = pd.DataFrame({"officer": list("abcdefg"), "unit": ["large"] * 5 + ["small"] * 2, "events": 1})
    assert set(by_unit(frame, 5)["officer"]) == {"large"} and set(by_unit(frame)["officer"]) == {"large", "small"}
