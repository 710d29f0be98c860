"""SQL for one canonical column: its value from the source columns, and the ways in which a record can fail there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from perflib.sources.bind import Bound
from perflib.sources.clock import FIRST_YEAR, LAST_YEAR
from perflib.sources.mapping import Spec
from perflib.sources.sql import coalesce, literal, literals

_NUMBERS = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT",
    "DOUBLE",
)
_NAIVE = ("TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S", "DATE")
_AWARE = "TIMESTAMP WITH TIME ZONE"
_OFFSET = r"'(Z|[+-]\d{2}(:?\d{2})?( ?UTC)?| ?UTC)$'"
#: grouped thousands, per decimal sign; anything else with the group sign is not a number
_GROUPED = {".": r"'[+-]?\d{1,3}(,\d{3})+(\.\d*)?'", ",": r"'[+-]?\d{1,3}(\.\d{3})+(,\d*)?'"}
_PLAIN = {".": r"'[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?'", ",": r"'[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?'"}
_SQL_TYPES = {
    "string": "VARCHAR", "category": "VARCHAR", "timestamp": "TIMESTAMP", "date": "DATE", "integer": "BIGINT",
    "number": "DOUBLE", "boolean": "BOOLEAN",
}


@dataclass(frozen=True)
class Value:
    """SQL of a column: ``known`` (a value was given), ``value`` (typed; a stamp is local), ``fixed`` (its UTC)."""

    spec: Spec
    known: str
    value: str
    fixed: str = ""

    @property
    def name(self) -> str:
        """The canonical name."""
        return self.spec.column.name

    @property
    def typed(self) -> str:
        """Either form of the value, to tell whether it could be read."""
        return f"coalesce({self.value}, {self.fixed})" if self.fixed else self.value


def value(bound: Bound, types: list[str], alias: str = "c") -> Value:
    """The SQL of a bound column over source columns ``c0, c1 ...`` of the given DuckDB types."""
    spec = bound.spec
    kind = spec.column.type
    if bound.absent:
        return Value(spec, "false", f"CAST(NULL AS {_SQL_TYPES[kind]})")
    if spec.value is not None:
        return _from_text(spec, _present(literal(spec.value), spec))
    if len(bound.places) == 1 and not spec.recode:
        held = f"{alias}{bound.places[0]}"
        native = _native(spec, held, types[bound.places[0]])
        if native is not None:
            return native
    parts = [_present(f"CAST({alias}{place} AS VARCHAR)", spec) for place in bound.places]
    if len(parts) > 1:
        known = " OR ".join(f"({part}) IS NULL" for part in parts)
        joined = f" || {literal(spec.join)} || ".join(f"({part})" for part in parts)
        return _from_text(spec, f"CASE WHEN {known} THEN NULL ELSE {joined} END")
    return _from_text(spec, parts[0])


def _present(text: str, spec: Spec) -> str:
    """The trimmed text, NULL where it is one of the missing texts."""
    return f"CASE WHEN trim({text}) IN ({literals(spec.missing)}) THEN NULL ELSE trim({text}) END"


def _native(spec: Spec, held: str, type_: str) -> Value | None:
    """A column whose source type already fits; NULL and NaN are missing."""
    kind = spec.column.type
    known = f"{held} IS NOT NULL"
    if kind == "timestamp" and type_ == _AWARE:
        bounded = f"CASE WHEN {_bounded(f'epoch_us({held})', held)} THEN {held} END"
        return Value(spec, _dated(spec, f"CAST({held} AS DATE)", known), "CAST(NULL AS TIMESTAMP)", bounded)
    if kind in ("timestamp", "date") and type_ in _NAIVE:
        stamp = f"CAST({held} AS TIMESTAMP)"
        shown = _dated(spec, f"CAST({held} AS DATE)", known)
        fine = f"CASE WHEN {shown} AND {_bounded(stamp, stamp)} THEN {stamp} END"
        return Value(spec, shown, fine if kind == "timestamp" else f"CAST({fine} AS DATE)")
    if kind == "boolean" and type_ == "BOOLEAN":
        return Value(spec, known, held)
    if kind in ("integer", "number") and (type_ in _NUMBERS or type_.startswith("DECIMAL")):
        number = f"CAST({held} AS DOUBLE)"
        return _checked(spec, f"({known} AND NOT isnan({number}))", number)
    return None


def _from_text(spec: Spec, text: str) -> Value:
    kind = spec.column.type
    text = _recoded(spec, text)
    known = f"({text}) IS NOT NULL"
    if kind in ("string", "category"):
        return Value(spec, known, _tidy(spec, text))
    if kind == "boolean":
        yes, no = (literals(item.lower() for item in texts) for texts in (spec.true, spec.false))
        return Value(spec, known, f"CASE WHEN lower({text}) IN ({yes}) THEN true WHEN lower({text}) IN ({no}) THEN false END")
    if kind in ("integer", "number"):
        return _checked(spec, known, _number(spec, text))
    return _stamp(spec, text, known)


def _recoded(spec: Spec, text: str) -> str:
    if not spec.recode:
        return text
    cases = " ".join(f"WHEN {literal(key)} THEN {literal(to)}" for key, to in spec.recode.items())
    otherwise = spec.otherwise
    held = f"({text})"
    rest = {"": held, "keep": held, "reject": held, "missing": "NULL"}.get(otherwise, literal(otherwise))
    return f"CASE WHEN {held} IS NULL THEN NULL ELSE nullif(CASE {held} {cases} ELSE {rest} END, '') END"


def _tidy(spec: Spec, text: str) -> str:
    if spec.strip_decimal:
        text = f"regexp_replace({text}, '\\.0*$', '')"
    return f"CASE WHEN length({text}) < {spec.pad} THEN lpad({text}, {spec.pad}, '0') ELSE {text} END" if spec.pad else text


def _number(spec: Spec, text: str) -> str:
    plain, grouped = _PLAIN[spec.decimal], _GROUPED[spec.decimal]
    held = f"({text})"
    group = "," if spec.decimal == "." else "."
    as_point = held if spec.decimal == "." else f"replace({held}, ',', '.')"
    ungrouped = f"replace({held}, '{group}', '')"
    ungrouped = ungrouped if spec.decimal == "." else f"replace({ungrouped}, ',', '.')"
    return (
        f"CASE WHEN regexp_full_match({held}, {plain}) THEN TRY_CAST({as_point} AS DOUBLE) "
        f"WHEN regexp_full_match({held}, {grouped}) THEN TRY_CAST({ungrouped} AS DOUBLE) END"
    )


def _checked(spec: Spec, known: str, number: str) -> Value:
    finite = f"CASE WHEN {known} AND isfinite({number}) THEN {number} END"
    if spec.column.type == "number":
        return Value(spec, known, finite)
    whole = f"CASE WHEN {known} AND abs({number}) < 9e15 AND {number} = floor({number}) THEN CAST({number} AS BIGINT) END"
    return Value(spec, known, whole)


def _stamp(spec: Spec, text: str, known: str) -> Value:
    local, fixed = _parsed(spec, f"({text})")
    if spec.pivot is not None:
        local = _pivoted(local, spec.pivot)
    if not fixed:
        known = _dated(spec, f"CAST({local} AS DATE)", known)
        local = f"CASE WHEN {known} AND {_bounded(local, local)} THEN {local} END"
        if spec.column.type == "date":
            local = f"CAST({local} AS DATE)"
        return Value(spec, known, local)
    known = _dated(spec, f"CAST(coalesce({local}, CAST({fixed} AS TIMESTAMP)) AS DATE)", known)
    local = f"CASE WHEN {known} AND {_bounded(local, local)} THEN {local} END"
    fixed = f"CASE WHEN {known} AND {_bounded(fixed, fixed)} THEN {fixed} END"
    if spec.column.type == "date":
        return Value(spec, known, f"CAST(coalesce({local}, CAST({fixed} AS TIMESTAMP)) AS DATE)")
    return Value(spec, known, local, fixed)


def _parsed(spec: Spec, text: str) -> tuple[str, str]:
    """Local and fixed readings of a text; with no format stated only ISO 8601 is read, never a guess."""
    if not spec.formats:
        offset = f"(length({text}) > 10 AND regexp_matches({text}, {_OFFSET}))"
        iso = f"regexp_matches({text}, '^\\d{{4}}-\\d{{1,2}}-\\d{{1,2}}([ T]|$)')"
        return (
            f"CASE WHEN {iso} AND NOT {offset} THEN TRY_CAST({text} AS TIMESTAMP) END",
            f"CASE WHEN {iso} AND {offset} THEN TRY_CAST({text} AS TIMESTAMPTZ) END",
        )
    local = [f"try_strptime({text}, {literal(form)})" for form in spec.formats if not _aware(form)]
    fixed = [f"try_strptime({text}, {literal(form)})" for form in spec.formats if _aware(form)]
    if not local:
        return "CAST(NULL AS TIMESTAMP)", coalesce(fixed)
    return coalesce(local), f"CASE WHEN {coalesce(local)} IS NULL THEN {coalesce(fixed)} END" if fixed else ""


def _aware(form: str) -> bool:
    return re.search(r"%[zZ]", form) is not None


def _pivoted(stamp: str, pivot: int) -> str:
    """Two-digit years up to the pivot are 20xx, later ones 19xx."""
    short = f"(year({stamp}) % 100)"
    shift = f"(CASE WHEN {short} <= {pivot} THEN 2000 ELSE 1900 END + {short} - year({stamp}))"
    return f"({stamp} + to_years(CAST({shift} AS INTEGER)))"


def _bounded(stamp: str, shown: str) -> str:
    """A time outside these years is a slip of the pen or an engine's infinity."""
    if stamp.startswith("epoch_us"):
        return f"isfinite({shown}) AND year({shown}) BETWEEN {FIRST_YEAR + 1} AND {LAST_YEAR - 1}"
    return f"(isfinite({stamp}) AND year({stamp}) BETWEEN {FIRST_YEAR + 1} AND {LAST_YEAR - 1})"


def _dated(spec: Spec, date: str, known: str) -> str:
    """``known`` with the missing dates taken out: 1900-01-01 means missing whatever time stands beside it."""
    dates = [text for text in spec.missing if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text)]
    shown = ", ".join(f"DATE {literal(text)}" for text in dates)
    return f"({known} AND coalesce({date} NOT IN ({shown}), true))" if dates else known
