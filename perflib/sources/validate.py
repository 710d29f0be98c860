"""One staged file under one mapping: every record accepted or refused, in the engine, in two passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from perflib import schema
from perflib.engine.clock import earlier, late, resolved, touched
from perflib.engine.connection import Engine
from perflib.engine.sql import added, literal, literals, name, some, text
from perflib.sources.bind import bind, bind_filters
from perflib.sources.joins import unpivoted, widened
from perflib.sources.plan import Plan
from perflib.sources.rules import Check, column_checks, masks, rule_checks, width
from perflib.sources.staged import Staged
from perflib.sources.values import Value, steps, value


@dataclass(frozen=True)
class Part:
    """The records of one file, each accepted or refused.

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


def validate(staged: Staged, plan: Plan, engine: Engine, path: Path | None = None) -> Part:
    """Parse, put to UTC, check the rules: two passes, since the first finds the years whose clock changes matter.

    Lookups of the mapping lie beside ``path``.
    """
    staged = unpivoted(staged, plan.mapping)
    wide = widened(staged, plan.mapping, path, engine)
    staged = replace(staged, notes=wide.notes, also=wide.also)
    form = shape(wide, plan)
    checks = form.checks
    if staged.text:
        checks = [Check(f"fields: not the {len(staged.header)} of the header", "_fields IS NOT NULL"), *checks]
    columns = ["_record", *form.parsed, *form.filters, *masks(checks, "_m")]
    parsed = engine.write(f"SELECT {', '.join(columns)} FROM {steps(form.values, wide.relation)}", "parsed")
    relation = f"read_parquet({literal(parsed)})"
    relation = in_utc(plan, form.values, relation, _years(form.stamps, relation, engine))
    own = [f"_m{place}" for place in range(width(checks))]
    mask_names = [*own, *(f"_r{place}" for place in range(width(form.rules)))]
    filters = (f"_f{place}" for place in range(len(form.filters)))
    columns = ["_record", "_touched", *filters, *map(name, form.kept), *own]
    columns += [*masks(form.rules, "_r"), *masks(form.counts, "_n")]
    checked = engine.stored(f"SELECT {', '.join(columns)} FROM {relation}")
    parsed.unlink(missing_ok=True)
    fine = " AND ".join(f"{mask} = 0" for mask in mask_names) or "true"
    return Part(staged, checked, fine, (tuple(checks), tuple(form.rules)), tuple(mask_names))


def numbered(part: Part, plan: Plan, before: int) -> Part:
    """The part with the key made of the numbers of file and row, where the mapping asks for it.

    ``before`` are the files of the table that were read earlier. The key changes when an export is sorted anew.
    """
    if not plan.mapping.numbered:
        return part
    key = f"{literal(f'{before + part.file + 1}-')} || _record AS {name(plan.mapping.numbered)}"
    return replace(part, relation=added(part.relation, [key]))


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


def shape(staged: Staged, plan: Plan, trim: bool = True) -> Shape:
    """Meet the plan with the header of one file."""
    mapping, key = plan.mapping, plan.table.key
    bounds = bind(mapping, staged.names, staged.label)
    read = {*plan.needed, *(rule.column for rule in mapping.filters)}
    values = [value(bound, staged.types, plan.zone, trim) for bound in bounds if bound.spec.column.name in read]
    by_name = {item.name: item for item in values}
    filters = []
    for at, (rule, place) in enumerate(bind_filters(mapping, staged.names, staged.label)):
        column = by_name[rule.column].typed if place is None else f"c{place}"
        filters.append(f"coalesce({text(column)}, '') IN ({literals(schema.floated(rule.keep))}) AS _f{at}")
    kept = [column for column in plan.output if column != mapping.numbered]
    kept += [column for column in key if column in by_name and column not in plan.output]
    checks = [check for item in values for check in column_checks(item)]
    return Shape(values, checks, rule_checks(plan), rule_checks(plan, "count"), filters, kept)


def in_utc(plan: Plan, values: Sequence[Value], relation: str, years: tuple[int, int]) -> str:
    """The relation with every stamp in UTC: one nested query per stamp, so that each sees the earlier ones."""
    stamps = {item.name: item for item in values if item.stamp}
    ordered = [column for column in plan.table.columns if column in stamps]
    before, flags = earlier(plan.table), []
    ruled = {side for rule in plan.table.rules for side in (rule.earlier, rule.later)}
    compared = [column for column in ordered if column in ruled]
    local_names = [name("l_" + column) for column in compared]
    started = late(local_names[0], local_names[1:], plan.zone, years) if local_names else "false"
    relation = added(relation, [f"{started} AS _late"])
    for column in ordered:
        item, local = stamps[column], name("l_" + column)
        zone = item.spec.timezone or plan.zone
        flags.append(touched(local, zone, years))
        earlier_ones = [name("u_" + other) for other in before[column] if other in stamps]
        later_ones = local_names[compared.index(column) + 1 :] if column in compared else []
        moment = resolved(local, zone, years, earlier_ones, later_ones)
        if item.fixed:
            moment = f"coalesce(CAST({name('z_' + column)} AS TIMESTAMP), {moment})"
        relation = added(relation, [f"{moment} AS {name('u_' + column)}"])
    aware = [f"make_timestamptz(epoch_us({name('u_' + column)})) AS {name(column)}" for column in ordered]
    return added(relation, [*aware, f"{some(flags)} AS _touched"])


def years_of(staged: Staged, plan: Plan, engine: Engine) -> tuple[int, int]:
    """First and last year of the stamps of a sample, one more on either side."""
    form = shape(staged, plan)
    return _years(form.stamps, steps(form.values, staged.relation), engine)


def _years(ordered: Sequence[str], relation: str, engine: Engine) -> tuple[int, int]:
    if not ordered:
        return 2000, 2000
    lows = ", ".join(f"year(min({name('l_' + column)})), year(max({name('l_' + column)}))" for column in ordered)
    found = [year for year in engine.rows(f"SELECT {lows} FROM {relation}")[0] if year is not None]
    return (min(found) - 1, max(found) + 1) if found else (2000, 2000)
