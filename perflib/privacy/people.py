"""The gate: what a Result that counts people may show when it is shared. Nothing else in the package hides counts."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from perflib.privacy.policy import SUBJECTS, Policy
from perflib.privacy.releases import Register
from perflib.privacy.suppression import hide, hide_lines, hide_rows

HIDDEN, NOTE = "hidden", "note"
#: significant digits of an estimate that a model made from hidden counts and others together
DIGITS = 2


@dataclass(frozen=True, eq=False)
class People:
    """That a Result counts people, and how its table says so.

    The totals of all counts are taken for known. Where a count is hidden, a column that is not named below is emptied
    in every row: limits, p-values and statistics of other rows may give a hidden count away.

    Attributes
    ----------
    subject : what is counted. threshold : the smallest count shown.
    labels : the columns that name a row. counts : the columns of counts. rests : pairs (whole, part) of counts, whose
        difference tells as much as a count does. across : the label column that makes a two-way table of the rows.
    own : columns that follow from the counts of their own row. line : columns that follow from the counts of their line
        of a two-way table. against, reference : columns that compare a row with the row of this label in its line.
    rounded : columns and facts that a model estimates from all rows; they are rounded to ``DIGITS`` digits.
    facts : names of facts that tell nothing of a single row. Facts named after a row are made from that row again.
    again : the facts that are made from the table, and from ``parts``, as left.
    limits : makes emptied columns again from the rows as left.
    parts : finer counts that facts are made of. needs : labels of a part without which nothing of the Result is shown.
    register : where lists of one count by one label that were shared before are remembered.
    answer : the finding in words, from the table as left; for a Result without ``words``.
    """

    subject: str
    threshold: int
    labels: tuple[str, ...]
    counts: tuple[str, ...]
    across: str = ""
    rests: tuple[tuple[str, str], ...] = ()
    own: tuple[str, ...] = ()
    line: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    reference: str = ""
    rounded: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    again: Callable[..., Mapping[str, Any]] | None = None
    limits: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    parts: tuple[tuple[pd.DataFrame, People], ...] = ()
    needs: tuple[str, ...] = ()
    register: Register | None = None
    answer: Callable[[pd.DataFrame], str] | None = None


@dataclass(frozen=True, eq=False)
class Left:
    """What is left of a table and its facts.

    ``shown``: the rows that are not hidden. ``totals``: whether totals may be shown. ``withheld``: nothing may be.
    ``caveat``: what was hidden, in words.
    """

    table: pd.DataFrame
    shown: pd.DataFrame
    facts: Mapping[str, Any]
    totals: bool = True
    withheld: bool = False
    caveat: str = ""


def people(
    settings: Mapping[str, Any], subject: str, labels: tuple[str, ...], counts: tuple[str, ...], **more: Any
) -> People | None:
    """What a metric says of its Result; None where the department shows every count of this subject.

    Counts that are of no subject of the policy (incidents on a map, say) fall under ``small_cells`` too.
    """
    policy: Policy = settings.get("privacy") or Policy()
    least = policy.threshold(subject) if subject in SUBJECTS else policy.small_cells
    return People(subject, least, labels, counts, **more) if least > 1 else None


def register(
    settings: Mapping[str, Any], series: str, rules: Sequence[str], first: dt.date | None, last: dt.date | None
) -> Register | None:
    """The register of a series where the department keeps one: its whole months from ``first`` to ``last``.

    ``rules`` are the filters in force; those that name a date choose the days, and the others another series.
    """
    policy: Policy = settings.get("privacy") or Policy()
    if not policy.releases or first is None or last is None:
        return None
    others = sorted(rule for rule in rules if not re.search(r"\d{4}-\d{2}", rule))
    after = (last.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    span = (first.replace(day=1).toordinal(), after.toordinal())
    return Register(Path(policy.releases), "\n".join([series, *others]), span)


def gate(table: pd.DataFrame, facts: Mapping[str, Any], about: People) -> Left | None:
    """What may be shown of a table and its facts; None where that is everything."""
    left, few, totals = _emptied(table, about)
    parts = [_emptied(part, of) for part, of in about.parts]
    for (part, part_few, part_totals), (_, of) in zip(parts, about.parts, strict=True):
        if of.needs and (not part_totals or set(part.loc[part_few, of.labels[0]].astype(str)) & set(of.needs)):
            return Left(table.iloc[:0], table.iloc[:0], {}, totals=False, withheld=True)
    hidden = int(few.sum() + sum(part_few.sum() for _, part_few, _ in parts))
    if not hidden:
        return None
    left = left.assign(**{name: left[name].map(_rounded) for name in about.rounded if name in left})
    kept = {**dict.fromkeys(facts), **(_facts(facts, left, about, totals) if few.any() else facts)}
    kept |= {name: _rounded(facts[name]) for name in about.rounded if name in facts and totals}
    again = about.again(left, *(part for part, *_ in parts)) if about.again and totals else {}
    return Left(left, left[~few], {**kept, **again, "hidden": hidden}, totals, caveat=_caveat(few, totals, about))


def _emptied(table: pd.DataFrame, about: People) -> tuple[pd.DataFrame, np.ndarray, bool]:
    """The table without what is hidden, in the order of its labels; which rows are hidden; whether totals are shown."""
    if table.empty or not about.counts:
        return table, np.zeros(len(table), dtype=bool), True
    table, few, totals = _square(table, about) if about.across else _lists(table, about)
    if not few.any():
        return table, few, True
    # order by size or evidence, and rows added at the end, would tell of hidden counts
    order = table[list(about.labels)].reset_index(drop=True).sort_values(list(about.labels), key=_sortable).index
    table, few = table.iloc[order].reset_index(drop=True), few[order]
    line = table[_others(about)].astype(str).agg("\x1f".join, axis=1) if _others(about) else pd.Series("", table.index)
    compared = table[about.across or about.labels[-1]].astype(str) == about.reference
    everywhere = np.ones(len(table), dtype=bool)
    rows = dict.fromkeys((*about.counts, *about.own, *about.rounded), few)
    rows |= dict.fromkeys(about.line, line.isin(line[few]).to_numpy())
    rows |= dict.fromkeys(about.against, few | line.isin(line[few & compared]).to_numpy())
    left = table.copy()
    for name in left.columns.difference([*about.labels, NOTE], sort=False):
        left[name] = _without(left[name], rows.get(name, everywhere))
    left[NOTE] = np.where(few, HIDDEN, left.get(NOTE, "shown"))
    return about.limits(left) if about.limits else left, few, totals


def _others(about: People) -> list[str]:
    return [label for label in about.labels if about.across and label != about.across]


def _sortable(column: pd.Series) -> pd.Series:
    plain = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    return column if plain else column.astype(str)


def _counted(table: pd.DataFrame, about: People) -> dict[str, pd.Series]:
    """The counts and rests of the table, whole and without gaps."""
    counts = {name: table[name] for name in about.counts}
    counts |= {f"{whole} less {part}": table[whole] - table[part] for whole, part in about.rests}
    return {name: count.astype(float).fillna(0).round().clip(lower=0) for name, count in counts.items()}


def _lists(table: pd.DataFrame, about: People) -> tuple[pd.DataFrame, np.ndarray, bool]:
    if about.register:
        cells = table[about.labels[0]].astype(str)
        counts = dict(zip(cells, table[about.counts[0]].astype(int), strict=True))
        unattended = os.environ.get("PERFLIB_STATIC", "") not in ("", "0")
        released = about.register.release(counts, about.threshold, unattended)
        few = cells.map(lambda cell: released[cell] is None).to_numpy(dtype=bool)
        return table, few, not few.all()
    hidden = hide_rows(np.column_stack([*_counted(table, about).values()]), about.threshold)
    return table, hidden.mask, hidden.totals


def _square(table: pd.DataFrame, about: People) -> tuple[pd.DataFrame, np.ndarray, bool]:
    """A two-way table: a cell is hidden where one of its counts must be."""
    others = _others(about)
    row = table[others].astype(str).agg("\x1f".join, axis=1) if others else pd.Series("", index=table.index)
    column = table[about.across].astype(str)
    mask, totals = pd.DataFrame(), True
    for count in _counted(table, about).values():
        wide = count.groupby([row, column]).sum().unstack(fill_value=0)
        values = wide.to_numpy()
        square = min(values.shape) > 1
        found = hide_lines(values, about.threshold) if square else hide(values.reshape(-1, 1), about.threshold)
        few = pd.DataFrame(found.mask.reshape(values.shape), index=wide.index, columns=wide.columns)
        mask, totals = few if mask.empty else mask | few, totals and found.totals
    mask = mask if totals else mask | True
    hidden = np.array([mask.at[place] for place in zip(row, column, strict=True)], dtype=bool)
    # a zero that had to be hidden stands in no row yet: its absence would tell it
    there = set(zip(row, column, strict=True))
    first = {name: table.iloc[[at]] for at, name in reversed([*enumerate(row)])}
    spare = [
        first[name].assign(**{about.across: value})
        for name, values in mask.iterrows()
        for value in values.index[values]
        if (name, value) not in there
    ]
    whole = pd.concat([table, *spare], ignore_index=True)
    return whole, np.append(hidden, np.ones(len(spare), dtype=bool)), totals


def _without(column: pd.Series, rows: np.ndarray) -> pd.Series:
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        return column.astype(float).mask(rows)
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.mask(rows)
    return column.astype(object).where(~rows, HIDDEN)


def _rounded(value: Any) -> Any:
    """Numbers to ``DIGITS`` significant digits, at any depth; counts are left out."""
    if isinstance(value, Mapping):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    return value if isinstance(value, (bool, str)) else None


def _facts(facts: Mapping[str, Any], left: pd.DataFrame, about: People, totals: bool) -> dict[str, Any]:
    """The facts that tell of no hidden count; those named after a shown row are made from it again."""
    if not totals:
        return {}
    kept = {name: facts[name] for name in about.facts if name in facts}
    for label in () if about.across else about.labels:
        rows = left[~left[label].astype(str).duplicated(keep=False) & left[NOTE].ne(HIDDEN)]
        for name, row in zip(rows[label].astype(str), rows.to_dict("records"), strict=True):
            if isinstance(facts.get(name), Mapping):
                kept[name] = {key: row.get(key) for key in facts[name]}
    return kept


def _caveat(few: np.ndarray, totals: bool, about: People) -> str:
    if not few.any():
        return f"Some counts of {about.subject} by district are too small to be shown: estimates are rounded."
    text = (
        f"{few.sum()} of {len(few)} rows are hidden: counts of {about.subject} from 1 to {about.threshold - 1}, and "
        "those from which they would follow."
    )
    return text if totals else f"{text} The totals are too small to be shown either."
