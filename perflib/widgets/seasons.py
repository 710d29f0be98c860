"""The explorer of seasons: district and view, over hourly counts held in memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from perflib.agency import Department
from perflib.metrics.seasons import hours, months, read, weekdays
from perflib.result import Result
from perflib.widgets.box import ALL, Pick, box, call_of, command_of, named
from perflib.widgets.live import live

VIEWS: dict[str, Callable[..., Result]] = {"hours": hours, "months": months, "weekdays": weekdays}
SHOWN = {"hours of the week": "hours", "months": "months", "weekdays": "weekdays"}
_DEFAULTS: dict[str, Any] = {"table": "calls", "district": "", "view": "hours"}


def seasons(
    dept: Department, interactive: bool = True, *, table: str = "calls", district: str = "", view: str = "hours"
) -> Any:
    """An explorer of the hours of the week, the months and the weekdays of a table.

    In a live kernel an ipywidgets box; otherwise (``interactive`` false, PERFLIB_STATIC=1, or no kernel), and where the
    table is not there: the Result of the starting choice.

    Raises InputError for a starting choice that does not occur.
    """
    explorer = Explorer(dept, table)
    start = {"district": district or ALL, "view": view}
    first = explorer.result(**start)
    return explorer.box(**start) if live(interactive) and dept.has(table) else first


class Explorer:
    """Choices in, Result out; the hours are read once, every view is computed once and kept."""

    def __init__(self, dept: Department, table: str = "calls") -> None:
        self.dept, self.table = dept, table
        self._view = lru_cache(maxsize=256)(self._compute)

    def choices(self) -> list[str]:
        """The districts, "all" first."""
        if not self.dept.has(self.table, "district"):
            return [ALL]
        records = read(self.dept, self.table, by="district")
        return [ALL] if isinstance(records, str) else [ALL, *map(str, records.weights.columns)]

    def result(self, district: str = ALL, view: str = "hours") -> Result:
        """The Result of one choice."""
        return self._view(district, view)

    def _compute(self, district: str, view: str) -> Result:
        cell: dict[str, Any] = named(district=district)
        return VIEWS[view](self.dept, self.table, name="season_explorer", **cell)

    def again(self, *choice: Any) -> list[str]:
        """What gives the view, and the report of its district, again."""
        chosen = dict(zip(("district", "view"), choice, strict=True))
        return [
            call_of("seasons", _DEFAULTS, chosen | {"table": self.table}),
            command_of("04_seasonality", {"district": chosen["district"]}),
        ]

    def box(self, district: str = ALL, view: str = "hours") -> Any:
        """The widget."""
        return box([Pick("District", self.choices(), district), Pick("Show", SHOWN, view)], self.result, self.again)
