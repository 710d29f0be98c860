"""Many tests at once: what may be flagged when a stated share of the flags may be false."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.counts.asked import Floats, share
from perflib.result import Result


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


def fdr(p: Sequence[float] | Floats, q: float = 0.10) -> Result:
    """Which of many tests to flag so that, on average, at most a share ``q`` of the flags is false.

    Parameters
    ----------
    p : one p-value per test (beat x offence); missing values are left out and never flagged.
    q : the share of false flags accepted.

    Returns
    -------
    Result with one row per test in the order given (``p``, ``adjusted``, ``flag``) and facts ``flags``, ``tests``,
    ``threshold`` (largest p flagged) and ``adjusted``.

    Raises InputError for p outside [0, 1] or q outside (0, 1).
    Source: Benjamini and Hochberg 1995, JRSS B 57.
    """
    share(q, "q")
    found = adjusted(p)
    table = pd.DataFrame({"p": np.asarray(p, dtype=float), "adjusted": found, "flag": found <= q})
    flagged = table[table["flag"]]
    tests = int(table["p"].notna().sum())
    threshold = float(flagged["p"].max()) if len(flagged) else None
    facts = {"flags": len(flagged), "tests": tests, "q": q, "threshold": threshold, "adjusted": found.tolist()}
    answer = f"{len(flagged)} of {tests} tests are flagged; on average at most {q:.0%} of flags are false."
    return Result("fdr", table, "Which differences survive testing so many?", answer,
                  "False discovery rate (Benjamini and Hochberg 1995, JRSS B 57).",
                  ["Holds for independent or positively dependent tests."], facts)
