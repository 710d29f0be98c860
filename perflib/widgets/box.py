"""The common shell of explorers: choices above; below them a text, an image and links, replaced and never added to."""

from __future__ import annotations

import asyncio
import html
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from perflib.errors import PerflibError
from perflib.figures import draw
from perflib.result import Result, links

ALL = "all"
#: seconds during which further choices are awaited, so that the last one wins; and until the links follow the figure.
_WAIT, _REST = 0.02, 1.0
_DPI, _SAVED_DPI = 110, 144


@dataclass(frozen=True)
class Pick:
    """One choice: what stands before it, its options (shown -> value) and the one it begins with."""

    label: str
    options: Sequence[str] | Mapping[str, Any]
    start: Any


def choices(rows: Any, column: str) -> list[str]:
    """The values of a column of an engine's table in order, "all" first; "all" alone without the column."""
    if column not in rows.columns:
        return [ALL]
    return [ALL, *sorted(map(str, rows.select(column).distinct().execute()[column].dropna()))]


def named(**chosen: str) -> dict[str, str]:
    """The choices that narrow a view: all but "all"."""
    return {name: value for name, value in chosen.items() if value != ALL}


def box(picks: Sequence[Pick], look: Callable[..., Result], call: Callable[..., Sequence[str]]) -> Any:
    """An ipywidgets box.

    Parameters
    ----------
    picks : one dropdown each. look : the chosen values, in their order, to the Result shown.
    call : the chosen values to what gives the same view or report again: lines to copy.
    """
    import ipywidgets

    text, image, keep = ipywidgets.HTML(), ipywidgets.Image(format="png", width=700), ipywidgets.HTML()
    downs = [
        ipywidgets.Dropdown(
            options=pick.options,
            value=pick.start,
            description=pick.label,
            layout={"width": "max-content"},
            style={"description_width": "initial"},
        )
        for pick in picks
    ]
    seen = lru_cache(maxsize=256)(lambda *chosen: look(*chosen).shared())  # small counts of people never reach it
    picture = lru_cache(maxsize=256)(lambda *chosen: pictured(seen(*chosen)))

    def chosen() -> tuple[Any, ...]:
        return tuple(down.value for down in downs)

    def show() -> None:
        try:
            (text.value, image.value), keep.value = picture(*chosen()), noted(seen(*chosen()))
            after.ask()
        except PerflibError as error:
            text.value, image.value, keep.value = html.escape(str(error)), b"", ""
        image.layout.display = None if image.value else "none"

    def offer() -> None:
        keep.value = saved(seen(*chosen()), call(*chosen()))

    after, now = Soon(offer, _REST, again=True), Soon(show, _WAIT)
    for down in downs:
        down.observe(lambda _: now.ask(), names="value")
    show()
    row = ipywidgets.HBox(downs, layout={"flex_flow": "row wrap", "grid_gap": "2px 14px"})
    return ipywidgets.VBox([row, text, image, keep])


class Soon:
    """Does one thing a moment later, once for all who asked meanwhile; at once where no event loop runs.

    ``again``: whoever asks starts the wait anew. Without it the first sets the time, so that the figure follows a key
    that is held down.
    """

    def __init__(self, action: Callable[[], None], wait: float, *, again: bool = False) -> None:
        self._action, self._wait, self._again = action, wait, again
        self._timer: asyncio.TimerHandle | None = None

    def ask(self) -> None:
        """Have it done."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return self._action()
        if self._timer is not None:
            if not self._again:
                return None
            self._timer.cancel()
        self._timer = loop.call_later(self._wait, self._do)
        return None

    def _do(self) -> None:
        self._timer = None
        self._action()


def pictured(result: Result) -> tuple[str, bytes]:
    """A Result as escaped HTML words and PNG bytes (none where it has no figure).

    Question, answer and caveats stand around the picture as text, not in it: letters are what takes long to draw.
    """
    result = result.shared()
    words = f"<b>{html.escape(result.title)}</b><br>{html.escape(result.answer)}"
    if result.chart is None:
        return words, b""
    buffer = io.BytesIO()
    # packing a figure small takes longer than sending it large to a browser on the same machine
    draw(result.table, result.chart).savefig(buffer, format="png", dpi=_DPI, pil_kwargs={"compress_level": 1})
    return words, buffer.getvalue()


def noted(result: Result) -> str:
    """The caveats as HTML."""
    lines = "".join(f"<li>{html.escape(caveat)}</li>" for caveat in result.shared().caveats)
    return f'<ul style="margin:2px 0;padding-left:18px;line-height:1.45;color:#5F6368">{lines}</ul>' if lines else ""


def saved(result: Result, lines: Sequence[str]) -> str:
    """HTML: caveats; the view's whole figure and table as files; the lines that give it again (a click selects one):
    the call of the view, then the command of the report."""
    result, buffer = result.shared(), io.BytesIO()
    if result.chart is not None:
        result.plot().savefig(buffer, format="png", dpi=_SAVED_DPI)
    files = links(result, buffer.getvalue()).replace("<a ", '<a style="color:#0B57D0;text-decoration:underline" ')
    labels = (("This view again", ""), ("The report", " (with --department FILE, unless it is the sample's)"))
    again = "".join(_again(label, line, rest) for (label, rest), line in zip(labels, lines, strict=False))
    return f'{noted(result)}<div style="line-height:1.7">{files}{again}</div>'


def _again(label: str, line: str, rest: str) -> str:
    style = "user-select:all;-webkit-user-select:all;background:#f1f3f4;padding:1px 5px"
    return f'<div>{label}: <code style="{style}">{html.escape(line)}</code>{rest}</div>'


def call_of(function: str, defaults: Mapping[str, Any], chosen: Mapping[str, Any]) -> str:
    """The call that opens an explorer on this view; what is the default is left out."""
    parts = [f"{name}={value!r}" for name, value in chosen.items() if value != defaults[name] and value != ALL]
    return f"pf.widgets.{function}({', '.join(['dept', *parts])})"


def command_of(notebook: str, chosen: Mapping[str, Any]) -> str:
    """The command that makes the report of this choice; values are quoted for a shell."""
    import shlex

    parts = [f" -p {shlex.quote(f'{name}={value}')}" for name, value in chosen.items() if value not in ("", ALL)]
    return f"perflib run notebooks/{notebook}.ipynb{''.join(parts)}"
