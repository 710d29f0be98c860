"""One period against others, group by group, with the test that fits how much the counts vary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.metrics.counts.periods import earlier
from perflib.metrics.counts.series import Series
from perflib.models.counts import Dispersion, adjusted, dispersion, e_test_p, nb_p, ratio_interval
from perflib.period import Period
from perflib.verdicts import Verdict
from perflib.words import counts as words

#: below this many expected events no verdict but a change is given; years needed to judge the variation by years.
FEW, YEARS = 5.0, 3


@dataclass(frozen=True, eq=False)
class Compared:
    """The table of one comparison (a row per group, in the order of the groups) and how counts vary between periods.

    ``dispersion`` is the pooled variance over mean; ``method`` says from which periods;
    ``caveats`` that it is unknown.
    """

    table: pd.DataFrame
    dispersion: float
    method: str
    caveats: tuple[str, ...]


def compared(series: Series, period: Period, others: list[Period], level: float = 0.95) -> Compared:
    """Counts now and before, their ratio with its interval, and the p-values; no verdict yet."""
    if not others:
        raise InputError("no period to compare with", where="against")
    now, parts = series.window(period.first, period.last), [series.window(each.first, each.last) for each in others]
    before = np.sum(parts, axis=0)
    exposure = (float(period.days), float(sum(each.days for each in others)))
    sound = (now >= 0) & np.all([part >= 0 for part in parts], axis=0)
    varied, used = _variation(series, period, others)
    x, y = np.where(sound, now, 0), np.where(sound, before, 0)
    low, high = ratio_interval(x, y, exposure, varied, level)
    expected = before * exposure[0] / exposure[1]
    table = series.cells.assign(
        now=now,
        before=before,
        expected=expected,
        difference=now - expected,
        ratio=np.divide(now, expected, out=np.full(len(now), np.nan), where=sound & (expected > 0)),
        low=np.where(sound, low, np.nan),
        high=np.where(sound & np.isfinite(high), high, np.nan),
        dispersion=np.maximum(np.broadcast_to(varied.cell, now.shape), 1),
        p_e_test=np.where(sound, e_test_p(x, y, exposure), np.nan),
        p_value=np.where(sound, nb_p(x, y, exposure, varied), np.nan),
    )
    pooled, code = max(varied.pooled, 1.0), "years" if used is others else "before"
    if not varied.periods:
        return Compared(table, pooled, "", (words.note("poisson"),))
    return Compared(table, pooled, words.note(code, dispersion=pooled, periods=len(used), length=used[0].days), ())


def _variation(series: Series, period: Period, others: list[Period]) -> tuple[Dispersion, list[Period]]:
    """How much the groups vary between periods in which nothing is under test, and those periods."""
    used = others if len(others) >= YEARS else earlier(series, period)
    table = np.array([series.window(each.first, each.last) for each in used]).T if used else np.empty((0, 0))
    if len(used) < 2 or not (np.nansum(np.maximum(table, 0), axis=1) > 0).any():
        cells = len(series.cells)
        return Dispersion(np.ones(cells), np.full(cells, np.inf), 1.0, 0), used
    return dispersion(np.where(table < 0, np.nan, table)), used


def judged(table: pd.DataFrame, q: float) -> pd.DataFrame:
    """The table with ``adjusted`` p-values (of all its rows together) and a ``verdict`` for each row."""
    table = table.assign(adjusted=adjusted(table["p_value"].to_numpy()))
    changed, up = table["adjusted"] <= q, table["now"] > table["expected"]
    few = table[["now", "expected"]].max(axis=1) < FEW
    verdicts = np.select(
        [table["p_value"].isna(), changed & up, changed, few],
        [Verdict.NOT_ASSESSABLE, Verdict.UP, Verdict.DOWN, Verdict.TOO_FEW],
        Verdict.NO_CHANGE,
    )
    return table.assign(verdict=verdicts)


def group_name(row: pd.Series, by: tuple[str, ...]) -> str:
    """The group of a row as one text."""
    return " / ".join(str(row[name]) for name in by) or "all"
