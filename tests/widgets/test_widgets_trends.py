"""The explorer of counts: every choice is the metric's own Result, static unattended, live in a kernel."""

from __future__ import annotations

import random

import pandas as pd
import pytest

import perflib as pf
from perflib.metrics.counts import trend
from perflib.widgets.trends import ALL, Explorer


@pytest.fixture(scope="module")
def dept(small_city):
    return pf.open(small_city, tables=["calls", "incidents"])


def test_unattended_it_is_the_static_result(dept, monkeypatch):
    monkeypatch.setenv("PERFLIB_STATIC", "1")
    found = pf.widgets.trends(dept, district="0411")
    wanted = trend(dept, district="0411")
    assert found.name == "trend_explorer" and found.answer == wanted.answer
    assert found.table["value"].tolist() == wanted.table["value"].tolist()


def test_choices_are_those_of_the_records_and_narrow_the_count(dept):
    explorer = Explorer(dept)
    assert explorer.choices("district")[:2] == [ALL, "0411"] and explorer.choices("nothing") == [ALL]
    whole = explorer.result().table["value"].sum()
    parts = [explorer.result(district=name).table["value"].sum() for name in explorer.choices("district")[1:]]
    assert sum(parts) == whole and min(parts) > 0
    assert explorer.result() is explorer.result()


def test_every_move_of_a_random_walk_shows_the_figures_of_the_metric(dept):
    walk, explorer = random.Random(5), Explorer(dept)
    for _ in range(6):
        district, offence = walk.choice(explorer.choices("district")), walk.choice(explorer.choices("offence"))
        grain = walk.choice(["week", "month"])
        wanted = {name: value for name, value in (("district", district), ("offence", offence)) if value != ALL}
        ours, plain = explorer.result(district, offence, grain), trend(dept, every=grain, **wanted)
        pd.testing.assert_frame_equal(ours.table, plain.table, check_exact=True)
        assert (ours.title, ours.answer, ours.caveats, ours.facts) == (
            plain.title,
            plain.answer,
            plain.caveats,
            plain.facts,
        )


def test_the_box_replaces_one_text_one_image_and_the_links(dept):
    box = Explorer(dept).box()
    pick, text, image = box.children[0].children, box.children[1], box.children[2]
    before, picture = text.value, image.value
    pick[0].value = "0423"
    assert text.value != before and image.value != picture and bytes(image.value[:4]) == b"\x89PNG"
    pick[2].value = "month"
    assert "monthly number of incidents" in text.value
    assert "pf.widgets.trends(dept, district=&#x27;0423&#x27;, grain=&#x27;month&#x27;)" in box.children[3].value


def test_without_incidents_it_says_so(small_city):
    assert "no incidents" in pf.widgets.trends(pf.open(small_city, tables=["calls"])).reason
