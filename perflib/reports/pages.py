"""Small offline pages beside the reports: the index of a plan, the reason of a failure."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

FOLDER = Path(__file__).parent / "template"


@cache
def environment() -> Any:
    """The templates, every datum escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": _number, "data": data}
    return made


def hash_of(text: str) -> str:
    """How a content policy names a style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()


def data(value: Any) -> Markup:
    """JSON that no text in it can break out of."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _page(template: str, **content: Any) -> str:
    """A template filled; styles by hash, no script, nothing to fetch."""
    style = (FOLDER / "plain.css").read_text(encoding="utf-8")
    policy = f"default-src 'none'; style-src '{hash_of(style)}'; img-src data:; base-uri 'none'; form-action 'none'"
    text: str = environment().get_template(template).render(style=Markup(style), policy=Markup(policy), **content)
    return text


def failure_page(manifest: Mapping[str, Any]) -> str:
    """Why a run failed: cell, exception, parameters, inputs, earlier attempts."""
    return _page("failure.html.j2", manifest=manifest, error=manifest["error"] or {})


def index_page(status: Mapping[str, Any]) -> str:
    """The index of a plan's reports: failures first, then what changed, then every report."""
    failed = [run for run in status["runs"] if run["status"] == "failed"]
    done = [run for run in status["runs"] if run["status"] != "failed"]
    changed = [run for run in done if run["changes"]]
    return _page("index.html.j2", status=status, failed=failed, done=done, changed=changed)


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return "none" if value is None else str(value)
