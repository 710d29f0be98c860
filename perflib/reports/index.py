"""The index of a plan's reports: failures first, then what moved, then every report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from perflib.reports.pages import page

SHOWN = 6


def index_page(status: Mapping[str, Any]) -> str:
    """The index of a status as one offline HTML page, every datum escaped."""
    rows = [_row(run) for run in status["runs"]]
    failed = [row for row in rows if row["status"] == "failed"]
    done = [row for row in rows if row["status"] != "failed"]
    moved = [row for row in done if row["moved"]]
    return page("index.html.j2", status=status, failed=failed, moved=moved, done=done, shown=SHOWN)


def _row(run: Mapping[str, Any]) -> dict[str, Any]:
    stem = str(run["notebook"]).removesuffix(".ipynb")
    file = "failure.html" if run["status"] == "failed" else f"{stem}.html"
    given = {name: value for name, value in (run["parameters"] or {}).items() if value not in ("", False, None)}
    return {
        **run,
        "link": f"{quote(run['name'])}/{quote(file)}",
        "folder": f"{quote(run['name'])}/",
        "given": given,
        "moved": [_said(item) for item in run["moved"]],
    }


def _said(item: Mapping[str, Any]) -> dict[str, str]:
    return {"fact": str(item["fact"]), "before": _number(item["before"]), "after": _number(item["after"])}


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return "none" if value is None else str(value)
