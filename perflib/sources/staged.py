"""A source brought within reach of the engine: a relation of columns ``c0, c1 ...`` beside its header."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from perflib import schema


@dataclass(frozen=True)
class Staged:
    """One file or relation, ready to be judged.

    ``relation`` is SQL with columns c0.., ``_record`` and, for texts, ``_line``, ``_raw`` and ``_fields`` (number of
    fields found where it differs from the header, else NULL). ``types`` are DuckDB types of c0...
    ``also`` names the further files that were joined, with their sha256. ``source`` is the plain file whose line
    ``record + 1`` is the record, where the relation itself holds no raw text.
    """

    label: str
    relation: str
    header: tuple[str, ...]
    types: tuple[str, ...]
    rows: int
    text: bool = False
    sha256: str = ""
    notes: tuple[str, ...] = field(default=())
    also: tuple[tuple[str, str], ...] = field(default=())
    source: Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "header", tuple(schema.composed(name) for name in self.header))
