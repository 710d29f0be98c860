"""From a long frame to a rectangle of counts: every check of the input, and what is missing or zero."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from perflib.errors import InputError
from perflib.privacy.quoting import cell, quoted

Array = np.ndarray[Any, np.dtype[Any]]
#: Steps per week and per year, the pandas alias, and the word for one step.
FREQUENCIES = {"D": (7, 365.2425, "D", "day"), "W": (0, 52.1775, "W", "week"), "M": (0, 12.0, "MS", "month")}
_THIN = 5  # dates further apart than this on average are not taken for days unless freq says so
LEAST = {"D": 14, "W": 8, "M": 8}  # known counts that a series needs


@dataclass(frozen=True, eq=False)
class Panel:
    """Counts (N, T) of N series at T regular dates; NaN is unknown.

    ``absent``: pairs of series and date without a row; ``negative``: corrections of earlier periods. Both are unknown.
    """

    names: tuple[Any, ...]
    dates: pd.DatetimeIndex
    counts: Array
    freq: str
    gaps: int = 0
    negative: int = 0

    @property
    def seasons(self) -> tuple[str, ...]:
        """The seasons that its length can show."""
        return tuple(name for name in ("week", "year") if not too_short(name, self.freq, len(self.dates)))

    @property
    def lag(self) -> int:
        """Seasonal lag of the data, in steps: 7 for days, 12 for months, 52 for weeks; 1 where too short."""
        lag = {"D": 7, "W": 52, "M": 12}[self.freq]
        return lag if len(self.dates) > lag else 1

    def until(self, stop: int) -> Panel:
        """The panel as it was known after its first ``stop`` dates."""
        return replace(self, dates=self.dates[:stop], counts=self.counts[:, :stop])

    def only(self, chosen: Array) -> Panel:
        """The panel of the series for which ``chosen`` (N,) is true."""
        if chosen.all():  # a copy lies otherwise in memory, and sums would differ in their last digits
            return self
        names = tuple(name for name, wanted in zip(self.names, chosen, strict=True) if wanted)
        return replace(self, names=names, counts=self.counts[chosen])

    @property
    def enough(self) -> Array:
        """Which series have counts enough to be forecast: two weeks of days, eight weeks or months."""
        return np.asarray(np.isfinite(self.counts).sum(axis=1) >= LEAST[self.freq])

    def with_future(self, horizon: int) -> pd.DatetimeIndex:
        """Its dates and the ``horizon`` coming ones."""
        alias = self.dates.freq or FREQUENCIES[self.freq][2]
        return pd.date_range(self.dates[0], periods=len(self.dates) + horizon, freq=alias)


def panel(frame: pd.DataFrame, freq: str | None = None) -> Panel:
    """Arrange a long frame ``series, date, count`` as a Panel; an absent row and a negative count are unknown.

    Raises
    ------
    InputError : a column is absent, a value is no count, a pair of series and date occurs twice, two dates fall in one
        month, or no count of a series is known.
    """
    rows = _checked(frame)
    freq = _frequency(rows["date"], freq)
    wide = rows.pivot(index="date", columns="series", values="count")
    wide = wide[sorted(wide.columns, key=str)]
    wide.index = _steps(pd.DatetimeIndex(wide.index), freq)
    alias = FREQUENCIES[freq][2] if freq != "W" else f"W-{wide.index[0]:%a}".upper()
    wide = wide.reindex(pd.date_range(wide.index[0], wide.index[-1], freq=alias))
    counts = wide.to_numpy(float).T
    negative, gaps = int((counts < 0).sum()), counts.size - len(rows)  # no pair of series and date occurs twice
    counts = np.where(counts < 0, np.nan, counts)
    unknown = ~np.isfinite(counts).any(axis=1)
    if unknown.any():
        first = quoted(wide.columns[int(np.argmax(unknown))])
        raise InputError(f"no known count in {int(unknown.sum())} series, the first {first!r}", where="frame")
    return Panel(tuple(wide.columns), pd.DatetimeIndex(wide.index), counts, freq, gaps, negative)


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
    missing = {"series", "date", "count"} - set(frame.columns)
    if missing:
        raise InputError(f"no column {', '.join(sorted(missing))}", where="frame", choices=frame.columns)
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
    days = pd.to_datetime(given, format="ISO8601", errors="coerce")
    wrong = days.isna() & given.notna()
    if wrong.any():
        raise InputError(
            f"{cell(given[wrong].iloc[0])} is not a date", where="column date", do="write dates as YYYY-MM-DD"
        )
    return days.dt.tz_localize(None).dt.normalize()


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
