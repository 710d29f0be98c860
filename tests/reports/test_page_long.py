"""Results of many rows: the page draws and prints some, says how many are left, and reaches every one."""

from __future__ import annotations

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbformat import v4

from perflib.figures import Chart
from perflib.reports.render import render
from perflib.result import Result

MANIFEST = {
    "status": "done",
    "notebook": {"file": "n.ipynb", "sha256": "0"},
    "parameters": {},
    "inputs": [],
    "versions": {"perflib": "0"},
    "started": "2025-12-01T00:00:00+00:00",
    "error": None,
    "as_of": None,
}


def page_of(result: Result) -> str:
    data = result._repr_mimebundle_()
    cell = v4.new_code_cell("shown", outputs=[v4.new_output("display_data", data=data)])
    return render(nbformat.v4.new_notebook(cells=[v4.new_markdown_cell("# Report"), cell]), MANIFEST)


def units(rows: int = 1000) -> Result:
    """A unit a row with its interval; the first are so small that they alone would be written with more digits."""
    value = np.arange(rows) / rows / 2 + 0.0001
    table = pd.DataFrame(
        {
            "unit": [f"unit {n:04d}" for n in range(rows)],
            "n": 10,
            "value": value,
            "value_low": value / 2,
            "value_high": value * 2,
        }
    )
    chart = Chart("dots", "unit", "value", "value_low", "value_high")
    return Result("units", table, "Units", "All alike.", "", chart=chart)


@pytest.fixture(scope="module")
def long_page() -> str:
    return page_of(units())


def test_a_figure_of_a_thousand_lanes_draws_some_and_more_on_request(open_page, long_page):
    page, noise = open_page(long_page)
    section = page.locator("#result-units")
    assert section.locator("svg circle").count() == 60
    section.get_by_role("button", name="940 more not drawn: show more").click()
    assert section.locator("svg circle").count() == 120
    assert noise() == []


def test_a_row_that_is_not_printed_is_found_and_written_as_the_printed_ones(open_page, long_page):
    page, noise = open_page(long_page)
    section = page.locator("#result-units")
    section.locator("details.fold > summary").first.click()
    assert section.locator("tbody tr:visible").count() == 400
    assert section.locator("tbody tr >> nth=0").locator("td").last.inner_text() == "0.00 (0.00 to 0.00)"
    section.get_by_label("Filter rows").fill("unit 0999")
    line = section.locator("tbody tr:visible")
    assert line.count() == 1 and line.locator("th").inner_text() == "unit 0999"
    assert line.locator("td").all_inner_texts() == ["10", "0.50 (0.25 to 1.00)"]
    assert section.get_by_role("button", name="more rows").count() == 0
    section.get_by_label("Filter rows").fill("")
    section.get_by_role("button", name="600 more rows: show more").click()
    assert section.locator("tbody tr:visible").count() == 600
    section.locator("th[data-column=value] button").first.click()
    section.locator("th[data-column=value] button").first.click()
    assert section.locator("tbody tr:visible th").first.inner_text() == "unit 0999"
    page.emulate_media(media="print")
    assert section.locator("p.more:visible").count() == 0, "folded away with the table"
    assert noise() == []


def test_a_line_of_fifty_thousand_points_is_drawn(open_page):
    x = np.arange(50_000)
    table = pd.DataFrame({"x": x, "y": np.sin(x / 5000), "low": np.sin(x / 5000) - 1, "high": np.sin(x / 5000) + 1})
    page, noise = open_page(page_of(Result("line", table, "T", "A.", "", chart=Chart("line", "x", "y", "low", "high"))))
    assert page.locator("section.live canvas").count() == 1 and noise() == []


def test_many_groups_of_lines_are_drawn_in_parts(open_page):
    table = pd.DataFrame([{"x": x, "y": x + g, "beat": f"beat {g:03d}"} for g in range(90) for x in range(5)])
    page, noise = open_page(page_of(Result("groups", table, "T", "A.", "", chart=Chart("line", "x", "y", by="beat"))))
    assert page.get_by_role("button", name="30 more not drawn: show more").is_visible()
    page.get_by_role("button", name="30 more not drawn: show more").click()
    assert page.locator("figure .more:visible").count() == 0
    page.get_by_label("Beat").select_option(label="beat 089")
    page.locator(".chart").press("ArrowRight")
    assert page.locator(".tip").inner_text().split("\n")[1] == "beat 089: 89"
    assert noise() == []


def test_wide_labels_stand_whole_beside_their_lanes(open_page):
    table = pd.DataFrame({"unit": ["東區第一派出所交通組暨保安隊", "西"], "value": [1, 2]})
    page, noise = open_page(page_of(Result("wide", table, "T", "A.", "", chart=Chart("dots", "unit", "value"))))
    assert page.locator(".canvas svg text").evaluate_all("all => Math.min(...all.map(one => one.getBBox().x))") >= 0
    assert noise() == []
