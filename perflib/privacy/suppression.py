"""Small counts hidden so that they cannot be recovered from the totals of their table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from perflib.errors import InputError


def suppress(
    counts: pd.DataFrame, threshold: int = 5, *, rows: Sequence[str] = (), zero_discloses: bool = False
) -> pd.DataFrame:
    """Hide small counts in a two-way table so that they cannot be recovered from its totals.

    Primary suppression hides every count from 1 (0 with ``zero_discloses``) to ``threshold - 1``. Complementary
    suppression then hides further cells until every line with a hidden cell has at least two, and the hidden cells
    of each line sum to at least ``threshold`` (otherwise the total still gives them away).

    Parameters
    ----------
    counts : one row and one column per category, non-negative whole numbers, no totals; ``rows`` are label columns.

    Returns
    -------
    The table with hidden counts as missing (nullable integers); totals of the original may be published.

    Raises
    ------
    InputError : a negative or fractional count, or a threshold below 2.
    """
    if threshold < 2:
        raise InputError(f"threshold {threshold} hides nothing", do="use 2 or more")
    body = counts.drop(columns=list(rows))
    values = body.to_numpy(dtype=float, na_value=np.nan)
    if (values[~np.isnan(values)] < 0).any() or (values[~np.isnan(values)] % 1 > 0).any():
        raise InputError("counts must be whole numbers of at least 0", where="suppress")
    low = 0 if zero_discloses else 1
    hidden = np.isnan(values) | ((values >= low) & (values < threshold))
    hidden = _complement(values, hidden, threshold)
    shown = body.astype("Int64").mask(pd.DataFrame(hidden, index=body.index, columns=body.columns))
    return pd.concat([counts[list(rows)], shown], axis=1)


def _complement(values: np.ndarray, hidden: np.ndarray, threshold: int) -> np.ndarray:
    hidden = hidden.copy()
    changed = True
    while changed:
        changed = False
        for view, mask in ((values, hidden), (values.T, hidden.T)):
            for line in range(view.shape[0]):
                changed |= _protect_line(view[line], mask[line], threshold)
    return hidden


def _protect_line(values: np.ndarray, hidden: np.ndarray, threshold: int) -> bool:
    """Hide the smallest open cells of a line until its hidden cells are safe; True when something was hidden."""
    changed = False
    while hidden.any() and not hidden.all() and (hidden.sum() < 2 or np.nansum(values[hidden]) < threshold):
        open_cells = np.flatnonzero(~hidden)
        candidates = open_cells[values[open_cells] > 0] if (values[open_cells] > 0).any() else open_cells
        hidden[candidates[np.argmin(values[candidates])]] = True
        changed = True
    return changed
