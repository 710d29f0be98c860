"""The report page: one offline HTML file, every datum escaped, nothing to fetch, and only our own scripts by hash."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from markupsafe import Markup

from perflib.reports.facts import MIME
from perflib.reports.pages import FOLDER, environment, hash_of
from perflib.reports.prose import harmless, markdown, plain
from perflib.reports.table import html_table

SCRIPTS = ("data", "table", "lines", "lanes", "page")
CHARTS = ("vendor/uPlot.iife.min.js", "vendor/uPlot.min.css", "vendor/LICENSE.uPlot")
LINES = {"line", "control", "steps"}  # the kinds of chart the library draws; script/lines.js
_FIGURE = re.compile(r'src="(data:image/(?:png|svg\+xml);base64,[A-Za-z0-9+/=]+)"')
_HEADING = re.compile(r"^#{1,2}\s+(.+?)\s*$", re.MULTILINE)
_SHOWN_WHOLE, _SHOWN_ALONE = 14, 40
_BRIEF = 900  # characters of an introduction that may stand above the headline


def render(executed: Any, manifest: Mapping[str, Any]) -> str:
    """The page of an executed notebook, as text.

    Parameters
    ----------
    executed : the executed notebook (nbformat node); its Results are drawn from their described form.
    manifest : what the runner knows of the run: status, error, parameters, inputs, versions, as_of.

    The page asks no host for anything, and its policy forbids it: styles and scripts are allowed by hash, pictures as
    data, and no text may become markup. The data stand in blocks that are not executed. With scripts off it reads the
    same: pictures and tables stand as they are.
    """
    introduction, blocks = _introduction(_blocks(executed))
    messages = [block["text"] for block in blocks if block["kind"] == "message"]
    results = [block["result"] for block in introduction + blocks if block["kind"] == "result"]
    scripts = _scripts(results)
    style = _read("report.css") + (_read(CHARTS[1]) if len(scripts) > 1 else "")
    template = environment().get_template("report.html.j2")
    text: str = template.render(
        messages=messages,
        title=_title(executed, manifest),
        about=next((result["facts"] for result in results if result["name"] == "about"), {}),
        headline=_headline(blocks),
        introduction=introduction,
        blocks=blocks,
        results=results,
        contents=_contents(blocks),
        manifest=manifest,
        style=Markup(style),
        style_hash=hash_of(style),
        scripts=[Markup(script) for script in scripts],
        script_hashes=[hash_of(script) for script in scripts],
        code=[cell.source for cell in executed.cells if cell.cell_type == "code" and cell.source.strip()],
    )
    return text


@cache
def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _scripts(results: list[Any]) -> list[str]:
    """The chart library, where a figure needs it, and our own script; none when there is nothing to show."""
    if not any(result["rows"] for result in results):
        return []
    own = "".join(_read(f"script/{name}.js") for name in SCRIPTS)
    kinds = {(result["chart"] or {}).get("kind") for result in results}
    library = [f"/*!\n{_read(CHARTS[2]).strip()}\n*/\n{_read(CHARTS[0])}"] if kinds & LINES else []
    return [*library, f'(() => {{\n"use strict";\n{own}}})();\n']


def _blocks(executed: Any) -> list[dict[str, Any]]:
    """What stands on the page, in order; ``repeats`` marks a result whose title the section's heading has just said."""
    blocks = list(_shown(executed))
    heading = ""
    for block in blocks:
        if block["kind"] == "prose":
            heading = [heading, *_HEADING.findall(block["source"])][-1]
        elif block["kind"] == "result":
            block["repeats"] = block["result"]["title"] == heading
            heading = ""
    return blocks


def _introduction(blocks: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What stands before the section of the headline, when it is words only: it goes above the headline, in brief."""
    at = next((n for n, block in enumerate(blocks) if "headline" in block.get("tags", ())), 0)
    while at and blocks[at - 1]["kind"] == "prose":
        at -= 1
    before = blocks[:at]
    words = all(block["kind"] in ("prose", "message") or _wordy(block) for block in before)
    return (before, blocks[at:]) if words and sum(map(_length, before)) < _BRIEF else ([], blocks)


def _wordy(block: Mapping[str, Any]) -> bool:
    return block["kind"] == "result" and not block["figure"] and not block["result"]["rows"]


def _length(block: Mapping[str, Any]) -> int:
    return len(block["result"]["answer"]) if block["kind"] == "result" else len(block.get("html", ""))


def _shown(executed: Any) -> Iterator[dict[str, Any]]:
    earlier: set[str] = set()
    for cell in executed.cells:
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type == "markdown":
            yield {"kind": "prose", "html": markdown(_without_title(cell.source)), "source": cell.source, "tags": tags}
        elif cell.cell_type == "code" and "explorer" not in tags:  # unattended it repeats a figure of the page
            for output in cell.outputs:
                yield _output(output, earlier) | {"tags": tags}


def _without_title(source: str) -> str:
    return re.sub(r"\A\s*#\s+[^\n]*\n?", "", source)


def _output(output: Any, earlier: set[str]) -> dict[str, Any]:
    data = output.get("data", {})
    if MIME in data:
        return {"kind": "result"} | _result(data, earlier)
    if output.output_type == "error":
        return {"kind": "error", "text": plain("\n".join(output.traceback))}
    if output.output_type == "stream":
        return {"kind": "stream" if output.name == "stdout" else "message", "text": plain(output.text)}
    for kind in ("png", "jpeg"):
        if f"image/{kind}" in data:
            source = f"data:image/{kind};base64,{re.sub(r'[^A-Za-z0-9+/=]', '', data[f'image/{kind}'])}"
            return {"kind": "picture", "source": source, "alt": data.get("text/plain", "figure")}
    if "text/html" in data:
        return {"kind": "html", "html": harmless(data["text/html"])}
    if "text/markdown" in data:
        return {"kind": "prose", "html": markdown(data["text/markdown"]), "source": ""}
    return {"kind": "stream", "text": plain(data.get("text/plain", ""))}


def _result(data: Mapping[str, Any], earlier: set[str]) -> dict[str, Any]:
    described = data[MIME]
    figure = _FIGURE.search(data.get("text/html", ""))
    every = described["caveats"]
    # a figure leaves with all of its own
    caveats = every if figure else [caveat for caveat in every if caveat not in earlier]
    earlier.update(every)
    chart = described.get("chart") or {}
    return {
        "result": described,
        "figure": figure[1] if figure else "",
        "alt": chart.get("alt") or described["answer"],
        "table": html_table(described, described["title"]),
        "folded": len(described["rows"]) > (_SHOWN_WHOLE if chart else _SHOWN_ALONE),
        "caveats": caveats,
        "repeated": len(every) - len(caveats),
    }


def _title(executed: Any, manifest: Mapping[str, Any]) -> str:
    texts = (cell.source for cell in executed.cells if cell.cell_type == "markdown")
    headings = (match[1] for match in map(_HEADING.search, texts) if match)
    return next(headings, str(manifest["notebook"]["file"]))


def _headline(blocks: list[dict[str, Any]]) -> str:
    tagged = (block for block in blocks if block["kind"] == "result" and "headline" in block["tags"])
    return next((block["result"]["answer"] for block in tagged), "")


def _contents(blocks: list[dict[str, Any]]) -> list[tuple[str, str]]:
    pattern = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>', re.DOTALL)
    return [
        (name, Markup(text).striptags())
        for block in blocks
        if block["kind"] == "prose"
        for name, text in pattern.findall(block["html"])
    ]
