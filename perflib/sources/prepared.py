"""A department opened once for all reports of a batch: read and checked by the first, attached by the others.

What the folder of the batch holds is the department as it was opened: the accepted rows with codes in place of ids,
their reports without the refused records, the decisions.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from perflib.agency import Department
from perflib.engine.connection import Engine, save
from perflib.files import shared
from perflib.files.record import digest


def opened(path: str | Path, options: Callable[[], tuple[Any, ...]], make: Callable[[], Department]) -> Department:
    """The department from the folder of the batch, put there first if need be; simply made outside a batch.

    ``options`` are whatever else decides what it holds, the key of its codes too.
    """
    folder = shared.folder()
    if folder is None:
        return make()
    key = digest(json.dumps([str(Path(path).resolve()) if str(path) else "", *options()]))[:32]
    file = folder / f"{key}.duckdb"
    stored = shared.once(key, lambda: _store(make(), file))
    engine = Engine(threads=1)  # the other processors work on other reports
    tables = engine.attached(file, stored["tables"])
    department = Department(**{**stored, "tables": tables})
    shared.names[department] = key
    return department


def _store(department: Department, file: Path) -> dict[str, Any]:
    """Write the tables to ``file``; all else of the department is returned."""
    file.unlink(missing_ok=True)  # of a process that was killed meanwhile
    save(department.tables, file)
    rest = {field.name: getattr(department, field.name) for field in fields(department)}
    # refused records stand there as they came, names and ids included: no report shows them
    sources = tuple(replace(source, quarantine=source.quarantine.iloc[:0]) for source in department.sources)
    return rest | {"tables": list(department.tables), "settings": dict(department.settings), "sources": sources}
