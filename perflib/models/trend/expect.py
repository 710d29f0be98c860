"""What a day will come to: the usual level of its weekday, moved by what is already reported of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perflib.models.trend.delays import Delay

Floats = Any  # numpy arrays of float64
#: the level halves its memory every 28 days; days at least that old tell of its variation; weekday factors of few
#: records are pulled towards all groups' as if 200 records said so.
_MEMORY, _OLD, _PULL, _WINDOW = 28, 28, 200.0, 57
_UNKNOWN = 0.05  # squared coefficient of variation of a day where the history is too short to tell


def weekday_factors(counts: pd.Series, ages: Floats, around: Floats | None = None) -> Floats:
    """Seven multiples of the mean, Monday first, from a year of old days; ``around``: those of all groups."""
    old = counts[ages >= _OLD].tail(364)
    base = np.ones(7) if around is None else around
    if len(old) < 56 or old.sum() == 0:
        return base
    means = old.groupby(pd.DatetimeIndex(old.index).day_of_week).mean().reindex(range(7)).to_numpy()
    return (means / means.mean() * old.sum() + base * _PULL) / (old.sum() + _PULL)


def expected(counts: pd.Series, ages: Floats, share: Floats, factors: Floats) -> tuple[Floats, float]:
    """The whole count expected of every day, and the squared coefficient of variation of a day around it."""
    season = factors[pd.DatetimeIndex(counts.index).day_of_week]
    here, n = ages < 180, counts.to_numpy(float)
    weight = np.where(here, 0.5 ** (ages / _MEMORY), 0.0)
    level = (weight * n).sum() / max((weight * share * season).sum(), 1e-9)
    return np.maximum(level * season, 1e-3), _variation(counts, ages, share, season)


def _variation(counts: pd.Series, ages: Floats, share: Floats, season: Floats) -> float:
    """Excess of the variance of old days over Poisson, as a squared coefficient of variation, around a moving level."""
    whole = pd.Series(counts.to_numpy(float) / share / season, index=counts.index)
    local = (whole.rolling(_WINDOW, center=True, min_periods=20).mean() * season).to_numpy()
    use = (ages >= _OLD) & (ages < _OLD + 182) & np.isfinite(local)
    if use.sum() < 20:
        return _UNKNOWN
    mean, seen = local[use], counts.to_numpy(float)[use] / share[use]
    excess = ((seen - mean) ** 2 - mean / share[use]).sum() / max((mean**2).sum(), 1e-9)
    return float(max(0.0, excess * _WINDOW / (_WINDOW - 2)))


def remainder(
    n: Floats, mean: Floats, variation: float, delay: Delay, ages: Floats, target: Floats
) -> tuple[Floats, Floats]:
    """Mean and variance of what is still to come of each day, given the ``n`` already reported.

    Linear Bayes: the whole count has the expected mean and a negative-binomial variance; the reported part is a
    beta-binomial share of it. For Poisson counts and a known share this is exactly Poisson with mean mu (1 - F).
    Source: Buehlmann 1967 (credibility); Lawless 1994, Canadian Journal of Statistics 22 (reporting delays).
    """
    share, doubt = delay.share(ages, target), delay.variance(ages, target)
    mu = mean * delay.share(target)
    spread = mu + variation * mu**2
    thinning = (mu * share * (1 - share) + (spread + mu**2 - mu) * doubt) / share**2
    trust = spread / (spread + thinning)
    to_come = np.maximum(mu + trust * (n / share - mu) - n, 1e-3)
    usual = np.maximum(mu * (1 - share), 1e-3)
    variance = spread * (1 - trust) * np.clip(to_come / usual, 0.25, 4.0)
    return to_come, np.maximum(variance, to_come * 1.0001)


def nearest_interval(mean: Floats, variance: Floats, level: float) -> tuple[Floats, Floats]:
    """Whole numbers from low to high whose negative-binomial probability comes nearest to ``level``.

    The usual quantiles of a count hold more than they promise; one end is moved inwards where that is nearer.
    """
    from scipy.stats import nbinom

    size = np.minimum(mean**2 / np.maximum(variance - mean, 1e-6 * mean), 1e6)
    p = size / (size + mean)
    first, last = nbinom.ppf((1 - level) / 2, size, p), nbinom.ppf((1 + level) / 2, size, p)
    best, low, high = np.full(len(mean), np.inf), first, last
    for up, down in ((0, 0), (1, 0), (0, 1), (1, 1)):
        start, end = first + up, last - down
        held = nbinom.cdf(end, size, p) - np.where(start > 0, nbinom.cdf(start - 1, size, p), 0.0)
        miss = np.where(end >= start, np.abs(held - level) + 1e-9 * (up + down), np.inf)
        better = miss < best
        best, low, high = np.where(better, miss, best), np.where(better, start, low), np.where(better, end, high)
    return low, high
