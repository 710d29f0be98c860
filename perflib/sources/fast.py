"""Large plain files in one pass of the engine: rows beyond doubt are taken, all others are read again, exactly.

A file is plain when every line is a record for certain: no quote, no blank line, one kind of line end. A row is beyond
doubt when it breaks no rule, needs no trimming and stands clear of clock changes; the exact reader decides the rest,
so that both ways accept and refuse the same records for the same reasons.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import duckdb

from perflib.sources import delimited
from perflib.sources.clock import shift
from perflib.sources.engine import Engine
from perflib.sources.judge import Part, Plan, Shape, judge, shape, years_of
from perflib.sources.records import Record
from perflib.sources.rules import masks
from perflib.sources.sql import literal, name, path_literal
from perflib.sources.staged import Staged
from perflib.sources.textfile import Look, last_lines, plain_lines
from perflib.sources.values import steps

#: smaller files are read exactly at once
SMALLEST = 16 << 20
#: past this share of doubtful rows the exact way is the shorter one
DOUBTFUL = 0.1
SAMPLE = 2000


def judged(path: Path, look: Look, mark: str, plan: Plan, engine: Engine) -> list[Part] | None:
    """The parts of a large plain file, or None where only the exact way is sound."""
    if not look.plain or look.encoding not in ("utf-8", "utf-8-sig") or plan.mapping.extra or not look.raw:
        return None
    if path.stat().st_size < SMALLEST or look.lines < 2:
        return None
    header = _fields(next(plain_lines(path, [1]))[1], mark)
    form = shape(path.name, header, ["VARCHAR"] * len(header), plan, trim=False)
    if any(item.fixed for item in form.values):
        return None
    years = _years(path, look, header, mark, plan, engine)
    part = engine.part("fast")
    try:
        query = _query(path, look, mark, header, form, plan, years)
        engine.con.execute(f"COPY ({query}) TO {literal(part)} (FORMAT parquet)")
    except duckdb.Error:
        return None
    return _parts(path, look, mark, tuple(header), part, form, plan, engine)


def _parts(
    path: Path, look: Look, mark: str, header: tuple[str, ...], part: Path, form: Shape, plan: Plan, engine: Engine
) -> list[Part] | None:
    held = f"read_parquet({literal(part)}, file_row_number = true)"
    rows, doubtful = engine.rows(f"SELECT count(*), count(*) FILTER (_doubt) FROM {held}")[0]
    if rows != look.lines - 1 or doubtful > DOUBTFUL * rows:
        part.unlink(missing_ok=True)
        return None
    relation = f"(SELECT *, false AS _touched, file_row_number + 1 AS _record FROM {held})"
    types = ("VARCHAR",) * len(header)
    sure = Staged(path.name, relation, header, types, rows - doubtful, True, look.sha256, source=path)
    found = [Part(sure, relation, "NOT _doubt")]
    if doubtful:
        numbers = [row[0] for row in engine.rows(f"SELECT _record FROM {relation} WHERE _doubt ORDER BY _record")]
        again = _exactly(path, look, header, mark, numbers, engine)
        if again.rows != doubtful:
            return None
        found.append(judge(again, plan, engine))
    return found


def _query(
    path: Path, look: Look, mark: str, header: Sequence[str], form: Shape, plan: Plan, years: tuple[int, int]
) -> str:
    texts = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(header)))
    ends = "\\r\\n" if look.returns else "\\n"
    relation = (
        f"read_csv({path_literal(path)}, columns = {{{texts}}}, auto_detect = false, header = false, skip = 1, "
        f"delim = {literal(mark)}, quote = '', escape = '', null_padding = true, nullstr = {literal(chr(1))}, "
        f"new_line = '{ends}')"
    )
    held = f"(SELECT *, {_untidy(form, header)} AS _untidy FROM {relation})"
    failed = [f"coalesce({check.failed}, false)" for check in form.checks]
    read = ["_untidy", *form.parsed, *form.filters, _any(failed) + " AS _failed"]
    parsed = f"(SELECT {', '.join(read)} FROM {steps(form.values, held)})"
    local = [(item.name, item.spec.timezone or plan.zone) for item in form.values if item.stamp]
    shifts = [f"{shift(name('l_' + stamp), zone, years)} AS {name('o_' + stamp)}" for stamp, zone in local]
    shifted = f"(SELECT {', '.join(['*', *shifts])} FROM {parsed})"
    stamps = [
        f"make_timestamptz(epoch_us({name('l_' + stamp)}) + {name('o_' + stamp)}) AS {name(stamp)}"
        for stamp, _ in local
    ]
    unsure = [f"({name('l_' + stamp)} IS NOT NULL AND {name('o_' + stamp)} IS NULL)" for stamp, _ in local]
    moved = f"(SELECT {', '.join(['*', *stamps, _any(unsure) + ' AS _unsure'])} FROM {shifted})"
    doubt = _any(["_untidy", "_failed", "_unsure", *(f"coalesce({rule.failed}, false)" for rule in form.rules)])
    columns = [f"_f{place}" for place in range(len(form.filters))]
    columns += [*map(name, form.kept), *masks(form.counts, "_n")]
    return f"SELECT {', '.join(columns)}, {doubt} AS _doubt FROM {moved}"


def _any(conditions: Sequence[str]) -> str:
    return f"({' OR '.join(conditions)})" if conditions else "false"


def _untidy(form: Shape, header: Sequence[str]) -> str:
    """A short record, or a text that the exact way would trim."""
    places = sorted({place for item in form.values if item.padded for place in item.places})
    parts = [f"c{len(header) - 1} IS NULL"]
    parts += [f"starts_with(c{place}, ' ') OR suffix(c{place}, ' ')" for place in places]
    return f"coalesce({' OR '.join(parts)}, true)"


def _years(path: Path, look: Look, header: Sequence[str], mark: str, plan: Plan, engine: Engine) -> tuple[int, int]:
    """The years of the first and last records, one more on either side."""
    lines = [raw for _, raw in plain_lines(path, range(2, min(look.lines, SAMPLE) + 1))] + last_lines(path)
    part = engine.part("sample")
    found = (Record(place, place, _fields(raw, mark), raw) for place, raw in enumerate(lines, 1))
    rows = delimited.write(part, found, len(header))
    staged = Staged(path.name, f"read_parquet({literal(part)})", tuple(header), ("VARCHAR",) * len(header), rows, True)
    return years_of(staged, plan, engine)


def _exactly(
    path: Path, look: Look, header: tuple[str, ...], mark: str, numbers: Sequence[int], engine: Engine
) -> Staged:
    """The records of these numbers, as the exact reader stages them."""
    part = engine.part("again")
    rows = delimited.write(part, _records(path, numbers, mark), len(header))
    types = ("VARCHAR",) * len(header)
    return Staged(path.name, f"read_parquet({literal(part)})", header, types, rows, True, look.sha256)


def _records(path: Path, numbers: Sequence[int], mark: str) -> Iterator[Record]:
    for line, raw in plain_lines(path, [number + 1 for number in numbers]):
        if raw:
            yield Record(line - 1, line, _fields(raw, mark), raw)


def _fields(raw: str, mark: str) -> list[str]:
    return next(csv.reader(islice([raw], 1), delimiter=mark), [])
