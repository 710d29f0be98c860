"""What a table of counts of people may show when it is shared: small cells hidden, and all that follows from them."""

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

from perflib.privacy.policy import Policy
from perflib.privacy.releases import Register
from perflib.privacy.suppression import hide, hide_lines, hide_rows

HIDDEN = "hidden"
NOTE = "note"


@dataclass(frozen=True, eq=False)
class People:
    """That a Result counts people, and how its table says so.

    Attributes
    ----------
    subject : one of ``policy.SUBJECTS``. threshold : the smallest count shown.
    labels : the columns that name a row; all others are hidden on a row whose count is.
    counts : the columns of counts; each is taken for a list whose total everybody knows.
    across : with one count, the label column that makes a two-way table of it, whose totals everybody knows.
    facts : names of facts that tell nothing of a single cell; of the others only those named after a shown row stay.
    register : where lists of one count by one label that were shared before are remembered; None where none are.
    answer : the finding in words, from the table as shown; a neutral sentence where there is none.
    """

    subject: str
    threshold: int
    labels: tuple[str, ...]
    counts: tuple[str, ...]
    across: str = ""
    facts: tuple[str, ...] = ()
    answer: Callable[[pd.DataFrame], str] | None = None
    register: Register | None = None


@dataclass(frozen=True, eq=False)
class Shown:
    """The table as shared, the number of rows hidden, and whether totals may be shown."""

    table: pd.DataFrame
    hidden: int
    totals: bool


def people(
    settings: Mapping[str, Any], subject: str, labels: tuple[str, ...], counts: tuple[str, ...], **more: Any
) -> People | None:
    """What a metric says of its Result; None where the department shows every count of this subject."""
    policy: Policy = settings.get("privacy") or Policy()
    least = policy.threshold(subject)
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


def shown(table: pd.DataFrame, about: People) -> Shown:
    """The table without small counts, those that protect them and the figures beside them; ``note`` says where."""
    if table.empty:
        return Shown(table, 0, True)
    table, few, totals = _square(table, about) if about.across else _lists(table, about)
    if not few.any():
        return Shown(table, 0, True)
    touched = few | _lines(table, few, about)
    found = table.copy()
    for column in found.columns:
        if column not in about.labels:
            rows = few if column in about.counts else touched
            found[column] = _emptied(found[column], rows)
    found[NOTE] = np.where(few, HIDDEN, "shown")
    return Shown(found, int(few.sum()), totals)


def _lists(table: pd.DataFrame, about: People) -> tuple[pd.DataFrame, np.ndarray, bool]:
    if about.register:
        cells = table[about.labels[0]].astype(str)
        counts = dict(zip(cells, table[about.counts[0]].astype(int), strict=True))
        unattended = os.environ.get("PERFLIB_STATIC", "") not in ("", "0")
        kept = about.register.release(counts, about.threshold, unattended)
        few = cells.map(lambda cell: kept[cell] is None).to_numpy(dtype=bool)
        return table, few, not few.all()
    values = table[list(about.counts)].astype(float).round().to_numpy()
    found = hide_rows(values, about.threshold)
    return table, found.mask, found.totals


def _square(table: pd.DataFrame, about: People) -> tuple[pd.DataFrame, np.ndarray, bool]:
    (count,) = about.counts
    others = [label for label in about.labels if label != about.across]
    keys = table[others].astype(str).agg("\x1f".join, axis=1) if others else pd.Series("", index=table.index)
    wide = pd.DataFrame({"row": keys, "column": table[about.across].astype(str), "n": table[count].astype(float)})
    values = wide.pivot_table(index="row", columns="column", values="n", aggfunc="sum", fill_value=0.0)
    found = (
        hide_lines(values.to_numpy(), about.threshold)
        if min(values.shape) > 1
        else hide(values.to_numpy().reshape(-1, 1), about.threshold)
    )
    mask = pd.DataFrame(found.mask.reshape(values.shape), index=values.index, columns=values.columns)
    few = np.array([mask.at[row, column] for row, column in zip(wide["row"], wide["column"], strict=True)])
    # a zero that had to be hidden stands in no row yet: its absence would tell it
    there = set(zip(wide["row"], wide["column"], strict=True))
    first = table.drop_duplicates(others) if others else table.head(1)
    parts = {row: first.iloc[[place]] for place, row in enumerate(keys.loc[first.index])}
    spare = [
        parts[row].assign(**{about.across: column})
        for row in mask.index
        for column in mask.columns
        if mask.at[row, column] and (row, column) not in there
    ]
    whole = pd.concat([table, *spare], ignore_index=True) if spare else table.reset_index(drop=True)
    return whole, np.concatenate([few, np.ones(len(spare), dtype=bool)]), found.totals


def _lines(table: pd.DataFrame, few: np.ndarray, about: People) -> np.ndarray:
    """Rows of the same line of a two-way table as a hidden one: shares of the line would tell its parts."""
    others = [label for label in about.labels if label != about.across]
    if not about.across:
        return few
    if not others:
        return np.ones(len(table), dtype=bool)
    keys = table[others].astype(str).agg("\x1f".join, axis=1)
    return keys.isin(set(keys[few])).to_numpy()


def _emptied(column: pd.Series, rows: np.ndarray) -> pd.Series:
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        return column.astype(float).mask(rows)
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.mask(rows)
    return column.astype(object).where(~rows, HIDDEN)


def facts_shown(facts: Mapping[str, Any], table: pd.DataFrame, about: People, totals: bool) -> dict[str, Any]:
    """The facts without those that would give a hidden cell away: emptied, not removed."""
    seen = table[table[NOTE] != HIDDEN]
    names = {str(value) for label in about.labels for value in seen[label]} if not about.across else set()
    hidden = {str(value) for label in about.labels for value in table.loc[table[NOTE] == HIDDEN, label]}
    kept = (set(about.facts) | (names - hidden)) if totals else set()
    return {key: value if key in kept else None for key, value in facts.items()}


def words(found: Shown, about: People) -> str:
    """The caveat of a table with hidden cells."""
    least = about.threshold
    text = (
        f"{found.hidden} of {len(found.table)} rows are hidden: counts of {about.subject} from 1 to {least - 1}, "
        "and those from which they would follow."
    )
    return text if found.totals else f"{text} The totals are too small to be shown either."
