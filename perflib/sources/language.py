"""The mapping language, declared once: keys, their values, what they apply to and mean; checks and messages follow."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from typing import Any

from perflib import schema
from perflib.engine import clock
from perflib.errors import MappingError
from perflib.grammar import Either, Flag, Key, Many, Number, Pairs, Place, Record, Text, idle, shown
from perflib.sources import formats

FORMATS = ("csv", "tsv", "parquet", "excel", "json", "postgresql", "duckdb")
OTHERWISE = ("keep", "missing", "reject")
#: how the rows of one key become one value; first, last and newest: what that row says, nothing too
ROWS = ("first", "last", "newest")
RULES = (*ROWS, "min", "max", "sum", "count")
_TEXTS, _TABLES, _BASES = ("csv", "tsv", "json"), ("csv", "tsv", "excel"), ("postgresql", "duckdb")
_STAMPS = ("timestamp", "date")
_NUMBERS = ("integer", "number")
_ORDERED = (*_NUMBERS, *_STAMPS, "boolean")
_FOR = {"sum": _NUMBERS, "count": _NUMBERS, "min": _ORDERED, "max": _ORDERED}
#: an encoding that reads this otherwise than as it stands is none of texts with delimiters
_ASCII = bytes(range(32, 91)) + bytes(range(93, 127)) + b"\\x41 \\u0041 +AEE- xn--a-\r\n"


def _zone(text: str, where: str) -> str:
    return clock.zone(text, where).key if text else ""


def _encoding(text: str, where: str) -> str:
    try:
        found = codecs.lookup(text).name
        if found.startswith(("utf-16", "utf-32")) or _ASCII.decode(found, "replace") == _ASCII.decode("ascii"):
            return found
    except (LookupError, ValueError, AssertionError):
        pass
    raise MappingError(
        f"{shown(text)!r} is no encoding of texts", where=where, choices=("utf-8", "utf-8-sig", "cp1252", "utf-16")
    )


def _delimiter(text: str, where: str) -> str:
    found = {"\\t": "\t", "tab": "\t"}.get(text, text)
    if len(found) > 1 or found in ('"', "\r", "\n", "\0"):
        raise MappingError(
            f"delimiter {shown(text)!r} is not one character", where=where, choices=(",", ";", "|", "tab")
        )
    return found


def _header(text: str, where: str) -> int | None:
    """The number of the row; 0 for the first that is not blank, None where no row names the columns."""
    if text.lower() in ("true", "yes", "false", "no"):
        return 0 if text.lower() in ("true", "yes") else None
    if not (text.isascii() and text.isdecimal() and 1 <= len(text) <= 9 and int(text)):
        raise MappingError(
            f"{shown(text)!r} where the number of the header's row is wanted",
            where=where,
            do="count from 1, as the sheet or the editor does; false: the first row is a record",
        )
    return int(text)


#: so many columns may be joined into one
JOINED = 20
#: one column, or several that are joined
_JOINED = Many(Text(wanted="a header name"), least=1, most=JOINED)
_ANY = Record({"any": Key(Many(_JOINED, least=1), "alternatives: the first that the file has", True)})
_FROM = Many(Either("a header name or `any: [...]`", text=Text(), pairs=_ANY), least=1, most=JOINED)
_ENCODING = Text(check=_encoding, wanted="the name of an encoding")

COLUMN = {
    "from": Key(_FROM, "the column of the export; several are joined; any: the first that the file has"),
    "value": Key(Text(empty=True), "the same text for every record"),
    "row_number": Key(Flag(), "number of file and row as the key of records that have none; another order, other keys"),
    "optional": Key(Flag(), "the column may be absent from a file"),
    "join": Key(Text(empty=True), "what stands between joined columns; a space if not stated"),
    "format": Key(
        Many(Text(), least=1, most=50), "how the export writes it; of several the first that fits", only=_STAMPS
    ),
    "timezone": Key(Text(check=_zone), "zone of stamps without an offset", only=_STAMPS),
    "pivot": Key(Number(0, 99, whole=True), "two-digit years up to this one are 20xx", only=_STAMPS),
    "decimal": Key(Text((".", ",")), "the decimal sign", only=(*_NUMBERS, *_STAMPS)),
    "missing": Key(Many(Text(empty=True)), "further texts that mean no value"),
    "recode": Key(Pairs(Text(empty=True), most=2_000), "text of the export: value; for longer lists `reader: join`"),
    "otherwise": Key(Text(empty=True), "value of every other text; keep, missing, reject"),
    "true": Key(Many(Text(), least=1), "texts that mean true", only=("boolean",)),
    "false": Key(Many(Text(), least=1), "texts that mean false", only=("boolean",)),
    "strip_decimal": Key(Flag(), "832.0 is 832", only=("string", "category")),
    "pad": Key(
        Number(0, 100, whole=True),
        "leading zeros up to this width; of a stamp, before codes side by side",
        only=("string", "category", *_STAMPS),
    ),
}
_FILE = {
    "delimiter": Key(Text(check=_delimiter), "between the fields", only=("csv", "tsv")),
    "encoding": Key(_ENCODING, "of the text", only=_TEXTS),
    "header": Key(Text(check=_header), "the row of the header, counted from 1; false: there is none", only=_TABLES),
    "footer": Key(Number(0, 1000, whole=True), "so many last rows are left out", only=_TABLES),
    "sheet": Key(Text(), "of a workbook", only=("excel",)),
    "member": Key(Text(), "of an archive", only=_TEXTS),
    "query": Key(Text(), "one SELECT", only=_BASES),
    "relation": Key(Text(), "the table or view", only=_BASES),
}
LOOKUP = {
    "file": Key(Text(), "its name, beside the export"),
    "on": Key(
        Either("header names", Many(Text()), Many(Text(), least=1), Pairs(Text(), least=1)),
        "the key: columns of both files, or own: other",
        True,
    ),
    "first_by": Key(Text(), "of rows with the same key the lowest by this column"),
    "partial": Key(Flag(), "records without a match are the rule"),
    **_FILE,
}
READER = {
    "format": Key(Text(FORMATS), "how the file is read; the name of the file says it if not stated"),
    "decimal": Key(Text((".", ",")), "the decimal sign of all columns"),
    "url_env": Key(Text(), "the environment variable that holds the address", only=("postgresql",)),
    **_FILE,
    "join": Key(Pairs(Record(LOOKUP), most=20), "further files with the same key; their columns are <name>.<column>"),
}
_TEST = Either(
    "a list of texts, or present, missing, except, from or until",
    text=Text(("present", "missing"), wanted="a list of texts, present or missing"),
    items=Many(Text(empty=True), least=1),
    pairs=Record(
        {
            "except": Key(Many(Text(empty=True), least=1), "none of these texts"),
            "from": Key(Text(), "this text or later"),
            "until": Key(Text(), "before this text"),
        }
    ),
)
_CASE = Record(
    {"when": Key(Pairs(_TEST, least=1), "tests by column", True), "value": Key(Text(empty=True), "the value", True)}
)
DERIVED = {
    "first": Key(Many(Text(), least=1), "the first of these columns that has a value"),
    "cases": Key(Many(_CASE, alone=False, least=1), "the value of the first case whose tests all hold"),
    "otherwise": Key(Text(empty=True), "the value where no case holds"),
}
FILTER = {
    "column": Key(Text(), "of the export, or of the table", True),
    "keep": Key(Many(Text(empty=True), least=1, most=20_000), "the texts that are kept", True),
    "because": Key(Text(), "the reason, for the decisions log", True),
}
UNPIVOT = {
    "columns": Key(
        Either("a list of header names", items=Many(Text(), least=1), pairs=Pairs(Text(), least=1)),
        "the columns that become rows, or header: its name there",
        True,
    ),
    "name": Key(Text(), "the new column that holds the name of the column", True),
    "value": Key(Text(), "the new column that holds its cell", True),
}
COLLAPSE = {
    "columns": Key(Pairs(Text(RULES)), "column: how the rows of one key become one value"),
    "otherwise": Key(Text(ROWS), "the row that gives all other columns; if not stated, the rows must agree in them"),
    "because": Key(Text(), "the reason, for the decisions log", True),
}
MAPPING = {
    "table": Key(Text(), "a table of the schema", True),
    "reader": Key(Record(READER), "how the file is read"),
    "missing": Key(Many(Text(empty=True)), "texts that mean no value; blanks always do"),
    "timezone": Key(Text(empty=True, check=_zone), "zone of stamps without an offset; else the department's"),
    "trust": Key(Text(empty=True), "what this source can carry and what not"),
    "unpivot": Key(Record(UNPIVOT), "several columns of the export become rows"),
    "derive": Key(Pairs(Record(DERIVED), most=100), "columns made from several columns"),
    "columns": Key(Pairs(Record(COLUMN, short="from")), "column of the table: header of the export, or a rule", True),
    "collapse": Key(
        Either("newest, first, last, or pairs", Text(ROWS), pairs=Record(COLLAPSE)),
        "rows of one key become one; newest: the row with the latest recorded_at, of equal ones the last",
    ),
    "filter": Key(Many(Record(FILTER), alone=False, most=100), "rows to keep"),
    "quarantine_limit": Key(Number(0, 1), "the share of records that may be refused"),
    "notes": Key(Many(Text()), "sentences for the report"),
}


def read(raw: Any, where: str) -> dict[str, Any]:
    """The typed content of a mapping.

    Raises
    ------
    MappingError : not of the language.
    """
    return Record(MAPPING).read(raw, Place(where))


def key(column: schema.Column, table: schema.Table, place: Place) -> None:
    """Refuse a row number as anything but the id of the records themselves."""
    if column.name != table.key[0] or not column.name.endswith("_id") or column.pseudonym or column.refers:
        raise place.wrong(
            "`row_number` does nothing here: it is for the id of the records", do="take it out", choices=[table.key[0]]
        )


def collapses(rules: Mapping[str, str], otherwise: str, table: schema.Table, mapped: Sequence[str], where: str) -> None:
    """Refuse a rule that cannot be followed, or that does nothing."""
    counted = [name for name, rule in rules.items() if rule in ("sum", "count")]
    for name, rule in rules.items():
        column, place = table.column(name, where), Place(f"{where}, collapse, {name}")
        if name in table.key:
            raise place.wrong("is of the key, which is one in all its rows", do="take it out")
        if (rule == "count") == (name in mapped):
            raise place.wrong(
                "`count` counts rows; take the column out of `columns`"
                if rule == "count"
                else "the column is not in `columns`"
            )
        if rule in _FOR and column.type not in _FOR[rule]:
            raise place.wrong(f"`{rule}` is for columns of type {', '.join(_FOR[rule])}", choices=ROWS)
    used = {*rules.values(), otherwise}
    if "newest" in used and "recorded_at" not in mapped:
        raise MappingError(
            "newest needs `recorded_at` in `columns`",
            where=f"{where}, collapse",
            do="map when the row was written or exported, or write first or last",
        )
    if counted and "recorded_at" in mapped and (otherwise or "recorded_at" in rules):
        raise MappingError(
            f"{' and '.join(counted)} would count a row twice that was exported twice",
            where=f"{where}, collapse",
            do="leave recorded_at and `otherwise` out, so that rows of different states of a record are refused",
        )
    if not rules and not otherwise:
        raise MappingError("needs `columns` or `otherwise`", where=f"{where}, collapse")
    if not set(table.key) <= set(mapped):
        raise MappingError(
            f"does nothing while a column of the key is not mapped ({', '.join(table.key)})", where=f"{where}, collapse"
        )


def fits(given: Mapping[str, Any], column: schema.Column, place: Place) -> None:
    """Refuse a rule that contradicts itself, or of which a part does nothing for the type of the column."""
    made = [key for key in ("from", "value", "row_number") if given.get(key) not in (None, False)]
    if len(made) != 1:
        raise place.wrong("needs either `from` or `value`", do="for a key that the export lacks: `row_number: true`")
    idle(COLUMN, list(given), column.type, f"a column of type {column.type}", place)
    joined = sum(max(map(len, part["any"])) if isinstance(part, dict) else 1 for part in given.get("from", ()))
    if joined > JOINED:
        raise place.wrong(f"{joined} columns are joined, at most {JOINED} can be")
    stamp_formats = given.get("format", ())
    for key, does, wanted in (
        ("otherwise", "recode" in given, "`recode`"),
        ("join", joined > 1, "several columns in `from`"),
        ("optional", "from" in given, "`from`"),
        ("pivot", any("%y" in form.replace("%-y", "%y") for form in stamp_formats), "a `format` with %y"),
        ("pad", not column.dated or stamp_formats, "a `format`"),
        ("decimal", column.type in _NUMBERS or set(stamp_formats) & {*formats.NAMES}, "a `format` that is a number"),
    ):
        if key in given and not does:
            raise place.wrong(f"`{key}` does nothing without {wanted}", do="take it out")
    if "" in given.get("recode", {}):
        raise place.wrong("`recode` of an empty text does nothing: blanks are missing", do="take it out")


def reads(reader: Mapping[str, Any], form: str, where: str, keys: Mapping[str, Key] = READER) -> None:
    """Refuse an option that does nothing for the format ``form``."""
    idle(keys, list(reader), form, f"format {form}", Place(where))
    if form in _BASES and len({"relation", "query"} & set(reader)) != 1:
        raise MappingError("needs either `relation` or `query`", where=where, do="reader: {relation: schema.table}")
