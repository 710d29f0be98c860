"""How much counts vary from period to period beyond chance, pooled over cells, with its own uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from perflib.errors import InputError
from perflib.models.counts.arguments import Floats

#: from this many cells on, dispersion may grow with the mean and differ between cells.
CELLS = 20


@dataclass(frozen=True)
class Dispersion:
    """Variance over mean of the counts of each cell, shrunken towards what cells of its size have.

    ``cell`` and ``df`` hold the estimate and its degrees of freedom per cell (df infinite is never claimed); ``pooled``
    is the mean over cells, ``periods`` the number of differences from cell means it rests on.
    """

    cell: Floats
    df: Floats
    pooled: float
    periods: int


def dispersion(history: ArrayLike) -> Dispersion:
    """Variance over mean per cell, from earlier periods in which nothing is under test.

    Parameters
    ----------
    history : cells x periods, counts of periods of one length; NaN where a period is missing. One cell is allowed.

    Returns
    -------
    Dispersion. Each cell's own ratio (sample variance over mean, corrected for its small total) is combined with the
    ratio expected at its mean, 1 + a + b mean with a, b >= 0 fitted over all cells (20 cells or more; a constant with
    fewer), by empirical Bayes: the prior's degrees of freedom come from how much the cells' ratios differ beyond
    sampling error.

    Raises
    ------
    InputError : not a table of counts, or no cell with two periods and an event: dispersion cannot be known.

    Notes
    -----
    The ratio may be below 1; tests treat it as 1, so that no count is tested as if it varied less than Poisson.
    Source: Smyth 2004, Stat. Appl. Genet. Mol. Biol. 3 (shrinkage of variances); Lund et al. 2012, same journal 11
    (quasi-likelihood for counts).
    """
    table = np.asarray(history, dtype=float)
    if table.ndim != 2:
        raise InputError("must be cells x periods", where="history")
    if (table < 0).any():
        raise InputError("holds a negative count", where="history", do="book corrections in the period they correct")
    total, mean, own, df = _moments(table)
    use = (df >= 1) & (total > 0)
    if not use.any():
        raise InputError("no cell has two periods and an event", where="history", do="give more earlier periods")
    curve = _curve(own[use], mean[use], total[use], df[use])
    if not use.sum() >= CELLS:
        prior_df = float(df[use].sum())
        return _combined(np.full(len(table), curve[0]), own * 0, df * 0, prior_df, df[use].sum(), curve[0])
    level = 1 + curve[0] + curve[1] * np.where(np.isfinite(mean), mean, 0)
    ratio = np.where(use, own / np.where(use, _expected(level, total), 1), 0)
    prior_df, centre = _prior(ratio[use], level[use], total[use], df[use])
    kept = np.where(use, df, 0)
    pooled = float(np.average(level[use], weights=df[use]))
    return _combined(level * centre, np.where(use, ratio * level, 0), kept, prior_df, df[use].sum(), pooled)


def _combined(prior: Floats, own: Floats, df: Floats, prior_df: float, periods: float, pooled: float) -> Dispersion:
    cell = (prior_df * prior + df * own) / (prior_df + df)
    return Dispersion(cell, np.minimum(prior_df + df, max(periods, 1.0)), pooled, int(periods))


def _moments(table: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Total, mean, variance over mean and degrees of freedom of each cell."""
    known = ~np.isnan(table)
    size = known.sum(axis=1)
    total = np.where(known, table, 0).sum(axis=1)
    mean = total / np.maximum(size, 1)
    squares = np.where(known, (table - mean[:, None]) ** 2, 0).sum(axis=1)
    df = (size - 1).astype(float)
    own = squares / np.maximum(df, 1) / np.where(mean > 0, mean, 1)
    return total, mean, own, df


def _expected(level: Floats, total: Floats) -> Floats:
    """What the ratio of a cell with this total has on average when its dispersion is ``level``."""
    return level * total / np.maximum(total + level - 1, 1e-9)


def _curve(own: Floats, mean: Floats, total: Floats, df: Floats) -> Floats:
    """With CELLS or more, (a, b) of 1 + a + b mean; with fewer the one dispersion of all cells."""
    from scipy.optimize import nnls

    level = np.full(len(own), max(float(np.average(own, weights=df)), 0.0))
    for _ in range(25):
        target = own * level / np.maximum(_expected(level, total), 1e-9)
        if len(own) < CELLS:
            level = np.full(len(own), float(np.average(target, weights=df)))
            found = level[:1]
            continue
        root = np.sqrt(df) / np.maximum(level, 0.5)
        design = np.column_stack([np.ones(len(own)), mean])
        found = nnls(design * root[:, None], (target - 1) * root)[0]
        level = 1 + design @ found
    return np.asarray(found)


def _prior(ratio: Floats, level: Floats, total: Floats, df: Floats) -> tuple[float, float]:
    """Degrees of freedom and centre of the prior: from the spread of the ratios beyond their sampling error."""
    mean = float(np.average(ratio, weights=df))
    scaled = ratio / mean if mean > 0 else ratio
    sampling = 2 / df + (3 * level - 4 + 1 / level) / total
    spread = float(np.average(((scaled - 1) ** 2 - sampling) / (1 + sampling), weights=df))
    pooled = float(df.sum()) / 2  # two parameters of the curve
    if spread <= 0:
        return pooled, 1.0
    found = min(4 + 2 / spread, pooled)
    return found, (found - 2) / found


def successive_dispersion(values: ArrayLike) -> float:
    """Variance over mean of counts in time order, from the differences of neighbours: a trend or step hardly counts."""
    counts = np.asarray(values, dtype=float)
    mean = float(counts.mean()) if len(counts) else 0.0
    return float((np.diff(counts) ** 2).mean() / 2 / mean) if mean > 0 and len(counts) > 1 else 1.0
