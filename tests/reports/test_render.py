"""The page trusts no text, asks no host, and a real browser agrees."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pandas as pd
from nbformat import v4

from perflib.figures import Chart
from perflib.reports.render import render
from perflib.result import Result

HOSTILE = json.loads((Path(__file__).parent / "hostile.json").read_text(encoding="utf-8"))
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


def notebook(*shown: object) -> nbformat.NotebookNode:
    """An executed notebook: markdown cells for texts, one output per Result or bundle."""
    cells = []
    for item in shown:
        if isinstance(item, str):
            cells.append(v4.new_markdown_cell(item))
            continue
        data = item._repr_mimebundle_() if isinstance(item, Result) else item
        cells.append(v4.new_code_cell("shown", outputs=[v4.new_output("display_data", data=data)]))
    return v4.new_notebook(cells=cells)


def hostile_result() -> Result:
    """A Result with every hostile text in every field that a department's records or a person can fill."""
    table = pd.DataFrame({"<b>text</b>": HOSTILE, "y": range(len(HOSTILE))})
    chart = Chart("dots", "<b>text</b>", "y", x_label=HOSTILE[0], alt=" ".join(HOSTILE))
    all_of_it = " ".join(HOSTILE)
    facts = {text: text for text in HOSTILE} | {"department": all_of_it, "period": all_of_it, "as_of": all_of_it}
    return Result(
        "about",
        table,
        all_of_it,
        all_of_it,
        all_of_it,
        tuple(HOSTILE),
        facts,
        chart,
        {"<b>text</b>": HOSTILE[0], "y": HOSTILE[3]},
    )


