"""What the engine adds to Ibis: views, answers that are kept, a fixed sample, tables saved for other processes."""

from __future__ import annotations

from pathlib import Path

import ibis
import pandas as pd
import pytest

from perflib.engine.connection import Engine, save
from perflib.engine.tables import microseconds, remembered, sample, view


@pytest.fixture
def rows() -> ibis.Table:
    frame = pd.DataFrame({"id": [f"k{at}" for at in range(100)], "value": range(100)})
    return ibis.duckdb.connect().create_table("rows", frame)


def test_a_sample_is_the_same_whatever_the_order_of_the_rows(rows: ibis.Table) -> None:
    one = set(sample(rows, 10, by="id").execute()["id"])
    other = set(sample(rows.order_by(ibis.desc("value")), 10, by="id").execute()["id"])
    assert one == other and len(one) == 10


def test_an_answer_is_made_once_for_the_same_rows(rows: ibis.Table) -> None:
    made: list[int] = []

    def answer() -> int:
        made.append(1)
        return len(made)

    assert [remembered(rows, "what", answer), remembered(rows, "what", answer)] == [1, 1]
    assert remembered(rows, "another", answer) == 2
    assert remembered(rows.filter(rows.value > 1), "what", answer) == 3


def test_two_databases_in_memory_remember_apart(rows: ibis.Table) -> None:
    other = ibis.duckdb.connect().create_table("rows", rows.execute())
    assert remembered(rows, "what", lambda: "one") == "one"
    assert remembered(other, "what", lambda: "other") == "other"


def test_a_view_holds_the_rows_and_is_made_once(rows: ibis.Table) -> None:
    deep = rows.filter(rows.value < 5).mutate(double=rows.value * 2)
    assert view(deep).order_by("id").execute().equals(deep.order_by("id").execute())
    assert view(deep) is view(deep)


def test_microseconds_are_those_since_1970() -> None:
    con = ibis.duckdb.connect()
    at = pd.DataFrame({"at": pd.to_datetime(["1970-01-01 00:00:01.5"]).tz_localize("UTC")})
    table = con.create_table("stamps", at, schema={"at": "timestamp('UTC', 6)"})
    assert table.select(us=microseconds(table["at"].cast("timestamp('UTC')"))).execute()["us"].tolist() == [1_500_000]


def test_saved_tables_are_attached_by_another_engine(tmp_path: Path) -> None:
    first, second = Engine(), Engine()
    tables = first.views({"calls": "SELECT 1 AS a UNION ALL SELECT 2"})
    save(tables, tmp_path / "t.duckdb")
    attached = second.attached(tmp_path / "t.duckdb", ["calls"])
    assert sorted(attached["calls"].execute()["a"]) == [1, 2]
