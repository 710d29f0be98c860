"""The schema files hold together."""

import pytest

from perflib import schema
from perflib.errors import MappingError


@pytest.mark.parametrize("name", schema.names())
def test_table_is_sound(name: str) -> None:
    table = schema.get(name)
    assert set(table.key) <= set(table.columns) and table.meaning
    for column in table.columns.values():
        assert column.type in schema.TYPES and column.meaning
        assert bool(column.allowed) == (column.type == "category"), column.name
        if column.refers:
            other, key = column.refers.split(".")
            assert key in schema.get(other).columns
        assert not column.known_with or column.known_with in table.columns
    for rule in table.rules:
        assert {rule.earlier, rule.later} <= set(table.columns) and rule.then in ("reject", "count")


def test_unknown_names_list_the_valid_ones() -> None:
    with pytest.raises(MappingError, match="did you mean 'calls'"):
        schema.get("call")
    with pytest.raises(MappingError, match="did you mean 'priority'"):
        schema.get("calls").column("prioritty")
