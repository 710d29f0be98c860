"""The officer explorer: the static view, one officer marked, and no figures of those who cannot be assessed."""

from __future__ import annotations

import pandas as pd
import pytest

import perflib as pf
from perflib.errors import InputError
from perflib.metrics.officers import MEASURES, compare
from perflib.metrics.officers.cells import cells
from perflib.widgets.officers import ALL, PEERS, Explorer


@pytest.fixture(scope="module")
def explorer(small_city) -> Explorer:
    return Explorer(pf.open(small_city))


def test_the_static_view_is_the_comparison(explorer) -> None:
    found = pf.widgets.officers(explorer.dept, measure="arrests", peers="the whole agency")
    assert found.name == "officers_explorer" and found.facts["measure"] == "arrests"
    silent = found.table["verdict"] == "not assessable"
    assert found.table.loc[silent, "events"].isna().all()


def test_one_officer_is_marked_and_told(explorer) -> None:
    known = explorer.officers("arrests", "the whole agency")
    assert known[0] == ALL and len(known) > 1
    one = explorer.result("arrests", "the whole agency", known[1])
    assert known[1] in one.answer and "expected" in one.answer
    assert one.table.loc[one.table["flagged"], "officer"].tolist() == [known[1]]


def test_what_does_not_occur_is_refused(explorer) -> None:
    with pytest.raises(InputError, match="same post"):
        explorer.result("force", "same past")
    with pytest.raises(InputError, match="complaints"):
        pf.widgets.officers(explorer.dept, measure="complants")
    with pytest.raises(InputError, match="no officer"):
        explorer.result("arrests", "the whole agency", "P-none")


def test_a_view_can_be_had_again(explorer) -> None:
    call, command = explorer.again("complaints", "the whole agency", ALL)
    assert call == "pf.widgets.officers(dept, measure='complaints', peers='the whole agency')"
    assert command == "perflib run notebooks/06_officer_comparison.ipynb -p measure=complaints"
    assert set(explorer._peers()) == set(PEERS)


def test_the_work_is_the_same_whoever_the_peers_are(explorer) -> None:
    for name, per in (("force", "responses"), ("complaints", "hours"), ("frisks", "stops")):
        each = [
            cells(explorer.dept, MEASURES[name], per, by, "month", "", "") for by in ((), ("unit",), ("shift", "duty"))
        ]
        whole, *parts = [one.frame.groupby(["officer", "period"])[["exposure", "events"]].sum() for one in each]
        for part in parts:
            pd.testing.assert_frame_equal(part, whole)
        assert len({one.without_officer for one in each}) == 1 and whole["events"].sum() > 0
    with pytest.raises(InputError, match="no 'beet'"):
        compare(explorer.dept, "force", ["beet"])
