"""Slips in the words of a mapping are told, with the mapping's name."""

from __future__ import annotations

import pytest

from perflib.errors import MappingError
from perflib.sources.mapping import parse

BASE = {"call_id": "id", "received_at": "t"}


def given(otherwise: str, column: str = "district") -> dict:
    """A mapping with this otherwise."""
    return {"table": "calls", "columns": {**BASE, column: {"from": "s", "recode": {"P": "x"}, "otherwise": otherwise}}}


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("kep", "keep"),
        ("keeep", "keep"),
        ("kepe", "keep"),
        ("Keep", "keep"),
        ("mising", "missing"),
        ("rejekt", "reject"),
    ],
)
def test_a_misspelt_keyword_is_no_category(word: str, meant: str) -> None:
    with pytest.raises(MappingError, match=f"column district: otherwise: '{word}' looks like '{meant}' misspelt"):
        parse(given(word), "mapping m.yml")


@pytest.mark.parametrize("word", ["keep", "missing", "reject", "other", "unknown", "east", ""])
def test_keywords_and_values_stand(word: str) -> None:
    assert parse(given(word), "m").specs[-1].otherwise == word


def test_an_unknown_column_or_table_names_the_mapping() -> None:
    with pytest.raises(MappingError, match=r"^mapping m\.yml: no column 'date' in table 'assignments'"):
        parse({"table": "assignments", "columns": {"date": "d"}}, "mapping m.yml")
    with pytest.raises(MappingError, match=r"^mapping m\.yml: no table 'cals'.*did you mean 'calls'"):
        parse({"table": "cals", "columns": {"date": "d"}}, "mapping m.yml")
