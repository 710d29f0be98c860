"""The covariance of a quantile regression that holds when the spread depends on the terms."""

from __future__ import annotations

import numpy as np

from perflib.models.quantiles.order import Floats

#: residuals below this share of the outcome's spread are those of rows the fit passes through.
_ZERO = 1e-9


def covariance(design: Floats, outcome: Floats, coefficients: Floats, tau: float) -> Floats:
    """Kernel sandwich covariance of the coefficients, columns x columns.

    (X'X)^-1 X'DX (X'X)^-1 with D = (tau / f)^2 where the residual is positive and ((1 - tau) / f)^2 elsewhere; f is
    the density of the residuals at zero, by the Epanechnikov kernel with the bandwidth of Hall and Sheather turned
    into the unit of the outcome by the smaller of its standard deviation and the residuals' quartile distance / 1.34.
    Sources: Powell 1991; Hall and Sheather 1988, JRSS B 50; Greene, Econometric Analysis, 2008, chapter 14.
    """
    residual = outcome - design @ coefficients
    residual[np.abs(residual) <= _ZERO * (float(np.std(outcome)) or 1.0)] = 0.0
    density = _density(residual, float(np.std(outcome)), tau)
    meat = np.where(residual > 0, tau / density, (1 - tau) / density) ** 2
    bread = np.linalg.pinv(design.T @ design)
    return bread @ ((design * meat[:, None]).T @ design) @ bread


def _density(residual: Floats, spread: float, tau: float) -> float:
    """Density of the residuals at zero; NaN where they do not spread."""
    from scipy.special import ndtri

    share = hall_sheather(len(residual), tau)
    quarter, three = np.percentile(residual, [25, 75])
    # near the ends of (0, 1) the band is cut where the normal quantile exists
    low, high = max(tau - share, 0.5 / len(residual)), min(tau + share, 1 - 0.5 / len(residual))
    width = min(spread, (three - quarter) / 1.34) * float(ndtri(high) - ndtri(low))
    if not width > 0:
        return float("nan")
    near = residual / width
    return float(np.sum(0.75 * (1 - near**2) * (np.abs(near) <= 1)) / (len(residual) * width))


def hall_sheather(n: int, tau: float, level: float = 0.95) -> float:
    """Bandwidth in units of probability: n^(-1/3) z^(2/3) (1.5 phi(x)^2 / (2 x^2 + 1))^(1/3), x the normal quantile."""
    from scipy.special import ndtri

    x, z = float(ndtri(tau)), float(ndtri((1 + level) / 2))
    height = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    return float(n ** (-1 / 3) * z ** (2 / 3) * (1.5 * height**2 / (2 * x**2 + 1)) ** (1 / 3))
