"""Likelihood of who used which level, given the levels that were used at each incident."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perflib.models.compiled import jit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@jit
def _layout(levels: Ints, count: Ints, stride: Ints) -> tuple:
    """Fill ``count`` of each level and ``stride`` of its counter; returns the level left implicit and the states.

    A state says how many officers so far had each level; the commonest level follows from the others.
    """
    count[:] = 0
    for level in levels:
        count[level] += 1
    common, states = int(np.argmax(count)), 1
    for j in range(count.size):
        stride[j] = 0
        if j != common:
            stride[j] = states
            states *= count[j] + 1
    return common, states


@jit
def incident(
    lam: Floats, levels: Ints, scores: Floats, share: Floats, work: Floats, count: Ints, stride: Ints
) -> float:
    """Log conditional likelihood of one incident.

    ``share`` (officers, levels) receives the chance of each level for each officer, given the levels used.
    The sum over all ways to deal the levels out is built officer by officer, forwards and backwards (Ridgeway 2026).
    """
    m, kinds = levels.size, scores.size
    common, states = _layout(levels, count, stride)
    if (count > 0).sum() == 2:
        return _two(lam, levels, scores, share, work, count, common)
    centre = lam.mean()  # the likelihood does not change, and sums neither overflow nor vanish
    log = 0.0
    for r in range(m):
        log += (lam[r] - centre) * (scores[levels[r]] - scores[common])
        for j in range(kinds):
            share[r, j] = math.exp((lam[r] - centre) * (scores[j] - scores[common]))
    ahead, behind = work[0], work[1]
    ahead[: m + 1, :states] = 0.0
    behind[: m + 1, :states] = 0.0
    ahead[0, 0] = 1.0
    behind[m, states - 1] = 1.0
    for r in range(m):
        for state in range(states):
            value = ahead[r, state]
            if value > 0.0:
                _deal(ahead, r, state, value, share, count, stride, common)
    total = ahead[m, states - 1]
    for r in range(m - 1, -1, -1):
        for j in range(kinds):
            weight, chance = share[r, j], 0.0
            for state in range(states):
                room = j == common or (state // stride[j]) % (count[j] + 1) < count[j]
                if room and (count[j] > 0):
                    gone = weight * behind[r + 1, state + stride[j]]
                    behind[r, state] += gone
                    chance += ahead[r, state] * gone
            share[r, j] = chance / total
    return log - math.log(total)


@jit
def _two(lam: Floats, levels: Ints, scores: Floats, share: Floats, work: Floats, count: Ints, common: int) -> float:
    """``incident`` where two levels were used, as at most scenes: elementary symmetric functions, no counters."""
    m, rare = levels.size, 0
    while rare == common or count[rare] == 0:
        rare += 1
    k, gap, centre = count[rare], scores[rare] - scores[common], lam.mean()
    ahead, behind, log = work[0], work[1], 0.0
    ahead[0, : k + 1], behind[m, : k + 1] = 0.0, 0.0
    ahead[0, 0] = behind[m, k] = 1.0
    for r in range(m):
        eta = (lam[r] - centre) * gap
        if levels[r] == rare:
            log += eta
        weight = math.exp(eta)
        share[r, rare] = weight
        ahead[r + 1, 0] = 1.0
        for u in range(1, k + 1):
            ahead[r + 1, u] = ahead[r, u] + weight * ahead[r, u - 1]
    total = ahead[m, k]
    for r in range(m - 1, -1, -1):
        weight, chance = share[r, rare], 0.0
        behind[r, k] = behind[r + 1, k]
        for u in range(k):
            gone = weight * behind[r + 1, u + 1]
            behind[r, u] = behind[r + 1, u] + gone
            chance += ahead[r, u] * gone
        share[r, rare] = chance / total
        share[r, common] = 1.0 - share[r, rare]
    return log - math.log(total)


@jit
def _deal(
    ahead: Floats, r: int, state: int, value: float, share: Floats, count: Ints, stride: Ints, common: int
) -> None:
    """Give officer ``r`` each level that is still to be dealt out."""
    used = 0
    for j in range(count.size):
        if j != common and count[j] > 0:
            taken = (state // stride[j]) % (count[j] + 1)
            used += taken
            if taken < count[j]:
                ahead[r + 1, state + stride[j]] += value * share[r, j]
    if r - used < count[common]:
        ahead[r + 1, state] += value


@jit
def likelihood(
    lam: Floats,
    scores: Floats,
    starts: Ints,
    officer: Ints,
    level: Ints,
    room: Ints,
    by_lam: Floats,
    by_score: Floats,
    spread: Floats,
) -> float:
    """Log conditional likelihood of all incidents.

    Rows ``starts[i]`` to ``starts[i + 1]`` are incident i; ``room`` holds the most officers and states of an incident.
    Added to: ``by_lam``, ``by_score`` the gradient, and ``spread`` (rows) the variance of each row's score.
    """
    kinds = scores.size
    share, work = np.empty((room[0], kinds)), np.empty((2, room[0] + 1, room[1]))
    count, stride = np.empty(kinds, np.int64), np.empty(kinds, np.int64)
    log, held = 0.0, np.empty(room[0])
    for i in range(starts.size - 1):
        first, last = starts[i], starts[i + 1]
        here, centre = held[: last - first], 0.0
        for r in range(last - first):
            here[r] = lam[officer[first + r]]
            centre += here[r]
        centre /= last - first
        log += incident(here, level[first:last], scores, share, work, count, stride)
        for r in range(last - first):
            mean = square = 0.0
            for j in range(kinds):
                if count[j] == 0:
                    continue
                mean += share[r, j] * scores[j]
                square += share[r, j] * scores[j] ** 2
                by_score[j] -= (here[r] - centre) * share[r, j]
            y = level[first + r]
            by_score[y] += here[r] - centre
            by_lam[officer[first + r]] += scores[y] - mean
            spread[first + r] += square - mean * mean
    return log


@jit
def posteriors(q: Floats, officers: int, starts: Ints, officer: Ints, level: Ints, room: Ints, prior: Floats) -> tuple:
    """Log posterior and gradient for each row of ``q``: propensities, then log steps between scores from the third on.

    ``prior`` holds the sd of the propensities (normal) and of the steps (half-normal).
    """
    log, slope = np.empty(q.shape[0]), np.zeros(q.shape)
    kinds = 2 + q.shape[1] - officers
    spread = np.empty(officer.size)
    for chain in range(q.shape[0]):
        scores, by_score = np.zeros(kinds), np.zeros(kinds)
        scores[1] = 1.0
        value = 0.0
        for j in range(2, kinds):
            step = math.exp(q[chain, officers + j - 2])
            scores[j] = scores[j - 1] + step
            value += q[chain, officers + j - 2] - 0.5 * (step / prior[1]) ** 2
        value += likelihood(q[chain, :officers], scores, starts, officer, level, room, slope[chain], by_score, spread)
        for j in range(2, kinds):
            step = scores[j] - scores[j - 1]
            slope[chain, officers + j - 2] = 1.0 - (step / prior[1]) ** 2 + step * by_score[j:].sum()
        for k in range(officers):
            value -= 0.5 * (q[chain, k] / prior[0]) ** 2
            slope[chain, k] -= q[chain, k] / prior[0] ** 2
        log[chain] = value
    return log, slope


@jit
def places(draws: Floats, peers: NDArray[np.bool_], most: Floats) -> tuple:
    """Per officer, in how many draws at most ``most`` - 1 peers lie above, and below: the top and the bottom."""
    n = draws.shape[1]
    top, bottom = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for k in range(draws.shape[0]):
        here = draws[k]
        for i in range(n):
            if most[i] < 1.0:
                continue
            below = above = 0
            mine, row = here[i], peers[i]
            for j in range(n):
                below += row[j] & (here[j] < mine)
                above += row[j] & (here[j] > mine)
            top[i] += above + 1 <= most[i]
            bottom[i] += below + 1 <= most[i]
    return top, bottom
