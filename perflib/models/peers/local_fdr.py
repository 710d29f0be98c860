"""Local false discovery rates from an empirical null: a description of who is unlike the bulk."""

from __future__ import annotations

import warnings

import numpy as np

from perflib.models.counts.asked import Floats

_LEAST = 50  # z-values below which no density can be told


def two_sided(z: Floats) -> Floats:
    """Two-sided normal p-values."""
    from scipy.special import ndtr

    return np.asarray(2 * ndtr(-np.abs(z)))


def empirical(z: Floats) -> tuple[Floats, float, float]:
    """Local FDR of each z, and mean and sd of the empirical null; missing for fewer than 50 z-values.

    Source: Efron 2008, Statistical Science 23 (statsmodels' implementation).
    """
    from statsmodels.stats.multitest import NullDistribution, local_fdr

    if len(z) < _LEAST or not np.isfinite(z).all() or (np.abs(z) < 1).sum() < _LEAST // 2:
        return np.full(len(z), np.nan), float("nan"), float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numerical noise of its optimiser; the figures are a description only
        null = NullDistribution(z)
        found = local_fdr(z, null_pdf=null.pdf)
    return np.clip(found, 0.0, 1.0), float(null.mean), float(null.sd)
