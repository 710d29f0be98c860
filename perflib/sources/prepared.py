"""A department opened once for many processes: read and checked by the first, attached by the others.

It is off unless ``share`` names a private folder, which only a batch of reports does. What is kept there is the
department as it was opened: the accepted rows with codes in place of ids, their reports without the refused records,
the decisions. The folder goes with the batch.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import shutil
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from perflib.agency import Department
from perflib.engine.connection import Engine, save
from perflib.files import record
from perflib.privacy.locked import only_one

_folder: Path | None = None
_threads = 0
_tokens: weakref.WeakKeyDictionary[Department, str] = weakref.WeakKeyDictionary()


def share(folder: Path | None, threads: int = 0) -> None:
    """Keep what this process opens in ``folder``, and take it from there; None ends it. ``threads`` per engine."""
    global _folder, _threads
    _folder, _threads = folder, threads


def token(department: Department) -> str:
    """What names a department that was taken from the folder and not changed since; empty for any other."""
    return _tokens.get(department, "")


def opened(path: str | Path, options: Callable[[], tuple[Any, ...]], make: Callable[[], Department]) -> Department:
    """The department from the folder, made and put there first if need be; simply made when nothing is shared.

    ``options`` are whatever else decides what it holds, the key of its codes too.
    """
    if _folder is None:
        return make()
    found = str(Path(path).resolve()) if str(path) else ""
    key = sha256(json.dumps([found, *options()]).encode()).hexdigest()[:32]
    place = _folder / key
    with only_one(_folder / f"{key}.lock", math.inf):
        if not place.is_dir():
            with record.gathered() as notes:
                made = make()
            _save(made, place, record.hashed(notes))
    department, notes = _load(place)
    record.replay(notes)
    _tokens[department] = key
    return department


def _save(department: Department, place: Path, notes: list[record.Note]) -> None:
    draft = Path(tempfile.mkdtemp(dir=place.parent))
    tables = dict(department.tables)
    save(tables, draft / "tables.duckdb")
    rest = {field.name: getattr(department, field.name) for field in fields(department)}
    # refused records stand there as they came, names and ids included: no report shows them
    sources = tuple(replace(source, quarantine=source.quarantine.iloc[:0]) for source in department.sources)
    rest |= {"tables": list(tables), "settings": dict(department.settings), "sources": sources, "notes": notes}
    (draft / "department.pickle").write_bytes(pickle.dumps(rest))
    try:
        os.replace(draft, place)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _load(place: Path) -> tuple[Department, list[record.Note]]:
    rest = pickle.loads((place / "department.pickle").read_bytes())  # written by this user, for this batch
    notes = rest.pop("notes")
    engine = Engine(threads=_threads)
    tables = engine.attached(place / "tables.duckdb", rest["tables"])
    return Department(**{**rest, "tables": tables}), notes
