"""Small invented departments written into a folder, for the cases."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from perflib import schema
from perflib.__main__ import main

COLUMNS = {"call_id": "id", "received_at": "t", "district": {"from": "d", "optional": True}}


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
            listed.append({"table": table, "mapping": f"m{place}.yml", **({"files": file} if file else {})})
        raw = {"name": "Town", "timezone": "America/Chicago", "sources": listed, **department}
        (tmp_path / "department.yml").write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
        return tmp_path / "department.yml"

    return make


@pytest.fixture
def filled() -> Callable[..., pd.DataFrame]:
    """Makes rows of a table: every required and key column has some value, the given ones are as given."""
    some = {
        "string": "x",
        "category": "other",
        "timestamp": "2024-01-01 10:00:00",
        "date": "2023-01-01",
        "integer": "2023",
        "number": "1",
        "boolean": "true",
    }

    def make(table: str, **given: list[Any]) -> pd.DataFrame:
        wanted = {
            name: each
            for name, each in schema.get(table).columns.items()
            if each.required or name in schema.get(table).key
        }
        rows = max(map(len, given.values()))
        return pd.DataFrame({name: [some[each.type]] * rows for name, each in wanted.items()} | given)

    return make


@pytest.fixture
def checked(town: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """What `perflib check --json` says of a file beside the department: rows_read, accepted, errors, sources ...

    Anything but a message of the product (a traceback, words on standard error) fails the test.
    """

    def check(file: str, **mapping: Any) -> dict[str, Any]:
        raw = {"table": "calls", "columns": COLUMNS, **mapping}
        department = town({}, [(raw["table"], file, raw)])
        capsys.readouterr()
        code = main(["check", "--json", str(department)])
        out, err = capsys.readouterr()
        assert (code, err) in ((0, ""), (1, "")), (code, err)
        found: dict[str, Any] = json.loads(out)
        assert found["exit_code"] == code == bool(found["errors"])
        return found

    return check
