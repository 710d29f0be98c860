"""The explorer of case resolution: district, offence and cohort, the cleared share of each cohort at one age."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from perflib.agency import Department
from perflib.metrics.cases import cohorts
from perflib.result import Result
from perflib.widgets.box import ALL, box, pictured, values
from perflib.widgets.live import live

GRAINS = {"by month": "month", "by quarter": "quarter", "by year": "year"}


def cases(
    dept: Department, interactive: bool = True, *, district: str = "", offence: str = "", cohort: str = "quarter",
    within: int = 30,
) -> Any:
    """An explorer of clearance by cohort, compared ``within`` so many days of the report.

    In a live kernel an ipywidgets box; otherwise (``interactive`` false, PERFLIB_STATIC=1, or no kernel), and where
    there are no incidents: the Result of the starting choice.
    """
    explorer = Explorer(dept, within)
    start = {"district": district or ALL, "offence": offence or ALL, "cohort": cohort}
    return explorer.box(**start) if live(interactive) and dept.has("incidents") else explorer.result(**start)


class Explorer:
    """Choices in, Result out; every view is computed once and kept."""

    def __init__(self, dept: Department, within: int = 30) -> None:
        self.dept, self.within = dept, within
        self._view: Callable[..., Result] = lru_cache(maxsize=256)(self._compute)
        self._image: Callable[..., tuple[str, bytes]] = lru_cache(maxsize=256)(self._draw)

    def result(self, district: str = ALL, offence: str = ALL, cohort: str = "quarter") -> Result:
        """The Result of one choice."""
        return self._view(district, offence, cohort)

    def _compute(self, district: str, offence: str, cohort: str) -> Result:
        wanted = {name: value for name, value in (("district", district), ("offence", offence)) if value != ALL}
        dept = self.dept.keep(wanted, because="chosen in the explorer", table="incidents") if wanted else self.dept
        return cohorts(dept, cohort, within=self.within, name="cases_explorer")

    def _draw(self, *choice: str) -> tuple[str, bytes]:
        return pictured(self.result(*choice))

    def box(self, district: str = ALL, offence: str = ALL, cohort: str = "quarter") -> Any:
        """The widget."""
        return box({
            "District": (values(self.dept, "incidents", "district"), district),
            "Offence": (values(self.dept, "incidents", "offence"), offence), "Show": (GRAINS, cohort),
        }, self._image)
