"""The explorer of what residents ask for: table, district and view."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from perflib.agency import Department
from perflib.metrics.community import course, drivers
from perflib.metrics.community.mix import KIND
from perflib.result import Result
from perflib.widgets.box import ALL, Pick, box, call_of, choices, command_of, named
from perflib.widgets.live import live

VIEWS = {"course": course, "shift": drivers}
SHOWN = {"course": "course", "what changed": "shift"}
_DEFAULTS: dict[str, Any] = {"table": "requests", "district": "", "view": "course", "since": ""}


def community(
    dept: Department,
    interactive: bool = True,
    *,
    table: str = "requests",
    district: str = "",
    view: str = "course",
    since: str = "",
) -> Any:
    """An explorer of the mix of requests or calls: its course by quarter, and what changed.

    In a live kernel an ipywidgets box; otherwise (``interactive`` false, PERFLIB_STATIC=1, or no kernel), and where the
    department holds neither requests nor calls: the Result of the starting choice.

    Raises InputError for a starting choice that does not occur.
    """
    explorer = Explorer(dept, since)
    start = {"table": table, "district": district or ALL, "view": view}
    first = explorer.result(**start)
    return explorer.box(**start) if live(interactive) and explorer.tables() else first


class Explorer:
    """Choices in, Result out; every view is computed once and kept."""

    def __init__(self, dept: Department, since: str = "") -> None:
        self.dept, self.since = dept, since
        self._view = lru_cache(maxsize=256)(self._compute)

    def tables(self) -> list[str]:
        """Which of requests and calls there are, with their kinds."""
        return [name for name in ("requests", "calls") if self.dept.has(name, KIND[name])]

    def districts(self, table: str) -> list[str]:
        """The districts of a table, "all" first."""
        return choices(self.dept.table(table), "district") if self.dept.has(table) else [ALL]

    def result(self, table: str = "requests", district: str = ALL, view: str = "course") -> Result:
        """The Result of one choice."""
        return self._view(table, district, view)

    def _compute(self, table: str, district: str, view: str) -> Result:
        cell: dict[str, Any] = named(district=district)
        if view == "shift":
            return drivers(self.dept, table, self.since, name="community_explorer", **cell)
        return course(self.dept, table, name="community_explorer", **cell)

    def again(self, *choice: Any) -> list[str]:
        """What gives the view, and the report of its district, again."""
        chosen = dict(zip(("table", "district", "view"), choice, strict=True)) | {"since": self.since}
        return [
            call_of("community", _DEFAULTS, chosen),
            command_of("05_community", {"district": chosen["district"], "since": self.since}),
        ]

    def box(self, table: str = "requests", district: str = ALL, view: str = "course") -> Any:
        """The widget."""
        return box(
            [
                Pick("Table", self.tables(), table),
                Pick("District", self.districts(table), district),
                Pick("Show", SHOWN, view),
            ],
            self.result,
            self.again,
        )
