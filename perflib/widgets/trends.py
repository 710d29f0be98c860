"""The explorer of counts: district, offence and grain, one control chart per view."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from perflib.agency import Department
from perflib.metrics.counts.course import trend
from perflib.result import Result
from perflib.widgets.box import ALL, box, pictured, values
from perflib.widgets.live import live

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
        return values(self.dept, self.table, column)

    def result(self, district: str = ALL, offence: str = ALL, grain: str = "week") -> Result:
        """The Result of one choice."""
        return self._view(district, offence, grain)

    def _compute(self, district: str, offence: str, grain: str) -> Result:
        cell = {name: value for name, value in (("district", district), ("offence", offence)) if value != ALL}
        return trend(self.dept, self.table, grain, name="trend_explorer", **cell)

    def _draw(self, *choice: str) -> tuple[str, bytes]:
        return pictured(self.result(*choice))

    def box(self, district: str = ALL, offence: str = ALL, grain: str = "week") -> Any:
        """The widget."""
        return box({
            "District": (self.choices("district"), district), "Offence": (self.choices("offence"), offence),
            "Show": (GRAINS, grain),
        }, self._image)
