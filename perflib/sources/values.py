"""SQL for one canonical column: its value from the source columns, and the ways in which a record can fail there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from perflib.engine.clock import FIRST_YEAR, LAST_YEAR
from perflib.engine.sql import added, coalesce, literal, literals, name
from perflib.schema import floated
from perflib.sources import formats
from perflib.sources.bind import Bound
from perflib.sources.mapping import Spec

_NUMBERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "FLOAT",
    "DOUBLE",
)
_NAIVE = ("TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S", "DATE")
_AWARE = "TIMESTAMP WITH TIME ZONE"
_OFFSET = r"'(Z|[+-]\d{2}(:?\d{2})?( ?UTC)?| ?UTC)$'"
_ISO = r"'^\d{4}-\d{1,2}-\d{1,2}([ T]|$)'"
_SHORT = r"'([ T]\d{1,2}:\d{2})(Z|[+-][\d:]+| ?UTC)$'"
_FULL = r"'\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}\.\d{1,6}'"
#: grouped thousands, per decimal sign; anything else with the group sign is not a number
_GROUPED = {".": r"'[+-]?\d{1,3}(,\d{3})+(\.\d*)?'", ",": r"'[+-]?\d{1,3}(\.\d{3})+(,\d*)?'"}
_PLAIN = {".": r"'[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?'", ",": r"'[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?'"}


_PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)").fullmatch


@dataclass(frozen=True)
class Value:
    """SQL of a column in steps, each over the names the step before it made.

    ``text`` (over c0, c1 ...) is named t_, then ``local`` p_ and ``fixed`` q_ (a stamp with its own offset, in UTC),
    then ``known`` k_ (a value was given) and ``value``: the canonical name, for a stamp l_ (local) and z_ (fixed).
    """

    spec: Spec
    text: str
    local: str
    fixed: str = ""
    known: str = ""
    value: str = ""
    places: tuple[int, ...] = ()
    padded: bool = False

    @property
    def name(self) -> str:
        """The canonical name."""
        return self.spec.column.name

    @property
    def stamp(self) -> bool:
        """Whether the column is a point in time, to be put to UTC."""
        return self.spec.column.type == "timestamp"

    @property
    def typed(self) -> str:
        """Either form of the value, to tell whether it could be read."""
        if not self.stamp:
            return name(self.name)
        local = name("l_" + self.name)
        return f"coalesce({local}, {name('z_' + self.name)})" if self.fixed else local


def steps(found: Sequence[Value], relation: str) -> str:
    """The relation with the values of all columns, read step by step so that nothing is computed twice."""
    first = [f"{item.text} AS {name('t_' + item.name)}" for item in found]
    second = [f"{item.local} AS {name('p_' + item.name)}" for item in found]
    second += [f"{item.fixed} AS {name('q_' + item.name)}" for item in found if item.fixed]
    third = [f"{item.known} AS {name('k_' + item.name)}" for item in found]
    fourth = [f"{item.value} AS {name(('l_' if item.stamp else '') + item.name)}" for item in found]
    fourth += [
        f"CASE WHEN {_bounded(name('q_' + item.name))} THEN {name('q_' + item.name)} END AS {name('z_' + item.name)}"
        for item in found
        if item.fixed and item.stamp
    ]
    for step in (first, second, third, fourth):
        relation = added(relation, step)
    return relation


def value(bound: Bound, types: Sequence[str], zone: str, trim: bool = True) -> Value:
    """The SQL of a bound column over source columns ``c0, c1 ...`` of the given DuckDB types.

    A moment in a column of days is the day on the clocks of ``zone``; a day stays the day that is written.

    Without ``trim`` texts are taken as they stand, which is quicker; the caller must then set padded ones aside.
    """
    found = _value(bound, types, bound.spec.timezone or zone, trim)
    exact = found.spec.column.type in ("string", "category", "boolean") or bool(found.spec.recode)
    return replace(found, places=bound.places, padded=exact or len(bound.places) > 1)


def _value(bound: Bound, types: Sequence[str], zone: str, trim: bool) -> Value:
    spec, quick = bound.spec, False
    if bound.absent:
        text = "CAST(NULL AS VARCHAR)"
    elif spec.value is not None:
        text = _recoded(spec, _present(literal(spec.value), spec, trim))
    else:
        columns = [(f"c{place}", types[place]) for place in bound.places]
        native = _native(spec, *columns[0]) if len(columns) == 1 and not spec.recode else None
        if native is not None:
            return native
        quick, parts = not trim, [_present(_text(*column), spec, trim) for column in columns]
        joined = f" || {literal(spec.join)} || ".join(f"({part})" for part in parts)
        text = _recoded(spec, parts[0] if len(parts) == 1 else f"({joined})")
    return _finished(spec, text, *_read(spec, zone, not quick), quick=quick)


def _finished(spec: Spec, text: str, local: str, fixed: str, quick: bool = False) -> Value:
    """Adds when a value is known and what it is, once it has been read."""
    cell, read = name("t_" + spec.column.name), name("p_" + spec.column.name)
    known, kind = f"{cell} IS NOT NULL", spec.column.type
    if kind not in ("timestamp", "date"):
        return Value(spec, text, local, fixed, known, read)
    other = name("q_" + spec.column.name)
    either = f"coalesce({read}, CAST({other} AS TIMESTAMP))" if fixed else read
    known = _dated(spec, f"CAST({either} AS DATE)", known)
    shown = name("k_" + spec.column.name)
    taken = either if kind == "date" else read
    bounded = "true" if quick and kind == "timestamp" else _bounded(taken)
    given = f"CASE WHEN {shown} AND {bounded} THEN {taken} END"
    return Value(spec, text, local, fixed, known, f"CAST({given} AS DATE)" if kind == "date" else given)


def _text(cell: str, type_: str) -> str:
    """A source column as text; a whole float is an integer, since one missing id makes all others 101.0."""
    text = f"CAST({cell} AS VARCHAR)"
    if type_ not in ("FLOAT", "DOUBLE"):
        return text
    whole = f"{cell} = floor({cell}) AND abs({cell}) < 9e15"
    number = f"CAST(CAST({cell} AS BIGINT) AS VARCHAR)"
    return f"CASE WHEN isnan({cell}) THEN NULL WHEN {whole} THEN {number} ELSE {text} END"


def _present(text: str, spec: Spec, trim: bool) -> str:
    """The trimmed text, NULL where it is one of the missing texts."""
    cell = f"trim({text})" if trim else text
    words, tidy = floated(spec.missing), f"nfc_normalize({cell})"
    plain = spec.column.dated and not spec.recode
    if trim:
        cell = cell if plain else tidy
        return f"CASE WHEN {cell} IN ({literals(words)}) THEN NULL ELSE {cell} END"
    # most texts are longer than any word for missing and are ASCII: both are quickly seen
    longest = max((len(word.encode()) for word in words), default=0)
    compared = cell if plain or all(map(str.isascii, words)) else tidy
    other = "" if plain else f"WHEN strlen({cell}) <> length({cell}) THEN {tidy} "
    missing = f"strlen({cell}) <= {longest} AND {compared} IN ({literals(words)})"
    return f"CASE WHEN {missing} THEN NULL {other}ELSE {cell} END"


def _native(spec: Spec, cell: str, type_: str) -> Value | None:
    """A column whose source type already fits; NULL and NaN are missing."""
    kind, text = spec.column.type, name("t_" + spec.column.name)
    whole, cell = cell, _unless_missing(spec, cell)
    if kind == "timestamp" and type_ == _AWARE:
        return _finished(spec, cell, "CAST(NULL AS TIMESTAMP)", text)
    if kind in ("timestamp", "date") and type_ in _NAIVE:
        return _finished(spec, cell, f"CAST({text} AS TIMESTAMP)", "")
    if kind == "boolean" and type_ == "BOOLEAN":
        return _finished(spec, cell, text, "")
    if kind in ("integer", "number") and (type_ in _NUMBERS or type_.startswith("DECIMAL")):
        double = f"CAST({whole} AS DOUBLE)"
        numbers = [f"{double} = TRY_CAST({literal(word)} AS DOUBLE)" for word in spec.missing if _PLAIN_NUMBER(word)]
        absent = " OR ".join([f"isnan({double})", *numbers])
        return _finished(spec, f"CASE WHEN NOT ({absent}) THEN {double} END", _checked(spec, text), "")
    return None


def _unless_missing(spec: Spec, cell: str) -> str:
    """SQL: the value of a typed column, NULL where it is written like one of the missing texts."""
    words = [word.lower() for word in spec.missing if word.lower() in ("true", "false") or word[:1].isdigit()]
    absent = f"lower(CAST({cell} AS VARCHAR)) IN ({literals(words)})"
    return f"CASE WHEN {absent} THEN NULL ELSE {cell} END" if words else cell


def _read(spec: Spec, zone: str, exact: bool = True) -> tuple[str, str]:
    """How the text t_ of a column is read, as a local value and, for stamps with an offset, as a fixed one."""
    kind, text = spec.column.type, name("t_" + spec.column.name)
    if kind in ("string", "category"):
        return _tidy(spec, text), ""
    if kind == "boolean":
        yes, no = (literals(floated(item.lower() for item in texts)) for texts in (spec.true, spec.false))
        return f"CASE WHEN lower({text}) IN ({yes}) THEN true WHEN lower({text}) IN ({no}) THEN false END", ""
    if kind in ("integer", "number"):
        return _checked(spec, _number(spec, text)), ""
    if not exact and kind == "timestamp" and not spec.formats:
        return _full_iso(text), ""
    return _days(spec, text, zone) if kind == "date" else _parsed(spec, text)


def _recoded(spec: Spec, text: str) -> str:
    if not spec.recode:
        return text
    cases = " ".join(
        f"WHEN {literal(key)} THEN {literal(spec.recode[word])}"
        for word in spec.recode
        for key in floated([word])
        if key == word or key not in spec.recode
    )
    otherwise = spec.otherwise
    cell = f"({text})"
    rest = {"": cell, "keep": cell, "reject": cell, "missing": "NULL"}.get(otherwise, literal(otherwise))
    return f"CASE WHEN {cell} IS NULL THEN NULL ELSE nullif(CASE {cell} {cases} ELSE {rest} END, '') END"


def _tidy(spec: Spec, text: str) -> str:
    if spec.strip_decimal:
        text = f"regexp_replace({text}, '\\.0*$', '')"
    padded = f"CASE WHEN length({text}) < {spec.pad} THEN lpad({text}, {spec.pad}, '0') ELSE {text} END"
    return padded if spec.pad else text


def _number(spec: Spec, text: str) -> str:
    plain, grouped = _PLAIN[spec.decimal], _GROUPED[spec.decimal]
    cell = f"({text})"
    group = "," if spec.decimal == "." else "."
    as_point = cell if spec.decimal == "." else f"replace({cell}, ',', '.')"
    ungrouped = f"replace({cell}, '{group}', '')"
    ungrouped = ungrouped if spec.decimal == "." else f"replace({ungrouped}, ',', '.')"
    return (
        f"CASE WHEN regexp_full_match({cell}, {plain}) THEN TRY_CAST({as_point} AS DOUBLE) "
        f"WHEN regexp_full_match({cell}, {grouped}) THEN TRY_CAST({ungrouped} AS DOUBLE) END"
    )


def _checked(spec: Spec, number: str) -> str:
    if spec.column.type == "number":
        return f"CASE WHEN isfinite({number}) THEN {number} END"
    return f"CASE WHEN abs({number}) < 9e15 AND {number} = floor({number}) THEN CAST({number} AS BIGINT) END"


def _full_iso(text: str) -> str:
    """Full ISO stamps without offset only, by the cheapest test that is sure."""
    full = f"regexp_full_match({text}, {_FULL})"
    # bytes, not characters: a text with others than ASCII is no stamp either way, and bytes need no counting
    shaped = f"CASE WHEN strlen({text}) = 19 THEN substring({text}, 17, 1) = ':' ELSE {full} END"
    return f"CASE WHEN {shaped} THEN TRY_CAST({text} AS TIMESTAMP) END"


def _iso(text: str) -> tuple[str, str]:
    """ISO 8601 without and with an offset; with no format stated nothing else is read, never a guess."""
    offset = f"(length({text}) > 10 AND regexp_matches({text}, {_OFFSET}))"
    # the engine wants seconds before an offset, and no space between
    full = f"regexp_replace(regexp_replace({text}, ' ([+-])', '\\1'), {_SHORT}, '\\1:00\\2')"
    return (
        f"CASE WHEN regexp_matches({text}, {_ISO}) AND NOT {offset} THEN TRY_CAST({text} AS TIMESTAMP) END",
        f"CASE WHEN {offset} AND regexp_matches({text}, {_ISO}) THEN TRY_CAST({full} AS TIMESTAMPTZ) END",
    )


def _parsed(spec: Spec, text: str) -> tuple[str, str]:
    """Local and fixed readings of a text."""
    if not spec.formats:
        return _iso(text)
    how = (spec.decimal, spec.pad, spec.pivot)
    local = [formats.read(text, form, *how) for form in spec.formats if not formats.aware(form)]
    fixed = [formats.read(text, form, *how) for form in spec.formats if formats.aware(form)]
    if not local:
        return "CAST(NULL AS TIMESTAMP)", _first(fixed)
    return _first(local), f"CASE WHEN {_first(local)} IS NULL THEN {_first(fixed)} END" if fixed else ""


def _first(readings: list[str]) -> str:
    """The first of several readings that is a date of our time: %Y takes 24 for the year 24."""
    if len(readings) > 1:
        readings = [f"CASE WHEN {_bounded(reading)} THEN {reading} END" for reading in readings]
    return coalesce(readings)


def _days(spec: Spec, text: str, zone: str) -> tuple[str, str]:
    """The day of a text: a day that is written never moves, whatever offset stands beside it."""
    if spec.formats:
        how = (spec.decimal, spec.pad, spec.pivot)
        return _first(
            [
                formats.whole_day(text, form, zone, *how) if formats.aware(form) else formats.read(text, form, *how)
                for form in spec.formats
            ]
        ), ""
    local, fixed = _iso(text)
    written = f"TRY_CAST(regexp_replace({text}, {_OFFSET}, '') AS TIMESTAMP)"
    return f"CASE WHEN {fixed} IS NULL THEN {local} ELSE {formats.day_of(written, fixed, zone)} END", ""


def _bounded(stamp: str) -> str:
    """A time outside these years is a slip of the pen or an engine's infinity."""
    return f"(isfinite({stamp}) AND year({stamp}) BETWEEN {FIRST_YEAR + 1} AND {LAST_YEAR - 1})"


def _dated(spec: Spec, date: str, known: str) -> str:
    """``known`` with the missing dates taken out: 1900-01-01 means missing whatever time stands beside it."""
    dates = [text for text in spec.missing if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text)]
    shown = ", ".join(f"DATE {literal(text)}" for text in dates)
    return f"({known} AND coalesce({date} NOT IN ({shown}), true))" if dates else known
