"""What a reader can do with the page in a real browser: choose, hover, sort, filter, save; by keyboard, on paper."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbformat import v4

import perflib.reports
from perflib.figures import Chart, style
from perflib.reports.render import LINES, render
from perflib.result import Result

TEMPLATE = Path(perflib.reports.__file__).parent / "template"
AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js.gz"
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
MANIFEST = {
    "status": "done",
    "notebook": {"file": "n.ipynb", "sha256": "0"},
    "parameters": {"beat": "0412"},
    "inputs": [],
    "versions": {"perflib": "0"},
    "started": "2025-12-01T00:00:00+00:00",
    "error": None,
    "as_of": None,
}


def months() -> Result:
    """Two districts, twelve months, an interval, a count and a share."""
    dates = pd.date_range("2025-01-01", periods=12, freq="MS")
    rows = [
        {
            "month": month,
            "district": district,
            "n": 100 + k,
            "median": 5.0 + k + 10 * place,
            "median_low": 4.0 + k + 10 * place,
            "median_high": 6.5 + k + 10 * place,
            "missing_share": 0.031 + k / 1000,
        }
        for place, district in enumerate(("0412", "North"))
        for k, month in enumerate(dates)
    ]
    chart = Chart("line", "month", "median", "median_low", "median_high", "district", y_label="Minutes", alt="Rising.")
    labels = {"month": "Month", "district": "District", "n": "Calls", "median": "Median (min)"}
    labels |= {"missing_share": "Missing (share)"}
    return Result("months", pd.DataFrame(rows), "By month", "Rising.", "", ("Few calls.",), chart=chart, labels=labels)


def priorities() -> Result:
    """Seven priorities as dots, one of them without a value."""
    table = pd.DataFrame(
        {
            "priority": list("1234567"),
            "n": range(7, 0, -1),
            "median": [4.8, 12, 22, 33, 40, 41, None],
            "median_low": [4.6, 11, 20, 30, 39, 40, None],
            "median_high": [5.1, 13, 25, None, 42, 43, None],
            "p90": [9.3, 39, 90, 195, 200, 201, None],
            "note": [""] * 6 + ["too few"],
        }
    )
    table["late"] = table["median"] == 41
    marks = {"also": [{"y": "p90", "label": "slow"}], "label": "median", "note": "note", "target": 7.0}
    chart = Chart(
        "dots",
        "priority",
        "median",
        "median_low",
        "median_high",
        marks=marks | {"highlight": "late"},
        y_label="Minutes",
        alt="Seven waits.",
    )
    return Result("priorities", table, "By priority", "Seven waits.", "", ("Calls of the public.",), chart=chart)


def others() -> list[Result]:
    """The remaining kinds of chart."""
    weeks = pd.DataFrame({"week": range(1, 21), "y": [5.0] * 19 + [9.0], "lower": 3.0, "centre": 5.0, "upper": 7.0})
    weeks["signal"] = weeks["y"] > weeks["upper"]
    marks = {name: name for name in ("lower", "centre", "upper", "signal")}
    control = Chart("control", "week", "y", marks=marks, alt="One signals.")
    ends = pd.DataFrame({"day": [0, 1, 2], "open": [1, 0.8, 0.5], "low": [1, 0.7, 0.4], "high": [1, 0.9, 0.6]})
    steps = Chart("steps", "day", "open", "low", "high", alt="Half by day two.")
    bars = Chart("bars", "kind", "count", by="year", alt="More.")
    kinds = pd.DataFrame({"kind": ["a", "b"] * 2, "year": ["2024", "2024", "2025", "2025"], "count": [3, 4, 5, -1]})
    return [
        Result("weeks", weeks, "By week", "One signals.", "", chart=control),
        Result("ends", ends, "Until closed", "Half.", "", chart=steps),
        Result("kinds", kinds, "By kind", "More.", "", chart=bars),
    ]


def page_of(*results: Result, **manifest: object) -> str:
    def shown(result: Result, *tags: str) -> nbformat.NotebookNode:
        outputs = [v4.new_output("display_data", data=result._repr_mimebundle_())]
        return v4.new_code_cell("shown", outputs=outputs, metadata={"tags": list(tags)})

    scope = Result("about", pd.DataFrame(), "Scope", "All calls.", "", facts={"department": "Testville"})
    cells = [v4.new_markdown_cell("# Report\n\n## Asked\n\nHow long?"), shown(scope), v4.new_markdown_cell("## Part")]
    cells += [shown(results[0], "headline"), *map(shown, results[1:])]
    return render(v4.new_notebook(cells=cells), MANIFEST | manifest)


@pytest.fixture(scope="module")
def whole() -> str:
    return page_of(months(), priorities(), *others())


def shown_rows(section) -> list[str]:
    return section.locator("table >> nth=0").locator("tbody tr:not([hidden]) >> th").all_inner_texts()


def test_every_kind_of_chart_is_drawn_without_a_word_from_the_browser(open_page, whole):
    page, noise = open_page(whole)
    assert noise() == []
    assert page.locator("section.live").count() == 5 and page.locator("figure img:visible").count() == 0
    inked = page.eval_on_selector_all(
        "canvas",
        """all => all.map(canvas => new Set(new Uint32Array(
        canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size)""",
    )
    assert len(inked) == 3 and min(inked) > 5
    assert page.locator("#result-priorities svg circle").count() == 5, "median without the highlighted one"
    assert page.locator("#result-kinds svg rect").count() == 5, "four bars and the pointer"


def test_choosing_a_unit_and_a_period_narrows_figure_and_table(open_page, whole):
    page, noise = open_page(whole)
    section = page.locator("#result-months")
    section.get_by_role("button", name="North").click()
    section.locator("details.fold >> summary >> nth=0").click()
    assert section.locator("tbody tr:visible").count() == 12
    section.get_by_label("From").select_option(label="2025-03-01")
    section.get_by_label("to", exact=True).select_option(label="2025-05-01")
    assert shown_rows(section) == ["2025-03-01", "2025-04-01", "2025-05-01"]
    assert section.get_by_role("button", name=re.compile("CSV, 3 of 24 rows")).is_visible()
    section.get_by_role("button", name="0412").click()
    assert section.locator("tbody tr:visible").count() == 3, "the last unit stays"
    assert noise() == []


def test_choosing_a_measure_draws_it(open_page, whole):
    page, noise = open_page(whole)
    section = page.locator("#result-priorities")
    assert "Minutes" in section.locator("svg").text_content()
    section.get_by_label("Measure").select_option(label="N")
    assert "Minutes" not in section.locator("svg").text_content() and section.locator("svg circle").count() == 7
    months_ = page.locator("#result-months").get_by_label("Measure")
    assert months_.locator("option").all_inner_texts() == ["Median (min)", "Calls", "Missing (share)"]
    months_.select_option(label="Missing (share)")
    page.locator("#result-months .chart").press("ArrowRight")
    assert page.locator("#result-months .tip").inner_text().split("\n") == ["2025-01-01", "0412: 3.1%", "North: 3.1%"]
    assert noise() == []


def test_the_values_are_read_by_mouse_and_by_keyboard(open_page, whole):
    page, noise = open_page(whole)
    chart = page.locator("#result-months .chart")
    chart.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expected = ["2025-03-01", "0412: 7.00 (6.00 to 8.50)", "North: 17.00 (16.00 to 18.50)"]
    assert page.locator("#result-months .tip").inner_text().split("\n") == expected
    assert page.locator("#result-months [aria-live]").text_content() == "; ".join(expected)
    page.locator("#result-months .u-over").hover()
    assert page.locator("#result-months .tip").is_visible()
    page.locator("#result-priorities svg").hover(position={"x": 200, "y": 34})  # below the words of the target
    words = page.locator("#result-priorities .tip").inner_text().split("\n")
    assert words == ["1", "median: 4.80 (4.60 to 5.10)", "slow: 9.30", "N: 7"]
    page.locator("#result-weeks .chart").press("ArrowLeft")
    assert "Signal" in page.locator("#result-weeks .tip").inner_text()
    assert noise() == []


def test_a_table_is_sorted_and_filtered(open_page, whole):
    page, noise = open_page(whole)
    section = page.locator("#result-priorities")
    heading = section.locator("th[data-column=median] button >> nth=0")
    heading.click()
    assert shown_rows(section) == list("1234567")
    heading.press("Enter")
    assert shown_rows(section) == list("6543217"), "what is missing stays last"
    assert section.locator("th[data-column=median] >> nth=0").get_attribute("aria-sort") == "descending"
    section.get_by_label("Filter rows").fill("too few")
    assert shown_rows(section) == ["7"]
    assert noise() == []


def test_the_table_is_saved_as_csv_and_the_figure_as_png(open_page):
    table = pd.DataFrame(
        {"=x": ["=cmd|' /C calc'!A0", "a;=1+1", 'say "hi", O’Brien', " @SUM(1)", "\t-1"], "y": [-1.5, 2, None, 0, 1]}
    )
    result = Result("saved", table, "T", "A.", "", chart=Chart("dots", "=x", "y"))
    page, noise = open_page(page_of(result))
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Table (CSV)").click()
    content = Path(waiting.value.path()).read_bytes()
    assert waiting.value.suggested_filename == "saved.csv" and content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows == [
        ["'=x", "y"],
        ["'=cmd|' /C calc'!A0", "-1.5"],
        ["a;'=1+1", "2"],
        ['say "hi", O’Brien', ""],
        ["' @SUM(1)", "0"],
        ["'\t'-1", "1"],
    ]
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Picture (PNG)").click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG") and noise() == []


def test_on_paper_and_without_scripts_the_pictures_stand(open_page, whole):
    page, noise = open_page(whole)
    page.locator("#result-priorities").get_by_label("Filter rows").fill("no such row")
    page.emulate_media(media="print")
    assert page.locator("figure img:visible").count() == 5
    assert page.locator(".tools:visible, .chart:visible").count() == 0
    assert page.locator("#result-priorities tbody tr:visible").count() >= 7
    still, more = open_page(whole, java_script_enabled=False)
    assert still.locator("figure img:visible").count() == 5 and noise() + more() == []
    assert still.locator("button, select, input").count() == 0


def test_a_phone_shows_the_page_without_scrolling_sideways(open_page, whole):
    page, noise = open_page(whole, viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390 and noise() == []


def violations(page) -> list[str]:
    source = gzip.decompress(AXE.read_bytes())
    assert hashlib.sha256(source).hexdigest() == AXE_SHA256
    page.evaluate(source.decode("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{item['impact']}: {item['id']}: {item['nodes'][0]['html'][:120]}" for item in found]


def test_what_was_asked_stands_above_the_answer_and_the_answer_above_the_figure(open_page, whole):
    page, _ = open_page(whole)
    tops = [page.locator(place).bounding_box()["y"] for place in (".asked", ".headline", "#result-months .chart")]
    assert tops == sorted(tops) and page.locator(".headline p").inner_text() == "Rising." and tops[2] < 700


@pytest.mark.parametrize("media", ["screen", "print"])
def test_axe_finds_nothing_to_object_to(open_page, whole, media):
    page, _ = open_page(whole)
    page.emulate_media(media=media)
    assert violations(page) == []
    failed = page_of(months(), status="failed", error={"cell": 1, "exception": "E", "message": "m"})
    page, _ = open_page(failed, viewport={"width": 1440, "height": 900})
    assert violations(page) == []


def test_no_motion_for_those_who_asked_for_none(open_page, whole):
    for wish, behaviour in (("reduce", "auto"), ("no-preference", "smooth")):
        page, _ = open_page(whole, reduced_motion=wish)
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == behaviour


def test_the_page_and_matplotlib_use_the_same_colours_and_kinds():
    source = (TEMPLATE / "script" / "data.js").read_text(encoding="utf-8")
    assert re.findall(r'"(#\w+)"', re.search(r"const PALETTE = \[(.*?)\]", source)[1]) == list(style.PALETTE)
    told = dict(re.findall(r'(\w+) = "(#\w+)"', source))
    assert told == {"INK": style.INK, "MUTED": style.MUTED, "FAINT": style.FAINT, "ALERT": style.ALERT}
    page = (TEMPLATE / "script" / "page.js").read_text(encoding="utf-8")
    assert set(re.findall(r"(\w+): lineChart", page)) == LINES


def test_what_is_vendored_is_what_was_published():
    folder = TEMPLATE / "vendor"
    lines = (folder / "sha256.txt").read_text(encoding="utf-8").split("\n")[:-1]
    assert {line.split()[1]: line.split()[0] for line in lines} == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name not in ("README.md", "sha256.txt")
    }
    assert "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f  uPlot.iife.min.js" in lines


def test_page_and_table_write_numbers_alike(open_page):
    table = pd.DataFrame({"x": [1, 2], "p": [0.0004, 0.25], "n": [1200, 3], "tiny_share": [0.0004, 0.002]})
    table = table.assign(big=[12345.6, 1.0], minus=[-0.034, 0.01])
    page, _ = open_page(page_of(Result("r", table, "T", "A.", "", chart=Chart("line", "x", "p"))))
    for name in ("p", "n", "tiny_share", "big", "minus"):
        printed = page.locator(f"th[data-column={name}] >> nth=0").evaluate(
            "head => [...head.closest('table').tBodies[0].rows].map(row => row.cells[head.cellIndex].textContent)"
        )
        if name != "p":
            page.get_by_label("Measure").select_option(label=name.replace("_", " ").capitalize())
        page.locator(".chart").press("ArrowRight")
        assert page.locator(".tip").inner_text().split("\n")[1].split(": ")[1] == printed[0], name
    assert printed[0] == "\u22120.0340"


def test_no_script_makes_markup_from_text_or_asks_a_host():
    for path in (TEMPLATE / "script").iterdir():
        source = path.read_text(encoding="utf-8")
        made = re.search(r"(inner|outer|Adjacent)HTML|eval\(|Function\(|fetch\(|XMLHttp|document\.write", source)
        assert not made, path
