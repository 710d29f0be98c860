"""The mapping language: how one export becomes one canonical table, read and checked before any file is opened."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perflib import schema, strict_yaml
from perflib.errors import MappingError
from perflib.files import record
from perflib.grammar import Place
from perflib.privacy.quoting import quoted
from perflib.sources import derive, formats, language

MISSING = ("", "NULL", "-", "NA")
QUARANTINE_LIMIT = 0.05
#: texts that all rules together may recode: each is a part of the query that reads the export
RECODED = 5_000


@dataclass(frozen=True)
class Spec:
    """How one canonical column is made; ``sources``: per joined part the alternatives, each of header names."""

    column: schema.Column
    sources: tuple[tuple[tuple[str, ...], ...], ...] = ()
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
    row_number: bool = False


@dataclass(frozen=True)
class Filter:
    """Rows to keep after acceptance, with the reason that goes to the decisions log."""

    column: str
    keep: tuple[str, ...]
    because: str


@dataclass(frozen=True)
class Collapse:
    """How rows of one key become one: a rule per column, and the row that gives all others (none: they must agree)."""

    rules: Dict[str, str]
    otherwise: str
    because: str


@dataclass(frozen=True)
class Mapping:
    """A checked mapping; ``where`` names it in messages. Without ``written`` there is no file to correct."""

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
    collapse: Collapse | None = None
    written: bool = True

    @property
    def by_column(self) -> Dict[str, Spec]:
        """The rules by their canonical column."""
        return {spec.column.name: spec for spec in self.specs}

    @property
    def numbered(self) -> str:
        """The column that is made of the numbers of file and row; empty where there is none."""
        return next((name for name, spec in self.by_column.items() if spec.row_number), "")


def load(path: Path) -> Mapping:
    """The mapping of a YAML file.

    Raises
    ------
    MappingError : the file is absent, is not YAML, or does not fit the language or the schema.
    """
    record.file(path)
    if not path.is_file():
        raise MappingError("no such file", where=f"mapping {path}", do="check `mapping` in the department file")
    return parse(strict_yaml.of_file(path, MappingError), f"mapping {path.name}")


def parse(raw: Any, where: str) -> Mapping:
    """The mapping of a dictionary as YAML gives it; every scalar is taken as its text."""
    raw = _texts(raw)
    if isinstance(raw, dict):  # paths of the reader stay as they are written
        raw = {key: value if key == "reader" else schema.composed(value) for key, value in raw.items()}
    if not isinstance(raw, dict) or not {"table", "columns"} <= set(raw):
        raise MappingError("a mapping needs `table` and `columns`", where=where, do="see templates/")
    read = language.read(raw, where)
    reader = read.get("reader", {})
    join = reader.pop("join", {})
    if "format" in reader:
        language.reads(reader, reader["format"], f"{where}, reader")
    table = schema.get(read["table"], where)
    missing = ("", *read["missing"]) if "missing" in read else MISSING
    specs = tuple(
        _spec(table, table.column(name, where), spec, missing, reader, Place(f"{where}, column {name}"))
        for name, spec in read["columns"].items()
    )
    if sum(len(spec.recode) for spec in specs) > RECODED:
        raise MappingError(
            f"more than {RECODED:,} texts in all `recode`",
            where=where,
            do="put the list into a file beside the export and name it in `reader: join`",
        )
    collapse, counts = _collapse(read.get("collapse"), table, specs, where)
    specs += counts
    lacking = set(table.required) - {spec.column.name for spec in specs}
    if lacking:
        raise MappingError(f"no rule for the required column {', '.join(sorted(lacking))}", where=where)
    return Mapping(
        where,
        table,
        specs,
        reader,
        filters=tuple(Filter(**each) for each in read.get("filter", ())),
        extra=derive.extra(read, join, missing, where),
        collapse=collapse,
        **{key: read[key] for key in ("timezone", "trust", "quarantine_limit", "notes") if key in read},
    )


def _collapse(
    given: Any, table: schema.Table, specs: tuple[Spec, ...], where: str
) -> tuple[Collapse | None, tuple[Spec, ...]]:
    """The rule for rows of one key, and the columns that count them."""
    if not given:
        return None, ()
    if isinstance(given, str):
        given = {"otherwise": given, "because": f"of the rows of one {' and '.join(table.key)} the {given} stands"}
    found = Collapse(given.get("columns", {}), given.get("otherwise", ""), given["because"])
    if any(spec.row_number for spec in specs):
        raise MappingError("does nothing where every row has its own number as key", where=f"{where}, collapse")
    language.collapses(found.rules, found.otherwise, table, [spec.column.name for spec in specs], where)
    counts = (name for name, rule in found.rules.items() if rule == "count")
    return found, tuple(Spec(table.columns[name], value="1", missing=("",)) for name in counts)


def canonical(table: schema.Table, present: list[str], where: str) -> Mapping:
    """The mapping of data that already carries canonical names."""
    for name in present:
        if name not in table.columns:  # it came with the data, so it is not repeated as it stands
            shown = quoted(name, own=table.columns)
            raise MappingError(
                f"no column {shown!r} in table {table.name!r}", where=where, choices=table.columns, found=shown
            )
    lacking = set(table.required) - set(present)
    if lacking:
        raise MappingError(f"the required column {', '.join(sorted(lacking))} is absent", where=where)
    specs = tuple(Spec(table.columns[name], (((name,),),), missing=("",)) for name in present)
    return Mapping(where, table, specs, written=False)


def _spec(
    table: schema.Table,
    column: schema.Column,
    given: dict[str, Any],
    missing: tuple[str, ...],
    reader: Dict[str, str],
    place: Place,
) -> Spec:
    language.fits(given, column, place)
    if given.get("row_number"):
        language.key(column, table, place)
    _not_misspelt(given.get("otherwise", ""), column, place)
    formats.checked(given.get("format", ()), place.where, given.get("pad", 0) if column.dated else 0)
    sources = tuple(part["any"] if isinstance(part, dict) else ((part,),) for part in given.pop("from", ()))
    given = {"decimal": reader.get("decimal", "."), **given, "missing": (*missing, *given.get("missing", ()))}
    return Spec(column, sources, formats=given.pop("format", ()), **given)


def _not_misspelt(otherwise: str, column: schema.Column, place: Place) -> None:
    """Refuse a word one letter away from keep, missing or reject: it would become a category of its own."""
    near = [word for word in language.OTHERWISE if otherwise != word and _one_letter(otherwise.lower(), word)]
    if near and otherwise not in column.allowed:
        raise place.wrong(
            f"otherwise: {otherwise!r} looks like {near[0]!r} misspelt",
            do="correct it, or choose another word for the value",
            choices=language.OTHERWISE,
            found=otherwise,
        )


def _one_letter(text: str, word: str) -> bool:
    """Whether one letter added, left out, changed, or two neighbours exchanged make one of the other (or none)."""
    if sorted(text) == sorted(word):
        return sum(one != other for one, other in zip(text, word, strict=True)) <= 2
    short, long = sorted((text, word), key=len)
    if len(short) == len(long):
        return sum(one != other for one, other in zip(text, word, strict=True)) == 1
    return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))


def _texts(raw: Any) -> Any:
    if isinstance(raw, dict):
        return {_texts(key): _texts(value) for key, value in raw.items()}
    if isinstance(raw, (list, tuple)):
        return [_texts(item) for item in raw]
    if isinstance(raw, bool):
        return str(raw).lower()
    return "" if raw is None else str(raw)
