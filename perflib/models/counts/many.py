"""Many tests at once: what may be flagged when a stated share of the flags may be false."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perflib.errors import InputError
from perflib.models.counts.arguments import Floats


def adjusted(p: Sequence[float] | Floats) -> Floats:
    """Benjamini-Hochberg adjusted p-values in the order given; a missing p stays missing and is no test."""
    from scipy.stats import false_discovery_control

    found = np.array(p, dtype=float)
    known = ~np.isnan(found)
    if ((found[known] < 0) | (found[known] > 1)).any():
        raise InputError("p-values lie between 0 and 1", where="p")
    found[known] = false_discovery_control(found[known])
    return found
