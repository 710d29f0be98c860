"""The square-root z of counts, with the variance that fits what is compared."""

from __future__ import annotations

import math

import pandas as pd

from perflib.errors import InputError
from perflib.models.counts.asked import counts, exposures, positive
from perflib.result import Result

KINDS = ("two", "mean", "known")


def poisson_z(a: float, b: float, kind: str = "two", k: int = 1, dispersion: float = 1.0) -> Result:
    """z of a count against another count, against the mean of ``k`` counts, or against a known mean.

    2 (sqrt(a) - sqrt(b)) has variance 1 only when b is known. Two observed counts have variance 2, a count against the
    mean of k counts 1 + 1/k; without that correction 16.6 % of unchanged pairs exceed 1.96 instead of 5 %.

    Parameters
    ----------
    a : the count. b : the other count, the mean of k counts, or the known mean, as ``kind`` says.
    kind : "two", "mean" (give ``k``) or "known".
    dispersion : variance over mean of the counts (1: Poisson).

    Returns a Result with facts ``z`` and ``p_value`` (two-sided, normal). Raises InputError for bad values.
    Source: variance stabilisation, Bartlett 1936, Supplement to JRSS 3.
    """
    from scipy.stats import norm

    if kind not in KINDS:
        raise InputError(f"no kind {kind!r}", where="kind", choices=KINDS, found=kind)
    counts(a, "a")
    if kind == "two":
        counts(b, "b")
    elif not (math.isfinite(b) and b >= 0):
        raise InputError(f"must be at least 0, found {b}", where="b")
    exposures((1, k))
    variance = {"two": 2.0, "mean": 1 + 1 / k, "known": 1.0}[kind] * positive(dispersion, "dispersion")
    z = 2 * (math.sqrt(a) - math.sqrt(b)) / math.sqrt(variance)
    facts = {"z": z, "p_value": float(2 * norm.sf(abs(z))), "variance": variance, "kind": kind}
    against = {"two": f"{b:,.0f}", "mean": f"a mean of {b:,.2f} over {k}", "known": f"the known mean {b:,.2f}"}[kind]
    answer = f"{a:,.0f} against {against}: z = {z:.2f} (p = {facts['p_value']:.3g})."
    return Result("poisson_z", pd.DataFrame([facts]), "How unusual is this count?", answer,
                  "Square-root z with the variance of both sides (Bartlett 1936).",
                  ["An approximation: below about 5 events use the E-test."], facts)
