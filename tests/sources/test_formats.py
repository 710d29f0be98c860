"""Formats of stamps: what can match nothing is refused before a file is read; day numbers of a workbook are read."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml

import perflib
from perflib.errors import MappingError
from perflib.sources import formats
from perflib.sources.mapping import parse

COLUMNS = {"call_id": "id", "received_at": "t"}


def opened(folder: Path, file: str, **column: object) -> perflib.Department:
    """A department of this file in ``folder``, ``received_at`` read by this rule."""
    columns = {**COLUMNS, "received_at": {"from": "t", **column}}
    raw = {"table": "calls", "columns": columns, "quarantine_limit": 0.9}
    (folder / "m.yml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    sources = [{"table": "calls", "files": file, "mapping": "m.yml"}]
    described = {"name": "Town", "timezone": "America/New_York", "sources": sources}
    (folder / "d.yml").write_text(yaml.safe_dump(described), encoding="utf-8")
    return perflib.open(folder / "d.yml")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("epoch", "no code such as %Y"),
        ("dd.mm.yyyy", "no code such as %Y"),
        ("100%%", "no code such as %Y"),
        ("foo %Q", "unknown code %Q"),
        ("%Y-%m-%", "unknown code %"),
        ("%Y %-Q", "unknown code %-Q"),
    ],
)
def test_a_format_that_can_match_nothing_is_refused(form: str, words: str) -> None:
    columns = {**COLUMNS, "received_at": {"from": "t", "format": ["%Y-%m-%d", form]}}
    with pytest.raises(MappingError) as caught:
        parse({"table": "calls", "columns": columns}, "mapping m.yml")
    told = str(caught.value)
    assert told.startswith(f"mapping m.yml, column received_at: format {form!r}: {words}")
    assert "valid: excel, epoch_s, epoch_ms, epoch_us, %a, " in told and "%Y" in told


def test_the_codes_are_those_of_the_engine() -> None:
    with duckdb.connect() as con:
        for code in formats.CODES:
            con.execute(f"SELECT try_strptime('x', '%{code}')")


@pytest.mark.parametrize(("decimal", "day"), [(".", "45658.057546"), (",", "45658,057546")])
def test_day_numbers_of_a_workbook(tmp_path: Path, decimal: str, day: str) -> None:
    text = f"id;t\n1;{day}\n2;45839\n3;02.01.2025\n4;-3\n5;4e4\n6;0.5\n"
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    found = opened(tmp_path, "x.csv", format=["excel", "%d.%m.%Y"], decimal=decimal)
    stamps = found.calls.order_by("call_id").received_at.execute()
    assert [str(stamp) for stamp in stamps] == [
        "2025-01-01 06:22:52+00:00",
        "2025-07-01 04:00:00+00:00",
        "2025-01-02 05:00:00+00:00",
    ]
    assert found.sources[0].reasons == {"received_at: cannot be read as timestamp": 3}


def test_day_numbers_that_are_numbers(tmp_path: Path) -> None:
    pd.DataFrame({"id": ["1"], "t": [45658.75]}).to_parquet(tmp_path / "x.parquet")
    found = opened(tmp_path, "x.parquet", format="excel")
    assert str(found.calls.received_at.execute()[0]) == "2025-01-01 23:00:00+00:00"


def test_excel_holds_a_time_and_a_plain_day_does_not() -> None:
    assert formats.timed(["excel"]) and formats.timed(["%Y-%m-%d %-H"])
    assert not formats.timed(["%Y-%m-%d"]) and not formats.timed([])
