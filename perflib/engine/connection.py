"""One embedded DuckDB per department: bounded memory, a private folder to spill to, no network, UTC."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from perflib.engine.sql import literal, name
from perflib.errors import SourceError
from perflib.files import limits, temporary
from perflib.files.roots import Roots

#: no extension, no stored secret, no variable of Python: an engine knows what it is given and nothing else
CLOSED = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    "python_enable_replacements": "false",
}
_FULL_WORDS = ("No space left", "File too large", "Disk quota", "max_temp_directory_size")
EngineError = duckdb.Error
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
    """An embedded DuckDB and its private folder, which goes when the database goes.

    ``roots`` say where the lookups of mappings may lie.
    """

    def __init__(self, roots: Roots | None = None, threads: int = 0) -> None:
        self.roots = roots
        with source_errors():
            self.folder = temporary.folder("engine")
        settings = {
            **CLOSED,
            "memory_limit": limits.ENGINE_MEMORY,
            "temp_directory": str(self.folder / "spill"),
            "extension_directory": str(self.folder / "extensions"),
            **({"threads": threads} if threads else {}),
        }
        self._backend: Any = ibis.duckdb.connect(**settings)
        self._con: Any = self._backend.con
        self.run("SET enable_progress_bar = false")
        self.run("SET lock_configuration = true")
        self.lookups: dict[Any, Any] = {}
        self._parts = 0
        weakref.finalize(self._backend, shutil.rmtree, self.folder, ignore_errors=True)

    def part(self, kind: str) -> Path:
        """The path of a new Parquet file in the private folder."""
        self._parts += 1
        return self.folder / f"{kind}{self._parts}.parquet"

    def run(self, statement: str) -> None:
        """Execute a statement that gives no rows."""
        self._con.execute(statement)

    def write(self, query: str, kind: str, form: str = "FORMAT parquet") -> Path:
        """Write the rows of a query to a new Parquet file in the private folder."""
        path = self.part(kind)
        self.run(f"COPY ({query}) TO {literal(path)} ({form})")
        return path

    def stored(self, query: str) -> str:
        """SQL of the rows of a query, kept as a Parquet file in the private folder."""
        return f"read_parquet({literal(self.write(query, 'stored'))})"

    def table(self, query: str) -> str:
        """SQL name of a new table that holds the rows of a query."""
        table = name("_" + self.part("table").stem)
        self.run(f"CREATE TABLE {table} AS {query}")
        return table

    def listed(self, frame: pd.DataFrame) -> str:
        """SQL of the rows of a frame, kept as a Parquet file in the private folder."""
        path = self.part("frame")
        frame.to_parquet(path, index=False)
        return f"read_parquet({literal(path)})"

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        return self._con.execute(statement).fetchall()

    def array(self, query: str) -> np.ndarray:
        """The one column of a query."""
        return np.asarray(next(iter(self._con.execute(query).fetchnumpy().values())))

    def columns(self, relation: str) -> list[tuple[str, str]]:
        """Names and DuckDB types of a relation."""
        return [(row[0], row[1]) for row in self.rows(f"DESCRIBE SELECT * FROM {relation}")]

    def views(self, queries: Mapping[str, str]) -> dict[str, ir.Table]:
        """Ibis tables by name, each a view of a query."""
        for table, query in queries.items():
            self.run(f"CREATE VIEW {name(table)} AS {query}")
        return {table: self._backend.table(table) for table in queries}

    def attached(self, path: Path, tables: Iterable[str]) -> dict[str, ir.Table]:
        """The tables of a file that ``save`` wrote."""
        self.run(f"ATTACH {literal(path)} AS saved (READ_ONLY)")
        return self.views({table: f"SELECT * FROM saved.{name(table)}" for table in tables})


def save(tables: Mapping[str, ir.Table], path: Path) -> None:
    """Write the named tables of one engine to a DuckDB file."""
    con: Any = next(iter(tables.values())).get_backend().con
    con.execute(f"ATTACH {literal(path)} AS saved")
    for table in map(name, tables):
        con.execute(f"CREATE TABLE saved.{table} AS SELECT * FROM {table}")
    con.execute("DETACH saved")


@contextmanager
def source_errors(where: str = "") -> Iterator[None]:
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


@contextmanager
def unreadable(where: str, what: str, do: str = "", outside: str = "") -> Iterator[None]:
    """Errors of the engine and of Arrow as a SourceError; ``outside`` is what to do about a read outside the file."""
    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as fault:
        if getattr(fault, "errno", None) in limits.FULL:  # of the folder that is written to, not of this file
            raise
        advice = outside if isinstance(fault, duckdb.PermissionException) else do
        raise SourceError(f"{what} ({brief(fault)})", where=where, do=advice) from None
