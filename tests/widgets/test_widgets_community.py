"""The explorer of the community: every choice is the metric's own Result."""

from __future__ import annotations

import pytest

import perflib as pf
from perflib.metrics.community import course, drivers
from perflib.widgets.community import ALL, Explorer


@pytest.fixture(scope="module")
def dept(small_city):
    return pf.open(small_city, tables=["calls", "requests"])


def test_unattended_it_is_the_static_result(dept, monkeypatch):
    monkeypatch.setenv("PERFLIB_STATIC", "1")
    found = pf.widgets.community(dept, district="0413")
    assert found.name == "community_explorer" and found.answer == course(dept, district="0413").answer


def test_every_view_is_that_of_the_metric(dept):
    explorer = Explorer(dept)
    assert explorer.tables() == ["requests", "calls"] and explorer.districts("requests")[:2] == [ALL, "0411"]
    assert explorer.result("calls", "0412", "shift").answer == drivers(dept, "calls", district="0412").answer
    assert explorer.result() is explorer.result()


def test_the_box_replaces_its_text_and_says_how_to_get_it_again(dept):
    box = Explorer(dept).box()
    picks, text, image, keep = box.children[0].children, *box.children[1:]
    before = text.value
    picks[1].value = "0413"
    picks[2].value = "shift"
    assert text.value != before and bytes(image.value[:4]) in (b"", b"\x89PNG")
    assert "perflib run notebooks/05_community.ipynb -p district=0413" in keep.value


def test_without_requests_it_says_so(small_city):
    assert "no requests" in pf.widgets.community(pf.open(small_city, tables=["incidents"])).reason
