"""The explorer of counts: district, offence and grain, one control chart per view."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from perflib.agency import Department
from perflib.metrics.counts import trend
from perflib.metrics.counts.series import daily
from perflib.result import Result
from perflib.widgets.box import ALL, Pick, box, call_of, named
from perflib.widgets.live import live

GRAINS = {"by week": "week", "by month": "month"}
_DEFAULTS: dict[str, Any] = {"table": "incidents", "district": "", "offence": "", "grain": "week"}


def trends(
    dept: Department,
    interactive: bool = True,
    *,
    table: str = "incidents",
    district: str = "",
    offence: str = "",
    grain: str = "week",
) -> Any:
    """An explorer of counts over time.

    In a live kernel: an ipywidgets box with choices of district, offence and grain; below them one line of text, one
    image, and the links and lines that keep the view, all of which are replaced. Otherwise (``interactive`` false,
    PERFLIB_STATIC=1, or no kernel), and where there is nothing to choose: the Result of the starting choice.

    Raises InputError for a starting choice that does not occur.
    """
    explorer = Explorer(dept, table)
    start = {"district": district or ALL, "offence": offence or ALL, "grain": grain}
    first = explorer.result(**start)
    return explorer.box(**start) if live(interactive) and dept.has(table) else first


class Explorer:
    """Choices in, Result out; every view is computed once and kept."""

    def __init__(self, dept: Department, table: str = "incidents") -> None:
        self.dept, self.table = dept, table
        self._view = lru_cache(maxsize=256)(self._compute)

    def choices(self, column: str) -> list[str]:
        """The values of a column of the table, "all" first."""
        if not self.dept.has(self.table, column):
            return [ALL]
        return [ALL, *map(str, daily(self.dept, self.table, column).cells[column])]

    def result(self, district: str = ALL, offence: str = ALL, grain: str = "week") -> Result:
        """The Result of one choice."""
        return self._view(district, offence, grain)

    def _compute(self, district: str, offence: str, grain: str) -> Result:
        cell: dict[str, Any] = named(district=district, offence=offence)
        return trend(self.dept, self.table, grain, name="trend_explorer", **cell)

    def again(self, *choice: Any) -> list[str]:
        """What gives the view again."""
        chosen = dict(zip(("district", "offence", "grain"), choice, strict=True))
        return [call_of("trends", _DEFAULTS, chosen | {"table": self.table})]

    def box(self, district: str = ALL, offence: str = ALL, grain: str = "week") -> Any:
        """The widget."""
        return box(
            [
                Pick("District", self.choices("district"), district),
                Pick("Offence", self.choices("offence"), offence),
                Pick("Show", GRAINS, grain),
            ],
            self.result,
            self.again,
        )
