"""From a long frame to a rectangle of counts: every check of the input, and what is missing or zero."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.privacy.quoting import cell, quoted

Array = np.ndarray[Any, np.dtype[Any]]
#: Steps per week and per year, the pandas alias, and the word for one step.
FREQUENCIES = {"D": (7, 365.2425, "D", "day"), "W": (0, 52.1775, "W", "week"), "M": (0, 12.0, "MS", "month")}
SEASONS = ("week", "year")
_THIN = 5  # dates further apart than this on average are not taken for days unless freq says so
ABSENT = ("unknown", "zero")
LEAST = {"D": 14, "W": 8, "M": 8}  # known counts that a series needs


@dataclass(frozen=True, eq=False)
class Panel:
    """Counts (N, T) of N series at T regular dates; NaN is unknown. ``seasons``: names of the seasons modelled."""

    names: tuple[Any, ...]
    dates: pd.DatetimeIndex
    counts: Array
    freq: str
    seasons: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def lag(self) -> int:
        """Seasonal lag of the data, in steps: 7 for days, 12 for months, 52 for weeks; 1 where too short."""
        lag = {"D": 7, "W": 52, "M": 12}[self.freq]
        return lag if len(self.dates) > lag else 1

    def until(self, stop: int) -> Panel:
        """The panel as it was known after its first ``stop`` dates."""
        seasons = tuple(name for name in self.seasons if not too_short(name, self.freq, stop))
        return Panel(self.names, self.dates[:stop], self.counts[:, :stop], self.freq, seasons)

    def only(self, chosen: Array) -> Panel:
        """The panel of the series for which ``chosen`` (N,) is true."""
        names = tuple(name for name, kept in zip(self.names, chosen, strict=True) if kept)
        return Panel(names, self.dates, self.counts[chosen], self.freq, self.seasons, self.notes)

    @property
    def enough(self) -> Array:
        """Which series have counts enough to be forecast: two weeks of days, eight weeks or months."""
        return np.asarray(np.isfinite(self.counts).sum(axis=1) >= LEAST[self.freq])

    def with_future(self, horizon: int) -> pd.DatetimeIndex:
        """Its dates and the ``horizon`` coming ones."""
        alias = self.dates.freq or FREQUENCIES[self.freq][2]
        return pd.date_range(self.dates[0], periods=len(self.dates) + horizon, freq=alias)


def panel(frame: pd.DataFrame, season: object = None, freq: str | None = None, absent: str = "unknown") -> Panel:
    """Arrange a long frame ``series, date, count`` as a Panel.

    Negative counts are corrections of earlier periods, not counts: they become unknown, and a note says how many.

    Raises
    ------
    InputError : a column is absent, a value is no count, a pair of series and date occurs twice, two dates fall in one
        month, or a season is asked for that the data cannot show.
    """
    if absent not in ABSENT:
        raise InputError(f"no such choice {absent!r}", where="absent", choices=ABSENT, found=absent)
    rows = _checked(frame)
    freq = _frequency(rows["date"], freq)
    wide = rows.pivot(index="date", columns="series", values="count")
    wide = wide[sorted(wide.columns, key=str)]
    wide.index = _steps(pd.DatetimeIndex(wide.index), freq)
    alias = FREQUENCIES[freq][2] if freq != "W" else f"W-{wide.index[0]:%a}".upper()
    wide = wide.reindex(pd.date_range(wide.index[0], wide.index[-1], freq=alias))
    counts, notes = _known(wide.to_numpy(float).T, rows, wide, absent)
    seasons, refused = _seasons(season, freq, len(wide))
    return Panel(tuple(wide.columns), pd.DatetimeIndex(wide.index), counts, freq, seasons, (*notes, *refused))


def too_short(season: str, freq: str, length: int) -> str:
    """Why ``length`` steps cannot show a season; empty if they can: two whole cycles are needed."""
    cycle = FREQUENCIES[freq][0 if season == "week" else 1]
    if cycle == 0:
        return f"data by the {FREQUENCIES[freq][3]} have no season within the week"
    need = int(np.floor(2 * cycle))
    if length >= need:
        return ""
    return f"{length} {FREQUENCIES[freq][3]}s cannot show a season of the {season}: two whole cycles are {need}"


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    lacking = {"series", "date", "count"} - set(frame.columns)
    if lacking:
        raise InputError(f"no column {', '.join(sorted(lacking))}", where="frame", choices=frame.columns)
    if frame.empty:
        raise InputError("there is no row to forecast from", where="frame")
    count = pd.to_numeric(frame["count"], errors="coerce").astype(float)
    wrong = count.isna() & frame["count"].notna() | ~np.isfinite(count.fillna(0))
    if wrong.any():
        raise InputError(f"{cell(frame.loc[wrong, 'count'].iloc[0])} is no count", where="column count")
    date = _dated(frame["date"])
    if date.isna().any() or frame["series"].isna().any():
        many = int((date.isna().to_numpy() | frame["series"].isna().to_numpy()).sum())
        raise InputError(f"{many} rows lack a series or a date", where="frame")
    rows = pd.DataFrame({"series": frame["series"].to_numpy(), "date": date.to_numpy(), "count": count.to_numpy()})
    twice = rows.duplicated(["series", "date"])
    if twice.any():
        first = rows[twice].iloc[0]
        raise InputError(
            f"{int(twice.sum())} pairs of series and date occur twice, the first {quoted(first['series'])!r} on "
            f"{first['date']:%Y-%m-%d}",
            where="frame",
            do="sum the counts of each series and date first",
        )
    return rows


def _dated(given: pd.Series) -> pd.Series:
    """The days of a column of dates, moments or periods; of text only where it is ISO, so that no day is guessed."""
    if isinstance(given.dtype, pd.PeriodDtype):
        given = given.dt.to_timestamp()
    if pd.api.types.is_numeric_dtype(given):
        raise InputError(
            f"{given.iloc[0]!r} is a number, not a date",
            where="column date",
            do="convert it first, such as pd.to_datetime(days, unit='D', origin='1899-12-30') for Excel's",
        )
    if pd.api.types.is_datetime64_any_dtype(given):
        return given.dt.tz_localize(None).dt.normalize()
    found = pd.to_datetime(given, format="ISO8601", errors="coerce")
    wrong = found.isna() & given.notna()
    if wrong.any():
        raise InputError(
            f"{cell(given[wrong].iloc[0])} is not a date", where="column date", do="write dates as YYYY-MM-DD"
        )
    return found.dt.tz_localize(None).dt.normalize()


def _frequency(dates: pd.Series, freq: str | None) -> str:
    if freq is not None:
        if freq not in FREQUENCIES:
            raise InputError(f"no such frequency {freq!r}", where="freq", choices=FREQUENCIES, found=freq)
        return freq
    every = pd.DatetimeIndex(dates.unique()).sort_values()
    gaps = np.diff(every.to_numpy()).astype("timedelta64[D]").astype(int)
    if len(gaps) < 2:
        raise InputError(f"{len(every)} dates are too few to forecast from", where="frame")
    if (gaps % 7 == 0).all():
        return "W"
    if gaps.min() >= 28 and len(set(every.day)) <= 4:
        return "M"
    span = (every[-1] - every[0]).days
    if len(every) < span / _THIN:
        raise InputError(
            f"{len(every)} dates in {span:,} days are neither days, weeks nor months",
            where="freq",
            do="say which they are: D, W or M",
            choices=FREQUENCIES,
        )
    return "D"


def _steps(dates: pd.DatetimeIndex, freq: str) -> pd.DatetimeIndex:
    if freq != "M":
        return dates
    months = pd.DatetimeIndex(dates.to_period("M").to_timestamp())
    if months.has_duplicates:
        raise InputError("several dates fall in one month", where="freq", do="sum to months, or say freq='D'")
    return months


def _known(counts: Array, rows: pd.DataFrame, wide: pd.DataFrame, absent: str) -> tuple[Array, list[str]]:
    notes = []
    lacking = counts.size - len(rows)  # no pair of series and date occurs twice
    if lacking > 0 and absent == "zero":
        stated = rows.assign(there=1.0).pivot(index="date", columns="series", values="there").reindex(wide.index)
        counts = np.where(stated[wide.columns].isna().to_numpy().T, 0.0, counts)
        notes.append(f"{lacking:,} absent series-dates were taken as zero, as asked")
    elif lacking > 0:
        notes.append(
            f"{lacking:,} absent series-dates were taken as unknown, not as zero; say absent='zero' if they mean none"
        )
    below = counts < 0
    if below.any():
        notes.append(f"{int(below.sum()):,} negative counts (corrections of earlier periods) were set to unknown")
        counts = np.where(below, np.nan, counts)
    empty = ~np.isfinite(counts).any(axis=1)
    if empty.any():
        first = wide.columns[int(np.argmax(empty))]
        raise InputError(f"no known count in {int(empty.sum())} series, the first {quoted(first)!r}", where="frame")
    return counts, notes


def _seasons(season: object, freq: str, length: int) -> tuple[tuple[str, ...], list[str]]:
    if season is None:
        possible = [name for name in SEASONS if FREQUENCIES[freq][0 if name == "week" else 1]]
        reasons = {name: too_short(name, freq, length) for name in possible}
        kept = tuple(name for name in possible if not reasons[name])
        return kept, [f"no season of the {name} is modelled: {why}" for name, why in reasons.items() if why]
    asked: Sequence[object] = [season] if isinstance(season, (str, int, float)) else list(_iterable(season))
    names = tuple(_season_name(each, freq) for each in asked)
    for name in names:
        why = too_short(name, freq, length)
        if why:
            raise InputError(why, where="season", do="leave that season out, or forecast a longer series")
    return names, []


def _iterable(season: object) -> Iterable[object]:
    if not isinstance(season, Iterable):
        raise InputError(f"{season!r} names no season", where="season", choices=SEASONS, found=season)
    return season


def _season_name(season: object, freq: str) -> str:
    """A season by name or by its length in steps: 7 or "week", 365 or "year" (52 by the week, 12 by the month)."""
    if season in SEASONS:
        return str(season)
    week, year = FREQUENCIES[freq][:2]
    if isinstance(season, (int, float)) and not isinstance(season, bool):
        if week and season == week:
            return "week"
        if abs(float(season) - year) < 1:
            return "year"
    raise InputError(f"{season!r} names no season of this data", where="season", choices=SEASONS, found=season)
