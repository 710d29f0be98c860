"""Every notebook in a real JupyterLab: it runs top to bottom, its explorers follow each choice, its files can be saved.

The first notebook is held in every run, the others by --slow. Nothing the browser says is filtered: an error in its
console, a page error or a request to any other host fails the test.
"""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
#: seconds from a choice to its figure, JupyterLab and the browser included; several programs share a test machine.
SOON = 3.0


def named(name: str):
    return pytest.param(name, marks=() if name == NOTEBOOKS[0] else pytest.mark.slow, id=name.removesuffix(".ipynb"))


@pytest.fixture(params=[*map(named, NOTEBOOKS), named("new_question.ipynb")])
def page(request, opened):
    return opened(request.param)


def test_it_runs_top_to_bottom_and_nothing_complains(page):
    assert page.faults() == []
    assert page.noise == []
    shown = page.page.locator(".perflib-result")
    assert shown.count() >= 3 and page.page.locator(".perflib-result img").count() >= 1
    assert page.page.locator(".jp-Notification, .jp-toast-button").count() == 0, "no question about news"


def test_each_widget_changes_the_figure_and_a_flurry_leaves_one_output(page):
    for explorer in page.explorers():
        outputs, before = explorer.outputs(), explorer.drawn()[0]
        took = []
        for place in range(explorer.choices.count()):
            select = explorer.choices.nth(place)
            other = 1 if select.evaluate("one => one.selectedIndex") == 0 else 0
            select.select_option(index=other)
            before, seconds = explorer.drawn(other_than=before)
            took.append(seconds)
        assert sorted(took)[len(took) // 2] < SOON, took
        first = explorer.choices.nth(0)
        wanted = explorer.picture()
        last = first.evaluate("one => one.selectedIndex")
        first.select_option(index=0 if last else 1)
        explorer.drawn(other_than=wanted)
        explorer.flurry(first, last)
        explorer.drawn(same_as=wanted)
        page.page.wait_for_timeout(700)
        assert explorer.picture() == wanted, "the last choice wins, and nothing comes after it"
        assert explorer.outputs() == outputs
    assert page.faults() == [] and page.noise == []


def test_what_an_explorer_shows_is_a_click_away(page, tmp_path):
    for explorer in page.explorers():
        explorer.choices.nth(0).select_option(index=1)
        district = explorer.choices.nth(0).evaluate("one => one.value")
        line = explorer.cell.locator("code", has_text=f"='{district}'")
        line.first.wait_for()
        files = saved(page, explorer.cell.locator(".downloads").last, tmp_path)
        assert files["PNG"].startswith(b"\x89PNG")
        sheet, table = pd.read_excel(io.BytesIO(files["Excel"])), pd.read_csv(io.BytesIO(files["CSV"]))
        assert len(sheet) == len(table) > 0 and list(sheet.columns) == list(table.columns)
    assert page.noise == []


def test_figure_and_table_of_a_result_are_a_click_away(page, tmp_path):
    figures = page.page.locator(".perflib-result", has=page.page.locator("img"))
    section = figures.filter(has=page.page.get_by_role("link", name="Excel")).first  # none for more than 20,000 cells
    files = saved(page, section.locator(".downloads"), tmp_path)
    assert files["PNG"].startswith(b"\x89PNG")
    shown = section.locator("table").first.locator("tbody tr").count()
    assert len(pd.read_excel(io.BytesIO(files["Excel"]))) >= min(shown, 60)
    assert len(pd.read_csv(io.BytesIO(files["CSV"]))) == len(pd.read_excel(io.BytesIO(files["Excel"])))


@pytest.mark.slow
def test_a_notebook_that_fails_or_complains_is_noticed(lab, opened):
    import nbformat
    from nbformat import v4

    cells = ["import sys; print('odd', file=sys.stderr)", "1 / 0", "2"]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    bad = v4.new_notebook(cells=list(map(v4.new_code_cell, cells)), metadata=kernel)
    nbformat.write(bad, lab.folder / "notebooks" / "zz_bad.ipynb")
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        opened("zz_bad.ipynb")


def saved(page, links, folder) -> dict[str, bytes]:
    """What a click on each link saves."""
    found = {}
    for link in links.locator("a").all():
        with page.page.expect_download() as download:
            link.click()
        target = folder / download.value.suggested_filename
        download.value.save_as(target)
        found[link.inner_text()] = target.read_bytes()
        assert target.suffix in (".png", ".xlsx", ".csv") and target.stem.isidentifier()
    return found
