"""One source, all its files: freed of duplicates, counted, and its SourceReport."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pandas as pd

from perflib.agency import Decision, SourceReport
from perflib.engine.connection import Engine
from perflib.engine.sql import every, name, names
from perflib.errors import SourceError
from perflib.privacy.quoting import written
from perflib.sources import formats, id_columns, quarantine
from perflib.sources.collapse import merged
from perflib.sources.examples import such_as
from perflib.sources.plan import Plan
from perflib.sources.repeated import Repeated, refusal, repeated
from perflib.sources.validate import Part

#: accepted rows up to here become a table in the engine's memory; more stay in Parquet
IN_MEMORY = 1_000_000
COPY, DIFFERS = "duplicate of an earlier record", "rows of one key differ"
#: of a source that is refused as a whole, so many refused records per file are kept for repair
SHOWN = 100_000


@dataclass
class Loaded:
    """What a source gives: SQL of its rows, its report and the decisions its filters took."""

    table: str
    relation: str
    columns: tuple[str, ...]
    report: SourceReport
    log: list[Decision] = field(default_factory=list)


def load(plan: Plan, parts: Sequence[Part], earlier: Sequence[Loaded], engine: Engine, where: str) -> Loaded:
    """Join the files of one source.

    Raises
    ------
    SourceError : nothing was accepted, or the share of quarantine is past the mapping's limit.
    """
    parts = id_columns.whole(plan, parts, engine)
    others = [item for item in earlier if item.table == plan.table.name and set(plan.table.key) <= set(item.columns)]
    found = repeated(plan, parts, [(item.relation, item.columns) for item in others], engine)
    reasons = _reasons(plan, parts, found, engine)
    read, refused = sum(part.staged.rows for part in parts), sum(map(len, reasons))
    fault = refusal(found.differing, plan, where) if found.differing else None
    fault = fault or _past_limit(plan, parts, reasons, len(found.copies), engine, where)
    accepted, made = _accepted(parts, reasons, engine), None
    if plan.mapping.collapse and not fault:
        try:
            made = merged(plan, accepted, plan.mapping.collapse, [item.relation for item in others], engine, where)
        except SourceError as disagreement:
            fault = disagreement
    facts, touched, kept = _facts(plan, accepted, engine)
    if made:
        facts |= measured(plan, engine.rows(f"SELECT {', '.join(measures(plan))} FROM {made.relation}")[0])
    if facts["accepted"] != read - refused:
        raise SourceError(f"{read} records read, {facts['accepted']} accepted, {refused} refused", where=where)
    shown = [dict(islice(each.items(), SHOWN)) for each in reasons] if fault else reasons
    notes = (
        *plan.mapping.notes,
        *(note for part in parts for note in part.staged.notes),
        *(made.notes if made else ()),
    )
    files = [pair for part in parts for pair in ((part.staged.label, part.staged.sha256), *part.staged.also)]
    spec = plan.mapping.by_column.get(plan.dated)
    report = SourceReport(
        plan.table.name,
        tuple(dict.fromkeys(part.staged.label for part in parts)),
        read,
        quarantined=refused,
        reasons=quarantine.tally(reasons),
        clock_change_rows=touched,
        trust=plan.mapping.trust,
        notes=tuple(dict.fromkeys(notes)),
        sha256={label: digest for label, digest in files if digest},
        quarantine=quarantine.frame(parts, shown, engine),
        resolution=formats.resolution(spec.formats) if spec else "",
        **facts,
    )
    if fault:
        fault.report = report
        raise fault
    log = [
        Decision(plan.table.name, f"{rule.column} in {[written(text) for text in rule.keep]}", rule.because, *counts)
        for rule, *counts in zip(plan.mapping.filters, kept, kept[1:], strict=False)
    ]
    relation, rows = f"(SELECT {names(plan.output)} FROM {accepted} WHERE {plan.kept})", kept[-1]
    if made:
        relation, rows, log = made.relation, made.rows, [*log, made.step]
    if rows <= IN_MEMORY:
        relation = engine.table(f"SELECT * FROM {relation}")
    return Loaded(plan.table.name, relation, plan.output, report, log)


def _reasons(plan: Plan, parts: Sequence[Part], found: Repeated, engine: Engine) -> list[dict[int, list[str]]]:
    """Per file the refused records, and why."""
    reasons = [quarantine.refused(part, engine) for part in parts]
    for places, words in ((found.copies, COPY), (found.differing.places if found.differing else (), DIFFERS)):
        for place, record in places:
            reasons[place][record] = [f"{plan.key}: {words}"]
    return reasons


def _past_limit(
    plan: Plan,
    parts: Sequence[Part],
    reasons: Sequence[Mapping[int, Sequence[str]]],
    copies: int,
    engine: Engine,
    where: str,
) -> SourceError | None:
    """The refusal of a source of which too many records cannot be used; copies lose nothing and do not count."""
    read, limit = sum(part.staged.rows for part in parts), plan.mapping.quarantine_limit
    refused, counted = sum(map(len, reasons)) - copies, read - copies
    if refused < counted and refused <= limit * counted:
        return None
    top = list(quarantine.tally(reasons).items())[:5]
    most = "; ".join(f"{words} ({count:,}){such_as(words, plan, parts, reasons, engine)}" for words, count in top)
    if refused == counted:
        return SourceError(f"none of {read:,} records was accepted: {most}", where=where, do="check the mapping")
    more = ", or state a higher quarantine_limit" if refused < counted / 2 else ""
    return SourceError(
        f"{refused:,} of {counted:,} records ({refused / counted:.1%}) refused, past the limit of {limit:.1%}: {most}",
        where=where,
        do=f"repair the export or the mapping{more}",
    )


def _accepted(parts: Sequence[Part], reasons: Sequence[Mapping[int, Sequence[str]]], engine: Engine) -> str:
    """SQL of the accepted rows of all files, filters not yet applied."""
    queries = []
    for part, refused in zip(parts, reasons, strict=True):
        query = f"SELECT *, {part.file} AS _file FROM {part.relation} WHERE {part.fine}"
        if refused:
            records = engine.listed(pd.DataFrame({"_record": list(refused)}))
            query += f" AND _record NOT IN (SELECT _record FROM {records})"
        queries.append(query)
    return f"({' UNION ALL BY NAME '.join(queries)})"


def _facts(plan: Plan, accepted: str, engine: Engine) -> tuple[dict[str, Any], int, list[int]]:
    """Fields of the report; the rows that clock changes touch; and the rows that are left after each filter."""
    rules, filters = plan.rules("count"), [f"_f{place}" for place in range(len(plan.mapping.filters))]
    counted = ["_touched", *(f"_n{place // 62} >> {place % 62} & 1 = 1" for place in range(len(rules)))]
    counted += [every(filters[:upto]) for upto in range(len(filters) + 1)]
    query = ", ".join([*(f"count(*) FILTER ({each})" for each in counted), *measures(plan)])
    touched, *row = engine.rows(f"SELECT {query} FROM {accepted}")[0]
    broken = {rule.name: row.pop(0) for rule in rules}
    kept = [row.pop(0) for _ in range(len(filters) + 1)]
    return {"accepted": kept[0], "counted": broken, **measured(plan, row)}, touched, kept


def measures(plan: Plan) -> list[str]:
    """SQL of what is known of the rows: their number, that of each column, the first and the last moment."""
    ends = [f"epoch_us({end}({name(plan.dated)}))" if plan.dated else "NULL" for end in ("min", "max")]
    return ["count(*)", *(f"count({name(column)})" for column in plan.output), *ends]


def measured(plan: Plan, row: Sequence[Any]) -> dict[str, Any]:
    """Fields of the report, of what ``measures`` gave."""
    rows, *known, first, last = row
    missing = ((rows - count) / rows if rows else 1.0 for count in known)
    ends = (end if end is None else pd.Timestamp(end, unit="us", tz="UTC").to_pydatetime() for end in (first, last))
    return {"missing": dict(zip(plan.output, missing, strict=True)), **dict(zip(("first", "last"), ends, strict=True))}
