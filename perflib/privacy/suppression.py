"""Small counts hidden so that they cannot be recovered from the totals of their table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from perflib.errors import InputError


@dataclass(frozen=True, eq=False)
class Hidden:
    """Which cells of a two-way table are hidden, and whether its totals may be shown beside the others."""

    mask: np.ndarray
    totals: bool = True


def suppress(
    counts: pd.DataFrame, threshold: int = 5, *, rows: Sequence[str] = (), zero_discloses: bool = False
) -> pd.DataFrame:
    """Hide small counts in a two-way table so that they cannot be recovered from its totals.

    Primary suppression hides every count from 1 (0 with ``zero_discloses``) to ``threshold - 1``. Complementary
    suppression then hides further cells until whoever knows every total, the shown cells and this rule is left with at
    least ``threshold`` possible values for each hidden cell (see ``hide``).

    Parameters
    ----------
    counts : one row and one column per category, non-negative whole numbers, no totals; ``rows`` are label columns.

    Returns
    -------
    The table with hidden counts as missing (nullable integers); totals of the original may be published, unless the
    whole table is hidden.

    Raises
    ------
    InputError : a negative or fractional count, or a threshold below 2.
    """
    body = counts.drop(columns=list(rows))
    hidden = hide(body.to_numpy(dtype=float, na_value=np.nan), threshold, zero_discloses=zero_discloses).mask
    shown = body.astype("Int64").mask(pd.DataFrame(hidden, index=body.index, columns=body.columns))
    return pd.concat([counts[list(rows)], shown], axis=1)


def hide(
    values: np.ndarray, threshold: int = 5, *, zero_discloses: bool = False, also: np.ndarray | None = None
) -> Hidden:
    """The cells of a two-way table to hide; ``also`` are cells that must be hidden whatever they hold.

    What is asked of the result: with every row and column total known, and every hidden cell known to be at least 1
    (at least 0 where a zero had to be hidden), the interval of feasible values of each hidden cell is at least
    ``threshold - 1`` wide (``threshold`` from 0), so that it holds ``threshold`` values or more. A table of one column
    is a list with its total. Where even a table hidden whole is too small for that, ``totals`` is false: they must not
    be shown either.

    Raises
    ------
    InputError : a negative or fractional count, or a threshold below 2.
    """
    if threshold < 2:
        raise InputError(f"threshold {threshold} hides nothing", do="use 2 or more")
    known = values[~np.isnan(values)]
    if (known < 0).any() or (known % 1 > 0).any():
        raise InputError("counts must be whole numbers of at least 0", where="suppress")
    missing = np.isnan(values)
    whole = np.where(missing, 0.0, values)
    mask = missing | ((values >= (0 if zero_discloses else 1)) & (values < threshold))
    mask = mask | (False if also is None else also)
    return _list(whole, mask, threshold) if 1 in whole.shape else _square(whole, mask, threshold)


def _list(values: np.ndarray, mask: np.ndarray, threshold: int) -> Hidden:
    """A list with its total: each hidden cell may be as large as the others allow."""
    while mask.any():
        low = _least(values, mask)
        if mask.sum() > 1 and values[mask].sum() - low * mask.sum() >= threshold - low:
            return Hidden(mask)
        if mask.all():
            return Hidden(mask, totals=False)
        mask = _smallest(values, mask, ~mask)
    return Hidden(mask)


def _square(values: np.ndarray, mask: np.ndarray, threshold: int) -> Hidden:
    """Every hidden cell gets three others with which it can exchange enough without any total changing."""
    tried = np.zeros(mask.shape, dtype=bool)
    while True:
        low = _least(values, mask)
        need = threshold - low
        weak = mask & (_room(values - low, mask) < need)
        if not (weak & ~tried).any():
            break
        cell = tuple(np.argwhere(weak & ~tried)[0])
        cycle = (low and _cycle(values, mask, cell, need, 1.0)) or _cycle(values, mask, cell, threshold, 0.0)
        tried[cell] = True
        if cycle:
            mask = mask.copy()
            mask[tuple(np.transpose(cycle))] = True
    # where no four cells do, a longer exchange may; else the table is too sparse for anything but being hidden whole
    if all(width(values, mask, cell, low) >= need - 1e-6 for cell in np.argwhere(weak)):
        return Hidden(mask)
    every = np.ones(mask.shape, dtype=bool)
    low = _least(values, every)
    need = threshold - low
    weak = _room(values - low, every) < need
    return Hidden(every, all(width(values, every, cell, low) >= need - 1e-6 for cell in np.argwhere(weak)))


def _least(values: np.ndarray, mask: np.ndarray) -> float:
    """What everybody knows a hidden cell to be at least: 1 while zeros are shown, 0 once one had to be hidden."""
    return 0.0 if (values[mask] < 1).any() else 1.0


def _cycle(
    values: np.ndarray, mask: np.ndarray, cell: tuple[int, ...], need: float, low: float
) -> list[tuple[int, int]] | None:
    """The three cells that protect ``cell`` by exchange, fewest to be hidden anew, then smallest; None without any."""
    row, column = cell
    spare = np.where(mask | (values >= low), values - low, -np.inf)
    up = np.minimum(spare[row, :][None, :], spare[:, column][:, None])
    down = np.minimum(spare, spare[row, column])
    able = (up >= 0) & (down >= 0) & (up + down >= need)
    able[row, :] = able[:, column] = False
    if not able.any():
        return None
    fresh, size = ~mask, np.where(mask, 0.0, values)
    cost = (fresh[row, :][None, :] + fresh[:, column][:, None].astype(int) + fresh) * (values.sum() * 3 + 1)
    cost = cost + size[row, :][None, :] + size[:, column][:, None] + size
    other = np.unravel_index(np.argmin(np.where(able, cost, np.inf)), values.shape)
    return [(row, int(other[1])), (int(other[0]), column), (int(other[0]), int(other[1]))]


def _room(spare: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """How far each hidden cell can move by the best exchange among four hidden cells: a bound from below."""
    held = np.where(mask, spare, -np.inf)
    found = np.zeros(mask.shape)
    for row, column in np.argwhere(mask):
        # up: take from (row, k) and (l, column), give to (row, column) and (l, k); down: the other way round
        beside, below = held[row, :], held[:, column]
        up = np.minimum(beside[None, :], below[:, None])
        down = np.minimum(held, held[row, column])
        both = np.where(mask & (up >= 0), np.maximum(up, 0) + np.maximum(down, 0), 0.0)
        both[row, :] = both[:, column] = 0.0
        found[row, column] = both.max()
    return found


def width(values: np.ndarray, mask: np.ndarray, cell: np.ndarray, low: float) -> float:
    """The width of the feasible interval of a hidden cell by linear programming, all row and column totals known."""
    places = np.argwhere(mask)
    known = np.vstack([places[:, axis] == line for axis in (0, 1) for line in range(mask.shape[axis])]).astype(float)
    at = int(np.flatnonzero((places == cell).all(axis=1))[0])
    cells, least = values[mask], np.full(len(places), low)
    return _end(-1, at, known, cells, least) - _end(1, at, known, cells, least)


def _smallest(values: np.ndarray, mask: np.ndarray, among: np.ndarray) -> np.ndarray:
    """One more cell hidden: the smallest of those, zeros last."""
    among = among & (values > 0) if (among & (values > 0)).any() else among
    found = mask.copy()
    found[np.unravel_index(np.argmin(np.where(among, values, np.inf)), values.shape)] = True
    return found


def hide_lines(values: np.ndarray, threshold: int = 5) -> Hidden:
    """As ``hide``, for a table of which small row and column totals are hidden too (``hide`` takes all for known).

    A row whose total is small is hidden whole, with such rows as protect its total in the list of totals; only the sum
    of these rows is then known, and it stands for them as one row of the table. Columns likewise.
    """
    rows, columns = (_list_of(values.sum(axis=axis), threshold) for axis in (1, 0))
    if not (rows.totals and columns.totals):
        return Hidden(np.ones(values.shape, dtype=bool), totals=False)
    down, across = _places(rows.mask), _places(columns.mask)
    merged = np.zeros((down.max() + 1, across.max() + 1))
    np.add.at(merged, (down[:, None], across[None, :]), values)
    found = hide(merged if min(merged.shape) > 1 else merged.reshape(-1, 1), threshold)
    mask = found.mask.reshape(merged.shape)[down][:, across] | rows.mask[:, None] | columns.mask[None, :]
    # zeros of a line whose total is shown to be 0 tell of nobody
    mask &= (rows.mask | (values.sum(axis=1) > 0))[:, None] & (columns.mask | (values.sum(axis=0) > 0))[None, :]
    if found.totals and _safe(values, mask, ~rows.mask, ~columns.mask, threshold):
        return Hidden(mask)
    return Hidden(np.ones(values.shape, dtype=bool), totals=False)


def _safe(values: np.ndarray, mask: np.ndarray, rows: np.ndarray, columns: np.ndarray, threshold: int) -> bool:
    """Whether each hidden cell keeps ``threshold`` values for whoever knows the totals of ``rows`` and ``columns``.

    Hidden cells that must be 0 are public; where no other hidden cell is 0, each other one is known to be at least 1.
    """
    places = np.argwhere(mask)
    lines = [places[:, 0] == row for row in np.flatnonzero(rows)]
    lines += [places[:, 1] == column for column in np.flatnonzero(columns)]
    known = np.array([*lines, np.ones(len(places))], dtype=float)
    cells = values[mask]
    zero = np.array([_end(-1, at, known, cells, np.zeros(len(cells))) < 1e-6 for at in range(len(cells))], dtype=bool)
    low = np.where(zero | (cells[~zero] < 1).any(), 0.0, 1.0)
    ends = [[_end(sign, at, known, cells, low) for sign in (-1, 1)] for at in map(int, np.flatnonzero(~zero))]
    return all(most - least >= threshold - 1 - 1e-6 for most, least in ends)


def _end(sign: int, at: int, known: np.ndarray, cells: np.ndarray, low: np.ndarray) -> float:
    """The least (sign 1) or most (-1) that one hidden cell can be, by linear programming."""
    from scipy.optimize import linprog

    goal = np.zeros(len(cells))
    goal[at] = sign
    bounds = np.column_stack([low, np.full(len(cells), np.inf)])
    return sign * float(linprog(goal, A_eq=known, b_eq=known @ cells, bounds=bounds, method="highs").fun)


def hide_rows(values: np.ndarray, threshold: int = 5) -> Hidden:
    """As ``hide``, for columns that are lists of one thing each (now, before): a row is hidden in all or in none."""
    few: np.ndarray = np.zeros(len(values), dtype=bool)
    for _ in range(2):  # hiding a row for another list's sake only widens what is left open in this one
        lists = [hide(values[:, [place]], threshold, also=few[:, None]) for place in range(values.shape[1])]
        few = np.asarray(np.column_stack([each.mask for each in lists]).any(axis=1))
    return Hidden(few, all(each.totals for each in lists))


def _list_of(totals: np.ndarray, threshold: int) -> Hidden:
    found = hide(totals.reshape(-1, 1), threshold)
    return Hidden(found.mask.ravel(), found.totals)


def _places(hidden: np.ndarray) -> np.ndarray:
    """Each line's place in the merged table: the hidden ones share the last."""
    return np.where(hidden, (~hidden).sum(), np.cumsum(~hidden) - 1)
