"""The linear programme of a quantile regression, by an interior-point method.

Not statsmodels' ``QuantReg``: on 50,000 rows and 21 columns that takes 8 to 17 s where this takes 0.4 s, and stops
up to 0.03 minutes away from the exact coefficients.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from perflib.models.threads import one_thread

Floats = NDArray[np.floating[Any]]
#: gap between the two objectives, per unit of scale and row, at which the search ends.
_CLOSE = 1e-13
_ROUNDS = 100
_INSIDE = 0.99995


def fit(design: Floats, response: Floats, tau: float) -> tuple[Floats, bool]:
    """The ``b`` that minimises sum rho_tau(response - design b), and whether the search closed the gap.

    ``design`` is rows x columns. Where several ``b`` are best, one from the middle of them is given, whatever the
    order of the rows; columns that repeat one another share their coefficient, the shortest ``b`` counts.

    The dual problem, max y'a with X'a = (1 - tau) X'1 and 0 <= a <= 1, is solved by a primal-dual method with a
    predictor and a corrector step; the corner next to its end is then taken where it is as good, and is exact.
    Sources: Portnoy and Koenker 1997, Statistical Science 12; Mehrotra 1992, SIAM J. Optimization 2.
    """
    with one_thread():
        return _fit(design, response, tau)


def _fit(design: Floats, response: Floats, tau: float) -> tuple[Floats, bool]:
    unit = np.linalg.norm(design, axis=0)
    unit = np.where(unit > 0, unit, 1.0)
    left, singular, right = np.linalg.svd(design / unit, full_matrices=False)
    used = singular > singular[0] * max(design.shape) * np.finfo(float).eps
    basis = left[:, used] * np.sqrt(len(response))  # orthogonal columns: no digits are lost to a poor design
    scale = float(np.std(response)) or 1.0
    b, weight, closed = _search(basis, response / scale, tau)
    b = _corner(basis, response / scale, tau, b, weight)
    return right[used].T @ (b * scale * np.sqrt(len(response)) / singular[used]) / unit, closed


def loss(residual: Floats, tau: float) -> float:
    """Sum of rho_tau: tau times each positive residual, 1 - tau times the size of each negative one."""
    return float(np.sum(residual * (tau - (residual < 0))))


def _search(x: Floats, y: Floats, tau: float) -> tuple[Floats, Floats, bool]:
    """Coefficients, the weights a (1 - a) of the dual (large where the fit passes through the row), and success."""
    a = np.full(len(y), 1 - tau)
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    residual = y - x @ b
    small = 1e-3 * (float(np.mean(np.abs(residual))) or 1.0)
    over, under = np.maximum(residual, 0) + small, np.maximum(-residual, 0) + small
    for _ in range(_ROUNDS):
        gap = over @ (1 - a) + under @ a
        if gap <= _CLOSE * len(y):
            return b, a * (1 - a), True
        da, db, d_over, d_under = _step(x, a, over, under, (0.0, 0.0, 0.0))
        far, deep = _reach(a, da, over, d_over, under, d_under)
        if min(far, deep) < 1:
            left = (over + deep * d_over) @ (1 - a - far * da) + (under + deep * d_under) @ (a + far * da)
            centre = (left / gap) ** 3 * gap / (2 * len(y))
            da, db, d_over, d_under = _step(x, a, over, under, (centre, -da * d_over, da * d_under))
            far, deep = _reach(a, da, over, d_over, under, d_under)
        a, b = a + far * da, b + deep * db
        over, under = over + deep * d_over, under + deep * d_under
    return b, a * (1 - a), False


def _step(
    x: Floats, a: Floats, over: Floats, under: Floats, aim: tuple[float, Floats | float, Floats | float]
) -> tuple[Floats, Floats, Floats, Floats]:
    """Newton step towards over (1 - a) = under a = centre, keeping X'a and the residuals as they are."""
    centre, second_over, second_under = aim
    q = 1 / (over / (1 - a) + under / a)
    pull = over - under - (centre - second_over) / (1 - a) + (centre - second_under) / a
    db = np.linalg.solve((x * q[:, None]).T @ x, x.T @ (q * pull))
    da = q * (pull - x @ db)
    d_over = (centre - second_over + over * da) / (1 - a) - over
    d_under = (centre - second_under - under * da) / a - under
    return da, db, d_over, d_under


def _reach(a: Floats, da: Floats, over: Floats, d_over: Floats, under: Floats, d_under: Floats) -> tuple[float, float]:
    """How far both steps may go inside the bounds, at most 1."""
    far = min(_until_zero(a, da), _until_zero(1 - a, -da))
    return far, min(_until_zero(over, d_over), _until_zero(under, d_under))


def _until_zero(value: Floats, change: Floats) -> float:
    falling = change < 0
    return min(1.0, _INSIDE * float(np.min(-value[falling] / change[falling], initial=np.inf)))


def _corner(x: Floats, y: Floats, tau: float, b: Floats, weight: Floats) -> Floats:
    """The exact fit through the rows the search ended at, if there is one corner there; else ``b`` itself."""
    from scipy.linalg import qr

    columns = x.shape[1]
    likely = np.argsort(-weight, kind="stable")[: 4 * columns]
    _, _, order = qr((x[likely] * np.sqrt(weight[likely])[:, None]).T, mode="economic", pivoting=True)
    rows = likely[order[:columns]]
    try:
        exact = np.linalg.solve(x[rows], y[rows])
    except np.linalg.LinAlgError:
        return b
    near = np.max(np.abs(exact - b)) <= 1e-6
    return exact if near and loss(y - x @ exact, tau) <= loss(y - x @ b, tau) * (1 + 1e-12) else b
