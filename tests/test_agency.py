"""Department: keep with reasons, as-of, local time."""

import datetime as dt

import ibis
import pandas as pd
import pytest

from perflib.agency import Department
from perflib.errors import DepartmentError

UTC = "timestamp('UTC')"


@pytest.fixture
def dept() -> Department:
    connection = ibis.duckdb.connect()
    connection.raw_sql("SET TimeZone='UTC'")
    frame = pd.DataFrame(
        {
            "incident_id": ["a", "b", "c"],
            "offence": ["theft"] * 3,
            "reported_at": pd.to_datetime(["2025-06-01 12:00", "2025-06-02 03:59", "2025-06-02 04:00"], utc=True),
            "cleared_at": pd.to_datetime(["2025-06-05 00:00", None, None], utc=True),
            "clearance": ["arrest", None, None],
            "status": ["cleared_arrest", "open", "open"],
            "recorded_at": pd.to_datetime(["2025-06-01 13:00", "2025-06-02 03:59", "2025-06-02 04:00"], utc=True),
        }
    )
    table = connection.create_table(
        "incidents",
        frame,
        schema={
            "incident_id": "string",
            "offence": "string",
            "reported_at": UTC,
            "cleared_at": UTC,
            "clearance": "string",
            "status": "string",
            "recorded_at": UTC,
        },
    )
    return Department("Test", "America/New_York", {"incidents": table}, main="incidents")


def test_as_of_ends_at_local_midnight(dept: Department) -> None:
    known = dept.as_of("2025-06-01").incidents.order_by("incident_id").execute()
    assert list(known["incident_id"]) == ["a", "b"]  # 03:59 UTC is 23:59 in New York; 04:00 UTC is the next day


def test_as_of_forgets_what_was_learnt_later(dept: Department) -> None:
    before = dept.as_of("2025-06-03").incidents.execute().set_index("incident_id")
    assert before.loc["a", ["cleared_at", "clearance", "status"]].isna().all()
    after = dept.as_of("2025-06-05").incidents.execute().set_index("incident_id")
    assert after.loc["a", "clearance"] == "arrest"


def test_as_of_is_logged_and_leaves_the_original_alone(dept: Department) -> None:
    known = dept.as_of(dt.date(2025, 6, 1))
    assert known.known_on == dt.date(2025, 6, 1) and dept.known_on is None
    assert known.decisions().loc[0, ["rows_before", "rows_after"]].tolist() == [3, 2]
    assert dept.incidents.count().execute() == 3


def test_as_of_refuses_what_is_not_a_date(dept: Department) -> None:
    with pytest.raises(DepartmentError, match="YYYY-MM-DD"):
        dept.as_of("June 2025")


def test_keep_logs_rule_reason_and_counts(dept: Department) -> None:
    kept = dept.keep({"incident_id": ["a", "c"]}, because="example").keep(lambda t: t.incident_id == "a", because="two")
    log = kept.decisions()
    assert log[["rows_before", "rows_after"]].to_numpy().tolist() == [[3, 2], [2, 1]]
    assert log["because"].tolist() == ["example", "two"] and "incident_id" in log["rule"][0]


def test_keep_names_the_valid_columns(dept: Department) -> None:
    with pytest.raises(DepartmentError, match="did you mean 'offence'"):
        dept.keep({"offense": "theft"}, because="typo")


def test_keep_refuses_a_nul_byte(dept: Department) -> None:
    with pytest.raises(DepartmentError, match="NUL"):
        dept.keep({"offence": "a\0b"}, because="hostile")


def test_missing_table_lists_those_present(dept: Department) -> None:
    with pytest.raises(DepartmentError, match="no table 'calls'.*valid: incidents"):
        _ = dept.calls
    with pytest.raises(AttributeError):
        _ = dept.nonsense


def test_local_time_follows_the_clock_change(dept: Department) -> None:
    table = dept.incidents.limit(1).mutate(
        summer=ibis.timestamp("2025-07-01T12:00:00+00:00").cast(UTC),
        winter=ibis.timestamp("2025-12-01T12:00:00+00:00").cast(UTC),
    )
    row = table.select(summer=dept.local(table.summer).hour(), winter=dept.local(table.winter).hour()).execute().iloc[0]
    assert (row["summer"], row["winter"]) == (8, 7)
