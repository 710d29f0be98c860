"""What a file may hold at most: past a limit it is refused by name, and reading stays within ``MEMORY``."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from perflib.errors import SourceError

#: bytes of memory that reading one department takes at most, the engine's and a workbook's own included
MEMORY = 4 << 30
#: the engine's own share of it, as the engine writes it
ENGINE_MEMORY = "2GB"
#: the share of the process that reads a workbook
WORKBOOK_MEMORY = 3 << 30
#: the errors of a system whose disk, or share of it, is full
FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
#: seconds for one workbook, or for one query of a database
SECONDS = 600
#: bytes of a packed file once unpacked
UNPACKED = 32 << 30
#: how many times its packed size a file may be, once it is past RATIO_FROM bytes
RATIO = 100
RATIO_FROM = 128 << 20
#: files in one archive, and bytes of its table of contents
MEMBERS = 10_000
DIRECTORY = 16 << 20
COLUMNS = 5_000
#: records of one file
RECORDS = 1_000_000_000
#: bytes of one cell: an engine works on 2,048 of them at once
CELL = 1 << 17
#: rows of a sheet, as Excel itself has them at most
SHEET_ROWS = 1 << 20
#: characters of the name of a column
NAME = 1_000
#: bytes of one line of a delimited text
LINE = 1 << 20
#: lines of one record of a delimited text
SPAN = 1_000
#: characters of one record of a JSON file, or of a JSON file that is one object
JSON_RECORD = 32 << 20
#: objects and lists inside one another
JSON_DEPTH = 50
#: digits of a number in JSON
DIGITS = 1_000
#: bytes that a query of a database may give
RESULT = 16 << 30
#: records, cells and characters that are held at once on their way into the private folder
BATCH_RECORDS, BATCH_CELLS, BATCH_CHARACTERS = 20_000, 2_000_000, 32 << 20


def cell(longest: int, where: str) -> None:
    """Refuse a text that is too long."""
    if longest > CELL:
        raise SourceError(
            f"a text of {longest:,} bytes, the limit is {CELL:,}", where=where, do="leave its column out of the export"
        )


def records(count: int, where: str) -> None:
    """Refuse a file of too many records."""
    if count > RECORDS:
        raise SourceError(f"more than {RECORDS:,} records", where=where, do="split the file by year")


def columns(names: Sequence[str], where: str, before: int = 0) -> None:
    """Refuse a header of too many columns, or with too long a name; ``before`` counts those that were looked at."""
    if before + len(names) > COLUMNS:
        raise SourceError(f"more than {COLUMNS:,} columns", where=where, do="export only the columns that are used")
    longest = max(map(len, names), default=0)
    if longest > NAME:
        raise SourceError(
            f"a column with a name of {longest:,} characters, the limit is {NAME:,}",
            where=where,
            do="check that the first record is a header: `reader: {header: ...}` says in which line it stands",
        )
