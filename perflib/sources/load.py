"""One source, all its files: judged, freed of duplicates, counted, and its SourceReport."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from perflib.agency import Decision, SourceReport
from perflib.errors import SourceError
from perflib.sources import ids, quarantine
from perflib.sources.engine import Engine
from perflib.sources.judge import Part, Plan
from perflib.sources.rules import rule_checks
from perflib.sources.samples import such_as
from perflib.sources.sql import every, literal, name

#: accepted rows up to here become a table in the engine's memory; more stay in Parquet
IN_MEMORY = 1_000_000
#: of a source that is refused as a whole, so many refused records per file are kept for repair
SHOWN = 100_000
#: so many key hashes are sorted in memory (256 MB)
SORTED = 32_000_000


@dataclass
class Loaded:
    """What a source gives: SQL of its rows, its report and the decisions its filters took."""

    table: str
    relation: str
    columns: tuple[str, ...]
    report: SourceReport
    log: list[Decision] = field(default_factory=list)


def load(plan: Plan, parts: Sequence[Part], earlier: Sequence[Loaded], engine: Engine, where: str) -> Loaded:
    """Join the judged files of one source.

    Raises
    ------
    SourceError : nothing was accepted, or the share of quarantine is past the mapping's limit.
    """
    parts = ids.whole(plan, parts, engine)
    reasons = [dict(quarantine.refused(part, engine)) for part in parts]
    for place, record in _duplicates(plan, parts, earlier, engine):
        reasons[place][record] = [f"{' + '.join(plan.table.key)}: duplicate of an earlier record"]
    read = sum(part.staged.rows for part in parts)
    refused = sum(len(part) for part in reasons)
    past = refused == read or refused > plan.mapping.quarantine_limit * read
    fault = _past_limit(plan, read, refused, _most(plan, parts, reasons, engine), where) if past else None
    accepted = _accepted(plan, parts, reasons, engine)
    facts = _facts(plan, parts, accepted, engine)
    if facts["rows"] != read - refused:
        raise SourceError(f"{read} records read, {facts['rows']} accepted, {refused} refused", where=where)
    shown = [dict(list(held.items())[:SHOWN]) for held in reasons] if fault else reasons
    frames = [quarantine.frame(part, held, engine) for part, held in zip(parts, shown, strict=True)]
    report = SourceReport(
        plan.table.name, tuple(dict.fromkeys(part.staged.label for part in parts)), read, facts["rows"], refused,
        reasons=quarantine.tally(reasons), counted=facts["counted"], missing=facts["missing"],
        clock_change_rows=facts["touched"], first=facts["first"], last=facts["last"], trust=plan.mapping.trust,
        notes=tuple(dict.fromkeys((*plan.mapping.notes, *(note for part in parts for note in part.staged.notes)))),
        sha256=_hashes(parts),
        quarantine=quarantine.joined(frames),
    )
    if fault:
        fault.report = report
        raise fault
    kept = _kept(plan, accepted, facts["kept"][-1], engine)
    return Loaded(plan.table.name, kept, plan.output, report, _decisions(plan, facts["kept"]))


def _hashes(parts: Sequence[Part]) -> dict[str, str]:
    own = {part.staged.label: part.staged.sha256 for part in parts if part.staged.sha256}
    return own | {label: digest for part in parts for label, digest in part.staged.also}


def _most(
    plan: Plan, parts: Sequence[Part], reasons: Sequence[Mapping[int, Sequence[str]]], engine: Engine
) -> str:
    top = list(quarantine.tally(reasons).items())[:5]
    return "; ".join(f"{words} ({count:,}){such_as(words, plan, parts, reasons, engine)}" for words, count in top)


def _past_limit(plan: Plan, read: int, refused: int, most: str, where: str) -> SourceError:
    if refused == read:
        return SourceError(f"none of {read:,} records was accepted: {most}", where=where, do="check the mapping")
    return SourceError(
        f"{refused:,} of {read:,} records ({refused / read:.1%}) refused, past the limit of "
        f"{plan.mapping.quarantine_limit:.1%}: {most}",
        where=where, do="repair the export or the mapping, or state a higher quarantine_limit",
    )


def _duplicates(
    plan: Plan, parts: Sequence[Part], earlier: Sequence[Loaded], engine: Engine
) -> Iterator[tuple[int, int]]:
    """Place of the file and record number of every later record of a key; rows a filter drops do not count."""
    mapped = {spec.column.name for spec in plan.mapping.specs}
    if not set(plan.table.key) <= mapped:
        return
    keys = ", ".join(name(key) for key in plan.table.key)
    known = every(f"{name(key)} IS NOT NULL" for key in plan.table.key)
    dropped = every(f"_f{place}" for place in range(len(plan.mapping.filters)))
    union = " UNION ALL ".join(
        f"SELECT {part.file} AS _file, {place} AS _part, _record, {keys} FROM {part.relation} "
        f"WHERE {part.fine} AND {known} AND {dropped}"
        for place, part in enumerate(parts)
    )
    for other in earlier:
        if other.table == plan.table.name and set(plan.table.key) <= set(other.columns):
            union += f" UNION ALL SELECT -1 AS _file, -1 AS _part, 0 AS _record, {keys} FROM {other.relation}"
    hashes = doubled(keys, union, sum(part.staged.rows for part in parts), engine)
    if not hashes:
        return
    union = f"SELECT * FROM ({union}) WHERE hash({keys}) IN (SELECT h FROM read_parquet({literal(hashes)}))"
    twice = f"SELECT {keys} FROM ({union}) GROUP BY {keys} HAVING count(*) > 1"
    order = f"row_number() OVER (PARTITION BY {keys} ORDER BY _file, _record) AS _place"
    later = f"SELECT *, {order} FROM ({union}) WHERE ({keys}) IN ({twice})"
    yield from engine.rows(f"SELECT _part, _record FROM ({later}) WHERE _place > 1 AND _part >= 0")


def doubled(keys: str, union: str, rows: int, engine: Engine) -> Path | None:
    """A file of the key hashes that stand more than once; None when there is none, and so no key is doubled.

    Sorting numbers is several times quicker than grouping texts; past SORTED records the engine groups the hashes,
    since it can spill.
    """
    hashes = f"SELECT hash({keys}) AS h FROM ({union})"
    if rows > SORTED:
        hashes = f"SELECT h FROM ({hashes}) GROUP BY h HAVING count(*) > 1"
    found = np.asarray(engine.con.execute(hashes).fetchnumpy()["h"])
    if rows <= SORTED:
        found = _twice(found)
    if not len(found):
        return None
    path = engine.part("doubled")
    pd.DataFrame({"h": found}).drop_duplicates().to_parquet(path, index=False)
    return path


def _twice(hashes: np.ndarray) -> np.ndarray:
    """The numbers that stand more than once; the lower and the upper half are sorted side by side."""
    low = hashes < np.uint64(1 << 63)
    halves = [hashes[low], hashes[~low]]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(np.ndarray.sort, halves))
    return np.concatenate([half[1:][half[1:] == half[:-1]] for half in halves])


def _accepted(
    plan: Plan, parts: Sequence[Part], reasons: Sequence[Mapping[int, Sequence[str]]], engine: Engine
) -> str:
    """SQL of the accepted rows of all files, filters not yet applied."""
    queries = []
    for part, held in zip(parts, reasons, strict=True):
        query = f"SELECT * FROM {part.relation} WHERE {part.fine}"
        if held:
            path = engine.part("refused")
            pd.DataFrame({"_record": list(held)}).to_parquet(path, index=False)
            query += f" AND _record NOT IN (SELECT _record FROM read_parquet({literal(path)}))"
        queries.append(query)
    return f"({' UNION ALL BY NAME '.join(queries)})"


def _facts(plan: Plan, parts: Sequence[Part], accepted: str, engine: Engine) -> dict[str, Any]:
    present = {spec.column.name for spec in plan.mapping.specs}
    counts = rule_checks(plan.table, _judged(plan, present), "count")
    filters = range(1, len(plan.mapping.filters) + 1)
    asked = ["count(*)", "count(*) FILTER (_touched)"]
    asked += [f"count(*) FILTER ({every(f'_f{place}' for place in range(upto))})" for upto in filters]
    asked += [f"count(*) FILTER (_n{place // 62} >> {place % 62} & 1 = 1)" for place in range(len(counts))]
    asked += [f"count({name(column)})" for column in plan.output]
    asked += [f"epoch_us({end}({name(dated(plan))}))" for end in ("min", "max")] if dated(plan) else []
    row = list(engine.rows(f"SELECT {', '.join(asked)} FROM {accepted}")[0])
    rows, touched = row[0], row[1]
    kept, row = [rows, *row[2 : 2 + len(filters)]], row[2 + len(filters) :]
    counted, row = row[: len(counts)], row[len(counts) :]
    known, ends = row[: len(plan.output)], row[len(plan.output) :] or [None, None]
    return {
        "rows": rows, "touched": touched, "kept": kept,
        "counted": {check.words: count for check, count in zip(counts, counted, strict=True)},
        "missing": {column: share(rows - count, rows) for column, count in zip(plan.output, known, strict=True)},
        "first": moment(ends[0]), "last": moment(ends[1]),
    }


def share(part: int, whole: int) -> float:
    """``part`` of ``whole``; all of nothing."""
    return part / whole if whole else 1.0


def _judged(plan: Plan, present: set[str]) -> list[str]:
    needed = {*plan.output, *plan.table.key, *plan.table.required}
    return [spec.column.name for spec in plan.mapping.specs if spec.column.name in needed & present]


def dated(plan: Plan) -> str:
    """The column that dates a record: the first required stamp or date, else the first one there is."""
    columns = [plan.table.columns[column] for column in plan.output]
    dated = [column for column in columns if column.type in ("timestamp", "date")]
    return next((column.name for column in dated if column.required), dated[0].name if dated else "")


def moment(micros: int | None) -> Any:
    """The moment of microseconds since 1970, in UTC."""
    if micros is None:
        return None
    return (pd.Timestamp(micros, unit="us", tz="UTC")).to_pydatetime()


def _decisions(plan: Plan, kept: Sequence[int]) -> list[Decision]:
    return [
        Decision(plan.table.name, f"{rule.column} in {list(rule.keep)}", rule.because, kept[place], kept[place + 1])
        for place, rule in enumerate(plan.mapping.filters)
    ]


def _kept(plan: Plan, accepted: str, rows: int, engine: Engine) -> str:
    """The rows that are kept, as a table of the engine when they are few."""
    columns = ", ".join(map(name, plan.output))
    where = every(f"_f{place}" for place in range(len(plan.mapping.filters)))
    query = f"SELECT {columns} FROM {accepted} WHERE {where}"
    if rows > IN_MEMORY:
        return f"({query})"
    held = engine.part("kept").stem
    engine.con.execute(f"CREATE TABLE {name('_' + held)} AS {query}")
    return name("_" + held)

