"""A corpus of injections through every text field, from a department's records to the page and the saved files."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from nbformat import v4

import perflib as pf
from perflib.figures import Chart
from perflib.reports.render import render
from perflib.result import Result

HOSTILE = json.loads((Path(__file__).parent / "hostile.json").read_text(encoding="utf-8"))
ALL = " ".join(HOSTILE)
NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?|True|False|true|false|\d{4}-\d\d-\d\d.*")
EVALUATED = re.compile(r"^\s*[=+\-@＝＋－＠]|^[\t\r\n]|[\t\r\n;]\s*[=+\-@＝＋－＠]")


@cache
def hostile_records() -> list[Result]:
    """What the metrics make of a department whose every text is hostile."""
    calls = pd.DataFrame({"call_id": [f"{at} {k} {text}" for at, text in enumerate(HOSTILE) for k in range(12)]})
    texts = pd.Series([text for text in HOSTILE for _ in range(12)])
    start = pd.Timestamp("2025-03-01", tz="UTC") + pd.to_timedelta(range(len(calls)), unit="h")
    arrived = start + pd.to_timedelta([5 + k % 12 for k in range(len(calls))], unit="min")
    calls = calls.assign(district=texts, priority=texts, call_type=texts, beat=texts, origin="public")
    calls = calls.assign(received_at=start, arrived_at=arrived)
    dept = pf.from_frames(calls=calls, name=ALL, timezone="America/New_York")
    kept = dept.keep({"district": [text for text in HOSTILE if "\0" not in text]}, because=ALL)
    response = pf.metrics.response
    return [
        pf.reports.about(kept),
        response.by_priority(kept).with_caveats(*HOSTILE),
        response.response(kept, "district", name="by_district"),
        pf.reports.decisions(kept),
    ]


@cache
def hostile_charts() -> list[Result]:
    """Every kind of chart with hostile columns, labels, groups and words."""
    base = pd.DataFrame({"<b>c</b>": HOSTILE, "=g": HOSTILE[::-1], "y": range(len(HOSTILE)), "x": range(len(HOSTILE))})
    made = []
    for kind, x, by in (
        ("line", "x", "=g"),
        ("line", "<b>c</b>", None),
        ("control", "x", None),
        ("steps", "x", "=g"),
        ("dots", "<b>c</b>", None),
        ("bars", "<b>c</b>", None),
        ("dots", "=g", "<b>c</b>"),
    ):
        marks = {"note": "=g"} if kind == "dots" and not by else {}
        chart = Chart(kind, x, "y", by=by, x_label=ALL, y_label=HOSTILE[0], alt=ALL, marks=marks)
        made.append(
            Result(
                f"r{len(made)}",
                base,
                ALL,
                ALL,
                ALL,
                (ALL,),
                {HOSTILE[0]: ALL},
                chart,
                {"y": HOSTILE[1], "<b>c</b>": HOSTILE[4]},
            )
        )
    return made


@cache
def page_of(made: Callable[[], list[Result]]) -> str:
    results = made()
    cells = [v4.new_markdown_cell(f"# {HOSTILE[0]}")]
    cells += [v4.new_markdown_cell(f"## {text}\n\n{text}") for text in HOSTILE]
    for result in results:
        outputs = [v4.new_output("display_data", data=result._repr_mimebundle_())]
        cells.append(v4.new_code_cell(ALL, outputs=outputs))
    manifest = {
        "status": "failed",
        "notebook": {"file": HOSTILE[0], "sha256": HOSTILE[1]},
        "parameters": {ALL: ALL},
        "inputs": [{"path": ALL, "bytes": 1, "sha256": ALL}],
        "versions": {"perflib": ALL, ALL: ALL},
        "started": HOSTILE[0],
        "error": {"cell": ALL, "exception": ALL, "message": ALL},
        "as_of": ALL,
    }
    return render(v4.new_notebook(cells=cells), manifest)


def use_everything(page) -> None:
    """Press, choose and fill whatever there is."""
    for details in page.locator("details").all():
        details.evaluate("found => { found.open = true; }")
    for chart in page.locator(".chart").all():
        chart.press("ArrowRight")
        chart.press("ArrowDown")
    for button in page.locator(".tools button, button.sort").all():
        if "CSV" not in (button.text_content() or ""):
            button.evaluate("found => { found.click(); found.click(); }")
    for choice in page.locator("select").all():
        choice.evaluate("""found => { for (let n = 0; n < Math.min(4, found.options.length); n += 1) {
            found.selectedIndex = n; found.dispatchEvent(new Event("change")); } }""")
    for field in page.locator("input").all():
        field.fill("<script>")
        field.fill("")


@pytest.mark.parametrize("made", [hostile_records, hostile_charts])
def test_nothing_is_executed_whatever_stands_in_the_records(open_page, made):
    results = made()
    page, noise = open_page(page_of(made))
    drawn = sum(result.chart is not None for result in results)
    assert page.locator("section.live").count() == drawn > 0
    use_everything(page)
    assert noise() == [] and page.title() != "owned"
    assert page.locator("main script:not([type='application/json'])").count() == 0
    assert page.locator("main b, main iframe, main form, main link, main style").count() == 0
    assert page.evaluate("({}).owned === undefined && !('owned' in window)")


@pytest.mark.parametrize("made", [hostile_records, hostile_charts])
def test_nothing_is_evaluated_by_a_spreadsheet(open_page, made, tmp_path):
    results = [result for result in made() if len(result.table)]
    for result in results:
        replace(result, chart=None).save(tmp_path)
        sheet = openpyxl.load_workbook(tmp_path / f"{result.name}.xlsx").active
        assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
        check_csv((tmp_path / f"{result.name}.csv").read_bytes())
    page, _ = open_page(page_of(made))
    for button in page.get_by_role("button", name=re.compile("CSV")).all():
        with page.expect_download() as waiting:
            button.click()
        content = Path(waiting.value.path()).read_bytes()
        name = waiting.value.suggested_filename
        check_csv(content)
        assert texts_of(content) == texts_of((tmp_path / name).read_bytes()), "the page and save() write the same texts"


def texts_of(content: bytes) -> list[list[str]]:
    return [[field for field in row if not NUMBER.fullmatch(field)] for row in rows_of(content)[1:]]


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def check_csv(content: bytes) -> None:
    for row in rows_of(content):
        for field in row:
            assert not EVALUATED.search(field) or NUMBER.fullmatch(field), field


def test_the_corpus_holds_every_kind():
    kinds = ("<script", "<svg", "=cmd", "](javascript:", "\\input", "{{", "\t=", "a;=", "__proto__")
    assert all(any(kind in text for text in HOSTILE) for kind in kinds)
