"""The facts of every notebook on the small sample, held to a golden file.

A change that is meant to move no number proves it here. To write the facts of any department:
``python tests/notebooks/test_facts.py DEPARTMENT OUT.json`` ("small" is the small sample).
"""

from __future__ import annotations

import ast
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0[1-9]_*.ipynb"))
GOLDEN = ROOT / "tests" / "golden" / "facts_small.json"


def small(folder: Path) -> Path:
    """The small sample, written into a folder."""
    from perflib import synthetic

    return Path(synthetic.write(folder, scale="small"))


def facts(notebook: Path, department: str) -> dict[str, Any]:
    """Result name -> facts of a notebook's cells, run in this process; a cell that fails gives its error."""
    return {name: getattr(value, "facts", value) for name, value in results(notebook, department).items()}


def results(notebook: Path, department: str) -> dict[str, Any]:
    """Result name -> Result of a notebook's cells; a cell that fails gives its error."""
    from perflib.result import Result

    cells = [cell for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    space: dict[str, Any] = {}
    seen: dict[str, Any] = {}
    for number, cell in enumerate(cells):
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        try:
            exec(compile(tree, notebook.name, "exec"), space)
            if number == 0:
                space |= {"department": department, "interactive": False}
            value = eval(compile(ast.Expression(last.value), notebook.name, "eval"), space) if last else None
        except Exception as fault:
            seen[f"cell {number}"] = f"{type(fault).__name__}: {fault}"
            continue
        if isinstance(value, Result):
            seen[value.name] = value
    return seen


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two facts differ by more than 1e-9, relative or absolute; sentences are words, not facts."""
    if all(isinstance(each, str) and " " in each for each in (one, other)):
        return []
    if isinstance(one, dict) and isinstance(other, dict):
        keys = list(dict.fromkeys([*one, *other]))
        missing = object()
        return [
            line
            for key in keys
            for line in differences(one.get(key, missing), other.get(key, missing), f"{where} / {key}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            line
            for at, pair in enumerate(zip(one, other, strict=True))
            for line in differences(*pair, where=f"{where} [{at}]")
        ]
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (one, other))
    same = one == pytest.approx(other, rel=1e-9, abs=1e-9) if numbers else one == other
    return [] if same else [f"{where}: {one!r} became {other!r}"]


@pytest.fixture(scope="module")
def department(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(small(tmp_path_factory.mktemp("small")))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_fact_moved(notebook: Path, department: str) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))[notebook.stem]
    now = json.loads(json.dumps(facts(notebook, department)))
    assert not differences(golden, now)


if __name__ == "__main__":
    os.environ["PERFLIB_STATIC"] = "1"
    given, out = sys.argv[1:]
    place = str(small(Path(out).parent / "small")) if given == "small" else given
    written = {notebook.stem: facts(notebook, place) for notebook in NOTEBOOKS}
    Path(out).write_text(json.dumps(written, indent=1, sort_keys=True, ensure_ascii=False), encoding="utf-8")
