"""The department file: who the agency is, where its exports are and how its districts, shifts and targets are named."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from perflib import strict_yaml
from perflib.errors import DepartmentError
from perflib.privacy import Policy
from perflib.sources import declared
from perflib.sources.clock import zone

SETTINGS = ("districts", "shifts", "priority_targets", "boundaries", "policy")
_TOP = ("name", "timezone", "sources", "privacy", *SETTINGS, "settings", "notes")
_SOURCE = ("table", "files", "mapping", "name")
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^{}]*))?\}")


@dataclass(frozen=True)
class Source:
    """One entry of ``sources``: a glob of files (empty for a database) and the mapping's path."""

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
    settings: Mapping[str, Any] = field(default_factory=dict)


def expand(text: str, base: Path | str = "") -> str:
    """``text`` with ``${NAME}`` and ``${NAME:-default}`` replaced, as a path relative to ``base`` (a folder).

    Raises
    ------
    DepartmentError : a variable without default is not set.
    """

    def one(match: re.Match[str]) -> str:
        found = os.environ.get(match[1]) or match[2]
        if found is None:
            raise DepartmentError(
                f"the environment variable {match[1]} is not set", where=text,
                do=f"set it, or write ${{{match[1]}:-default}}",
            )
        return found

    filled = _VARIABLE.sub(one, text)
    return str(Path(base) / Path(filled).expanduser()) if base else filled


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
        do = "name the folder, not this file: the folder holds tables ready to be opened" if tables else (
            "see templates/department.yml")
        raise DepartmentError(f"needs {', '.join(lacking)}", where=where, do=do)
    if not isinstance(raw["sources"], list):
        raise DepartmentError("`sources` is not a list", where=where)
    sources = tuple(_source(item, path, place) for place, item in enumerate(raw["sources"], 1))
    return DepartmentFile(path, str(raw["name"]), raw["timezone"], sources, kept_settings(raw, path))


def settings(path: Path) -> dict[str, Any]:
    """The raw content of a department file, its keys checked."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        raw = strict_yaml.typed(text)
    except FileNotFoundError as fault:
        raise DepartmentError("no such department file", where=str(path)) from fault
    except OSError as fault:
        raise DepartmentError(f"cannot be read ({fault})", where=str(path)) from fault
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        words = " ".join(str(fault).split())[:200]
        raise DepartmentError(f"not readable as YAML ({words})", where=path.name) from fault
    if not isinstance(raw, dict):
        raise DepartmentError("not a department file", where=path.name, choices=_TOP)
    for key in raw:
        if key not in _TOP:
            raise DepartmentError(f"unknown key {key!r}", where=path.name, choices=_TOP, found=key)
    if raw.get("timezone"):
        zone(str(raw["timezone"]), f"{path.name}, timezone")
    return declared.as_written(raw, strict_yaml.texts(text), path.name)


def kept_settings(raw: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The settings of a raw department file; `boundaries` becomes a path that stands on its own, `privacy` a Policy."""
    found = {**raw.get("settings", {}), **{key: raw[key] for key in SETTINGS if key in raw}}
    if "privacy" in found:
        raise DepartmentError("`privacy` stands among the settings", where=path.name, do="write it at the left margin")
    if "privacy" in raw:
        stated = policy(raw, path)
        register = expand(stated.releases, path.parent) if stated.releases else ""
        found["privacy"] = replace(stated, releases=register)
    if isinstance(found.get("boundaries"), str) and found["boundaries"]:
        found["boundaries"] = expand(found["boundaries"], path.parent)
    return found


def policy(raw: Mapping[str, Any], path: Path) -> Policy:
    """How a raw department file wants people protected; the default where it does not say."""
    return Policy.read(raw.get("privacy"), path.name)


def _source(raw: Any, path: Path, place: int) -> Source:
    where = f"{path.name}, source {place}"
    if not isinstance(raw, dict) or "table" not in raw or "mapping" not in raw:
        raise DepartmentError("needs `table`, `files` and `mapping`", where=where)
    for key in raw:
        if key not in _SOURCE:
            raise DepartmentError(f"unknown key {key!r}", where=where, choices=_SOURCE, found=key)
    files = raw.get("files", "")
    if not isinstance(files, str):
        raise DepartmentError("`files` is not one glob", where=where)
    return Source(
        str(raw["table"]), expand(files, path.parent) if files else "", Path(expand(str(raw["mapping"]), path.parent))
    )
