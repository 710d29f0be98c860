"""Large plain files in one pass of the engine: rows beyond doubt are taken, all others are read again, exactly.

A file is plain when every line is a record for certain: no quote, no blank line, one kind of line end. A row is beyond
doubt when it breaks no rule, needs no trimming and stands clear of clock changes; the exact reader decides the rest,
so that both ways accept and refuse the same records for the same reasons.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from perflib.engine.clock import shift
from perflib.engine.connection import Engine, EngineError
from perflib.engine.sql import added, floating, literal, name, padded, path_literal, some
from perflib.errors import SourceError
from perflib.files import limits
from perflib.sources import delimited, textfile
from perflib.sources.bind import wanted
from perflib.sources.plan import Plan
from perflib.sources.records import Record, delimiter_of
from perflib.sources.rules import masks
from perflib.sources.staged import Staged, texts
from perflib.sources.textfile import Look, last_lines, plain_lines
from perflib.sources.validate import Part, Shape, shape, validate, years_of
from perflib.sources.values import steps

#: smaller files are read exactly at once
SMALLEST = 16 << 20
#: past this share of doubtful rows the exact way is the shorter one
DOUBTFUL = 0.1
SAMPLE = 2000
#: stamps and ids seldom repeat: a dictionary of them costs time and saves no space
_WRITTEN = "FORMAT parquet, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1000"


@dataclass(frozen=True)
class Copied:
    """The one pass over a file: its private Parquet file, and what was asked of it."""

    header: tuple[str, ...]
    form: Shape
    mark: str
    returns: bool
    part: Path = Path()


def read(path: Path, reader: dict[str, Any], plan: Plan, engine: Engine) -> list[Part] | None:
    """The parts of a large and plain file; None where the exact way alone is sound.

    The bytes are looked at while the engine reads: what it made of a file that proves not to be plain is thrown away.
    """
    if not _promising(path, reader, plan):
        return None
    with ThreadPoolExecutor(1) as pool:
        seen = pool.submit(textfile.look, path, reader.get("encoding", ""))
        copied = _copied(path, reader, plan, engine)
        look = seen.result()
    if copied is None:
        return None
    parts = _parts(path, look, copied, plan, engine) if _plain(look, copied) else None
    if parts is None:
        copied.part.unlink(missing_ok=True)
    return parts


def _promising(path: Path, reader: dict[str, Any], plan: Plan) -> bool:
    """Whether the beginning of a file promises a plain one; the whole of it is looked at later."""
    try:
        with path.open("rb") as stream:
            head = stream.read(1 << 16)
            large = path.stat().st_size >= SMALLEST
    except OSError:
        return False
    stated = reader.get("encoding", "utf-8").lower() in ("utf-8", "utf8", "utf-8-sig")
    odd = b'"' in head or b"\0" in head or head.startswith((b"\x1f\x8b", b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff"))
    plain = not ({"header", "footer", "member"} & set(reader) or plan.mapping.extra)
    return large and stated and plain and not odd and head.count(b"\n") > 1


def _plain(look: Look, copied: Copied) -> bool:
    return look.plain and look.raw and look.encoding in ("utf-8", "utf-8-sig") and look.returns == copied.returns


def _copied(path: Path, reader: dict[str, Any], plan: Plan, engine: Engine) -> Copied | None:
    try:
        lines = plain_lines(path, range(1, SAMPLE + 1))
        raws = [raw for _, raw in lines]
        mark = delimited.stated(reader) or delimiter_of(raws[0], wanted(plan.mapping))
        header = tuple(_fields(raws[0], mark))
        limits.columns(header, path.name)
    except (UnicodeError, SourceError):
        return None
    if not raws[0].strip():
        return None
    form = shape(Staged(path.name, "", header, ("VARCHAR",) * len(header), 0), plan, trim=False)
    if any(item.fixed for item in form.values):
        return None
    with path.open("rb") as stream:
        returns = stream.readline().endswith(b"\r\n")
    copied = Copied(header, form, mark, returns)
    years = _years(path, [*raws[1:], *last_lines(path)], copied, plan, engine)
    try:
        return replace(copied, part=engine.write(_query(path, copied, plan, years), "fast", _WRITTEN))
    except EngineError:
        return None


def _parts(path: Path, look: Look, copied: Copied, plan: Plan, engine: Engine) -> list[Part] | None:
    copy = f"read_parquet({literal(copied.part)}, file_row_number = true)"
    rows, doubtful, blank = engine.rows(
        f"SELECT count(*), count(*) FILTER (_doubt), count(*) FILTER (_raw = '') FROM {copy}"
    )[0]
    if rows != look.lines - 1 or blank or doubtful > DOUBTFUL * rows:
        return None
    relation = f"(SELECT *, false AS _touched, file_row_number + 1 AS _record FROM {copy})"
    types = ("VARCHAR",) * len(copied.header)
    sure = Staged(
        path.name,
        relation,
        copied.header,
        types,
        rows - doubtful,
        True,
        look.sha256,
        source=path,
        delimiter=copied.mark,
    )
    found = [Part(sure, relation, "NOT _doubt")]
    if doubtful:
        again = replace(sure, relation=_texts(relation, copied), rows=doubtful, source=None)
        found.append(validate(again, plan, engine))
    return found


def _texts(relation: str, copied: Copied) -> str:
    """SQL of the doubtful records as the exact reader stages them: without quotes a record is its fields and marks."""
    width = len(copied.header)
    fields = ", ".join(f"_parts[{place + 1}] AS c{place}" for place in range(width))
    split = f"SELECT _record, _raw, string_split(_raw, {literal(copied.mark)}) AS _parts FROM {relation} WHERE _doubt"
    odd = f"CASE WHEN len(_parts) <> {width} THEN len(_parts) END AS _fields"
    return f"(SELECT _record, _record + 1 AS _line, {odd}, _raw, {fields} FROM ({split}))"


def _query(path: Path, copied: Copied, plan: Plan, years: tuple[int, int]) -> str:
    form, header = copied.form, copied.header
    texts = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(header)))
    ends = "\\r\\n" if copied.returns else "\\n"
    relation = (
        f"read_csv({path_literal(path)}, columns = {{{texts}}}, auto_detect = false, header = false, skip = 1, "
        f"delim = {literal(copied.mark)}, quote = '', escape = '', null_padding = true, nullstr = {literal(chr(1))}, "
        f"new_line = '{ends}')"
    )
    marked = f"(SELECT *, {_untidy(form, header)} AS _untidy FROM {relation})"
    failed = some(check.failed for check in form.checks if not check.instead)
    fields = [f"c{place}" for place in range(len(header))]
    raw = f"concat_ws({literal(copied.mark)}, {', '.join(fields)})"
    read = [*fields, "_untidy", *form.parsed, *form.filters, failed + " AS _failed"]
    parsed = f"(SELECT {', '.join(read)} FROM {steps(form.values, marked)})"
    local = [(item.name, item.spec.timezone or plan.zone) for item in form.values if item.stamp]
    shifts = [f"{shift(name('l_' + stamp), zone, years)} AS {name('o_' + stamp)}" for stamp, zone in local]
    shifted = added(parsed, shifts)
    stamps = [
        f"make_timestamptz(epoch_us({name('l_' + stamp)}) + {name('o_' + stamp)}) AS {name(stamp)}"
        for stamp, _ in local
    ]
    unsure = [f"({name('l_' + stamp)} IS NOT NULL AND {name('o_' + stamp)} IS NULL)" for stamp, _ in local]
    moments = added(shifted, [*stamps, some(unsure) + " AS _unsure"])
    doubt = some(["_untidy", "_failed", "_unsure", *(rule.failed for rule in form.rules)])
    columns = [f"_f{place}" for place in range(len(form.filters))]
    columns += [*map(name, form.kept), *masks(form.counts, "_n")]
    checked = added(moments, [f"{doubt} AS _doubt"])
    return f"SELECT {', '.join(columns)}, _doubt, CASE WHEN _doubt THEN {raw} END AS _raw FROM {checked}"


def _untidy(form: Shape, header: Sequence[str]) -> str:
    """A short record, or a text that the exact way would trim."""
    places = sorted({place for item in form.values if item.padded for place in item.places})
    parts = [f"c{len(header) - 1} IS NULL"]
    parts += [padded(f"c{place}") for place in places]
    parts += [floating(f"c{place}") for item in form.values if item.spec.column.id for place in item.places]
    return f"coalesce({' OR '.join(parts)}, true)"


def _years(path: Path, lines: Sequence[str], copied: Copied, plan: Plan, engine: Engine) -> tuple[int, int]:
    """The years of the first and last records, one more on either side."""
    found = (Record(place, place, _fields(raw, copied.mark), raw) for place, raw in enumerate(lines, 1))
    rows = delimited.cells(found, len(copied.header))
    return years_of(texts(path.name, copied.header, rows, engine, delimited.LEAD), plan, engine)


def _fields(raw: str, mark: str) -> list[str]:
    return next(csv.reader(islice([raw], 1), delimiter=mark), [])
