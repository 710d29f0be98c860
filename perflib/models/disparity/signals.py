"""What an officer sees, as a beta signal: the chance of a search and of a find, and how they move with the signal."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perflib.models.compiled import jit

Floats = NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_REACH = 34.0  # beyond exp(-34) of the integrand nothing adds to a double


def search_and_hit_rate(phi: ArrayLike, lam: ArrayLike, threshold: ArrayLike) -> tuple[Floats, Floats]:
    """Search and hit rate when everyone whose signal exceeds ``threshold`` is searched.

    The signal, the officer's chance that the stopped person carries contraband, is Beta(lam * phi, lam * (1 - phi)):
    its mean ``phi`` is the share of carriers, ``lam`` how well they can be told apart. Search rate P(X > t); hit rate
    E[X | X > t]. Arrays broadcast. Source: Simoiu, Corbett-Davies and Goel 2017, Annals of Applied Statistics 11.
    """
    args = np.broadcast_arrays(*(np.asarray(each, dtype=float) for each in (phi, lam, threshold)))
    rows = [
        _rates(float(p * v), float((1 - p) * v), float(np.log(t / (1 - t))))[:2]
        for p, v, t in zip(*(each.ravel() for each in args), strict=True)
    ]
    log_search, log_hit = np.array(rows).T.reshape(2, *args[0].shape)
    return np.exp(log_search), np.exp(log_hit)


@jit
def digamma(x: float) -> float:
    """Derivative of log gamma for x > 0: recurrence up to 8, then the asymptotic series."""
    total = 0.0
    while x < 8.0:
        total -= 1.0 / x
        x += 1.0
    y = 1.0 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132 - y * 691 / 32760)))))
    return total + math.log(x) - 0.5 / x - series


@jit
def _rates(a: float, b: float, theta: float) -> tuple:
    """log P(X > t), log E[X | X > t] and their derivatives by a, b and theta = logit t, for X ~ Beta(a, b).

    Integrated over u = logit x from theta upwards, where the integrand x^a (1 - x)^b is analytic.
    """
    reach = max(theta, 0.0) + _REACH / b
    half = 0.5 * (reach - theta)
    peak = -1e300
    top = math.log(a / b) if math.log(a / b) > theta else theta
    peak = a * -math.log1p(math.exp(-top)) + b * -math.log1p(math.exp(top))
    w0 = w1 = l0 = m0 = l1 = m1 = 0.0
    for i in range(_NODES.size):
        u = theta + half * (_NODES[i] + 1.0)
        log_x = -math.log1p(math.exp(-u))
        log_y = log_x - u
        weight = _WEIGHTS[i] * math.exp(a * log_x + b * log_y - peak)
        x = math.exp(log_x)
        w0 += weight
        w1 += weight * x
        l0 += weight * log_x
        m0 += weight * log_y
        l1 += weight * x * log_x
        m1 += weight * x * log_y
    shift = math.log(half) + peak
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    both = digamma(a + b)
    t = 1.0 / (1.0 + math.exp(-theta))
    edge = math.exp(a * math.log(t) + b * math.log1p(-t) - shift)
    log_search, log_hit = math.log(w0) + shift - log_beta, math.log(w1 / w0)
    search_a, search_b = l0 / w0 - digamma(a) + both, m0 / w0 - digamma(b) + both
    return (
        log_search,
        log_hit,
        search_a,
        search_b,
        -edge / w0,
        l1 / w1 - l0 / w0,
        m1 / w1 - m0 / w0,
        edge / w0 - t * edge / w1,
    )


@jit
def _place(q: Floats, ints: NDArray[np.int64], frames: Floats, i: int) -> tuple:
    """Where row ``i`` stands: logit phi, log lambda, logit threshold, then the derivatives of the last.

    Given the signals (x, y), the search count is close to a measurement of the logit threshold: mean g(x, y), standard
    error e. The row's coordinate is the threshold standardised by the product of that and its prior N(t, sigma), which
    takes both the ridge between signals and thresholds and the funnel at small sigma out of the sampler's way.
    ``frames`` holds x0, y0, the quadratic g about them, and e. The derivatives are by x, y, t, log sigma and the
    coordinate; the last entry is the weight of the measurement.
    """
    rows, groups, places = ints.shape[0], ints[:, 0].max() + 1, ints[:, 1].max() + 1
    r, d = ints[i, 0], ints[i, 1]
    at_phi = 2 * groups + rows
    at_lam = at_phi + groups + places - 1
    logit = q[at_phi + r] + (q[at_phi + groups + d - 1] if d > 0 else 0.0)
    log_lam = q[at_lam + r] + (q[at_lam + groups + d - 1] if d > 0 else 0.0)
    x, y, error = logit - frames[i, 0], log_lam - frames[i, 1], frames[i, 8]
    c = frames[i, 2:8]
    g = c[0] + c[1] * x + c[2] * y + c[3] * x * x + c[4] * x * y + c[5] * y * y
    t, sigma, z = q[groups + r], math.exp(q[r]), q[2 * groups + i]
    weight = sigma * sigma / (sigma * sigma + error * error)
    spread = error * math.sqrt(weight)
    theta = t + weight * (g - t) + spread * z
    by_sigma = 2 * weight * (1 - weight) * (g - t) + spread * (1 - weight) * z
    return (
        logit,
        log_lam,
        theta,
        weight * (c[1] + 2 * c[3] * x + c[4] * y),
        weight * (c[2] + c[4] * x + 2 * c[5] * y),
        1 - weight,
        by_sigma,
        spread,
        weight,
    )


@jit
def thresholds(q: Floats, ints: NDArray[np.int64], frames: Floats) -> tuple:
    """logit phi, log lambda and logit threshold of every row for every draw, each (draws, rows)."""
    out = np.empty((3, q.shape[0], ints.shape[0]))
    for k in range(q.shape[0]):
        for i in range(ints.shape[0]):
            place = _place(q[k], ints, frames, i)
            out[0, k, i], out[1, k, i], out[2, k, i] = place[0], place[1], place[2]
    return out[0], out[1], out[2]


@jit
def _row(counts: NDArray[np.int64], logit: float, log_lam: float, theta: float) -> tuple:
    """Log likelihood of one row and its derivatives by logit phi, log lambda and logit threshold."""
    if abs(logit) > 30.0 or abs(log_lam) > 12.0 or abs(theta) > 30.0:
        return -np.inf, 0.0, 0.0, 0.0
    stops, searches, hits = counts[2], counts[3], counts[4]
    phi, lam = 1.0 / (1.0 + math.exp(-logit)), math.exp(log_lam)
    a, b = lam * phi, lam * (1.0 - phi)
    ls, lh, s_a, s_b, s_t, h_a, h_b, h_t = _rates(a, b, theta)
    if not ls < -1e-12 or not lh < -1e-12:
        return -np.inf, 0.0, 0.0, 0.0
    search, hit = math.exp(ls), math.exp(lh)
    log = searches * ls + (stops - searches) * math.log1p(-search)
    log += hits * lh + (searches - hits) * math.log1p(-hit)
    by_s = searches - (stops - searches) * search / (1.0 - search)
    by_h = hits - (searches - hits) * hit / (1.0 - hit)
    by_a, by_b = by_s * s_a + by_h * h_a, by_s * s_b + by_h * h_b
    return log, lam * phi * (1.0 - phi) * (by_a - by_b), a * by_a + b * by_b, by_s * s_t + by_h * h_t


@jit
def posterior(q: Floats, slope: Floats, ints: NDArray[np.int64], frames: Floats, priors: Floats) -> float:
    """Log posterior density of the hierarchical threshold model at ``q``; its gradient is written to ``slope``.

    ``ints`` holds per row group, place, stops, searches, hits. Layout of ``q``, with R groups, D places, N rows:
    log sigma (R), t (R), row coordinates (N), phi by group (R), phi by place but the first (D - 1), lambda by group
    (R), lambda by place but the first (D - 1).
    """
    rows, groups, places = ints.shape[0], ints[:, 0].max() + 1, ints[:, 1].max() + 1
    at_phi = 2 * groups + rows
    at_lam = at_phi + groups + places - 1
    log = _priors(q, slope, priors, rows, groups, places)
    for i in range(rows):
        r, d = ints[i, 0], ints[i, 1]
        logit, log_lam, theta, by_x, by_y, by_mean, by_sigma, spread, weight = _place(q, ints, frames, i)
        z = (theta - q[groups + r]) * math.exp(-q[r])
        row, l_phi, l_lam, l_theta = _row(ints[i], logit, log_lam, theta)
        log += row - 0.5 * z * z - q[r] + math.log(spread)
        l_theta -= z * math.exp(-q[r])
        l_phi, l_lam = l_phi + l_theta * by_x, l_lam + l_theta * by_y
        slope[r] += z * z - 1.0 + l_theta * by_sigma + (1.0 - weight)
        slope[groups + r] += z * math.exp(-q[r]) + l_theta * by_mean
        slope[2 * groups + i] += l_theta * spread
        slope[at_phi + r] += l_phi
        slope[at_lam + r] += l_lam
        if d > 0:
            slope[at_phi + groups + d - 1] += l_phi
            slope[at_lam + groups + d - 1] += l_lam
    return log


@jit
def _priors(q: Floats, slope: Floats, priors: Floats, rows: int, groups: int, places: int) -> float:
    """Log prior of all but the rows; ``priors`` holds the scale of sigma, then mean and sd for t, phi, phi of places,
    lambda, lambda of places."""
    log = 0.0
    for r in range(groups):  # half-normal sigma, sampled on the log scale
        ratio = math.exp(2 * q[r]) / priors[0] ** 2
        log += q[r] - 0.5 * ratio
        slope[r] = 1.0 - ratio
    slope[2 * groups : 2 * groups + rows] = 0.0
    at = groups
    sizes = (groups, groups, places - 1, groups, places - 1)
    for block in range(5):
        mean, sd = priors[1 + 2 * block], priors[2 + 2 * block]
        for k in range(at, at + sizes[block]):
            z = (q[k] - mean) / sd
            log -= 0.5 * z * z
            slope[k] = -z / sd
        at += sizes[block] + (rows if block == 0 else 0)
    return log


@jit
def posteriors(q: Floats, ints: NDArray[np.int64], frames: Floats, priors: Floats) -> tuple:
    """``posterior`` for each row of ``q``: log densities and gradients."""
    log, slope = np.empty(q.shape[0]), np.zeros(q.shape)
    for chain in range(q.shape[0]):
        log[chain] = posterior(q[chain], slope[chain], ints, frames, priors)
    return log, slope


_GRID = np.array([(x, y) for x in (-0.3, 0.0, 0.3) for y in (-0.3, 0.0, 0.3)])
_TERMS = np.linalg.pinv(np.column_stack([np.ones(9), _GRID, _GRID[:, 0] ** 2, _GRID.prod(axis=1), _GRID[:, 1] ** 2]))


def frames_at(ints: NDArray[np.int64], logit: Floats, log_lam: Floats) -> Floats:
    """Per row x0, y0, the six coefficients of the threshold that fits the search rate near there, its standard error.

    Columns as ``posterior`` wants them; ``logit`` (phi) and ``log_lam`` are per row.
    """
    from scipy.special import betainccinv

    stops, searches = ints[:, 2], ints[:, 3] + 0.5
    rate = searches / (stops + 1)
    phi = 1 / (1 + np.exp(-(logit[:, None] + _GRID[:, 0])))
    lam = np.exp(log_lam[:, None] + _GRID[:, 1])
    t = np.clip(betainccinv(lam * phi, lam * (1 - phi), rate[:, None]), 1e-9, 1 - 1e-9)
    fitted = np.log(t / (1 - t)) @ _TERMS.T
    middle = zip((lam * phi)[:, 4], (lam * (1 - phi))[:, 4], fitted[:, 0], strict=True)
    steep = [_rates(a, b, g)[4] for a, b, g in middle]
    error = np.sqrt((1 - rate) / searches) / np.abs(steep)
    return np.column_stack([logit, log_lam, fitted, error])
