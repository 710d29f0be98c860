"""The officer explorer: the static view, one officer marked, and no figures of those who cannot be assessed."""

from __future__ import annotations

import pandas as pd
import pytest

import perflib as pf
from perflib.errors import InputError
from perflib.metrics.officers import compare
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


def test_every_view_from_memory_is_the_comparison_of_the_engine(explorer) -> None:
    for measure in ("force", "complaints", "stops", "frisks"):
        for words, by in PEERS.items():
            ours = compare(explorer.dept, measure, by, held=explorer.held)
            theirs = compare(explorer.dept, measure, by)
            pd.testing.assert_frame_equal(ours.table, theirs.table)
            assert (ours.facts, ours.answer, ours.caveats) == (theirs.facts, theirs.answer, theirs.caveats), words
    with pytest.raises(InputError, match="no 'beet'"):
        compare(explorer.dept, "force", ["beet"], held=explorer.held)
