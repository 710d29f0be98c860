"""The explorer of case resolution: every choice is the metric's own Result."""

from __future__ import annotations

import pytest

import perflib as pf
from perflib.metrics.cases import cohorts
from perflib.widgets.cases import ALL, Explorer


@pytest.fixture(scope="module")
def dept(small_city):
    return pf.open(small_city, tables=["incidents", "arrests"])


def test_unattended_it_is_the_static_result(dept, monkeypatch):
    monkeypatch.setenv("PERFLIB_STATIC", "1")
    found = pf.widgets.cases(dept, cohort="month")
    assert found.name == "cases_explorer" and found.answer == cohorts(dept, "month").answer


def test_a_choice_narrows_the_cases_and_is_kept(dept):
    explorer = Explorer(dept)
    whole, part = explorer.result(cohort="month"), explorer.result("0412", ALL, "month")
    kept = dept.keep({"district": "0412"}, because="test", table="incidents")
    assert part.table.equals(cohorts(kept, "month", name="x").table) and not part.table.equals(whole.table)
    assert explorer.result("0412", ALL, "month") is part


def test_the_box_replaces_one_text_and_one_image(dept):
    box = Explorer(dept).box(cohort="month")
    picks, text, image = box.children[0].children, box.children[1], box.children[2]
    before = text.value
    picks[0].value = "0412"
    assert text.value != before and len(box.children) == 3 and isinstance(bytes(image.value), bytes)


def test_without_incidents_it_says_so(small_city):
    assert pf.widgets.cases(pf.open(small_city, tables=["calls"])).reason
