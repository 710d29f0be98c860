"""Which seasons a daily series has: a test, a strength, a profile with intervals, or a reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from perflib.models.counts import adjusted
from perflib.models.forecast.panel import FREQUENCIES, panel, too_short
from perflib.models.heaping import Heap, first_of_month
from perflib.models.seasonality import days, spectrum, strength
from perflib.models.seasonality.effects import effects, terms
from perflib.models.threads import one_thread
from perflib.rates import inside
from perflib.verdicts import Verdict

Array = np.ndarray[Any, np.dtype[Any]]
#: a season is called stable below this p, adjusted for the seasons and series asked about.
ALPHA = 0.05
#: waves tested per cycle; a share of unknown days above which nothing is tested.
HARMONICS, UNKNOWN = 3, 0.10
SEASONS = ("week", "year")
_NUMBERS = ["p", "adjusted", "statistic", "cycles", "strength", "noise_median", "noise_95"]


@dataclass(frozen=True, eq=False)
class Seasons:
    """The seasons of daily series.

    Attributes
    ----------
    table : ``series, season, position, ratio, low, high, count, days``: what each weekday, month, holiday, payday and
        first of the month is worth, the others held fixed.
    tests : a row per series and season: ``series, season, verdict, p, adjusted, statistic, cycles, strength,
        noise_median, noise_95, reason``.
    heaps : series -> how many records stand on the first of the month; only those that are heaped.
    first_paydays : a payday on the first of the month was left out, since records heap there too.
    """

    table: pd.DataFrame
    tests: pd.DataFrame
    heaps: dict[Any, Heap]
    first_paydays: bool


def seasonality(frame: pd.DataFrame, *, holidays: Any = None, paydays: Any = None, level: float = 0.95) -> Seasons:
    """Test each series for a stable week and year, and give the profiles of both.

    Parameters
    ----------
    frame : long, ``series, date, count`` by day (``series`` may be left out where there is one); an absent row is
        unknown.
    holidays : frame with ``date`` and ``name``, mapping date -> name, or dates. paydays : days of the month, or dates.
    level : of the intervals, which hold for all positions of a season together.

    Raises
    ------
    InputError : the frame or the level cannot be used.

    Notes
    -----
    The test (``spectrum.stable``) holds for over-dispersed and autocorrelated counts; p-values are adjusted by Holm
    within a series and by Benjamini-Hochberg over series. Strength stands next to that of noise of the same length.
    """
    inside(level, "level")
    daily = panel(frame if "series" in frame.columns else frame.assign(series="all"), "D")
    tests, rows = [], []
    heaps: dict[Any, Heap] = {}
    masks, first_paydays = days.special(daily.dates, holidays, paydays)
    for name, counts in zip(daily.names, daily.counts, strict=True):
        for season in SEASONS:
            row = {"series": name, "season": season, "cycles": 0, "reason": ""}
            tests.append(row | _test(daily.dates, counts, season))
        with one_thread():
            profile = effects(daily.dates, counts, terms(daily.dates, counts, daily.seasons, masks), level)
        rows.append(profile.assign(series=name))
        heap = first_of_month(pd.Series(np.nan_to_num(counts), index=daily.dates))
        heaps |= {name: heap} if heap.heaped else {}
    table = pd.concat(rows, ignore_index=True)
    order = ["series", "season", "position", "ratio", "low", "high", "count", "days"]
    return Seasons(table[order], _judged(pd.DataFrame(tests)), heaps, first_paydays)


def _test(dates: pd.DatetimeIndex, counts: Array, season: str) -> dict[str, Any]:
    unknown = float(np.isnan(counts).mean())
    if reason := too_short(season, "D", len(dates)):
        return {"reason": reason}
    if unknown > UNKNOWN:
        return {"reason": f"{unknown:.0%} of the counts are unknown"}
    if np.nanmax(counts) <= 0:
        return {"reason": "nothing was counted"}
    counts = pd.Series(counts).interpolate(limit_direction="both").to_numpy()
    values, cycle, inner = strength.stabilised(counts), 7.0, 7.0
    judged, period = values, 7
    if season == "year":  # weeks, so that no weekday can pass for a month
        weeks = counts[len(counts) % 7 :].reshape(-1, 7).sum(axis=1)
        values, cycle, inner = strength.stabilised(weeks), FREQUENCIES["W"][1], 0.0
        months = _months(dates, counts)
        judged, period = (strength.stabilised(months), 12) if len(months) >= 24 else (values, min(52, len(values) // 2))
    test = spectrum.stable(values, cycle, HARMONICS, inner)
    if test is None:
        return {"reason": "the series is too short to tell a season from its surroundings"}
    noise = dict(zip(("noise_median", "noise_95"), strength.noise(len(judged), period), strict=True))
    power = strength.strength(judged, period)
    return {"p": test.p, "statistic": test.statistic, "cycles": test.cycles, "strength": power, **noise}


def _months(dates: pd.DatetimeIndex, counts: Array) -> Array:
    """Counts of whole months, put to equal length."""
    months = pd.Series(counts, index=dates).resample("MS").agg(["sum", "size"])
    length = pd.DatetimeIndex(months.index).days_in_month.to_numpy()
    return np.asarray((months["sum"] / length * (365.2425 / 12))[months["size"].to_numpy() == length])


def _judged(tests: pd.DataFrame) -> pd.DataFrame:
    """Holm within a series, Benjamini-Hochberg over series (one season at a time); and the verdicts."""
    tests = tests.reindex(columns=["series", "season", "verdict", *_NUMBERS, "reason"])
    tests["adjusted"] = tests.groupby("series", sort=False)["p"].transform(_holm)
    if tests["series"].nunique() > 1:
        tests["adjusted"] = tests.groupby("season")["adjusted"].transform(lambda part: adjusted(part.to_numpy()))
    verdicts = np.where(tests["adjusted"] < ALPHA, Verdict.SEASONAL, Verdict.NOT_SHOWN)
    tests["verdict"] = np.where(tests["p"].isna(), Verdict.NOT_ASSESSABLE, verdicts)
    return tests


def _holm(p: pd.Series) -> pd.Series:
    order = p.dropna().sort_values()
    scaled = order * np.arange(len(order), 0, -1)
    return scaled.cummax().clip(upper=1.0).reindex(p.index)
