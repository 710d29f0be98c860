"""One page that says why a run failed: cell, exception, parameters, inputs, earlier attempts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perflib.reports.pages import page


def failure_page(manifest: Mapping[str, Any]) -> str:
    """The failure report of a run as one offline HTML page, every datum escaped."""
    return page("failure.html.j2", manifest=manifest, error=manifest["error"] or {})
