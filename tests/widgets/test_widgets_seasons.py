"""The explorer of seasons: every choice is the metric's own Result."""

from __future__ import annotations

import pytest

import perflib as pf
from perflib.errors import InputError
from perflib.metrics.seasons import hours, weekdays
from perflib.widgets.seasons import ALL, Explorer


@pytest.fixture(scope="module")
def dept(small_city):
    return pf.open(small_city, tables=["calls"])


def test_unattended_it_is_the_static_result(dept, monkeypatch):
    monkeypatch.setenv("PERFLIB_STATIC", "1")
    found = pf.widgets.seasons(dept, district="0411")
    wanted = hours(dept, district="0411")
    assert found.name == "season_explorer" and found.answer == wanted.answer
    with pytest.raises(InputError, match="no district '9'"):
        pf.widgets.seasons(dept, district="9")


def test_every_view_is_that_of_the_metric(dept):
    explorer = Explorer(dept)
    assert explorer.choices()[:2] == [ALL, "0411"]
    assert explorer.result("0412", "weekdays").answer == weekdays(dept, district="0412").answer
    parts = [explorer.result(name).facts["events"] for name in explorer.choices()[1:]]
    assert sum(parts) == explorer.result().facts["events"] and explorer.result() is explorer.result()


def test_the_box_replaces_its_text_and_says_how_to_get_it_again(dept):
    box = Explorer(dept).box()
    picks, text, image, keep = box.children[0].children, *box.children[1:]
    before, picture = text.value, bytes(image.value)
    picks[0].value = "0423"
    assert text.value != before and bytes(image.value) != picture and picture[:4] == b"\x89PNG"
    assert "perflib run notebooks/04_seasonality.ipynb -p district=0423" in keep.value
    picks[1].value = "months"
    assert "cannot show a season of the year" in text.value


def test_without_calls_it_says_so(small_city):
    assert "no calls" in pf.widgets.seasons(pf.open(small_city, tables=["incidents"])).reason