class Tags(HTMLParser):
    """Collects the tags, attributes and data blocks of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def hostile_page() -> str:
    texts = [f"## {text}\n\n{text}" for text in HOSTILE]
    manifest = MANIFEST | {
        "parameters": {"beat": " ".join(HOSTILE)},
        "inputs": [{"path": HOSTILE[0], "bytes": 1, "sha256": HOSTILE[1]}],
        "status": "failed",
        "error": {"cell": 1, "exception": HOSTILE[0], "message": HOSTILE[1]},
    }
    html = {"text/html": "<table style='x'><tr onclick='x'><td>1</td></tr></table>" + "".join(HOSTILE)}
    return render(notebook(*texts, hostile_result(), html), manifest)


def test_no_text_becomes_markup():
    parser = Tags()
    parser.feed(hostile_page())
    for tag, attributes in parser.seen:
        assert tag not in {"svg", "iframe", "object", "embed", "form", "input", "b"}, tag
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        assert (attributes.get("src") or "data:image/").startswith("data:image/"), attributes
        assert not (attributes.get("href") or "").lower().startswith(("javascript", "http")), attributes
    scripts = [attributes.get("type") for tag, attributes in parser.seen if tag == "script"]
    assert scripts == ["application/json", None], "the data, and our own script"
    assert [tag for tag, _ in parser.seen].count("style") == 1


def test_the_data_block_gives_back_every_text():
    block = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', hostile_page(), re.DOTALL)
    assert block and json.loads(block[1]) == hostile_result().describe()


def policy_of(page: str) -> list[str]:
    found = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert found
    return found[1].replace("&#39;", "'").split("; ")


def test_the_policy_allows_our_styles_and_scripts_by_hash_and_nothing_else():
    table = pd.DataFrame({"x": [1, 2], "y": [1, 2]})
    page = render(notebook(Result("r", table, "T", "A.", "", chart=Chart("line", "x", "y"))), MANIFEST)
    rules = policy_of(page)
    assert rules[0] == "default-src 'none'" and rules[1] == "img-src data:"
    for rule, tag in ((rules[2], "style"), (rules[3], "script")):
        texts = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
        assert rule == " ".join([f"{tag}-src", *(f"'sha256-{found}'" for found in hashes)])
    assert rules[4:] == [
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
    assert "unsafe" not in " ".join(rules)


def test_a_page_without_figures_has_no_script():
    page = render(notebook("# T"), MANIFEST)
    assert "<script" not in page and not [rule for rule in policy_of(page) if rule.startswith("script-src")]


def test_intervals_stand_beside_their_estimate_and_shares_are_in_per_cent():
    table = pd.DataFrame(
        {
            "beat": ["0412", "7"],
            "m": [4.823, None],
            "m_low": [4.6, None],
            "m_high": [5.1, None],
            "missing_share": [0.031, 1],
        }
    )
    page = render(notebook(Result("r", table, "T", "A.", "", labels={"m": "Median (min)"})), MANIFEST)
    assert '<th scope="row">0412</th><td class="number">4.82 (4.60 to 5.10)</td><td class="number">3.1%</td>' in page
    assert '<th scope="row">7</th><td class="number">–</td><td class="number">100.0%</td>' in page
    assert '<th scope="col" data-column="m" class="number">Median (min)</th>' in page and "M low" not in page


def test_a_caveat_is_said_once_and_counted_after():
    table = pd.DataFrame({"a": [1]})
    results = [Result(name, table, "T", "A.", "", ("First.", "Second.")) for name in ("one", "two")]
    page = render(notebook(*results), MANIFEST)
    assert page.count("<li>First.</li>") == 1 and "2 caveats stated above" in page


def test_caveats_of_a_figure_stand_in_it_and_are_read_aloud_but_not_seen_twice():
    table = pd.DataFrame({"a": [1, 2], "y": [1, 2]})
    drawn = Result("drawn", table, "T", "A.", "", ("First.",), chart=Chart("line", "a", "y"))
    page = render(notebook(drawn, Result("listed", table, "T", "A.", "", ("First.", "Second."))), MANIFEST)
    hidden, seen = page.split('<div class="notes">')[1].split('<div class="caveats">')
    assert "<li>First.</li>" in hidden and "<li>Second.</li>" in seen and "<li>First.</li>" not in seen


def test_a_wide_table_shows_what_matters_and_holds_the_rest():
    table = pd.DataFrame({"interval": ["a_b", "b_c"], "words": ["a to b", "b to c"], "n": [5, 6]})
    extra = {f"extra_{k}": [1.5, 2.5] for k in range(9)}
    table = table.assign(**extra, missing_share=0.5, m=[3.0, 4.0], m_low=[2.0, 3.0], m_high=[4.0, 5.0])
    table["trust"] = "a very long text " * 20
    page = render(notebook(Result("r", table, "T", "A.", "", labels={"words": "Interval"})), MANIFEST)
    main, complete = page.split("All columns (14)")
    assert re.findall(r'data-column="([^"]+)"', main) == ["words", "n", "m", "missing_share"]
    assert 'data-column="trust"' in complete and 'data-column="interval"' not in page


def test_one_row_of_many_columns_stands_upright_and_no_rows_leave_no_table():
    wide = pd.DataFrame({f"c{k}": [k] for k in range(12)})
    page = render(notebook(Result("r", wide, "T", "A.", "")), MANIFEST)
    assert '<tr><th scope="row">C11</th><td>11</td></tr>' in page and "All columns" not in page
    empty = Result("r", pd.DataFrame(columns=["rule"]), "T", "Nothing.", "")
    assert "<table><caption>" not in render(notebook(empty), MANIFEST)


def test_a_missing_title_is_made_of_the_name():
    assert "Response targets</h3>" in render(notebook(Result.not_assessable("response_targets", "none")), MANIFEST)


def test_chromium_offline_finds_nothing_to_fetch_and_nothing_to_run(open_page):
    page, noise = open_page(hostile_page())
    assert noise() == []
    assert page.title() != "owned" and page.locator("#report").is_visible()
    sizes = page.eval_on_selector_all("img", "images => images.map(image => image.naturalWidth)")
    assert sizes and min(sizes) > 100
    page.emulate_media(media="print")
    assert page.locator("#report").is_visible()


def test_chromium_with_scripts_off_shows_the_same_words(open_page):
    result = Result("r", pd.DataFrame({"a": [1]}), "T", "The finding, 4.82 minutes.", "")
    page, noise = open_page(render(notebook(result), MANIFEST), java_script_enabled=False)
    assert noise() == [] and page.get_by_text("The finding, 4.82 minutes.").is_visible()


def test_only_a_picture_in_data_is_taken_from_the_bundle():
    forged = Result("r", pd.DataFrame({"a": [1]}), "T", "A.", "")._repr_mimebundle_()
    forged["text/html"] = '<img src="data:image/png;base64,AAAA" onload="x"><img src="http://example.invalid/x.png">'
    page = render(notebook(forged), MANIFEST)
    assert 'src="data:image/png;base64,AAAA">' in page and "onload" not in page and "example.invalid" not in page


def test_a_narrow_table_without_a_figure_is_shown_whole():
    from perflib.reports.table import html_table

    columns = ["district", "offence", "now", "before", "ratio", "ratio_low", "ratio_high", "verdict"]
    verdict = "no change shown; year to date: more than chance, up against the mean"
    row = ["0412", "Burglary", 12, 8, 1.5, 0.8, 2.9, verdict]
    described = {"columns": columns, "rows": [row], "labels": {}, "chart": None}
    shown = str(html_table(described, "For the meeting").main)
    assert all(text in shown for text in ("Burglary", "12", "1.50 (0.80 to 2.90)", "year to date"))
