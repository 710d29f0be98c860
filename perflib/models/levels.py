"""Level shifts: weeks at which a count jumps and stays, the mark of a change in the extraction or the form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from perflib.errors import InputError

#: weeks compared on each side, the smallest change worth a word, and the deviations it must exceed.
WEEKS, CHANGE, DEVIATIONS = 4, 0.25, 4.0
_FEWEST = 10.0


@dataclass(frozen=True)
class Shift:
    """A jump at the start of week ``at``: medians of the weeks ``before`` and ``after``, ``z`` deviations apart."""

    at: pd.Timestamp
    before: float
    after: float
    z: float

    @property
    def ratio(self) -> float:
        """After over before."""
        return self.after / self.before if self.before else math.inf


def weekly(days: pd.Series) -> pd.Series:
    """Counts of whole weeks of a daily series (every day present), the first day onwards; a rest is left out."""
    if not isinstance(days.index, pd.DatetimeIndex):
        raise InputError("the index is not dates")
    whole = days.sort_index().iloc[: len(days) // 7 * 7]
    starts = whole.index[::7]
    return pd.Series(whole.to_numpy().reshape(-1, 7).sum(axis=1), index=starts, name="records")


def level_shifts(weeks: pd.Series) -> tuple[Shift, ...]:
    """The weeks at which a weekly count jumps and stays at its new level.

    Parameters
    ----------
    weeks : records per whole week, indexed by the week's first day.

    Returns
    -------
    tuple of Shift : every local maximum where the medians of the four weeks before and after differ by at least 25 %
        and by more than 4 standard deviations, and where the single step between the two adjoining weeks is at least
        half of that difference: a trend or a season climbs, an extraction jumps. Fewer than 8 weeks, or fewer than 10
        records a week, give none.

    Notes
    -----
    The deviation is that of the difference of two medians of over-dispersed Poisson counts; the dispersion comes from
    the median squared difference of neighbouring weeks, which a single jump cannot inflate. A screen for the reader's
    eye, not a test at a stated level; ``perflib.models.trend`` dates breaks with intervals.
    """
    values = weeks.astype(float)
    if len(values) < 2 * WEEKS:
        return ()
    spread = _dispersion(values)
    steps = [_step(values, place, spread) for place in range(WEEKS, len(values) - WEEKS + 1)]
    return tuple(_peaks([shift for shift in steps if shift is not None]))


def shared_shifts(groups: Mapping[str, pd.Series]) -> dict[pd.Timestamp, dict[str, Shift]]:
    """Shifts per date and group, where at least two groups jump in the same direction in the same week.

    Feeds that have nothing in common but the extraction and jump together point at the extraction, not at demand.
    """
    by_date: dict[pd.Timestamp, dict[str, Shift]] = {}
    for group, weeks in groups.items():
        for shift in level_shifts(weeks):
            by_date.setdefault(shift.at, {})[group] = shift
    return {at: feeds for at, feeds in sorted(by_date.items()) if _together(feeds)}


def _together(feeds: Mapping[str, Shift]) -> bool:
    up = sum(shift.after > shift.before for shift in feeds.values())
    return max(up, len(feeds) - up) > 1


def _dispersion(values: pd.Series) -> float:
    pairs = pd.DataFrame({"step": values.diff() ** 2, "sum": values + values.shift()}).dropna()
    scaled = pairs["step"] / pairs["sum"].clip(lower=1.0)
    return max(1.0, float(scaled.median()) / 0.4549)  # median of chi-squared with one degree of freedom


def _step(values: pd.Series, place: int, spread: float) -> Shift | None:
    before = float(values.iloc[place - WEEKS : place].median())
    after = float(values.iloc[place : place + WEEKS].median())
    change = after - before
    if max(before, after) < _FEWEST or abs(change) < CHANGE * max(before, 1.0):
        return None
    deviation = math.sqrt(spread * (before + after) / WEEKS * math.pi / 2)
    step = float(values.iloc[place] - values.iloc[place - 1])
    if abs(change) < DEVIATIONS * deviation or step / change < 0.5:
        return None
    return Shift(pd.Timestamp(values.index[place]), before, after, change / deviation)


def _peaks(steps: list[Shift]) -> list[Shift]:
    """One shift per run of neighbouring candidates: the largest."""
    kept: list[Shift] = []
    for shift in steps:
        if kept and shift.at - kept[-1].at < pd.Timedelta(weeks=WEEKS):
            if abs(shift.z) > abs(kept[-1].z):
                kept[-1] = shift
        else:
            kept.append(shift)
    return kept
