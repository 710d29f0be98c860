"""Meets a mapping with the header of one file: which source column feeds which canonical column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from perflib.errors import MappingError, SourceError
from perflib.privacy.quoting import like_data, quoted_all
from perflib.sources.mapping import Filter, Mapping, Spec


@dataclass(frozen=True)
class Bound:
    """A column rule and the positions (from 0) of the source columns that feed it; ``absent`` when optional."""

    spec: Spec
    places: tuple[int, ...]
    absent: bool = False


@dataclass(frozen=True)
class BoundFilter:
    """A filter and where its column is: a source position, or None for the canonical column of that name."""

    rule: Filter
    place: int | None


def bind(mapping: Mapping, header: Sequence[str], where: str) -> tuple[Bound, ...]:
    """The places of every mapped column.

    Raises
    ------
    MappingError : a mapped column is not in the header, or is there more than once.
    """
    names = [text.strip() for text in header]
    return tuple(_bound(spec, names, f"{where}, {mapping.where}") for spec in mapping.specs if not spec.row_number)


def bind_filters(mapping: Mapping, header: Sequence[str], where: str) -> tuple[BoundFilter, ...]:
    """The places of the filters' columns: the source column of that name, else the canonical one."""
    names = [text.strip() for text in header]
    canonical = {spec.column.name for spec in mapping.specs} - {mapping.numbered}
    found = []
    for rule in mapping.filters:
        if rule.column in names:
            found.append(BoundFilter(rule, _place(rule.column, names, where)))
        elif rule.column in canonical:
            found.append(BoundFilter(rule, None))
        else:
            raise absent(names, f"no column {rule.column!r} to filter on", where, rule.column)
    return tuple(found)


def wanted(mapping: Mapping, columns: Collection[str] | None = None) -> set[str]:
    """Every header name the mapping speaks of, or only those that make these ``columns``."""
    specs = (spec for spec in mapping.specs if columns is None or spec.column.name in columns)
    parts = (part for spec in specs for part in spec.sources)
    return {name for part in parts for names in part for name in names} | mapping.extra.columns()


def _bound(spec: Spec, names: list[str], where: str) -> Bound:
    places: list[int] = []
    for part in spec.sources:
        present = [each for each in part if set(each) <= set(names)]
        if not present and spec.optional:
            return Bound(spec, (), absent=True)
        if not present:
            missed = next(name for name in part[0] if name not in names)
            sought = " or ".join(" with ".join(map(repr, each)) for each in part)
            raise absent(
                names,
                f"no column {sought}, wanted for {spec.column.name!r}",
                where,
                missed,
                "correct `from` in the mapping, or add `optional: true`",
            )
        if len(present) > 1:
            both = " and ".join(" with ".join(map(repr, each)) for each in present)
            raise MappingError(
                f"columns {both} are both present, one wanted for {spec.column.name!r}",
                where=where,
                do="name one of them in `from`",
            )
        places += [_place(name, names, where) for name in present[0]]
    return Bound(spec, tuple(places))


def _place(name: str, names: list[str], where: str) -> int:
    if Counter(names)[name] > 1:
        positions = ", ".join(str(place + 1) for place, text in enumerate(names) if text == name)
        raise MappingError(
            f"column {name!r} stands {Counter(names)[name]} times in the header (positions {positions}), wanted once",
            where=where,
            do="rename or remove the copy in the export",
        )
    return names.index(name)


def absent(names: Sequence[str], what: str, where: str, sought: str, do: str = "") -> MappingError | SourceError:
    """The error for a column that is not among the names of a file; of names that are no names it shows none."""
    odd = sum(map(like_data, names))
    if 2 * odd >= len(names):
        return SourceError(
            f"{what}: the first row does not look like column names ({odd} of {len(names)} look like data)",
            where=where,
            do="add a row of column names to the export, or say in `reader` where it stands",
        )
    return MappingError(what, where=where, choices=quoted_all(names, sought), found=sought, do=do)
