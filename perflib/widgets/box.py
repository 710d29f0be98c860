"""The common shell of explorers: choices above, one text and one image below that are replaced, never added to."""

from __future__ import annotations

import html
import io
from collections.abc import Callable, Mapping
from typing import Any

from perflib.agency import Department
from perflib.result import Result

ALL = "all"


def box(choices: Mapping[str, tuple[Any, str]], draw: Callable[..., tuple[str, bytes]]) -> Any:
    """An ipywidgets box: a dropdown for each label with its (options, start), given to ``draw`` in their order."""
    import ipywidgets

    text, image = ipywidgets.HTML(), ipywidgets.Image(format="png", width=700)
    picks = [
        ipywidgets.Dropdown(options=options, value=start, description=label)
        for label, (options, start) in choices.items()
    ]

    def update(_: Any = None) -> None:
        text.value, image.value = draw(*(pick.value for pick in picks))

    for pick in picks:
        pick.observe(update, names="value")
    update()
    return ipywidgets.VBox([ipywidgets.HBox(picks, layout={"flex_flow": "row wrap"}), text, image])


def pictured(result: Result) -> tuple[str, bytes]:
    """A Result as escaped HTML words and PNG bytes (none where it has no figure)."""
    words = f"<b>{html.escape(result.title)}</b><br>{html.escape(result.answer)}"
    if result.chart is None:
        return words, b""
    buffer = io.BytesIO()
    result.plot().savefig(buffer, format="png", dpi=110)
    return words, buffer.getvalue()


def values(dept: Department, table: str, column: str) -> list[str]:
    """The values of a column of a table, "all" first."""
    if not dept.has(table, column):
        return [ALL]
    found = dept.table(table).select(column).distinct().execute()[column].dropna()
    return [ALL, *sorted(map(str, found))]
