"""Meets a mapping with the header of one file: which source column feeds which canonical column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
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


def bind(mapping: Mapping, names: Sequence[str], where: str) -> tuple[Bound, ...]:
    """The places of every mapped column among the names of a file.

    Raises
    ------
    MappingError : a mapped column is not there, or is there more than once.
    """
    return tuple(_bound(spec, names, f"{where}, {mapping.where}") for spec in mapping.specs if not spec.row_number)


def bind_filters(mapping: Mapping, names: Sequence[str], where: str) -> Iterator[tuple[Filter, int | None]]:
    """The filters with the places of their columns: the source column of that name; None for the canonical one."""
    canonical = set(mapping.by_column) - {mapping.numbered}
    for rule in mapping.filters:
        if rule.column not in {*names, *canonical}:
            raise absent(names, f"no column {rule.column!r} to filter on", where, rule.column)
        yield rule, _place(rule.column, names, where) if rule.column in names else None


def wanted(mapping: Mapping, columns: Set[str] | None = None) -> set[str]:
    """Every header name the mapping speaks of, or only those that make these ``columns``."""
    specs = mapping.by_column
    parts = (
        part for column in (specs if columns is None else columns & specs.keys()) for part in specs[column].sources
    )
    return {name for part in parts for names in part for name in names} | mapping.extra.columns()


def _bound(spec: Spec, names: Sequence[str], where: str) -> Bound:
    places: list[int] = []
    for part in spec.sources:
        present = [each for each in part if set(each) <= set(names)]
        if not present and spec.optional:
            return Bound(spec, (), absent=True)
        if not present:
            raise absent(
                names,
                f"no column {_either(part, 'or')}, wanted for {spec.column.name!r}",
                where,
                next(name for name in part[0] if name not in names),
                "correct `from` in the mapping, or add `optional: true`",
            )
        if len(present) > 1:
            raise MappingError(
                f"columns {_either(present, 'and')} are both present, one wanted for {spec.column.name!r}",
                where=where,
                do="name one of them in `from`",
            )
        places += [_place(name, names, where) for name in present[0]]
    return Bound(spec, tuple(places))


def _either(names: Sequence[Sequence[str]], word: str) -> str:
    return f" {word} ".join(" with ".join(map(repr, each)) for each in names)


def _place(name: str, names: Sequence[str], where: str) -> int:
    places = [str(place) for place, text in enumerate(names, 1) if text == name]
    if len(places) > 1:
        raise MappingError(
            f"column {name!r} stands {len(places)} times in the header (positions {', '.join(places)}), wanted once",
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
