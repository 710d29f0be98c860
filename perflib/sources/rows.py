"""The format of a file by its name, and which rows of a table are its header and its records."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from perflib.errors import MappingError, SourceError
from perflib.grammar import Key
from perflib.sources import language

_SUFFIXES = {
    ".parquet": "parquet",
    ".xlsx": "excel",
    ".xls": "excel",
    ".xlsb": "excel",
    ".xlsm": "excel",
    ".ods": "excel",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".geojson": "json",
    ".duckdb": "duckdb",
    ".tsv": "tsv",
}
Row = TypeVar("Row")


def format_of(
    path: Path | None, reader: Mapping[str, Any], where: str, keys: Mapping[str, Key] = language.READER
) -> str:
    """The format of a file (None: of a database server), every option of ``reader`` being one that it obeys.

    Raises
    ------
    MappingError : an option that does nothing for the format, or contradicts another.
    """
    suffixes = [] if path is None else [one.lower() for one in path.suffixes if one.lower() not in (".gz", ".zip")]
    form = reader.get("format") or ("postgresql" if path is None else _SUFFIXES.get((suffixes or [""])[-1], "csv"))
    language.reads(reader, form, where, keys)
    if (form == "postgresql") != (path is None):
        raise MappingError(
            f"format {form} {'needs' if path is None else 'takes no'} `files`",
            where=where,
            do="a file has `files` in the department file, a server `url_env` here",
        )
    return str(form)


@dataclass(frozen=True)
class Rows:
    """Which row is the header (from 1; 0: the first that is not blank; None: none), and how many last rows are none."""

    header: int | None = 0
    footer: int = 0

    @property
    def above(self) -> int:
        """How many rows stand above the header."""
        return max(0, (self.header or 0) - 1)

    def names(self, first: list[str]) -> tuple[str, ...]:
        """The names of the columns: those of the first row, else column1, column2 ..."""
        headed = self.header is not None
        return tuple(first) if headed else tuple(f"column{place}" for place in range(1, len(first) + 1))

    def no_title(self, first: Sequence[Any], below: Iterable[Sequence[Any]], where: str) -> None:
        """Refuse a title that stands where the header is looked for."""
        alone = sum(cell != "" for cell in first) == 1 and self.header == 0
        if alone and any(sum(cell != "" for cell in row) > 1 for row in below):
            raise SourceError(
                "the first row holds one text and those below hold more: a title, no header",
                where=where,
                do="say in which row the header stands: `reader: {header: 7}`",
            )

    def records(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows without the last ones, the footer."""
        waiting: deque[Row] = deque()
        for row in rows:
            waiting.append(row)
            if len(waiting) > self.footer:
                yield waiting.popleft()

    def notes(self, label: str) -> tuple[str, ...]:
        """What was left out of a file."""
        return (f"{label}: the last {self.footer} rows are left out, as `footer` says",) if self.footer else ()
