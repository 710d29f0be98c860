"""Small offline pages beside the reports: the index of a plan, the reason of a failure."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

FOLDER = Path(__file__).parent / "template"


def page(template: str, **content: Any) -> str:
    """A template filled, every datum escaped; styles by hash, no script, nothing to fetch."""
    style = (FOLDER / "plain.css").read_text(encoding="utf-8")
    hashed = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{hashed}'; img-src data:; base-uri 'none'; form-action 'none'"
    text: str = _environment().get_template(template).render(style=Markup(style), policy=Markup(policy), **content)
    return text


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
