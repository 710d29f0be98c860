"""One period against others, cell by cell, with the test that fits how much the counts vary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.metrics.counts.series import Series
from perflib.metrics.counts.windows import earlier
from perflib.models.counts import Dispersion, dispersion, e_test_p, nb_p, ratio_interval
from perflib.period import Period

#: below this many expected events no verdict but a flag is given; years needed to judge the variation by years.
FEW, YEARS = 5.0, 3
WORDS = {"more": "more than chance", "none": "no change shown", "few": "too few to say", "not": "not assessed"}
METHOD = (
    "Conditional negative-binomial test, dispersion estimated from earlier periods and shrunken over cells (E-test of "
    "Krishnamoorthy and Thomson 2004 beside it); false discovery rate of Benjamini and Hochberg 1995 over all cells."
)


@dataclass(frozen=True, eq=False)
class Tested:
    """The table of one comparison (a row per cell, in the order of the cells) and how the variation was judged."""

    table: pd.DataFrame
    variation: str
    pooled: float


def tested(series: Series, window: Period, others: list[Period], level: float = 0.95) -> Tested:
    """Counts now and before, their ratio with its interval, and the p-values; no verdict yet."""
    if not others:
        raise InputError("no period to compare with", where="against")
    now, parts = series.window(window.first, window.last), [series.window(each.first, each.last) for each in others]
    before = np.sum(parts, axis=0)
    exposure = (float(window.days), float(sum(each.days for each in others)))
    sound = (now >= 0) & np.all([part >= 0 for part in parts], axis=0)
    found, variation = _variation(series, window, others)
    x, y = np.where(sound, now, 0), np.where(sound, before, 0)
    low, high = ratio_interval(x, y, exposure, found, level)
    expected = before * exposure[0] / exposure[1]
    table = series.cells.assign(
        now=now,
        before=before,
        expected=expected,
        difference=now - expected,
        ratio=np.divide(now, expected, out=np.full(len(now), np.nan), where=sound & (expected > 0)),
        low=np.where(sound, low, np.nan),
        high=np.where(sound & np.isfinite(high), high, np.nan),
        dispersion=np.maximum(np.broadcast_to(found.cell, now.shape), 1),
        p_e_test=np.where(sound, e_test_p(x, y, exposure), np.nan),
        p_value=np.where(sound, nb_p(x, y, exposure, found), np.nan),
    )
    return Tested(table, variation, max(found.pooled, 1.0))


def _variation(series: Series, window: Period, others: list[Period]) -> tuple[Dispersion, str]:
    """How much the cells vary between periods in which nothing is under test."""
    years = len(others) >= YEARS
    used = others if years else earlier(series, window)
    table = np.array([series.window(each.first, each.last) for each in used]).T if used else np.empty((0, 0))
    kind = f"the {len(used)} years compared with" if years else f"the {len(used)} periods of {_length(used)} before"
    if len(used) < 2 or not (np.nansum(np.maximum(table, 0), axis=1) > 0).any():
        cells = len(series.cells)
        return Dispersion(np.ones(cells), np.full(cells, np.inf), 1.0, 0), (
            "Too little history to see how much counts vary: taken as Poisson, so too many cells may be flagged."
        )
    found = dispersion(np.where(table < 0, np.nan, table))
    return found, f"Variation between periods (variance/mean {max(found.pooled, 1):.2f}) from {kind}."


def _length(used: list[Period]) -> str:
    return f"{used[0].days} days" if used else "its length"


def verdicts(table: pd.DataFrame, q: float) -> pd.Series:
    """The words for each row, from ``adjusted``, ``now`` and ``expected``."""
    flagged = table["adjusted"] <= q
    words = pd.Series(WORDS["none"], index=table.index)
    words[(table[["now", "expected"]].max(axis=1) < FEW) & ~flagged] = WORDS["few"]
    up = table["now"] > table["expected"]
    words[flagged & up] = f"{WORDS['more']}: up"
    words[flagged & ~up] = f"{WORDS['more']}: down"
    words[table["p_value"].isna()] = WORDS["not"]
    return words


def by_evidence(table: pd.DataFrame) -> pd.DataFrame:
    """Rows with the strongest evidence first; percentages play no part."""
    return table.sort_values(
        ["adjusted", "p_value", "now"], ascending=[True, True, False], kind="stable", ignore_index=True
    )


def cell_name(row: pd.Series, by: tuple[str, ...]) -> str:
    """The cell in words."""
    return " / ".join(str(row[name]) for name in by) or "all"
