"""Small invented departments written into a folder, for the cases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from perflib import schema


@pytest.fixture
def town(tmp_path: Path) -> Callable[..., Path]:
    """Writes files, one mapping per source and the department file; gives the department file.

    ``sources`` are (table, file, columns or a whole mapping); further keywords go to the department file.
    """

    def make(files: dict[str, str], sources: list[tuple[str, str, dict[str, Any]]], **department: Any) -> Path:
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8", newline="")
        listed = []
        for place, (table, file, columns) in enumerate(sources):
            mapping = {"table": table, **(columns if "columns" in columns else {"columns": columns})}
            (tmp_path / f"m{place}.yml").write_text(yaml.safe_dump(mapping, allow_unicode=True), encoding="utf-8")
            listed.append({"table": table, "files": file, "mapping": f"m{place}.yml"})
        raw = {"name": "Town", "timezone": "America/Chicago", "sources": listed, **department}
        (tmp_path / "department.yml").write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
        return tmp_path / "department.yml"

    return make


@pytest.fixture
def filled() -> Callable[..., pd.DataFrame]:
    """Makes rows of a table: every required and key column has some value, the given ones are as given."""
    some = {"string": "x", "category": "other", "timestamp": "2024-01-01 10:00:00", "date": "2023-01-01",
            "integer": "2023", "number": "1", "boolean": "true"}

    def make(table: str, **given: list[Any]) -> pd.DataFrame:
        wanted = {name: each for name, each in schema.get(table).columns.items()
                  if each.required or name in schema.get(table).key}
        rows = max(map(len, given.values()))
        return pd.DataFrame({name: [some[each.type]] * rows for name, each in wanted.items()} | given)

    return make
