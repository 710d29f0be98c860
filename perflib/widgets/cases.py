"""The explorer of case resolution: district, offence and cohort, the cleared share of each cohort at one age."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from perflib.agency import Department
from perflib.metrics.cases import cohorts
from perflib.privacy.quoting import no_such
from perflib.result import Result
from perflib.widgets.box import ALL, Pick, box, call_of, choices, command_of, named
from perflib.widgets.live import live

GRAINS = {"by month": "month", "by quarter": "quarter", "by year": "year"}
_DEFAULTS: dict[str, Any] = {"district": "", "offence": "", "cohort": "quarter", "within": 30}


def cases(
    dept: Department,
    interactive: bool = True,
    *,
    district: str = "",
    offence: str = "",
    cohort: str = "quarter",
    within: int = 30,
) -> Any:
    """An explorer of clearance by cohort, compared ``within`` so many days of the report.

    In a live kernel an ipywidgets box; otherwise (``interactive`` false, PERFLIB_STATIC=1, or no kernel), and where
    there are no incidents: the Result of the starting choice.

    Raises InputError for a starting choice that does not occur.
    """
    explorer = Explorer(dept, within)
    start = {"district": district or ALL, "offence": offence or ALL, "cohort": cohort}
    first = explorer.result(**start)
    return explorer.box(**start) if live(interactive) and dept.has("incidents") else first


class Explorer:
    """Choices in, Result out; every view is computed once and kept."""

    def __init__(self, dept: Department, within: int = 30) -> None:
        self.dept, self.within = dept, within
        self._view, self.choices = lru_cache(maxsize=256)(self._compute), lru_cache(maxsize=2)(self._choices)

    def _choices(self, column: str) -> list[str]:
        """The values of a column of the incidents, "all" first."""
        return choices(self.dept.incidents, column) if self.dept.has("incidents") else [ALL]

    def result(self, district: str = ALL, offence: str = ALL, cohort: str = "quarter") -> Result:
        """The Result of one choice."""
        return self._view(district, offence, cohort)

    def _compute(self, district: str, offence: str, cohort: str) -> Result:
        dept, chosen = self.dept, named(district=district, offence=offence)
        for column, value in chosen.items():
            if value not in self.choices(column):
                raise no_such(column, value, self.choices(column))
        if chosen:
            dept = dept.keep(chosen, because="chosen in the explorer", table="incidents")
        return cohorts(dept, cohort, within=self.within, name="cases_explorer")

    def again(self, *choice: Any) -> list[str]:
        """What gives the view, and the report of its district, again."""
        chosen = dict(zip(("district", "offence", "cohort"), choice, strict=True)) | {"within": self.within}
        asked = {name: value for name, value in chosen.items() if name != "offence" and value != _DEFAULTS[name]}
        return [call_of("cases", _DEFAULTS, chosen), command_of("03_case_resolution", asked)]

    def box(self, district: str = ALL, offence: str = ALL, cohort: str = "quarter") -> Any:
        """The widget."""
        return box(
            [
                Pick("District", self.choices("district"), district),
                Pick("Offence", self.choices("offence"), offence),
                Pick("Show", GRAINS, cohort),
            ],
            self.result,
            self.again,
        )
