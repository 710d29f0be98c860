"""The choices of notebook 01's page in a real browser: unit, priority, period and measure, in one place."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat import v4

import perflib as pf
from perflib.metrics.response import board
from perflib.reports.render import render

ROOT = Path(__file__).parents[2]
PIXELS = """canvas => { const data = new Uint32Array(canvas.getContext("2d").getImageData(
    0, 0, canvas.width, canvas.height).data.buffer); let sum = 0;
    for (const pixel of data) sum = (sum * 31 + pixel) >>> 0; return sum; }"""


@pytest.fixture(scope="module")
def page_text(small_city):
    found = board(pf.open(small_city, tables=["calls"]))
    output = v4.new_output("display_data", data=found._repr_mimebundle_())
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# Report"), v4.new_code_cell("board", outputs=[output])])
    manifest = {
        "status": "done",
        "notebook": {"file": "n.ipynb", "sha256": "0"},
        "parameters": {},
        "inputs": [],
        "versions": {"perflib": "0"},
        "started": "2025-12-01T00:00:00+00:00",
        "error": None,
        "as_of": None,
    }
    return render(notebook, manifest), found


def test_notebook_01_offers_the_board():
    cells = nbformat.read(ROOT / "notebooks" / "01_response_times.ipynb", as_version=4).cells
    assert any("response.board(" in cell.source for cell in cells)


def test_unit_priority_period_and_measure_are_chosen_in_one_place_and_each_changes_the_figure(open_page, page_text):
    text, found = page_text
    page, noise = open_page(text)
    section = page.locator("#result-response_board")
    canvas = section.locator("canvas").first
    seen = [canvas.evaluate(PIXELS)]

    def changed(action) -> None:
        action()
        page.wait_for_timeout(150)
        seen.append(canvas.evaluate(PIXELS))
        assert seen[-1] != seen[-2], len(seen)

    changed(lambda: section.get_by_label("Priority", exact=True).select_option(index=1))
    changed(lambda: section.get_by_label("Measure", exact=True).select_option(label="90th percentile (min)"))
    changed(lambda: section.get_by_label("From", exact=True).select_option(index=1))
    changed(lambda: section.get_by_role("button", name=found.table["district"].iloc[0], exact=True).click())
    assert noise() == []


def test_one_priority_at_a_time_is_shown_and_saved(open_page, page_text):
    text, found = page_text
    page, noise = open_page(text)
    section = page.locator("#result-response_board")
    priorities = section.get_by_label("Priority", exact=True)
    assert priorities.locator("option").all_inner_texts() == sorted(found.table["priority"].unique()), "no `all`"
    for place, value in enumerate(sorted(found.table["priority"].unique())):
        priorities.select_option(index=place)
        rows = int((found.table["priority"] == value).sum())
        save = section.get_by_role("button", name=f"{rows} of {len(found.table)} rows")
        assert save.is_visible()
    assert noise() == []
