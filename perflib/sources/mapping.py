"""The mapping language: how one export becomes one canonical table, read and checked before any file is opened."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from perflib import schema
from perflib.errors import MappingError
from perflib.sources import derive, formats, strict_yaml

MISSING = ("", "NULL", "-", "NA")
QUARANTINE_LIMIT = 0.05
_TOP = ("table", "reader", "missing", "timezone", "trust", "columns", "filter", "quarantine_limit", "notes", "derive")
_COLUMN = (
    "from", "format", "join", "recode", "otherwise", "value", "optional", "missing", "decimal", "true", "false",
    "pivot", "strip_decimal", "pad", "timezone",
)
_READER = (
    "format", "delimiter", "encoding", "decimal", "sheet", "member", "query", "relation", "url_env", "header",
)
OTHERWISE = ("keep", "missing", "reject")
FORMATS = ("csv", "tsv", "parquet", "excel", "json", "postgresql", "duckdb")


@dataclass(frozen=True)
class Spec:
    """How one canonical column is made; ``sources`` holds, per joined part, the alternative header names."""

    column: schema.Column
    sources: tuple[tuple[str, ...], ...] = ()
    value: str | None = None
    optional: bool = False
    formats: tuple[str, ...] = ()
    join: str = " "
    recode: Dict[str, str] = field(default_factory=dict)
    otherwise: str = ""
    missing: tuple[str, ...] = ()
    decimal: str = "."
    true: tuple[str, ...] = ("true", "t", "yes", "y", "1")
    false: tuple[str, ...] = ("false", "f", "no", "n", "0")
    pivot: int | None = None
    strip_decimal: bool = False
    pad: int = 0
    timezone: str = ""


@dataclass(frozen=True)
class Filter:
    """Rows to keep after acceptance, with the reason that goes to the decisions log."""

    column: str
    keep: tuple[str, ...]
    because: str


@dataclass(frozen=True)
class Mapping:
    """A checked mapping; ``where`` names it in messages."""

    where: str
    table: schema.Table
    specs: tuple[Spec, ...]
    reader: Dict[str, str] = field(default_factory=dict)
    timezone: str = ""
    trust: str = ""
    filters: tuple[Filter, ...] = ()
    quarantine_limit: float = QUARANTINE_LIMIT
    notes: tuple[str, ...] = ()
    extra: derive.Extra = field(default_factory=derive.Extra)


def load(path: Path) -> Mapping:
    """The mapping of a YAML file.

    Raises
    ------
    MappingError : the file is absent, is not YAML, or does not fit the language or the schema.
    """
    where = f"mapping {path.name}"
    if not path.is_file():
        raise MappingError("no such file", where=f"mapping {path}", do="check `mapping` in the department file")
    try:
        raw = strict_yaml.texts(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise MappingError(f"not readable as YAML ({_brief(fault)})", where=where) from fault
    return parse(raw, where)


def parse(raw: Any, where: str) -> Mapping:
    """The mapping of a dictionary as YAML gives it; every scalar is taken as its text."""
    raw = _texts(raw)
    if not isinstance(raw, dict) or not isinstance(raw.get("columns"), dict):
        raise MappingError("a mapping needs `table` and `columns`", where=where, do="see templates/")
    _known(raw, _TOP, where)
    reader = raw.get("reader") or {}
    join = reader.pop("join", None) if isinstance(reader, dict) else None
    _known(reader, _READER, f"{where}, reader")
    if "format" in reader and reader["format"] not in FORMATS:
        raise MappingError("unknown format", where=f"{where}, reader", choices=FORMATS, found=reader["format"])
    table = schema.get(raw.get("table", ""), where)
    missing = ("", *_list(raw["missing"])) if "missing" in raw else MISSING
    specs = tuple(
        _spec(table.column(name, where), spec, missing, reader, f"{where}, column {name}")
        for name, spec in raw["columns"].items()
    )
    lacking = set(table.required) - {spec.column.name for spec in specs}
    if lacking:
        raise MappingError(f"no rule for the required column {', '.join(sorted(lacking))}", where=where)
    return Mapping(
        where, table, specs, reader, _zone(raw.get("timezone", ""), where), raw.get("trust", ""),
        _filters(raw, where), _number(raw.get("quarantine_limit", QUARANTINE_LIMIT), f"{where}, quarantine_limit"),
        tuple(_list(raw.get("notes", []))), derive.parse(join, raw.get("derive"), missing, where),
    )


def canonical(table: schema.Table, present: list[str], where: str) -> Mapping:
    """The mapping of data that already carries canonical names."""
    for name in present:
        table.column(name, where)
    lacking = set(table.required) - set(present)
    if lacking:
        raise MappingError(f"the required column {', '.join(sorted(lacking))} is absent", where=where)
    specs = tuple(Spec(table.columns[name], ((name,),), missing=("",)) for name in present)
    return Mapping(where, table, specs)


def _spec(column: schema.Column, raw: Any, missing: tuple[str, ...], reader: Dict[str, str], where: str) -> Spec:
    raw = {"from": raw} if isinstance(raw, (str, list)) else raw
    if not isinstance(raw, dict):
        raise MappingError("neither a header name nor a rule", where=where)
    _known(raw, _COLUMN, where)
    if ("from" in raw) == ("value" in raw):
        raise MappingError("needs either `from` or `value`", where=where)
    if "otherwise" in raw and "recode" not in raw:
        raise MappingError("`otherwise` without `recode`", where=where)
    _not_misspelt(raw.get("otherwise", ""), column, where)
    options: dict[str, Any] = {key: tuple(_list(raw[key])) for key in ("true", "false") if key in raw}
    decimal = raw.get("decimal", reader.get("decimal", "."))
    if decimal not in (".", ","):
        raise MappingError("decimal is neither '.' nor ','", where=where, found=decimal)
    pad = _whole(raw.get("pad", "0"), f"{where}, pad")
    return Spec(
        column, _sources(raw.get("from", []), where), raw.get("value"), _flag(raw.get("optional", "false"), where),
        formats.checked(_list(raw.get("format", [])), where, pad if column.dated else 0),
        raw.get("join", " "), _recode(raw.get("recode") or {}),
        raw.get("otherwise", ""), (*missing, *_list(raw.get("missing", []))), decimal,
        pivot=_whole(raw["pivot"], f"{where}, pivot") if "pivot" in raw else None,
        strip_decimal=_flag(raw.get("strip_decimal", "false"), where),
        pad=pad, timezone=_zone(raw.get("timezone", ""), where), **options,
    )


def _sources(raw: Any, where: str) -> tuple[tuple[str, ...], ...]:
    parts = raw if isinstance(raw, list) else [raw] if raw else []
    found = []
    for part in parts:
        if isinstance(part, dict):
            _known(part, ("any",), where)
        found.append(tuple(_list(part["any"])) if isinstance(part, dict) else (part,))
    return tuple(found)


def _not_misspelt(otherwise: str, column: schema.Column, where: str) -> None:
    """Refuse a word one letter away from keep, missing or reject: it would become a category of its own."""
    near = [word for word in OTHERWISE if otherwise != word and _one_letter(otherwise.lower(), word)]
    if near and otherwise not in column.allowed:
        raise MappingError(
            f"otherwise: {otherwise!r} looks like {near[0]!r} misspelt", where=where,
            do="correct it, or choose another word for the value", choices=OTHERWISE, found=otherwise,
        )


def _one_letter(text: str, word: str) -> bool:
    """Whether one letter added, left out, changed, or two neighbours exchanged make one of the other (or none)."""
    if sorted(text) == sorted(word):
        return sum(one != other for one, other in zip(text, word, strict=True)) <= 2
    short, long = sorted((text, word), key=len)
    if len(short) == len(long):
        return sum(one != other for one, other in zip(text, word, strict=True)) == 1
    return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))


def _recode(raw: Dict[str, Any]) -> dict[str, str]:
    return {key: "" if value is None else value for key, value in raw.items()}


def _filters(raw: Dict[str, Any], where: str) -> tuple[Filter, ...]:
    found = []
    for item in raw.get("filter") or []:
        _known(item, ("column", "keep", "because"), f"{where}, filter")
        if set(item) != {"column", "keep", "because"}:
            raise MappingError("a filter needs `column`, `keep` and `because`", where=where)
        found.append(Filter(item["column"], tuple(_list(item["keep"])), item["because"]))
    return tuple(found)


def _texts(raw: Any) -> Any:
    if isinstance(raw, dict):
        return {_texts(key): _texts(value) for key, value in raw.items()}
    if isinstance(raw, (list, tuple)):
        return [_texts(item) for item in raw]
    if isinstance(raw, bool):
        return str(raw).lower()
    return "" if raw is None else str(raw)


def _list(raw: Any) -> list[str]:
    return list(raw) if isinstance(raw, (list, tuple)) else [str(raw)]


def _known(raw: Dict[str, Any], valid: tuple[str, ...], where: str) -> None:
    if not isinstance(raw, dict):
        raise MappingError("not a list of `name: value`", where=where, choices=valid)
    for key in raw:
        if key not in valid:
            raise MappingError(f"unknown key {key!r}", where=where, choices=valid, found=key)


def _flag(text: str, where: str) -> bool:
    if text.lower() not in ("true", "false", "yes", "no"):
        raise MappingError(f"{text!r} is neither true nor false", where=where)
    return text.lower() in ("true", "yes")


def _number(text: Any, where: str) -> float:
    try:
        return float(text)
    except ValueError as fault:
        raise MappingError(f"{text!r} is not a number", where=where) from fault


def _whole(text: str, where: str) -> int:
    number = _number(text, where)
    if number != int(number):
        raise MappingError(f"{text!r} is not a whole number", where=where)
    return int(number)


def _zone(text: str, where: str) -> str:
    from perflib.sources.clock import zone

    return zone(text, where).key if text else ""


def _brief(fault: Exception) -> str:
    return " ".join(str(fault).split())[:200]
