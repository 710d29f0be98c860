"""One language of ids over all tables: what pandas and spreadsheets made of them, and tables that share none.

The schema says what kind of thing each id names. A column of ids that was a float column once reads 1007.0; it is the
same officer as 1007 in another file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Protocol

from perflib import schema
from perflib.engine.connection import Engine
from perflib.engine.sql import floating, name
from perflib.sources.plan import Plan
from perflib.sources.validate import Part

#: kinds of which a table may hold a few of many: two tables need not share one, unless chance would make them
_SAMPLED = ("officer", "staff")
#: overlap below this share of what is expected is told; chance leaves tables that expect so many without any
_LOW, _SURE = 0.1, 5
#: how ids of one thing come to differ, and SQL that takes the difference away
_FLOAT, _BARE = "regexp_replace({0}, '\\.0+$', '')", "regexp_replace({0}, '[[:space:][:punct:]]', '', 'g')"
_CAUSES = {
    'a ".0" at the end': _FLOAT,
    "leading zeros": "ltrim({0}, '0')",
    "upper and lower case": "lower({0})",
    "spaces and punctuation": _BARE,
    "all of these": f"ltrim(lower({_BARE.format(_FLOAT)}), '0')",
}


def whole(plan: Plan, parts: Sequence[Part], engine: Engine) -> list[Part]:
    """The files of a source with 1007.0 as 1007 in its columns of ids.

    A column that holds a true fraction anywhere (3.1 beside 3.0) is left as it stands: those are no numbers.
    """
    table = plan.table
    kept = {*plan.output, *table.key} & set(plan.mapping.by_column)
    ids = [column for column in table.columns if column in kept and table.columns[column].id]
    # rows that the one pass of a large file takes as they are end in no ".0": it sets those aside
    exact = [part for part in parts if not part.staged.source]
    whole = _any(ids, floating("{0}"), exact, engine)
    broken = _any(whole, "regexp_full_match({0}, '\\d*\\.\\d*[1-9]\\d*')", parts, engine)
    changed = [column for column in whole if column not in broken]
    if not changed:
        return list(parts)
    columns = ", ".join(
        f"regexp_replace({column}, '^(\\d+)\\.0+$', '\\1') AS {column}" for column in map(name, changed)
    )
    words = f"{', '.join(changed)}: whole numbers written as 7.0 are read as 7"
    return [
        replace(
            part,
            relation=f"(SELECT * REPLACE ({columns}) FROM {part.relation})",
            staged=replace(part.staged, notes=(*part.staged.notes, words)),
        )
        for part in parts
    ]


def _any(columns: Sequence[str], test: str, parts: Sequence[Part], engine: Engine) -> list[str]:
    """The columns of which some row of some part fulfils the test."""
    tests = ", ".join(f"coalesce(bool_or({test.format(name(column))}), false)" for column in columns)
    rows = [engine.rows(f"SELECT {tests} FROM {part.relation}")[0] for part in parts] if columns else []
    return [column for place, column in enumerate(columns) if any(row[place] for row in rows)]


@dataclass(frozen=True)
class _Ids:
    """The distinct ids of one column: SQL of a relation of one column ``id``, and their number."""

    table: str
    column: schema.Column
    relation: str
    count: int

    @property
    def words(self) -> str:
        """The table, and the column where its name does not say the kind."""
        plain = self.column.name.removesuffix("_id") in (self.column.id.replace(" ", "_"), "area")
        return f"{self.table} ({self.count:,})" if plain else f"{self.table}.{self.column.name} ({self.count:,})"


class Source(Protocol):
    """A source that was read: its table, SQL of its rows, and their columns."""

    table: str
    relation: str
    columns: tuple[str, ...]


def unmatched(sources: Sequence[Source], engine: Engine) -> tuple[str, ...]:
    """Sentences: the tables whose ids are in no other table that names things of the same kind, or in few.

    No id is shown: some name people.
    """
    kinds: dict[str, list[_Ids]] = {}
    for table in dict.fromkeys(source.table for source in sources):
        for column in schema.get(table).columns.values():
            relations = [
                source.relation
                for source in sources
                if column.id and source.table == table and column.name in source.columns
            ]
            if relations and (found := _distinct(table, column, relations, engine)).count:
                kinds.setdefault(column.id, []).append(found)
    return tuple(words for kind, found in kinds.items() for words in _told(kind, found, engine))


def _distinct(table: str, column: schema.Column, relations: Sequence[str], engine: Engine) -> _Ids:
    union = " UNION ALL ".join(f"SELECT {name(column.name)} AS id FROM {relation}" for relation in relations)
    distinct = engine.table(f"SELECT DISTINCT id FROM ({union}) WHERE id IS NOT NULL")
    return _Ids(table, column, distinct, engine.rows(f"SELECT count(*) FROM {distinct}")[0][0])


def _told(kind: str, found: Sequence[_Ids], engine: Engine) -> Iterator[str]:
    """Column by column, the one that misses the most others first."""
    pairs = {pair: shared for pair in _pairs(found) if (shared := _missed(kind, pair, found, engine)) is not None}
    while pairs:
        odd = Counter(each for pair in pairs for each in pair).most_common(1)[0][0]
        others = {other: shared for pair, shared in pairs.items() if odd in pair for other in pair if other is not odd}
        yield _sentence(kind, odd, others, engine)
        pairs = {pair: shared for pair, shared in pairs.items() if odd not in pair}


def _pairs(found: Sequence[_Ids]) -> list[tuple[_Ids, _Ids]]:
    """Columns to compare: with the table they refer to, else each with each of the others; never within a table."""
    columns = {each: f"{each.table}.{each.column.name}" for each in found}
    return [
        (one, other)
        for one, other in combinations(found, 2)
        if one.table != other.table
        and one.column.refers in ("", columns[other])
        and other.column.refers in ("", columns[one])
    ]


def _missed(kind: str, pair: tuple[_Ids, _Ids], found: Sequence[_Ids], engine: Engine) -> int | None:
    """How many ids two columns share, where that is fewer than can be; None where there is nothing to tell."""
    one, other = pair
    shared = _shared([one], [other], "{0}", engine)
    fewest = min(one.count, other.count)
    if kind not in _SAMPLED:
        return shared if shared < _LOW * fewest else None
    every = " UNION ".join(f"SELECT id FROM {each.relation}" for each in found)
    expected = one.count * other.count / engine.rows(f"SELECT count(*) FROM ({every})")[0][0]
    if shared >= _LOW * expected or (expected < _SURE and len(found) > len(pair)):
        return None
    # detectives take no calls: that is no matter of writing as long as some table names them
    lone = any(
        _shared([each], [other for other in found if other.table != each.table], "{0}", engine) < _LOW * each.count
        for each in pair
    )
    return shared if lone or _cause(one, [other], engine) else None


def _shared(one: Sequence[_Ids], others: Sequence[_Ids], made: str, engine: Engine) -> int:
    """How many ids some of the first columns and some of the others share, both made alike."""
    first, second = (
        " UNION ".join(f"SELECT {made.format('id')} FROM {each.relation}" for each in side) for side in (one, others)
    )
    return int(engine.rows(f"SELECT count(*) FROM (({first}) INTERSECT ({second}))")[0][0])


def _sentence(kind: str, odd: _Ids, others: Mapping[_Ids, int], engine: Engine) -> str:
    named = ", ".join(other.words for other in others)
    most = max(shared / min(odd.count, other.count) for other, shared in others.items())
    head = f"no {kind} of" if not most else f"only {most:.0%} of the {kind} ids of"
    cause = _cause(odd, list(others), engine) or ": check what both columns hold"
    return f"{head} {odd.words} {'are' if most else 'is'} in {named}{cause}"


def _cause(odd: _Ids, others: Sequence[_Ids], engine: Engine) -> str:
    for words, made in _CAUSES.items():
        shared = max(_shared([odd], [other], made, engine) / min(odd.count, other.count) for other in others)
        if shared > 0.5:
            return f"; without {words} {shared:.0%} would be the same: write them alike"
    return ""
