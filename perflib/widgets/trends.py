"""The explorer of counts: district, offence and grain, one control chart per view."""

from __future__ import annotations

import html
import io
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from perflib.agency import Department
from perflib.metrics.counts.course import trend
from perflib.result import Result
from perflib.widgets.live import live

ALL = "all"
GRAINS = {"by week": "week", "by month": "month"}


def trends(
    dept: Department, interactive: bool = True, *, table: str = "incidents", district: str = "", offence: str = "",
    grain: str = "week",
) -> Any:
    """An explorer of counts over time.

    In a live kernel: an ipywidgets box with choices of district, offence and grain, and one image and one line of text
    that are replaced. Otherwise (``interactive`` false, PERFLIB_STATIC=1, or no kernel), and where there is nothing to
    choose: the Result of the starting choice.
    """
    explorer = Explorer(dept, table)
    start = {"district": district or ALL, "offence": offence or ALL, "grain": grain}
    return explorer.box(**start) if live(interactive) and dept.has(table) else explorer.result(**start)


class Explorer:
    """Choices in, Result out; every view is computed once and kept."""

    def __init__(self, dept: Department, table: str = "incidents") -> None:
        self.dept, self.table = dept, table
        self._view: Callable[..., Result] = lru_cache(maxsize=256)(self._compute)
        self._image: Callable[..., tuple[str, bytes]] = lru_cache(maxsize=256)(self._draw)

    def choices(self, column: str) -> list[str]:
        """The values of a column of the table, "all" first."""
        if not self.dept.has(self.table, column):
            return [ALL]
        found = self.dept.table(self.table).select(column).distinct().execute()[column].dropna()
        return [ALL, *sorted(map(str, found))]

    def result(self, district: str = ALL, offence: str = ALL, grain: str = "week") -> Result:
        """The Result of one choice."""
        return self._view(district, offence, grain)

    def _compute(self, district: str, offence: str, grain: str) -> Result:
        cell = {name: value for name, value in (("district", district), ("offence", offence)) if value != ALL}
        return trend(self.dept, self.table, grain, name="trend_explorer", **cell)

    def _draw(self, *choice: str) -> tuple[str, bytes]:
        result = self.result(*choice)
        words = f"<b>{html.escape(result.title)}</b><br>{html.escape(result.answer)}"
        if result.chart is None:
            return words, b""
        buffer = io.BytesIO()
        result.plot().savefig(buffer, format="png", dpi=110)
        return words, buffer.getvalue()

    def box(self, district: str = ALL, offence: str = ALL, grain: str = "week") -> Any:
        """The widget: choices above, one text and one image below."""
        import ipywidgets

        text, image = ipywidgets.HTML(), ipywidgets.Image(format="png", width=700)
        pick = {
            "district": ipywidgets.Dropdown(options=self.choices("district"), value=district, description="District"),
            "offence": ipywidgets.Dropdown(options=self.choices("offence"), value=offence, description="Offence"),
            "grain": ipywidgets.Dropdown(options=GRAINS, value=grain, description="Show"),
        }

        def update(_: Any = None) -> None:
            text.value, image.value = self._image(*(widget.value for widget in pick.values()))

        for widget in pick.values():
            widget.observe(update, names="value")
        update()
        return ipywidgets.VBox([ipywidgets.HBox(list(pick.values()), layout={"flex_flow": "row wrap"}), text, image])
