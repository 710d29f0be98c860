"""Every notebook's page opens in a browser, draws its first figure and answers a filter within two seconds."""

from __future__ import annotations

import json
import re
import statistics
import time
from pathlib import Path

import pandas as pd
import pytest

from perflib.__main__ import main

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
SECONDS, TIMES, MOST_BYTES = 2.0, 3, 3_000_000
DECC = ("01_response_times", "04_seasonality", "05_community")  # calls alone: the others are not assessable
DATA = re.compile(r'<script type="application/json" class="perflib-data"[^>]*>(.*?)</script>', re.DOTALL)
DRAWN = "section.live canvas, section.live .canvas svg, figure img:visible"


@pytest.fixture(scope="module")
def page_of(tmp_path_factory):
    """A function of (notebook, department file) that runs it once from the command line and gives its page."""
    made: dict[tuple[str, str], Path] = {}

    def run(name: str, department: str = "") -> Path:
        if (name, department) not in made:
            out = tmp_path_factory.mktemp("pages")
            asked = ["--department", department] if department else []
            assert main(["run", str(ROOT / "notebooks" / f"{name}.ipynb"), "--out", str(out), *asked]) == 0
            made[name, department] = out / f"{name}.html"
        return made[name, department]

    return run


def results(page: Path) -> list[dict]:
    return [json.loads(text) for text in DATA.findall(page.read_text(encoding="utf-8"))]


def opened(browser, page: Path, section: str) -> tuple[float, float]:
    """Seconds until the first figure stands, and until the longest table has answered a filter that nothing passes."""
    context = browser.new_context(offline=True)
    try:
        tab, noise = context.new_page(), []
        tab.on("console", lambda message: noise.append(message.text))
        tab.on("pageerror", lambda error: noise.append(str(error)))
        tab.set_default_timeout(20_000)
        begun = time.perf_counter()
        tab.goto(page.as_uri(), wait_until="commit")
        tab.locator(DRAWN).first.wait_for()
        drawn = time.perf_counter()
        place = tab.locator(f"#result-{section}")
        place.locator("details.fold > summary").first.evaluate_all("all => all.forEach(one => one.click())")
        save = place.get_by_role("button", name="Table (CSV")
        save.wait_for()
        asked = time.perf_counter()
        place.get_by_label("Filter rows").fill("no such row")
        place.get_by_role("button", name="CSV, 0 of").wait_for()
        answered = time.perf_counter()
        assert noise == []
        return drawn - begun, answered - asked
    finally:
        context.close()


def held(browser, page: Path) -> None:
    found = results(page)
    longest = max((one for one in found if one["chart"]), key=lambda one: len(one["rows"]))
    seconds = [opened(browser, page, longest["name"]) for _ in range(TIMES)]
    for what, each in zip(("first figure", "filter"), zip(*seconds, strict=True), strict=True):
        median = statistics.median(each)
        assert median <= SECONDS, f"{page.name}: {what} after {median:.1f} s"
    assert page.stat().st_size < MOST_BYTES
    for one in found:
        only_one_value_at_a_place(one)


def only_one_value_at_a_place(result: dict) -> None:
    """A line that has two values at one place would be drawn through both of them, or through the last alone."""
    chart = result["chart"] or {}
    if chart.get("kind") not in ("line", "steps", "control") or not result["rows"]:
        return
    table = pd.DataFrame(result["rows"], columns=result["columns"]).dropna(subset=[chart["y"]])
    place = [column for column in (chart["x"], chart["by"], *chart["marks"].get("choose", ())) if column]
    assert not table.duplicated(place).any(), f"{result['name']}: two values at one place"


def test_the_longest_page_of_the_sample(browser, page_of):
    held(browser, page_of("03_case_resolution"))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if not name.startswith("03")])
def test_every_other_page_of_the_sample(browser, page_of, name):
    held(browser, page_of(name))


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_page_of_dispatch_records_alone(browser, realdata, monkeypatch, page_of, name):
    """Alexandria's calls; what needs cases, officers or stops says that it is not assessable, and why."""
    monkeypatch.setenv("PERFLIB_REALDATA", str(realdata))
    page = page_of(name, str(ROOT / "data" / "departments" / "decc.yml"))
    if name in DECC:
        return held(browser, page)
    reasons = [one["reason"] for one in results(page) if one["reason"]]
    assert reasons and not any(one["chart"] for one in results(page)), "a figure: put the notebook into DECC"
    return None
