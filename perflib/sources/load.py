"""One source, all its files: judged, freed of duplicates, counted, and its SourceReport."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pandas as pd

from perflib.agency import Decision, SourceReport
from perflib.engine.connection import Engine
from perflib.engine.sql import every, name
from perflib.errors import SourceError
from perflib.privacy.quoting import written
from perflib.sources import formats, ids, quarantine
from perflib.sources.collapse import merged
from perflib.sources.judge import Part, Plan
from perflib.sources.repeated import Repeated, refusal, repeated
from perflib.sources.rules import rule_checks
from perflib.sources.samples import such_as

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
    """Join the judged files of one source.

    Raises
    ------
    SourceError : nothing was accepted, or the share of quarantine is past the mapping's limit.
    """
    parts = ids.whole(plan, parts, engine)
    others = [item for item in earlier if item.table == plan.table.name and set(plan.table.key) <= set(item.columns)]
    found = repeated(plan, parts, [(item.relation, item.columns) for item in others], engine)
    reasons = _reasons(plan, parts, found, engine)
    read, refused = sum(part.staged.rows for part in parts), sum(map(len, reasons))
    fault = refusal(found.differing, plan, where) if found.differing else None
    fault = fault or _past_limit(plan, read, len(found.copies), parts, reasons, engine, where)
    accepted, made = _accepted(plan, parts, reasons, engine), None
    if plan.mapping.collapse and not fault:
        try:
            made = merged(plan, accepted, plan.mapping.collapse, [item.relation for item in others], engine, where)
        except SourceError as disagreement:
            fault = disagreement
    facts = _facts(plan, accepted, engine)
    if made:
        facts |= _known(plan, engine.rows(f"SELECT {', '.join(_asked(plan))} FROM {made.relation}")[0])
    if facts["rows"] != read - refused:
        raise SourceError(f"{read} records read, {facts['rows']} accepted, {refused} refused", where=where)
    report = _report(plan, parts, reasons, facts, made.notes if made else (), SHOWN if fault else refused, engine)
    if fault:
        fault.report = report
        raise fault
    log, kept = _decisions(plan, facts["kept"]), _kept(plan, accepted)
    relation, rows = (made.relation, made.rows) if made else (kept, facts["kept"][-1])
    log += [made.step] if made else []
    if rows <= IN_MEMORY:
        relation = engine.table(f"SELECT * FROM {relation}")
    return Loaded(plan.table.name, relation, plan.output, report, log)


def _reasons(plan: Plan, parts: Sequence[Part], found: Repeated, engine: Engine) -> list[dict[int, list[str]]]:
    """Per file the refused records, and why."""
    reasons = [dict(quarantine.refused(part, engine)) for part in parts]
    for places, words in ((found.copies, COPY), (found.differing.places if found.differing else (), DIFFERS)):
        for place, record in places:
            reasons[place][record] = [f"{' + '.join(plan.table.key)}: {words}"]
    return reasons


def _report(
    plan: Plan,
    parts: Sequence[Part],
    reasons: Sequence[Mapping[int, list[str]]],
    facts: Mapping[str, Any],
    notes: Sequence[str],
    most: int,
    engine: Engine,
) -> SourceReport:
    """What became of the records; at most so many refused ones of a file are kept for repair."""
    shown = [dict(islice(held.items(), most)) for held in reasons]
    frames = [quarantine.frame(part, held, engine) for part, held in zip(parts, shown, strict=True)]
    notes = (*plan.mapping.notes, *(note for part in parts for note in part.staged.notes), *notes)
    specs = {spec.column.name: spec for spec in plan.mapping.specs}
    resolution = formats.resolution(specs[dated(plan)].formats) if dated(plan) in specs else ""
    return SourceReport(
        plan.table.name,
        tuple(dict.fromkeys(part.staged.label for part in parts)),
        sum(part.staged.rows for part in parts),
        facts["rows"],
        sum(map(len, reasons)),
        reasons=quarantine.tally(reasons),
        counted=facts["counted"],
        missing=facts["missing"],
        clock_change_rows=facts["touched"],
        first=facts["first"],
        last=facts["last"],
        trust=plan.mapping.trust,
        notes=tuple(dict.fromkeys(notes)),
        sha256=_hashes(parts),
        quarantine=quarantine.joined(frames),
        resolution=resolution,
    )


def _hashes(parts: Sequence[Part]) -> dict[str, str]:
    own = {part.staged.label: part.staged.sha256 for part in parts if part.staged.sha256}
    return own | {label: digest for part in parts for label, digest in part.staged.also}


def _most(plan: Plan, parts: Sequence[Part], reasons: Sequence[Mapping[int, Sequence[str]]], engine: Engine) -> str:
    top = list(quarantine.tally(reasons).items())[:5]
    return "; ".join(f"{words} ({count:,}){such_as(words, plan, parts, reasons, engine)}" for words, count in top)


def _past_limit(
    plan: Plan,
    read: int,
    copies: int,
    parts: Sequence[Part],
    reasons: Sequence[Mapping[int, Sequence[str]]],
    engine: Engine,
    where: str,
) -> SourceError | None:
    """The refusal of a source of which too many records cannot be used; copies lose nothing and do not count."""
    refused, judged, limit = sum(map(len, reasons)) - copies, read - copies, plan.mapping.quarantine_limit
    if refused < judged and refused <= limit * judged:
        return None
    most = _most(plan, parts, reasons, engine)
    if refused == judged:
        return SourceError(f"none of {read:,} records was accepted: {most}", where=where, do="check the mapping")
    more = ", or state a higher quarantine_limit" if refused < judged / 2 else ""
    return SourceError(
        f"{refused:,} of {judged:,} records ({refused / judged:.1%}) refused, past the limit of {limit:.1%}: {most}",
        where=where,
        do=f"repair the export or the mapping{more}",
    )


def _accepted(plan: Plan, parts: Sequence[Part], reasons: Sequence[Mapping[int, Sequence[str]]], engine: Engine) -> str:
    """SQL of the accepted rows of all files, filters not yet applied."""
    queries = []
    for part, held in zip(parts, reasons, strict=True):
        query = f"SELECT *, {part.file} AS _file FROM {part.relation} WHERE {part.fine}"
        if held:
            refused = engine.listed(pd.DataFrame({"_record": list(held)}))
            query += f" AND _record NOT IN (SELECT _record FROM {refused})"
        queries.append(query)
    return f"({' UNION ALL BY NAME '.join(queries)})"


def _facts(plan: Plan, accepted: str, engine: Engine) -> dict[str, Any]:
    present = {spec.column.name for spec in plan.mapping.specs}
    counts = rule_checks(plan.table, _judged(plan, present), "count")
    filters = range(1, len(plan.mapping.filters) + 1)
    asked = ["count(*)", "count(*) FILTER (_touched)"]
    asked += [f"count(*) FILTER ({every(f'_f{place}' for place in range(upto))})" for upto in filters]
    asked += [f"count(*) FILTER (_n{place // 62} >> {place % 62} & 1 = 1)" for place in range(len(counts))]
    row = engine.rows(f"SELECT {', '.join([*asked, *_asked(plan)])} FROM {accepted}")[0]
    counted = zip(counts, row[2 + len(filters) : len(asked)], strict=True)
    return _known(plan, row[len(asked) :]) | {
        "rows": row[0],
        "touched": row[1],
        "kept": [row[0], *row[2 : 2 + len(filters)]],
        "counted": {check.words: count for check, count in counted},
    }


def _asked(plan: Plan) -> list[str]:
    """SQL of what is known of the rows: their number, that of each column, the first and the last moment."""
    ends = [f"epoch_us({end}({name(dated(plan))}))" for end in ("min", "max")] if dated(plan) else ["NULL", "NULL"]
    return ["count(*)", *(f"count({name(column)})" for column in plan.output), *ends]


def _known(plan: Plan, row: Sequence[Any]) -> dict[str, Any]:
    rows, *known, first, last = row
    missing = {column: share(rows - count, rows) for column, count in zip(plan.output, known, strict=True)}
    return {"missing": missing, "first": moment(first), "last": moment(last)}


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
        Decision(
            plan.table.name,
            f"{rule.column} in {[written(text) for text in rule.keep]}",
            rule.because,
            kept[place],
            kept[place + 1],
        )
        for place, rule in enumerate(plan.mapping.filters)
    ]


def _kept(plan: Plan, accepted: str) -> str:
    where = every(f"_f{place}" for place in range(len(plan.mapping.filters)))
    return f"(SELECT {', '.join(map(name, plan.output))} FROM {accepted} WHERE {where})"
