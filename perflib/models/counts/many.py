"""Many tests at once: what may be flagged when a stated share of the flags may be false."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perflib.errors import InputError
from perflib.models.counts.asked import Floats


def adjusted(p: Sequence[float] | Floats) -> Floats:
    """Benjamini-Hochberg adjusted p-values in the order given; a missing p stays missing and is no test."""
    values = np.asarray(p, dtype=float)
    known = np.flatnonzero(~np.isnan(values))
    if ((values[known] < 0) | (values[known] > 1)).any():
        raise InputError("p-values lie between 0 and 1", where="p")
    order = known[np.argsort(values[known], kind="stable")]
    scaled = values[order] * len(order) / np.arange(1, len(order) + 1)
    found = np.full(values.shape, np.nan)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return found
