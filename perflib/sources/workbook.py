"""Excel workbooks to a relation of texts; what parses them runs as a process of its own, within stated limits."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

from perflib.engine.connection import Engine
from perflib.errors import SourceError
from perflib.files import limits
from perflib.files.record import sha256
from perflib.privacy.quoting import quoted, quoted_all
from perflib.sources import workbook_process
from perflib.sources.cell_text import shown
from perflib.sources.rows import Rows
from perflib.sources.staged import Row, Staged, texts
from perflib.sources.textfile import web_page, wide_mark
from perflib.sources.unpacked import kind, regular, sized

_LINE = 64 << 20
_BOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def stage(path: Path, reader: dict[str, Any], rows: Rows, engine: Engine) -> Staged:
    """The rows of one sheet that are not blank.

    Raises
    ------
    SourceError : not a workbook, no such sheet, past a limit, formulas that were never computed.
    """
    head = regular(path)
    if not head.startswith(_BOOKS):
        raise _no_workbook(path, head)
    sized(path)
    with _process(path, reader.get("sheet", "")) as lines:
        described = next(lines, None)
        if not isinstance(described, dict) or "fault" in described:
            raise _broken(path, described)
        if "sheets" in described:
            raise _sheets(path, reader.get("sheet", ""), described)
        where = f"{path.name}, sheet {quoted(described['sheet'])!r}"
        if described.get("formulas"):
            raise SourceError(
                f"cell {described['formulas'][0]} holds a formula that was never computed",
                where=where,
                do="open the workbook in Excel and save it",
            )
        filled = ((place, row) for place, row in enumerate(_rows(lines, path), 1) if any(one != "" for one in row))
        wanted = (item for item in filled if item[0] > rows.above)
        begun = list(islice(wanted, 20))
        if not begun or (rows.header and begun[0][0] != rows.header):
            raise SourceError(f"row {rows.header} is blank" if rows.header else "is empty", where=where)
        first = [shown(cell, where) or "" for cell in begun[0][1]]
        rows.no_title(first, (row for _, row in begun[1:]), where)
        header = rows.names(first)
        limits.columns(header, where)
        below = rows.records(chain(begun[rows.header is not None :], wanted))
        notes = (*_notes(path, described), *rows.notes(path.name))
        return texts(path.name, header, _cells(below, where), engine, sha256=sha256(path), notes=notes)


def _cells(rows: Any, where: str) -> Iterator[Row]:
    for number, (_, row) in enumerate(rows, 1):
        yield (number,), [shown(cell, where) for cell in row]


def _rows(lines: Iterator[Any], path: Path) -> Iterator[list[Any]]:
    for number, line in enumerate(lines):
        if line is None:
            return
        if number >= limits.SHEET_ROWS:
            raise SourceError(f"a sheet of more than {limits.SHEET_ROWS:,} rows", where=path.name, do="save it as CSV")
        if not isinstance(line, list):
            raise _broken(path, line)
        yield line
    raise _broken(path, None)


@contextmanager
def _process(path: Path, sheet: str) -> Iterator[Iterator[Any]]:
    """The lines that the process prints; it ends with the context, or when its time is over."""
    command = [sys.executable, "-P", workbook_process.__file__, str(path.resolve()), sheet, str(limits.WORKBOOK_MEMORY)]
    # -P: no file of a folder of exports may stand in for a module
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    ) as process:
        clock = threading.Timer(limits.SECONDS, process.kill)
        clock.start()
        try:
            assert process.stdout
            yield _decoded(process.stdout, path)
        finally:
            clock.cancel()
            process.kill()


def _decoded(stream: IO[bytes], path: Path) -> Iterator[Any]:
    while line := stream.readline(_LINE):
        if not line.endswith(b"\n"):
            raise _broken(path, None)
        yield json.loads(line)


def _broken(path: Path, described: Any) -> SourceError:
    words = described.get("fault", "") if isinstance(described, dict) else "memory"
    if words == "memory":
        return SourceError(
            f"needs more than {limits.WORKBOOK_MEMORY >> 30} GB of memory or {limits.SECONDS} seconds; two cells may "
            "stand far apart",
            where=path.name,
            do="save the sheet as CSV",
        )
    return SourceError(f"not readable as an Excel workbook ({words})", where=path.name, do="save it again in Excel")


def _sheets(path: Path, sheet: str, described: dict[str, Any]) -> SourceError:
    names = described["sheets"]
    if sheet:
        return SourceError(f"no sheet {sheet!r}", where=path.name, choices=quoted_all(names, sheet), found=sheet)
    return SourceError(
        f"holds {described['visible']} sheets, one was wanted",
        where=path.name,
        choices=quoted_all(names),
        do="name one: `reader: {sheet: ...}`",
    )


def _notes(path: Path, described: dict[str, Any]) -> Iterator[str]:
    if described.get("hidden"):
        yield f"{path.name}: sheet {quoted(described['sheet'])!r} was read, {described['hidden']} hidden ones were not"
    count, *first = described.get("errors") or [0]
    if count:
        yield f"{path.name}: {count:,} cells hold an error of Excel and were read as blank, the first {first[0]}"


def _no_workbook(path: Path, head: bytes) -> SourceError:
    """What a file is that is named as a workbook and is none, and how it can be read."""
    words, do = kind(head)
    if not words and b"\0" in head and not wide_mark(head):
        words, do = "neither a workbook nor text", "correct the name of the file, or fetch it again"
    elif not words and web_page(head, wide_mark(head) or "utf-8"):
        words, do = "a web page", "open it in Excel and save it as CSV, then `reader: {format: csv}`"
    elif not words:
        wide = wide_mark(head)
        words = f"text in {wide.upper()}" if wide else "text"
        line = head.decode(wide or "utf-8", errors="ignore")
        form = "tsv" if "\t" in line else "csv"
        do = f"read it as that: `reader: {{format: {form}{f', encoding: {wide}' if wide else ''}}}`"
    return SourceError(f"{words if head else 'an empty file'}, an Excel workbook was wanted", where=path.name, do=do)
