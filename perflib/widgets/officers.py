"""The explorer of officer comparisons: measure, peers and one officer among them, by code."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from perflib.agency import Department
from perflib.errors import InputError
from perflib.metrics.officers import MEASURES, compare
from perflib.metrics.officers.cells import cells
from perflib.metrics.officers.measures import exposure, lacking
from perflib.metrics.review import shown
from perflib.privacy.quoting import quoted_all
from perflib.result import Result
from perflib.verdicts import Verdict
from perflib.widgets.box import ALL, Pick, box, call_of, command_of
from perflib.widgets.live import live

#: how peers are made, always in the same period: words -> columns of the assignment; None is the best there is.
PEERS: dict[str, tuple[str, ...] | None] = {
    "same post": None,
    "same district": ("district",),
    "same shift": ("shift",),
    "the whole agency": (),
}
_DEFAULTS: dict[str, Any] = {"measure": "force", "peers": "same post", "officer": ""}


def officers(
    dept: Department,
    interactive: bool = True,
    *,
    measure: str = "force",
    peers: str = "same post",
    officer: str = "",
    period: str = "month",
    first: str = "",
    last: str = "",
    found: Result | None = None,
) -> Any:
    """An explorer of officers beside peers.

    In a live kernel an ipywidgets box; otherwise (``interactive`` false, PERFLIB_STATIC=1, or no kernel) the Result of
    the starting choice. Officers are shown by code, and without figures where they cannot be assessed.
    ``found``: the comparison of the starting choice, where it has been made already.
    Raises InputError for a measure, peers or an officer that do not occur.
    """
    explorer = Explorer(dept, first, last, period)
    if found is not None:
        explorer.known[measure, peers] = found
    start = {"measure": measure, "peers": peers, "officer": officer or ALL}
    first_view = explorer.result(**start)
    return explorer.box(**start) if live(interactive) else shown(first_view)


class Explorer:
    """Choices in, Result out; every comparison is made once and kept."""

    def __init__(self, dept: Department, first: str = "", last: str = "", period: str = "month") -> None:
        self.dept, self.first, self.last, self.period = dept, first, last, period
        self.known: dict[tuple[str, str], Result] = {}
        self._compared = lru_cache(maxsize=64)(self._compute)

    def result(self, measure: str = "force", peers: str = "same post", officer: str = ALL) -> Result:
        """The Result of one choice."""
        if peers not in PEERS:
            raise InputError(f"no peers {peers!r}", where="peers", choices=PEERS, found=peers)
        found = self._compared(measure, peers)
        return found if officer == ALL or found.reason else _of(found, officer)

    def _compute(self, measure: str, peers: str) -> Result:
        by = PEERS[peers]
        made = self.known.get((measure, peers)) or compare(
            self.dept, measure, by, period=self.period, first=self.first, last=self.last
        )
        return replace(shown(made), name="officers_explorer")

    def officers(self, measure: str, peers: str) -> list[str]:
        """The codes of those who can be assessed, "all" first."""
        table = self._compared(measure, peers).table
        if "verdict" not in table.columns:
            return [ALL]
        return [ALL, *sorted(table.loc[table["verdict"] != Verdict.NOT_ASSESSABLE, "officer"].astype(str))]

    def again(self, *choice: Any) -> list[str]:
        """What gives the view, and the report of its measure, again."""
        chosen = dict(zip(("measure", "peers", "officer"), choice, strict=True))
        command = command_of("06_officer_comparison", {"measure": chosen["measure"]})
        return [call_of("officers", _DEFAULTS, chosen), command]

    def box(self, measure: str = "force", peers: str = "same post", officer: str = ALL) -> Any:
        """The widget. Whoever cannot be assessed is not offered; every measure's cells are read now, not at a move."""
        for asked in MEASURES.values():
            kind = "" if lacking(self.dept, asked) else exposure(self.dept, asked, "")
            if kind:
                cells(self.dept, asked, kind, (), self.period, self.first, self.last)
        return box(
            [
                Pick("Measure", list(MEASURES), measure),
                Pick("Peers", list(self._peers()), peers),
                Pick("Officer", self.officers(measure, peers), officer),
            ],
            self.result,
            self.again,
        )

    def _peers(self) -> list[str]:
        """The ways of making peers that the records allow."""
        return [
            words for words, by in PEERS.items() if not by or all(self.dept.has("assignments", column) for column in by)
        ]


def _of(found: Result, officer: str) -> Result:
    """The same comparison with one officer marked and told first."""
    table = found.table
    held = table[table["officer"].astype(str) == officer]
    if held.empty:
        raise InputError(
            f"no officer {officer!r}", where="officer", found=officer, choices=quoted_all(table["officer"], officer)
        )
    one = held.iloc[0].to_dict()
    if one["verdict"] == Verdict.NOT_ASSESSABLE:
        answer = f"{officer} cannot be assessed: {one['reason']}."
    else:
        answer = (
            f"{officer}: {one['events']:,.0f} against {one['expected']:,.1f} expected beside {one['peers']:,.0f} "
            f"peers, {one['estimate']:.2f} times as many ({one['low']:.2f} to {one['high']:.2f}): "
            f"{one['verdict']}."
        )
    return replace(found, table=table.assign(flagged=table["officer"].astype(str) == officer), answer=answer)
