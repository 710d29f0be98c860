"""Officers' cells held in memory at the finest posts, so that other peers need no question to the engine."""

from __future__ import annotations

from collections.abc import Sequence

from perflib.agency import Department
from perflib.metrics.officers.cells import Cells, cells, coarser, posts
from perflib.metrics.officers.measures import MEASURES, exposure, lacking, measure


class Held:
    """The cells of a department's measures, each read from the engine once: a row per officer, period and post.

    Hand it to ``compare`` of the same ``period``, ``first`` and ``last``: the figures are the same (a test compares
    them).
    """

    def __init__(self, dept: Department, period: str = "month", first: str = "", last: str = "") -> None:
        self.dept, self.period, self.first, self.last = dept, period, first, last
        self._known: dict[tuple[str, str], Cells] = {}

    def cells(self, name: str, per: str, by: Sequence[str]) -> Cells:
        """A measure's cells by these columns of the post. Raises InputError for a column that is not there."""
        if (name, per) not in self._known:
            asked = measure(name)
            every = (*by, *(one for one in posts(self.dept, asked, per) if one not in by))
            self._known[name, per] = cells(self.dept, asked, per, every, self.period, self.first, self.last)
        return coarser(self._known[name, per], by)

    def read(self) -> None:
        """Read every measure that the department has, before anybody asks."""
        for name, asked in MEASURES.items():
            kind = "" if lacking(self.dept, asked) else exposure(self.dept, asked, "")
            if kind:
                self.cells(name, kind, ())
