"""Every notebook keeps the rules and runs on its defaults; a new one is found here without being registered."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import nbformat
import pytest

from perflib.reports import read_contract, run

ROOT = Path(__file__).parents[2]
ANALYSES = sorted((ROOT / "notebooks").glob("*.ipynb"))
ALL = [*ANALYSES, ROOT / "templates" / "notebook.ipynb"]
MOST_LINES = 8


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def names(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", ALL, ids=names)
def test_the_parameters_run_offline_on_the_sample(path):
    contract = {item.name: item for item in read_contract(path).parameters}
    assert contract["department"].default == ""
    assert contract["interactive"].type == "bool" and contract["interactive"].default is True
    assert all(item.help for item in contract.values()), "say after each parameter what it is"


@pytest.mark.parametrize("path", ALL, ids=names)
def test_a_cell_is_short_and_holds_calls_only(path):
    for cell in code_cells(path):
        assert len(cell.source.splitlines()) <= MOST_LINES, cell.source
        loops = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda, ast.Try)
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, loops)], cell.source


@pytest.mark.parametrize("path", ALL, ids=names)
def test_it_is_stored_without_outputs_and_with_nothing_of_the_machine(path):
    raw = json.loads(path.read_text(encoding="utf-8"))
    for cell in raw["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None
        assert "id" in cell and set(cell["metadata"]) <= {"tags"}
    assert set(raw["metadata"]) == {"kernelspec", "language_info"}


@pytest.mark.parametrize("path", ALL, ids=names)
def test_prose_states_no_number(path):
    prose = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    assert prose[0].startswith("# ")
    assert not [text for text in prose if any(character.isdigit() for character in text)]


@pytest.fixture(scope="module")
def runs(small_city, tmp_path_factory):
    """A function of (path) that runs a notebook once on the small sample and keeps the result."""
    done = {}

    def once(path: Path):
        if path not in done:
            out = tmp_path_factory.mktemp("report") / path.stem
            done[path] = run(path, department=small_city, out=out).raise_if_failed()
        return done[path]

    return once


@pytest.mark.parametrize("path", ALL, ids=names)
def test_it_runs_and_says_who_what_when(path, runs):
    done = runs(path)
    assert done.facts["about"]["department"] == "Sample City Police"
    assert done.manifest["as_of"] == done.facts["about"]["as_of"]
    read = {Path(item["path"]).name for item in done.manifest["inputs"]}
    assert {"calls.parquet", "department.yml"} <= read
    page = done.html.read_text(encoding="utf-8")
    assert 'class="headline"' in page and "data:image/png" in page
    assert len(page) < 2_000_000


def test_the_response_report_accounts_for_every_record(runs, small_city):
    import perflib

    facts = runs(ROOT / "notebooks" / "01_response_times.ipynb").facts
    calls = perflib.open(small_city).calls.count().execute()
    quality = facts["quality"]
    assert quality["accepted"] + quality["quarantined"] == quality["rows_read"]
    assert quality["rows_read"] >= calls
    first = facts["response_by_priority"]["1"]
    assert 0 < first["median_min"] < first["p90_min"] and 0 <= first["missing_share"] < 1 and first["n"] > 100
