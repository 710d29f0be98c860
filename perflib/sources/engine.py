"""One embedded DuckDB per department: bounded memory, a private folder to spill to, no network, UTC."""

from __future__ import annotations

import shutil
import weakref
from pathlib import Path
from typing import Any

import ibis

from perflib.files import temporary

MEMORY_LIMIT = "2GB"
_SETTINGS = (
    "SET TimeZone = 'UTC'", "SET enable_progress_bar = false", "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
)


class Engine:
    """The Ibis backend, its raw DuckDB connection and the private folder, which goes when the backend goes."""

    def __init__(self) -> None:
        self.folder = temporary.folder("engine")
        self.backend: Any = ibis.duckdb.connect(memory_limit=MEMORY_LIMIT, temp_directory=str(self.folder / "spill"))
        self.con: Any = self.backend.con
        for statement in _SETTINGS:
            self.con.execute(statement)
        self.lookups: dict[Any, Any] = {}
        self._parts = 0
        weakref.finalize(self.backend, shutil.rmtree, self.folder, ignore_errors=True)

    def part(self, kind: str) -> Path:
        """The path of a new Parquet file in the private folder."""
        self._parts += 1
        return self.folder / f"{kind}{self._parts}.parquet"

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        return self.con.execute(statement).fetchall()

    def columns(self, relation: str) -> list[tuple[str, str]]:
        """Names and DuckDB types of a relation."""
        return [(row[0], row[1]) for row in self.rows(f"DESCRIBE SELECT * FROM {relation}")]
