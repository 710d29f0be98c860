"""The explorer of case resolution: every choice is the metric's own Result."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest

import perflib as pf
from perflib.errors import InputError
from perflib.metrics.cases import cohorts
from perflib.widgets.cases import ALL, Explorer


@pytest.fixture(scope="module")
def dept(small_city):
    return pf.open(small_city, tables=["incidents", "arrests"])


def test_unattended_it_is_the_static_result(dept, monkeypatch):
    monkeypatch.setenv("PERFLIB_STATIC", "1")
    found = pf.widgets.cases(dept, cohort="month")
    assert found.name == "cases_explorer" and found.answer == cohorts(dept, "month").answer


def test_every_move_of_a_random_walk_shows_the_figures_of_the_metric(dept):
    walk, explorer = random.Random(3), Explorer(dept, within=20)
    for _ in range(6):
        district, offence = walk.choice(explorer.choices("district")), walk.choice(explorer.choices("offence"))
        grain = walk.choice(["month", "quarter", "year"])
        wanted = {name: value for name, value in (("district", district), ("offence", offence)) if value != ALL}
        kept = dept.keep(wanted, because="test", table="incidents") if wanted else dept
        ours, plain = explorer.result(district, offence, grain), cohorts(kept, grain, within=20)
        pd.testing.assert_frame_equal(ours.table, plain.table, check_exact=True)
        assert (ours.answer, ours.caveats, ours.facts, ours.reason) == (
            plain.answer,
            plain.caveats,
            plain.facts,
            plain.reason,
        )
        assert explorer.result(district, offence, grain) is ours


def test_incidents_of_several_rows_count_once(dept):
    rows = dept.incidents.execute()
    twice = pd.concat([rows, rows.sample(200, random_state=1).assign(offence="Other")], ignore_index=True)
    double = pf.from_frames(incidents=twice, timezone=dept.timezone)
    pd.testing.assert_frame_equal(cohorts(double, "month").table, cohorts(dept, "month").table, check_exact=True)


def test_a_choice_without_a_case_and_one_that_is_none(dept):
    lone = dept.incidents.execute().assign(offence=lambda held: np.where(held["district"] == "0411", "A", "B"))
    explorer = Explorer(pf.from_frames(incidents=lone, timezone=dept.timezone))
    assert explorer.result("0412", "A").reason == "no quarter has 30 cases"
    with pytest.raises(InputError, match="no offence 'C'"):
        explorer.result(offence="C")


def test_the_box_replaces_one_text_one_image_and_the_links(dept):
    box = Explorer(dept).box(cohort="month")
    picks, text, image, keep = box.children[0].children, *box.children[1:]
    before = text.value
    picks[0].value = "0412"
    assert text.value != before and len(box.children) == 4 and isinstance(bytes(image.value), bytes)
    assert "pf.widgets.cases(dept, district=&#x27;0412&#x27;, cohort=&#x27;month&#x27;)" in keep.value
    assert "perflib run notebooks/03_case_resolution.ipynb -p district=0412 -p cohort=month" in keep.value


def test_without_incidents_it_says_so(small_city):
    assert pf.widgets.cases(pf.open(small_city, tables=["calls"])).reason
