"""Compiled logistic fits on cells of identical features, one officer after another.

Every feature is a set of levels; a cell is one combination of levels and holds counts of events and of outcomes, its
design is the intercept and one column per feature. That is exact: events of one cell have the same propensity and the
same expected outcome, and only their numbers enter either fit.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perflib.models.compiled import jit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: a small pull of every coefficient towards 0 keeps separated levels finite.
RIDGE, STEPS, CLOSE = 1e-3, 30, 1e-8


@jit
def logistic(columns: Ints, yes: Floats, all_: Floats, width: int, extra: Floats, ridge: float) -> tuple:
    """Coefficients of a logistic fit by Newton steps, and whether they settled.

    ``columns`` (cells, features): which coefficients each cell has beside the intercept (the last of ``width``);
    ``yes`` of ``all_`` (weighted counts) are ones; ``extra`` 0/1: the cell has coefficient ``width`` - 2 too.
    """
    b = np.zeros(width)
    total = max(all_.sum(), 1e-12)
    share = min(max(yes.sum() / total, 1e-9), 1 - 1e-9)
    b[width - 1] = math.log(share / (1 - share))
    good = False
    for _ in range(STEPS):
        slope, bend = np.zeros(width), np.zeros((width, width))
        for c in range(columns.shape[0]):
            if all_[c] <= 0:
                continue
            eta = linear(b, columns[c], extra[c])
            p = 1 / (1 + math.exp(-eta))
            add(slope, bend, columns[c], extra[c], yes[c] - all_[c] * p, all_[c] * p * (1 - p))
        for k in range(width - 1):
            slope[k] -= ridge * b[k]
            bend[k, k] += ridge
        bend[width - 1, width - 1] += 1e-12
        solve(bend, slope)
        most = 0.0
        for k in range(width):
            most = max(most, abs(slope[k]))
        for k in range(width):
            b[k] += slope[k] * min(1.0, 4.0 / max(most, 1e-12))
        if most < CLOSE:
            good = True
            break
    return b, good


@jit
def linear(b: Floats, at: Ints, extra: float) -> float:
    """The linear predictor of a cell."""
    eta = b[b.size - 1] + extra * b[b.size - 2]
    for k in at:
        if k >= 0:
            eta += b[k]
    return min(max(eta, -35.0), 35.0)


@jit
def add(slope: Floats, bend: Floats, at: Ints, extra: float, score: float, weight: float) -> None:
    """Add one cell to the gradient and to the upper triangle of the information."""
    last = slope.size - 1
    slope[last] += score
    bend[last, last] += weight
    if extra > 0:
        slope[last - 1] += score
        bend[last - 1, last - 1] += weight
        bend[last - 1, last] += weight
    for j in range(at.size):
        k = at[j]
        if k < 0:
            continue
        slope[k] += score
        bend[k, last] += weight
        if extra > 0:
            bend[k, last - 1] += weight
        for i in range(j, at.size):
            if at[i] >= 0:
                bend[min(k, at[i]), max(k, at[i])] += weight


@jit
def solve(a: Floats, b: Floats) -> None:
    """Solve a x = b in place, ``a`` positive definite with its upper triangle given (Cholesky)."""
    n = b.size
    for k in range(n):
        for r in range(k):
            a[k, k] -= a[r, k] ** 2
        a[k, k] = math.sqrt(max(a[k, k], 1e-14))
        for c in range(k + 1, n):
            for r in range(k):
                a[k, c] -= a[r, k] * a[r, c]
            a[k, c] /= a[k, k]
    for k in range(n):
        for r in range(k):
            b[k] -= a[r, k] * b[r]
        b[k] /= a[k, k]
    for j in range(n):
        k = n - 1 - j
        for c in range(k + 1, n):
            b[k] -= a[k, c] * b[c]
        b[k] /= a[k, k]


@jit
def benchmark(
    start: int,
    end: int,
    officer_start: Ints,
    cell: Ints,
    mine: Floats,
    mine_yes: Floats,
    columns: Ints,
    total: Floats,
    total_yes: Floats,
    levels: int,
    ridge: float,
) -> Floats:
    """Officers ``start`` to ``end``: doubly robust contrast of each with the reweighted events of all others.

    ``officer_start`` delimits each officer's rows of ``cell``, ``mine`` (events) and ``mine_yes`` (outcomes); ``total``
    of all officers by cell. Returns per officer: log odds ratio, its standard error, own rate, benchmark rate,
    effective sample size, largest imbalance.
    """
    n = end - start
    out = np.full((n, 6), np.nan)
    for o in range(n):
        first, last = officer_start[start + o], officer_start[start + o + 1]
        one(out[o], levels, cell[first:last], mine[first:last], mine_yes[first:last], columns, total, total_yes, ridge)
    return out


@jit
def one(
    out: Floats,
    levels: int,
    cell: Ints,
    mine: Floats,
    mine_yes: Floats,
    columns: Ints,
    total: Floats,
    total_yes: Floats,
    ridge: float,
) -> None:
    """One officer: propensity, weights, balance, weighted outcome regression, its sandwich standard error."""
    cells, features = columns.shape
    own_share, peer_share = np.zeros(levels), np.zeros(levels)
    own, own_yes = np.zeros(cells), np.zeros(cells)
    for r in range(cell.size):
        own[cell[r]] += mine[r]
        own_yes[cell[r]] += mine_yes[r]
        for f in range(features):
            own_share[columns[cell[r], f]] += mine[r]
    code, width, near = local(columns, own_share, levels)
    kept = np.flatnonzero(near)
    at = np.empty((kept.size, features), np.int64)
    y, n, x = np.empty(kept.size), np.empty(kept.size), np.zeros(kept.size)
    for r in range(kept.size):
        for f in range(features):
            at[r, f] = code[columns[kept[r], f]]
        y[r], n[r] = own[kept[r]], total[kept[r]]
    events = own.sum()
    own_share /= max(events, 1e-12)
    out[2] = own_yes.sum() / max(events, 1e-12)
    if events <= 0 or n.sum() - events <= 0:
        return
    b, good = logistic(at, y, n, width, x, ridge)
    weights = np.empty(kept.size)
    weight_sum = square = 0.0
    for r in range(kept.size):
        weights[r] = math.exp(linear(b, at[r], 0.0))
        weight_sum += weights[r] * (n[r] - y[r])
        square += weights[r] ** 2 * (n[r] - y[r])
    if not good or not weight_sum > 0:
        return
    out[4] = weight_sum**2 / square
    for r in range(kept.size):
        for f in range(features):
            peer_share[columns[kept[r], f]] += weights[r] * (n[r] - y[r]) / weight_sum
    out[5] = np.abs(own_share - peer_share).max()
    outcome(out, at, width, kept, weights * events / weight_sum, own, own_yes, total, total_yes, ridge)


@jit
def local(columns: Ints, own_share: Floats, levels: int) -> tuple:
    """Coefficients an officer needs (levels worked in, less the busiest of each feature), and the cells within reach.

    A cell with a level in which the officer never worked gets no weight: there is nothing of the officer's like it.
    """
    cells, features = columns.shape
    code, width = np.full(levels, -1), 0
    for f in range(features):
        busiest, low, high = -1, columns[:, f].min(), columns[:, f].max()
        for k in range(low, high + 1):
            if own_share[k] > 0 and (busiest < 0 or own_share[k] > own_share[busiest]):
                busiest = k
        for k in range(low, high + 1):
            if own_share[k] > 0 and k != busiest:
                code[k] = width
                width += 1
    near = np.ones(cells, np.bool_)
    for c in range(cells):
        for f in range(features):
            near[c] &= own_share[columns[c, f]] > 0
    return code, width + 2, near


@jit
def outcome(
    out: Floats,
    at: Ints,
    width: int,
    kept: Ints,
    weights: Floats,
    own: Floats,
    own_yes: Floats,
    total: Floats,
    total_yes: Floats,
    ridge: float,
) -> None:
    """Weighted logistic regression of the outcome on being the officer and the features, with its sandwich error."""
    m = kept.size
    both = np.concatenate((at, at))
    yes, all_, extra, own_weight = np.empty(2 * m), np.empty(2 * m), np.zeros(2 * m), np.ones(2 * m)
    for r in range(m):
        c = kept[r]
        yes[r], all_[r], extra[r] = own_yes[c], own[c], 1.0
        yes[m + r], all_[m + r] = weights[r] * (total_yes[c] - own_yes[c]), weights[r] * (total[c] - own[c])
        own_weight[m + r] = weights[r]
    if yes[m:].sum() <= 0:
        return
    b, good = logistic(both, yes, all_, width, extra, ridge)
    if not good:
        return
    bend, meat, slope = np.zeros((width, width)), np.zeros((width, width)), np.zeros(width)
    peers = 0.0
    for r in range(2 * m):
        if all_[r] <= 0:
            continue
        p = 1 / (1 + math.exp(-linear(b, both[r], extra[r])))
        add(slope, bend, both[r], extra[r], 0.0, all_[r] * p * (1 - p))
        add(slope, meat, both[r], extra[r], 0.0, own_weight[r] * (yes[r] * (1 - p) ** 2 + (all_[r] - yes[r]) * p**2))
        if extra[r] > 0:
            peers += all_[r] / (1 + math.exp(-linear(b, both[r], 0.0)))
    for k in range(width):
        bend[k, k] += ridge
        slope[k] = 0.0
    slope[width - 2] = 1.0
    solve(bend, slope)  # the officer's row of the inverse
    variance = 0.0
    for j in range(width):
        variance += meat[j, j] * slope[j] ** 2
        for k in range(j + 1, width):
            variance += 2 * meat[j, k] * slope[j] * slope[k]
    out[0], out[1] = b[width - 2], math.sqrt(max(variance, 0.0))
    out[3] = peers / max(own.sum(), 1e-12)
