"""How the people of a department are protected: what its file says, and where its key and its audit log are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from perflib import audit, privacy, schema
from perflib.errors import DepartmentError, hide
from perflib.files import record
from perflib.files.roots import Roots
from perflib.sources import department_file, mapping
from perflib.sources.department_file import DepartmentFile

#: how messages and manifests call the folder of the built-in sample
SAMPLE = "sample of perflib"


@dataclass(frozen=True)
class Guard:
    """The policy of one department, and where its key is; ``place`` is its file or folder, None for frames."""

    policy: privacy.Policy
    agency: str
    place: DepartmentFile | Path | None = None

    @property
    def key_file(self) -> Path:
        """The file of the key, whether it is there yet or not."""
        return Path(self.policy.key).expanduser() if self.policy.key else privacy.default_key(self.agency)

    @property
    def log_file(self) -> Path | None:
        """The audit log that the department file names; None where it names none."""
        return Path(self.policy.audit).expanduser() if self.policy.audit else None

    def key(self) -> bytes:
        """The key, made on first use."""
        record.ignore(self.key_file)
        with record.quiet():
            apart = set(_data_folders(self.place))
        found = privacy.read_key(self.key_file, apart)
        if self.place is not None:
            place = self.place if isinstance(self.place, Path) else self.place.path
            record.note("key", os.path.abspath(place), found=privacy.fingerprint(found))
        return found


def _data_folders(place: DepartmentFile | Path | None) -> Iterator[Path]:
    """Every folder in and below which data of a department are read, lookups included."""
    if isinstance(place, Path):
        yield place
    for source in place.sources if isinstance(place, DepartmentFile) else ():
        if not source.files:
            continue
        roots, where = place.roots, f"{place.path.name}, files"  # type: ignore[union-attr]
        yield roots.folder(source.files, where)
        lookups = [lookup.reader.get("file", "") for lookup in mapping.load(source.mapping).extra.lookups]
        for file in roots.matches(source.files, where):
            yield file.parent
            yield from (roots.path(text, where, file.parent).parent for text in lookups if text)


def columns(table: str) -> tuple[str, ...]:
    """The columns of a canonical table that hold ids of officers or staff."""
    return tuple(column.name for column in schema.get(table).columns.values() if column.pseudonym)


def located(path: str | Path) -> DepartmentFile | Path:
    """The checked department file at this path, or the folder of Parquet files; of the sample when it is empty."""
    found = Path(path) if str(path) else Path(import_module("perflib.synthetic").sample())
    if not str(path):
        hide(str(found), SAMPLE)
    if found.is_dir():
        given = found / "department.yml"
        record.file(given)
        if given.is_file() and department_file.settings(given).get("sources"):
            return department_file.read(given)
        return found
    if found.suffix.lower() not in (".yml", ".yaml"):
        raise DepartmentError(
            "neither a department file (.yml) nor a folder",
            where=str(path),
            do="write a department file that names your export and its mapping",
        )
    return department_file.read(found)


def guard_of(place: DepartmentFile | Path) -> Guard:
    """How the people of a department are protected, and where its key is."""
    if isinstance(place, DepartmentFile):
        return Guard(place.settings.get("privacy", privacy.Policy()), place.name, place)
    raw = raw_settings(place)
    return Guard(department_file.policy(raw, folder_roots(place, raw)), str(raw.get("name") or place.name), place)


def folder_roots(folder: Path, raw: Mapping[str, Any]) -> Roots:
    """Where the paths of a department file may lead that stands among Parquet files."""
    return Roots.of(folder / "department.yml", raw.get("roots"))


def log_of(path: str | Path) -> Path:
    """The audit log of a department: the one its file names, else as :func:`perflib.audit.log_file` says."""
    guard = guard_of(located(path))
    return audit.log_file(guard.log_file, guard.key_file)


def key_print(path: str | Path) -> str:
    """What tells this key from another where the department has ids to code, making the key on first use; else ""."""
    with record.quiet():
        place = located(path)
        guard = guard_of(place)
        return privacy.fingerprint(guard.key()) if guard.policy.pseudonyms and _has_ids(place) else ""


def _has_ids(place: DepartmentFile | Path) -> bool:
    if isinstance(place, DepartmentFile):
        mappings = (mapping.load(source.mapping) for source in place.sources)
        return any(spec.column.pseudonym for each in mappings for spec in each.specs)
    from perflib.sources.tables import parquet_columns

    files = ((file.stem, file) for file in place.glob("*.parquet") if file.stem in schema.names())
    return any(set(columns(table)) & parquet_columns(file) for table, file in files)


def raw_settings(folder: Path) -> dict[str, Any]:
    """The content of the department file in a folder of Parquet files; empty where there is none."""
    given = folder / "department.yml"
    return department_file.settings(given) if given.is_file() else {}
