"""The index of a batch in a real browser: failures first, every link works, no word from the browser, no request."""

from __future__ import annotations

import nbformat
import pytest
import yaml
from nbformat import v4

from perflib.reports.batch import report

CELL = """import pandas as pd, perflib as pf
if beat == "0499": raise ValueError("no <calls> in beat 0499")
pf.Result("tiny", pd.DataFrame({"n": [n]}), "T", "A.", "", facts={"beat": beat, "n": n})"""
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """A folder of reports: a notebook in a folder below the plan, one run of which fails."""
    folder = tmp_path_factory.mktemp("batch")
    (folder / "notebooks").mkdir()
    parameters = v4.new_code_cell('beat: str = "0411"\nn: int = 1', metadata={"tags": ["parameters"]})
    nbformat.write(
        v4.new_notebook(cells=[v4.new_markdown_cell("# Tiny"), parameters, v4.new_code_cell(CELL)]),
        folder / "notebooks" / "tiny report.ipynb",
    )
    plan = folder / "plan.yml"
    beats = ["0411", "0499", HOSTILE]
    plan.write_text(
        yaml.safe_dump({"out": "out", "runs": [{"notebook": "notebooks/tiny report", "parameters": {"beat": beats}}]}),
        encoding="utf-8",
    )
    status = report(plan, workers=1)
    assert (status["done"], status["failed"]) == (2, 1)
    return folder / "out"


@pytest.fixture
def visit(browser, batch):
    """The index opened in place with the network off, and all the browser said or asked for beside its own files."""
    context = browser.new_context(offline=True, viewport={"width": 1100, "height": 800})
    page, noise = context.new_page(), []
    page.set_default_timeout(8000)
    page.on("console", lambda message: noise.append(f"console {message.type}: {message.text}"))
    page.on("pageerror", lambda error: noise.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (noise.append("dialog"), dialog.dismiss()))
    page.on("requestfailed", lambda request: noise.append(f"failed: {request.url}"))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((batch.as_uri(), "data:")) else noise.append(f"asked: {request.url}")
        ),
    )
    page.goto((batch / "index.html").as_uri())
    yield page, noise
    context.close()


def test_failures_stand_first_with_their_reason(visit):
    page, noise = visit
    headings = page.locator("h2").all_inner_texts()
    assert headings[0] == "Failed" and headings[-1] == "All reports"
    alert = page.locator(".alert")
    assert "beat 0499" in alert.inner_text() and "ValueError: no <calls> in beat 9999" in alert.inner_text()
    top = page.locator("main").bounding_box()["y"]
    assert alert.bounding_box()["y"] < top + 250, "without scrolling"
    assert page.locator(".failed").inner_text() == "1 FAILED"
    assert noise == []


def test_texts_of_parameters_stay_texts(visit):
    page, noise = visit
    assert page.get_by_text(HOSTILE).count() == 1 and page.locator("img").count() == 0
    assert noise == []


def test_every_link_opens_its_report(visit, batch):
    page, noise = visit
    links = page.locator("main a").evaluate_all("all => all.map(one => one.href)")
    assert len(links) == 3
    for link in links:
        page.goto(link)
        assert page.url == link and page.locator("h1").count() == 1
        words = page.locator("body").inner_text()
        assert ("FAILED" in words) == link.endswith("failure.html")
    page.goto((batch / "index.html").as_uri())
    page.locator("main a").last.click()
    page.locator("h1", has_text="Tiny").wait_for()
    assert noise == []


def test_it_is_readable_without_scripts(browser, batch):
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto((batch / "index.html").as_uri())
    assert page.locator("tbody tr").count() == 3
    assert "script" not in (batch / "index.html").read_text(encoding="utf-8").replace("onerror", "").split("</head>")[1]
    context.close()
