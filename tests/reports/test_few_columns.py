"""A department that records little more than its calls gets whole pages, which say what they lack."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import perflib
from perflib.metrics import response, seasons
from perflib.reports import run
from perflib.widgets.response import Explorer
from perflib.words.response import NOT_RECORDED

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
README = ("call_id", "received_at", "arrived_at", "priority")  # the mapping that the README shows


def calls(columns: tuple[str, ...], n: int = 2000) -> pd.DataFrame:
    """``n`` calls over 200 days."""
    rng = np.random.default_rng(4)
    stamps = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.sort(rng.integers(0, 86400 * 200, n)), unit="s")
    frame = pd.DataFrame(
        {
            "call_id": [f"c{at}" for at in range(n)],
            "received_at": stamps,
            "arrived_at": stamps + pd.to_timedelta(rng.integers(60, 1800, n), unit="s"),
            "priority": rng.choice(["1", "2"], n),
        }
    )
    return frame[list(columns)]


def cells(notebook: str, dept: perflib.agency.Department, monkeypatch: Any, **given: str) -> dict[str, Any]:
    """The Results that the cells of a notebook show, in one process, by name."""
    monkeypatch.setattr(perflib, "open", lambda *_, **__: dept, raising=False)
    (path,) = NOTEBOOKS.glob(f"{notebook}_*.ipynb")
    names: dict[str, Any] = {}
    shown = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            *before, last = ast.parse("".join(cell["source"])).body
            call = last.value if isinstance(last, ast.Expr) else None
            exec(compile(ast.Module([*before, *([] if call else [last])], []), path.name, "exec"), names)
            names |= given if "parameters" in cell["metadata"].get("tags", ()) else {}
            if call:
                made = eval(compile(ast.Expression(call), path.name, "eval"), names)
                shown[made.name] = made
    return shown


@pytest.mark.parametrize("columns", [README, README[:3], README[:2], ("call_id", "received_at", "priority")])
@pytest.mark.parametrize("n", [2000, 12])
def test_every_call_of_the_response_notebook_answers_or_says_what_is_missing(columns, n, monkeypatch):
    dept = replace(perflib.from_frames(calls=calls(columns, n)), settings={"priority_targets": {"1": 15}})
    given = {"period": "2024-05", "compare_to": "previous-period"} if n > 12 else {}
    found = cells("01", dept, monkeypatch, **given)
    missing = {name: made.reason for name, made in found.items() if made.reason}
    assert len(found) > 12 and "origin" in missing["volume_shift"] and "district" in missing["response_board"]
    assert all(f"Not assessable: {reason}" in found[name].answer for name, reason in missing.items())
    asked = ("response_by_priority", "response_targets", "response_trend", "response_steps", "response_intervals")
    if "arrived_at" not in columns:
        assert set(asked) <= set(missing) and "arrived_at" in missing["response_trend"]
    elif n > 12 and "priority" in columns:
        assert not set(asked) & set(missing) and not found["response_change"].reason


@pytest.mark.parametrize("notebook", ["02", "04"])
def test_the_notebooks_of_counts_finish_with_calls_alone(notebook, monkeypatch):
    found = cells(notebook, perflib.from_frames(calls=calls(README[:2])), monkeypatch)
    assert len(found) > 8 and not found["about"].reason


def test_the_explorer_says_what_is_missing_too():
    dept = perflib.from_frames(calls=calls(("call_id", "received_at", "priority")))
    assert Explorer(dept).result().reason == response.by_priority(dept).reason == "the calls record no arrived_at"


@pytest.mark.parametrize(("notebook", "columns"), [("01", README), ("04", README[:2])])
def test_the_commands_of_the_readme_make_a_page(tmp_path, notebook, columns):
    calls(columns).to_csv(tmp_path / "calls.csv", index=False)
    lines = [f"  {name}: {name}" for name in columns]
    (tmp_path / "calls.yml").write_text("table: calls\ncolumns:\n" + "\n".join(lines), encoding="utf-8")
    (tmp_path / "department.yml").write_text(
        "name: Springfield\ntimezone: America/Chicago\nsources:\n"
        "  - {table: calls, files: calls.csv, mapping: calls.yml}\n",
        encoding="utf-8",
    )
    (path,) = NOTEBOOKS.glob(f"{notebook}_*.ipynb")
    made = run(path, {}, department=tmp_path / "department.yml", out=tmp_path / "out").raise_if_failed()
    assert made.status == "done" and "Not assessable: " in made.html.read_text(encoding="utf-8")


def test_nobody_is_said_to_have_begun_calls_whose_origin_is_not_recorded(monkeypatch):
    dept = perflib.from_frames(calls=calls(README))
    for notebook in ("01", "04"):
        for name, made in cells(notebook, dept, monkeypatch).items():
            assert "from the public" not in made.title + made.answer, name
    told = [
        response.by_priority(dept, origin="public"),
        response.trend(dept),
        response.steps(dept, by=None),
        response.intervals(dept),
        seasons.hours(dept),
        seasons.outlook(dept, seasons.ahead(dept)),
    ]
    for made in told:
        assert "alls (who began them is not recorded)" in made.title and NOT_RECORDED in made.caveats, made.name
    known = response.by_priority(perflib.from_frames(calls=calls(README).assign(origin="public")))
    assert known.title == "How long do callers wait, by priority?" and NOT_RECORDED not in known.caveats
