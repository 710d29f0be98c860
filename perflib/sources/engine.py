"""One embedded DuckDB per department: bounded memory, a private folder to spill to, no network, UTC."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa

from perflib.errors import SourceError
from perflib.files import temporary
from perflib.files.roots import Roots
from perflib.sources import limits
from perflib.sources.sql import literal

#: no extension, no stored secret, no variable of Python: an engine knows what it is given and nothing else
CLOSED = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    "python_enable_replacements": "false",
}
_FULL_WORDS = ("No space left", "File too large", "Disk quota", "max_temp_directory_size")
#: a statement of ours that is wrong is no fault of a file
_OURS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.SyntaxException)


_WORDS: dict[type[Exception], str] = {
    duckdb.ConversionException: "a value cannot be converted",
    duckdb.OutOfRangeException: "a number is too large",
    duckdb.BinderException: "it names a column that is not there, or types that do not go together",
    duckdb.CatalogException: "it names a table or function that is not there",
    duckdb.ParserException: "it is not understood as SQL",
    duckdb.PermissionException: "it reaches outside the file",
    duckdb.InterruptException: "it takes too long",
    duckdb.IOException: "it is damaged, or not of this kind",
}


class Engine:
    """The Ibis backend, its raw DuckDB connection and the private folder, which goes when the backend goes.

    ``roots`` say where the lookups of mappings may lie.
    """

    def __init__(self, roots: Roots | None = None, threads: int = 0) -> None:
        self.roots = roots
        with room():
            self.folder = temporary.folder("engine")
        settings = {
            **CLOSED,
            "memory_limit": limits.ENGINE_MEMORY,
            "temp_directory": str(self.folder / "spill"),
            "extension_directory": str(self.folder / "extensions"),
            **({"threads": threads} if threads else {}),
        }
        self.backend: Any = ibis.duckdb.connect(**settings)
        self.con: Any = self.backend.con
        self.con.execute("SET enable_progress_bar = false")
        self.con.execute("SET lock_configuration = true")
        self.lookups: dict[Any, Any] = {}
        self._parts = 0
        weakref.finalize(self.backend, shutil.rmtree, self.folder, ignore_errors=True)

    def part(self, kind: str) -> Path:
        """The path of a new Parquet file in the private folder."""
        self._parts += 1
        return self.folder / f"{kind}{self._parts}.parquet"

    def stored(self, query: str) -> str:
        """SQL of the rows of a query, kept as a Parquet file in the private folder."""
        path = self.part("stored")
        self.con.execute(f"COPY ({query}) TO {literal(path)} (FORMAT parquet)")
        return f"read_parquet({literal(path)})"

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        return self.con.execute(statement).fetchall()

    def columns(self, relation: str) -> list[tuple[str, str]]:
        """Names and DuckDB types of a relation."""
        return [(row[0], row[1]) for row in self.rows(f"DESCRIBE SELECT * FROM {relation}")]


@contextmanager
def room(where: str = "") -> Iterator[None]:
    """Say so where the disk of the private folder is full, or where a source needs more memory or cannot be read on.

    Raises
    ------
    SourceError : in place of the errors of the system and of the engine.
    """
    try:
        yield
    except (OSError, MemoryError, duckdb.Error, pa.ArrowException) as fault:
        full = getattr(fault, "errno", None) in limits.FULL or any(words in str(fault) for words in _FULL_WORDS)
        if full:
            raise SourceError(
                f"no room in the temporary folder {tempfile.gettempdir()}",
                where=where,
                do="free some, or set TMPDIR (on Windows TMP) to a folder with room",
            ) from fault
        if isinstance(fault, (MemoryError, duckdb.OutOfMemoryException)):
            raise SourceError(
                f"needs more than the {limits.ENGINE_MEMORY} of memory there are for it",
                where=where,
                do="split the file, or leave out columns",
            ) from fault
        if isinstance(fault, _OURS) or not isinstance(fault, duckdb.Error):
            raise
        raise SourceError(f"cannot be read to its end ({brief(fault)})", where=where, do="fetch it again") from None


def brief(fault: Exception) -> str:
    """What went wrong, by the class of the error: the engine's own words may quote a value, or the names of columns."""
    return next((words for kind, words in _WORDS.items() if isinstance(fault, kind)), type(fault).__name__)
