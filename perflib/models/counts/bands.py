"""The band a weekly count stays in while nothing changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.counts.asked import counts, positive
from perflib.models.counts.dispersion import dispersion as estimate
from perflib.result import Result


def weekly_band(
    baseline: float | Sequence[float], z: float = 3, weeks: int | None = None, dispersion: float | None = None
) -> Result:
    """The band of a weekly count, given the weeks before it.

    Parameters
    ----------
    baseline : the mean of the earlier weeks, or their counts (then ``weeks`` is their number and the dispersion is
        estimated from them).
    z : half-width in standard deviations.
    weeks : how many weeks the mean rests on; its own uncertainty widens the band by sqrt(1 + 1/weeks). None: the
        mean is known.
    dispersion : variance over mean of weekly counts; above 1 the band is negative binomial.

    Returns
    -------
    Result with facts ``low``, ``high``, ``mean``, ``dispersion``. Poisson: (sqrt(mean) -+ z/2 sqrt(1 + 1/weeks))^2,
    with low 0 where the root would be negative. Negative binomial: quantiles at the probabilities of -z and z under the
    normal distribution.

    Raises
    ------
    InputError : negative or missing counts, fewer than two weeks of counts, a dispersion below 1.
    """
    mean, over, used = _baseline(baseline, weeks, dispersion)
    positive(z, "z")
    widening = 1 + 1 / used if used else 1.0
    low, high = _negative_binomial(mean, z, over * widening) if over > 1 and mean > 0 else _poisson(mean, z, widening)
    facts = {"low": low, "high": high, "mean": mean, "dispersion": over, "weeks": used, "z": z}
    answer = (f"While nothing changes a week holds {low:,.1f} to {high:,.1f} (mean {mean:,.1f}"
              f"{f' of {used} weeks' if used else ''}, {z:g} standard deviations, variance/mean {over:.2f}).")
    kind = "Negative-binomial quantiles" if over > 1 else "Square-root band of a Poisson count (Bartlett 1936)"
    return Result("weekly_band", pd.DataFrame([facts]), "What does an ordinary week look like?", answer, f"{kind}.",
                  [] if used else ["The mean is taken as known: its uncertainty is not in the band."], facts)


def _baseline(baseline: Any, weeks: int | None, given: float | None) -> tuple[float, float, int | None]:
    if given is not None and not (math.isfinite(given) and given >= 1):
        raise InputError(f"must be at least 1, found {given}", where="dispersion")
    if weeks is not None and weeks < 1:
        raise InputError(f"must be at least 1, found {weeks}", where="weeks")
    if np.ndim(baseline) == 0:
        if not (math.isfinite(baseline) and baseline >= 0):
            raise InputError(f"must be at least 0, found {baseline}", where="baseline")
        return float(baseline), given or 1.0, weeks
    values = counts(baseline, "baseline")
    if values.size < 2:
        raise InputError("needs at least two weeks", where="baseline", do="give a mean and `weeks`")
    found = given if given is not None else float(estimate(values[None, :]).pooled)
    return float(values.mean()), max(found, 1.0), values.size


def _poisson(mean: float, z: float, widening: float) -> tuple[float, float]:
    half = z / 2 * math.sqrt(widening)
    return max(math.sqrt(mean) - half, 0.0) ** 2, (math.sqrt(mean) + half) ** 2


def _negative_binomial(mean: float, z: float, over: float) -> tuple[float, float]:
    from scipy.stats import nbinom, norm

    size, p = mean / (over - 1), 1 / over
    return float(nbinom.ppf(norm.cdf(-z), size, p)), float(nbinom.ppf(norm.cdf(z), size, p))
