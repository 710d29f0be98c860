"""The records of a delimited text: each with its number, its first physical line and its raw text."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from perflib.errors import SourceError
from perflib.files import limits
from perflib.sources.rows import Rows
from perflib.sources.textfile import Look, text

DELIMITERS = (",", ";", "\t", "|")
SWALLOWED = 3


@dataclass(frozen=True)
class Record:
    """One record: number from 1 (the header is 0), first physical line from 1, its fields and raw text."""

    number: int
    line: int
    fields: list[str]
    raw: str


def records(path: Path, look: Look, delimiter: str, member: str, rows: Rows) -> Iterator[Record]:
    """The records, header first where there is one. Blank lines, and those above the header, are not records.

    Raises
    ------
    SourceError : a quote that is not closed, or that would swallow the lines after it.
    """
    with text(path, look.encoding, member, look.ends) as lines:
        try:
            above = sum(1 for _ in islice(lines, rows.above))
            yield from _records(_Kept(lines, above, delimiter), path, 0 if rows.header is not None else 1)
        except UnicodeError as fault:
            do = "state `reader: {encoding: ...}`"
            raise SourceError(f"not text in {look.encoding}", where=path.name, do=do) from fault


class _Kept:
    """Lines that remember what the csv reader took since the last record.

    A carriage return within a line is a blank in a text, unless it parts the line into records of ``width`` fields.
    """

    def __init__(self, lines: Iterator[str], count: int, delimiter: str) -> None:
        self.lines, self.count, self.delimiter, self.width = lines, count, delimiter, 0
        self.taken: list[str] = []
        self.parted: deque[str] = deque()

    def __iter__(self) -> _Kept:
        return self

    def __next__(self) -> str:
        line = self.parted.popleft() if self.parted else next(self.lines)
        if "\r" in line and "\r" in (body := line.rstrip("\r\n")):
            line = self._mended(body) + line[len(body) :]
        self.taken.append(line)
        self.count += 1
        return line

    def _mended(self, body: str) -> str:
        parts = body.split("\r")
        if self.width > 1 and '"' not in body and all(part.count(self.delimiter) == self.width - 1 for part in parts):
            self.parted.extend(parts[1:])
            return parts[0]
        return " ".join(parts)


def _records(kept: _Kept, path: Path, number: int) -> Iterator[Record]:
    delimiter, width = kept.delimiter, 0
    reader = csv.reader(kept, delimiter=delimiter)
    fields: list[str] = []
    quoted, where = "", ""
    while True:
        start = kept.count + 1
        kept.taken.clear()
        try:
            fields = next(reader)
        except StopIteration:
            # a quote left open in one line takes the next ones in: a single line can only be the last one of the file
            if quoted:
                _sound([quoted], fields, width, delimiter, where)
            return
        except csv.Error as fault:
            raise SourceError(f"not readable as a record ({fault})", where=f"{path.name}, line {start}") from fault
        kept.width = width = width or len(fields)
        quoted = kept.taken[0] if '"' in kept.taken[0] else ""
        if quoted:
            where = f"{path.name}, record {number}, line {start}"
            if len(kept.taken) > 1:
                _sound(kept.taken, fields, width, delimiter, where)
                quoted = ""
        if fields:
            yield Record(number, start, fields, "".join(kept.taken).rstrip("\r\n"))
            number += 1


def _sound(taken: Sequence[str], fields: list[str], width: int, delimiter: str, where: str) -> None:
    """Refuse a record whose quote is not closed or takes in lines that are records themselves."""
    try:
        list(csv.reader(iter(taken), delimiter=delimiter, strict=True))
        strict = True
    except csv.Error as fault:
        strict = False
        if "unexpected end" in str(fault):
            raise SourceError(
                f"a quote is opened and never closed; {len(taken)} lines would be swallowed",
                where=where,
                do="close the quote in the export",
            ) from fault
    if len(taken) == 1:
        return
    whole = sum(len(next(csv.reader([line], delimiter=delimiter), [])) == width for line in taken) if width > 1 else 0
    if not strict or len(fields) != width or len(taken) > limits.SPAN or whole >= SWALLOWED:
        raise SourceError(
            f"a broken quote would swallow {len(taken)} lines ({len(fields)} fields found, {width} wanted)",
            where=where,
            do="close the quote in the export",
        )


def delimiter_of(header: str, wanted: set[str]) -> str:
    """The delimiter under which most of the wanted names, then most names, are found in the header line."""

    def score(delimiter: str) -> tuple[int, int]:
        try:
            names = [text.strip() for text in next(csv.reader([header], delimiter=delimiter), [])]
        except csv.Error:
            return 0, 0
        return len(wanted & set(names)), len(names)

    return max(DELIMITERS, key=score)
