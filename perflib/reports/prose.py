"""Words from a notebook as safe HTML: markdown without raw HTML, foreign HTML reduced to harmless tags."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from markupsafe import Markup

_TAGS = frozenset(
    "table thead tbody tfoot tr th td caption p div span ul ol li b i em strong code pre br hr h3 h4 h5 sub sup "
    "dl dt dd".split()
)
_ATTRIBUTES = {"th": ["scope", "colspan", "rowspan"], "td": ["colspan", "rowspan"]}
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def markdown(source: str) -> Markup:
    """Markdown as HTML: raw HTML is shown as text, no link leaves for a script, no picture is fetched."""
    return Markup(_renderer()(source))


def harmless(html: str) -> Markup:
    """``html`` with only tables, lists and text marks left; every style, script, link and picture is taken out."""
    import bleach  # type: ignore[import-untyped]

    return Markup(bleach.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, strip=True, strip_comments=True))


def plain(text: str) -> str:
    """``text`` without terminal colours."""
    return _ANSI.sub("", text)


@cache
def _renderer() -> Any:
    import mistune

    class Renderer(mistune.HTMLRenderer):
        def image(self, text: str, url: str, title: str | None = None) -> str:
            return super().image(text, url, title) if url.startswith("data:image/") else mistune.escape(text)

        def heading(self, text: str, level: int, **attributes: Any) -> str:
            name = slug_of(re.sub(r"<[^>]+>", "", text))
            return f'<h{level} id="{name}">{text}</h{level}>\n'

    return mistune.create_markdown(renderer=Renderer(escape=True), plugins=["table", "strikethrough"])


def slug_of(text: str) -> str:
    """An id for a heading."""
    return "s-" + (re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "section")
