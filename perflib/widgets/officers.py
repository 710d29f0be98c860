"""The explorer of officer comparisons: measure, peers and one officer among them, by code."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from perflib.agency import Department
from perflib.errors import InputError
from perflib.metrics.officers import MEASURES, compare
from perflib.metrics.officers.cells import cells
from perflib.metrics.officers.measures import exposure
from perflib.metrics.review import shareable
from perflib.privacy.quoting import quoted_all
from perflib.result import Result
from perflib.verdicts import Verdict
from perflib.widgets.box import ALL, Pick, box, call_of, command_of
from perflib.widgets.live import live
from perflib.words import officers as words

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
    comparison: Result | None = None,
) -> Any:
    """An explorer of officers and their peers.

    In a live kernel an ipywidgets box; otherwise (``interactive`` false, PERFLIB_STATIC=1, or no kernel) the Result of
    the starting choice. Officers are shown by code, and without figures where they cannot be assessed.
    ``comparison``: that of the starting choice, where it has been made already.
    Raises InputError for a measure, peers or an officer that do not occur.
    """
    explorer = Explorer(dept, first, last, period)
    if comparison is not None:
        explorer.known[measure, peers] = comparison
    start = {"measure": measure, "peers": peers, "officer": officer or ALL}
    first_view = explorer.result(**start)
    return explorer.box(**start) if live(interactive) else first_view


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
        compared = self._compared(measure, peers)
        return compared if officer == ALL or compared.reason else _of(compared, officer)

    def _compute(self, measure: str, peers: str) -> Result:
        by = PEERS[peers]
        made = self.known.get((measure, peers)) or compare(
            self.dept, measure, by, period=self.period, first=self.first, last=self.last
        )
        compared = replace(shareable(made), name="officers_explorer", caveats=())
        say = compared.words and partial(words.explorer, say=compared.words)
        return replace(compared, caveats=(), words=say)

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
        for measured in MEASURES.values():
            kind, _ = exposure(self.dept, measured)
            if kind:
                cells(self.dept, measured, kind, (), self.period, self.first, self.last)
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


def _of(compared: Result, officer: str) -> Result:
    """The same comparison with one officer marked and described."""
    who = compared.table["officer"].astype(str)
    if not (who == officer).any():
        raise InputError(f"no officer {officer!r}", where="officer", found=officer, choices=quoted_all(who, officer))
    say = partial(words.one_officer, title=compared.title, labels=compared.labels, officer=officer)
    return replace(compared, table=compared.table.assign(flagged=who == officer), caveats=(), words=say)
