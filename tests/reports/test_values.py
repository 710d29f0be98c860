"""What a department does not have is refused before a kernel starts, and a selection is logged with its counts."""

from __future__ import annotations

import datetime as dt

import ibis
import pandas as pd
import pytest

from perflib.agency import Department
from perflib.errors import ParameterError
from perflib.period import Period
from perflib.reports import about, run, select
from perflib.reports.parameters import read_contract
from perflib.reports.values import WORDS, Survey, covered

PARAMETERS = "\n".join(f'{name}: str = ""' for name in ("department", "district", "priority", "period", "compare_to"))


@pytest.fixture
def dept() -> Department:
    """Four calls in New York's zone; the second is on 30 November local time but 1 December in UTC."""
    calls = pd.DataFrame(
        {
            "call_id": list("abcd"),
            "received_at": pd.to_datetime(
                ["2025-10-31 12:00", "2025-12-01 04:30", "2025-12-01 05:30", "2026-01-02 12:00"], utc=True
            ),
            "district": ["0412", "0412", "North", None],
            "priority": ["1", "2", "2", None],
        }
    )
    return Department("Testville", "America/New_York", {"calls": ibis.memtable(calls)})


@pytest.fixture
def opened(monkeypatch, dept):
    """perflib.open gives the department of this file, and no kernel may start."""
    monkeypatch.setattr("perflib.sources.open", lambda path="", **_: dept)
    monkeypatch.setattr("perflib.reports.task.execute", lambda *_: pytest.fail("a kernel was started"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"district": "412"}, "Testville has no district '412'; did you mean '0412'?; valid: 0412, North"),
        ({"district": "0413"}, "no district '0413'"),
        ({"priority": "P2"}, "Testville has no priority 'P2'"),
        ({"period": "2025-11x"}, "is not one"),
        ({"period": "2027-01"}, "days without data"),
        ({"compare_to": "next year"}, "valid: previous-period"),
        ({"period": "2025-11", "compare_to": "previous-year"}, "days without data"),
    ],
)
def test_a_value_that_is_not_there_is_refused_before_a_kernel_starts(make_notebook, opened, tmp_path, given, words):
    with pytest.raises(ParameterError) as caught:
        run(make_notebook(parameters=PARAMETERS), given, out=tmp_path / "out")
    assert words in str(caught.value).replace("??", "?")
    assert not (tmp_path / "out").exists()


OFFICERS = PARAMETERS + "".join(
    f'\n{name}: str = "{value}"'
    for name, value in (("measure", "force"), ("by", ""), ("within", "month"), ("first", ""), ("last", ""))
)
AHEAD = PARAMETERS + "".join(f'\n{name}: str = ""' for name in ("as_of", "month"))


@pytest.mark.parametrize(
    ("parameters", "given", "words"),
    [
        (OFFICERS, {"measure": "forse"}, "measure cannot be 'forse'; did you mean 'force'?; valid: force, complaints"),
        (OFFICERS, {"measure": ""}, "measure cannot be ''"),
        (OFFICERS, {"by": "unit, distrct"}, "by cannot be 'distrct'; did you mean 'district'?; valid: unit"),
        (OFFICERS, {"within": "week"}, "within cannot be 'week'; valid: month, quarter, year"),
        (OFFICERS, {"first": "1.1.2025"}, "first '1.1.2025' is not a day; write it as YYYY-MM-DD"),
        (OFFICERS, {"last": "2025-02-30"}, "last '2025-02-30' is not a day"),
        (OFFICERS, {"first": "2025-02-01", "last": "2025-01-01"}, "first '2025-02-01' lies after last '2025-01-01'"),
        (AHEAD, {"as_of": "gestern"}, "as_of 'gestern' is not a day"),
        (AHEAD, {"month": "next"}, "month 'next' is not a month; write it as YYYY-MM"),
        (AHEAD, {"month": "2020-01"}, "month '2020-01' does not begin within two months after 2026-01-02"),
        (AHEAD, {"month": "2026-04"}, "valid: 2026-02, 2026-03"),
        (AHEAD, {"month": "2026-03", "as_of": "2025-11-30"}, "valid: 2025-12, 2026-01"),
    ],
)
def test_what_a_notebook_cannot_take_is_refused_under_its_own_name(
    make_notebook, opened, tmp_path, parameters, given, words
):
    with pytest.raises(ParameterError) as caught:
        run(make_notebook(parameters=parameters), given, out=tmp_path / "out")
    assert words in str(caught.value) and not (tmp_path / "out").exists()


def test_what_a_notebook_takes_is_let_through(make_notebook):
    check = read_contract(make_notebook(parameters=OFFICERS)).fill
    assert check({"by": "unit,shift", "within": "", "first": "2025-01-01"})["by"] == "unit,shift"
    other = PARAMETERS + '\nby: str = "subject_race"\nmonth: str = ""'  # the same names, for something else
    assert read_contract(make_notebook(parameters=other)).fill({"by": "subject_sex", "month": "2020-01"})
    Survey("Testville", {}, Period(dt.date(2025, 1, 1), dt.date(2026, 1, 2))).check({"as_of": "", "month": "2026-02"})


def test_the_words_are_those_that_the_metrics_take():
    from perflib.metrics.officers import MEASURES, POSTS
    from perflib.metrics.officers.cells import PERIODS

    assert set(WORDS["measure"].valid) == set(MEASURES) and WORDS["by"].valid == POSTS
    assert {*WORDS["within"].valid, ""} == set(PERIODS)


def test_days_are_local_days(dept):
    data = covered(dept)
    assert (data.first, data.last) == (dt.date(2025, 10, 31), dt.date(2026, 1, 2))
    chosen = select(dept, period="2025-11")
    assert list(chosen.calls.execute()["call_id"]) == ["b"]
    assert list(select(dept, period="2025-12").calls.execute()["call_id"]) == ["c"]


def test_every_choice_is_logged_with_its_counts(dept):
    chosen = select(dept, period="2025-11-01..2025-12-31", district="0412")
    log = chosen.decisions()
    assert log[["rows_before", "rows_after"]].values.tolist() == [[4, 2], [2, 1]]
    assert log["rule"].tolist()[0] == "received from 2025-11-01 to 2025-12-31 (local days)"
    assert select(dept, period="all").log == () and dept.log == ()


def test_about_says_what_was_asked(dept):
    result = about(dept, period="2025-11", district="0412", compare_to="2025-12")
    assert result.facts["period"] == "2025-11-01 to 2025-11-30"
    assert result.facts["compared_with"] == "2025-12-01 to 2025-12-31" and result.facts["as_of"] == "2026-01-02"
    assert "district 0412" in result.answer and "2025-11-01 to 2025-11-30" in result.answer
    with pytest.raises(ParameterError, match="no district"):
        select(dept, district="South")
