"""What became of every record of a department's sources, and what their dates say: the table before any analysis."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from perflib import schema
from perflib.agency import Department, SourceReport
from perflib.errors import PerflibError, SourceError
from perflib.models.timeline import Timeline, timeline
from perflib.models.totals import counted_once
from perflib.result import json_safe, spreadsheet_safe
from perflib.sources import declared, id_columns, opening
from perflib.sources.guard import located


@dataclass(frozen=True, eq=False)
class Check:
    """The sources of a department read to their end: one report each, what their dates show, and the faults."""

    name: str
    timezone: str
    sources: tuple[SourceReport, ...]
    timelines: Mapping[str, Timeline] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0, or 1 when a source was refused: nothing accepted or kept, quarantine past its limit ..."""
        return 1 if self.faults else 0

    def text(self) -> str:
        """The table for people."""
        from perflib.sources.check_text import shown

        return shown(self)

    def json(self) -> str:
        """The table for machines."""
        described = {
            "department": self.name,
            "timezone": self.timezone,
            "rows_read": sum(source.read for source in self.sources),
            **{name: sum(getattr(source, name) for source in self.sources) for name in _COUNTS},
            "sources": [_described(source, self.timelines.get(source.table), self.timezone) for source in self.sources],
            "notes": list(self.notes),
            "errors": list(self.faults),
            "exit_code": self.exit_code,
        }
        return json.dumps(json_safe(described), indent=2, ensure_ascii=False)


_COUNTS = ("accepted", "quarantined", "clock_change_rows")
_FIELDS = ("table", "files", *_COUNTS, "reasons", "counted", "missing", "trust", "notes", "sha256")


def check(path: str | Path) -> Check:
    """Read every source of a department, the later ones too when an earlier one is refused.

    A user's mistake becomes a line of ``faults``, never a traceback; ``exit_code`` is then 1.
    """
    try:
        opened = _opened(path)
    except PerflibError as fault:
        return Check(str(path), "", (), faults=(str(fault),))
    reports, faults = tuple(opened.reports), tuple(opened.faults)
    if not opened.loaded:
        return Check(opened.name, opened.timezone, reports, faults=faults)
    found = opened.department()
    notes = (*declared.unmatched(found), *id_columns.unmatched(opened.loaded, opened.engine), *_residents(found))
    timelines = {
        table: timeline(found.days(table), found.full_hours(table), found.timed(table), found.resolution(table))
        for table in found.tables
        if found.stamp(table)
    }
    return Check(found.name, found.timezone, reports, timelines, (*faults, *declared.emptied(found)), notes)


def quarantine(path: str | Path) -> pd.DataFrame:
    """The refused records of all sources: table, file, record, line, reasons, raw; for repair, not for a report.

    A source that is refused as a whole shows its records too (the first 100,000 of a file).

    Raises
    ------
    PerflibError : a source cannot be read to its end.
    """
    opened = _opened(path)
    if len(opened.faults) > sum(report.accepted == 0 or report.quarantined > 0 for report in opened.reports):
        raise SourceError("; ".join(opened.faults))
    parts = [report.quarantine.assign(table=report.table) for report in opened.reports if len(report.quarantine)]
    columns = ["table", "file", "record", "line", "reasons", "raw"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def export(rows: pd.DataFrame, path: str | Path) -> Path:
    """Write refused records as a new CSV that its owner alone may read (Windows: whoever may read the folder).

    A text that a spreadsheet would evaluate is written with an apostrophe.

    Raises
    ------
    SourceError : the file is there already, or cannot be written.
    """
    target = Path(path)
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as stream:
            spreadsheet_safe(rows).to_csv(stream, index=False, lineterminator="\n")
    except FileExistsError:
        raise SourceError(
            "is there already and is not overwritten", where=str(target), do="remove it or choose another name"
        ) from None
    except OSError as fault:
        raise SourceError(
            f"cannot be written ({fault.strerror or fault})",
            where=str(target),
            do="close the file if another program holds it, or choose another folder",
        ) from fault
    return target


def _opened(path: str | Path) -> opening.Opened:
    return opening.read_all(located(path), (), schema.names(), every=True)


def _residents(found: Department) -> tuple[str, ...]:
    """What is to be known of totals in the population."""
    once = counted_once(found.population.execute() if found.has("population") else pd.DataFrame())
    return tuple(f"population: {words}" for words in (*once.notes, once.reason) if words)


def _described(source: SourceReport, dates: Timeline | None, zone: str) -> dict[str, Any]:
    first, last = source.span(zone)
    return {
        "rows_read": source.read,
        **{name: getattr(source, name) for name in _FIELDS},
        "first": first,
        "last": last,
        **(dates.facts() if dates else {}),
        "findings": dates.sentences() if dates else [],
    }
