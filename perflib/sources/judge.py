"""One staged file against one mapping: every record accepted or refused, in the engine, in two passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from perflib import schema
from perflib.engine.clock import earlier, late, resolved, touched
from perflib.engine.connection import Engine
from perflib.engine.sql import literal, literals, name, text
from perflib.sources.bind import BoundFilter, bind, bind_filters
from perflib.sources.formats import timed
from perflib.sources.mapping import Mapping
from perflib.sources.rules import Check, column_checks, masks, rule_checks, width
from perflib.sources.staged import Staged
from perflib.sources.values import Value, steps, value
from perflib.sources.widen import unpivoted, widened


@dataclass(frozen=True)
class Part:
    """The judged records of one file.

    ``relation`` is SQL with the canonical columns, ``_record``, ``_touched``, ``_n0`` (count rules), ``_f0`` ...
    (filters) and the masks; ``fine`` the SQL condition of acceptance before duplicates are looked for. ``file`` is the
    place of the file in its source.
    """

    staged: Staged
    relation: str
    fine: str
    checks: tuple[tuple[Check, ...], ...] = ()
    mask_names: tuple[str, ...] = ()
    file: int = 0


@dataclass(frozen=True)
class Plan:
    """What is asked of every file of one source: mapping, zone, and the columns that leave the load."""

    mapping: Mapping
    zone: str
    output: tuple[str, ...]

    @property
    def table(self) -> schema.Table:
        """The canonical table."""
        return self.mapping.table

    @property
    def days(self) -> frozenset[str]:
        """The stamps that hold a day and no time, as their formats say."""
        specs = (spec for spec in self.mapping.specs if spec.formats)
        return frozenset(spec.column.name for spec in specs if not timed(spec.formats))


def plan(mapping: Mapping, zone: str, personal: Sequence[str]) -> Plan:
    """Personal columns do not leave the load unless asked for by name."""
    mapped = {spec.column.name for spec in mapping.specs}
    output = tuple(
        column.name
        for column in mapping.table.columns.values()
        if column.name in mapped and (not column.personal or column.name in personal)
    )
    return Plan(mapping, mapping.timezone or zone, output)


def judge(staged: Staged, plan: Plan, engine: Engine, path: Path | None = None) -> Part:
    """Parse, put to UTC, check the rules: two passes, since the first finds the years whose clock changes matter.

    Lookups of the mapping lie beside ``path``.
    """
    staged = unpivoted(staged, plan.mapping.extra.unpivot, plan.mapping.where)
    wide = widened(staged, plan.mapping.extra, path, engine, plan.mapping.where)
    staged = replace(staged, notes=wide.notes, also=wide.also)
    form = shape(staged.label, wide.header, wide.types, plan)
    checks = form.checks
    if staged.text:
        checks = [Check(f"fields: not the {len(staged.header)} of the header", "_fields IS NOT NULL"), *checks]
    kept = ["_record", *form.parsed, *form.filters, *masks(checks, "_m")]
    parsed = engine.write(f"SELECT {', '.join(kept)} FROM {steps(form.values, wide.relation)}", "parsed")
    relation = f"read_parquet({literal(parsed)})"
    relation = moved(plan, form.values, relation, _years(form.stamps, relation, engine))
    names = [f"_m{place}" for place in range(width(checks))] + [f"_r{place}" for place in range(width(form.rules))]
    columns = [
        "_record",
        "_touched",
        *(f"_f{place}" for place in range(len(form.filters))),
        *map(name, form.kept),
        *names[: width(checks)],
        *masks(form.rules, "_r"),
        *masks(form.counts, "_n"),
    ]
    judged = engine.stored(f"SELECT {', '.join(columns)} FROM {relation}")
    parsed.unlink(missing_ok=True)
    fine = " AND ".join(f"{mask} = 0" for mask in names) or "true"
    return Part(staged, judged, fine, (tuple(checks), tuple(form.rules)), tuple(names))


def numbered(part: Part, plan: Plan, before: int) -> Part:
    """The part with the key made of the numbers of file and row, where the mapping asks for it.

    ``before`` are the files of the table that were read earlier. The key changes when an export is sorted anew.
    """
    if not plan.mapping.numbered:
        return part
    key = f"{literal(f'{before + part.file + 1}-')} || _record AS {name(plan.mapping.numbered)}"
    return replace(part, relation=f"(SELECT *, {key} FROM {part.relation})")


@dataclass(frozen=True)
class Shape:
    """The SQL pieces of one file under one plan."""

    values: list[Value]
    checks: list[Check]
    rules: list[Check]
    counts: list[Check]
    filters: list[str]
    kept: list[str]

    @property
    def stamps(self) -> list[str]:
        """Names of the timestamp columns."""
        return [item.name for item in self.values if item.stamp]

    @property
    def parsed(self) -> list[str]:
        """The columns that the values make, stamps still local."""
        found = [name(item.name) for item in self.values if not item.stamp]
        found += [name("l_" + item.name) for item in self.values if item.stamp]
        return found + [name("z_" + item.name) for item in self.values if item.stamp and item.fixed]


def shape(label: str, header: Sequence[str], types: Sequence[str], plan: Plan, trim: bool = True) -> Shape:
    """Meet the plan with the header of one file."""
    bounds = bind(plan.mapping, header, label)
    filtered = (rule.column for rule in plan.mapping.filters)
    needed = {*plan.output, *plan.table.key, *plan.table.required, *filtered}
    values = [value(bound, types, plan.zone, trim) for bound in bounds if bound.spec.column.name in needed]
    present = [item.name for item in values]
    filters = _filters(values, bind_filters(plan.mapping, header, label))
    kept = [column for column in plan.output if column != plan.mapping.numbered]
    kept += [*(key for key in plan.table.key if key in present and key not in plan.output)]
    rules, counts = (rule_checks(plan.table, present, then, plan.days) for then in ("reject", "count"))
    return Shape(values, [check for item in values for check in column_checks(item)], rules, counts, filters, kept)


def _filters(values: Sequence[Value], filters: Sequence[BoundFilter]) -> list[str]:
    by_name = {item.name: item for item in values}
    found = []
    for place, wanted in enumerate(filters):
        held = f"c{wanted.place}" if wanted.place is not None else by_name[wanted.rule.column].typed
        kept = literals(schema.floated(wanted.rule.keep))
        found.append(f"coalesce({text(held)}, '') IN ({kept}) AS _f{place}")
    return found


def moved(plan: Plan, values: Sequence[Value], relation: str, years: tuple[int, int]) -> str:
    """The relation with every stamp in UTC: one nested query per stamp, so that each sees the earlier ones."""
    stamps = {item.name: item for item in values if item.stamp}
    ordered = [column for column in plan.table.columns if column in stamps]
    before, flags = earlier(plan.table), []
    ruled = {side for rule in plan.table.rules for side in (rule.earlier, rule.later)}
    named = [column for column in ordered if column in ruled]
    shown = [name("l_" + column) for column in named]
    started = late(shown[0], shown[1:], plan.zone, years) if shown else "false"
    relation = f"(SELECT *, {started} AS _late FROM {relation})"
    for column in ordered:
        item, local = stamps[column], name("l_" + column)
        zone = item.spec.timezone or plan.zone
        flags.append(touched(local, zone, years))
        earlier_ones = [name("u_" + other) for other in before[column] if other in stamps]
        later_ones = [name("l_" + other) for other in named[named.index(column) + 1 :]] if column in named else []
        moment = resolved(local, zone, years, earlier_ones, later_ones)
        if item.fixed:
            moment = f"coalesce(CAST({name('z_' + column)} AS TIMESTAMP), {moment})"
        relation = f"(SELECT *, {moment} AS {name('u_' + column)} FROM {relation})"
    aware = "".join(f", make_timestamptz(epoch_us({name('u_' + column)})) AS {name(column)}" for column in ordered)
    flag = " OR ".join(f"coalesce({text}, false)" for text in flags if text != "false") or "false"
    return f"(SELECT *{aware}, {flag} AS _touched FROM {relation})"


def years_of(staged: Staged, plan: Plan, engine: Engine) -> tuple[int, int]:
    """First and last year of the stamps of a sample, one more on either side."""
    form = shape(staged.label, staged.header, staged.types, plan)
    return _years(form.stamps, steps(form.values, staged.relation), engine)


def _years(ordered: Sequence[str], relation: str, engine: Engine) -> tuple[int, int]:
    if not ordered:
        return 2000, 2000
    lows = ", ".join(f"year(min({name('l_' + column)})), year(max({name('l_' + column)}))" for column in ordered)
    found = [year for year in engine.rows(f"SELECT {lows} FROM {relation}")[0] if year is not None]
    return (min(found) - 1, max(found) + 1) if found else (2000, 2000)
