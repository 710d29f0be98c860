"""Which seasons a series has: a test, a strength, a profile with intervals, and a refusal where none can be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.models.forecast.panel import FREQUENCIES, Panel, panel, too_short
from perflib.models.seasonality import days as known_days
from perflib.models.seasonality import spectrum, strength
from perflib.models.seasonality.effects import effects, terms
from perflib.models.seasonality.events import Hourly, hourly
from perflib.models.seasonality.profile import profile
from perflib.models.seasonality.report import report
from perflib.models.threads import one_thread
from perflib.result import Result
from perflib.verdicts import Verdict

Array = np.ndarray[Any, np.dtype[Any]]
#: a season is called stable below this p, adjusted for the seasons and series asked about.
ALPHA = 0.05
#: waves tested per cycle; a share of unknown steps above which nothing is tested.
HARMONICS = {"day": 3, "week": 3, "year": 3}
UNKNOWN = 0.10
_RECENT = 24 * 7 * 26  # hours: half a year shows a day's rhythm
_CYCLES = {"D": {"week": 7, "year": 365}, "W": {"year": 52}, "M": {"year": 12}}


@dataclass(frozen=True, eq=False)
class SeasonResult(Result):
    """A Result that also carries its tests, the series taken apart and, for single events, hours.

    Attributes
    ----------
    panel : the counts looked at.
    tests : a row per series and season: ``series, season, verdict, p, adjusted, statistic, cycles, strength,
        noise_median, noise_95, reason``; verdict is "seasonal", "not shown" or "not assessable".
    components : ``series, date, observed, trend``, a column per season, ``remainder``, on the scale 2 sqrt(y + 3/8).
    profile : for single events, rates per hour of week and month with their exposure; else None.
    """

    tests: pd.DataFrame | None = None
    profile: pd.DataFrame | None = None
    panel: Panel | None = None

    @cached_property
    def components(self) -> pd.DataFrame:
        """Every series taken apart when it is first asked for, since MSTL takes longer than all the rest."""
        held = self.panel
        names = () if held is None else held.names
        parts = [_apart(held, at).assign(series=name) for at, name in enumerate(names)]  # type: ignore[arg-type]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def seasonality(
    frame: pd.DataFrame,
    season: object = None,
    *,
    freq: str | None = None,
    absent: str = "unknown",
    holidays: Any = None,
    paydays: Any = None,
    level: float = 0.95,
) -> SeasonResult:
    """Test each series for stable seasons and give their profiles.

    Parameters
    ----------
    frame : long, ``series, date, count`` (``series`` may be left out where there is one), by day, week or month; an
        absent row is unknown unless ``absent="zero"``. Or one row per event: ``at`` (local time), or ``from`` and
        ``to`` for events that happened some time between, optionally ``series``; then days without events are zero.
    season : "week", "year" or both; None for every season that the data can show.
    freq : "D", "W" or "M"; detected by default.
    holidays : frame with ``date`` and ``name``, mapping date -> name, or dates. paydays : days of the month, or dates.
    level : of the intervals, which hold for all positions of a season together.

    Returns
    -------
    SeasonResult ``seasonality``: table ``series, season, position, ratio, low, high, count, days``: what each weekday,
    month, holiday, payday and first of the month is worth, the others held fixed; ``.tests``, ``.components``,
    ``.profile``. Facts: ``seasons`` (series -> season -> verdict), ``seasonal`` (whether any is), ``refused``
    (season -> reason), and for single events ``midnight``, ``spans``, ``long``.

    Raises
    ------
    InputError : the frame, a season or a level cannot be used, or a season is asked for that the data cannot show.

    Notes
    -----
    The test (``spectrum.stable``) holds for over-dispersed and autocorrelated counts; p-values are adjusted by Holm
    within a series and by Benjamini-Hochberg over series. Strength stands beside that of noise of the same length.
    """
    if not 0 < level < 1:
        raise InputError(f"{level!r} is no share between 0 and 1", where="level")
    events = hourly(frame) if "date" not in frame.columns else None
    held = panel(_long(frame, events), season, "D" if events is not None else freq, absent)
    tests = _adjusted(pd.concat([_tests(held, at) for at in range(len(held.names))] + _days(events), ignore_index=True))
    rows, notes = [], [*held.notes, *(events.notes() if events is not None else [])]
    for at, name in enumerate(held.names):
        masks, said = known_days.special(held.dates, held.counts[at], held.freq, holidays, paydays)
        model = terms(held.dates, held.counts[at], held.seasons, held.freq, masks)
        with one_thread():
            rows.append(effects(held.dates, held.counts[at], held.freq, model, level).assign(series=name))
        notes += [f"{name}: {text}" if len(held.names) > 1 else text for text in said]
    cells = profile(events.weights, ("weekday", "hour", "month")) if events is not None and events.timed else None
    return report(
        SeasonResult, held, pd.concat(rows, ignore_index=True), tests, cells, events, list(dict.fromkeys(notes)), level
    )


def _long(frame: pd.DataFrame, events: Hourly | None) -> pd.DataFrame:
    if events is None:
        return frame if "series" in frame.columns else frame.assign(series="all")
    daily = events.weights.resample("D").sum()
    return daily.rename_axis("date").reset_index().melt("date", var_name="series", value_name="count")


def _tests(held: Panel, at: int) -> pd.DataFrame:
    return pd.DataFrame([_test(held, at, season) for season in _CYCLES[held.freq]])


def _test(held: Panel, at: int, season: str) -> dict[str, Any]:
    row: dict[str, Any] = {"series": held.names[at], "season": season}
    reason = too_short(season, held.freq, len(held.dates))
    if season not in held.seasons:
        return row | _refused(reason or "not asked for")
    counts = held.counts[at]
    if np.isnan(counts).mean() > UNKNOWN:
        return row | _refused(f"{np.isnan(counts).mean():.0%} of the counts are unknown")
    if np.nanmax(counts) <= 0:
        return row | _refused("nothing was counted")
    counts = _filled(counts)
    values, cycle, inner = _scaled(held, counts, season)
    found = spectrum.stable(values, cycle, HARMONICS[season], inner)
    if found is None:
        return row | _refused("the series is too short to tell a season from its surroundings")
    shown, period = _for_strength(held, counts, season)
    median, upper = strength.noise(len(shown), period)
    return row | {
        "p": found.p,
        "statistic": found.statistic,
        "cycles": found.cycles,
        "strength": strength.strength(shown, period),
        "noise_median": median,
        "noise_95": upper,
        "reason": "",
    }


def _refused(reason: str) -> dict[str, Any]:
    return {
        "p": np.nan,
        "statistic": np.nan,
        "cycles": 0,
        "strength": np.nan,
        "noise_median": np.nan,
        "noise_95": np.nan,
        "reason": reason,
    }


def _filled(counts: Array) -> Array:
    return pd.Series(counts).interpolate(limit_direction="both").to_numpy()


def _scaled(held: Panel, counts: Array, season: str) -> tuple[Array, float, float]:
    """The series to test, its cycle, and the longer cycle it repeats in: days are summed to weeks for the year, so
    that no weekday can pass for a month; months are put to equal length."""
    if held.freq == "M":
        days = held.dates.days_in_month.to_numpy()
        return strength.stabilised(counts * (365.2425 / 12) / days), 12.0, 0.0
    if season == "week":
        return strength.stabilised(counts), 7.0, 7.0
    if held.freq == "D":
        counts = counts[len(counts) % 7 :].reshape(-1, 7).sum(axis=1)
    return strength.stabilised(counts), FREQUENCIES["W"][1], 0.0


def _for_strength(held: Panel, counts: Array, season: str) -> tuple[Array, int]:
    if season == "week":
        return strength.stabilised(counts), 7
    if held.freq == "D" and len(months := _months(held.dates, counts)) >= 24:
        return strength.stabilised(months), 12
    values, cycle, _ = _scaled(held, counts, season)
    return values, 12 if held.freq == "M" else int(min(cycle, len(values) // 2))


def _months(dates: pd.DatetimeIndex, counts: Array) -> Array:
    """Counts of whole months, put to equal length."""
    held = pd.Series(counts, index=dates).resample("MS").agg(["sum", "size"])
    days = pd.DatetimeIndex(held.index).days_in_month.to_numpy()
    return np.asarray((held["sum"] / days * (365.2425 / 12))[held["size"].to_numpy() == days])


def _days(events: Hourly | None) -> list[pd.DataFrame]:
    """The season of the day, for events with times and at least two weeks."""
    if events is None:
        return []
    rows = []
    for name in events.weights.columns:
        row: dict[str, Any] = {"series": name, "season": "day"}
        values = events.weights[name].to_numpy()[-_RECENT:]
        found = (
            None if len(values) < 336 else spectrum.stable(strength.stabilised(values), 24.0, HARMONICS["day"], 168.0)
        )
        if not events.timed:
            rows.append(row | _refused("events have days, not times"))
        elif found is None:
            rows.append(row | _refused("fewer than two weeks of hours"))
        else:
            rows.append(row | {**_refused(""), "p": found.p, "statistic": found.statistic, "cycles": found.cycles})
    return [pd.DataFrame(rows)]


def _adjusted(tests: pd.DataFrame) -> pd.DataFrame:
    """Holm within a series, Benjamini-Hochberg over series (one season at a time); and the verdicts."""
    from perflib.models.counts import adjusted

    tests["adjusted"] = tests.groupby("series", sort=False)["p"].transform(_holm)
    if tests["series"].nunique() > 1:
        tests["adjusted"] = tests.groupby("season")["adjusted"].transform(lambda part: adjusted(part.to_numpy()))
    known = tests["p"].notna()
    shown = np.where(tests["adjusted"] < ALPHA, Verdict.SEASONAL, Verdict.NOT_SHOWN)
    tests["verdict"] = np.where(~known, Verdict.NOT_ASSESSABLE, shown)
    return tests[
        [
            "series",
            "season",
            "verdict",
            "p",
            "adjusted",
            "statistic",
            "cycles",
            "strength",
            "noise_median",
            "noise_95",
            "reason",
        ]
    ]


def _holm(p: pd.Series) -> Sequence[float]:
    order = p.dropna().sort_values()
    scaled = order * np.arange(len(order), 0, -1)
    return scaled.cummax().clip(upper=1.0).reindex(p.index)  # type: ignore[return-value]


def _apart(held: Panel, at: int) -> pd.DataFrame:
    cycles = {
        name: length
        for name, length in _CYCLES[held.freq].items()
        if name in held.seasons and len(held.dates) >= 2 * length
    }
    return strength.components(held.dates, _filled(held.counts[at]), cycles)
