"""What was shown before decides what may be shown now: two reports must not give by subtraction what each one hides.

The counts of one cell in several reports are sums over spans of days. Whoever holds two reports knows every sum that
follows by adding and subtracting shown ones: two ends of spans are then "joined", with a known count between them. A
new count is shown only if it joins no two ends with a count from 1 to ``threshold - 1`` between them, and none between
which a count was hidden before. A span shown again with another count (late entries) is a count of its own: its change
must not be small either. What is hidden for this reason is protected in its table like any small count.

Before a list is released, linear programming over all lists released so far, their totals included, looks for the
interval of every count ever hidden: each must stay at least ``threshold - 1`` wide, else more is hidden, in the end the
whole list with its total. Late entries make sums contradict each other; then earlier lists are left out of the program.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from perflib.errors import PerflibError, PrivacyError
from perflib.privacy.locked import only_one
from perflib.privacy.suppression import hide

Span = tuple[int, int]  # first day and the day after the last, as ordinals


@dataclass(frozen=True)
class Released:
    """One list as it was shown (hidden counts None) with its total; a list hidden whole is not remembered."""

    span: Span
    counts: Mapping[str, int | None]
    total: int


@dataclass
class Releases:
    """The released counts of one table, cell by cell: what was shown (span -> counts) and which spans were hidden."""

    shown: dict[str, dict[Span, list[int]]] = field(default_factory=dict)
    hidden: dict[str, set[Span]] = field(default_factory=dict)
    lists: list[Released] = field(default_factory=list)

    def release(self, counts: Mapping[str, int], span: Span, threshold: int = 5) -> dict[str, int | None]:
        """The counts as they may be shown after all earlier releases, hidden ones None; the release is remembered.

        ``counts`` are the whole of a list whose total is known; ``span`` the days they cover.

        Raises
        ------
        InputError : counts that are none, or a threshold below 2.
        """
        cells = list(counts)
        also = np.array([not self._may_show(cell, counts[cell], span, threshold) for cell in cells])
        values = np.array([counts[cell] for cell in cells], float).reshape(-1, 1)
        while True:
            found = self._with_partners(cells, values, span, threshold, also)
            result = {cell: None if few else counts[cell] for cell, few in zip(cells, found, strict=True)}
            made = Released(span, result, int(values.sum()))
            if found.all() or _safe([*self.lists, made], threshold):
                break
            also = found.copy()
            also[np.flatnonzero(~found)[np.argmin(values[~found, 0])]] = True
        self.lists += [] if found.all() or made in self.lists else [made]
        for cell, value in result.items():
            if value is None:
                self.hidden.setdefault(cell, set()).add(span)
            else:
                held = self.shown.setdefault(cell, {}).setdefault(span, [])
                held += [] if value in held else [value]
        return result

    def as_json(self) -> str:
        """All that is remembered: nothing in it was not shown."""
        return json.dumps(
            {
                "shown": {
                    cell: [[*span, counts] for span, counts in spans.items()] for cell, spans in self.shown.items()
                },
                "hidden": {cell: sorted(spans) for cell, spans in self.hidden.items()},
                "lists": [[*each.span, dict(each.counts), each.total] for each in self.lists],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Releases:
        """What ``as_json`` wrote."""
        held = json.loads(text)
        shown = {
            cell: {(first, last): counts for first, last, counts in spans} for cell, spans in held["shown"].items()
        }
        hidden = {cell: {(first, last) for first, last in spans} for cell, spans in held["hidden"].items()}
        lists = [Released((first, last), counts, total) for first, last, counts, total in held["lists"]]
        return cls(shown, hidden, lists)

    def _with_partners(
        self, cells: list[str], values: np.ndarray, span: Span, threshold: int, also: np.ndarray
    ) -> np.ndarray:
        """The cells hidden in the end; a protected cell may not be one that an earlier release gives away anyway."""
        while True:
            mask = hide(values, threshold, also=also[:, None]).mask[:, 0]
            # a hidden cell whose count everybody can add up protects nobody: its partners need another
            told = np.array([each and self.told(cell, span) for cell, each in zip(cells, mask, strict=True)])
            unknown = mask & ~told
            slack = values[unknown].sum() - unknown.sum()
            if not unknown.any() or (unknown.sum() > 1 and slack >= threshold - 1) or mask.all():
                return np.asarray(mask)
            open_cells = np.flatnonzero(~mask)
            also = mask.copy()
            also[open_cells[np.argmin(values[open_cells, 0])]] = True

    def told(self, cell: str, span: Span) -> bool:
        """Whether the count of a span follows from what was shown of this cell."""
        place = self._joined(cell)
        return all(day in place for day in span) and place[span[0]][0] == place[span[1]][0]

    def _may_show(self, cell: str, count: int, span: Span, threshold: int) -> bool:
        before = self.shown.get(cell, {}).get(span, [])
        if any(0 < abs(count - other) < threshold for other in before) or span in self.hidden.get(cell, ()):
            return False
        place = self._joined(cell, (span, count))
        days = sorted(place)
        for at, first in enumerate(days):
            for last in days[at + 1 :]:
                same = place[first][0] == place[last][0]
                between = place[last][1] - place[first][1]
                if same and (0 < abs(between) < threshold or (first, last) in self.hidden.get(cell, ())):
                    return False
        return True

    def _joined(self, cell: str, more: tuple[Span, int] | None = None) -> dict[int, tuple[int, int]]:
        """Day -> (group of joined days, count up to that day within the group)."""
        edges = [(span, counts[-1]) for span, counts in self.shown.get(cell, {}).items()] + ([more] if more else [])
        place: dict[int, tuple[int, int]] = {}
        for (first, last), count in edges:
            for day in (first, last):
                place.setdefault(day, (day, 0))
            (kept, start), (moved, end) = place[first], place[last]
            if kept != moved:
                shift = start + count - end
                place = {
                    day: (kept, held + shift) if group == moved else (group, held)
                    for day, (group, held) in place.items()
                }
        return place


@dataclass(frozen=True)
class Register:
    """A folder that remembers the lists of one series: the same question, asked of other days."""

    folder: Path
    series: str
    span: Span

    def release(self, counts: Mapping[str, int], threshold: int, keep: bool) -> dict[str, int | None]:
        """As ``Releases.release``; remembered only with ``keep``, when a report is made and not while one looks.

        Raises
        ------
        PrivacyError : the register cannot be read or written: then nothing is shown.
        """
        path = self.folder / f"{hashlib.sha256(self.series.encode()).hexdigest()[:24]}.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with only_one(path.with_suffix(".lock")):
                held = Releases.from_json(path.read_text(encoding="utf-8")) if path.exists() else Releases()
                found = held.release(counts, self.span, threshold)
                if keep:
                    draft = path.with_suffix(".part")
                    draft.write_text(held.as_json(), encoding="utf-8")
                    os.replace(draft, path)
        except (OSError, ValueError, KeyError, TypeError) as fault:
            if isinstance(fault, PerflibError):
                raise
            raise PrivacyError(
                f"the register of releases cannot be used ({type(fault).__name__})",
                where=str(path),
                do="mend or move it; `privacy: {releases: ...}` names its folder",
            ) from None
        return found


def _safe(lists: list[Released], threshold: int) -> bool:
    """Whether every hidden count keeps an interval of ``threshold - 1`` for whoever holds all the lists."""
    from scipy.optimize import linprog

    known, sums, goals = _equations(lists)
    for goal in goals:
        ends = [linprog(sign * goal, A_eq=known, b_eq=sums, bounds=(0, None), method="highs") for sign in (1, -1)]
        if any(each.status == 2 for each in ends):  # late entries: the lists contradict each other
            return _safe(lists[1:], threshold) if len(lists) > 1 else True
        if ends[0].status == ends[1].status == 0 and -ends[1].fun - ends[0].fun < threshold - 1 - 1e-6:
            return False
    return True


def _equations(lists: list[Released]) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Shown counts and totals as sums over cells and pieces of time; and the hidden counts as such sums."""
    days = sorted({day for each in lists for day in each.span})
    place = {cell: at for at, cell in enumerate(dict.fromkeys(cell for each in lists for cell in each.counts))}
    pieces = len(days) - 1

    def line(cells: Iterable[str], span: Span) -> np.ndarray:
        found = np.zeros((len(place), pieces))
        found[[place[cell] for cell in cells], days.index(span[0]) : days.index(span[1])] = 1
        return found.ravel()

    known, sums, goals = [], [], []
    for each in lists:
        known.append(line(each.counts, each.span))
        sums.append(float(each.total))
        for cell, count in each.counts.items():
            if count is None:
                goals.append(line([cell], each.span))
            else:
                known.append(line([cell], each.span))
                sums.append(float(count))
    return np.array(known), np.array(sums), goals
