"""What a reader would stumble over: shares as .04, runs without a mark, ratios squeezed against zero, idle choices."""

from __future__ import annotations

import nbformat
import pandas as pd
import pytest
from nbformat import v4

from perflib.figures import Chart
from perflib.models.trend import control_chart
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
    cell = v4.new_code_cell("shown", outputs=[v4.new_output("display_data", data=result._repr_mimebundle_())])
    return render(nbformat.v4.new_notebook(cells=[v4.new_markdown_cell("# Report"), cell]), MANIFEST)


def dots(values, low, high, y_label, kind="dots", label="", **marks) -> Result:
    table = pd.DataFrame({"unit": list("abcd"), "y": values, "y_low": low, "y_high": high})
    labels = {"y": label} if label else {}
    return Result(
        "dots",
        table,
        "T",
        "A.",
        "",
        chart=Chart(kind, "unit", "y", "y_low", "y_high", y_label=y_label, marks=marks),
        labels=labels,
    )


def ticks(result: Result) -> list[str]:
    figure = result.plot()
    figure.canvas.draw()
    low, high = figure.axes[0].get_xlim()
    axis = figure.axes[0].xaxis
    return [
        text.get_text()
        for text, at in zip(axis.get_ticklabels(), axis.get_ticklocs(), strict=True)
        if low <= at <= high
    ]


SHARES = ([0.002, 0.04, 0.08, 0.17], [0.001, 0.03, 0.07, 0.16], [0.003, 0.05, 0.09, 0.18])


@pytest.mark.parametrize(
    "result", [dots(*SHARES, "Cleared (share of cases)"), dots(*SHARES, "Cleared", label="Cleared by arrest (share)")]
)
def test_a_share_is_written_in_per_cent_in_table_figure_and_page(open_page, result):
    page, noise = open_page(page_of(result))
    assert page.locator("tbody td").all_inner_texts() == [
        "0.2% (0.1% to 0.3%)",
        "4.0% (3.0% to 5.0%)",
        "8.0% (7.0% to 9.0%)",
        "17.0% (16.0% to 18.0%)",
    ]
    assert "5%" in page.locator(".canvas svg text").all_text_contents()
    page.locator(".chart").press("ArrowDown")
    assert page.locator(".tip").inner_text().endswith(": 0.2% (0.1% to 0.3%)")
    assert noise() == []


def test_the_printed_figure_writes_shares_in_per_cent_too():
    assert all(tick.endswith("%") for tick in ticks(dots(*SHARES, "Cleared (share of cases)")))
    assert not any("%" in tick for tick in ticks(dots(*SHARES, "Minutes")))


@pytest.mark.parametrize(("values", "y_label"), [([1.0, 20.0, 30.0, 4.0], "Share of days"), ([0.1] * 4, "Share (%)")])
def test_words_alone_make_no_share(values, y_label):
    assert not any(tick.endswith("%") for tick in ticks(dots(values, values, values, y_label)))


def test_a_ratio_stands_on_an_axis_of_its_own_and_bars_on_zero(open_page):
    near = ([0.97, 1.2, 0.93, 1.05], [0.94, 1.17, 0.88, 1.0], [1.0, 1.24, 0.99, 1.1])
    result = dots(*near, "Ratio", target=1.0)
    assert result.plot().axes[0].get_xlim()[0] > 0.8
    assert dots(*near, "Ratio", "bars").plot().axes[0].get_xlim()[0] == 0
    assert dots([1, 20, 3, 4], [0.5] * 4, [25] * 4, "Minutes").plot().axes[0].get_xlim()[0] == 0
    page, noise = open_page(page_of(result))
    words = page.locator(".canvas svg text").all_text_contents()
    assert "no difference 1" in words and "0" not in words and not any("target" in word for word in words)
    assert noise() == []


def test_points_that_meet_a_run_rule_are_marked_and_named(open_page):
    values = [10, 11, 9, 10, 12, 8, 10, 11, 9, 10, 11, 9, 10.6, 10.7, 10.8, 10.6, 10.9, 10.7, 10.6, 10.8, 10.7]
    found = control_chart(values, "i")
    assert found.facts["run_points"] and not found.facts["signals"]
    said = [text.get_text() for text in found.plot().axes[0].texts]
    assert f"○ {len(found.facts['run_points'])} meet a run rule" in said
    page, noise = open_page(page_of(found))
    page.locator(".chart").press("ArrowLeft")
    assert "Rule: 8 or more in a row above the centre" in page.locator(".tip").inner_text()
    assert noise() == []


def test_choices_stand_at_what_they_change(open_page):
    """A heat map is a picture: its choices narrow the table below it and stand there, without a line's colours."""
    table = pd.DataFrame([{"day": day, "hour": hour, "n": hour} for day in ("Mon", "Tue") for hour in range(4)])
    page, noise = open_page(page_of(Result("heat", table, "T", "A.", "", chart=Chart("heat", "hour", "n", by="day"))))
    button = page.get_by_role("button", name="Mon")
    assert button.bounding_box()["y"] > page.locator("figure").bounding_box()["y"] + 100
    assert page.locator(".swatch").count() == 0
    button.click()
    assert page.get_by_role("button", name="4 of 8 rows").count() == 1 and noise() == []


def test_a_heading_is_said_once(open_page):
    shown = [v4.new_output("display_data", data=dots(*SHARES, "Minutes")._repr_mimebundle_())]
    cells = [
        v4.new_markdown_cell("# Report"),
        v4.new_markdown_cell("## T\n\nProse."),
        v4.new_code_cell("shown", outputs=shown),
    ]
    page, noise = open_page(render(nbformat.v4.new_notebook(cells=cells), MANIFEST))
    assert page.locator("h2").first.inner_text() == "T" and page.locator("h3").first.bounding_box()["height"] <= 1
    assert noise() == []


def test_steps_begin_at_zero():
    """A share that starts at 12 % and ends at 24 % has not risen from nothing."""
    table = pd.DataFrame({"day": [0, 1, 2], "ended": [0.12, 0.2, 0.24]})
    result = Result("steps", table, "T", "A.", "", chart=Chart("steps", "day", "ended", y_label="Ended (share)"))
    assert result.plot().axes[0].get_ylim()[0] == 0
