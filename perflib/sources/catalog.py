"""The catalogue of public data sets: what each is, where it comes from, and the exact bytes it must have."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from perflib.errors import SourceError, hide
from perflib.files import record
from perflib.files.roots import REALDATA as LOCAL

_PACKAGE = Path(__file__).resolve().parents[1]
_SHIPPED = _PACKAGE / "_data" if (_PACKAGE / "_data").is_dir() else _PACKAGE.parent / "data"
_FILE = _SHIPPED / "catalog.yml"


@dataclass(frozen=True)
class File:
    """One file of a set: its name there, its SHA-256, and where its publisher serves these bytes (if anywhere)."""

    path: str
    sha256: str
    url: str = ""


@dataclass(frozen=True)
class DataSet:
    """One public data set; ``department`` is the department file (under ``data/``) that reads it, if there is one.

    ``state`` is "as published", or "reduced" when columns were removed: then no publisher serves these bytes and only
    a local folder can provide the set.
    """

    name: str
    title: str
    folder: str
    source: str
    licence: str
    citation: str
    state: str
    files: tuple[File, ...]
    department: str = ""
    note: str = ""

    @property
    def downloadable(self) -> bool:
        """Whether every file has an address that serves exactly these bytes."""
        return all(file.url for file in self.files)


def names(catalogue: str | Path | None = None) -> tuple[str, ...]:
    """Names of the data sets, alphabetical."""
    return tuple(sorted(_sets(catalogue)))


def get(name: str, catalogue: str | Path | None = None) -> DataSet:
    """The description of a data set.

    Raises
    ------
    SourceError : no set of that name, or the catalogue cannot be read.
    """
    sets = _sets(catalogue)
    if name not in sets:
        raise SourceError(f"no data set {name!r} in the catalogue", choices=sorted(sets), found=name)
    return sets[name]


def fetch(name: str, folder: str | Path | None = None, catalogue: str | Path | None = None) -> Path:
    """The folder that holds the files of a data set, every one of them verified.

    Parameters
    ----------
    name : a name of :func:`names`.
    folder : a local folder that stands in for the download: either the set's own folder or the one above it; without
        it, the folder that PERFLIB_REALDATA names is used if it holds the set; else the set is downloaded into the
        user's cache.
    catalogue : another catalogue file.

    Raises
    ------
    SourceError : a file is absent, has other bytes than the catalogue states, or cannot be downloaded.
    """
    chosen = get(name, catalogue)
    local = _local(chosen, folder)
    return _verified(chosen, local) if local else _downloaded(chosen)


def _local(chosen: DataSet, folder: str | Path | None) -> Path | None:
    given = folder or os.environ.get(LOCAL)
    if not given:
        return None
    base = Path(given)
    if not folder:
        hide(str(base), f"${{{LOCAL}}}")
        record.note("variable", LOCAL)
    for place in (base / chosen.folder, base):
        if (place / chosen.files[0].path).is_file():
            return place
    if folder:
        raise SourceError(
            f"data set {chosen.name!r} is not in this folder",
            where=str(base),
            do=f"wanted {chosen.folder}/{chosen.files[0].path}",
        )
    return None


def _verified(chosen: DataSet, place: Path) -> Path:
    for file in chosen.files:
        path = place / file.path
        if not path.is_file():
            raise SourceError("no such file", where=str(path), do=f"data set {chosen.name!r} needs it")
        record.file(path)
        found = record.sha256(path)
        if found != file.sha256:
            raise SourceError(
                f"other bytes than the catalogue states (sha256 {found[:12]}..., wanted {file.sha256[:12]}...)",
                where=str(path),
                do="the set is refused: fetch it again, or correct the catalogue if it was reissued",
            )
    return place


def _downloaded(chosen: DataSet) -> Path:
    if not chosen.downloadable:
        raise SourceError(
            f"data set {chosen.name!r} cannot be downloaded: {chosen.note or 'a file has no address'}",
            do=f"put it in a local folder and name that in {LOCAL}; source: {chosen.source}",
        )
    import pooch

    place = Path(pooch.os_cache("perflib")) / "catalog" / chosen.folder
    for file in chosen.files:
        try:
            pooch.retrieve(
                file.url,
                known_hash=f"sha256:{file.sha256}",
                fname=Path(file.path).name,
                path=(place / file.path).parent,
                progressbar=False,
            )
        except ValueError as fault:  # pooch's word for a hash that differs
            raise SourceError(
                "the download has other bytes than the catalogue states; the set is refused", where=file.url
            ) from fault
        except OSError as fault:
            brief = " ".join(str(fault).split())[:200]
            raise SourceError(
                f"cannot be downloaded ({brief})", where=file.url, do=f"name a local folder in {LOCAL}"
            ) from fault
    return _verified(chosen, place)


def _sets(catalogue: str | Path | None) -> dict[str, DataSet]:
    path = Path(catalogue) if catalogue else _FILE
    if not path.is_file():
        raise SourceError("no catalogue of data sets here", where=str(path), do="give the path of one")
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {name: _set(name, spec) for name, spec in raw["sets"].items()}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as fault:
        raise SourceError("not a catalogue of data sets", where=str(path), do="see data/catalog.yml") from fault


def _set(name: str, spec: Mapping[str, Any]) -> DataSet:
    files = tuple(File(**file) for file in spec["files"])
    return DataSet(name, **{**spec, "files": files})
