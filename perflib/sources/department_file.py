"""The department file: who the agency is, where its exports are and how its districts, shifts and targets are named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from perflib import strict_yaml
from perflib.engine.clock import zone
from perflib.errors import DepartmentError, why
from perflib.files import record
from perflib.files.roots import Roots
from perflib.privacy import Policy
from perflib.sources import declared, department_language


@dataclass(frozen=True)
class Source:
    """One entry of ``sources``: a glob of files as written (empty for a database) and the mapping's path."""

    table: str
    files: str
    mapping: Path


@dataclass(frozen=True)
class DepartmentFile:
    """A checked department file."""

    path: Path
    name: str
    timezone: str
    sources: tuple[Source, ...]
    roots: Roots
    settings: Mapping[str, Any] = field(default_factory=dict)


def read(path: Path) -> DepartmentFile:
    """The department file at ``path``.

    Raises
    ------
    DepartmentError : absent, not YAML, an unknown key, or without name, timezone or sources.
    """
    raw = settings(path)
    where = path.name
    lacking = [key for key in ("name", "timezone", "sources") if not raw.get(key)]
    if lacking:
        tables = any(path.parent.glob("*.parquet"))
        do = (
            "name the folder, not this file: the folder holds tables ready to be opened"
            if tables
            else ("see templates/department.yml")
        )
        raise DepartmentError(f"needs {', '.join(lacking)}", where=where, do=do)
    roots = Roots.of(path, raw.get("roots"))
    sources = tuple(_source(item, roots, place) for place, item in enumerate(raw["sources"], 1))
    return DepartmentFile(path, str(raw["name"]), raw["timezone"], sources, roots, kept_settings(raw, roots))


def settings(path: Path) -> dict[str, Any]:
    """The raw content of a department file, its keys checked."""
    record.file(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        raw = strict_yaml.typed(text)
    except FileNotFoundError as fault:
        raise DepartmentError("no such department file", where=str(path)) from fault
    except OSError as fault:
        raise DepartmentError(f"cannot be read ({why(fault)})", where=str(path)) from fault
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise DepartmentError(f"not readable as YAML ({why(fault)})", where=path.name) from fault
    texts = strict_yaml.texts(text)
    department_language.read(texts, path.name)
    if raw.get("timezone"):
        zone(str(raw["timezone"]), f"{path.name}, timezone")
    return declared.as_written(raw, texts, path.name)


def kept_settings(raw: Mapping[str, Any], roots: Roots) -> dict[str, Any]:
    """The settings of a raw department file; its paths stand on their own, `privacy` becomes a Policy.

    Raises
    ------
    DepartmentError : a path leads out of the folder of the file and its roots.
    """
    where = roots.file.name
    found = {**(raw.get("settings") or {}), **{key: raw[key] for key in department_language.DECLARED if key in raw}}
    if "privacy" in found:
        raise DepartmentError("`privacy` stands among the settings", where=where, do="write it at the left margin")
    if "privacy" in raw:
        found["privacy"] = policy(raw, roots)
    if isinstance(found.get("review"), Mapping):
        found["review"] = _with_path(found["review"], "development", roots)
    return _with_path(found, "boundaries", roots)


def _with_path(settings: Mapping[str, Any], key: str, roots: Roots) -> dict[str, Any]:
    """The settings, the path of this key standing on its own."""
    text = settings.get(key)
    path = str(roots.path(text, f"{roots.file.name}, {key}")) if isinstance(text, str) and text else text
    return {**settings, **({key: path} if text else {})}


def policy(raw: Mapping[str, Any], roots: Roots) -> Policy:
    """How a raw department file wants people protected, its paths standing on their own; the default where not said."""
    where = roots.file.name
    stated = Policy.read(raw.get("privacy"), where)
    paths = {key: getattr(stated, key) for key in ("key", "audit", "releases")}
    named = {key: str(roots.path(text, f"{where}, privacy.{key}")) if text else "" for key, text in paths.items()}
    for text in (named["audit"], named["releases"]):  # written by whoever runs a report: no input of it
        record.ignore(Path(text))
    return replace(stated, key=named["key"], audit=named["audit"], releases=named["releases"])


def _source(raw: Any, roots: Roots, place: int) -> Source:
    where = f"{roots.file.name}, source {place}"
    files = raw.get("files", "")
    if files:
        roots.matches(files, f"{where}, files")
    return Source(raw["table"], files, roots.path(raw["mapping"], f"{where}, mapping"))
