"""Counts of people by place and group: which cells a table must not show, so that none can be worked out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from perflib.privacy import Policy
from perflib.privacy.suppression import hide_lines, hide_rows

Mask = np.ndarray


def least(settings: Mapping[str, Any], subject: str) -> int:
    """The smallest count of ``subject`` that the department shows; 1 where every count is."""
    policy: Policy = settings.get("privacy") or Policy()
    return policy.threshold(subject)


def cells(table: pd.DataFrame, counts: Sequence[str], smallest: int) -> Mask:
    """Rows (one per ``place`` and ``group``) where one of ``counts`` is small, or would give a small one away.

    Of two counts of which one is part of the other, name their difference too: all but three were searched tells of
    three people just as three searches do.
    """
    gone = np.zeros(len(table), dtype=bool)
    if smallest < 2:
        return gone
    for count in counts:
        wide = table.pivot(index="place", columns="group", values=count)
        safe = pd.DataFrame(hide_lines(wide.fillna(0).to_numpy(float), smallest).mask, wide.index, wide.columns)
        # a zero that had to be hidden but stands in no row would be told by its absence
        absent = bool((safe & wide.isna()).any(axis=None))
        gone |= np.array([absent or bool(safe.at[row.place, row.group]) for row in table.itertuples()], dtype=bool)
    return gone


def lists(table: pd.DataFrame, counts: Sequence[str], smallest: int) -> Mask:
    """As ``cells`` for rows that are one list each with a total that everybody knows."""
    if smallest < 2 or table.empty:
        return np.zeros(len(table), dtype=bool)
    return hide_rows(table[list(counts)].to_numpy(float), smallest).mask


def noted(table: pd.DataFrame, gone: Mask, columns: Sequence[str]) -> pd.DataFrame:
    """The table with ``columns`` emptied where ``gone``, and a column ``note`` that says so where there is any."""
    shown = table.copy()
    for name in columns:
        shown[name] = shown[name].astype(float).mask(gone)
    return shown.assign(note=np.where(gone, "hidden", "shown")) if gone.any() else shown


def words(gone: Mask, smallest: int, what: str) -> list[str]:
    """The caveat of a table with hidden rows; none where every row is shown."""
    if not gone.any():
        return []
    return [
        f"{int(gone.sum())} of {len(gone)} rows are hidden: counts of {what} from 1 to {smallest - 1}, or all but "
        "so few, and those from which they would follow."
    ]
