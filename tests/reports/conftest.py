"""Small notebooks to run: each is made of its parameters cell and the cells a test gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

PARAMETERS = """beat: str = "0412"  # the beat, as text
n: int = 3
x: float = 1.5
full: bool = False
interactive: bool = True"""


@pytest.fixture
def make_notebook(tmp_path: Path) -> Callable[..., Path]:
    """A function of (cells..., parameters=, name=) that writes a notebook and returns its path."""

    def make(
        *cells: str, parameters: str | None = PARAMETERS, name: str = "small.ipynb", tags: dict | None = None
    ) -> Path:
        made = [v4.new_markdown_cell("# A small report")]
        if parameters is not None:
            made.append(v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
        for cell in cells:
            kind = v4.new_markdown_cell(cell[3:]) if cell.startswith("md:") else v4.new_code_cell(cell)
            kind.metadata["tags"] = (tags or {}).get(cell, [])
            made.append(kind)
        path = tmp_path / name
        nbformat.write(v4.new_notebook(cells=made), path)
        return path

    return make


@pytest.fixture
def result_cell() -> Callable[..., str]:
    """A function of (name, facts=, column=) that gives the source of a cell showing one Result."""

    def source(name: str, facts: str = "{}", column: str = "[1, 2]") -> str:
        return (
            f"import pandas as pd, perflib as pf\n"
            f'pf.Result("{name}", pd.DataFrame({{"beat": {column}}}), "Title", "Answer.", "Method.", facts={facts})'
        )

    return source
