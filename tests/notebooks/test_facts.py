"""The facts and the words of every notebook on the small sample.

A change that is meant to move no number proves it here, by a golden file. To write the facts of any department:
``python tests/notebooks/test_facts.py DEPARTMENT OUT.json`` ("small" is the small sample).
The words: what the style guide says of openings, headings and length.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0[1-9]_*.ipynb"))
GOLDEN = ROOT / "tests" / "golden" / "facts_small.json"
#: notebook and tag of a cell -> the name of its Result
TAGGED: dict[tuple[str, str], str] = {}
#: half of the words that reports on the small sample had when they were first counted; 02 had few there, since it can
#: compare no years (on the whole sample it has 495 of 1,087)
MOST_WORDS = {
    "01_response_times": 521,
    "02_trends": 420,
    "03_case_resolution": 693,
    "04_seasonality": 709,
    "05_community": 712,
    "06_officer_comparison": 950,
    "07_officer_review": 248,
    "08_stops_fairness": 684,
}


def small(folder: Path) -> Path:
    """The small sample, written into a folder."""
    from perflib import synthetic

    return Path(synthetic.write(folder, scale="small"))


def facts(notebook: Path, department: str) -> dict[str, Any]:
    """Result name -> facts of a notebook's cells, run in this process; a cell that fails gives its error."""
    return {name: getattr(value, "facts", value) for name, value in results(notebook, department).items()}


@cache
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
            TAGGED.update({(notebook.stem, tag): value.name for tag in cell["metadata"].get("tags", [])})
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


def words(text: str) -> int:
    return len(re.findall(r"\S*\w\S*", text))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_report_says_it_in_half_the_words(notebook: Path, department: str) -> None:
    shown = results(notebook, department)
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    explorer = TAGGED.get((notebook.stem, "explorer"))  # not part of a report
    page = [value.shared() for name, value in shown.items() if name != explorer]
    texts += [text for value in page for text in (value.title, value.answer)]
    texts += {caveat for value in page for caveat in value.caveats}
    assert sum(map(words, texts)) <= MOST_WORDS[notebook.stem]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_report_opens_with_two_short_sentences(notebook: Path, department: str) -> None:
    shown = results(notebook, department)
    opening = shown[TAGGED[notebook.stem, "headline"]].shared()
    sentences = re.split(r"(?<=[.!?]) +(?=[A-Z0-9])", opening.answer.strip())
    assert len(sentences) <= 2, sentences
    for sentence in sentences:
        assert words(sentence) <= 25, sentence
        assert len(re.findall(r"\d[\d,.:]*", sentence)) <= 3, sentence


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_heading_is_without_content(notebook: Path) -> None:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    for cell, after in zip(cells, [*cells[1:], {"cell_type": "markdown", "source": "#"}], strict=True):
        bare = cell["cell_type"] == "markdown" and len("".join(cell["source"]).splitlines()) == 1
        last = "".join(cell["source"]).startswith("# ")
        assert not bare or last or after["cell_type"] == "code", "".join(cell["source"])


if __name__ == "__main__":
    os.environ["PERFLIB_STATIC"] = "1"
    given, out = sys.argv[1:]
    place = str(small(Path(out).parent / "small")) if given == "small" else given
    written = {notebook.stem: facts(notebook, place) for notebook in NOTEBOOKS}
    Path(out).write_text(json.dumps(written, indent=1, sort_keys=True, ensure_ascii=False), encoding="utf-8")
