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


@pytest.fixture
def open_page(browser, tmp_path):
    """A function of (html, **context options): the page opened with the network off, and a function that gives all the
    browser complained of or asked for so far (policy violations included)."""
    contexts = []

    def opened(text: str, **options):
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page, noise = context.new_page(), []
        page.set_default_timeout(8000)
        page.add_init_script(
            "addEventListener('securitypolicyviolation', event => console.error('policy: ' + event.violatedDirective))"
        )
        page.on("console", lambda message: noise.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: noise.append(f"error: {error}"))
        page.on("requestfailed", lambda request: noise.append(f"failed: {request.url}"))
        page.on("dialog", lambda dialog: (noise.append("dialog"), dialog.dismiss()))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(("data:", "blob:", path.as_uri()))
                else noise.append(f"asked: {request.url}")
            ),
        )
        page.goto(path.as_uri(), wait_until="load")
        page.wait_for_timeout(200)
        return page, lambda: list(noise)

    yield opened
    for context in contexts:
        context.close()
